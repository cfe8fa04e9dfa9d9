//! Numbers that somebody changed in the target: what a number comes to is the source's alone, so it is written over when the source changes it, and never without a word. Of each it is told what
//! was there, whether the flow counts it or carries it; of what is taken away only where it is counted. What is no number, or what the sheet does not show, is not repeated.

use kivuko_core::catalogue::run as codes;
use kivuko_core::connector::{Action, Candidate, Standing};
use kivuko_core::error::Cause;
use kivuko_core::numbers::is_number;
use kivuko_core::value;
use serde_json::Value;

use super::send::{Cell, body_of};
use super::taking_back::is_same;
use crate::run::Execution;
use crate::unit::{Decision, Unit};

impl Execution<'_> {
    /// Tells of a number that is to be written over, or taken away, and that is none that this flow has sent.
    pub(crate) fn tell_written_over(&self, source_id: &str, unit: &mut Unit, present: &Candidate) {
        let Decision::Write(change) = &unit.decision else { return };
        let cause = match change.action {
            Action::Create => None,
            _ if self.sending.is_some() => self.written_over(unit, source_id, present),
            Action::Update => self.carried_over(unit, &change.body, present),
            Action::Delete | Action::Deactivate => None,
        };
        unit.warnings.extend(cause);
    }

    /// The same of a flow that carries numbers. What it sent last is known as a hash alone.
    fn carried_over(&self, unit: &Unit, body: &Value, present: &Candidate) -> Option<Cause> {
        let opened = &self.targets[unit.record];
        // Of what a killed run was sending nobody knows whether it is what is there.
        if opened.numbers.is_none() || unit.interrupted.is_some() || present.deleted || present.standing != Standing::Usual {
            return None;
        }
        let is_seen =
            self.flow.mapping.is_seen(&self.flow.to.records[unit.record].name, "value") && self.holds_numbers(unit, &present.body);
        let shown = |value| shown(value, is_seen);
        let (due, there) = (body.get("value")?.as_str()?, present.body.get("value")?.as_str()?);
        let in_form = opened.target.conform(present.body.clone()).ok()?;
        let hash = value::hashes(&self.hash_key, in_form.as_object()?).0.remove("value");
        let what = match &unit.sent {
            Some(sent) if sent.fields.get("value") == hash.as_ref() => return None,
            Some(_) => "somebody changed it in the target",
            None => "another number was there, which this flow had not sent",
        };
        Some(Cause::new(codes::NUMBER_WRITTEN_OVER, format!("{what}: {} was there, {} is due", shown(there), shown(due))))
    }

    fn written_over(&self, unit: &Unit, source_id: &str, present: &Candidate) -> Option<Cause> {
        let cell = self.sending.as_ref()?.cells.get(source_id)?;
        // What is only assumed was lost.
        if present.deleted || present.standing != Standing::Usual {
            return None;
        }
        let there = present.body["value"].as_str()?;
        if is_same(present, cell.row.value.as_deref()) || self.has_sent(unit, cell, source_id, there) {
            return None;
        }
        let is_seen = self.holds_numbers(unit, &present.body);
        // What was counted is nobody's.
        let counted = |value| shown(value, true);
        let sent = cell.row.value.as_deref();
        let was_sent = sent.filter(|sent| self.has_sent(unit, cell, source_id, sent));
        let what = match was_sent {
            None if sent.is_none() && unit.link.is_none() => "another number was there, which this flow had not sent",
            _ => "somebody changed it in the target",
        };
        let taken_away = if cell.value.is_none() { ", and no number is due any more" } else { "" };
        let was_sent = was_sent.map(|sent| format!(", {} was sent", counted(sent))).unwrap_or_default();
        let due = cell.value.as_ref().map(|due| format!(", {} is due", counted(due))).unwrap_or_default();
        // What differs from number to number stands behind what they have in common.
        let message = format!("{what}{taken_away}: {} was there{was_sent}{due}", shown(there, is_seen));
        Some(Cause::new(codes::NUMBER_WRITTEN_OVER, message))
    }

    /// Whether the element of a number is of a type that holds numbers, as far as is known. A telephone number looks like one too.
    fn holds_numbers(&self, unit: &Unit, body: &Value) -> bool {
        let element = body.get("dataElement").and_then(Value::as_str);
        let called = self.targets[unit.record].numbers.as_ref();
        called.zip(element).is_some_and(|(called, element)| called.is_numeric(element))
    }

    /// Whether a value is the one that was sent last, or one that a run was sending when it was killed. (A cell says it too, but where the target refused a value and a person gave that up.)
    fn has_sent(&self, unit: &Unit, cell: &Cell, source_id: &str, value: &str) -> bool {
        let own = self.intents.iter().filter(|open| open.intent.flow == self.flow.name && open.intent.source.id == source_id);
        // A revert that was killed gave back what was there before, whatever that was.
        if own.clone().any(|open| open.intent.hash.is_empty() && open.intent.action != Action::Delete) {
            return true;
        }
        let mut hashes = own.map(|open| open.intent.hash.as_str()).chain(unit.sent.iter().map(|sent| sent.hash.as_str())).peekable();
        if hashes.peek().is_none() {
            return false;
        }
        let body = self.targets[unit.record].target.conform(body_of(&cell.row, Some(value)));
        body.is_ok_and(|body| {
            let hash = value::hash(&self.hash_key, &body);
            hashes.any(|sent| sent == hash)
        })
    }
}

/// A number as it is told. What is none may be a text that somebody typed, and what may not be seen is a person's: neither is repeated.
fn shown(value: &str, is_seen: bool) -> &str {
    match (is_number(value), is_seen) {
        (true, true) => value,
        (true, false) => "a value",
        (false, _) => "a text",
    }
}
