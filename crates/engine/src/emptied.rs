//! A target that was emptied behind the back of a flow: nothing has changed in the source, so nothing would be looked for there, and the run would look well.
//!
//! A run that wrote nothing (a plan that would write nothing) asks for a few of the linked records, in one request. It says what it found and changes nothing.

use kivuko_core::catalogue::run as codes;
use kivuko_core::error::{Cause, Error};
use kivuko_core::outcome::Outcome;
use kivuko_core::store::{Link, RunId};

use crate::run::Execution;

/// So many linked records are asked for.
const ASKED_FOR: usize = 20;

impl Execution<'_> {
    /// Tells if most of a few linked records are no longer in the target.
    pub(crate) async fn tell_emptied(&mut self) {
        let wrote = &self.counts.writes;
        let nothing = wrote.created + wrote.updated + wrote.deleted == 0;
        // What is written again tells by itself; parts of a target are opened only where a record belongs to them.
        if !nothing || self.again || self.flow.to.scope.is_some() {
            return;
        }
        match self.gone_of_a_few().await {
            Ok(Some((gone, asked))) if gone * 2 > asked => {
                // In a file the id is the key, which may be somebody's name.
                let message = format!(
                    "{gone} of {asked} linked records that were looked for in {} are no longer there. Unchanged means that the source says what was sent before. If {} was emptied or put back, `run {} --again` writes again what is gone",
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

    /// A few of the linked records of one of the flow's target records: how many are gone, and how many were asked for.
    async fn gone_of_a_few(&self) -> Result<Option<(usize, usize)>, Error> {
        let (from, to) = (&self.flow.from, &self.flow.to);
        let links = self.engine.store.unseen(&self.flow.name, RunId(i64::MAX), "", ASKED_FOR).await?;
        let is_own =
            |link: &&Link| link.source.system == from.system && link.source.resource == from.resource && link.target_system == to.system;
        let mut own =
            links.iter().filter(is_own).filter_map(|link| Some((self.record_named(&link.part, &link.target_resource)?, link))).peekable();
        let Some(record) = own.peek().map(|(record, _)| *record) else { return Ok(None) };
        let mut ids: Vec<String> = own.filter(|(of, _)| *of == record).map(|(_, link)| link.target_id.clone()).collect();
        ids.truncate(self.targets[record].capabilities.lookup_size.max(1));
        let present = self.fetch(record, &ids).await?;
        let gone = present.iter().filter(|present| present.is_none()).count();
        Ok(Some((gone, ids.len())))
    }
}
