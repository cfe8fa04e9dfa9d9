//! Questions to a person: what the two sides hold now, and the keeping of what was decided.

use std::sync::Arc;

use kivuko_core::catalogue::run as codes;
use kivuko_core::connector::ReadRequest;
use kivuko_core::error::Error;
use kivuko_core::flow::{Flow, TargetRecord};
use kivuko_core::people::{Decided, DecisionKind, ReviewRow};
use kivuko_core::record::Partition;
use kivuko_core::store::{Link, RunId, SourceKey};
use serde_json::Value;

use crate::engine::Engine;
use crate::known::{Known, KnownReferences};
use crate::options::RunOptions;
use crate::proposals::texts;
use crate::run::Execution;

/// One field of a question, side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// What it says of a person: `surname`.
    pub field: &'static str,
    /// Where it stands in the target.
    pub path: String,
    /// What the record of the source would write.
    pub record: String,
    /// What each candidate holds, in their order; a candidate who is not there any more holds nothing.
    pub candidates: Vec<String>,
}

/// Who decided, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    pub name: String,
    pub reason: String,
}

impl Engine {
    /// The values of a question side by side, fetched from both systems now. Nothing of them is kept.
    pub async fn sides(&self, row: &ReviewRow) -> Result<Vec<Side>, Error> {
        let flow = self.flow(&row.flow)?;
        let review = &row.review;
        let part = review.part.split('#').next().unwrap_or_default();
        let Some(record) = flow.to.records.iter().position(|spec| spec.name == part) else { return Ok(Vec::new()) };
        let Some(matching) = flow.to.records[record].matching.clone() else { return Ok(Vec::new()) };
        let options = RunOptions { only: vec![review.source.id.clone()], ..RunOptions::default() };
        let mut execution = Execution::new(self, Arc::clone(&flow), RunId(0), false, false);
        execution.open_targets().await?;
        let source = execution.open_source(&options)?;
        let mut ours = Value::Null;
        for partition in source.partitions().await? {
            if let Some(found) = execution.read_again(&*source, partition, record, &review.source.id, &review.part).await? {
                ours = found;
            }
        }
        let ids: Vec<String> = review.candidates.iter().map(|candidate| candidate.target_id.clone()).collect();
        let theirs = execution.fetch(record, &ids).await?;
        Ok(matching
            .fields
            .0
            .iter()
            .map(|(field, path)| Side {
                field: field.word(),
                path: path.to_string(),
                record: texts(path, &ours),
                candidates: theirs.iter().map(|one| one.as_ref().map(|one| texts(path, &one.body)).unwrap_or_default()).collect(),
            })
            .collect())
    }

    /// Answers an open question.
    ///
    /// # Errors
    /// There is no such question, or the candidate is not one of its candidates.
    pub async fn answer(&self, id: i64, kind: DecisionKind, candidate: Option<&str>, by: By) -> Result<Decided, Error> {
        let row = self.open_question(id).await?;
        if row.crosswalk().is_some() {
            let message = format!("the question {id} is about a pair of places that has changed; it is answered with keep, end or refuse");
            return Err(Error::configuration(codes::OTHER_QUESTION, message));
        }
        let chosen = match candidate {
            None => None,
            // By its id, or by its number in the list.
            Some(text) => {
                let by_number = text.parse::<usize>().ok().and_then(|number| row.review.candidates.get(number.checked_sub(1)?));
                let found = row.review.candidates.iter().find(|one| one.target_id == text).or(by_number);
                let found = found.ok_or_else(|| {
                    Error::configuration(
                        codes::UNKNOWN_REVIEW,
                        format!("the question {id} has no candidate `{text}`; `review show {id}` lists them"),
                    )
                })?;
                Some(found.target_id.clone())
            }
        };
        let review = row.review;
        let decided = Decided {
            kind,
            flow: row.flow,
            source: review.source,
            part: review.part,
            target_system: review.target_system,
            target_resource: review.target_resource,
            target_id: chosen,
            by: by.name,
            reason: by.reason,
            at: self.clock.now(),
        };
        self.store.decide(&decided).await?;
        Ok(decided)
    }

    /// Changes who a record is, whether it was asked about or not: undoes its link, or puts another one in its place at the next run.
    ///
    /// # Errors
    /// The flow does not look for people, or the record has no link that could be undone.
    pub async fn correct(&self, flow: &str, source_id: &str, kind: DecisionKind, target: Option<&str>, by: By) -> Result<Decided, Error> {
        let flow = self.flow(flow)?;
        let spec = flow.to.records.iter().find(|spec| spec.matching.is_some());
        let spec = spec.ok_or_else(|| {
            Error::configuration(codes::NOT_LINKED, format!("the flow `{}` does not look for people: it has no `match`", flow.name))
        })?;
        let links = self.store.links(&flow.from.system, &flow.from.resource, &[source_id.to_owned()], &flow.to.system).await?;
        let own = |link: &&Link| link.part.split('#').next() == Some(spec.name.as_str()) && link.target_resource == spec.resource;
        let link = links.iter().find(own);
        if link.is_none() && kind != DecisionKind::Merge {
            let message = format!("the flow `{}` has linked the record `{source_id}` to nothing", flow.name);
            return Err(Error::configuration(codes::NOT_LINKED, message));
        }
        if let Some(target) = target {
            self.both_are_there(&flow, spec, source_id, link.is_some(), target).await?;
        }
        let decided = Decided {
            kind,
            flow: flow.name.clone(),
            source: SourceKey { system: flow.from.system.clone(), resource: flow.from.resource.clone(), id: source_id.to_owned() },
            part: link.map_or_else(|| spec.name.clone(), |link| link.part.clone()),
            target_system: flow.to.system.clone(),
            target_resource: spec.resource.clone(),
            target_id: target.map(str::to_owned).or_else(|| link.map(|link| link.target_id.clone())),
            by: by.name,
            reason: by.reason,
            at: self.clock.now(),
        };
        self.store.decide(&decided).await?;
        Ok(decided)
    }
}

impl Engine {
    /// Refuses a decision on a record that the source, or one that the target does not have: it would wait for ever, and nobody would notice the slip.
    async fn both_are_there(
        &self,
        flow: &Arc<Flow>,
        spec: &TargetRecord,
        source_id: &str,
        linked: bool,
        target: &str,
    ) -> Result<(), Error> {
        let Some(record) = flow.to.records.iter().position(|one| one.name == spec.name) else { return Ok(()) };
        let options = RunOptions { only: vec![source_id.to_owned()], ..RunOptions::default() };
        let mut execution = Execution::new(self, Arc::clone(flow), RunId(0), false, false);
        execution.open_targets().await?;
        let found = execution.fetch(record, &[target.to_owned()]).await?.into_iter().flatten().next();
        if found.is_none_or(|found| found.deleted) {
            let message = format!("{} has no record `{target}` among its {}, or it is deleted", flow.to.system, spec.resource);
            return Err(Error::configuration(codes::UNKNOWN_REVIEW, message));
        }
        // A group is none of the records that the source hands out.
        if linked || flow.from.rows.is_some() {
            return Ok(());
        }
        let source = execution.open_source(&options)?;
        for partition in source.partitions().await? {
            let request = ReadRequest { only: Some(options.only.clone()), ..execution.request(&partition) };
            let mut pages = source.read(request).await?;
            while let Some(page) = pages.next().await? {
                if page.records.iter().any(|record| record.id.as_deref().map(str::trim) == Some(source_id)) {
                    return Ok(());
                }
            }
        }
        let message = format!("{} has no record `{source_id}` in {}", flow.from.system, flow.from.resource);
        Err(Error::configuration(codes::UNKNOWN_REVIEW, message))
    }
}

impl Execution<'_> {
    /// What a record of the source becomes, mapped anew and compared with nothing.
    async fn read_again(
        &self,
        source: &dyn kivuko_core::connector::Source,
        partition: Partition,
        record: usize,
        id: &str,
        part: &str,
    ) -> Result<Option<Value>, Error> {
        let request = ReadRequest {
            partition,
            from: None,
            since: None,
            until: None,
            only: Some(vec![id.to_owned()]),
            paths: self.flow.mapping.paths(),
            page_size: self.engine.pace.page_size,
        };
        let mut pages = source.read(request).await?;
        while let Some(page) = pages.next().await? {
            let items: Vec<_> = page.records.into_iter().map(|record| self.item(record)).collect();
            let mut references = KnownReferences::default();
            let mut units = self.map_all(record, (&items, 0..items.len()), &[], &Known::default(), &references, None);
            if self.resolve(&mut references).await? {
                units = self.map_all(record, (&items, 0..items.len()), &[], &Known::default(), &references, None);
            }
            let found = units.into_iter().find(|unit| unit.part == part && items[unit.item].id == id);
            if let Some(unit) = found {
                return Ok(Some(Arc::unwrap_or_clone(unit.create)));
            }
        }
        Ok(None)
    }
}
