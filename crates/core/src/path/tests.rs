use proptest::prelude::*;
use serde_json::json;

use super::*;

fn parsed(text: &str) -> Path {
    Path::parse(text).unwrap_or_else(|error| panic!("`{text}`: {error} at {}", error.column))
}

fn field(name: &str) -> Segment {
    Segment::Field(name.into())
}

fn item(field: Option<&str>, value: &str) -> Segment {
    Segment::Item { field: field.map(Into::into), value: value.into() }
}

#[test]
fn texts_and_their_segments() {
    let check = |text: &str, expected: &[Segment], printed: &str| {
        let path = parsed(text);
        assert_eq!(path.segments(), expected, "`{text}`");
        assert_eq!(path.to_string(), printed, "`{text}`");
    };
    check("a", &[field("a")], "a");
    check("  a.b ", &[field("a"), field("b")], "a.b");
    check("Date of birth", &[field("Date of birth")], "Date of birth");
    check("group/question", &[field("group/question")], "group/question");
    check("['any name']", &[field("any name")], "any name");
    check("a[\"x.y\"].z", &[field("a"), field("x.y"), field("z")], "a['x.y'].z");
    check(r"['it\'s \\ [here]']", &[field(r"it's \ [here]")], r"['it\'s \\ [here]']");
    check("['']", &[field("")], "['']");
    check("['$ref']", &[field("$ref")], "['$ref']");
    check("Mother's name", &[field("Mother's name")], "Mother's name");
    check("a[2]", &[field("a"), Segment::Index(2)], "a[2]");
    check("[0].b", &[Segment::Index(0), field("b")], "[0].b");
    check("a[].b[]", &[field("a"), Segment::Each, field("b"), Segment::Each], "a[].b[]");
    check(
        "addresses[typeId=USUAL].city",
        &[field("addresses"), item(Some("typeId"), "USUAL"), field("city")],
        "addresses[typeId=USUAL].city",
    );
    check("a[ t = 'x]' ]", &[field("a"), item(Some("t"), "x]")], "a[t='x]']");
    check("a['t=u'=v]", &[field("a"), item(Some("t=u"), "v")], "a['t=u'=v]");
    check("attributes[w75KJ2mc4zz]", &[field("attributes"), item(None, "w75KJ2mc4zz")], "attributes[w75KJ2mc4zz]");
    check("attributes[='12']", &[field("attributes"), item(None, "12")], "attributes[=12]");
    check("größe.नाम", &[field("größe"), field("नाम")], "größe.नाम");
}

#[test]
fn what_cannot_be_read_says_where() {
    let check = |text: &str, column: usize, expected: &str| {
        let error = Path::parse(text).expect_err(text);
        assert_eq!(error.column, column, "`{text}`: {error}");
        assert!(error.expected.contains(expected), "`{text}`: {error}");
    };
    check("", 1, "a path");
    check("   ", 1, "a path");
    check("$.a", 1, "a path such as");
    check(".a", 1, "a name");
    check("a..b", 3, "a name");
    check("a.", 3, "a name");
    check("é.[0]", 3, "a name");
    check("a]b", 2, "`.`, `[` or the end");
    check("a[0]b", 5, "`.`, `[` or the end");
    check("a[", 3, "a name, a number");
    check("addresses[typeId=USUAL.city", 28, "`]`");
    check("a[t=]", 5, "a name, a number");
    check("a['x]", 3, "a closing `'`");
    check("a[99999999999999999999999]", 26, "a smaller number");
}

fn sample() -> Value {
    json!({
        "id": "c1",
        "name": " ",
        "age": {"years": 0, "months": null},
        "addresses": [
            {"typeId": "USUAL", "city": "Kenema", "phones": ["1", "", "2"]},
            {"typeId": "PREVIOUS", "city": "Bo"},
            {"typeId": "PREVIOUS", "city": "Koidu"},
        ],
        "codes": [{"n": 12.0, "label": "twelve"}],
        "answers": {"q1": [{"value": "yes"}]},
        "values": [{"of": {"id": "u1"}, "value": "one"}, {"of": {"id": "u2"}, "value": "two"}, {"a.b": "literal", "value": "three"}],
    })
}

#[test]
fn reading() {
    let record = sample();
    let check = |text: &str, expected: Value| {
        let path = parsed(text);
        let mut out = Vec::new();
        path.read(&record, &mut out);
        assert_eq!(json!(out), expected, "`{text}`");
        assert_eq!(path.one(&record), out.first().copied(), "`{text}`");
    };
    check("id", json!(["c1"]));
    check("name", json!([]));
    check("age.years", json!([0]));
    check("age.months", json!([]));
    check("age.years.more", json!([]));
    check("addresses[].city", json!(["Kenema", "Bo", "Koidu"]));
    check("addresses[1].city", json!(["Bo"]));
    check("addresses[7].city", json!([]));
    check("addresses[typeId=PREVIOUS].city", json!(["Bo", "Koidu"]));
    check("addresses[typeId=OTHER].city", json!([]));
    check("addresses[].phones[]", json!(["1", "2"]));
    check("codes[n=12].label", json!(["twelve"]));
    check("values[of.id=u2].value", json!(["two"]));
    check("values[a.b=literal].value", json!(["three"]));
    check("answers[q1][0].value", json!(["yes"]));
    check("addresses.city", json!([]));
    check("id[]", json!([]));
    // An object that stands alone where others have a list is its only item.
    check("age[].years", json!([0]));
    check("age[][].years", json!([0]));
}

#[test]
fn source_paths_prefer_the_exact_name() {
    let record = json!({"a.b": "exact", "a": {"b": "nested", "c": 1}, "x.y": "", "x": {"y": 2}, "group/question": "g", "Weight [kg]": 70});
    let check = |cell: &str, expected: Value| {
        let path = SourcePath::parse(cell).expect(cell);
        let mut out = Vec::new();
        path.read(&record, &mut out);
        assert_eq!(json!(out), expected, "`{cell}`");
        assert_eq!(path.one(&record), out.first().copied(), "`{cell}`");
    };
    check("a.b", json!(["exact"]));
    check("a['b']", json!(["nested"]));
    check("a.c", json!([1]));
    check("x.y", json!([]));
    check("group/question", json!(["g"]));
    check("Weight [kg]", json!([70]));
    check("$.a.c", json!([1]));
    check("$..y", json!([2]));
    check("nothing", json!([]));
    assert!(SourcePath::parse("$.a[").is_err_and(|error| error.message.contains("not a JSONPath")));
    assert_eq!(SourcePath::parse("a.b").expect("a path").top(), Some("a"));
    assert_eq!(SourcePath::parse("$.a").expect("a path").top(), None);
}

#[test]
fn the_prefix_up_to_the_first_each() {
    let (prefix, rest) = parsed("a.b[].c[].d").each_prefix().expect("it has one");
    assert_eq!((prefix.to_string().as_str(), rest.to_string().as_str()), ("a.b[]", "c[].d"));
    assert_eq!(parsed("a.b").each_prefix(), None);
    let (items, rest) = SourcePath::parse("rows[]").expect("a path").each_prefix().expect("it has one");
    let record = json!({"rows": [1, 2]});
    let mut out = Vec::new();
    items.read(&record, &mut out);
    assert_eq!(json!(out), json!([1, 2]));
    assert_eq!(rest.one(out[0]), Some(&json!(1)));
}

#[test]
fn writing() {
    let check = |before: Value, text: &str, new: Value, expected: Value| {
        let mut target = before.clone();
        parsed(text).set(&mut target, new).unwrap_or_else(|error| panic!("`{text}` into {before}: {error}"));
        assert_eq!(target, expected, "`{text}`");
    };
    check(json!(null), "a.b", json!(1), json!({"a": {"b": 1}}));
    check(json!({"a": {"c": 2}}), "a.b", json!(1), json!({"a": {"b": 1, "c": 2}}));
    check(json!({"a": null}), "a[1]", json!(1), json!({"a": [null, 1]}));
    check(json!({}), "d[type=X].number", json!("7"), json!({"d": [{"type": "X", "number": "7"}]}));
    check(
        json!({"d": [{"type": "Y"}, {"type": "X", "number": "6"}]}),
        "d[type=X].number",
        json!("7"),
        json!({"d": [{"type": "Y"}, {"type": "X", "number": "7"}]}),
    );
    check(json!({}), "d[of.id=X].value", json!("7"), json!({"d": [{"of": {"id": "X"}, "value": "7"}]}));
    check(
        json!({"d": [{"of": {"id": "X"}}, {"of.id": "Y"}]}),
        "d[of.id=Y].value",
        json!("7"),
        json!({"d": [{"of": {"id": "X"}}, {"of.id": "Y", "value": "7"}]}),
    );
    check(json!({}), "d[type=X]", json!({"number": "7"}), json!({"d": [{"type": "X", "number": "7"}]}));
    check(json!({"d": [{"type": "X", "number": "6"}]}), "d[type=X]", json!(null), json!({"d": [{"type": "X"}]}));
    check(json!({"q": {}}), "q[q1]", json!("yes"), json!({"q": {"q1": "yes"}}));
    check(json!({"a": 1}), "a", json!(null), json!({"a": null}));
}

#[test]
fn writing_where_it_cannot_be_says_where() {
    let check = |before: Value, text: &str, column: usize, message: &str| {
        let mut target = before;
        let error = parsed(text).set(&mut target, json!(1)).expect_err(text);
        assert_eq!(error.column, column, "`{text}`: {error}");
        assert!(error.message.contains(message), "`{text}`: {error}");
    };
    check(json!({"a": "secret"}), "a.b", 2, "what holds `b` is a text");
    check(json!({}), "a[t=X]", 2, "the item is to become a number");
    check(json!({"a": {}}), "a[0]", 2, "what holds the item is an object");
    check(json!({}), "a[].b", 2, "stands for many");
    check(json!({}), "a[w75KJ2mc4zz].b", 2, "which member");
    check(json!({}), "a[1000000]", 2, "far behind the end");
}

#[test]
fn the_connector_names_the_member_that_identifies() {
    let key_of = |array: &str| (array == "attributes").then_some("attribute");
    assert_eq!(parsed("attributes[w75].value").with_item_keys(key_of).to_string(), "attributes[attribute=w75].value");
    assert_eq!(parsed("other[w75].value").with_item_keys(key_of).to_string(), "other[w75].value");
}

fn any_name() -> impl Strategy<Value = Box<str>> {
    prop_oneof![
        4 => "[a-zA-Z][a-zA-Z0-9_/ -]{0,8}",
        2 => r#"[\\.\[\]'"= $0-9aé]{1,6}"#,
        1 => any::<String>(),
    ]
    .prop_map(Into::into)
}

fn any_segment() -> impl Strategy<Value = Segment> {
    prop_oneof![
        5 => any_name().prop_map(Segment::Field),
        1 => any::<usize>().prop_map(Segment::Index),
        2 => (prop::option::of(any_name()), any_name()).prop_map(|(field, value)| Segment::Item { field, value }),
        1 => Just(Segment::Each),
    ]
}

/// Any path, also those that only quotes can write down.
pub(crate) fn any_path() -> impl Strategy<Value = Path> {
    prop::collection::vec(any_segment(), 1..5).prop_map(Path)
}

proptest! {
    #[test]
    fn what_is_printed_parses_to_the_same_path(path in any_path()) {
        let printed = path.to_string();
        let again = Path::parse(&printed);
        prop_assert_eq!(again, Ok(path), "{}", printed);
    }

    #[test]
    fn parsing_never_panics_and_its_columns_are_inside(text in any::<String>()) {
        if let Err(error) = Path::parse(&text) {
            prop_assert!(error.column >= 1 && error.column <= text.chars().count() + 1);
        }
    }

    #[test]
    fn what_is_set_can_be_read(path in any_path()) {
        // `a[k=1].k` writes over the very identity by which it was found, and `a[k.id=1].k` over what holds it.
        let is_in = |key: &str, name: &str| key == name || key.split('.').next() == Some(name);
        let rewrites_identity = path.segments().windows(2).any(|pair| matches!(pair, [Segment::Item { field: Some(key), .. }, Segment::Field(name) | Segment::Item { field: None, value: name }] if is_in(key, name)));
        let mut target = Value::Null;
        if !rewrites_identity && path.set(&mut target, Value::from("x")).is_ok() {
            prop_assert_eq!(path.one(&target), Some(&Value::from("x")));
        }
    }
}
