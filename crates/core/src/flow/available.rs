//! What the design of flows has and this version does not: it is refused with a problem that says so, never ignored.

use crate::catalogue::project;
use crate::error::{Place, Problem};
use crate::yaml::{Data, Node};

/// Keys of the design that this version does not have, with what they stand for.
const NOT_YET: [(&[&str], &str); 1] = [(&["between"], "two-way flows (`between:`)")];

/// Takes out what this version does not have, each with a problem that says so.
pub(super) fn not_yet(node: &mut Node, problems: &mut Vec<Problem>) {
    for (path, what) in NOT_YET {
        let Some((last, first)) = path.split_last() else { continue };
        let holder = first.iter().try_fold(&mut *node, |holder, key| holder.get_mut(key));
        if let Some(entry) = holder.and_then(|holder| holder.take(last)) {
            problems.push(unavailable(entry.at.place(), what));
        }
    }
    if let Some(Node { at, data: Data::List(_), .. }) = node.get("to") {
        let place = at.place();
        node.take("to");
        problems.push(unavailable(place, "several targets for one reading (`to:` as a list)"));
    }
    let words = ["watch", "webhook", "queue"];
    let mut gone = false;
    if let Some(trigger) = node.get_mut("trigger") {
        let (at, word) = (trigger.at.clone(), trigger.text().map(str::to_owned));
        for known in words {
            if let Some(entry) = trigger.take(known) {
                problems.push(unavailable(entry.at.place(), &format!("the trigger `{known}`")));
                gone = trigger.entries().is_empty();
            } else if word.as_deref() == Some(known) {
                problems.push(unavailable(at.place(), &format!("the trigger `{known}`")));
                gone = true;
            }
        }
    }
    if gone {
        node.take("trigger");
    }
}

fn unavailable(place: Place, what: &str) -> Problem {
    Problem::error(project::NOT_AVAILABLE, place, format!("not available yet: {what}")).expected("a version of Kivuko that has it")
}
