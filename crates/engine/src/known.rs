//! What the store knows of the records of a page, and what flows have found of each other.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use kivuko_core::catalogue::run as codes;
use kivuko_core::error::Cause;
use kivuko_core::record::SourceRecord;
use kivuko_core::store::{Link, Reference, Sent};
use kivuko_core::transform::References;

/// What the store knows of the records of a page, by source id.
#[derive(Debug, Default)]
pub(crate) struct Known {
    links: HashMap<String, Vec<Link>>,
    sent: HashMap<String, Vec<Arc<Sent>>>,
}

impl Known {
    pub fn new(links: Vec<Link>, sent: Vec<Sent>) -> Self {
        Self {
            links: group_by(links, |link| link.source.id.clone()),
            sent: group_by(sent.into_iter().map(Arc::new), |sent| sent.source_id.clone()),
        }
    }

    /// All links of one source record.
    pub fn links_of(&self, source_id: &str) -> &[Link] {
        self.links.get(source_id).map_or(&[], Vec::as_slice)
    }

    pub fn link(&self, source_id: &str, part: &str) -> Option<&Link> {
        self.links_of(source_id).iter().find(|link| link.part == part)
    }

    pub fn sent(&self, source_id: &str, part: &str) -> Option<&Arc<Sent>> {
        self.sent.get(source_id)?.iter().find(|sent| sent.part == part)
    }

    /// Whether the source repeats a version of a record that was sent already.
    pub fn is_repeated(&self, record: &SourceRecord) -> bool {
        let (Some(id), Some(version)) = (&record.id, &record.version) else { return false };
        self.sent.get(id.trim()).is_some_and(|sent| sent.iter().all(|sent| sent.source_version.as_ref() == Some(version)))
    }
}

/// References that were looked up, and those that were asked for and are not known yet.
#[derive(Debug, Default)]
pub(crate) struct KnownReferences {
    pub found: HashMap<Reference, Option<String>>,
    pub asked: RefCell<HashSet<Reference>>,
    /// Those that are there, but in another part of the target.
    pub foreign: HashSet<Reference>,
    /// The rows in which people chose what is referred to, by its id in the target.
    pub chosen: HashMap<String, String>,
    /// What was a place only until a day, for those that lie there already: its id in the target, and the row that says so.
    pub ended: HashMap<Reference, Ended>,
    /// Everything that is referred to is taken to be there, under an id that no record has: for who looks at the rest of a record.
    pub all_stand_in: bool,
}

/// A place that one was until a day that is over.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub id: String,
    pub row: String,
}

impl KnownReferences {
    /// Why a reference that is waited for can never be met.
    pub fn foreign_of(&self, wanted: &Reference) -> Option<Cause> {
        let is_it =
            |known: &&Reference| known.source_id == wanted.source_id && wanted.flow.split(',').any(|flow| flow.trim() == known.flow);
        let found = self.foreign.iter().find(is_it)?;
        let message = format!(
            "the record `{}` of the flow {} that it refers to lies in another part of the target than this one belongs to",
            found.source_id, found.flow
        );
        Some(Cause::new(codes::FOREIGN_REFERENCE, message))
    }
}

impl References for KnownReferences {
    fn resolve(&self, flow: &str, id: &str) -> Option<String> {
        if self.all_stand_in {
            return Some(format!("\u{0}{id}"));
        }
        let reference = Reference { flow: flow.to_owned(), source_id: id.to_owned() };
        if let Some(found) = self.found.get(&reference) {
            return found.clone();
        }
        self.asked.borrow_mut().insert(reference);
        None
    }
}

/// Puts values together that have the same key.
pub(crate) fn group_by<K: Hash + Eq, V>(values: impl IntoIterator<Item = V>, key: impl Fn(&V) -> K) -> HashMap<K, Vec<V>> {
    let mut groups: HashMap<K, Vec<V>> = HashMap::new();
    for entry in values {
        groups.entry(key(&entry)).or_default().push(entry);
    }
    groups
}
