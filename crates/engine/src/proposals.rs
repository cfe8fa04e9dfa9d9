//! What the matcher says of the records of a flow that have no link yet. A plan that tells of people, and writes nothing.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use kivuko_core::catalogue::{record, run as codes};
use kivuko_core::error::Error;
use kivuko_core::outcome::Counts;
use kivuko_core::people::{Decided, DecisionKind, ReviewCandidate};
use kivuko_core::store::{RunId, SourceKey};
use kivuko_core::value;
use serde::Serialize;
use serde_json::Value;

use crate::engine::Engine;
use crate::plan::PlanOptions;
use crate::review::{By, Side};
use crate::run::{Execution, Watch};
use crate::unit::{Decision, Item, Unit};

/// More records than this nobody looks through in one table.
const MOST: usize = 100_000;

/// What the matcher says of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Says {
    /// It is the one candidate; a run takes it.
    Same,
    /// It may be one of the candidates; a person has to say.
    Unclear,
    /// It is nobody whom the target holds.
    Nobody,
    /// It is somebody whom an earlier record of the same page makes.
    Later,
    /// Nothing tells who it is.
    Unknown,
}

impl Says {
    /// The word for it in tables and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Unclear => "unclear",
            Self::Nobody => "nobody",
            Self::Later => "later",
            Self::Unknown => "unknown",
        }
    }
}

/// A record of the source that has no link yet, and on which nobody has decided.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proposal {
    pub source_id: String,
    /// The target record of the flow that it would become.
    pub part: String,
    /// Where it stands in the source.
    pub place: String,
    pub says: Says,
    /// The best first.
    pub candidates: Vec<ReviewCandidate>,
    /// Both sides field by field, where they were asked for: people's values.
    #[serde(skip)]
    pub sides: Vec<Side>,
    #[serde(skip)]
    ours: Value,
}

/// One decision of a person on a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub source_id: String,
    pub part: String,
    /// `Link`, `New` or `Discard`.
    pub kind: DecisionKind,
    /// Whom it is, for `Link`.
    pub candidate: Option<String>,
    pub by: By,
    /// Where the decision stands, for messages: `decisions.csv, row 3`.
    pub place: String,
}

/// What became of decisions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    pub kept: Vec<Decided>,
    /// How many were the decision that holds already.
    pub before: usize,
}

/// Gathers the proposals of a plan while it hands on how far it is.
struct Gathering<'w> {
    watch: &'w dyn Watch,
    found: Mutex<Vec<Proposal>>,
}

impl Watch for Gathering<'_> {
    fn page(&self, counts: &Counts) {
        self.watch.page(counts);
    }

    fn proposed(&self, proposal: Proposal) {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).push(proposal);
    }
}

impl Engine {
    /// What the matcher says of each record of a flow that has no link yet. Writes to no system; the index of people in the store is brought up to date.
    ///
    /// # Errors
    /// The flow does not look for people, or a system cannot be read; what was found until then is not handed out.
    pub async fn matches(
        &self,
        flow: &str,
        only: &[String],
        limit: Option<u64>,
        values: bool,
        watch: &dyn Watch,
    ) -> Result<Vec<Proposal>, Error> {
        self.looks_for_people(flow)?;
        let mut found = self.proposals(flow, only, limit, watch).await?;
        if only.is_empty() && limit.is_none() {
            // A list that is read from where the last run stopped does not have them again.
            let seen: BTreeSet<&str> = found.iter().map(|one| one.source_id.as_str()).collect();
            let earlier: Vec<String> = self.left_open(flow).await?.into_iter().filter(|id| !seen.contains(id.as_str())).collect();
            if !earlier.is_empty() {
                found.extend(self.proposals(flow, &earlier, None, watch).await?);
            }
        }
        if values {
            self.side_by_side(flow, &mut found).await?;
        }
        Ok(found)
    }

    async fn proposals(&self, flow: &str, only: &[String], limit: Option<u64>, watch: &dyn Watch) -> Result<Vec<Proposal>, Error> {
        let gathering = Gathering { watch, found: Mutex::default() };
        let options = PlanOptions { only: only.to_vec(), limit, ..PlanOptions::default() };
        let report = self.plan(flow, &options, &gathering).await?;
        match report.error {
            Some(error) => Err(error),
            None => Ok(gathering.found.into_inner().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    /// The records that earlier runs could not link.
    async fn left_open(&self, flow: &str) -> Result<BTreeSet<String>, Error> {
        let of_people = [record::NEEDS_DECISION, record::NOT_IN_TARGET, record::TOO_LITTLE_KNOWN];
        let rejected = self.store.rejections(Some(flow), MOST).await?;
        let rejected = rejected.into_iter().filter(|row| row.causes.iter().any(|cause| of_people.contains(&cause.code)));
        let waiting = self.store.waiting(flow).await?;
        Ok(rejected.map(|row| row.source_id).chain(waiting.into_iter().map(|one| one.source_id)).collect())
    }

    /// Keeps what a person decided on proposals. All of it is checked before the first decision is kept.
    ///
    /// # Errors
    /// A record is not open, was not proposed with this candidate, or is decided on twice.
    pub async fn choose(&self, flow: &str, choices: Vec<Choice>, watch: &dyn Watch) -> Result<Kept, Error> {
        self.looks_for_people(flow)?;
        let flow = self.flow(flow)?;
        let refused = |choice: &Choice, why: &str| {
            Error::configuration(
                codes::DECISION_UNFIT,
                format!("{}: the decision on `{}` {why}; nothing was kept", choice.place, choice.source_id),
            )
        };
        let mut seen: HashMap<(&str, &str), &Choice> = HashMap::new();
        let mut single: Vec<&Choice> = Vec::new();
        for choice in &choices {
            match seen.insert((&choice.source_id, &choice.part), choice) {
                None => single.push(choice),
                // `new` beside each of several candidates is one decision.
                Some(other) if (other.kind, &other.candidate) == (choice.kind, &choice.candidate) => {}
                Some(other) => return Err(refused(choice, &format!("contradicts the one at {}", other.place))),
            }
        }
        let ids: Vec<String> = single.iter().map(|choice| choice.source_id.clone()).collect::<BTreeSet<_>>().into_iter().collect();
        if ids.is_empty() {
            return Ok(Kept::default());
        }
        let (from, to) = (&flow.from, &flow.to);
        let earlier = self.store.decisions(&from.system, &from.resource, &ids, &to.system).await?;
        let newest: HashMap<(&str, &str), &Decided> =
            earlier.iter().map(|one| ((one.source.id.as_str(), one.part.as_str()), one)).collect();
        let mut outcome = Kept::default();
        let mut fresh: Vec<&Choice> = Vec::new();
        for choice in single {
            let holds = newest.get(&(choice.source_id.as_str(), choice.part.as_str()));
            match holds {
                Some(one) if (one.kind, &one.target_id) == (choice.kind, &choice.candidate) => outcome.before += 1,
                _ => fresh.push(choice),
            }
        }
        if fresh.is_empty() {
            return Ok(outcome);
        }
        let asked: Vec<String> = fresh.iter().map(|choice| choice.source_id.clone()).collect::<BTreeSet<_>>().into_iter().collect();
        let open = self.matches(&flow.name, &asked, None, false, watch).await?;
        let open: HashMap<(&str, &str), &Proposal> = open.iter().map(|one| ((one.source_id.as_str(), one.part.as_str()), one)).collect();
        for choice in fresh {
            let proposal = open
                .get(&(choice.source_id.as_str(), choice.part.as_str()))
                .ok_or_else(|| refused(choice, "is not asked for: the record is linked, decided on, or not in the source any more"))?;
            if let Some(candidate) = &choice.candidate
                && !proposal.candidates.iter().any(|one| one.target_id == *candidate)
            {
                return Err(refused(choice, &format!("names `{candidate}`, who is not a candidate now")));
            }
            let part = choice.part.split('#').next().unwrap_or_default();
            let resource = to.records.iter().find(|spec| spec.name == part).map(|spec| spec.resource.clone());
            outcome.kept.push(Decided {
                kind: choice.kind,
                flow: flow.name.clone(),
                source: SourceKey { system: from.system.clone(), resource: from.resource.clone(), id: choice.source_id.clone() },
                part: choice.part.clone(),
                target_system: to.system.clone(),
                target_resource: resource.unwrap_or_default(),
                target_id: choice.candidate.clone(),
                by: choice.by.name.clone(),
                reason: choice.by.reason.clone(),
                at: self.clock.now(),
            });
        }
        for decided in &outcome.kept {
            self.store.decide(decided).await?;
        }
        Ok(outcome)
    }

    fn looks_for_people(&self, flow: &str) -> Result<(), Error> {
        let flow = self.flow(flow)?;
        if flow.looks_for_people() {
            return Ok(());
        }
        Err(Error::configuration(codes::NOT_LINKED, format!("the flow `{}` does not look for people: it has no `match`", flow.name)))
    }

    /// Fetches what the target holds of all candidates, and puts it beside what the source says.
    async fn side_by_side(&self, flow: &str, proposals: &mut [Proposal]) -> Result<(), Error> {
        let flow = self.flow(flow)?;
        let mut execution = Execution::new(self, Arc::clone(&flow), RunId(0), false, false);
        execution.open_targets().await?;
        for (record, spec) in flow.to.records.iter().enumerate() {
            let Some(matching) = &spec.matching else { continue };
            let own: Vec<&mut Proposal> =
                proposals.iter_mut().filter(|one| one.part.split('#').next() == Some(spec.name.as_str())).collect();
            let ids: BTreeSet<String> = own.iter().flat_map(|one| &one.candidates).map(|one| one.target_id.clone()).collect();
            let ids: Vec<String> = ids.into_iter().collect();
            let bodies = execution.fetch(record, &ids).await?;
            let theirs: HashMap<&String, Value> = ids.iter().zip(bodies).filter_map(|(id, one)| one.map(|one| (id, one.body))).collect();
            for proposal in own {
                proposal.sides = matching
                    .fields
                    .0
                    .iter()
                    .map(|(field, path)| Side {
                        field: field.word(),
                        path: path.to_string(),
                        record: texts(path, &proposal.ours),
                        candidates: proposal
                            .candidates
                            .iter()
                            .map(|one| theirs.get(&one.target_id).map(|body| texts(path, body)).unwrap_or_default())
                            .collect(),
                    })
                    .collect();
            }
        }
        Ok(())
    }
}

/// What stands at a path, as one text.
pub(crate) fn texts(path: &kivuko_core::path::SourcePath, body: &Value) -> String {
    let mut found = Vec::new();
    path.read(body, &mut found);
    found.into_iter().filter_map(value::text).collect::<Vec<_>>().join(", ")
}

/// What is told of a unit whose person was looked for; of nobody else.
pub(crate) fn proposal(item: &Item, unit: &Unit) -> Option<Proposal> {
    let person = unit.person.as_ref()?;
    let (says, candidates) = match &unit.proposed {
        _ if person.is_blank() => (Says::Unknown, Vec::new()),
        Some(one) => (Says::Same, vec![one.clone()]),
        None if !unit.review.is_empty() => (Says::Unclear, unit.review.clone()),
        None if matches!(unit.decision, Decision::Unchanged { .. }) => (Says::Later, Vec::new()),
        None => (Says::Nobody, Vec::new()),
    };
    Some(Proposal {
        source_id: item.id.clone(),
        part: unit.part.clone(),
        place: item.place.clone(),
        says,
        candidates,
        sides: Vec::new(),
        ours: Value::clone(&unit.compared),
    })
}
