//! What the target has lost and `run --again` could not write: rejected, left out, or waiting for what is lost too.
//!
//! Its link goes, with what was sent over it, so that a usual run makes it as soon as it gets through: nothing else would tell that run to look for it.

use std::collections::{BTreeMap, HashMap};

use kivuko_core::error::{Consequence, Error};
use kivuko_core::store::Link;

use crate::known::{Known, group_by};
use crate::run::Execution;
use crate::unit::{Decision, Early, Item, Unit};

impl Execution<'_> {
    /// The links of a page by which a later run would take something lost for sent.
    pub(crate) async fn links_of_lost(&mut self, items: &[Item], units: &[Unit], known: &Known) -> Result<Vec<Link>, Error> {
        if !self.forgets_lost() {
            return Ok(Vec::new());
        }
        let mut of_item: Vec<Vec<&Unit>> = vec![Vec::new(); items.len()];
        for unit in units {
            of_item[unit.item].push(unit);
        }
        let mut doubtful = Vec::new();
        let mut unlinked = Vec::new();
        for (item, units) in items.iter().zip(of_item) {
            // What is removed was looked for; of what stands in the input again the later one counts; what is put off comes by once more.
            if matches!(item.early, Some(Early::Removed | Early::Left(_))) || self.is_put_off(item, &units).is_some() {
                continue;
            }
            let is_dealt_with = |link: &Link| units.iter().any(|unit| unit.part == link.part && is_through(&unit.decision));
            doubtful.extend(sent_over(known, &item.id).filter(|link| !is_dealt_with(link)).cloned());
            if known.links_of(&item.id).is_empty() && !units.iter().any(|unit| is_through(&unit.decision)) {
                unlinked.push(item.id.clone());
            }
        }
        let mut lost = self.lost_among(doubtful).await?;
        lost.extend(self.lost_from_there(&unlinked).await?);
        Ok(lost)
    }

    /// The same of records that wait when everything was dealt with.
    pub(crate) async fn links_of_lost_waiting(&mut self, source_ids: &[String]) -> Result<Vec<Link>, Error> {
        let known = self.known(source_ids).await?;
        let mut lost = self.lost_among(source_ids.iter().flat_map(|id| sent_over(&known, id)).cloned().collect()).await?;
        let unlinked: Vec<String> = source_ids.iter().filter(|id| known.links_of(id).is_empty()).cloned().collect();
        lost.extend(self.lost_from_there(&unlinked).await?);
        Ok(lost)
    }

    /// Of places that this flow has no link of: the links of other flows by which it would find them, and that lead from what is lost. A usual run would take them for places
    /// that are gone, each time.
    async fn lost_from_there(&self, source_ids: &[String]) -> Result<Vec<Link>, Error> {
        let (from, to) = (&self.flow.from, &self.flow.to);
        let placed: Vec<usize> = (0..to.records.len()).filter(|&record| self.crosswalks_to(record).next().is_some()).collect();
        // Where records belong to parts of the target, nobody knows in which part it was.
        if placed.is_empty() || source_ids.is_empty() || to.scope.is_some() {
            return Ok(Vec::new());
        }
        let links = self.engine.store.links_by_target(&from.system, &from.resource, source_ids).await?;
        let mut lost = Vec::new();
        for record in placed {
            let is_from_there = |link: &&Link| link.source.system == to.system && link.source.resource == to.records[record].resource;
            let back: Vec<&Link> = links.iter().filter(is_from_there).collect();
            if back.is_empty() {
                continue;
            }
            let ids: Vec<String> = back.iter().map(|link| link.source.id.clone()).collect();
            let present = self.fetch(record, &ids).await?;
            lost.extend(back.into_iter().zip(present).filter(|(_, present)| present.is_none()).map(|(link, _)| link.clone()));
        }
        Ok(lost)
    }

    /// Whether this run looks for what it does not write. A number that was not written stays due by itself.
    fn forgets_lost(&self) -> bool {
        self.again && self.writes && self.sending.is_none()
    }

    /// Those of these links that lead to nothing, and the links of other flows that lead back from there.
    async fn lost_among(&mut self, links: Vec<Link>) -> Result<Vec<Link>, Error> {
        let mut places: BTreeMap<(usize, String), Vec<Link>> = BTreeMap::new();
        for link in links {
            if let Some(record) = self.record_named(&link.part, &link.target_resource) {
                places.entry((record, link.target_resource.clone())).or_default().push(link);
            }
        }
        let mut lost = Vec::new();
        let here = self.scopes.current;
        for ((record, resource), links) in places {
            let scope = match self.scope_of(&resource).await {
                Ok(None) if self.flow.to.scope.is_some() => continue,
                Ok(scope) => scope,
                // A part of the target that is not to be had says nothing of what it holds.
                Err(error) if error.consequence == Consequence::FixConfiguration => continue,
                Err(error) => return Err(error),
            };
            self.enter(scope);
            let ids: Vec<String> = links.iter().map(|link| link.target_id.clone()).collect();
            let present = self.fetch(record, &ids).await?;
            let gone: Vec<Link> = links.into_iter().zip(present).filter(|(_, present)| present.is_none()).map(|(link, _)| link).collect();
            let ids: Vec<String> = gone.iter().map(|link| link.target_id.clone()).collect();
            let back = self.links_back(record, &ids).await?;
            let own = |gone: &Link| {
                let back = back.get(&gone.target_id).into_iter().flatten();
                back.filter(|back| back.target_id == gone.source.id).cloned().collect::<Vec<_>>()
            };
            lost.extend(gone.iter().flat_map(own));
            lost.extend(gone);
        }
        self.enter(here);
        Ok(lost)
    }

    /// What the target has lost gets another id there when it is made again. What other flows linked from the old one to just this record goes with it: it would stand
    /// beside the new link, and nobody could tell which of the two holds.
    pub(crate) async fn let_go_of_links_back(&self, record: usize, items: &[Item], units: &mut [Unit]) -> Result<(), Error> {
        let lost: Vec<String> = units.iter().flat_map(|unit| unit.lost.iter().cloned()).collect();
        let back = self.links_back(record, &lost).await?;
        for unit in units.iter_mut().filter(|unit| !unit.lost.is_empty()) {
            let own = |link: &&Link| link.target_id == items[unit.item].id;
            unit.links_back = unit.lost.iter().filter_map(|id| back.get(id)).flatten().filter(own).cloned().collect();
        }
        Ok(())
    }

    /// The links from records of the target back to what the flow reads, by the id there.
    async fn links_back(&self, record: usize, target_ids: &[String]) -> Result<HashMap<String, Vec<Link>>, Error> {
        if target_ids.is_empty() {
            return Ok(HashMap::new());
        }
        let (from, to) = (&self.flow.from, &self.flow.to);
        let links = self.engine.store.links(&to.system, &to.records[record].resource, target_ids, &from.system).await?;
        Ok(group_by(links.into_iter().filter(|link| link.target_resource == from.resource), |link| link.source.id.clone()))
    }
}

/// The links of a record over which this flow has sent something. What another flow of the same list made of it is that one's to look for.
fn sent_over<'k>(known: &'k Known, source_id: &'k str) -> impl Iterator<Item = &'k Link> {
    known.links_of(source_id).iter().filter(|link| known.sent(source_id, &link.part).is_some())
}

/// Whether nothing is left to be found out of what a record is linked to.
fn is_through(decision: &Decision) -> bool {
    matches!(decision, Decision::Unchanged { .. } | Decision::Written { .. } | Decision::Unlinked { .. })
}
