//! The index of the people that a target holds: read once through the target's own source, then only what has changed, and kept up with what the run makes.
//!
//! Memory does not grow with the number of people: of a page only those are looked at who share a key with it. Keys are keyed hashes, bodies are encrypted.

use std::collections::{BTreeSet, HashMap};

use kivuko_core::connector::{Action, ReadRequest, SourceSpec};
use kivuko_core::error::{Cause, Error};
use kivuko_core::flow::Matching;
use kivuko_core::matching::{Commonness, Person, asking_keys, index_keys, name_keys};
use kivuko_core::people::{FoundPerson, PeoplePage, PersonRow};
use kivuko_core::projection::Projection;
use kivuko_core::record::SourceRecord;
use serde_json::{Map, Value};

use crate::run::Execution;
use crate::unit::{Decision, Unit};

/// Counted up when people are taken apart in another way: indexes are read anew then.
const FORM: &str = "1";

/// Who could be meant by the records of a page.
#[derive(Debug, Default)]
pub(crate) struct Acquaintances {
    by_key: HashMap<i64, BTreeSet<String>>,
    people: HashMap<String, Person>,
    common: Common,
}

/// How common the names are that play a part in a page.
#[derive(Debug, Default)]
pub(crate) struct Common {
    people: u64,
    with: HashMap<String, u64>,
}

impl Commonness for Common {
    fn share(&self, sound: &str) -> f64 {
        self.with.get(sound).copied().unwrap_or(0) as f64 / self.people.max(1) as f64
    }

    fn people(&self) -> u64 {
        self.people
    }
}

impl Acquaintances {
    pub fn common(&self) -> &Common {
        &self.common
    }

    /// Everybody who shares one of the keys.
    pub fn of(&self, keys: &[i64]) -> Vec<(String, Person)> {
        let ids: BTreeSet<&String> = keys.iter().filter_map(|key| self.by_key.get(key)).flatten().collect();
        ids.into_iter().filter_map(|id| self.people.get(id).map(|person| (id.clone(), person.clone()))).collect()
    }
}

impl Execution<'_> {
    /// Brings the indexes of the flow up to what the target holds now.
    pub(crate) async fn refresh_people(&self) -> Result<(), Error> {
        for (record, spec) in self.flow.to.records.iter().enumerate() {
            if let Some(matching) = &spec.matching {
                self.refresh_index(record, matching).await?;
            }
        }
        Ok(())
    }

    fn index_name(&self, record: usize) -> String {
        format!("{}/{}", self.flow.name, self.flow.to.records[record].name)
    }

    async fn refresh_index(&self, record: usize, matching: &Matching) -> Result<(), Error> {
        let (store, to) = (&self.engine.store, &self.flow.to);
        let index = self.index_name(record);
        let resource = &to.records[record].resource;
        let mut shape = format!("{FORM} {resource}");
        shape.extend(matching.fields.0.iter().map(|(field, path)| format!(" {} {path}", field.word())));
        shape.extend(matching.day.iter().map(|(_, target)| format!(" day {target}")));
        let source = self.engine.system(&to.system)?.source(&SourceSpec {
            resource: resource.clone(),
            options: Value::Object(Map::new()),
            ..SourceSpec::default()
        })?;
        if source.reads_whole() {
            store.drop_people(&index).await?;
        }
        let cursors = store.open_people(&index, &to.system, &shape).await?;
        let projection = Projection::new(matching.paths());
        for partition in source.partitions().await? {
            let from = cursors.iter().find(|(known, _)| *known == partition).map(|(_, cursor)| cursor.clone());
            let request = ReadRequest {
                partition: partition.clone(),
                from,
                since: None,
                until: None,
                only: None,
                paths: matching.paths().into_iter().map(ToString::to_string).collect(),
                page_size: self.engine.pace.page_size,
            };
            let mut pages = source.read(request).await?;
            while let Some(page) = pages.next().await? {
                self.stop_if_cancelled()?;
                let mut changes = PeoplePage { cursor: Some((partition.clone(), page.next)), ..PeoplePage::default() };
                for one in page.records {
                    self.take_in(one, matching, &projection, &mut changes)?;
                }
                store.put_people(&index, &changes).await?;
            }
        }
        Ok(())
    }

    fn take_in(&self, mut one: SourceRecord, matching: &Matching, projection: &Projection, changes: &mut PeoplePage) -> Result<(), Error> {
        let Some(id) = one.id.take() else { return Ok(()) };
        let body = if one.deleted { None } else { Some(one.project(projection)) };
        let body = body.and_then(|body| {
            let told = |cause: &Cause| tracing::warn!(code = %cause.code, "a person of the target cannot be read, and is not looked for");
            body.inspect_err(told).ok()
        });
        // Who cannot be told apart from anybody is no candidate either.
        match body.map(|body| Person::read(&matching.fields, &body, matching.day.as_ref().map(|(_, target)| target))) {
            Some(person) if !person.is_blank() => changes.put.push(self.person_row(id, &person)?),
            _ => changes.gone.push(id),
        }
        Ok(())
    }

    fn person_row(&self, id: String, person: &Person) -> Result<PersonRow, Error> {
        let keys: BTreeSet<i64> = index_keys(person)
            .iter()
            .map(|key| self.hashed(key))
            .chain(name_keys(person).iter().map(|sound| self.hashed(&format!("sound:{sound}"))))
            .collect();
        let body = serde_json::to_vec(person)
            .map_err(|error| Error::bug(kivuko_core::catalogue::run::ACCOUNT_WRONG, format!("a person cannot be put down: {error}")))?;
        Ok(PersonRow { id, keys: keys.into_iter().collect(), body })
    }

    fn hashed(&self, key: &str) -> i64 {
        let hash = blake3::keyed_hash(&self.hash_key, key.as_bytes());
        let (first, _) = hash.as_bytes().split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
        i64::from_le_bytes(*first)
    }

    /// What a person is looked for by.
    pub(crate) fn asking(&self, person: &Person) -> Vec<i64> {
        asking_keys(person).iter().map(|key| self.hashed(key)).collect()
    }

    /// What a person is found by.
    pub(crate) fn found_by(&self, person: &Person) -> Vec<i64> {
        index_keys(person).iter().map(|key| self.hashed(key)).collect()
    }

    /// Everybody who could be one of these people.
    pub(crate) async fn acquaintances(&self, record: usize, people: &[&Person]) -> Result<Acquaintances, Error> {
        let (store, index) = (&self.engine.store, self.index_name(record));
        let keys: BTreeSet<i64> = people.iter().flat_map(|person| self.asking(person)).collect();
        let mut found = Acquaintances::default();
        for FoundPerson { key, id, body } in store.find_people(&index, &keys.into_iter().collect::<Vec<_>>()).await? {
            if !found.people.contains_key(&id) {
                let person: Person = serde_json::from_slice(&body).map_err(|error| {
                    Error::bug(kivuko_core::catalogue::run::ACCOUNT_WRONG, format!("a person of the index cannot be read: {error}"))
                })?;
                found.people.insert(id.clone(), person);
            }
            found.by_key.entry(key).or_default().insert(id);
        }
        let sounds: BTreeSet<String> = people.iter().copied().chain(found.people.values()).flat_map(name_keys).collect();
        let hashes: HashMap<i64, &String> = sounds.iter().map(|sound| (self.hashed(&format!("sound:{sound}")), sound)).collect();
        let count = store.count_people(&index, &hashes.keys().copied().collect::<Vec<_>>()).await?;
        found.common.people = count.people;
        found.common.with =
            count.with.into_iter().filter_map(|(key, many)| hashes.get(&key).map(|sound| ((*sound).clone(), many))).collect();
        Ok(found)
    }

    /// After a delivery: whom it made is looked for from now on. Whether there are records that were put off until then.
    pub(crate) async fn introduced(&self, record: usize, units: &mut [Unit]) -> Result<bool, Error> {
        if self.flow.to.records[record].matching.is_none() {
            return Ok(false);
        }
        self.introduce(record, units).await?;
        let mut any = false;
        for unit in units {
            any |= std::mem::take(&mut unit.later);
        }
        Ok(any)
    }

    async fn introduce(&self, record: usize, units: &[Unit]) -> Result<(), Error> {
        let mut made = PeoplePage::default();
        for unit in units {
            if let (Some(person), Decision::Written { change, id, .. }) = (&unit.person, &unit.decision)
                && change.action == Action::Create
            {
                made.put.push(self.person_row(id.clone(), person)?);
            }
        }
        if made.put.is_empty() { Ok(()) } else { self.engine.store.put_people(&self.index_name(record), &made).await }
    }

    /// Who is not there any more is not looked for.
    pub(crate) async fn forget_people(&self, record: usize, gone: Vec<String>) -> Result<(), Error> {
        self.engine.store.put_people(&self.index_name(record), &PeoplePage { gone, ..PeoplePage::default() }).await
    }
}
