//! Records of one input that have one identity: one record if they say the same in all that the flow reads, and none that may be written if they contradict each other, or nobody can tell.
//!
//! Of several files each is one input; the last that has the record counts.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};

use kivuko_core::catalogue::{record, run as codes};
use kivuko_core::error::{Cause, Error};
use kivuko_core::flow::Flow;
use kivuko_core::path::SourcePath;
use kivuko_core::projection::Projection;
use kivuko_core::record::SourceRecord;
use kivuko_core::value;
use serde_json::Value;

use crate::duplicates::{keep, other_places};

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
    /// How many records there are, and the places of a few.
    records: u64,
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
            last.records += 1;
            keep(&mut last.places, place);
            return;
        }
        if self.by_partition.last().is_some() {
            self.earlier = true;
            self.by_partition.pop_if(|last| last.places.len() == 1);
        }
        self.by_partition.push(InPartition {
            partition,
            records: 1,
            places: vec![place.to_owned()],
            first: fields,
            differing: BTreeSet::new(),
            doubt: None,
        });
    }

    pub fn are_several(&self) -> bool {
        self.earlier || self.by_partition.last().is_some_and(|last| last.places.len() > 1)
    }

    /// What follows for a record of this partition from others of its identity, which the source has under `path`. `names` are those of the fields.
    pub fn tell(&self, partition: usize, names: &[String], path: Option<&str>, id: &str, here: &str) -> Option<Cause> {
        let own = self.by_partition.iter().find(|own| own.partition == partition);
        if let Some(own) = own.filter(|own| own.doubt.is_some() || !own.differing.is_empty()) {
            let mut fields: Vec<&str> = own.differing.iter().filter_map(|&at| names.get(at)).map(String::as_str).collect();
            if fields.len() > 1 && own.differing.last() == Some(&names.len().saturating_sub(1)) {
                // Whatever differs, the whole does too.
                fields.pop();
            }
            let why = own.doubt.map_or_else(|| format!("differ in {}", fields.join(", ")), ToOwned::to_owned);
            let places = [here.to_owned(), other_places(&own.places, here)].into_iter().filter(|places| !places.is_empty());
            let places = places.collect::<Vec<_>>().join("; ");
            let message = format!("{} records of the input have the identity {id}, and {why}: {places}", own.records);
            let cause = Cause { records: Some(own.records), ..Cause::new(record::DUPLICATE_ID, message) };
            return Some(match path {
                Some(path) => cause.field(path),
                None => cause,
            });
        }
        if let Some(last) = self.by_partition.last().filter(|last| last.partition > partition) {
            let later = last.places.last()?;
            return Some(Cause::new(codes::SUPERSEDED, format!("a later file has this record again, and counts: {later}")));
        }
        let first = own?.places.first().filter(|first| *first != here)?;
        let message = format!(
            "the identity {id} stands in the input before, with the same in all that the flow reads, and counts once: {first}; {here}"
        );
        Some(Cause::new(codes::REPEATED, message))
    }
}

/// Whether a record counts elsewhere: it is left out, and nothing is wrong with it.
pub(crate) fn counts_elsewhere(cause: &Cause) -> bool {
    [codes::SUPERSEDED, codes::REPEATED].contains(&cause.code)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Each file of a folder with the content of its records, all of one identity; answers for each which are skipped (`-`), rejected (`!`) and carried (`+`).
    fn check(files: &[&[u64]], expected: &[&str]) {
        let mut namesakes = Namesakes::default();
        for (partition, rows) in files.iter().enumerate() {
            for (row, &content) in rows.iter().enumerate() {
                namesakes.add(partition, &format!("{partition}, row {row}"), Box::new([content]));
            }
        }
        let names = ["name".to_owned()];
        let mut found = Vec::new();
        for (partition, rows) in files.iter().enumerate() {
            let told = |row| namesakes.tell(partition, &names, None, "P-1", &format!("{partition}, row {row}"));
            let became = |row| match told(row).filter(|_| namesakes.are_several()) {
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
        let names = ["name", "age", "what stands together in a list"].map(ToOwned::to_owned);
        namesakes.tell(0, &names, None, "P-1", records[0].0).map(|cause| cause.message).unwrap_or_default()
    }

    #[test]
    fn it_is_said_in_what_they_differ_or_why_nobody_knows() {
        let said = |why: &str| format!("2 records of the input have the identity P-1, and {why}: row 1; row 2");
        assert_eq!(told(&[("row 1", &[1, 2, 3]), ("row 2", &[1, 2, 3])]), "");
        assert_eq!(told(&[("row 1", &[1, 2, 3]), ("row 2", &[1, 9, 9])]), said("differ in age"));
        assert_eq!(told(&[("row 1", &[1, 2, 3]), ("row 2", &[1, 2, 9])]), said("differ in what stands together in a list"));
        assert_eq!(told(&[("row 1", &[1, 2, 3]), ("row 2", &[])]), said("one of them cannot be read"));
        assert_eq!(told(&[("row 1", &[]), ("row 2", &[])]), said("one of them cannot be read"));
        assert_eq!(
            told(&[("list P-1", &[1, 2, 3]), ("list P-1", &[1, 2, 3])]),
            "2 records of the input have the identity P-1, and the source does not say where each of them stands: list P-1"
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
}
