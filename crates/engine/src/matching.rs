//! Who a record is, when neither a link nor a key says so: what people decided, then rules and the score of `match`, then what `missing` says.
//!
//! Nothing is written to somebody who is only likely: what is not clear is rejected, and becomes a question with its candidates. What a person decided
//! holds in every later run. Two records of one new person in one page do not make two people: the second waits until the first is made, and finds it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use kivuko_core::catalogue::record as codes;
use kivuko_core::connector::{Action, NOT_YET, is_not_yet};
use kivuko_core::error::{Cause, Error};
use kivuko_core::flow::{Matching, Missing};
use kivuko_core::matching::{Person, Scored, Verdict, judge};
use kivuko_core::people::{Decided, DecisionKind, ReviewCandidate};
use kivuko_core::store::Reference;
use serde_json::Value;

use crate::claims::linked_elsewhere;
use crate::decide::open;
use crate::people::Acquaintances;
use crate::run::Execution;
use crate::unit::{Change, Decision, Found, Item, Unit};

/// What came of looking for somebody.
enum Answer {
    /// It is this record of the target.
    Is(Scored),
    /// Perhaps somebody whom this page is about to make.
    Later,
    Nobody,
    Unclear(Vec<Scored>),
}

impl Execution<'_> {
    /// Whether a record is not simply made when its key finds nothing.
    pub(crate) fn searches(&self, record: usize) -> bool {
        let spec = &self.flow.to.records[record];
        spec.matching.is_some() || spec.missing != Missing::Create
    }

    /// Decides on the open units that have no link and were not found by a key.
    pub(crate) async fn search(&mut self, record: usize, items: &[Item], units: &mut [Unit]) -> Result<(), Error> {
        let pending: Vec<usize> = open(units).filter(|&at| units[at].link.is_none()).collect();
        if pending.is_empty() || !self.searches(record) {
            return Ok(());
        }
        let flow = std::sync::Arc::clone(&self.flow);
        let Some(matching) = &flow.to.records[record].matching else {
            for at in pending {
                units[at].decision = self.nobody(record, &items[units[at].item], &mut units[at]);
            }
            return Ok(());
        };
        let decided = self.decided(items, units, &pending).await?;
        let mut chosen: Vec<(usize, String)> = Vec::new();
        let mut told: Vec<(usize, String)> = Vec::new();
        let mut asked: Vec<usize> = Vec::new();
        for at in pending {
            let (item, decision) = (&items[units[at].item], decided.get(&at));
            match decision.map(|decision| (decision.kind, &decision.target_id)) {
                Some((DecisionKind::Merge, Some(id))) => chosen.push((at, id.clone())),
                Some((DecisionKind::Link, Some(id))) => told.push((at, id.clone())),
                Some((DecisionKind::New | DecisionKind::Split, _)) => units[at].decision = self.nobody(record, item, &mut units[at]),
                Some((DecisionKind::Discard, _)) => {
                    let cause = Cause::new(codes::DECIDED_AGAINST, "a person decided that this record is not carried over");
                    units[at].decision = Decision::Skipped(vec![cause]);
                }
                _ => asked.push(at),
            }
        }
        chosen.extend(self.still_fitting(record, matching, items, units, &told, &decided).await?);
        let mut gone: HashSet<String> = HashSet::new();
        loop {
            let answers = self.answers(record, matching, items, units, &asked, &decided, &gone).await?;
            let ids: Vec<String> =
                answers.iter().filter_map(|(_, answer)| if let Answer::Is(one) = answer { Some(one.id.clone()) } else { None }).collect();
            let present = self.fetch(record, &ids).await?;
            let missing: Vec<String> =
                ids.iter().zip(&present).filter(|(_, one)| one.as_ref().is_none_or(|one| one.deleted)).map(|(id, _)| id.clone()).collect();
            if missing.is_empty() {
                self.follow(record, items, units, answers, &mut chosen);
                break;
            }
            // Deleted or made into something else since the index was read: nobody to be found.
            self.forget_people(record, missing.clone()).await?;
            gone.extend(missing);
        }
        self.meet(record, units, chosen).await?;
        reject_same_person(items, units);
        Ok(())
    }

    /// Of whom a person chose among candidates, those who are candidates still. The others are asked about anew: the row may name somebody else since.
    async fn still_fitting(
        &self,
        record: usize,
        matching: &Matching,
        items: &[Item],
        units: &mut [Unit],
        told: &[(usize, String)],
        decided: &HashMap<usize, Decided>,
    ) -> Result<Vec<(usize, String)>, Error> {
        let positions: Vec<usize> = told.iter().map(|(at, _)| *at).collect();
        if positions.is_empty() {
            return Ok(Vec::new());
        }
        let answers = self.answers(record, matching, items, units, &positions, decided, &HashSet::new()).await?;
        let mut fitting = Vec::new();
        for ((at, answer), (_, id)) in answers.into_iter().zip(told) {
            let others = match answer {
                Answer::Is(one) => vec![one],
                Answer::Unclear(many) => many,
                Answer::Later | Answer::Nobody => Vec::new(),
            };
            let nothing_known = units[at].person.as_ref().is_none_or(|person| person.is_blank());
            if nothing_known || others.iter().any(|one| one.id == *id) {
                // It is not looked for: a person has said who it is.
                (units[at].person, units[at].compared) = (None, Arc::default());
                fitting.push((at, id.clone()));
                continue;
            }
            let candidates = others.into_iter().chain([outdated(id.clone())]).map(candidate).collect();
            ask(&mut units[at], candidates);
        }
        Ok(fitting)
    }

    /// The newest decision on each of these units, where the flow looks for people.
    pub(crate) async fn decided_on(
        &self,
        record: usize,
        items: &[Item],
        units: &[Unit],
        pending: &[usize],
    ) -> Result<HashMap<usize, Decided>, Error> {
        let looks = self.flow.to.records[record].matching.is_some() && !pending.is_empty();
        if looks { self.decided(items, units, pending).await } else { Ok(HashMap::new()) }
    }

    /// The newest decision on each of these units.
    async fn decided(&self, items: &[Item], units: &[Unit], pending: &[usize]) -> Result<HashMap<usize, Decided>, Error> {
        let (from, to) = (&self.flow.from, &self.flow.to);
        let ids: Vec<String> = pending.iter().map(|&at| items[units[at].item].id.clone()).collect();
        let all = self.engine.store.decisions(&from.system, &from.resource, &ids, &to.system).await?;
        let newest: HashMap<(&str, &str), &Decided> = all.iter().map(|one| ((one.source.id.as_str(), one.part.as_str()), one)).collect();
        let of = |at: usize| newest.get(&(items[units[at].item].id.as_str(), units[at].part.as_str())).map(|one| (at, (*one).clone()));
        Ok(pending.iter().filter_map(|&at| of(at)).collect())
    }

    /// Looks for everybody who is asked for.
    #[allow(clippy::too_many_arguments, reason = "they belong to one page, and nothing else holds them together")]
    async fn answers(
        &self,
        record: usize,
        matching: &Matching,
        items: &[Item],
        units: &mut [Unit],
        asked: &[usize],
        decided: &HashMap<usize, Decided>,
        gone: &HashSet<String>,
    ) -> Result<Vec<(usize, Answer)>, Error> {
        for &at in asked {
            let mut person = Person::read(&matching.fields, &units[at].create, None);
            person.day = matching
                .day
                .as_ref()
                .and_then(|(source, _)| source.one(&items[units[at].item].value))
                .and_then(kivuko_core::value::text)
                .and_then(|text| kivuko_core::matching::date(&text));
            units[at].person = Some(Box::new(person));
            // What is made takes the mapped content with it.
            if !self.writes {
                units[at].compared = units[at].create.clone();
            }
        }
        let people: Vec<&Person> = asked.iter().filter_map(|&at| units[at].person.as_deref()).collect();
        let known = self.acquaintances(record, &people).await?;
        let creates = self.flow.to.records[record].missing == Missing::Create;
        let mut fresh: Vec<(usize, Vec<i64>)> = Vec::new();
        let mut answers = Vec::new();
        for &at in asked {
            let Some(person) = units[at].person.as_deref() else { continue };
            let among: Vec<(usize, &Person)> = self.among(person, &fresh, units);
            let mut answer = answer(matching, person, &known, &self.asking(person), &among, gone);
            // Who was unlinked by a person is not linked again without one.
            if decided.get(&at).is_some_and(|one| one.kind == DecisionKind::Unlink)
                && let Answer::Is(one) = &answer
            {
                answer = Answer::Unclear(vec![undone(one.id.clone())]);
            }
            if creates && matches!(answer, Answer::Nobody) {
                fresh.push((at, self.found_by(person)));
            }
            answers.push((at, answer));
        }
        Ok(answers)
    }

    /// Those whom this page is about to make and who share a key with somebody.
    fn among<'u>(&self, person: &Person, fresh: &[(usize, Vec<i64>)], units: &'u [Unit]) -> Vec<(usize, &'u Person)> {
        let asking = self.asking(person);
        let near = fresh.iter().filter(|(_, keys)| keys.iter().any(|key| asking.contains(key)));
        near.filter_map(|(at, _)| units[*at].person.as_deref().map(|person| (*at, person))).collect()
    }

    /// What follows from the answers, but for those who were found.
    fn follow(&self, record: usize, items: &[Item], units: &mut [Unit], answers: Vec<(usize, Answer)>, chosen: &mut Vec<(usize, String)>) {
        for (at, answer) in answers {
            let item = &items[units[at].item];
            let unit = &mut units[at];
            if unit.person.as_ref().is_none_or(|person| person.is_blank()) {
                let cause = Cause::new(codes::TOO_LITTLE_KNOWN, "neither a name nor a document says who this is");
                unit.decision = Decision::Rejected(vec![cause]);
                continue;
            }
            match answer {
                Answer::Is(one) => {
                    chosen.push((at, one.id.clone()));
                    unit.proposed = Some(candidate(one));
                }
                Answer::Nobody => unit.decision = self.nobody(record, item, unit),
                Answer::Later if self.writes => unit.later = true,
                // The run would have its id by then.
                Answer::Later => unit.decision = Decision::Unchanged { found: Some(Found { id: NOT_YET.to_owned(), version: None }) },
                Answer::Unclear(candidates) => {
                    ask(unit, candidates.into_iter().map(candidate).collect());
                }
            }
        }
    }

    /// The target does not have the record.
    fn nobody(&self, record: usize, item: &Item, unit: &mut Unit) -> Decision {
        let spec = &self.flow.to.records[record];
        match spec.missing {
            Missing::Create => Decision::Write(Change {
                action: Action::Create,
                target_id: None,
                target_version: None,
                body: std::mem::take(&mut unit.create),
                before: Value::Null,
            }),
            Missing::Wait => {
                Decision::Waiting(Reference { flow: format!("{}/{}", self.flow.to.system, spec.resource), source_id: item.id.clone() })
            }
            Missing::Reject => Decision::Rejected(vec![Cause::new(
                codes::NOT_IN_TARGET,
                format!("the target does not have this record among its {}, and the flow does not make it", spec.resource),
            )]),
        }
    }

    /// Compares those who were found with what the target holds of them.
    pub(crate) async fn meet(&self, record: usize, units: &mut [Unit], chosen: Vec<(usize, String)>) -> Result<(), Error> {
        let ids: Vec<String> = chosen.iter().map(|(_, id)| id.clone()).collect();
        let capabilities = &self.targets[record].capabilities;
        for ((at, _), present) in chosen.iter().zip(self.fetch(record, &ids).await?) {
            units[*at].decision = match present {
                Some(present) if !present.deleted => self.compare(capabilities, &units[*at], &present),
                _ => Decision::Rejected(vec![Cause::new(
                    kivuko_core::catalogue::target::TARGET_GONE,
                    "the record that a person chose for this one is no longer there; decide anew (`kivuko review`; for places `kivuko match` and the file of the crosswalk)",
                )]),
            };
        }
        Ok(())
    }
}

/// Several records of one page that are one person: all of them may belong to it, but none may write what another one overwrites.
fn reject_same_person(items: &[Item], units: &mut [Unit]) {
    let mut of: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, unit) in units.iter().enumerate().filter(|(_, unit)| unit.link.is_none()) {
        if let Some(id) = unit.target_id().filter(|id| !is_not_yet(id)) {
            of.entry(id.to_owned()).or_default().push(at);
        }
    }
    for positions in of.into_values().filter(|positions| positions.len() > 1) {
        for &at in &positions {
            let other = positions.iter().find(|&&other| other != at).map(|&other| items[units[other].item].id.clone());
            if let (Decision::Write(_), Some(other)) = (&units[at].decision, other) {
                units[at].decision = linked_elsewhere(&other);
            }
        }
    }
}

/// A key leads back to whom a person has parted this record from: that is asked, not followed.
pub(crate) fn ask_again(unit: &mut Unit, decided: Option<&Decided>) {
    let parted = decided.filter(|one| matches!(one.kind, DecisionKind::Unlink | DecisionKind::Split) && unit.link.is_none());
    let Some(parted) = parted.and_then(|one| one.target_id.as_deref()) else { return };
    if matches!(unit.decision, Decision::Unchanged { .. } | Decision::Write(_)) && unit.target_id() == Some(parted) {
        let again = undone(parted.to_owned());
        ask(unit, vec![candidate(again)]);
    }
}

fn ask(unit: &mut Unit, candidates: Vec<ReviewCandidate>) {
    let message = "a person has to decide who this is: `kivuko review list` shows the candidates";
    unit.decision = Decision::Rejected(vec![Cause::new(codes::NEEDS_DECISION, message)]);
    unit.review = candidates;
}

/// Somebody whom this record was parted from.
fn undone(id: String) -> Scored {
    let reasons = vec!["to be looked at: a person has undone an earlier link of this record".to_owned()];
    Scored { id, score: 1.0, reasons }
}

/// Somebody whom a person chose for this record, which says something else now.
fn outdated(id: String) -> Scored {
    let reason =
        "chosen by a person before, and the record does not say so any more; if it is this one all the same: `kivuko review merge`";
    Scored { id, score: 0.0, reasons: vec![reason.to_owned()] }
}

fn candidate(one: Scored) -> ReviewCandidate {
    ReviewCandidate { target_id: one.id, score: one.score, reasons: one.reasons, place: String::new() }
}

fn answer(
    matching: &Matching,
    person: &Person,
    known: &Acquaintances,
    asking: &[i64],
    among: &[(usize, &Person)],
    gone: &HashSet<String>,
) -> Answer {
    // No id of a target begins like this.
    let stand_in = |at: usize| format!("\u{0}{at}");
    let mut candidates = known.of(asking);
    candidates.retain(|(id, _)| !gone.contains(id));
    candidates.extend(among.iter().map(|(at, person)| (stand_in(*at), (*person).clone())));
    let is_new = |id: &str| id.starts_with('\u{0}');
    match judge(&matching.criteria, person, &candidates, known.common()) {
        Verdict::Same(one) if is_new(&one.id) => Answer::Later,
        Verdict::Same(one) => Answer::Is(one),
        Verdict::Unclear(many) if many.iter().any(|one| is_new(&one.id)) => Answer::Later,
        Verdict::Unclear(many) => Answer::Unclear(many),
        Verdict::Nobody => Answer::Nobody,
    }
}
