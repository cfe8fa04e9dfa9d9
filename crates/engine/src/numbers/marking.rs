//! Giving marks of completeness: each is noted before it is sent, so that a lost answer, or a process that is killed, leaves behind that somebody has to look.
//!
//! What became of a mark without an answer is found out by the run itself: it waits until nothing can come any more, looks, and sends again what is not there. Where it ends over that the next run does the same, and
//! counts what it finds: each mark that was given is told once.

use std::collections::BTreeSet;
use std::time::Duration;

use kivuko_core::cells::{Cell, CellUpdate};
use kivuko_core::connector::Written;
use kivuko_core::error::{Consequence, Error};
use kivuko_core::outcome::Outcome;

use super::completeness::{LOST, Place, mark_of, place_of_mark, shown};
use super::registrations::{Mark, Registrations};
use super::{Numbers, cells_partition};
use crate::deliver::{asks_for_too_long, given_up};
use crate::run::Execution;

/// The value of a mark that is being given: whether it was, nobody knows before the target has been looked at.
pub(super) const UNDER_WAY: &str = "under way";
/// The same of one that was lost.
pub(super) const LOST_UNDER_WAY: &str = "lost, under way";

/// Which marks are looked at, and why.
pub(super) struct Due<'p> {
    /// These are given where they are missing.
    pub give: &'p BTreeSet<Place>,
    /// A run was giving these when it ended.
    pub under_way: &'p BTreeSet<Place>,
    /// These had been given and were lost.
    pub lost: &'p BTreeSet<Place>,
}

/// What became of marks, by their positions: the value that is put down of each.
#[derive(Default)]
struct Became {
    values: Vec<(usize, Option<String>)>,
    refused: u64,
}

impl Became {
    fn is(&mut self, position: usize, complete: bool) {
        self.values.push((position, Some(complete.to_string())));
    }
}

impl Execution<'_> {
    /// Gives the marks that are due, and finds out what became of those that were under way.
    pub(super) async fn give_marks(&mut self, numbers: &Numbers<'_>, due: Due<'_>) -> Result<(), Error> {
        let marks: Vec<Cell> = due.give.union(due.under_way).map(mark_of).collect();
        if marks.is_empty() {
            return Ok(());
        }
        let registrations = Registrations::open(self.engine, &self.flow.to.system, &numbers.bound.frame().data_set.id).await?;
        registrations.begin().await?;
        let (mut became, mut missing) = (Became::default(), Vec::new());
        for (position, seen) in registrations.look(&marks).await?.into_iter().enumerate() {
            let place = place_of_mark(&marks[position]);
            match seen {
                Mark::Complete => {
                    self.completed += u64::from(due.under_way.contains(&place));
                    became.is(position, true);
                }
                Mark::TakenBack => {
                    self.tell_taken_back(numbers, &marks[position]);
                    became.is(position, false);
                }
                Mark::Missing if due.give.contains(&place) => missing.push(position),
                // It was not given after all, and is not due now.
                Mark::Missing => became.values.push((position, due.lost.contains(&place).then(|| LOST.to_owned()))),
            }
        }
        let note = |position: &usize| {
            let was_lost = due.lost.contains(&place_of_mark(&marks[*position]));
            (*position, Some(if was_lost { LOST_UNDER_WAY } else { UNDER_WAY }.to_owned()))
        };
        if !missing.is_empty() {
            self.put_marks(&marks, &Became { values: missing.iter().map(note).collect(), refused: 0 }).await?;
        }
        let ended = self.give(numbers, &registrations, &due, &marks, missing, &mut became).await;
        self.put_marks(&marks, &became).await?;
        ended
    }

    /// Sends marks until each has an answer, or none of this run helps. Those that have none stay under way.
    async fn give(
        &mut self,
        numbers: &Numbers<'_>,
        registrations: &Registrations,
        due: &Due<'_>,
        marks: &[Cell],
        mut left: Vec<usize>,
        became: &mut Became,
    ) -> Result<(), Error> {
        for attempt in 0.. {
            let (mut again, mut last) = (Vec::new(), None);
            for positions in left.chunks(registrations.batch_size()) {
                let batch: Vec<&Cell> = positions.iter().map(|position| &marks[*position]).collect();
                for (position, answer) in positions.iter().zip(registrations.write(&batch).await?) {
                    match answer {
                        Written::Done { .. } => {
                            self.completed += 1;
                            became.is(*position, true);
                        }
                        Written::Refused(cause) | Written::NotYet(cause) => {
                            became.refused += 1;
                            let place = place_of_mark(&marks[*position]);
                            became.values.push((*position, due.lost.contains(&place).then(|| LOST.to_owned())));
                            self.groups.add(Outcome::Rejected, &cause, &shown(numbers, &place));
                        }
                        Written::Failed(error) if error.consequence == Consequence::Retry => {
                            again.push(*position);
                            last = Some(error);
                        }
                        Written::Failed(error) => return Err(error),
                    }
                }
            }
            let Some(last) = last else { return Ok(()) };
            if attempt + 1 >= self.engine.pace.tries || asks_for_too_long(last.retry_after) {
                return Err(given_up(last, attempt + 1));
            }
            // What was answered does not come late.
            let late: Option<Duration> = (last.effect_unknown && !last.ended).then(|| registrations.settles_within());
            self.wait(attempt, last.retry_after.max(late)).await?;
            left.clear();
            let cells: Vec<Cell> = again.iter().map(|position| marks[*position].clone()).collect();
            for (position, seen) in again.into_iter().zip(registrations.look(&cells).await?) {
                match seen {
                    Mark::Missing => left.push(position),
                    Mark::Complete => {
                        self.completed += 1;
                        became.is(position, true);
                    }
                    Mark::TakenBack => {
                        self.tell_taken_back(numbers, &marks[position]);
                        became.is(position, false);
                    }
                }
            }
        }
        unreachable!("the loop ends by returning")
    }

    /// Puts down what is known of marks; and of those that stand the run in which they came to stand.
    async fn put_marks(&mut self, marks: &[Cell], became: &Became) -> Result<(), Error> {
        let cells: Vec<Cell> = became.values.iter().map(|(position, _)| marks[*position].clone()).collect();
        let numbers = self.engine.numbers_of_cells(&self.flow.name, &cells).await?;
        let mut commit = self.empty_commit(&cells_partition(), None);
        let values = became.values.iter().map(|(_, value)| value.clone());
        commit.cells.updates =
            numbers.into_iter().zip(values).map(|(number, value)| CellUpdate { number, value, due: false, late: false }).collect();
        let stands = became.values.iter().filter(|(_, value)| value.as_deref() == Some("true"));
        commit.sent = stands.map(|(position, _)| self.given(&marks[*position])).collect();
        commit.counts.writes.rejected = became.refused;
        self.counts.merge(&commit.counts);
        self.engine.store.commit_page(&commit).await
    }
}
