//! Code maps and crosswalks, as tables.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn parse(text: &str) -> CodeMap {
    let table = Table::parse("codes/sex.csv", text.as_bytes()).expect("it is a table");
    let (map, problems) = CodeMap::parse("sex", &table);
    assert_eq!(problems, []);
    map.expect("it is a code map")
}

const SEX: &str = "godata,register,fhir,note\nGENDER_MALE,M,male,\nGENDER_MALE,MALE,male,\nGENDER_FEMALE,F,female,\n,U,unknown,left out\n";

fn check(map: &str, from: &str, to: &str, value: &str, expected: Translated) {
    let map = parse(map);
    let direction = map.between(from, to).expect("it has both columns");
    assert_eq!(map.translate(direction, value, DAY), expected, "{value} from {from} to {to}");
}

const DAY: Date = jiff::civil::date(2026, 1, 1);

fn to(code: &str) -> Translated {
    Translated::To(code.to_owned())
}

#[test]
fn translates_both_ways() {
    check(SEX, "register", "godata", "M", to("GENDER_MALE"));
    check(SEX, "register", "godata", " MALE ", to("GENDER_MALE"));
    check(SEX, "register", "godata", "male", to("GENDER_MALE"));
    check(SEX, "register", "godata", "f", to("GENDER_FEMALE"));
    check(SEX, "godata", "register", "GENDER_MALE", to("M"));
    check(SEX, "godata", "fhir", "gender_female", to("female"));
    check(SEX, "Register", "GODATA", "F", to("GENDER_FEMALE"));
    check(SEX, "register", "godata", "U", Translated::Nothing);
    check(SEX, "register", "godata", "?", Translated::Unlisted);
    check(SEX, "register", "godata", "", Translated::Unlisted);
    assert_eq!(parse(SEX).between("register", "note"), None);
}

#[test]
fn case_counts_where_it_makes_a_difference() {
    let map = "source,target\na,small\nA,large\nB,one\nb,one\n";
    check(map, "source", "target", "a", to("small"));
    check(map, "source", "target", "A", to("large"));
    check("source,target\nab,1\nAB,2\n", "source", "target", "Ab", Translated::Unlisted);
    check("source,target\nÉté,summer\n", "source", "target", "ÉTÉ", to("summer"));
    check("source,target\nab,1\nAB,1\n", "source", "target", "Ab", to("1"));
}

#[test]
fn the_row_with_a_star_says_what_happens_to_the_rest() {
    for (cell, expected) in [
        ("reject", Translated::Unlisted),
        ("", Translated::Unlisted),
        ("keep", Translated::Keep),
        ("drop", Translated::Drop),
        ("OTHER", to("OTHER")),
    ] {
        check(&format!("source,target\nM,MALE\n*,{cell}\n"), "source", "target", "x", expected);
    }
    check("source,target\nM,MALE\n*,keep\n", "target", "source", "x", Translated::Unlisted);
    check("source,target\nM,MALE\ndrop,*\n", "target", "source", "x", Translated::Drop);
    check("source,target\nM,MALE\n*,keep\n", "source", "target", "*", Translated::Keep);
}

#[test]
fn days_bound_the_rows_that_have_them() {
    let map = parse("source,target,valid_from,valid_to\nPHU-1,OLD,,2025-12-31\nPHU-1,NEW,2026-01-01,\n");
    let direction = map.between("source", "target").expect("it has both columns");
    let on = |day: Date| map.translate(direction, "PHU-1", day);
    assert_eq!(on(jiff::civil::date(2025, 12, 31)), to("OLD"));
    assert_eq!(on(jiff::civil::date(2026, 1, 1)), to("NEW"));
    let closed = parse("source,target,valid_to\nPHU-1,OLD,2020-01-01\n");
    assert_eq!(closed.translate(direction, "PHU-1", jiff::civil::date(2020, 1, 1)), to("OLD"));
    assert_eq!(closed.translate(direction, "PHU-1", jiff::civil::date(2020, 1, 2)), Translated::Unlisted);
}

#[test]
fn the_columns_are_found_by_name_kind_or_as_source_and_target() {
    let sides = |text: &str, source, target| {
        let map = parse(text);
        let found = map.direction(&Sides::new(source, target));
        found.map(|found| [found.from, found.to].map(|at| map.columns[at].clone())).map_err(|problem| problem.message)
    };
    let columns = |from: &str, to: &str| Ok([from.to_owned(), to.to_owned()]);
    assert_eq!(sides(SEX, ("register", "file"), ("ebola", "godata")), columns("register", "godata"));
    assert_eq!(sides("file,godata\na,b\n", ("register", "file"), ("godata", "godata")), columns("file", "godata"));
    assert_eq!(sides("source,target\na,b\n", ("register", "file"), ("godata", "godata")), columns("source", "target"));
    assert_eq!(sides(SEX, ("lab", "file"), ("godata", "godata")), Err("the code map `sex` has no column for the system lab".to_owned()));
    assert!(sides("godata,x\na,b\n", ("one", "godata"), ("two", "godata")).is_err_and(|message| message.contains("both systems")));
}

#[test]
fn everything_wrong_with_a_map_is_said_at_once() {
    let check = |text: &str, expected: &[&str]| {
        let table = Table::parse("codes/sex.csv", text.as_bytes()).expect("it is a table");
        let (map, problems) = CodeMap::parse("sex", &table);
        assert!(map.is_none());
        let found: Vec<String> = problems.iter().map(|problem| format!("{}: {}", problem.place, problem.message)).collect();
        assert_eq!(found, expected);
    };
    check("godata,note\na,b\n", &["codes/sex.csv:1: the code map `sex` has fewer than two columns of codes"]);
    check(
        "source,target,valid_from,valid_to\na,b,1/2/2020,\nc,d,2020-02-01,2020-01-01\n*,keep,,\n*,drop,,\n",
        &[
            "codes/sex.csv, row 2, column valid_from: `1/2/2020` is not a day",
            "codes/sex.csv, row 3, column valid_to: valid_to lies before valid_from",
            "codes/sex.csv, row 5, column source: there is a second row `*` in the column source",
        ],
    );
}

#[test]
fn values_are_translated_with_their_causes() {
    let world = crate::transform::World::new();
    let env = world.env();
    assert_eq!(translate("sex", None, json!("F"), &env), Ok(json!("GENDER_FEMALE")));
    assert_eq!(translate("sex", None, json!(["F", "m", "X", null]), &env), Ok(json!(["GENDER_FEMALE", "GENDER_MALE"])));
    assert_eq!(translate("sex", None, json!("X"), &env), Ok(Value::Null));
    assert_eq!(translate("sex", None, json!(" "), &env), Ok(Value::Null));
    let cause = translate("sex", None, json!(" third "), &env).expect_err("it is not listed");
    assert_eq!(cause.unlisted, Some(crate::error::Unlisted { list: "sex".to_owned(), value: "third".to_owned() }));
    assert!(!cause.message.contains("third"));
    assert_eq!(translate("sex", None, json!({"a": 1}), &env).expect_err("an object").code, record::WRONG_TYPE);
    assert!(translate("age", None, json!("x"), &env).is_err());
}

proptest! {
    #[test]
    fn one_to_one_maps_go_there_and_back(pairs in prop::collection::btree_map("[a-z]{1,6}", "[A-Z]{1,6}", 1..12)) {
        let mut seen = std::collections::BTreeSet::new();
        let pairs: Vec<_> = pairs.into_iter().filter(|(_, right)| seen.insert(right.clone())).collect();
        let text: String = std::iter::once("left,right\n".to_owned()).chain(pairs.iter().map(|(left, right)| format!("{left},{right}\n"))).collect();
        let map = parse(&text);
        for (left, right) in pairs {
            let there = map.between("left", "right").expect("it has both columns");
            let back = map.between("right", "left").expect("it has both columns");
            prop_assert_eq!(map.translate(there, &left, DAY), Translated::To(right.clone()));
            prop_assert_eq!(map.translate(back, &right, DAY), Translated::To(left));
        }
    }
}
