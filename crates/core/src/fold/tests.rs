use proptest::prelude::*;
use serde_json::json;

use super::*;

fn amount(text: &str) -> Part {
    Part::Amount(Amount::parse(text).expect(text))
}

fn folded(kind: Kind, numbers: &[&str]) -> Option<String> {
    let parts = numbers.iter().map(|number| if kind == Kind::Count { Part::Count(1) } else { amount(number) });
    Fold::of(kind, parts).expect("they fit").value()
}

#[test]
fn what_comes_out() {
    let cases: [(Kind, &[&str], Option<&str>); 16] = [
        (Kind::Count, &[], None),
        (Kind::Count, &["1", "1", "1"], Some("3")),
        (Kind::Sum, &[], None),
        (Kind::Sum, &["0", "-0"], Some("0")),
        (Kind::Sum, &["0.1", "0.2"], Some("0.3")),
        (Kind::Sum, &["1e14", "0.000000000001", "-1e14"], Some("0.000000000001")),
        (Kind::Sum, &["900000000000000", "900000000000000"], Some("1800000000000000")),
        (Kind::Avg, &[], None),
        (Kind::Avg, &["1", "2"], Some("1.5")),
        (Kind::Avg, &["1", "0", "0"], Some("0.3333333333")),
        (Kind::Avg, &["-2", "0", "0"], Some("-0.6666666667")),
        (Kind::Avg, &["0.0000000001", "0"], Some("0.0000000001")),
        (Kind::Min, &["3", "-1.50", "2"], Some("-1.5")),
        (Kind::Max, &["3", "-1.5", "2"], Some("3")),
        (Kind::Min, &[], None),
        (Kind::Avg, &["12"], Some("12")),
    ];
    for (kind, numbers, expected) in cases {
        assert_eq!(folded(kind, numbers).as_deref(), expected, "{kind} of {numbers:?}");
    }
}

#[test]
fn distinct_values_are_kept_as_keyed_hashes() {
    let values = [json!("A"), json!(" A "), json!(7), json!("7"), json!(7.0), json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1})];
    let part = |value: &Value, key: u8| Kind::Distinct.part(value, &[key; 32]).expect("any value");
    let fold = Fold::of(Kind::Distinct, values.iter().map(|value| part(value, 1))).expect("they fit");
    assert_eq!(fold.value().as_deref(), Some("3"));
    let json = serde_json::to_string(&fold).expect("JSON");
    assert!(!json.contains("\"A\"") && serde_json::from_str::<Fold>(&json).expect("it was written") == fold, "{json}");
    assert_ne!(part(&json!("A"), 1), part(&json!("A"), 2));
    assert_eq!(Fold::new(Kind::Distinct).value(), None);
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let mut fold = Fold::of(Kind::Sum, [amount("1")]).expect("it fits");
    let before = fold.clone();
    let key = Kind::Distinct.part(&json!("A"), &[0; 32]).expect("any value");
    assert_eq!((fold.add(Part::Count(1)), fold.add(key)), (Err(Mismatch(Kind::Sum)), Err(Mismatch(Kind::Sum))));
    assert_eq!(fold.merge(Fold::of(Kind::Avg, [amount("1")]).expect("it fits")), Err(Mismatch(Kind::Sum)));
    assert_eq!(fold, before);
    assert!(Fold::of(Kind::Count, [amount("1")]).is_err() && Fold::of(Kind::Distinct, [amount("1")]).is_err());
    assert_eq!(Kind::Sum.part(&json!("a"), &[0; 32]), Err(NoAmount::NotANumber));
    assert_eq!((Kind::parse("sum"), Kind::parse("Sum"), Kind::parse("median")), (Some(Kind::Sum), None, None));
}

fn parts(kind: Kind) -> BoxedStrategy<Vec<Part>> {
    let part = match kind {
        Kind::Count => (1u64..4).prop_map(Part::Count).boxed(),
        Kind::Distinct => (0u8..12).prop_map(|value| Kind::Distinct.part(&json!(value), &[3; 32]).expect("any value")).boxed(),
        _ => prop_oneof![
            "-?[0-9]{1,15}(\\.[0-9]{1,12})?".prop_map(|text| amount(&text)),
            any::<f64>().prop_filter_map("it is too large", |float| Amount::parse(&float.to_string()).ok().map(Part::Amount)),
            (-3i64..3).prop_map(|number| Part::Amount(Amount::whole(number).expect("it is small"))),
        ]
        .boxed(),
    };
    proptest::collection::vec(part, 0..20).boxed()
}

fn kinds_and_parts() -> impl Strategy<Value = (Kind, Vec<Part>)> {
    proptest::sample::select(Kind::ALL.to_vec()).prop_flat_map(|kind| (Just(kind), parts(kind)))
}

proptest! {
    #[test]
    fn any_order_and_any_split_give_the_same(
        ((kind, parts), order, cuts) in (kinds_and_parts(), any::<[u8; 20]>(), proptest::collection::vec(0usize..20, 0..5)),
    ) {
        let straight = Fold::of(kind, parts.clone()).expect("they fit");
        let mut shuffled: Vec<(u8, Part)> = parts.iter().enumerate().map(|(at, part)| (order[at], *part)).collect();
        shuffled.sort();
        let shuffled: Vec<Part> = shuffled.into_iter().map(|(_, part)| part).collect();
        let mut merged = Fold::new(kind);
        let mut from = 0;
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(shuffled.len())).collect();
        cuts.push(shuffled.len());
        cuts.sort_unstable();
        for to in cuts {
            let piece = Fold::of(kind, shuffled[from..to].iter().copied()).expect("they fit");
            // Through the form in which it is kept.
            let kept = serde_json::to_string(&piece).expect("JSON");
            merged.merge(serde_json::from_str(&kept).expect("it was written")).expect("one kind");
            from = to;
        }
        prop_assert_eq!(&merged, &straight);
        prop_assert_eq!(merged.is_empty(), parts.is_empty());
        prop_assert_eq!(merged.value().is_none(), parts.is_empty());
    }

    #[test]
    fn what_is_taken_back_was_never_there(((kind, parts), at) in (kinds_and_parts(), any::<prop::sample::Index>())) {
        prop_assume!(!parts.is_empty());
        let at = at.index(parts.len());
        let mut left = parts.clone();
        left.remove(at);
        let mut never = Fold::new(kind);
        for (position, part) in parts.iter().enumerate().filter(|(position, _)| *position != at) {
            prop_assert!(position != at);
            never.add(*part).expect("it fits");
        }
        let mut all = Fold::of(kind, left).expect("they fit");
        prop_assert_eq!(&all, &never);
        // And with it again it is as before.
        all.add(parts[at]).expect("it fits");
        prop_assert_eq!(all, Fold::of(kind, parts).expect("they fit"));
    }

    #[test]
    fn parts_are_read_back_from_their_text((kind, parts) in kinds_and_parts()) {
        for part in parts {
            prop_assert_eq!(Part::parse(kind, &part.text()), Some(part));
            let json = serde_json::to_string(&part).expect("JSON");
            prop_assert_eq!(serde_json::from_str::<Part>(&json).expect("it was written"), part);
        }
    }

    #[test]
    fn an_average_lies_between_the_smallest_and_the_largest(parts in parts(Kind::Avg)) {
        let number = |kind| Fold::of(kind, parts.clone()).expect("they fit").number();
        if let (Some(least), Some(average), Some(most)) = (number(Kind::Min), number(Kind::Avg), number(Kind::Max)) {
            prop_assert!(least.shown() <= average && average <= most.shown());
        }
    }
}
