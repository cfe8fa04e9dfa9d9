//! The links that flows made, laid over the decisions of crosswalks.
//!
//! They are loaded once, when a run or a plan begins, and only those between the resources of the crosswalks that the flow uses: in memory they take some hundred
//! bytes for each place. What the run itself links is seen by the next one; a flow that needs what it has just made refers to it with `ref`.

use std::sync::Arc;

use kivuko_core::codes::{CodeMap, CodeMaps, Pair};
use kivuko_core::error::Error;
use kivuko_core::flow::Flow;
use kivuko_core::project::{Crosswalk, Side};
use kivuko_core::store::Link;

use crate::engine::Engine;

/// How many links are read at once.
const PAGE: usize = 5_000;

impl Engine {
    /// The code maps of the project, with the links of those crosswalks that a flow uses.
    pub(crate) async fn codes_of(&self, flow: &Flow) -> Result<CodeMaps, Error> {
        let mut codes = self.project.codes.clone();
        let used = |crosswalk: &&Crosswalk| flow.code_maps.contains(&crosswalk.name) || joins(crosswalk, flow);
        for crosswalk in self.project.crosswalks.values().filter(used) {
            if let Some(map) = codes.0.get_mut(&crosswalk.name) {
                *map = Arc::new(self.linked(crosswalk, map).await?);
            }
        }
        Ok(codes)
    }

    /// The crosswalks between what a flow reads and what it writes: they say which record is which, before the key does.
    pub(crate) fn crosswalks_of<'a>(&'a self, flow: &'a Flow) -> impl Iterator<Item = &'a Crosswalk> {
        self.project.crosswalks.values().filter(move |crosswalk| joins(crosswalk, flow))
    }

    /// A crosswalk with everything that flows have linked.
    pub(crate) async fn linked(&self, crosswalk: &Crosswalk, map: &CodeMap) -> Result<CodeMap, Error> {
        Ok(map.with_links(&self.links_of(crosswalk).await?))
    }

    /// What flows have linked between the sides of a crosswalk.
    pub(crate) async fn links_of(&self, crosswalk: &Crosswalk) -> Result<Vec<Pair>, Error> {
        let mut pairs = Vec::new();
        for (one, other) in crosswalk.pairs() {
            self.pairs_between(one, other, &mut pairs).await?;
            self.pairs_between(other, one, &mut pairs).await?;
        }
        Ok(pairs)
    }

    async fn pairs_between(&self, source: &Side, target: &Side, pairs: &mut Vec<Pair>) -> Result<(), Error> {
        let mut after = 0;
        loop {
            let links =
                self.store.links_between((&source.system, &source.resource), (&target.system, &target.resource), after, PAGE).await?;
            let Some((last, _)) = links.last() else { return Ok(()) };
            after = *last;
            // What a flow made of an item of the place is another thing than the place.
            let own = links.into_iter().map(|(_, link)| link).filter(|link| !link.part.contains('#'));
            pairs.extend(own.map(|Link { source: place, target_id, .. }| Pair {
                one: (source.system.clone(), place.id),
                other: (target.system.clone(), target_id),
            }));
        }
    }
}

/// Whether a flow goes from one side of a crosswalk to another.
fn joins(crosswalk: &Crosswalk, flow: &Flow) -> bool {
    crosswalk.side(&flow.from.system).is_some_and(|side| side.resource == flow.from.resource)
        && crosswalk.side(&flow.to.system).is_some_and(|side| flow.to.records.iter().any(|record| record.resource == side.resource))
}
