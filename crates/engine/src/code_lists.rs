//! Code maps and crosswalks as people look after them: what is in them, what is missing in them, and everything that a crosswalk says as one file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kivuko_core::catalogue::{aggregate, run as codes, sheet};
use kivuko_core::codes::{CodeMap, Decision, Pair, Verdict};
use kivuko_core::error::{Cause, Code, Error, is_stand_in, nearest};
use kivuko_core::project::{Crosswalk, Side};
use kivuko_core::table::Table;
use serde::Serialize;

use crate::engine::Engine;
use crate::online::Checked;

/// More open rejections than this are not looked at together.
const MOST: usize = 100_000;

/// A code map or a crosswalk, and how it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CodeList {
    pub name: String,
    /// Its sides are records, and flows add to it by themselves.
    pub crosswalk: bool,
    pub columns: Vec<String>,
    /// The rows of its file.
    pub rows: usize,
    /// Of a crosswalk: the links that flows have made, without those that people decided against.
    pub links: usize,
    /// Of a crosswalk: the links that people decided against, in rows that hold today. Nothing is found by them.
    pub parted: Vec<PartedLink>,
    /// Of them, those that lead to several places or from several, which a person has to decide.
    pub in_doubt: usize,
    /// The values for which records are rejected, and how many records that are.
    pub unlisted_values: usize,
    pub rejected: usize,
    /// The flows that use it.
    pub flows: Vec<String>,
}

/// Two places that a flow has linked and a person parted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartedLink {
    pub one: LinkedPlace,
    pub other: LinkedPlace,
    /// The row of the crosswalk's file that does it.
    pub row: usize,
    /// What it says: the pair is refused, one of the two has no counterpart, or (accepted) is another one's.
    pub decision: Verdict,
}

/// A place by its system and its id there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkedPlace {
    pub system: String,
    pub id: String,
}

impl PartedLink {
    fn of((Pair { one, other }, decision): (Pair, Decision<'_>)) -> Self {
        let place = |(system, id): (String, String)| LinkedPlace { system, id };
        Self { one: place(one), other: place(other), row: decision.line(), decision: decision.verdict() }
    }
}

/// A value that a list does not have, for which records of a flow are rejected.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnlistedValue {
    /// The code map or crosswalk; or the list of the other system, which is no file of the project.
    pub list: String,
    /// Whether it is one of the project, so that the value can be added.
    pub in_project: bool,
    /// The value, or what stands for one that may be personal.
    pub value: String,
    /// It is a stand-in.
    pub hidden: bool,
    pub flow: String,
    pub code: Code,
    /// The open rejections, by their numbers.
    pub rejections: Vec<i64>,
}

/// Everything that a crosswalk says.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    pub table: Table,
    /// Links that are in doubt and have no row.
    pub in_doubt: Vec<Pair>,
    /// Systems that could not be asked for names, and why.
    pub silent: Vec<(String, Cause)>,
    /// What could not be read of the systems that could be asked.
    pub left_out: Vec<Cause>,
}

impl Engine {
    /// All code maps and crosswalks of the project.
    pub async fn code_lists(&self) -> Result<Vec<CodeList>, Error> {
        let unlisted = self.unlisted_values(None).await?;
        let today = self.today();
        let mut lists = Vec::new();
        for (name, map) in &self.project.codes.0 {
            let map = match self.project.crosswalks.get(name) {
                Some(crosswalk) => Arc::new(self.linked(crosswalk, map).await?),
                None => Arc::clone(map),
            };
            let parted: Vec<PartedLink> = map.parted_links(today).into_iter().map(PartedLink::of).collect();
            let mine = || unlisted.iter().filter(|value| value.list == *name);
            lists.push(CodeList {
                name: name.clone(),
                crosswalk: map.is_crosswalk(),
                columns: map.columns().to_vec(),
                rows: map.count_rows(),
                links: map.count_links() - parted.len(),
                parted,
                in_doubt: map.disagreeing().len(),
                unlisted_values: mine().map(|value| &value.value).collect::<BTreeSet<_>>().len(),
                rejected: mine().flat_map(|value| &value.rejections).collect::<BTreeSet<_>>().len(),
                flows: self.project.flows.values().filter(|flow| flow.code_maps.contains(name)).map(|flow| flow.name.clone()).collect(),
            });
        }
        Ok(lists)
    }

    /// The values that records were rejected for because a list does not have them, those with most rejections first.
    pub async fn unlisted_values(&self, list: Option<&str>) -> Result<Vec<UnlistedValue>, Error> {
        let mut found: BTreeMap<(String, String, String, Code), Vec<i64>> = BTreeMap::new();
        for row in self.store.rejections(None, MOST).await? {
            // A record that waits names the flow that it waits for in the same way.
            // The options of a category are for DHIS2 to say.
            for cause in row.causes.iter().filter(|cause| ![codes::WAITING, aggregate::NO_OPTION].contains(&cause.code)) {
                let Some(unlisted) = cause.unlisted.as_ref().filter(|unlisted| list.is_none_or(|list| unlisted.list == list)) else {
                    continue;
                };
                let key = (unlisted.list.clone(), unlisted.value.clone(), row.flow.clone(), cause.code);
                let rejections = found.entry(key).or_default();
                if rejections.last() != Some(&row.id) {
                    rejections.push(row.id);
                }
            }
        }
        let mut values: Vec<UnlistedValue> = found
            .into_iter()
            .map(|((list, value, flow, code), rejections)| UnlistedValue {
                in_project: self.project.codes.get(&list).is_some(),
                hidden: is_stand_in(&value),
                list,
                value,
                flow,
                code,
                rejections,
            })
            .collect();
        values.sort_by(|a, b| a.list.cmp(&b.list).then(b.rejections.len().cmp(&a.rejections.len())));
        Ok(values)
    }

    /// A code map or crosswalk by its name.
    pub fn code_map(&self, name: &str) -> Result<(&CodeMap, Option<&Crosswalk>), Error> {
        let Some(map) = self.project.codes.get(name) else {
            let known: Vec<&str> = self.project.codes.0.keys().map(String::as_str).collect();
            let hint = match nearest(name, known.iter().copied()) {
                Some(near) => format!("; did you mean `{near}`?"),
                None if known.is_empty() => "; the project has none".to_owned(),
                None => format!("; the project has {}", known.join(", ")),
            };
            return Err(Error::configuration(sheet::UNKNOWN_CODE_MAP, format!("there is no code map or crosswalk `{name}`{hint}")));
        };
        Ok((map, self.project.crosswalks.get(name)))
    }

    /// Decisions and links of a crosswalk as one file, with the names of today; `table` is its file as it is. With `all` every place that nothing is said of has a
    /// row too. A system that cannot be asked leaves its names out, and with `all` nothing is made.
    pub async fn export_codes(&self, name: &str, table: Option<&Table>, all: bool) -> Result<Exported, Error> {
        let (map, crosswalk) = self.code_map(name)?;
        let Some(crosswalk) = crosswalk else {
            return Ok(Exported {
                table: map.export(table, &|_, _| None, &[]),
                in_doubt: Vec::new(),
                silent: Vec::new(),
                left_out: Vec::new(),
            });
        };
        let map = self.linked(crosswalk, map).await?;
        let mut names: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
        let (mut silent, mut left_out) = (Vec::new(), Vec::new());
        for side in &crosswalk.sides {
            match self.names_of(side).await {
                Ok((found, unread)) => {
                    names.insert(&side.system, found);
                    left_out.extend(unread);
                }
                Err(error) if all => return Err(error),
                Err(error) => silent.push((side.system.clone(), error.cause)),
            }
        }
        let name_of = |system: &str, id: &str| {
            let side = crosswalk.sides.iter().find(|side| side.system.eq_ignore_ascii_case(system))?;
            names.get(&*side.system)?.get(id).cloned().filter(|name| !name.is_empty())
        };
        let places: Vec<(String, String)> =
            names.iter().filter(|_| all).flat_map(|(system, places)| places.keys().map(|id| (system.to_lowercase(), id.clone()))).collect();
        Ok(Exported { table: map.export(table, &name_of, &places), in_doubt: map.disagreeing(), silent, left_out })
    }

    /// What the decisions on the crosswalks hold against the systems as they are now. `silent` ones are not asked.
    pub(crate) async fn check_crosswalks(&self, silent: &BTreeMap<&str, Error>) -> Vec<Checked> {
        let mut checked = Vec::new();
        for crosswalk in self.project.crosswalks.values() {
            let what = format!("crosswalk {}", crosswalk.name);
            if let Some(error) = crosswalk.sides.iter().find_map(|side| silent.get(side.system.as_str())) {
                checked.push(Checked::failed(what, error.clone()));
                continue;
            }
            checked.push(match self.strangers(crosswalk).await {
                Ok(health) => Checked::answered(what, health),
                Err(error) => Checked::failed(what, error),
            });
        }
        checked
    }

    /// Ids in decisions that still hold, and that their system does not have; and links that only a person can settle.
    async fn strangers(&self, crosswalk: &Crosswalk) -> Result<kivuko_core::connector::Health, Error> {
        let mut health = kivuko_core::connector::Health::default();
        let (map, _) = self.code_map(&crosswalk.name)?;
        let today = self.today();
        for side in &crosswalk.sides {
            let (known, unread) = self.names_of(side).await?;
            health.warnings.extend(unread.map(|cause| cause.to_string().into()));
            health.findings.push(format!("{} has {} places in `{}`", side.system, known.len(), side.resource));
            let holding = map.decisions().filter(|decision| decision.valid_to().is_none_or(|last| last >= today));
            for (decision, id) in holding.filter_map(|decision| Some((decision, decision.id(&side.system)?))) {
                if !known.contains_key(id) {
                    health.warnings.push(stranger(crosswalk, side, decision.line(), id).into());
                }
            }
        }
        let in_doubt = self.linked(crosswalk, map).await?.disagreeing();
        if let Some(first) = in_doubt.first() {
            let example = format!("{} {} and {} {}", first.one.0, first.one.1, first.other.0, first.other.1);
            let text = format!(
                "{}: {} links lead to several places or from several, such as {example}; a decision in {} settles them",
                sheet::LINKS_DISAGREE,
                in_doubt.len(),
                crosswalk.file()
            );
            health.warnings.push(text.into());
        }
        Ok(health)
    }
}

fn stranger(crosswalk: &Crosswalk, side: &Side, line: usize, id: &str) -> String {
    format!(
        "{}: {}, row {line}, column {}: `{}` of {} has no `{id}` (any more)",
        sheet::CROSSWALK_STRANGER,
        crosswalk.file(),
        side.system,
        side.resource,
        side.system
    )
}
