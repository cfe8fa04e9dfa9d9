//! What others changed in the target: `run --again`, which is for what a target has lost, leaves it alone.
//!
//! A record of the target that is not older than what we left there has lost nothing. Where it differs from the source, somebody changed it. Only one that is older was put back to a
//! state of before, and is compared as a whole. Where the target has no versions everything is compared.

use jiff::Timestamp;
use jiff::civil::DateTime;
use kivuko_core::catalogue::run as codes;
use kivuko_core::connector::{Candidate, Capabilities};
use kivuko_core::diff;
use kivuko_core::error::Cause;
use kivuko_core::store::Link;
use serde_json::Value;

use crate::run::Execution;
use crate::unit::Unit;

impl Execution<'_> {
    /// Whether only what the source changed since it was sent travels, although all is compared with the target.
    pub(crate) fn is_left_to_others(&self, link: &Link, present: &Candidate) -> bool {
        match &self.sending {
            // What a number comes to is the source's alone, as long as it may be corrected.
            Some(_) => self.is_only_given_again(&link.source.id),
            None => self.again && !self.overwrites && !was_put_back(link.version.as_deref(), present.version.as_deref()),
        }
    }

    /// Whether a number is written only where the target has lost it: it lies further back than late changes may correct.
    pub(crate) fn is_only_given_again(&self, cell: &str) -> bool {
        self.sending.as_ref().and_then(|sending| sending.cells.get(cell)).is_some_and(|cell| cell.only_if_lost)
    }

    /// Whether a number that somebody deleted is left so: the records come to what was sent of it. `--force`, which writes over what others did, cannot do that here, and says so.
    pub(crate) fn is_left_deleted(&self, unit: &Unit, present: &Candidate) -> bool {
        let as_sent = unit.sent.as_ref().is_some_and(|sent| sent.hash == unit.hash) && unit.interrupted.is_none();
        self.sending.is_some() && as_sent && self.again && !self.overwrites && present.deleted && present.barred().is_none()
    }

    /// What is told of a record whose other fields are left as they are.
    pub(crate) fn left_to_others(&self, capabilities: &Capabilities, unit: &Unit, present: &Candidate) -> Option<Cause> {
        let (link, sent) = (unit.link.as_ref()?, unit.sent.as_ref()?);
        if unit.interrupted.is_some() && self.sending.is_none() || present.barred().is_some() || !self.is_left_to_others(link, present) {
            return None;
        }
        let mut desired = Value::clone(&unit.update);
        self.leave_what_is_filled(unit.record, &mut desired, present);
        let merged = diff::merge(&present.body, &desired, &capabilities.replaced_whole);
        let mut left = diff::changed_fields(&present.body, &merged);
        left.retain(|name| sent.fields.get(name) == unit.fields.get(name));
        if left.is_empty() {
            return None;
        }
        let how = if self.sending.is_some() { "run --again --periods PERIOD" } else { "run --force" };
        let message =
            format!("somebody changed it in the target, and the source says what it said before: left as it is (`{how}` writes it over)");
        Some(Cause::new(codes::LEFT_TO_OTHERS, message).field(left.join(", ")))
    }
}

/// What is told of a number that is left deleted.
pub(crate) fn left_deleted() -> Cause {
    let message = "somebody deleted it in the target, and the source says what it said before: left as it is (`restore: true` in the flow gives it again)";
    Cause::new(codes::LEFT_TO_OTHERS, message)
}

/// Whether the target's record is older than what we left there, by the versions that it gives; without any, nobody can say that it is not.
fn was_put_back(left: Option<&str>, now: Option<&str>) -> bool {
    match (left, now) {
        (_, None) => true,
        // Somebody was quicker than our question, or it is not told by a time.
        (None, Some(_)) => false,
        (Some(left), Some(now)) => match (left.parse::<Timestamp>(), now.parse::<Timestamp>()) {
            (Ok(left), Ok(now)) => now < left,
            _ => matches!((left.parse::<DateTime>(), now.parse::<DateTime>()), (Ok(left), Ok(now)) if now < left),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::was_put_back;

    #[test]
    fn only_what_is_older_was_put_back() {
        let check =
            |left: Option<&str>, now: Option<&str>, expected: bool| assert_eq!(was_put_back(left, now), expected, "{left:?} {now:?}");
        let (before, after) = ("2026-06-15T09:00:00.000Z", "2026-06-15T09:00:00.100Z");
        check(Some(after), Some(before), true);
        check(Some(before), Some(before), false);
        check(Some(before), Some(after), false);
        // The same moment, and an hour later, in another form.
        check(Some("2026-06-15T10:00:00+01:00"), Some(before), false);
        check(Some("2026-06-15T09:00:00+01:00"), Some(before), false);
        check(Some("2026-06-15T09:00:00.000"), Some("2026-06-15T08:59:59"), true);
        check(Some("2026-06-15T08:59:59"), Some("2026-06-15T09:00:00.000"), false);
        check(None, Some(before), false);
        check(Some(before), None, true);
        check(None, None, true);
        // Of a hash nobody can tell which one was first.
        check(Some("8c1f"), Some("0a33"), false);
    }
}
