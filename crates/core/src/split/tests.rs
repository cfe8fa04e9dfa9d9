use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::diff::tests::any_value;

/// What comes out of pieces, with the first error.
fn split<'c>(mut splitter: Splitter, pieces: impl IntoIterator<Item = &'c [u8]>) -> (Vec<Bytes>, Result<Map<String, Value>, SplitError>) {
    let mut out = Vec::new();
    for piece in pieces {
        if let Err(error) = splitter.feed(piece, &mut out) {
            assert_eq!(splitter.feed(b"[", &mut out), Err(error.clone()), "an error stays");
            return (out, Err(error));
        }
    }
    let finished = splitter.finish(&mut out);
    (out, finished.map(|()| splitter.tail().clone()))
}

fn texts(elements: &[Bytes]) -> Vec<&str> {
    elements.iter().map(|element| std::str::from_utf8(element).expect("it is text")).collect()
}

#[test]
fn elements() {
    let check = |splitter: Splitter, stream: &str, expected: &[&str], tail: Value| {
        for size in 1..=stream.len().max(1) {
            let (out, end) = split(splitter.clone(), stream.as_bytes().chunks(size));
            assert_eq!(texts(&out), expected, "`{stream}` in pieces of {size}");
            assert_eq!(end.map(Value::Object), Ok(tail.clone()), "`{stream}` in pieces of {size}");
        }
    };
    check(Splitter::array(), "[]", &[], json!({}));
    check(Splitter::array(), "\u{feff} [ ] \r\n", &[], json!({}));
    check(
        Splitter::array(),
        r#"[{"a":[1,"]"]}, {} ,[[]],"x\"\\",1 ,-2.5e3,true,null]"#,
        &[r#"{"a":[1,"]"]}"#, "{}", "[[]]", r#""x\"\\""#, "1", "-2.5e3", "true", "null"],
        json!({}),
    );
    check(Splitter::array(), r#"[{"a":"\\\"}"},{"ü":"\u00e9 é"}]"#, &[r#"{"a":"\\\"}"}"#, r#"{"ü":"\u00e9 é"}"#], json!({}));
    check(
        Splitter::named("results"),
        r#"{"count":2,"results":[{"a":1},{"a":2}],"next":null}"#,
        &[r#"{"a":1}"#, r#"{"a":2}"#],
        json!({"count": 2, "next": null}),
    );
    check(Splitter::named("results"), r#"{"results":null, "n\u0065xt" : "u?a=[\"]" }"#, &[], json!({"results": null, "next": "u?a=[\"]"}));
    check(
        Splitter::named("data.items"),
        r#"{"items":[9],"data":{"total":3,"x":{"items":[8]},"items":[1,2],"items":[7]},"pager":{"page":1}}"#,
        &["1", "2"],
        json!({"items": [9], "data": {"total": 3, "x": {"items": [8]}, "items": [7]}, "pager": {"page": 1}}),
    );
    check(Splitter::lines(), "{\"a\":1}\r\n\n  \n{\"a\":\"\\n\"} \n", &[r#"{"a":1}"#, r#"{"a":"\n"}"#], json!({}));
    check(Splitter::lines(), "1\n{\"a\":1}", &["1", r#"{"a":1}"#], json!({}));
    check(Splitter::lines(), "", &[], json!({}));
    check(Splitter::lines(), "\u{feff}1\nbad\n ", &["1", "bad"], json!({}));
}

#[test]
fn what_is_wrong_and_where() {
    let check = |splitter: Splitter, stream: &str, offset: u64, expected: &str| {
        for size in 1..=stream.len().max(1) {
            let (_, end) = split(splitter.clone(), stream.as_bytes().chunks(size));
            let error = end.expect_err(stream);
            assert_eq!(error.offset, offset, "`{stream}` in pieces of {size}: {error}");
            assert!(error.expected.contains(expected), "`{stream}` in pieces of {size}: {error}");
        }
    };
    check(Splitter::array(), "", 0, "an array");
    check(Splitter::array(), "<html>", 0, "an array");
    check(Splitter::array(), r#"{"error":{}}"#, 0, "an array");
    check(Splitter::array(), "[1,]", 3, "an element");
    check(Splitter::array(), "[,1]", 1, "an element");
    check(Splitter::array(), "[1 2]", 3, "`,` or `]`");
    check(Splitter::array(), "[] []", 3, "nothing more");
    check(Splitter::array(), "[1", 2, "too early");
    check(Splitter::array(), r#"[{"a":1},{"a""#, 13, "too early");
    check(Splitter::array(), "[{}", 3, "too early");
    check(Splitter::array(), "[{},", 4, "too early");
    check(Splitter::named("results"), "[]", 0, "an object");
    check(Splitter::named("results"), "{}", 2, "an array named `results`");
    check(Splitter::named("results"), r#"{"error":"x"}"#, 13, "an array named `results`");
    check(Splitter::named("results"), r#"{"results":{}}"#, 11, "an array");
    check(Splitter::named("a.b"), r#"{"a":[]}"#, 5, "an object");
    check(Splitter::named("results"), r#"{"results":[1]"#, 14, "too early");
    check(Splitter::named("results"), r#"{"results":[1],}"#, 15, "a name");
    check(Splitter::named("results"), r#"{"x" 1}"#, 5, "`:`");
    check(Splitter::named("results"), r#"{"x":}"#, 5, "a value");
    check(Splitter::named("results"), r#"{"x":nul,"#, 8, "JSON");
    check(Splitter::lines(), "{\"a\":1}\n{\"a\":", 13, "the rest of the line");
}

#[test]
fn a_bad_element_does_not_cost_the_others() {
    let (out, end) = split(Splitter::array(), [br#"[{"a" 1},nope,{"b":2}]"#.as_slice()]);
    assert_eq!(texts(&out), [r#"{"a" 1}"#, "nope", r#"{"b":2}"#]);
    assert!(end.is_ok());
}

#[test]
fn large_members_outside_the_array_are_passed_over() {
    let stream = json!({"html": "x".repeat(100_000), "next": 2, "results": [1], "z": vec![0; 3_000]}).to_string();
    for size in [1, 7, 4096, stream.len()] {
        let (out, end) = split(Splitter::named("results"), stream.as_bytes().chunks(size));
        assert_eq!(texts(&out), ["1"]);
        assert_eq!(end.map(Value::Object), Ok(json!({"next": 2})));
    }
}

#[test]
fn an_element_that_never_ends_is_refused() {
    let mut splitter = Splitter::array();
    let mut out = Vec::new();
    splitter.feed(b"[\"", &mut out).expect("an element begins");
    let piece = vec![b'x'; 1 << 20];
    let refused = (0..80).find_map(|_| splitter.feed(&piece, &mut out).err()).expect("it is refused");
    assert!(refused.expected.contains("64 MiB"), "{refused}");
}

/// Writes a value with white space of all kinds and escapes where they are allowed but not needed.
fn write_loosely(value: &Value, spaces: &mut impl Iterator<Item = &'static str>, out: &mut String) {
    let mut space = |out: &mut String| out.push_str(spaces.next().unwrap_or_default());
    space(out);
    match value {
        Value::Array(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                out.push_str(if position > 0 { "," } else { "" });
                write_loosely(item, spaces, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (position, (name, member)) in members.iter().enumerate() {
                out.push_str(if position > 0 { "," } else { "" });
                write_loosely(&Value::from(name.as_str()), spaces, out);
                out.push(':');
                write_loosely(member, spaces, out);
            }
            out.push('}');
        }
        Value::String(text) => out.push_str(&Value::from(text.as_str()).to_string().replace('a', "\\u0061").replace('/', "\\/")),
        other => out.push_str(&other.to_string()),
    }
    out.push_str(spaces.next().unwrap_or_default());
}

fn loosely(value: &Value) -> String {
    let mut out = String::new();
    write_loosely(value, &mut ["", " ", "", "\n\t", "", "\r\n"].into_iter().cycle(), &mut out);
    out
}

fn values(elements: &[Bytes]) -> Vec<Value> {
    elements.iter().map(|element| serde_json::from_slice(element).expect("an element is JSON")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn an_array_cut_at_every_byte(items in prop::collection::vec(any_value(), 0..5)) {
        let stream = loosely(&Value::from(items.clone()));
        let bytes = stream.as_bytes();
        for cut in 0..=bytes.len() {
            let (out, end) = split(Splitter::array(), [&bytes[..cut], &bytes[cut..]]);
            prop_assert_eq!(values(&out), items.clone());
            prop_assert!(end.is_ok());
            let (out, end) = split(Splitter::array(), [&bytes[..cut]]);
            prop_assert_eq!(end.is_ok(), bytes[..cut].trim_ascii_end().ends_with(b"]") && cut >= stream.trim_end().len());
            prop_assert_eq!(&values(&out)[..], &items[..out.len()], "what was handed out before the cut is whole");
        }
    }

    #[test]
    fn a_named_array_in_any_pieces(
        items in prop::collection::vec(any_value(), 0..5),
        before in any_value(),
        after in any_value(),
        sizes in prop::collection::vec(1..40_usize, 1..8),
    ) {
        let document = json!({"data": {"a": before, "items": items, "z": after}, "more": after});
        let stream = loosely(&document);
        let mut rest = stream.as_bytes();
        let mut pieces = Vec::new();
        for size in sizes.into_iter().cycle() {
            let (piece, remaining) = rest.split_at(size.min(rest.len()));
            pieces.push(piece);
            rest = remaining;
            if rest.is_empty() {
                break;
            }
        }
        let (out, end) = split(Splitter::named("data.items"), pieces);
        prop_assert_eq!(values(&out), items);
        prop_assert_eq!(end.map(Value::Object), Ok(json!({"data": {"a": before, "z": after}, "more": after})));
        for cut in 0..stream.trim_end().len() {
            prop_assert!(split(Splitter::named("data.items"), [&stream.as_bytes()[..cut]]).1.is_err());
        }
    }

    #[test]
    fn lines_cut_at_every_byte(items in prop::collection::vec(any_value(), 0..5)) {
        let stream = items.iter().fold(String::new(), |lines, item| lines + &item.to_string() + "\n");
        for cut in 0..=stream.len() {
            let (out, end) = split(Splitter::lines(), [&stream.as_bytes()[..cut], &stream.as_bytes()[cut..]]);
            prop_assert_eq!(values(&out), items.clone());
            prop_assert!(end.is_ok());
        }
    }

    #[test]
    fn anything_at_all_is_split_the_same_in_any_pieces(bytes in prop::collection::vec(prop::sample::select(br#"[]{}",:\ 1atn"#.to_vec()), 0..40), size in 1..10_usize) {
        for splitter in [Splitter::array(), Splitter::named("a"), Splitter::lines()] {
            let whole = split(splitter.clone(), [bytes.as_slice()]);
            let pieces = split(splitter, bytes.chunks(size));
            prop_assert_eq!(whole, pieces);
        }
    }
}
