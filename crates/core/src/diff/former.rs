//! What a flow had put into a list that others add to as well.

use serde_json::Value;

use crate::value::same;

/// A list with more items than this is not looked through: each choice of some of them may be what was sent.
const MOST: usize = 10;

/// The items of a list without those that a flow had put there and does not want any more; `None` where nothing goes, or where nobody can tell.
///
/// Of what was sent only a hash is known: `was_sent` recognises the whole list by it. What others have added before, between and behind is left out of that list again, and stays.
pub fn without_former(held: &[Value], wanted: &[Value], was_sent: impl Fn(&Value) -> bool) -> Option<Vec<Value>> {
    if held.len() > MOST {
        return None;
    }
    let is_chosen = |choice: u32, at: usize| choice >> at & 1 == 1;
    let list =
        |stays: &dyn Fn(usize) -> bool| -> Vec<Value> { (0..held.len()).filter(|&at| stays(at)).map(|at| held[at].clone()).collect() };
    let sent = (1..1_u32 << held.len()).find(|&choice| was_sent(&Value::Array(list(&|at| is_chosen(choice, at)))))?;
    let kept = list(&|at| !is_chosen(sent, at) || wanted.iter().any(|item| same(item, &held[at])));
    (kept.len() < held.len()).then_some(kept)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_sent_and_is_not_wanted_goes() {
        let check = |held: Value, sent: Value, wanted: Value, expected: Option<Value>| {
            let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
            let found = without_former(&list(&held), &list(&wanted), |value| *value == sent);
            assert_eq!(found.map(Value::from), expected, "{held} {sent} {wanted}");
        };
        check(json!(["Old", "People's"]), json!(["Old"]), json!(["New"]), Some(json!(["People's"])));
        check(json!(["People's", "Old"]), json!(["Old"]), json!(["Old", "New"]), None);
        check(json!(["Old"]), json!(["Old"]), json!(["New"]), Some(json!([])));
        // Somebody has taken it out, or changed it.
        check(json!(["People's"]), json!(["Old"]), json!(["New"]), None);
        let (uid, code) = (json!({ "description": "uid", "code": "a" }), json!({ "description": "code", "code": "1" }));
        check(json!([uid, code]), json!([uid, code]), json!([uid]), Some(json!([uid])));
        check((0..=MOST).map(Value::from).collect(), json!([0]), json!([1]), None);
    }

    proptest! {
        #[test]
        fn others_lose_nothing(flags in proptest::collection::vec((any::<bool>(), any::<bool>()), 0..=MOST)) {
            let held: Vec<Value> = (0..flags.len()).map(Value::from).collect();
            let part = |of: &dyn Fn(&(bool, bool)) -> bool| held.iter().zip(&flags).filter(|(_, flags)| of(flags)).map(|(item, _)| item.clone()).collect::<Vec<_>>();
            let sent = Value::Array(part(&|(sent, _)| *sent));
            let kept = without_former(&held, &part(&|(_, wanted)| *wanted), |list| *list == sent).unwrap_or_else(|| held.clone());
            prop_assert_eq!(kept, part(&|(sent, wanted)| !sent || *wanted));
        }
    }
}
