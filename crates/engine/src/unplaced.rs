//! Why records of a tree could not be placed when everything was read: they lie in a circle, or in a record that the source does not have.
//!
//! A circle is a mistake of the source: its members are rejected, each with the whole circle. They go on waiting besides, so that one whose parent is corrected is taken up, whatever
//! the source says again. What the source does not have is asked for by its identity, of a source that is read whole; nothing is remembered for it while records go by.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use kivuko_core::catalogue::run as codes;
use kivuko_core::connector::{Action, ReadRequest, Source};
use kivuko_core::error::{Cause, Error};
use kivuko_core::hierarchy;
use kivuko_core::record::Partition;
use kivuko_core::store::{Reference, Waiting};

use crate::run::{Execution, Watch};
use crate::tree::HeldBack;
use crate::unit::{Decision, Early, Item, Unit};

/// So many members of a circle are named.
const MOST_NAMED: usize = 12;
/// No tree of a target is deeper; what is has a circle in it.
const DEEPEST: usize = 64;

/// What became clear of a record at the end.
#[derive(Debug, Clone)]
pub(crate) struct InACircle {
    pub cause: Cause,
    pub waits_for: Reference,
}

impl Execution<'_> {
    /// When everything was read and nothing more arrives.
    pub(crate) async fn tell_unplaced(&mut self, source: &dyn Source, partitions: &[Partition], watch: &dyn Watch) -> Result<(), Error> {
        if !self.tree.as_ref().is_some_and(crate::tree::Tree::has_put_off) {
            return Ok(());
        }
        let waiting = self.waiting_now().await?;
        let mut circles = self.circles_of(&waiting);
        circles.extend(self.circles_in_target(&waiting).await?);
        self.reject_circles(source, partitions, &waiting, circles, watch).await?;
        if self.whole && source.reads_whole() {
            self.tell_missing(source, partitions, &waiting).await?;
        }
        Ok(())
    }

    /// Those that wait for one another, as the source has them.
    fn circles_of(&self, waiting: &[Waiting]) -> HashMap<String, Cause> {
        let parent = |one: &'_ Waiting| (one.reference.flow == self.flow.name).then(|| one.reference.source_id.clone());
        let parents: Vec<Option<String>> = waiting.iter().map(parent).collect();
        let lines: Vec<(&str, Option<&str>)> =
            waiting.iter().zip(&parents).map(|(one, parent)| (one.source_id.as_str(), parent.as_deref())).collect();
        told(&lines)
    }

    /// Those that the target does not take because they would lie in themselves: it has them already, elsewhere. Up from each goes the way that the source wants, where that
    /// was held back, and else the one that the target has.
    async fn circles_in_target(&mut self, waiting: &[Waiting]) -> Result<HashMap<String, Cause>, Error> {
        let Some(tree) = &self.tree else { return Ok(HashMap::new()) };
        let held: Vec<(&Waiting, HeldBack)> =
            waiting.iter().filter_map(|one| Some((one, tree.held_back(&one.source_id)?.clone()))).collect();
        let Some(record) = held.first().map(|(_, held)| held.record) else { return Ok(HashMap::new()) };
        let mut parents: BTreeMap<String, Option<String>> =
            held.iter().map(|(_, held)| (held.id.clone(), Some(held.parent.clone()))).collect();
        for _ in 0..DEEPEST {
            let next: BTreeSet<&String> = parents.values().flatten().filter(|parent| !parents.contains_key(*parent)).collect();
            let next: Vec<String> = next.into_iter().cloned().collect();
            if next.is_empty() {
                break;
            }
            for (id, present) in next.iter().zip(self.fetch(record, &next).await?) {
                let parent = present.and_then(|present| self.tree.as_ref()?.parent_of(record, &present.body));
                parents.insert(id.clone(), parent);
            }
        }
        // Under the names of the source, where they have one.
        let ids: Vec<String> = parents.keys().cloned().collect();
        let links = self.engine.store.links_by_target(&self.flow.to.system, &self.resource_of(record), &ids).await?;
        let own = links.into_iter().filter(|link| link.flow == self.flow.name);
        let names: HashMap<String, String> = own.map(|link| (link.target_id, link.source.id)).collect();
        let name = |id: &'_ str| names.get(id).cloned().unwrap_or_else(|| id.to_owned());
        let named: Vec<(String, Option<String>)> = parents.iter().map(|(id, parent)| (name(id), parent.as_deref().map(name))).collect();
        let lines: Vec<(&str, Option<&str>)> = named.iter().map(|(id, parent)| (id.as_str(), parent.as_deref())).collect();
        let mut circles = told(&lines);
        circles.retain(|id, _| held.iter().any(|(one, _)| one.source_id == *id));
        Ok(circles)
    }

    /// The members of circles are read once more, to be rejected with what is kept of a rejection.
    async fn reject_circles(
        &mut self,
        source: &dyn Source,
        partitions: &[Partition],
        waiting: &[Waiting],
        circles: HashMap<String, Cause>,
        watch: &dyn Watch,
    ) -> Result<(), Error> {
        let mut due: BTreeMap<Partition, Vec<String>> = BTreeMap::new();
        let mut told: HashMap<String, InACircle> = HashMap::new();
        for one in waiting {
            let Some(cause) = circles.get(&one.source_id) else { continue };
            let known = told.insert(one.source_id.clone(), InACircle { cause: cause.clone(), waits_for: one.reference.clone() });
            if known.is_none() {
                due.entry(one.partition.clone()).or_default().push(one.source_id.clone());
            }
        }
        if let Some(tree) = &mut self.tree {
            tree.in_circles = told;
        }
        for (partition, ids) in due {
            self.read_afresh(source, partitions, &partition, ids, watch).await?;
        }
        if let Some(tree) = &mut self.tree {
            tree.in_circles.clear();
        }
        Ok(())
    }

    /// Of the others that wait for a record which the source does not have, the account says so.
    async fn tell_missing(&mut self, source: &dyn Source, partitions: &[Partition], waiting: &[Waiting]) -> Result<(), Error> {
        let come_by: HashSet<&str> = waiting.iter().map(|one| one.source_id.as_str()).collect();
        let is_open = |one: &&Waiting| {
            let parent = &one.reference;
            let put_off = self.tree.as_ref().is_some_and(|tree| tree.is_put_off_for_a_reference(&one.source_id));
            put_off && parent.flow == self.flow.name && !come_by.contains(parent.source_id.as_str())
        };
        let open: Vec<&Waiting> = waiting.iter().filter(is_open).collect();
        let mut missing: BTreeSet<String> = open.iter().map(|one| one.reference.source_id.clone()).collect();
        for partition in partitions {
            if missing.is_empty() {
                return Ok(());
            }
            let only = Some(missing.iter().cloned().collect());
            let mut pages = source.read(ReadRequest { only, ..self.request(partition) }).await?;
            while let Some(page) = pages.next().await? {
                self.stop_if_cancelled()?;
                for record in page.records.iter().filter(|record| !record.deleted) {
                    record.id.iter().for_each(|id| _ = missing.remove(id.trim()));
                }
            }
        }
        let Some(tree) = &mut self.tree else { return Ok(()) };
        for one in open.into_iter().filter(|one| missing.contains(&one.reference.source_id)) {
            let message = format!("it refers to a record of its own list that is not in the source: {}", one.reference.source_id);
            tree.tell(&one.source_id, Cause::new(codes::PARENT_NOT_THERE, message));
        }
        Ok(())
    }

    /// At the end: why a record can never be placed.
    pub(crate) fn circle_of(&self, source_id: &str) -> Option<&InACircle> {
        self.tree.as_ref()?.in_circles.get(source_id)
    }

    /// A record that was found to lie in a circle is not looked at any further.
    pub(crate) fn reject_in_a_circle(&self, item: &mut Item) {
        if let (None, Some(found)) = (&item.early, self.circle_of(&item.id)) {
            item.early = Some(Early::Rejected(vec![found.cause.clone()]));
        }
    }

    /// What the target did not take because of where it should lie.
    pub(crate) fn held_back_of(&self, unit: &Unit) -> Option<HeldBack> {
        let changes = unit.link.is_some() && unit.interrupted.is_none_or(|action| action == Action::Update);
        let (true, Decision::Waiting(_), Some(_)) = (changes, &unit.decision, &unit.held_back) else { return None };
        let parent = self.tree.as_ref()?.parent_of(unit.record, &unit.update)?;
        Some(HeldBack { record: unit.record, id: unit.link.as_ref()?.target_id.clone(), parent })
    }
}

/// The circles among records, told to each member.
fn told(lines: &[(&str, Option<&str>)]) -> HashMap<String, Cause> {
    let mut causes = HashMap::new();
    for circle in hierarchy::circles(&hierarchy::parents(lines)) {
        // From the same member each time, whatever the order in which they came.
        let first = (0..circle.len()).min_by_key(|at| lines[circle[*at]].0).unwrap_or_default();
        let round = circle.iter().cycle().skip(first).take(circle.len() + 1).map(|at| lines[*at].0);
        let mut names: Vec<&str> = round.collect();
        if names.len() > MOST_NAMED {
            names.splice(MOST_NAMED - 1..names.len() - 1, ["..."]);
        }
        let message = format!("it lies in itself, for each of these lies in the next: {}", names.join(" > "));
        for at in circle {
            causes.insert(lines[at].0.to_owned(), Cause::new(codes::IN_A_CIRCLE, message.clone()));
        }
    }
    causes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_told_from_its_first_member() {
        let check = |lines: &[(&str, Option<&str>)], expected: &[(&str, &str)]| {
            let causes: BTreeMap<String, Cause> = told(lines).into_iter().collect();
            let shown: Vec<(&str, &str)> =
                causes.iter().map(|(id, cause)| (id.as_str(), cause.message.split_once(": ").expect("a list").1)).collect();
            assert_eq!(shown, expected);
        };
        check(&[("a", None), ("b", Some("a")), ("c", Some("elsewhere"))], &[]);
        check(&[("z", Some("z"))], &[("z", "z > z")]);
        check(
            &[("c", Some("b")), ("b", Some("a")), ("a", Some("c")), ("d", Some("a"))],
            &[("a", "a > c > b > a"), ("b", "a > c > b > a"), ("c", "a > c > b > a")],
        );
    }

    #[test]
    fn of_a_large_circle_some_are_named() {
        let ids: Vec<String> = (0..40).map(|number| format!("U{number:02}")).collect();
        let lines: Vec<(&str, Option<&str>)> = (0..40).map(|at| (ids[at].as_str(), Some(ids[(at + 1) % 40].as_str()))).collect();
        let message = &told(&lines)["U07"].message;
        assert!(message.ends_with("U00 > U01 > U02 > U03 > U04 > U05 > U06 > U07 > U08 > U09 > U10 > ... > U00"), "{message}");
    }
}
