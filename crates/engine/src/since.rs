//! Who has changed what a run wrote since then: a later run of the project, whichever flow it is of, or somebody else. A revert leaves it alone either way, but only the first can be taken back too.
//!
//! Looked for only where something is no longer what the run left behind, in what later runs kept of their writes. A revert keeps nothing, and need not: what it gave back a run had left, or somebody.

use std::collections::HashMap;

use kivuko_core::connector::{Action, Candidate, Standing};
use kivuko_core::error::Error;
use kivuko_core::store::{Kept, Run, RunId};

use crate::numbers::is_same_number;
use crate::revert::RECENT_RUNS;
use crate::run::Execution;

/// Whether what is there now is what a write left behind; `None` where it is not known what that was.
fn is_as_left(kept: &Kept, present: Option<&Candidate>, is_number: bool) -> Option<bool> {
    match (kept.action, present, &kept.version) {
        (Action::Delete, now, _) => Some(now.is_none()),
        (_, None, _) => Some(false),
        (_, Some(_), None) => None,
        (_, Some(now), left) if is_number => Some(is_same_number(now, left.as_deref())),
        (_, Some(now), left) => Some(now.version == *left),
    }
}

/// Names a record of the target: its resource and its id.
fn name_of(kept: &Kept) -> (String, String) {
    (kept.target_resource.clone(), kept.target_id.clone())
}

impl Execution<'_> {
    /// Of these writes of a run those of which a later run of the project left what is there now: what to call that run, by the place of the write.
    pub(crate) async fn changed_by_later_runs(
        &self,
        run: RunId,
        kept: &[Kept],
        present: &[(usize, Option<Candidate>)],
    ) -> Result<HashMap<usize, String>, Error> {
        let is_number = self.flow.aggregate.is_some();
        let mut found = HashMap::new();
        let mut wanted: HashMap<(String, String), (usize, Option<&Candidate>)> = HashMap::new();
        for (at, now) in present {
            // Of a 0 that DHIS2 does not keep there is nothing.
            let is_there = |now: &&Candidate| now.stands() && now.standing != Standing::Assumed;
            let (one, now) = (&kept[*at], now.as_ref().filter(is_there));
            if is_as_left(one, now, is_number) == Some(false) {
                wanted.insert(name_of(one), (*at, now));
            }
        }
        if wanted.is_empty() {
            return Ok(found);
        }
        for later in self.engine.store.runs(None, RECENT_RUNS).await?.into_iter().filter(|later| later.id > run && self.writes_here(later))
        {
            let mut before = i64::MAX;
            while let Some(page) = self.engine.kept_before(later.id, &mut before).await? {
                for one in page {
                    let name = name_of(&one);
                    let Some((at, now)) = wanted.get(&name).copied() else { continue };
                    // What a flow that carries values left of a number is not known; it wrote it later all the same.
                    if is_as_left(&one, now, is_number).unwrap_or(true) {
                        wanted.remove(&name);
                        found.insert(at, format!("run {} of `{}`", later.id, later.flow));
                    }
                }
            }
            if wanted.is_empty() {
                break;
            }
        }
        Ok(found)
    }

    /// Whether a run is one of a flow into the same system.
    fn writes_here(&self, run: &Run) -> bool {
        self.engine.project.flows.get(&run.flow).is_some_and(|flow| flow.to.system == self.flow.to.system)
    }
}
