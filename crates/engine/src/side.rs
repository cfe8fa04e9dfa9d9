//! The records of one side of a crosswalk, read from its system as they are now.

use std::collections::{BTreeMap, BTreeSet};

use kivuko_core::catalogue::record::NO_IDENTITY;
use kivuko_core::catalogue::run::{LEFT_OUT_UNREADABLE, PLACE_UNKNOWN};
use kivuko_core::connector::{PlacePaths, ReadRequest, SourceSpec};
use kivuko_core::error::{Cause, Code, Error, nearest};
use kivuko_core::project::Side;
use kivuko_core::projection::Projection;
use kivuko_core::value;
use serde_json::Value;

use crate::engine::Engine;

/// So many of the records that could not be read are named.
const EXAMPLES: usize = 3;

/// What places are called now, by the systems that have them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CalledNow {
    /// None of a place without a name.
    pub names: BTreeMap<String, String>,
    /// Systems that could not be asked, and why.
    pub silent: Vec<(String, Cause)>,
}

impl Engine {
    /// Where the records of a side say what they are.
    ///
    /// # Errors
    /// Neither the project nor the kind of system says where the identity or the name stands.
    pub(crate) fn paths_of(&self, side: &Side) -> Result<PlacePaths, Error> {
        side.paths(self.system(&side.system)?.place_paths(&side.resource))
    }

    /// What the places of a side are called, by their ids; of one without a name the text is empty. Deleted ones are not there. And what could not be read, if anything.
    pub(crate) async fn names_of(&self, side: &Side) -> Result<(BTreeMap<String, String>, Option<Cause>), Error> {
        self.names_in(side, None).await
    }

    /// The same, of all places or only of these.
    async fn names_in(&self, side: &Side, only: Option<Vec<String>>) -> Result<(BTreeMap<String, String>, Option<Cause>), Error> {
        let paths = self.paths_of(side)?;
        let mut names = BTreeMap::new();
        let mut name_of = |id: &str, record: &Value| {
            let name = paths.name.one(record).and_then(value::text).unwrap_or_default();
            names.insert(id.to_owned(), name.trim().to_owned());
        };
        let left_out = self.read_side(side, &[paths.id.text(), paths.name.text()], only, &mut name_of).await?;
        Ok((names, left_out))
    }

    /// What the places of a new decision are called now, each given by the name of its side and its id. Those `known` to be there need not be found, and their system need not answer: records are rejected
    /// for them, whatever the column that they are given in.
    ///
    /// # Errors
    /// Another one is not there: which, and the nearest that is, by its id or by its name. Or its system cannot be asked.
    pub async fn called_now(&self, crosswalk: &str, asked: &[(&str, &str)], known: &BTreeSet<String>) -> Result<CalledNow, Error> {
        let crosswalk = self.crosswalk(crosswalk)?;
        let mut called = CalledNow::default();
        let mut strangers = Vec::new();
        for side in &crosswalk.sides {
            let own = asked.iter().filter(|(system, _)| system.eq_ignore_ascii_case(&side.system));
            let own: BTreeSet<String> = own.map(|(_, id)| id.trim().to_owned()).collect();
            if own.is_empty() {
                continue;
            }
            let found = match self.names_in(side, Some(own.iter().cloned().collect())).await {
                Ok((found, _)) => found,
                Err(error) if own.is_subset(known) => {
                    called.silent.push((side.system.clone(), error.cause));
                    continue;
                }
                Err(error) => return Err(error),
            };
            let missing: Vec<&String> = own.iter().filter(|id| !found.contains_key(*id) && !known.contains(*id)).collect();
            if !missing.is_empty() {
                let (names, unread) = self.names_of(side).await?;
                for id in missing {
                    let unsure = unread.as_ref().map_or_else(String::new, |cause| format!(" ({cause})"));
                    strangers.push(format!("{} has no place `{id}` in `{}`{unsure}{}", side.system, side.resource, nearest_of(id, &names)));
                }
            }
            let names = found.into_iter().filter(|(id, name)| own.contains(id) && !name.is_empty());
            called.names.extend(names.map(|(_, name)| (side.system.clone(), name)));
        }
        if strangers.is_empty() { Ok(called) } else { Err(Error::configuration(PLACE_UNKNOWN, strangers.join("; "))) }
    }

    /// Reads the records of a side, or only those of these identities, with what these paths name of each, and hands each on with its identity. Deleted records are passed over. Those without
    /// identity, or that cannot be read, come back as a cause that counts them and names some by where they stand: whoever asked has to tell it.
    pub(crate) async fn read_side(
        &self,
        side: &Side,
        paths: &[&str],
        only: Option<Vec<String>>,
        each: &mut (dyn FnMut(&str, &Value) + Send),
    ) -> Result<Option<Cause>, Error> {
        let spec = SourceSpec {
            resource: side.resource.clone(),
            id: side.written_id().map(str::to_owned),
            cursor: None,
            options: side.options.clone(),
        };
        let source = self.system(&side.system)?.source(&spec)?;
        let parsed: Vec<_> = paths.iter().filter_map(|path| kivuko_core::path::SourcePath::parse(path).ok()).collect();
        let projection = Projection::new(&parsed);
        let mut unread = Unread::default();
        for partition in source.partitions().await? {
            let request = ReadRequest {
                partition,
                from: None,
                since: None,
                until: None,
                only: only.clone(),
                paths: paths.iter().map(|path| (*path).to_owned()).collect(),
                page_size: self.pace.page_size,
            };
            let mut pages = source.read(request).await?;
            while let Some(page) = pages.next().await? {
                for mut record in page.records.into_iter().filter(|record| !record.deleted) {
                    let body = record.project(&projection);
                    let id = record.id.as_deref().map(str::trim).filter(|id| !id.is_empty());
                    match (id, body) {
                        (_, Err(cause)) => unread.add(&record.place, cause.code),
                        (None, Ok(_)) => unread.add(&record.place, NO_IDENTITY),
                        (Some(id), Ok(body)) => each(id, &body),
                    }
                }
            }
        }
        Ok(unread.told(side))
    }
}

/// Which place may be meant: one whose id is nearly that, or that is called so.
fn nearest_of(id: &str, names: &BTreeMap<String, String>) -> String {
    let called = |id: &str| names.get(id).filter(|name| !name.is_empty()).map_or_else(String::new, |name| format!(" ({name})"));
    let lower = id.to_lowercase();
    let named: Vec<&String> = names.iter().filter(|(_, name)| name.to_lowercase() == lower).map(|(id, _)| id).collect();
    let by_name = || {
        let near = nearest(id, names.values().map(String::as_str))?;
        names.iter().find(|(_, name)| *name == near).map(|(id, _)| id.as_str())
    };
    match named.as_slice() {
        [] => {}
        [one] => return format!("; the place that is called so is `{one}`"),
        several => return format!("; {} places are called so, such as `{}`", several.len(), several[0]),
    }
    let near = nearest(id, names.keys().map(String::as_str)).or_else(by_name);
    near.map_or_else(String::new, |near| format!("; did you mean `{near}`{}?", called(near)))
}

/// Records that could not be told.
#[derive(Default)]
struct Unread {
    records: u64,
    examples: Vec<String>,
}

impl Unread {
    fn add(&mut self, place: &str, code: Code) {
        self.records += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(format!("{place} ({code})"));
        }
    }

    fn told(self, side: &Side) -> Option<Cause> {
        let more = if self.records > EXAMPLES as u64 { " and more" } else { "" };
        let (records, examples) = (self.records, self.examples.join("; "));
        let left = if records == 1 { "1 record was" } else { "records were" };
        let count = if records == 1 { String::new() } else { format!("{records} ") };
        let message = format!(
            "{count}{left} left out of `{}` of {}, because they cannot be read or have no identity: {examples}{more}",
            side.resource, side.system
        );
        (records > 0).then(|| Cause::new(LEFT_OUT_UNREADABLE, message))
    }
}
