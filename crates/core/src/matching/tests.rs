//! Tables of what is one person and what is not.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::path::SourcePath;
use crate::token::words;

fn fields() -> Fields {
    let path = |text: &str| SourcePath::parse(text).expect("a path");
    Fields(vec![
        (Field::Name, path("name")),
        (Field::Surname, path("surname")),
        (Field::Dob, path("dob")),
        (Field::Age, path("age")),
        (Field::Sex, path("sex")),
        (Field::Place, path("place")),
        (Field::Phone, path("phones[]")),
        (Field::Document, path("documents[]")),
    ])
}

fn person(record: &Value) -> Person {
    Person::read(&fields(), record, Some(&SourcePath::parse("day").expect("a path")))
}

fn criteria() -> Criteria {
    Criteria { rules: Vec::new(), accept: 0.7, review: 0.1, window: None }
}

fn verdict(one: &Value, two: &Value) -> &'static str {
    match judge(&criteria(), &person(one), &[("1".to_owned(), person(two))], &Even { people: 5_000 }) {
        Verdict::Same(_) => "same",
        Verdict::Unclear(_) => "unclear",
        Verdict::Nobody => "nobody",
    }
}

#[test]
fn words_of_any_script() {
    let check = |text: &str, expected: &[&str]| assert_eq!(words(text), expected, "{text}");
    check("Aïssata  N'Diaye", &["aissata", "ndiaye"]);
    check("Jean-Pierre", &["jean", "pierre"]);
    check("O\u{2019}Neil", &["oneil"]);
    check("Ай\u{0433}уль Смирнова", &["aygul", "smirnova"]);
    check("ሃና", &["hana"]);
    check("Ko\u{0301}ne", &["kone"]);
    check(" - ", &[]);
}

#[test]
fn likeness_of_names() {
    let check = |one: &str, two: &str, from: f64, to: f64| {
        let (first, second) = (Name::new([one]), Name::new([two]));
        let found = first.likeness(&second);
        assert!((from..=to).contains(&found), "{one} and {two}: {found}");
    };
    check("Aminata", "AMINATA", 1.0, 1.0);
    check("Mohamed", "Muhammad", 0.75, 0.99);
    check("Fatou", "Fatu", 0.95, 0.99);
    check("Ouattara", "Wattara", 0.75, 0.99);
    check("Jonameer", "Jonamir", 0.95, 0.99);
    check("Nguyle", "Nguylee", 0.75, 0.99);
    check("Marie Claire", "Claire Marie", 1.0, 1.0);
    check("Marie Claire", "Marie", 0.8, 0.99);
    check("Marie Claire", "Marie Louise", 0.0, 0.4);
    check("Al-Hassan", "Alhassan", 0.75, 0.99);
    check("Van der Berg", "Vanderberg", 0.75, 0.99);
    check("Hassan", "Hussein", 0.0, 0.5);
    check("Mariatu", "Mariama", 0.0, 0.5);
    check("M.", "Mohamed", 0.3, 0.5);
    check("Ali", "Issa", 0.0, 0.0);
    check("محمد", "Mohamed", 0.75, 0.99);
}

#[test]
fn who_is_one_person() {
    let check = |one: Value, two: Value, expected: &str| {
        assert_eq!(verdict(&one, &two), expected, "{one} and {two}");
        assert_eq!(verdict(&two, &one), expected, "{two} and {one}");
    };
    let full = || json!({"name": "Aminata", "surname": "Sesay", "dob": "1990-07-23", "sex": "F", "place": "Bo"});
    let with = |changes: Value| {
        let mut changed = full();
        for (name, value) in changes.as_object().expect("an object") {
            changed[name] = value.clone();
        }
        changed
    };
    check(full(), full(), "same");
    check(full(), with(json!({"name": "Sesay", "surname": "Aminata"})), "same");
    check(full(), with(json!({"name": "Aminata Sesay", "surname": null})), "same");
    check(full(), with(json!({"surname": "Sesey"})), "same");
    check(full(), with(json!({"place": "Kenema"})), "same");
    check(full(), with(json!({"dob": "1990-07-28"})), "same");
    // A twin, a sister, a namesake, a daughter named after her mother.
    check(full(), with(json!({"name": "Adama"})), "unclear");
    check(full(), with(json!({"name": "Mariatu", "dob": "1994-02-11"})), "nobody");
    check(full(), with(json!({"dob": "1978-02-11", "place": "Kenema"})), "nobody");
    check(full(), with(json!({"sex": "M"})), "unclear");
    // Too little to tell.
    check(json!({"name": "Aminata", "surname": "Sesay"}), full(), "unclear");
    check(json!({"name": "Aminata"}), full(), "nobody");
    check(
        json!({"name": "Aminata", "surname": "Sesay", "documents": ["SL-1234 5678"]}),
        with(json!({"documents": ["sl12345678"]})),
        "same",
    );
    check(json!({"documents": ["SL-1234 5678"]}), json!({"documents": ["SL12345679"]}), "nobody");
    check(
        json!({"name": "Aminata", "surname": "Sesay", "age": 31, "day": "2022-08-01", "sex": "F", "place": "Bo", "phones": ["076 123456"]}),
        with(json!({"phones": ["+232 76 123456"]})),
        "same",
    );
}

#[test]
fn rules_come_first_and_lead_to_one() {
    let rules = Criteria { rules: vec![vec![Field::Document], vec![Field::Name, Field::Surname, Field::Dob]], ..criteria() };
    let asked = person(&json!({"name": "Bjot", "surname": "Singhe", "dob": "2017-05-06", "documents": ["765431"]}));
    let other = |document: &str| person(&json!({"name": "Singhe", "surname": "Bjot", "dob": "2017-05-06", "documents": [document]}));
    let people = Even { people: 10 };
    let found = judge(&rules, &asked, &[("a".to_owned(), other("1"))], &people);
    assert!(matches!(&found, Verdict::Same(one) if one.reasons[0] == "rule: name, surname, dob equal"), "{found:?}");
    let found = judge(&rules, &asked, &[("a".to_owned(), other("1")), ("b".to_owned(), other("765431"))], &people);
    assert!(matches!(&found, Verdict::Same(one) if one.id == "b" && one.reasons[0] == "rule: document equal"), "{found:?}");
    let found = judge(&rules, &asked, &[("b".to_owned(), other("765431")), ("a".to_owned(), other("765431"))], &people);
    assert!(matches!(&found, Verdict::Unclear(many) if many.len() == 2 && many[0].id == "a"), "{found:?}");
}

#[test]
fn a_window_makes_a_question_of_what_lies_outside() {
    let criteria = Criteria { rules: vec![vec![Field::Name, Field::Surname, Field::Dob]], window: Some(Window { days: 30 }), ..criteria() };
    let on = |day: &str| person(&json!({"name": "Awa", "surname": "Diop", "dob": "1990-03-23", "day": day}));
    let check = |day: &str, same: bool| {
        let found = judge(&criteria, &on("2022-08-01"), &[("a".to_owned(), on(day))], &Even { people: 10 });
        assert_eq!(matches!(found, Verdict::Same(_)), same, "{day}: {found:?}");
        assert!(!matches!(found, Verdict::Nobody), "{day}");
    };
    check("2022-08-31", true);
    check("2022-07-02", true);
    check("2022-09-01", false);
    check("", false);
}

#[test]
fn reasons_have_no_values() {
    let record = json!({"name": "Zebulon", "surname": "Quartey", "dob": "1990-03-23", "place": "Xanadu", "phones": ["99887766"], "documents": ["ZQ1"]});
    let found = judge(&criteria(), &person(&record), &[("1".to_owned(), person(&record))], &Even { people: 10 });
    let shown = format!("{found:?}").to_lowercase();
    for secret in ["zebulon", "quartey", "1990", "xanadu", "9988", "zq1"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn a_person_kept_is_the_person_read() {
    let read = person(
        &json!({"name": "de la Marie-Claire", "surname": "Ba", "dob": "1990-03-23T00:00:00.000Z", "age": 3, "sex": "LNG_GENDER_FEMALE", "day": "2020-01-01"}),
    );
    let kept: Person = serde_json::from_str(&serde_json::to_string(&read).expect("it can be written")).expect("it can be read");
    assert_eq!(kept, read);
    assert_eq!(read.sex, Some(Sex::Female));
}

fn any_person() -> impl Strategy<Value = Value> {
    let given = prop::sample::select(vec!["Amina", "Aminata", "Mohamed", "Muhamad", "Marie Claire", "Claire", "Al Hassan", "M", ""]);
    let family = prop::sample::select(vec!["Sesay", "Sesey", "Kamara", "de Souza", "Desouza", "Amina", ""]);
    let dob = prop::sample::select(vec!["1990-07-03", "1990-03-07", "1990-01-01", "1990-07-13", "1984-02-28", ""]);
    let rest = (
        prop::sample::select(vec!["F", "M", ""]),
        prop::sample::select(vec!["Bo", "Kenema", ""]),
        prop::collection::vec(prop::sample::select(vec!["076123456", "077999888"]), 0..3),
        prop::collection::vec(prop::sample::select(vec!["SL12345678", "SL12345687", "X1"]), 0..3),
        prop::option::of(20..40),
    );
    (given, family, dob, rest).prop_map(|(name, surname, dob, (sex, place, phones, documents, age))| {
        json!({"name": name, "surname": surname, "dob": dob, "sex": sex, "place": place, "phones": phones, "documents": documents, "age": age, "day": "2022-08-01"})
    })
}

proptest! {
    #[test]
    fn comparing_is_symmetric(one in any_person(), two in any_person()) {
        let people = Even { people: 5_000 };
        let (there, back) = (compare(&person(&one), &person(&two), &people), compare(&person(&two), &person(&one), &people));
        prop_assert!((there.bits - back.bits).abs() < 1e-9, "{} {}", there.bits, back.bits);
        prop_assert_eq!(there.doubts, back.doubts);
    }

    #[test]
    fn the_order_of_candidates_and_lists_does_not_matter(asked in any_person(), others in prop::collection::vec(any_person(), 0..6)) {
        let people = Even { people: 5_000 };
        let named: Vec<(String, Person)> = others.iter().enumerate().map(|(at, other)| (at.to_string(), person(other))).collect();
        let mut turned: Vec<(String, Person)> = others.iter().enumerate().map(|(at, other)| {
            let mut other = other.clone();
            for list in ["phones", "documents"] {
                other[list].as_array_mut().expect("a list").reverse();
            }
            (at.to_string(), person(&other))
        }).collect();
        turned.reverse();
        prop_assert_eq!(judge(&criteria(), &person(&asked), &named, &people), judge(&criteria(), &person(&asked), &turned, &people));
    }

    #[test]
    fn more_agreement_never_makes_a_lower_score(one in any_person(), two in any_person(), field in prop::sample::select(vec!["dob", "sex", "place", "phones", "documents"])) {
        let people = Even { people: 5_000 };
        let empty = |value: &Value| value.as_str().is_some_and(str::is_empty) || value.as_array().is_some_and(Vec::is_empty);
        prop_assume!(!empty(&one[field]) && !empty(&two[field]));
        // A date of birth that is only a year says less than a slip in a whole one.
        prop_assume!(field != "dob" || one[field] != "1990-01-01");
        let before = compare(&person(&one), &person(&two), &people);
        let mut closer = two.clone();
        closer[field] = one[field].clone();
        let after = compare(&person(&one), &person(&closer), &people);
        prop_assert!(after.bits >= before.bits - 1e-9, "{} {}", before.bits, after.bits);
    }

    #[test]
    fn who_would_be_accepted_is_found_by_a_key(one in any_person(), two in any_person()) {
        let people = Even { people: 5_000 };
        let (asked, known) = (person(&one), person(&two));
        let found = judge(&criteria(), &asked, &[("1".to_owned(), known.clone())], &people);
        if matches!(found, Verdict::Same(_)) {
            let (asking, kept) = (asking_keys(&asked), index_keys(&known));
            prop_assert!(asking.iter().any(|key| kept.contains(key)), "{:?} {:?}", asking, kept);
        }
    }
}
