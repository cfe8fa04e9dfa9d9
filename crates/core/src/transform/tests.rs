use jiff::civil::{Date, DateTime, date};
use jiff::tz::{Offset, TimeZone, offset};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::pattern::Pattern as DatePattern;
use super::*;
use crate::codes::{CodeMap, CodeMaps, Sides};
use crate::table::Table;

/// A small project around the examples: three hours east of Greenwich, one code map, one record of another flow.
pub(crate) struct World {
    timezone: TimeZone,
    codes: CodeMaps,
    sides: Sides,
    labels: Labels,
}

struct OneContact;

impl References for OneContact {
    fn resolve(&self, flow: &str, id: &str) -> Option<String> {
        (flow == "contacts" && id == "C-1").then(|| "5c1d0d6e".to_owned())
    }
}

impl World {
    pub fn new() -> Self {
        let table =
            Table::parse("codes/sex.csv", b"register,godata,note\nM,GENDER_MALE,\nF,GENDER_FEMALE,\nX,,not used\n").expect("it is a table");
        let (map, problems) = CodeMap::parse("sex", &table);
        assert_eq!(problems, []);
        let codes = CodeMaps([("sex".to_owned(), map.expect("it is a code map").into())].into());
        let labels = [("GENDER_FEMALE", "Féminin"), ("GENDER_MALE", "Masculin"), ("GENDER_UNKNOWN", " ")];
        let labels = Labels::new("french_fr", labels.map(|(code, label)| (code.to_owned(), label.to_owned())));
        Self { timezone: TimeZone::fixed(offset(3)), codes, labels, sides: Sides::new(("register", "file"), ("godata", "godata")) }
    }

    pub fn env(&self) -> Env<'_> {
        Env {
            timezone: &self.timezone,
            today: date(2021, 2, 4),
            codes: &self.codes,
            sides: &self.sides,
            references: &OneContact,
            labels: &self.labels,
            secret: &[0; 32],
        }
    }
}

/// Applies a cell to the values of a source cell; a rejection is `rejected K0304`.
fn apply(cell: &str, values: Vec<Value>, record: &Value) -> String {
    let world = World::new();
    let env = world.env();
    let pipeline = Pipeline::parse(cell).unwrap_or_else(|error| panic!("`{cell}`: {error}"));
    match pipeline.apply(values, &Scope { record, item: None, vars: &[], env: &env }) {
        Ok(value) => value.to_string(),
        Err(cause) => format!("rejected {}", cause.code),
    }
}

fn check(cell: &str, input: &str, expected: &str) {
    let input: Value = serde_json::from_str(input).unwrap_or_else(|error| panic!("the input of `{cell}` is not JSON: {error}"));
    assert_eq!(apply(cell, vec![input.clone()], &json!({})), expected, "`{cell}` of {input}");
}

/// With several paths in the source cell.
fn check_paths(cell: &str, values: Value, expected: &str) {
    let Value::Array(list) = values.clone() else { panic!("the values are a list") };
    assert_eq!(apply(cell, list, &json!({})), expected, "`{cell}` of {values}");
}

fn check_error(cell: &str, column: usize, message: &str) {
    let error = Pipeline::parse(cell).expect_err(cell);
    assert_eq!((error.column, error.message.contains(message)), (column, true), "`{cell}`: {error}");
}

#[test]
fn every_transform_has_examples_and_they_are_true() {
    for transform in all() {
        assert!(!transform.examples.is_empty(), "`{}` has no example", transform.name);
        assert!(transform.about.ends_with('.'), "`{}` has no sentence", transform.name);
        for example in transform.examples {
            assert!(example.call.contains(transform.name), "the example `{}` is not one of `{}`", example.call, transform.name);
            let input: Value = serde_json::from_str(example.input).unwrap_or_else(|error| panic!("`{}`: {error}", example.call));
            let values = match (transform.takes, input) {
                (Takes::Two, Value::Array(values)) => values,
                (_, input) => vec![input],
            };
            assert_eq!(apply(example.call, values, &json!({})), example.output, "`{}` of {}", example.call, example.input);
        }
    }
}

#[test]
fn a_label_is_one_of_the_language_or_a_rejection() {
    check("label", "\" GENDER_MALE \"", "\"Masculin\"");
    check("label", "\"GENDER_UNKNOWN\"", "rejected K0340");
    check("label", "{\"a\": 1}", "rejected K0311");
    check("{ value == null ? \"?\" : label(value) }", "\"GENDER_MALE\"", "\"Masculin\"");
    let world = World::new();
    let cause = world.labels.translate(json!("X")).expect_err("X has no label");
    assert_eq!(cause.message, "the code has no label in french_fr");
    assert_eq!(cause.unlisted.map(|unlisted| (unlisted.list, unlisted.value)), Some(("labels".to_owned(), "X".to_owned())));
    let uses = |cell: &str| Pipeline::parse(cell).expect(cell).uses_labels();
    assert_eq!([uses("trim | label"), uses("{ label(value) }"), uses("trim")], [true, true, false]);
}

#[test]
fn names_are_unique_and_families_stand_together() {
    let families: Vec<Family> = all().iter().map(|transform| transform.family).collect();
    assert!(families.is_sorted(), "{families:?}");
    for transform in all() {
        assert_eq!(all().iter().filter(|other| other.name == transform.name).count(), 1, "`{}`", transform.name);
        assert!(crate::expr::FUNCTIONS.iter().all(|function| function.name() != transform.name), "`{}` is also a function", transform.name);
    }
}

#[test]
fn a_transform_of_empty_is_empty() {
    for transform in all() {
        for example in transform.examples {
            for empty in [json!(null), json!(""), json!("  \t"), json!([]), json!([null, ""])] {
                assert_eq!(apply(example.call, vec![empty.clone()], &json!({})), "null", "`{}` of {empty}", example.call);
            }
        }
    }
}

#[test]
fn hostile_values_are_rejected_or_changed_but_never_break_anything() {
    let long = "é".repeat(100_000);
    let hostile = [
        json!({"a": 1}),
        json!([[["x"]]]),
        json!(true),
        json!(-0.0),
        json!(1e308),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(long),
        json!("\u{0}\u{7f}"),
        json!("שלום עולם"),
        json!("٢٠٢٠-٠١-٠٥"),
        json!("e\u{301}e\u{301}\u{301}"),
        json!("\u{202e}abc"),
        json!("2020-13-45"),
        json!("0000-00-00"),
        json!("👩‍👩‍👧"),
        json!("-"),
        json!("+"),
        json!("1e999"),
    ];
    for transform in all() {
        for example in transform.examples {
            for value in &hostile {
                let outcome = apply(example.call, vec![value.clone()], &json!({}));
                assert!(!outcome.is_empty());
            }
        }
    }
}

#[test]
fn errors_hold_no_values() {
    let world = World::new();
    let env = world.env();
    let record = json!({});
    let scope = Scope { record: &record, item: None, vars: &[], env: &env };
    for transform in all() {
        for example in transform.examples {
            let pipeline = Pipeline::parse(example.call).expect("examples parse");
            for value in [json!("Amina Koné 1988"), json!(["Amina Koné 1988", "Amina Koné 1988"]), json!({"name": "Amina Koné 1988"})] {
                if let Err(cause) = pipeline.apply(vec![value], &scope) {
                    assert!(!cause.message.contains("Amina") && !cause.message.contains("1988"), "{cause}");
                }
            }
        }
    }
}

#[test]
fn pipelines() {
    check("", "\" as it is \"", "\" as it is \"");
    check("trim|upper", "\" a \"", "\"A\"");
    check("  trim  |  prefix( \"a|b,c)\" )  ", "\"x\"", "\"a|b,c)x\"");
    check("{ value + \"|\" + 'x}' } | upper", "\"a\"", "\"A|X}\"");
    check("{ \"SN\" }", "null", "\"SN\"");
    check("trim | { has(value) ? value : \"none\" }", "\"  \"", "\"none\"");
    check("prefix(\"\\\"\")", "\"x\"", "\"\\\"x\"");
    check("trim", "[\"a\", \"b\"]", "rejected K0308");
    check("first | trim", "[\" a \", \"b\"]", "\"a\"");
    check("", "[\"a\", \"b\"]", "[\"a\",\"b\"]");
}

#[test]
fn several_paths() {
    check_paths("join", json!(["Amina", "Koné"]), "\"Amina Koné\"");
    check_paths("trim | upper | join(\"-\")", json!([" a ", null, "b"]), "\"A-B\"");
    check_paths("first", json!([null, ["x", "y"]]), "\"x\"");
    check_paths("trim", json!(["a", "b"]), "rejected K0308");
    check_paths("date(\"dmy\") | age_years", json!(["14/3/1988", "3/2/2021"]), "32");
    check_paths("age_years", json!(["1988-03-14", null]), "null");
    check_paths("{ value[0] + value[1] }", json!([1, 2]), "3");
    check_paths("{ \"constant\" }", json!([]), "\"constant\"");
}

#[test]
fn parameters_that_are_paths_read_the_record() {
    let record = json!({"seen": "2021-02-03", "person": {"id": "C-1"}, "ids": ["C-1", "C-2"]});
    assert_eq!(apply("age_years(seen)", vec![json!("1988-03-14")], &record), "32");
    assert_eq!(apply("age_years(missing)", vec![json!("1988-03-14")], &record), "null");
    assert_eq!(apply("ref(\"contacts\", person.id)", vec![], &record), "\"5c1d0d6e\"");
    assert_eq!(apply("ref(\"contacts\", missing)", vec![], &record), "null");
    assert_eq!(apply("{ ref(\"contacts\", person.id) }", vec![], &record), "\"5c1d0d6e\"");
    let pipeline = Pipeline::parse("ref(\"contacts\", person.id)").expect("it parses");
    assert_eq!(pipeline.paths().iter().map(|path| path.text()).collect::<Vec<_>>(), ["person.id"]);
    assert_eq!(pipeline.references(), ["contacts"]);
}

#[test]
fn a_missing_reference_carries_what_it_waits_for() {
    let world = World::new();
    let env = world.env();
    let pipeline = Pipeline::parse("ref(\"contacts\")").expect("it parses");
    let cause = pipeline
        .apply(vec![json!("C-9")], &Scope { record: &json!({}), item: None, vars: &[], env: &env })
        .expect_err("it has not arrived");
    assert_eq!(cause.code, crate::catalogue::run::WAITING);
    assert_eq!(cause.unlisted, Some(crate::error::Unlisted { list: "contacts".to_owned(), value: "C-9".to_owned() }));
}

/// Two flows that wrote the same records as different ones.
struct Twice;

impl References for Twice {
    fn resolve(&self, flow: &str, id: &str) -> Option<String> {
        match (flow, id) {
            ("cases" | "contacts", "same") => Some("5c1d0d6e".to_owned()),
            ("cases" | "contacts", "different") => Some(format!("one of {flow}")),
            ("contacts", "C-1") => Some("7d2e".to_owned()),
            _ => None,
        }
    }
}

#[test]
fn a_reference_can_name_several_flows() {
    let world = World::new();
    let env = Env { references: &Twice, ..world.env() };
    let scope = Scope { record: &json!({ "id": "C-1" }), item: None, vars: &[], env: &env };
    let resolved = |cell: &str, id: &str| {
        let pipeline = Pipeline::parse(cell).unwrap_or_else(|error| panic!("`{cell}`: {error}"));
        pipeline.apply(vec![json!(id)], &scope).map_err(|cause| (cause.code, cause.unlisted))
    };
    assert_eq!(resolved("ref(\"cases,contacts\")", "C-1"), Ok(json!("7d2e")));
    assert_eq!(resolved("ref(\"cases, contacts\", id)", ""), Ok(json!("7d2e")));
    assert_eq!(resolved("{ ref(\"cases, contacts\", id) }", ""), Ok(json!("7d2e")));
    assert_eq!(resolved("ref(\"events, cases, contacts\")", "same"), Ok(json!("5c1d0d6e")));
    let (code, _) = resolved("ref(\"events, cases, contacts\")", "different").expect_err("a person has to say");
    assert_eq!(code, crate::catalogue::target::SEVERAL_MATCHES);
    let (code, missing) = resolved("ref(\"cases ,contacts\")", "C-9").expect_err("it has not arrived");
    assert_eq!(code, crate::catalogue::run::WAITING);
    let missing = missing.expect("it says what is missing");
    let waits = crate::store::Reference { flow: missing.list, source_id: missing.value };
    let flows: Vec<String> = waits.alternatives().map(|one| format!("{} {}", one.flow, one.source_id)).collect();
    assert_eq!(flows, ["cases C-9", "contacts C-9"]);
    assert_eq!(Pipeline::parse("ref(\"cases, contacts\")").expect("it parses").references(), ["cases", "contacts"]);
    check_error("ref(\"cases,\")", 5, "`ref` names no flow");
}

#[test]
fn bands_that_are_none_are_told() {
    check_error("band(\"0-4, 5\")", 6, "`5` is no band");
    check_error("band(\"4-0\")", 6, "`4-0` is no band");
    check_error("band(\"0-5, 5-9\")", 6, "begins before");
    check_error("band(\"0+, 5-9\")", 6, "begins before");
    check("band(\"0-4, 10-14\")", "7", "rejected K0305");
    check("band(\"0-0, 1-4\")", "0.99", "\"0-0\"");
}

#[test]
fn pseudonyms_are_steady_and_apart() {
    let world = World::new();
    let word = |cell: &str, value: Value, secret: &[u8; 32]| {
        let env = Env { secret, ..world.env() };
        let pipeline = Pipeline::parse(cell).unwrap_or_else(|error| panic!("`{cell}`: {error}"));
        let scope = Scope { record: &Value::Null, item: None, vars: &[], env: &env };
        pipeline.apply(vec![value], &scope).expect("a pseudonym").as_str().expect("a text").to_owned()
    };
    let (key, other) = ([7; 32], [8; 32]);
    let first = word("pseudonym(\"a\")", json!("C-1"), &key);
    assert_eq!(first, word("pseudonym(\"a\")", json!(" C-1 "), &key));
    assert!(first.len() == 17 && first.starts_with('p') && !first.contains("C-1"), "{first}");
    let different = [
        first,
        word("pseudonym(\"a\")", json!("C-2"), &key),
        word("pseudonym(\"b\")", json!("C-1"), &key),
        word("pseudonym(\"a\")", json!("C-1"), &other),
        // Purpose and value do not run into each other.
        word("pseudonym(\"aC\")", json!("-1"), &key),
    ];
    assert_eq!(different.iter().collect::<std::collections::BTreeSet<_>>().len(), different.len(), "{different:?}");
    check_error("pseudonym(\" \")", 11, "no purpose");
    check_error("pseudonym", 1, "lacks `purpose`");
}

#[test]
fn what_is_wrong_with_a_cell_is_said_with_its_column() {
    check_error("trm", 1, "no transform `trm`");
    check_error("trim | uper", 8, "no transform `uper`");
    check_error("trim,upper", 5, "`,` cannot stand here");
    check_error("trim |", 7, "ends too early");
    check_error("prefix", 1, "lacks `text`");
    check_error("prefix(", 8, "a parameter is missing");
    check_error("prefix(\"a\"", 11, "not closed");
    check_error("prefix(\"a)", 8, "quotes are not closed");
    check_error("prefix(a)", 8, "not a text in quotes");
    check_error("trim(1)", 6, "does not take this parameter");
    check_error("max(0)", 5, "not a whole number from 1");
    check_error("date(\"dd/mm/yyyy\")", 6, "lacks the year, the month or the day");
    check_error("date(\"dd/MM/yy\")", 6, "two digits of a year");
    check_error("date(\"dd/MM/YYYY\")", 6, "year of weeks");
    check_error("datetime(\"dmy\")", 10, "no time");
    check_error("point(\"xy\")", 7, "no order");
    check_error("{ value + }", 11, "ends too early");
    check_error("trim | { a +", 8, "braces are not closed");
    check_error("where({ item. })", 15, "ends too early");
    assert_eq!(Pipeline::parse("titel").expect_err("wrong").expected, "`title`");
}

#[test]
fn check_knows_how_many_paths_fit() {
    let accepts = |cell: &str, paths: usize| Pipeline::parse(cell).expect(cell).accepts(paths).is_ok();
    for (cell, fits) in [
        ("", [true, true, false, false]),
        ("trim", [false, true, false, false]),
        ("trim | join", [true, true, true, true]),
        ("{ \"SN\" }", [true, true, true, true]),
        ("{ value }", [false, true, true, true]),
        ("age_years", [false, false, true, false]),
        ("age_years(seen)", [false, true, true, false]),
        ("point", [false, true, true, false]),
        ("ref(\"contacts\", person.id)", [true, true, true, true]),
    ] {
        for (paths, expected) in fits.into_iter().enumerate() {
            assert_eq!(accepts(cell, paths), expected, "`{cell}` with {paths} paths");
        }
    }
}

#[test]
fn texts() {
    check("title", "\"KONE\\u0301 e\\u0301cole\"", "\"Kone\u{301} E\u{301}cole\"");
    check("cut(1)", "\"e\\u0301a\"", "null");
    check("cut(2)", "\"e\\u0301a\"", "\"e\u{301}\"");
    check("max(2)", "\"e\\u0301\"", "\"e\u{301}\"");
    check("without_accents", "\"e\\u0301\"", "\"e\"");
    check("without_accents", "\"مُحَمَّد\"", "\"مُحَمَّد\"");
    check("without_accents", "\"किताब\"", "\"किताब\"");
    check("upper", "\"straße\"", "\"STRASSE\"");
    check("trim", "12", "\"12\"");
    check("trim", "{\"a\":1}", "rejected K0311");
    check("phone", "\"\\u200e+221 77\\u2011123\"", "\"+22177123\"");
    check("phone", "\"()\"", "rejected K0311");
    check("split(\",\", -3)", "\"a,b\"", "null");
    check("boolean", "2", "rejected K0311");
    check("boolean(\"oui\", \"non\")", "\"yes\"", "rejected K0311");
}

#[test]
fn numbers() {
    for (text, expected) in [
        ("\"007\"", "7"),
        ("\"+5\"", "5"),
        ("\"−5\"", "-5"),
        ("\"٤٢\"", "42"),
        ("\"1e5\"", "rejected K0305"),
        ("\"12 000\"", "rejected K0305"),
        ("\"1.\"", "rejected K0305"),
        ("\".5\"", "rejected K0305"),
        ("\"0x10\"", "rejected K0305"),
        ("\"NaN\"", "rejected K0305"),
        ("\"123456789012345678901234567890\"", "rejected K0305"),
        ("true", "rejected K0311"),
        ("1.5", "1.5"),
    ] {
        check("number", text, expected);
    }
    check("number(\",\", \" \")", "\"1 234 567,5\"", "1234567.5");
    check("number(\".\", \",\")", "\"1,23,456\"", "rejected K0305");
    check("integer", "1e300", "rejected K0305");
    check("round(1)", "0.25", "0.3");
    check("round", "\"12,5\"", "rejected K0305");
    check("multiply(1e300)", "1e300", "rejected K0305");
}

#[test]
fn dates() {
    for (form, text, expected) in [
        ("\"dd/MM/yyyy\"", "29/02/2020", "\"2020-02-29\""),
        ("\"dd/MM/yyyy\"", "29/02/2021", "rejected K0304"),
        ("\"dd/MM/yyyy\"", "31/04/2020", "rejected K0304"),
        ("\"dd/MM/yyyy\"", "05/01/20", "rejected K0304"),
        ("\"dd/MM/yyyy\"", "05/01/20201", "rejected K0304"),
        ("\"dd/MM/yyyy\"", "05/01/2020 10:00", "rejected K0304"),
        ("\"dd/MM/yyyy\"", "005/01/2020", "rejected K0304"),
        ("\"dd/MM/yyyy\"", "05-01-2020", "rejected K0304"),
        ("\"dd/MM/yyyy\"", "٠٥/٠١/٢٠٢٠", "\"2020-01-05\""),
        ("\"yyyyMMdd\"", "20200105", "\"2020-01-05\""),
        ("\"yyyyMMdd\"", "2020015", "rejected K0304"),
        ("\"yyyy-MM-dd'T'HH:mm:ss.SSSXXX\"", "2020-01-05T23:30:00.000Z", "\"2020-01-06\""),
        ("\"d MMMM yyyy\"", "5 août 2020", "\"2020-08-05\""),
        ("\"d MMM yyyy\"", "5 jui 2020", "rejected K0304"),
        ("\"MMM d, yyyy\"", "Sept 5, 2020", "\"2020-09-05\""),
        ("\"MMM d, yyyy\"", "Sep 5, 2020", "\"2020-09-05\""),
        ("\"dmy\"", "5.1.2020", "\"2020-01-05\""),
        ("\"dmy\"", "5 janvier 2020", "\"2020-01-05\""),
        ("\"dmy\"", "2020-01-05", "rejected K0304"),
        ("\"ymd\"", "2020/1/5", "\"2020-01-05\""),
        ("\"dmy\", \"iso\"", "2020-01-05", "\"2020-01-05\""),
        ("\"dmy\", \"mdy\"", "5/5/2020", "\"2020-05-05\""),
        ("\"excel\"", "60", "rejected K0304"),
        ("\"excel\"", "61", "\"1900-03-01\""),
        ("\"excel\"", "44197.75", "\"2021-01-01\""),
        ("", "2020-01-05T00:00:00.000Z", "\"2020-01-05\""),
        ("", "2020-01-05T00:00:00+03:00", "\"2020-01-05\""),
        ("", "2020-01-05T21:00:00Z", "\"2020-01-06\""),
        ("", "2020-01-05 21:00", "\"2020-01-05\""),
        ("", "2020-01-05T25:00:00Z", "rejected K0304"),
        ("", "20200105", "rejected K0304"),
        ("", "2020-1-5", "rejected K0304"),
        ("", "tomorrow", "rejected K0304"),
    ] {
        check(&format!("date({form})"), &json!(text).to_string(), expected);
    }
    check("date", "44197", "rejected K0304");
    check("date", "true", "rejected K0311");
    check("date_only", "5", "rejected K0311");
    check("year", "\"14/3/1988\"", "rejected K0304");
    check("datetime(\"excel\")", "44197.5", "\"2021-01-01T09:00:00.000Z\"");
}

#[test]
fn ages_are_completed() {
    for (birth, at, months) in [
        ("2020-02-29", "2021-02-28", 11),
        ("2020-02-29", "2021-03-01", 12),
        ("2020-01-31", "2020-02-29", 0),
        ("2020-01-31", "2020-03-01", 1),
        ("2021-02-03", "2021-02-03", 0),
        ("1988-03-14T00:00:00.000Z", "2021-03-13T22:00:00.000Z", 396),
    ] {
        check_paths("age_months", json!([birth, at]), &months.to_string());
    }
    check_paths("age_years", json!(["1800-01-01", "2021-01-01"]), "rejected K0304");
    check_paths("age_years", json!(["14/3/1988", "2021-01-01"]), "rejected K0304");
}

#[test]
fn points() {
    check("point", "[0, 0]", "rejected K0311");
    check("point", "[1, 2, 3]", "rejected K0311");
    check("point", "\"8.46 -11.78\"", "{\"lat\":8.46,\"lng\":-11.78}");
    check("point", "[\"north\", 1]", "rejected K0311");
    check_paths("point", json!([8, 181]), "rejected K0311");
    check("swap | point", "[91.84, 22.85]", "{\"lat\":22.85,\"lng\":91.84}");
}

fn any_day() -> impl Strategy<Value = Date> {
    (1i16..=9999, 1i8..=12, 1i8..=28).prop_map(|(year, month, day)| date(year, month, day))
}

fn any_moment() -> impl Strategy<Value = DateTime> {
    (any_day(), 0i8..24, 0i8..60, 0i8..60, 0i32..1000).prop_map(|(day, h, m, s, ms)| day.at(h, m, s, ms * 1_000_000))
}

proptest! {
    #[test]
    fn a_day_survives_every_pattern(day in any_day(), pattern in prop::sample::select(vec![
        "yyyy-MM-dd", "dd/MM/yyyy", "d/M/yyyy", "yyyyMMdd", "MM.dd.yyyy", "d MMMM yyyy", "MMM d, yyyy", "'on' dd 'of' MM ''yyyy''",
    ])) {
        let parsed = DatePattern::parse(pattern, false).map_err(|misfit| misfit.message).expect("it is a pattern");
        let text = parsed.print(day.to_datetime(jiff::civil::Time::midnight()), Offset::UTC);
        prop_assert_eq!(parsed.read(&text).map(|read| read.at.date()), Some(day), "{}", text);
    }

    #[test]
    fn a_moment_survives_every_pattern(at in any_moment(), hours in -11i8..=12, pattern in prop::sample::select(vec![
        "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "dd/MM/yyyy hh:mm:ss.SSS a X", "yyyyMMddHHmmssSSSX",
    ])) {
        let parsed = DatePattern::parse(pattern, true).map_err(|misfit| misfit.message).expect("it is a pattern");
        let text = parsed.print(at, offset(hours));
        let read = parsed.read(&text);
        prop_assert_eq!(read.map(|read| (read.at, read.offset)), Some((at, Some(offset(hours)))), "{}", text);
    }

    #[test]
    fn no_text_breaks_a_date(text in ".{0,24}") {
        for cell in ["date", "date(\"dmy\", \"mdy\", \"excel\")", "datetime", "date_only", "date(\"d MMM yyyy\")", "datetime(\"yyyy-MM-dd hh:mm a XXX\")"] {
            let _ = apply(cell, vec![json!(text)], &json!({}));
        }
    }

    #[test]
    fn no_cell_breaks_the_reader(cell in "[a-z(){}|\"', \\\\0-9\\[\\]éü.]{0,30}") {
        let _ = Pipeline::parse(&cell);
    }

    #[test]
    fn whole_numbers_survive_every_form(number in any::<i64>(), decimal in any::<bool>()) {
        let text = number.to_string();
        let cell = if decimal { "integer(\",\", \".\")" } else { "integer" };
        prop_assert_eq!(apply(cell, vec![json!(text)], &json!({})), number.to_string());
    }
}
