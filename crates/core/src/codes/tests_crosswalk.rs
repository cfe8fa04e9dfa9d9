//! Crosswalks: people's decisions over the links of flows.

use std::fmt::Write as _;

use jiff::civil::date;
use proptest::prelude::*;

use super::*;

const DAY: Date = date(2026, 1, 1);

fn read(text: &str) -> (Option<CodeMap>, Vec<Problem>) {
    let table = Table::parse("codes/places.csv", text.as_bytes()).expect("it is a table");
    CodeMap::crosswalk("places", &["godata", "hmis"], Some(&table))
}

fn crosswalk(text: &str, links: &[(&str, &str)]) -> CodeMap {
    let (map, problems) = read(text);
    assert_eq!(problems, []);
    let pair = |(one, other): &(&str, &str)| Pair {
        one: ("godata".to_owned(), (*one).to_owned()),
        other: ("hmis".to_owned(), (*other).to_owned()),
    };
    let pairs: Vec<Pair> = links.iter().map(pair).collect();
    map.expect("it is a crosswalk").with_links(&pairs)
}

fn there(map: &CodeMap, id: &str, day: Date) -> Translated {
    map.translate(map.between("godata", "hmis").expect("it has both columns"), id, day)
}

fn back(map: &CodeMap, id: &str, day: Date) -> Translated {
    map.translate(map.between("hmis", "godata").expect("it has both columns"), id, day)
}

fn to(id: &str) -> Translated {
    Translated::To(id.to_owned())
}

#[test]
fn links_translate_both_ways_where_nobody_decided() {
    let map = crosswalk("godata,hmis,note\n", &[("G1", "H1"), ("G2", "H2")]);
    assert_eq!((there(&map, "G1", DAY), back(&map, "H2", DAY)), (to("H1"), to("G2")));
    assert_eq!((there(&map, "G3", DAY), there(&map, "g1", DAY)), (Translated::Unlisted, Translated::Unlisted));
    let without_file = CodeMap::crosswalk("places", &["godata", "hmis"], None).0.expect("it needs no file");
    assert_eq!(there(&without_file, "G1", DAY), Translated::Unlisted);
}

#[test]
fn a_decision_beats_a_link_in_both_directions() {
    let map = crosswalk("godata,hmis,decision\nG1,H2,\nG3,,none\n", &[("G1", "H1"), ("G2", "H2"), ("G3", "H3"), ("G4", "H4")]);
    assert_eq!((there(&map, "G1", DAY), back(&map, "H2", DAY)), (to("H2"), to("G1")));
    assert_eq!(back(&map, "H1", DAY), Translated::Unlisted, "the link of G1 does not count any more");
    assert_eq!(there(&map, "G2", DAY), Translated::Unlisted, "H2 is G1");
    assert_eq!((there(&map, "G3", DAY), back(&map, "H3", DAY)), (Translated::Nothing, Translated::Unlisted));
    assert_eq!(there(&map, "G4", DAY), to("H4"));
}

#[test]
fn a_refused_pair_is_none_and_another_link_may_take_its_place() {
    let map = crosswalk("godata,hmis,decision\nG1,H1,refuse\n", &[("G1", "H1"), ("G2", "H2")]);
    assert_eq!(
        (there(&map, "G1", DAY), back(&map, "H1", DAY), there(&map, "G2", DAY)),
        (Translated::Unlisted, Translated::Unlisted, to("H2"))
    );
    let map = crosswalk("godata,hmis,decision\nG1,H1,refuse\n", &[("G1", "H1"), ("G1", "H2")]);
    assert_eq!(there(&map, "G1", DAY), to("H2"));
}

#[test]
fn what_people_parted_is_parted_from_both_sides() {
    let file =
        "godata,hmis,decision,valid_from,valid_to\nG1,H1,refuse,,\nG2,H2,,,\nG2,H6,,,\nG3,,none,,\n,H4,none,,\nG5,H5,refuse,2026-02-01,\n";
    let map = crosswalk(file, &[("G1", "H1")]);
    let check = |godata: &str, hmis: &str, day: Date, expected: bool| {
        let there = map.between("godata", "hmis").expect("it has both columns");
        let back = map.between("hmis", "godata").expect("it has both columns");
        assert_eq!((map.parts(there, godata, hmis, day), map.parts(back, hmis, godata, day)), (expected, expected), "{godata} {hmis}");
    };
    check("G1", "H1", DAY, true);
    check("G1", "H9", DAY, false);
    // Both rows join; another one's place is not free.
    check("G2", "H2", DAY, false);
    check("G2", "H6", DAY, false);
    check("G9", "H2", DAY, true);
    check("G2", "H9", DAY, true);
    check("G3", "H9", DAY, true);
    check("G9", "H4", DAY, true);
    check("G5", "H5", DAY, false);
    check("G5", "H5", date(2026, 2, 1), true);
    check("G9", "H9", DAY, false);
    assert_eq!(map.parted_links(DAY).iter().map(|(_, row)| (row.line(), row.verdict())).collect::<Vec<_>>(), [(2, Verdict::Refuse)]);
}

/// Of two rows against one link, the one that is about just this pair is told.
#[test]
fn a_link_is_parted_by_the_row_that_refuses_it() {
    let links = [("G1", "H1"), ("G2", "H2"), ("G3", "H3")];
    let map = crosswalk("godata,hmis,decision\nG1,H9,\nG1,H1,refuse\nG2,H2,accept\n,H3,none\n", &links);
    let parted: Vec<_> = map.parted_links(DAY).into_iter().map(|(pair, row)| (pair.one.1, row.line(), row.verdict())).collect();
    assert_eq!(parted, [("G1".to_owned(), 3, Verdict::Refuse), ("G3".to_owned(), 5, Verdict::None)]);
}

#[test]
fn what_ended_was_the_same_place_until_then() {
    let file = "godata,hmis,decision,valid_from,valid_to\nG1,H1,,,2026-01-31\nG1,H1,refuse,2026-02-01,\nG2,H2,refuse,,\n\
        G3,H3,,,2026-01-31\nG4,H3,,2026-02-01,\nG5,H5,,,2026-01-31\nG5,,none,2026-02-01,\n";
    let map = crosswalk(file, &[("G1", "H1"), ("G3", "H3")]);
    let check = |godata: &str, hmis: &str, day: Date, expected: bool| {
        let there = map.between("godata", "hmis").expect("it has both columns");
        let back = map.between("hmis", "godata").expect("it has both columns");
        assert_eq!((map.ended(there, godata, hmis, day), map.ended(back, hmis, godata, day)), (expected, expected), "{godata} {hmis}");
    };
    check("G1", "H1", date(2026, 2, 1), true);
    check("G1", "H1", date(2026, 1, 31), false);
    check("G1", "H2", date(2026, 2, 1), false);
    check("G2", "H2", date(2026, 2, 1), false);
    // It is another one's by then, or said to have none.
    check("G3", "H3", date(2026, 2, 1), false);
    check("G5", "H5", date(2026, 2, 1), false);
    let there = map.between("godata", "hmis").expect("it has both columns");
    assert_eq!(map.decided_where(there, "G5", date(2026, 2, 1)), Some((Translated::Nothing, 8)));
}

#[test]
fn links_that_disagree_are_not_guessed() {
    let map = crosswalk("godata,hmis\n*,keep\n", &[("G1", "H1"), ("G1", "H2"), ("G3", "H3"), ("G4", "H3")]);
    assert_eq!((there(&map, "G1", DAY), back(&map, "H1", DAY)), (Translated::Several(2), to("G1")));
    assert_eq!((there(&map, "G3", DAY), back(&map, "H3", DAY)), (to("H3"), Translated::Several(2)));
    let direction = map.between("godata", "hmis").expect("it has both columns");
    let cause = map.translate_value(direction, Value::from("G1"), DAY, &mut |_| {}).expect_err("nobody can tell");
    assert_eq!(cause.code, sheet::LINKS_DISAGREE);
    assert!(cause.message.contains("2 of hmis (H1, H2)") && cause.unlisted.is_some(), "{cause:?}");
    assert_eq!(map.results(direction), BTreeSet::from(["H3".to_owned()]));
    assert_eq!((map.disagreeing().len(), map.effective_links().len(), map.count_links()), (4, 0, 4));
}

#[test]
fn days_bound_decisions_and_between_them_links_count() {
    let map = crosswalk("godata,hmis,decision,valid_from,valid_to\nG1,H9,,2024-01-01,2024-12-31\nG1,,none,2026-06-01,\n", &[("G1", "H1")]);
    assert_eq!(there(&map, "G1", date(2024, 6, 1)), to("H9"));
    assert_eq!(back(&map, "H1", date(2024, 6, 1)), Translated::Unlisted);
    assert_eq!((there(&map, "G1", DAY), back(&map, "H1", DAY)), (to("H1"), to("G1")));
    assert_eq!(there(&map, "G1", date(2026, 6, 1)), Translated::Nothing);
    let spans = map.effective_links().pop().expect("there is one link").1;
    let between = Span { from: Some(date(2025, 1, 1)), to: Some(date(2026, 5, 31)) };
    assert_eq!(spans, [Span { from: None, to: Some(date(2023, 12, 31)) }, between]);
}

#[test]
fn rows_that_say_nothing_or_the_wrong_thing() {
    let open = crosswalk("godata,hmis,godata_name\nG1,,Kenema\n", &[("G1", "H1")]);
    assert_eq!(there(&open, "G1", DAY), to("H1"), "a row without decision is for a person to fill in");
    let decision = open.decisions().next().expect("there is a row");
    assert_eq!(
        (decision.is_open(), decision.id("godata"), decision.id("hmis"), decision.name("godata")),
        (true, Some("G1"), None, Some("Kenema"))
    );
    let check = |text: &str, expected: &[&str]| {
        let (map, problems) = read(text);
        assert!(map.is_none(), "{text}");
        let found: Vec<String> =
            problems.iter().map(|problem| format!("{} {}: {}", problem.code, problem.place, problem.message)).collect();
        assert_eq!(found, expected);
    };
    check(
        "godata,hmis,decision\nG1,H1,acept\nG1,,refuse\nG2,H2,none\nG3,,accept\n",
        &[
            "K0223 codes/places.csv, row 2, column decision: `acept` is no decision",
            "K0223 codes/places.csv, row 3, column decision: `refuse` is about two places, and one is named",
            "K0223 codes/places.csv, row 4, column decision: `none` is about one place, and more are named",
            "K0223 codes/places.csv, row 5, column decision: `accept` is about two places, and one is named",
        ],
    );
    check(
        "godata,hmis,decision,valid_to\nG1,H1,,\nG1,H1,refuse,\nG2,H2,,2020-01-01\nG2,,none,\nG3,H3,,\nG3,H4,refuse,\n",
        &[
            "K0224 codes/places.csv, row 3, column decision: this row says that these are not the same place, and row 2 that they are, on the same days",
            "K0224 codes/places.csv, row 5, column decision: this row says that the place has no counterpart, and row 4 names one for the same days",
        ],
    );
    check(
        "godata,hmsi\nG1,H1\n",
        &[
            "K0220 codes/places.csv:1:2: a crosswalk has no column `hmsi`",
            "K0220 codes/places.csv:1: the crosswalk `places` has fewer than two columns of ids",
        ],
    );
}

#[test]
fn a_side_that_the_file_does_not_have_yet_is_empty() {
    let table = Table::parse("codes/places.csv", b"godata,hmis,district\nG1,H1,Kono\n").expect("it is a table");
    let (map, problems) = CodeMap::crosswalk("places", &["godata", "hmis", "fhir"], Some(&table));
    assert_eq!(problems, []);
    let map = map.expect("it is a crosswalk");
    assert_eq!(map.columns(), ["godata", "hmis", "fhir"]);
    assert_eq!(map.between("godata", "fhir").map(|direction| map.translate(direction, "G1", DAY)), Some(Translated::Unlisted));
}

fn revised(one: &str, other: &str, revision: Revision, note: &str) -> Revised {
    let place = |system: &str, id: &str| (system.to_owned(), id.to_owned(), String::new());
    let places = vec![place("godata", one), place("hmis", other)];
    Revised { places, revision, kept: BTreeSet::new(), note: note.to_owned(), by: String::new() }
}

fn revise(text: &str, sides: &[&str], revision: Revision) -> Result<String, Vec<Problem>> {
    let table = Table::parse("codes/places.csv", text.as_bytes()).expect("it is a table");
    let table = append("places", sides, Some(table), &[], &[revised("G1", "H1", revision, "seen")], DAY)?;
    Ok(String::from_utf8(table.write()).expect("it is text"))
}

const TWO: [&str; 2] = ["godata", "hmis"];

#[test]
fn a_pair_that_is_ended_holds_until_that_day_though_a_link_joins_it() {
    let end = |day| Revision::End(day);
    for text in ["godata,hmis,decision,valid_from,valid_to,note\n", "godata,hmis\nG1,H1\n"] {
        let ended = revise(text, &TWO, end(date(2026, 6, 30))).expect("it can be ended");
        let map = crosswalk(&ended, &[("G1", "H1")]);
        assert_eq!((there(&map, "G1", date(2026, 6, 30)), back(&map, "H1", date(2026, 6, 30))), (to("H1"), to("G1")), "{ended}");
        let after = date(2026, 7, 1);
        assert_eq!((there(&map, "G1", after), back(&map, "H1", after)), (Translated::Unlisted, Translated::Unlisted), "{ended}");
        // Twice is once, and another day takes the place of the first.
        assert_eq!(revise(&ended, &TWO, end(date(2026, 6, 30))), Ok(ended.clone()));
        let later = crosswalk(&revise(&ended, &TWO, end(date(2026, 9, 30))).expect("it can be ended later"), &[("G1", "H1")]);
        assert_eq!((there(&later, "G1", after), there(&later, "G1", date(2026, 10, 1))), (to("H1"), Translated::Unlisted));
    }
}

#[test]
fn the_row_that_holds_on_the_day_is_revised_and_notes_stay() {
    let rows = "godata,hmis,decision,valid_from,valid_to,note\nG1,H1,,,2024-12-31,old\nG1,H1,,2025-06-01,,by Fatu\n";
    let refused = revise(rows, &TWO, Revision::Refuse).expect("it can be refused");
    let wanted = "godata,hmis,decision,valid_from,valid_to,note\nG1,H1,,,2024-12-31,old\nG1,H1,refuse,2025-06-01,,\"by Fatu; seen\"\n";
    assert_eq!(refused, wanted);
    let ended = revise(rows, &TWO, Revision::End(date(2025, 12, 31))).expect("it can be ended");
    assert!(
        ended.contains("\nG1,H1,,,2024-12-31,old\nG1,H1,,2025-06-01,2025-12-31,\"by Fatu; seen\"\nG1,H1,refuse,2026-01-01,"),
        "{ended}"
    );
}

#[test]
fn who_decided_stands_beside_it_after_who_decided_before() {
    let decide = |text: &str, by: &str| {
        let table = Table::parse("codes/places.csv", text.as_bytes()).expect("it is a table");
        let revised = Revised { by: by.to_owned(), ..revised("G1", "H1", Revision::Keep, "") };
        let table = append("places", &TWO, Some(table), &[], &[revised], DAY).expect("it can be kept");
        let (map, _) = CodeMap::crosswalk("places", &TWO, Some(&table));
        map.expect("a crosswalk").decisions().map(|decision| decision.by().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(decide("godata,hmis\nG1,H1\n", "Sia"), ["Sia"]);
    assert_eq!(decide("godata,hmis,by\nG1,H1,Anna\n", "Ann"), ["Anna; Ann"]);
    assert_eq!(decide("godata,hmis,by\nG1,H1,Anna; Ann\n", "Ann"), ["Anna; Ann"]);
    assert_eq!(decide("godata,hmis,by\nG1,H1,Anna; Ann\n", "Anna"), ["Anna; Ann; Anna"], "the last one decided last");
    assert_eq!(decide("godata,hmis,by\nG1,H1,Anna\n", ""), ["Anna"]);
}

#[test]
fn a_row_of_three_systems_is_not_taken_apart_unasked() {
    let (three, rows) = (["godata", "hmis", "fhir"], "godata,hmis,fhir,note\nG1,H1,F1,by Fatu\n");
    for revision in [Revision::Refuse, Revision::End(DAY)] {
        let problems = revise(rows, &three, revision).expect_err("the third place was not meant");
        assert_eq!((problems[0].code, problems[0].place.line, problems.len()), (sheet::CROSSWALK_ROW, Some(2), 1));
        assert!(problems[0].message.contains("with `F1` of fhir"), "{problems:?}");
    }
    assert_eq!(revise(rows, &three, Revision::Keep), Ok(rows.replace("by Fatu", "\"by Fatu; seen\"")));
    let pairs = "godata,hmis,fhir,note\nG1,H1,,\nG1,,F1,\n";
    let map = revise(pairs, &three, Revision::Refuse).expect("the pair stands alone");
    assert!(map.contains("\nG1,,F1,"), "{map}");
}

/// The places of both sides, the verdict, the months of both days.
type AnyRow = (usize, usize, &'static str, Option<i8>, Option<i8>);

fn any_rows() -> impl Strategy<Value = Vec<AnyRow>> {
    let month = || prop::option::of(1i8..12);
    prop::collection::vec((0usize..4, 0usize..4, prop::sample::select(vec!["", "refuse", "none"]), month(), month()), 0..5)
}

proptest! {
    /// Rows written out of the effective links change nothing: on no day, in neither direction.
    #[test]
    fn effective_links_as_rows_translate_the_same(rows in any_rows(), links in prop::collection::vec((0usize..4, 0usize..4), 0..6)) {
        let mut text = "godata,hmis,decision,valid_from,valid_to\n".to_owned();
        for (one, other, verdict, from, to) in rows {
            let day = |month: Option<i8>| month.map_or_else(String::new, |month| date(2026, month, 10).to_string());
            let other = if verdict == "none" { String::new() } else { format!("H{other}") };
            writeln!(text, "G{one},{other},{verdict},{},{}", day(from), day(to)).expect("a String takes everything");
        }
        let (Some(map), _) = read(&text) else { return Ok(()) };
        let names: Vec<(String, String)> = links.iter().map(|(one, other)| (format!("G{one}"), format!("H{other}"))).collect();
        let pairs: Vec<Pair> = names.iter().map(|(one, other)| Pair { one: ("godata".to_owned(), one.clone()), other: ("hmis".to_owned(), other.clone()) }).collect();
        let before = map.with_links(&pairs);
        let shown = |day: Option<Date>| day.map_or_else(String::new, |day| day.to_string());
        for (pair, spans) in before.effective_links() {
            for span in spans {
                writeln!(text, "{},{},,{},{}", pair.one.1, pair.other.1, shown(span.from), shown(span.to)).expect("a String takes everything");
            }
        }
        let (after, problems) = read(&text);
        prop_assert_eq!(&problems, &[]);
        let after = after.expect("nothing is wrong").with_links(&pairs);
        for month in 1..=12i8 {
            for day in [1, 10, 11] {
                let day = date(2026, month, day);
                for id in 0..4 {
                    prop_assert_eq!(there(&before, &format!("G{id}"), day), there(&after, &format!("G{id}"), day));
                    prop_assert_eq!(back(&before, &format!("H{id}"), day), back(&after, &format!("H{id}"), day));
                }
            }
        }
    }
}

#[test]
fn a_place_does_not_get_a_second_counterpart_from_either_side() {
    let accepted = |one: &str, other: &str| {
        let place = |system: &str, id: &str| (system.to_owned(), id.to_owned(), String::new());
        PlaceRow { places: vec![place("godata", one), place("hmis", other)], ..PlaceRow::default() }
    };
    let said = |text: &str, row: PlaceRow| {
        let table = Table::parse("codes/places.csv", text.as_bytes()).expect("it is a table");
        let kept = append("places", &TWO, Some(table), &[row], &[], DAY);
        kept.err().unwrap_or_default().iter().map(|problem| format!("{} {}", problem.code, problem.message)).collect::<Vec<_>>()
    };
    let nothing: [&str; 0] = [];
    assert_eq!(said("godata,hmis\nG1,H1\n", accepted("G1", "H2")), ["K0226 this row says of `G1` already that it is `H1`"]);
    assert_eq!(said("godata,hmis\nG1,H1\n", accepted("G2", "H1")), ["K0226 this row says of `H1` already that it is `G1`"]);
    assert_eq!(said("godata,hmis,valid_to\nG1,H1,\nG9,H9,\n", accepted("G2", "H2")), nothing);
    // What a person wrote by hand may lead several places to one.
    assert_eq!(said("godata,hmis\nG1,H1\nG2,H1\n", accepted("G3", "H3")), nothing);
}
