//! Who has changed what a run wrote since then: a later run of the project, whichever flow it is of, or somebody else. A revert leaves it alone either way, but where the first wrote a number, its own revert
//! gives back what this run left. (A record has a version of its own after that.)
//!
//! Looked for only where something is no longer what the run left behind, in what later runs kept of their writes: of so many runs and writes, and where there are more it is not said that it was somebody else. A revert keeps
//! nothing, and need not: what it gave back a run had left, or somebody.

use std::collections::HashMap;
use std::fmt;

use kivuko_core::connector::{Action, Candidate, Standing};
use kivuko_core::error::Error;
use kivuko_core::store::{Kept, Run, RunId};

use crate::numbers::is_same_number;
use crate::revert::{RECENT_RUNS, is_revert};
use crate::run::Execution;

/// So many pages of what later runs wrote are looked through for each page of the run that is taken back.
const LONGEST_LOOK: usize = 40;

/// Who has changed what a run wrote, where that need not have been somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Later {
    Run(String),
    /// There are more later runs than were looked at.
    NotKnown,
}

impl fmt::Display for Later {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(run) => out.write_str(run),
            Self::NotKnown => out.write_str("somebody, or a later run,"),
        }
    }
}

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

/// A record of the target: its resource and its id.
type Name = (String, String);

fn name_of(kept: &Kept) -> Name {
    (kept.target_resource.clone(), kept.target_id.clone())
}

impl Execution<'_> {
    /// Of these writes of a run those of which a later run of the project left what is there now, or may have: who that was, by the place of the write.
    pub(crate) async fn changed_by_later_runs(
        &self,
        run: RunId,
        kept: &[Kept],
        present: &[(usize, Option<Candidate>)],
    ) -> Result<HashMap<usize, Later>, Error> {
        let is_number = self.flow.aggregate.is_some();
        let mut found = HashMap::new();
        // What one run made and then changed it wrote more than once.
        let mut wanted: HashMap<Name, Vec<(usize, Option<&Candidate>)>> = HashMap::new();
        for (at, now) in present {
            // Of a 0 that DHIS2 does not keep there is nothing.
            let is_there = |now: &&Candidate| now.stands() && now.standing != Standing::Assumed;
            let (one, now) = (&kept[*at], now.as_ref().filter(is_there));
            if is_as_left(one, now, is_number) == Some(false) {
                wanted.entry(name_of(one)).or_default().push((*at, now));
            }
        }
        if wanted.is_empty() {
            return Ok(found);
        }
        let newest = self.engine.store.runs(None, RECENT_RUNS).await?;
        // Later ones may be among those that were not read.
        let mut looked_at_all = newest.len() < RECENT_RUNS || newest.iter().any(|one| one.id <= run);
        let mut looks = 0;
        'runs: for later in newest.into_iter().filter(|later| later.id > run && !is_revert(later) && self.writes_here(later)) {
            let mut before = i64::MAX;
            while let Some(page) = self.engine.kept_before(later.id, &mut before).await? {
                for one in page {
                    let name = name_of(&one);
                    let Some(writes) = wanted.get_mut(&name) else { continue };
                    // What a flow that carries values left of a number is not known; it wrote it later all the same.
                    writes.retain(|(at, now)| {
                        let is_its = is_as_left(&one, *now, is_number).unwrap_or(true);
                        if is_its {
                            found.insert(*at, Later::Run(format!("run {} of `{}`", later.id, later.flow)));
                        }
                        !is_its
                    });
                    if writes.is_empty() {
                        wanted.remove(&name);
                    }
                }
                looks += 1;
                if wanted.is_empty() {
                    break 'runs;
                }
                if looks == LONGEST_LOOK {
                    looked_at_all = false;
                    break 'runs;
                }
            }
        }
        if !looked_at_all {
            found.extend(wanted.into_values().flatten().map(|(at, _)| (at, Later::NotKnown)));
        }
        Ok(found)
    }

    /// Whether a run is one of a flow into the same system.
    fn writes_here(&self, run: &Run) -> bool {
        self.engine.project.flows.get(&run.flow).is_some_and(|flow| flow.to.system == self.flow.to.system)
    }
}
