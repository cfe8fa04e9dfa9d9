//! Records that the source no longer has: tombstones, records that left the flow's `where`, and what is absent from a complete reading.
//!
//! Absence counts only after a reading that is known to be complete, and never for more records than `stop_above` allows: half a file looks just like
//! many deletions.

use kivuko_core::catalogue::run as codes;
use kivuko_core::connector::Action;
use kivuko_core::error::Error;
use kivuko_core::flow::{Detect, Then};
use kivuko_core::record::{Cursor, Page, Partition};
use kivuko_core::store::Link;
use serde_json::{Value, json};

use crate::known::Known;
use crate::run::{Execution, Watch};
use crate::unit::{Change, Decision, Early, Item, Unit};

/// The partition under which records are accounted for that were noticed by their absence.
const ABSENT: &str = "(absent)";

impl Execution<'_> {
    /// Deletes, or deactivates, what the removed items of a page are linked to, parts before what they are a part of.
    pub(crate) async fn remove(&mut self, items: &[Item], units: &mut Vec<Unit>, known: &Known) -> Result<(), Error> {
        for record in (0..self.flow.to.records.len()).rev() {
            let mut wave: Vec<Unit> = Vec::new();
            for (position, item) in items.iter().enumerate().filter(|(_, item)| item.early == Some(Early::Removed)) {
                for link in known.links_of(&item.id).iter().filter(|link| self.record_of(link) == Some(record)) {
                    wave.push(Self::removal(position, record, link));
                }
            }
            if wave.is_empty() {
                continue;
            }
            self.await_intents(record, items, &mut wave).await?;
            self.leave_out_gone(record, &mut wave).await?;
            self.hold_to_plan(items, &mut wave);
            let delivered = if self.writes { self.deliver(record, items, &mut wave).await } else { Ok(None) };
            units.append(&mut wave);
            if let Some(error) = delivered? {
                return Err(error);
            }
        }
        Ok(())
    }

    fn record_of(&self, link: &Link) -> Option<usize> {
        let part = link.part.split('#').next().unwrap_or_default();
        self.flow.to.records.iter().position(|record| record.name == part && record.resource == link.target_resource)
    }

    fn removal(item: usize, record: usize, link: &Link) -> Unit {
        let mut unit = Unit::new(item, record, &link.part, Decision::Open);
        unit.key = link.key.clone();
        unit.link = Some(link.clone());
        unit
    }

    fn removing(&self, link: &Link) -> Change {
        let deactivates = self.flow.deletes.then == Then::Deactivate;
        Change {
            action: if deactivates { Action::Deactivate } else { Action::Delete },
            target_id: Some(link.target_id.clone()),
            target_version: link.version.clone(),
            body: if deactivates { json!({ "active": false }) } else { Value::Null },
            before: Value::Null,
        }
    }

    /// What is gone already needs no request; only the link goes.
    async fn leave_out_gone(&self, record: usize, wave: &mut [Unit]) -> Result<(), Error> {
        let ids: Vec<String> = wave.iter().filter_map(|unit| unit.target_id().map(str::to_owned)).collect();
        for (unit, present) in wave.iter_mut().zip(self.fetch(record, &ids).await?) {
            let gone = present.is_none_or(|present| present.deleted);
            let Some(link) = &unit.link else { continue };
            let change = self.removing(link);
            unit.decision =
                if gone { Decision::Written { change, id: link.target_id.clone(), version: None } } else { Decision::Write(change) };
        }
        Ok(())
    }

    /// After a complete reading: what was linked and has not been seen in it.
    pub(crate) async fn delete_absent(&mut self, watch: &dyn Watch) -> Result<(), Error> {
        if self.flow.deletes.detect != Detect::Absence || self.flow.deletes.then == Then::Ignore || self.counts.failed > 0 {
            return Ok(());
        }
        let mut absent: Vec<String> = Vec::new();
        let mut after = String::new();
        loop {
            let links = self.engine.store.unseen(&self.flow.name, self.run, &after, self.engine.pace.page_size).await?;
            let Some(last) = links.last() else { break };
            after.clone_from(&last.source.id);
            absent.extend(links.into_iter().map(|link| link.source.id));
        }
        absent.dedup();
        self.guard_absence(absent.len() as u64).await?;
        let partition = Partition(ABSENT.to_owned());
        for ids in absent.chunks(self.engine.pace.page_size) {
            let known = self.known(ids).await?;
            let records = ids
                .iter()
                .map(|id| kivuko_core::record::SourceRecord {
                    id: Some(id.clone()),
                    place: "no longer in the source".to_owned(),
                    version: None,
                    deleted: true,
                    body: Ok(bytes::Bytes::from_static(b"null")),
                })
                .collect();
            let page = Page { records, next: Cursor { value: String::new(), time: None } };
            self.page(&partition, page, &known, false, false, watch).await?;
        }
        Ok(())
    }

    async fn guard_absence(&self, absent: u64) -> Result<(), Error> {
        let linked = self.engine.store.count_links(&self.flow.name).await?;
        let Some(limit) = self.flow.deletes.stop_above else { return Ok(()) };
        if linked > 0 && absent as f64 / linked as f64 > limit {
            return Err(Error::stop(
                codes::TOO_MANY_DELETES,
                format!(
                    "{absent} of {linked} linked records are missing from the source, more than `stop_above` allows; nothing was deleted"
                ),
            ));
        }
        Ok(())
    }
}
