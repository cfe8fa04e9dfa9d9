//! What lies in a record that is taken back: it is neither deleted nor closed while something stays there that the target would keep it for, or take along.
//!
//! What is itself deleted, or given back to where it was before, makes room. A preview asks the target once and remembers what would have gone by then; the revert itself sees it there.

use std::collections::{HashMap, HashSet};

use kivuko_core::connector::{Action, Inside};
use kivuko_core::error::Error;

use crate::run::Execution;
use crate::tree::LiesIn;
use crate::undo::not_reverted;
use crate::unit::{Change, Decision, Unit};

/// What makes room, by the ids in the target.
#[derive(Debug, Default)]
pub(crate) struct Leaving {
    deleted: HashSet<String>,
    /// What is switched off keeps nobody open.
    closed: HashSet<String>,
    /// To where each is moved back.
    moved: HashMap<String, LiesIn>,
}

impl Leaving {
    /// Whether something in a record no longer stands against what is done with that.
    fn lets_go(&self, inner: &Inside, id: &str, action: Action) -> bool {
        let has_left = self.deleted.contains(&inner.id) || self.moved.get(&inner.id).is_some_and(|LiesIn(to)| to.as_deref() != Some(id));
        has_left || action == Action::Deactivate && (!inner.active || self.closed.contains(&inner.id))
    }
}

impl Execution<'_> {
    /// Adds what is taken back of a page.
    pub(crate) fn note_leaving(&self, units: &[Unit], parents: &[Option<String>], leaving: &mut Leaving) {
        for unit in units {
            let Decision::Write(change) = &unit.decision else { continue };
            let Some(id) = change.target_id.clone() else { continue };
            match change.action {
                Action::Delete => _ = leaving.deleted.insert(id),
                Action::Deactivate => _ = leaving.closed.insert(id),
                Action::Update => {
                    let to = self.tree.as_ref().and_then(|tree| tree.moved_to(unit.record, &change.body));
                    leaving.moved.extend(to.filter(|LiesIn(to)| *to != parents[unit.item]).map(|to| (id, to)));
                }
                Action::Create => {}
            }
        }
    }

    /// A record that would be deleted or closed stays when something lies in it that stays: the target would refuse it, or take that along.
    pub(crate) async fn leave_what_holds_others(
        &self,
        record: usize,
        own: &[usize],
        units: &mut [Unit],
        parents: &[Option<String>],
        before: &Leaving,
    ) -> Result<(), Error> {
        if self.flow.aggregate.is_some() {
            return Ok(());
        }
        let mut going: Vec<(usize, String, Action)> = own.iter().filter_map(|&at| going(at, &units[at])).collect();
        let ids: Vec<String> = going.iter().map(|(_, id, _)| id.clone()).collect();
        let mut inside: HashMap<String, Vec<Inside>> = HashMap::new();
        let opened = &self.targets[record];
        for chunk in ids.chunks(opened.capabilities.lookup_size.max(1)) {
            inside.extend(chunk.iter().cloned().zip(opened.target.inside(chunk).await?));
        }
        // Who stays may keep the one that it lies in.
        loop {
            let mut leaving = Leaving::default();
            self.note_leaving(units, parents, &mut leaving);
            let is_held = |(_, id, action): &(usize, String, Action)| {
                let lets_go = |inner| before.lets_go(inner, id, *action) || leaving.lets_go(inner, id, *action);
                inside.get(id).is_some_and(|inside| !inside.iter().all(lets_go))
            };
            let (held, free): (Vec<_>, Vec<_>) = going.into_iter().partition(is_held);
            if held.is_empty() {
                return Ok(());
            }
            for (at, ..) in held {
                units[at].decision = not_reverted("something lies in it that stays");
            }
            going = free;
        }
    }
}

/// What is deleted or closed, by its id in the target.
fn going(at: usize, unit: &Unit) -> Option<(usize, String, Action)> {
    match &unit.decision {
        Decision::Write(Change { action: action @ (Action::Delete | Action::Deactivate), target_id, .. }) => {
            Some((at, target_id.clone()?, *action))
        }
        _ => None,
    }
}
