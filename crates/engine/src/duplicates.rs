//! Duplicates in one input, looked for before the first record is written.
//!
//! When two records of one file have the same identity and different contents, the same key for the target or the same value where the target wants it to be unique, nobody can tell which is right, so
//! none of them may be written (records of one identity that say the same in all that the flow reads are one record); that includes the first, which is why the whole input is looked through beforehand. Sources that do not read from the beginning each
//! time (an API with a cursor) repeat records on purpose and are not looked through.
//!
//! Memory does not grow with the input: a fixed bit field finds the suspects, and only those are counted exactly, in a second look.

use std::borrow::Borrow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hash, RandomState};

use kivuko_core::catalogue::{record, run as codes};
use kivuko_core::connector::Key;
use kivuko_core::error::{Cause, Error};
use kivuko_core::flow::Flow;
use kivuko_core::path::SourcePath;
use kivuko_core::projection::Projection;
use kivuko_core::record::SourceRecord;
use kivuko_core::value;
use serde_json::Value;

/// How many places of a duplicate are kept: enough to name others of each.
const MOST_PLACES: usize = 8;
/// So many entries are kept one by one before the field is laid out: most inputs, and most files of a folder, have no more.
const FEW: usize = 1 << 14;
/// Bits of the field: 4 MiB of memory hold some millions of identities with few false suspects.
const BITS: usize = 1 << 25;

/// What was there before: "certainly new" or "perhaps seen". Beyond a few entries it is a fixed field of bits. A bit is struck out when it is taken: memory that is all zeros is only lent until it is
/// written, and each first write to a page of it that was read before stops the other processor.
pub(crate) struct Field {
    few: HashSet<u64>,
    free: Vec<u64>,
    hasher: RandomState,
}

impl Field {
    pub fn new() -> Self {
        Self { few: HashSet::new(), free: Vec::new(), hasher: RandomState::new() }
    }

    fn hash(&self, entry: &impl Hash) -> u64 {
        self.hasher.hash_one(entry)
    }

    /// Takes an entry in; whether it was perhaps there before.
    fn insert(&mut self, hash: u64) -> bool {
        if self.free.is_empty() {
            if self.few.len() < FEW {
                return !self.few.insert(hash);
            }
            self.free = vec![u64::MAX; BITS / 64];
            for hash in std::mem::take(&mut self.few) {
                self.strike(hash);
            }
        }
        self.strike(hash)
    }

    fn strike(&mut self, hash: u64) -> bool {
        let mut seen = true;
        // Three places, taken from one hash.
        for turn in [0, 21, 42] {
            let place = usize::try_from(hash.rotate_left(turn)).unwrap_or(usize::MAX) % BITS;
            let bit = 1u64 << (place % 64);
            seen &= self.free[place / 64] & bit == 0;
            self.free[place / 64] &= !bit;
        }
        seen
    }
}

/// The first look: who might stand there twice. What the second look finds of each is `S`.
pub(crate) struct Suspects<T, S> {
    field: Field,
    suspects: HashMap<T, S>,
}

impl<T: Hash + Eq + Clone, S: Default> Suspects<T, S> {
    pub fn new() -> Self {
        Self { field: Field::new(), suspects: HashMap::new() }
    }

    pub fn first_look(&mut self, entry: &T) {
        let hash = self.field.hash(entry);
        if self.field.insert(hash) && !self.suspects.contains_key(entry) {
            self.suspects.insert(entry.clone(), S::default());
        }
    }

    pub fn any(&self) -> bool {
        !self.suspects.is_empty()
    }

    /// The second look: what is known of a suspect, to add to it.
    pub fn second_look<Q: Hash + Eq + ?Sized>(&mut self, entry: &Q) -> Option<&mut S>
    where
        T: Borrow<Q>,
    {
        self.suspects.get_mut(entry)
    }

    /// Those that really stand there twice.
    pub fn convicted(mut self, stands_twice: impl Fn(&S) -> bool) -> HashMap<T, S> {
        self.suspects.retain(|_, found| stands_twice(found));
        self.suspects
    }
}

/// Keeps a few places: a wrong column makes one key of a whole file, and nobody reads more than a few.
fn keep(places: &mut Vec<String>, place: &str) {
    places.truncate(MOST_PLACES);
    places.push(place.to_owned());
}

/// Where a claim is laid; its places.
#[derive(Debug, Default)]
pub(crate) struct Claimants(Vec<String>);

impl Claimants {
    pub fn add(&mut self, place: &str) {
        keep(&mut self.0, place);
    }

    pub fn are_several(&self) -> bool {
        self.0.len() > 1
    }
}

/// The records that have one identity.
#[derive(Debug, Default)]
pub(crate) struct Namesakes {
    /// By partition, in the order in which these are read; of those with one record only the last is kept.
    by_partition: Vec<InPartition>,
    /// An earlier partition has a record of this identity too.
    earlier: bool,
}

#[derive(Debug)]
struct InPartition {
    partition: usize,
    places: Vec<String>,
    /// A hash for each field of the first record.
    first: Box<[u64]>,
    /// The fields, by their position, in which any other record differs from the first.
    differing: BTreeSet<usize>,
    /// Why nobody can tell whether they are one record.
    doubt: Option<&'static str>,
}

impl Namesakes {
    /// `fields` has a hash for each field that the flow reads.
    pub fn add(&mut self, partition: usize, place: &str, fields: Box<[u64]>) {
        if let Some(last) = self.by_partition.last_mut().filter(|last| last.partition == partition) {
            // One that cannot be read has no fields.
            if last.first.is_empty() || fields.is_empty() {
                last.doubt = Some("one of them cannot be read");
            } else if last.places.iter().any(|other| other == place) {
                last.doubt = Some("the source does not say where each of them stands");
            } else {
                last.differing.extend((0..fields.len()).filter(|&at| last.first.get(at) != fields.get(at)));
            }
            keep(&mut last.places, place);
            return;
        }
        if self.by_partition.last().is_some() {
            self.earlier = true;
            self.by_partition.pop_if(|last| last.places.len() == 1);
        }
        self.by_partition.push(InPartition {
            partition,
            places: vec![place.to_owned()],
            first: fields,
            differing: BTreeSet::new(),
            doubt: None,
        });
    }

    pub fn are_several(&self) -> bool {
        self.earlier || self.by_partition.last().is_some_and(|last| last.places.len() > 1)
    }
}

/// The fields that a flow reads of a record (of a row, where rows are put together), to tell whether two of them say the same.
pub(crate) struct Fields {
    paths: Vec<SourcePath>,
    projection: Projection,
    hasher: RandomState,
}

impl Fields {
    pub fn of(flow: &Flow) -> Result<Self, Error> {
        let parse = |path: &String| SourcePath::parse(path).map_err(|error| Error::bug(codes::ACCOUNT_WRONG, error.message));
        let paths = flow.source_paths().iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { projection: Projection::new(&paths), paths, hasher: RandomState::new() })
    }

    pub fn names(&self) -> Vec<String> {
        // A flow may read all that there is.
        if self.paths.is_empty() {
            return vec!["a field".to_owned()];
        }
        self.paths.iter().map(|path| path.text().to_owned()).chain(["what stands together in a list".to_owned()]).collect()
    }

    /// A hash for each; none of a record that cannot be read. Spaces around a text and empty values make no difference.
    pub fn hashes(&self, source: &SourceRecord) -> Box<[u64]> {
        let Some(record) = source.body.as_ref().ok().and_then(|raw| self.projection.project(raw).ok()) else { return Box::default() };
        if self.paths.is_empty() {
            return Box::new([self.hasher.hash_one(record.to_string())]);
        }
        let hash = |path: &SourcePath| {
            let mut values = Vec::new();
            path.read(&record, &mut values);
            let texts: Vec<String> =
                values.into_iter().map(|one| one.as_str().map_or_else(|| one.to_string(), |text| text.trim().to_owned())).collect();
            self.hasher.hash_one(texts)
        };
        // Of two lists a path may read the same, and what it reads belong to other items.
        let whole = self.hasher.hash_one(without_empty(&record).to_string());
        self.paths.iter().map(hash).chain([whole]).collect()
    }
}

/// A value without spaces around its texts and without members that hold nothing; the items of a list keep their places.
fn without_empty(value: &Value) -> Value {
    match value {
        Value::String(text) => text.trim().into(),
        Value::Array(items) => items.iter().map(without_empty).collect(),
        Value::Object(members) => {
            let filled = members.iter().map(|(name, member)| (name.clone(), without_empty(member)));
            Value::Object(filled.filter(|(_, member)| !value::is_empty(member)).collect())
        }
        other => other.clone(),
    }
}

/// What stands twice in the input that is being read.
#[derive(Debug, Default)]
pub(crate) struct Duplicates {
    /// Over all partitions of the source.
    pub ids: HashMap<String, Namesakes>,
    /// The names of the fields that are compared where an identity stands twice.
    pub fields: Vec<String>,
    /// Of the partition that is being read.
    pub claims: HashMap<Claim, Claimants>,
    /// The position of the partition that is being read.
    pub partition: usize,
}

/// What no two records of an input may lay claim to. `record` is the position of the target record in the flow.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Claim {
    Key {
        record: usize,
        /// What the project calls the part of the target, where records belong to several: each has keys of its own.
        scope: Option<String>,
        key: Key,
    },
    /// A value that must be unique in the target; `field` is its position in `Capabilities::unique`.
    Value { record: usize, field: usize, value: String },
}

impl Duplicates {
    /// What follows for a record of the partition that is being read from others of its identity, which the source has under `path`.
    pub fn of_identity(&self, path: Option<&str>, id: &str, here: &str) -> Option<Cause> {
        let namesakes = self.ids.get(id)?;
        let own = namesakes.by_partition.iter().find(|own| own.partition == self.partition);
        if let Some(own) = own.filter(|own| own.doubt.is_some() || !own.differing.is_empty()) {
            let mut fields: Vec<&str> = own.differing.iter().filter_map(|&at| self.fields.get(at)).map(String::as_str).collect();
            if fields.len() > 1 && own.differing.last() == Some(&self.fields.len().saturating_sub(1)) {
                // Whatever differs, the whole does too.
                fields.pop();
            }
            let why = own.doubt.map_or_else(|| format!("differ in {}", fields.join(", ")), ToOwned::to_owned);
            let places = [here.to_owned(), other_places(&own.places, here)].into_iter().filter(|places| !places.is_empty());
            let places = places.collect::<Vec<_>>().join("; ");
            let message = format!("several records of the input have the identity {id}, and {why}: {places}");
            let cause = Cause::new(record::DUPLICATE_ID, message);
            return Some(match path {
                Some(path) => cause.field(path),
                None => cause,
            });
        }
        if let Some(last) = namesakes.by_partition.last().filter(|last| last.partition > self.partition) {
            let later = last.places.last()?;
            return Some(Cause::new(codes::SUPERSEDED, format!("a later file has this record again, and counts: {later}")));
        }
        let first = own?.places.first().filter(|first| *first != here)?;
        let message = format!(
            "the identity {id} stands in the input before, with the same in all that the flow reads, and counts once: {first}; {here}"
        );
        Some(Cause::new(codes::REPEATED, message))
    }

    /// The places of what several records lay claim to.
    pub fn claimed(&self, claim: impl FnOnce() -> Claim) -> Option<&[String]> {
        // The map is empty in nearly every run; nothing is copied for nothing.
        if self.claims.is_empty() { None } else { self.claims.get(&claim()).map(|claimants| claimants.0.as_slice()) }
    }
}

/// Whether a record counts elsewhere: it is left out, and nothing is wrong with it.
pub(crate) fn counts_elsewhere(cause: &Cause) -> bool {
    [codes::SUPERSEDED, codes::REPEATED].contains(&cause.code)
}

/// A few of the places but for this one.
pub(crate) fn other_places(places: &[String], here: &str) -> String {
    const NAMED: usize = 5;
    let others: Vec<&str> = places.iter().map(String::as_str).filter(|place| *place != here).collect();
    let shown = others[..others.len().min(NAMED)].join("; ");
    if others.len() > NAMED { format!("{shown} and more") } else { shown }
}

/// The text of a field that the target wants to be unique; empty ones are as many as there are.
pub(crate) fn unique_value(body: &Value, name: &str) -> Option<String> {
    body.get(name).and_then(value::text).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn find(entries: &[u16]) -> HashMap<u16, Vec<String>> {
        let mut suspects: Suspects<u16, Claimants> = Suspects::new();
        for entry in entries {
            suspects.first_look(entry);
        }
        for (row, entry) in entries.iter().enumerate() {
            if let Some(claimants) = suspects.second_look(entry) {
                claimants.add(&format!("row {row}"));
            }
        }
        suspects.convicted(Claimants::are_several).into_iter().map(|(entry, claimants)| (entry, claimants.0)).collect()
    }

    /// The first places and the last one.
    fn expected(mut places: Vec<String>) -> Vec<String> {
        if places.len() < 2 {
            return Vec::new();
        }
        if places.len() > MOST_PLACES {
            places.drain(MOST_PLACES..places.len() - 1);
        }
        places
    }

    #[test]
    fn a_small_input_takes_little_memory_and_a_large_one_loses_nothing() {
        let mut field = Field::new();
        let seen = |field: &mut Field, entries: std::ops::Range<usize>| {
            let is_seen = |entry: &usize| {
                let hash = field.hash(entry);
                field.insert(hash)
            };
            entries.filter(is_seen).count()
        };
        assert_eq!(seen(&mut field, 0..FEW), 0);
        assert!(field.free.is_empty(), "the field is laid out for {FEW} entries");
        let suspects = seen(&mut field, FEW..2 * FEW);
        assert!(suspects < 10, "{suspects} false suspects");
        assert_eq!(seen(&mut field, 0..2 * FEW), 2 * FEW, "what was there before is known");
    }

    /// Each file of a folder with the content of its records, all of one identity; answers for each which are skipped (`-`), rejected (`!`) and carried (`+`).
    fn check(files: &[&[u64]], expected: &[&str]) {
        let mut namesakes = Namesakes::default();
        for (partition, rows) in files.iter().enumerate() {
            for (row, &content) in rows.iter().enumerate() {
                namesakes.add(partition, &format!("{partition}, row {row}"), Box::new([content]));
            }
        }
        let mut duplicates = Duplicates { fields: vec!["name".to_owned()], ..Duplicates::default() };
        if namesakes.are_several() {
            duplicates.ids.insert("P-1".to_owned(), namesakes);
        }
        let mut found = Vec::new();
        for (partition, rows) in files.iter().enumerate() {
            duplicates.partition = partition;
            let became = |row| match duplicates.of_identity(None, "P-1", &format!("{partition}, row {row}")) {
                None => '+',
                Some(cause) if counts_elsewhere(&cause) => '-',
                Some(_) => '!',
            };
            found.push((0..rows.len()).map(became).collect::<String>());
        }
        assert_eq!(found, expected, "{files:?}");
    }

    fn told(records: &[(&str, &[u64])]) -> String {
        let mut namesakes = Namesakes::default();
        for (place, fields) in records {
            namesakes.add(0, place, (*fields).into());
        }
        let fields = ["name", "age", "what stands together in a list"].map(ToOwned::to_owned).to_vec();
        let mut duplicates = Duplicates { fields, ..Duplicates::default() };
        duplicates.ids.insert("P-1".to_owned(), namesakes);
        duplicates.of_identity(None, "P-1", records[0].0).map(|cause| cause.message).unwrap_or_default()
    }

    #[test]
    fn it_is_said_in_what_they_differ_or_why_nobody_knows() {
        let said = |why: &str| format!("several records of the input have the identity P-1, and {why}: row 1; row 2");
        assert_eq!(told(&[("row 1", &[1, 2, 3]), ("row 2", &[1, 2, 3])]), "");
        assert_eq!(told(&[("row 1", &[1, 2, 3]), ("row 2", &[1, 9, 9])]), said("differ in age"));
        assert_eq!(told(&[("row 1", &[1, 2, 3]), ("row 2", &[1, 2, 9])]), said("differ in what stands together in a list"));
        assert_eq!(told(&[("row 1", &[1, 2, 3]), ("row 2", &[])]), said("one of them cannot be read"));
        assert_eq!(told(&[("row 1", &[]), ("row 2", &[])]), said("one of them cannot be read"));
        assert_eq!(
            told(&[("list P-1", &[1, 2, 3]), ("list P-1", &[1, 2, 3])]),
            "several records of the input have the identity P-1, and the source does not say where each of them stands: list P-1"
        );
    }

    #[test]
    fn what_holds_nothing_makes_no_difference_and_where_something_stands_does() {
        let plain = |text: &str| without_empty(&serde_json::from_str(text).unwrap());
        assert_eq!(plain(r#"{"a": " x ", "b": null, "c": {"d": ""}}"#), plain(r#"{"a": "x"}"#));
        assert_ne!(plain(r#"{"s": [{"t": 1, "r": 2}, {"t": 3}]}"#), plain(r#"{"s": [{"t": 1}, {"t": 3, "r": 2}]}"#));
    }

    #[test]
    fn records_of_one_identity_are_one_record_or_contradict_each_other() {
        check(&[&[1]], &["+"]);
        check(&[&[1, 1, 1]], &["+--"]);
        check(&[&[1, 1, 2]], &["!!!"]);
        check(&[&[1], &[1]], &["-", "+"]);
        check(&[&[1, 1], &[2]], &["--", "+"]);
        check(&[&[1, 2], &[2, 2]], &["!!", "+-"]);
        check(&[&[1], &[1], &[1, 2], &[3]], &["-", "-", "!!", "+"]);
        // More than are named.
        check(&[&[1; 12], &[2; 12]], &["-".repeat(12).as_str(), "+-----------"]);
        let mut late = [1; 12];
        late[9] = 2;
        check(&[&late], &["!".repeat(12).as_str()]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn finds_exactly_what_stands_twice(entries in proptest::collection::vec(0u16..200, 0..300)) {
            let found = find(&entries);
            for entry in 0u16..200 {
                let places: Vec<String> =
                    entries.iter().enumerate().filter(|(_, other)| **other == entry).map(|(row, _)| format!("row {row}")).collect();
                prop_assert_eq!(found.get(&entry).cloned().unwrap_or_default(), expected(places));
            }
        }
    }
}
