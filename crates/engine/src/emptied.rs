//! A target that was emptied behind the back of a flow: what has not changed in the source is not looked for there, and the run would look well.
//!
//! A run (or plan) asks for a few of the linked records, or of the numbers that were sent, in one request: of those that it did not just send itself. Which ones the number of the run says (a plan
//! takes that of the run that would come): where it begins to look goes evenly over all that was ever linked, so that run after run comes by other ones; those behind a gap, where links have
//! gone, more often than those within a row of many. It says what it found and changes nothing.

use kivuko_core::catalogue::run as codes;
use kivuko_core::connector::{Candidate, Standing};
use kivuko_core::error::{Cause, Error};
use kivuko_core::outcome::Outcome;
use kivuko_core::store::{Link, RunId};

use crate::known::{Known, group_by};
use crate::run::Execution;

/// So many linked records are asked for.
const ASKED_FOR: usize = 20;

/// What became of the few.
struct Looked {
    gone: usize,
    asked: usize,
    /// The rows in which people chose those that are gone.
    chosen_in: Vec<String>,
}

impl Execution<'_> {
    /// Tells if most of a few linked records are no longer in the target.
    pub(crate) async fn tell_emptied(&mut self) {
        // What is written again tells by itself; parts of a target are opened only where a record belongs to them.
        if self.again || self.flow.to.scope.is_some() {
            return;
        }
        match self.gone_of_a_few().await {
            Ok(Some(Looked { gone, asked, chosen_in })) if gone * 2 > asked => {
                // In a file the id is the key, which may be somebody's name.
                let (what, unchanged) = match &self.flow.aggregate {
                    Some(_) => ("numbers that were sent and", ""),
                    None => ("linked records that", " Unchanged means that the source says what was sent before."),
                };
                let by_hand = match chosen_in.as_slice() {
                    [] => String::new(),
                    [first, ..] => format!(
                        "; not what a person chose ({} of these, {first}): mend those rows, or take them out, first",
                        chosen_in.len()
                    ),
                };
                let message = format!(
                    "{gone} of {asked} {what} were looked for in {} are no longer there.{unchanged} If {} was emptied or put back, `run {} --again` writes again what is gone{by_hand}",
                    self.flow.to.system, self.flow.to.system, self.flow.name
                );
                self.groups.add(Outcome::Unchanged, &Cause::new(codes::TARGET_EMPTIED, message), &self.flow.to.system);
            }
            Ok(_) => {}
            // All that was due is done and put down; this was one look more.
            Err(error) => {
                tracing::warn!(code = %error.cause.code, flow = %self.flow.name, "what the target still has could not be looked at");
            }
        }
    }

    /// A few of the linked records of one of the flow's target records.
    async fn gone_of_a_few(&self) -> Result<Option<Looked>, Error> {
        let (from, to) = (&self.flow.from, &self.flow.to);
        let store = &self.engine.store;
        let run = if self.writes { self.run } else { RunId(store.runs(None, 1).await?.first().map_or(0, |newest| newest.id.0) + 1) };
        let mut links = store.some_links(&self.flow.name, share_of(run), ASKED_FOR).await?;
        let ids: Vec<String> = links.iter().map(|link| link.source.id.clone()).collect();
        let sent = Known::new(Vec::new(), store.sent(&self.flow.name, &ids).await?);
        // What this run sent is there, and so is a number that it has just found. A plan does neither.
        if self.writes {
            let found_now = |link: &Link| self.flow.aggregate.is_some() && link.seen == self.run;
            links.retain(|link| sent.sent(&link.source.id, &link.part).is_none_or(|sent| sent.run != self.run) && !found_now(link));
        }
        let is_own =
            |link: &&Link| link.source.system == from.system && link.source.resource == from.resource && link.target_system == to.system;
        let mut own =
            links.iter().filter(is_own).filter_map(|link| Some((self.record_named(&link.part, &link.target_resource)?, link))).peekable();
        let Some(record) = own.peek().map(|(record, _)| *record) else { return Ok(None) };
        let mut ids: Vec<String> = own.filter(|(of, _)| *of == record).map(|(_, link)| link.target_id.clone()).collect();
        if self.flow.aggregate.is_some() {
            ids = in_one_question(ids);
        }
        ids.truncate(self.targets[record].capabilities.lookup_size.max(1));
        let present = self.fetch(record, &ids).await?;
        let told: Vec<(&String, bool)> =
            ids.iter().zip(&present).filter_map(|(id, present)| Some((id, self.is_gone(present.as_ref())?))).collect();
        let gone: Vec<&String> = told.iter().filter(|(_, is_gone)| *is_gone).map(|(id, _)| *id).collect();
        let chosen_in = links.iter().filter(|link| gone.contains(&&link.target_id)).filter_map(|link| self.chosen_in(link)).collect();
        Ok((!told.is_empty()).then_some(Looked { gone: gone.len(), asked: told.len(), chosen_in }))
    }

    /// Whether the target has lost what was linked; `None` where it cannot be told. A 0 that means nothing to the target is never sent of what is counted, so a number that it
    /// only takes for a 0 was another one.
    pub(crate) fn is_gone(&self, present: Option<&Candidate>) -> Option<bool> {
        match present {
            None => Some(true),
            Some(present) if present.standing == Standing::Assumed => self.flow.aggregate.is_some().then_some(true),
            Some(_) => Some(false),
        }
    }
}

/// How far from the first link to the last a run begins to look. Steps of the golden section never come to the same place twice, and leave no large gap.
fn share_of(run: RunId) -> f64 {
    const STEP: f64 = 0.618_033_988_749_895;
    // Runs are counted up from 1; nobody makes so many that digits are lost.
    (f64::from(u32::try_from(run.0).unwrap_or_default()) * STEP).fract()
}

/// Of the numbers with these identities the most that lie in one period or at one org unit: those are asked for in one request.
fn in_one_question(ids: Vec<String>) -> Vec<String> {
    let (period, org_unit) = (1, 2);
    let part = |id: &String, at: usize| id.split('.').nth(at).unwrap_or_default().to_owned();
    let groups = [period, org_unit].into_iter().flat_map(|at| group_by(ids.iter(), |id| part(id, at)).into_values());
    // The first of the largest, so that it is the same each time.
    let largest = groups.max_by(|one, other| one.len().cmp(&other.len()).then_with(|| other.cmp(one)));
    largest.map(|ids| ids.into_iter().cloned().collect()).unwrap_or_default()
}
