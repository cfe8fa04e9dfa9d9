use std::fmt::Write as _;

use jiff::civil::date;
use proptest::prelude::*;
use serde_json::json;

use super::name::PlaceName;
use super::{Given, Place, Proposal, Says, matched};
use crate::geometry::{Area, Point};

/// `id: name < parent @ lat lng # code`, what is not known left out.
fn places(lines: &str) -> Vec<Place> {
    let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (line, code) = line.split_once(" # ").map_or((line, None), |(line, code)| (line, Some(code)));
            let (line, point) = line.split_once(" @ ").map_or((line, None), |(line, point)| (line, Some(point)));
            let (line, parent) = line.split_once(" < ").map_or((line, None), |(line, parent)| (line, Some(parent)));
            let (id, name) = line.split_once(": ").expect("an id and a name");
            let point = point.map(|point| {
                let (lat, lng) = point.split_once(' ').expect("two numbers");
                Point { lat: lat.parse().expect("a number"), lng: lng.parse().expect("a number") }
            });
            Place {
                id: id.to_owned(),
                name: name.to_owned(),
                parent: parent.map(str::to_owned),
                codes: code.map(str::to_owned).into_iter().collect(),
                point,
                ..Place::default()
            }
        })
        .collect()
}

/// A small country, so that words are as rare as in a real one, and a district that the cases are about.
fn country(side: char, more: &str) -> Vec<Place> {
    let mut lines = format!("{side}top: Salone\n{side}bo: Bo < {side}top\n{side}ke: Kenema < {side}top\n");
    let villages =
        ["Tikonko", "Gerihun", "Baoma", "Sumbuya", "Jimmi", "Koribondo", "Blama", "Panguma", "Hangha", "Levuma", "Talia", "Gofor"];
    for (at, village) in villages.iter().enumerate() {
        let parent = if at < 6 { "bo" } else { "ke" };
        writeln!(lines, "{side}v{at}: {village} Health Centre < {side}{parent}").expect("a text takes everything");
    }
    let mut all = places(&lines);
    all.extend(places(more));
    all
}

fn of<'p>(found: &'p [Proposal], id: &str) -> &'p Proposal {
    found.iter().find(|one| one.one.as_deref() == Some(id)).expect("the place is open")
}

fn check(one: &str, two: &str, expected: &[(&str, Says, &str)]) {
    let found = matched(country('a', one), country('b', two), &Given::default());
    for (id, says, candidates) in expected {
        let proposal = of(&found, id);
        let mut ids: Vec<&str> = proposal.candidates.iter().map(|one| one.id.as_str()).collect();
        ids.sort_unstable();
        assert_eq!((proposal.says, ids.join(" ").as_str()), (*says, *candidates), "{one} / {two}: {proposal:#?}");
    }
}

const NOBODY: &str = "";

#[test]
fn names_in_other_words() {
    for (one, two) in [
        ("Mattru Health Centre", "Mattru HC"),
        ("Mattru Health Centre", "MATTRU H.C."),
        ("Mattru Health Centre", "Centre de Santé de Mattru"),
        ("Mattru Health Centre", "C. de Saúde Mattru"),
        ("Mattru Community Health Post", "Mattru CHP"),
        ("Mattru Maternal and Child Health Post", "MCHP Mattru"),
        ("Posto de Saúde Mattru", "Mattru Health Post"),
        ("Hôpital de Mattru", "Mattru Hosp."),
        ("Mattru Dispensary", "Dispensaire de Mattru"),
        ("Mattru 2 Dispensary", "Mattru II Disp"),
        ("St. Mary's Clinic", "Clinique Sainte Marie"),
        ("Mattru Jong HC", "Jong Mattru Health Center"),
        ("Mattru Helth Centre", "Matru Health Centre"),
        ("New Mattru HC", "Nouveau Mattru CS"),
        ("Mattru HC", "Mattru HC (Bo)"),
        ("Mattru HC", "Mattru Health Centre - Bo"),
        ("Мattru HC", "Mattru HC"),
    ] {
        check(&format!("a1: {one} < abo"), &format!("b1: {two} < bbo"), &[("a1", Says::Same, "b1")]);
    }
}

#[test]
fn what_is_not_the_same_is_never_taken() {
    for (one, two) in [
        ("Mattru Hospital", "Mattru Health Post"),
        ("Mattru CHP", "Mattru MCHP"),
        ("Mattru 1 HC", "Mattru 2 HC"),
        ("Mattru HC", "Mattru 2 HC"),
        ("Mattru North HC", "Mattru South HC"),
        ("New Mattru HC", "Mattru HC"),
        ("Mattru Junction HC", "Mattru Wharf HC"),
        ("Mattru Junction HC", "Mattru HC"),
        ("Mattru Regional Hospital", "Mattru District Hospital"),
        ("Mattru Government Hospital", "Mattru Mission Hospital"),
    ] {
        let found = matched(country('a', &format!("a1: {one} < abo")), country('b', &format!("b1: {two} < bbo")), &Given::default());
        assert_ne!(of(&found, "a1").says, Says::Same, "{one} and {two}: {:#?}", of(&found, "a1"));
    }
}

#[test]
fn two_that_are_as_good_are_both_shown() {
    check("a1: Mattru HC < abo", "b1: Mattru HC < bbo\nb2: Mattru Health Centre < bbo", &[("a1", Says::Unclear, "b1 b2")]);
    let one = "a1: Mattru HC < abo\na2: Mattru Health Centre < abo";
    check(one, "b1: Mattru HC < bbo", &[("a1", Says::Unclear, "b1"), ("a2", Says::Unclear, "b1")]);
    // An identifier tells them apart, and so does somebody who has said what the other one is.
    let two = "b1: Mattru HC < bbo # 417\nb2: Mattru Health Centre < bbo";
    check("a1: Mattru HC < abo # 417", two, &[("a1", Says::Same, "b1")]);
    let two = "b1: Mattru HC < bbo\nb2: Mattru Health Centre < bbo";
    let none_two = vec!["b2".to_owned()];
    let found = matched(country('a', "a1: Mattru HC < abo"), country('b', two), &Given { none_two, ..Given::default() });
    assert_eq!(of(&found, "a1").says, Says::Same);
}

#[test]
fn facilities_of_one_village_keep_to_their_kind() {
    let village = |side: char| format!("{side}1: Mattru CHP < {side}bo\n{side}2: Mattru Hospital < {side}bo\n{side}3: Mattru < {side}bo");
    check(&village('a'), &village('b'), &[("a1", Says::Same, "b1"), ("a2", Says::Same, "b2"), ("a3", Says::Same, "b3")]);
    // The one that does not say its kind may be either.
    check(
        "a1: Mattru CHP < abo\na2: Mattru Hospital < abo",
        "b1: Mattru < bbo",
        &[("a1", Says::Unclear, "b1"), ("a2", Says::Unclear, "b1")],
    );
}

#[test]
fn a_place_under_another_parent_needs_a_point_or_an_identifier() {
    check("a1: Mattru HC < abo", "b1: Mattru HC < bke", &[("a1", Says::Unclear, "b1")]);
    check("a1: Mattru HC < abo @ 7.61 -11.83", "b1: Mattru HC < bke @ 7.6104 -11.8302", &[("a1", Says::Same, "b1")]);
    check("a1: Mattru HC < abo # 417", "b1: Mattru HC < bke # 417", &[("a1", Says::Same, "b1")]);
}

#[test]
fn coordinates_of_the_usual_mistakes() {
    check("a1: Mattru HC < abo @ 7.61 -11.83", "b1: Mattru HC < bbo @ 7.61 11.83", &[("a1", Says::Same, "b1")]);
    check("a1: Mattru HC < abo @ 7.61 -11.83", "b1: Mattru HC < bbo @ -11.83 7.61", &[("a1", Says::Same, "b1")]);
    check("a1: Mattru HC < abo @ 7.61 -11.83", "b1: Mattru HC < bbo @ 0 0", &[("a1", Says::Same, "b1")]);
    check("a1: Mattru HC < abo @ 7.61 -11.83", "b1: Mattru HC < bbo @ 9.0 -13.0", &[("a1", Says::Unclear, "b1")]);
}

#[test]
fn an_identifier_with_another_name_is_looked_at() {
    // The identifiers of the two sides are the same ones.
    let coded = |side: char| (1..6).map(|at| format!("{side}c{at}: Kori{at} CHP < {side}bo # 50{at}")).collect::<Vec<_>>().join("\n");
    let (one, two) = (format!("a1: Mattru HC < abo # 417\n{}", coded('a')), format!("b1: Senehun Clinic < bke # 417\n{}", coded('b')));
    check(&one, &two, &[("a1", Says::Unclear, "b1")]);
    // They agree by chance.
    check("a1: Mattru HC < abo # 417", "b1: Senehun Clinic < bke # 417", &[("a1", Says::None, NOBODY)]);
    check("a1: Mattru HC < abo", "b1: Senehun Clinic < bke", &[("a1", Says::None, NOBODY)]);
}

/// Two registers that both count from 1, in another order.
#[test]
fn numbers_that_are_equal_by_chance_lift_no_doubt_and_raise_none() {
    let number = |mut all: Vec<Place>, first: usize| {
        let many = all.len();
        for (at, place) in all.iter_mut().enumerate() {
            if place.codes.is_empty() {
                place.codes = vec![(100 + (at + first) % many).to_string()];
            }
        }
        all
    };
    let one = "a1: Mattru HC < abo # 7\na2: Yele HC < abo # 8\na3: Njala < abo # 9\na4: Lunsar HC < abo @ 7.61 -11.83 # 10";
    let two = "b1: Mattru HC < bbo # 7\nb1x: Mattru Health Centre < bbo # 90\nb2: Yele HC < bke # 8\n\
        b3: Njala CHP < bbo # 9\nb3x: Njala Hospital < bbo # 91\nb4: Lunsar HC < bbo @ 9.0 -13.0 # 10";
    let found = matched(number(country('a', one), 0), number(country('b', two), 5), &Given::default());
    for ambiguous in ["a1", "a2", "a3", "a4"] {
        assert_eq!(of(&found, ambiguous).says, Says::Unclear, "{:#?}", of(&found, ambiguous));
    }
    for good in (0..12).map(|at| format!("av{at}")) {
        let proposal = of(&found, &good);
        assert_eq!((proposal.says, &proposal.candidates[0].id[1..]), (Says::Same, &good[1..]), "{proposal:#?}");
    }
}

#[test]
fn an_identifier_alone_is_not_enough_for_a_place_far_off_under_another_parent() {
    let one = "a1: Mattru HC < abo @ 7.61 -11.83 # 417";
    check(one, "b1: Mattru HC < bke @ 9.0 -13.0 # 417", &[("a1", Says::Unclear, "b1")]);
    check(one, "b1: Mattru HC < bbo @ 9.0 -13.0 # 417", &[("a1", Says::Same, "b1")]);
}

#[test]
fn a_parent_of_another_name_is_known_by_its_children() {
    let mut two = country('b', "");
    let renamed = two.iter_mut().find(|place| place.id == "bke").expect("it is there");
    "Eastern Provincial Area".clone_into(&mut renamed.name);
    let found = matched(country('a', ""), two, &Given::default());
    for number in 6..12 {
        assert_eq!(of(&found, &format!("av{number}")).says, Says::Same, "{:#?}", of(&found, &format!("av{number}")));
    }
    let parent = of(&found, "ake");
    assert_eq!(parent.candidates.first().map(|one| one.id.as_str()), Some("bke"), "{parent:#?}");
}

#[test]
fn a_level_that_one_side_lacks_is_passed_over() {
    let two: Vec<Place> = country('b', "b1: Mattru HC < bbo")
        .into_iter()
        .filter(|place| place.id != "btop")
        .map(|mut place| {
            place.parent = place.parent.filter(|parent| parent != "btop");
            place
        })
        .collect();
    let found = matched(country('a', "a1: Mattru HC < abo"), two, &Given::default());
    assert_eq!((of(&found, "a1").says, of(&found, "abo").says), (Says::Same, Says::Same), "{:#?}", of(&found, "abo"));
    assert_eq!(of(&found, "atop").says, Says::None);
}

#[test]
fn what_is_decided_is_not_asked_again() {
    let (one, two) = (country('a', "a1: Mattru HC < abo"), country('b', "b1: Mattru HC < bbo"));
    let pair = |one: &str, two: &str| (one.to_owned(), two.to_owned());
    let given =
        Given { pairs: vec![pair("av0", "bv0")], refused: vec![pair("a1", "b1")], none_one: vec!["av1".into()], none_two: Vec::new() };
    let found = matched(one, two, &given);
    assert!(!found.iter().any(|proposal| ["av0", "av1"].map(Some).contains(&proposal.one.as_deref())));
    assert_eq!(of(&found, "a1").says, Says::None, "the pair was refused");
    assert!(found.iter().any(|proposal| proposal.two.as_deref() == Some("b1")), "the other side of it is open, too");
    assert!(found.iter().all(|proposal| proposal.candidates.iter().all(|one| one.id != "bv0")));
}

#[test]
fn an_area_holds_its_places() {
    let square = json!({"type": "Polygon", "coordinates": [[[-12.0, 7.5], [-11.5, 7.5], [-11.5, 8.0], [-12.0, 8.0], [-12.0, 7.5]]]});
    let mut one = country('a', "a1: Mattru HC < abo");
    one.iter_mut().find(|place| place.id == "abo").expect("it is there").area = Area::parse(&square).expect("a polygon");
    let reasons = |point: &str| {
        let found = matched(one.clone(), country('b', &format!("b1: Mattru HC < bbo @ {point}")), &Given::default());
        of(&found, "a1").candidates[0].reasons.join("; ")
    };
    assert!(reasons("7.61 -11.83").contains("lies within the area"));
    assert!(reasons("9.0 -13.0").contains("lies outside the area"));
}

#[test]
fn dates_count() {
    let place = |id: &str, parent: &str, opened, closed| Place {
        id: id.to_owned(),
        name: "Mattru HC".to_owned(),
        parent: Some(parent.to_owned()),
        opened,
        closed,
        ..Place::default()
    };
    let (mut one, mut two) = (country('a', ""), country('b', ""));
    one.push(place("a1", "abo", None, Some(date(2010, 5, 1))));
    two.push(place("b1", "bbo", Some(date(2015, 3, 2)), None));
    let found = matched(one, two, &Given::default());
    assert_eq!(of(&found, "a1").says, Says::Unclear, "the one was closed before the other was opened");
}

#[test]
fn trees_that_are_none() {
    let circle = places("a1: Mattru < a2\na2: Bo < a1\na3: Kenema < nowhere\na4:  < a3");
    assert_eq!(matched(circle, Vec::new(), &Given::default()).len(), 4);
    assert_eq!(matched(Vec::new(), places("b1: Mattru"), &Given::default()).len(), 1);
}

#[test]
fn a_name_is_never_empty_of_words() {
    for text in ["District Hospital", "Health Centre", "CS", "12", "Centre", "São"] {
        let name = PlaceName::new(text);
        assert!(!name.tokens.is_empty() || !name.numbers.is_empty(), "{text}: {name:?}");
    }
}

fn some_places(side: char) -> impl Strategy<Value = Vec<Place>> {
    let names =
        prop::sample::select(vec!["Mattru HC", "Matru CHP", "Mattru", "Bo", "St Mary Clinic", "Mattru 2", "Senehun Hospital", "", "12"]);
    prop::collection::vec((names, 0_usize..12, prop::option::of((7_i8..9, -12_i8..-10))), 1..14).prop_map(move |rows| {
        let rows = rows.into_iter().enumerate();
        rows.map(|(at, (name, parent, point))| Place {
            id: format!("{side}{at}"),
            name: name.to_owned(),
            parent: (parent > 0).then(|| format!("{side}{parent}")),
            point: point.map(|(lat, lng)| Point { lat: f64::from(lat), lng: f64::from(lng) }),
            ..Place::default()
        })
        .collect()
    })
}

proptest! {
    #[test]
    fn the_order_changes_nothing_and_no_place_is_given_twice(one in some_places('a'), two in some_places('b')) {
        let found = matched(one.clone(), two.clone(), &Given::default());
        let taken: Vec<&str> = found.iter().filter(|one| one.says == Says::Same).map(|one| one.candidates[0].id.as_str()).collect();
        let mut single = taken.clone();
        single.sort_unstable();
        single.dedup();
        prop_assert_eq!(single.len(), taken.len());
        prop_assert_eq!(found.iter().filter(|proposal| proposal.one.is_some()).count(), one.len());
        let (mut one, mut two) = (one, two);
        one.reverse();
        two.reverse();
        prop_assert_eq!(matched(one, two, &Given::default()), found);
    }

    #[test]
    fn any_text_is_a_name(text in "\\PC{0,40}") {
        let name = PlaceName::new(&text);
        prop_assert!(name.tokens.len() <= 8);
    }
}
