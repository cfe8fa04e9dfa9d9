//! JSON values: what is empty, what is the same, the canonical form, keyed hashes.
//!
//! Missing, null and the empty text are the same: empty. `1` and `1.0` are the same number. Two values with the same canonical form are the
//! same to every part of Kivuko that compares.

use std::collections::BTreeMap;
use std::io::Write as _;

use serde_json::{Map, Number, Value};

/// Whether a value is empty: null, a text of nothing but white space, an array or an object of nothing but empty values.
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => is_blank(text),
        Value::Array(items) => items.iter().all(is_empty),
        Value::Object(members) => members.values().all(is_empty),
    }
}

/// Whether a text is nothing but white space.
pub(crate) fn is_blank(text: &str) -> bool {
    // Nearly every text shows by its first byte that it is not.
    !text.bytes().any(|byte| byte.is_ascii_graphic()) && text.trim_start().is_empty()
}

/// The kind of a value in words, for messages that must not show the value.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing (it is empty)",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Whether two values say the same: empty is empty in every form, a missing member is an empty one, and `1` is `1.0`.
pub fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => same_number(a, b),
        (Value::String(a), Value::String(b)) => a == b || (is_empty(left) && is_empty(right)),
        (Value::Array(a), Value::Array(b)) => {
            (a.len() == b.len() && a.iter().zip(b).all(|(x, y)| same(x, y))) || (is_empty(left) && is_empty(right))
        }
        (Value::Object(a), Value::Object(b)) => holds_same(a, b) && holds_same(b, a),
        (Value::Bool(a), Value::Bool(b)) => a == b,
        _ => is_empty(left) && is_empty(right),
    }
}

fn holds_same(members: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    members.iter().all(|(name, member)| same(member, other.get(name).unwrap_or(&Value::Null)))
}

fn same_number(left: &Number, right: &Number) -> bool {
    left == right || integer(left).is_some_and(|whole| Some(whole) == integer(right))
}

/// The number as a whole one, where it is one that fits.
fn integer(number: &Number) -> Option<i128> {
    if let Some(signed) = number.as_i64() {
        return Some(signed.into());
    }
    if let Some(unsigned) = number.as_u64() {
        return Some(unsigned.into());
    }
    let float = number.as_f64()?;
    // Below 2^64 every whole float is exactly an i128.
    (float.fract() == 0.0 && float.abs() < 18_446_744_073_709_551_616.0).then_some(float as i128)
}

/// Writes the canonical form: sorted members, one form of numbers, no white space. It does not depend on the order of the members.
pub fn canonical(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => match integer(number) {
            Some(whole) => write!(out, "{whole}").expect("writing into memory cannot fail"),
            None => write!(out, "{number}").expect("writing into memory cannot fail"),
        },
        Value::String(text) => canonical_text(text, out),
        Value::Array(items) => {
            out.push(b'[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                canonical(item, out);
            }
            out.push(b']');
        }
        Value::Object(members) => canonical_object(members, out, |_, _| {}),
    }
}

/// `each` gets the name of every member and its content in the canonical form.
fn canonical_object(members: &Map<String, Value>, out: &mut Vec<u8>, mut each: impl FnMut(&str, &[u8])) {
    // Sorted here too: a dependency may switch the map of serde_json to insertion order for the whole build.
    let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
    sorted.sort_unstable_by_key(|(name, _)| *name);
    out.push(b'{');
    for (position, (name, member)) in sorted.into_iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        canonical_text(name, out);
        out.push(b':');
        let start = out.len();
        canonical(member, out);
        each(name, &out[start..]);
    }
    out.push(b'}');
}

fn canonical_text(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(&mut *out, text).expect("a text can always be written into memory");
}

/// The keyed hash of the canonical form: 32 hexadecimal digits. Without the key nobody can try out names against it.
pub fn hash(key: &[u8; 32], value: &Value) -> String {
    let mut bytes = Vec::with_capacity(512);
    canonical(value, &mut bytes);
    hash_of(key, &bytes)
}

/// The same of each member of an object, as [`hash`] gives it, and of the whole.
pub fn hashes(key: &[u8; 32], members: &Map<String, Value>) -> (BTreeMap<String, String>, String) {
    let mut bytes = Vec::with_capacity(512);
    let mut each = Vec::with_capacity(members.len());
    canonical_object(members, &mut bytes, |name, member| each.push((name.to_owned(), hash_of(key, member))));
    (each.into_iter().collect(), hash_of(key, &bytes))
}

fn hash_of(key: &[u8; 32], canonical: &[u8]) -> String {
    blake3::keyed_hash(key, canonical).to_hex()[..32].to_owned()
}

/// How a single value reads as text: `12` and not `12.0`, `true`. Null, arrays and objects have no text.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(integer(number).map_or_else(|| number.to_string(), |whole| whole.to_string())),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether a text says yes or no in one of the usual words, whatever its case; `None`: it says something else.
pub fn truth(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" | "y" | "t" | "1" => Some(true),
        "false" | "no" | "n" | "f" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_empty() {
        for empty in [
            json!(null),
            json!(""),
            json!(" \t\n\u{a0}"),
            json!([]),
            json!({}),
            json!([null, "", {"a": " "}]),
            json!({"a": [], "b": {"c": null}}),
        ] {
            assert!(is_empty(&empty), "{empty} is empty");
        }
        for full in [json!(false), json!(0), json!("0"), json!([0]), json!({"a": {"b": false}}), json!([null, "x"])] {
            assert!(!is_empty(&full), "{full} is not empty");
        }
    }

    #[test]
    fn what_is_the_same() {
        let check = |left: Value, right: Value, expected: bool| {
            assert_eq!(same(&left, &right), expected, "{left} and {right}");
            assert_eq!(same(&right, &left), expected, "{right} and {left}");
        };
        check(json!(1), json!(1.0), true);
        check(json!(0), json!(-0.0), true);
        check(json!(1), json!("1"), false);
        check(json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992.0), false);
        check(json!(null), json!(""), true);
        check(json!([]), json!(""), true);
        check(json!({}), json!(null), true);
        check(json!(false), json!(null), false);
        check(json!({"a": 1, "b": null}), json!({"a": 1.0}), true);
        check(json!({"a": 1, "b": 0}), json!({"a": 1}), false);
        check(json!([1, null]), json!([1]), false);
        check(json!(["a"]), json!("a"), false);
    }

    #[test]
    fn texts_of_single_values() {
        let check = |value: Value, expected: Option<&str>| assert_eq!(text(&value).as_deref(), expected, "{value}");
        check(json!(12.0), Some("12"));
        check(json!(-12), Some("-12"));
        check(json!(12.5), Some("12.5"));
        check(json!(18_446_744_073_709_551_615_u64), Some("18446744073709551615"));
        check(json!(true), Some("true"));
        check(json!(" a "), Some(" a "));
        check(json!(""), Some(""));
        check(json!(null), None);
        check(json!([1]), None);
        check(json!({"a": 1}), None);
    }

    #[test]
    fn the_canonical_form() {
        let check = |value: Value, expected: &str| {
            let mut out = Vec::new();
            canonical(&value, &mut out);
            assert_eq!(String::from_utf8(out).expect("it is text"), expected);
        };
        check(json!({"b": 1.0, "a": [1.5, -0.0, 1e3], "c": {"é": "\"\n"}}), r#"{"a":[1.5,0,1000],"b":1,"c":{"é":"\"\n"}}"#);
        check(json!(1e300), "1e+300");
    }

    #[test]
    fn a_hash_needs_its_key() {
        let value = json!({"a": 1});
        let hashed = hash(&[1; 32], &value);
        assert_eq!(hashed.len(), 32);
        assert_eq!(hashed, hash(&[1; 32], &json!({"a": 1.0})));
        assert_ne!(hashed, hash(&[2; 32], &value));
        assert_ne!(hashed, hash(&[1; 32], &json!({"a": 2})));
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_json_that_says_the_same(value in crate::diff::tests::any_value()) {
            let mut out = Vec::new();
            canonical(&value, &mut out);
            let again: Value = serde_json::from_slice(&out).expect("the canonical form is JSON");
            prop_assert!(same(&value, &again));
            let mut twice = Vec::new();
            canonical(&again, &mut twice);
            prop_assert_eq!(out, twice);
        }

        #[test]
        fn hashed_together_is_as_hashed_one_by_one(members in proptest::collection::btree_map("[a-c\"é]{0,3}", crate::diff::tests::any_value(), 0..5)) {
            let key = [7; 32];
            let members: Map<String, Value> = members.into_iter().collect();
            let (each, whole) = hashes(&key, &members);
            let by_one: BTreeMap<String, String> = members.iter().map(|(name, member)| (name.clone(), hash(&key, member))).collect();
            prop_assert_eq!(each, by_one);
            prop_assert_eq!(whole, hash(&key, &Value::Object(members)));
        }
    }
}
