use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::connector::ReplacedWhole;

/// Any JSON value, with members that meet often.
pub(crate) fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..4).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-3_i32..4).prop_map(|whole| Value::from(f64::from(whole))),
        any::<f64>().prop_map(Value::from),
        "[ a-c]{0,2}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-d]", inner), 0..4).prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

fn any_object() -> impl Strategy<Value = Value> {
    prop::collection::vec(("[a-d]", any_value()), 0..5).prop_map(|members| Value::Object(Map::from_iter(members)))
}

/// An item that has an identity more often than not, from few.
fn any_item() -> impl Strategy<Value = Value> {
    let identity = prop_oneof![Just(json!("X")), Just(json!("Y")), Just(json!("Z")), Just(json!(1)), Just(Value::Null)];
    let field =
        || prop_oneof![Just(Value::Null), Just(json!("")), (0..3).prop_map(Value::from), Just(json!({"c": 1})), Just(json!({"c": null}))];
    (identity, prop::collection::btree_map("[ab]", field(), 0..3)).prop_map(|(identity, fields)| {
        let mut item = Map::from_iter(fields);
        if !identity.is_null() {
            item.insert("type".to_owned(), identity);
        }
        Value::Object(item)
    })
}

fn any_items() -> impl Strategy<Value = Value> {
    prop::collection::vec(any_item(), 0..5).prop_map(Value::from)
}

/// A record as a target holds it: an array of items, an object with another in it, and what is in neither.
fn any_record() -> impl Strategy<Value = Value> {
    let maybe = |part: BoxedStrategy<Value>| prop::option::weighted(0.8, part);
    (maybe(any_items().boxed()), maybe(any_object().boxed()), maybe(any_items().boxed()), maybe(any_value().boxed())).prop_map(
        |(items, answers, nested, plain)| {
            let mut record = Map::new();
            let mut insert = |name: &str, part: Option<Value>| part.map(|part| record.insert(name.to_owned(), part));
            insert("items", items);
            insert("answers", answers);
            insert("outer", nested.map(|nested| json!({ "inner": nested })));
            insert("plain", plain);
            Value::Object(record)
        },
    )
}

fn whole(path: &str, identity: &[&str]) -> ReplacedWhole {
    ReplacedWhole { path: path.to_owned(), identity: identity.iter().map(|field| (*field).to_owned()).collect() }
}

fn rules() -> Vec<ReplacedWhole> {
    vec![whole("items", &["type"]), whole("answers", &[]), whole("outer.inner", &["type"]), whole("values", &["of.id"])]
}

/// What the target holds after it was sent these fields.
fn sent(present: &Value, fields: &Value) -> Value {
    let mut after = present.clone();
    for (name, field) in fields.as_object().expect("fields") {
        after[name] = field.clone();
    }
    after
}

#[test]
fn single_changes() {
    let check = |before: Value, after: Value, expected: Value| {
        assert_eq!(json!(changes(&before, &after)), expected, "{before} and {after}");
    };
    check(json!({"a": 1, "b": 2}), json!({"a": 1.0}), json!([]));
    check(json!({"a": 1}), json!({"a": null}), json!([{"path": "a", "before": 1, "after": null}]));
    check(json!({}), json!({"a": "", "b": {}, "c": [null]}), json!([]));
    check(json!({"a": {"x": 1, "y": 2}}), json!({"a": {"x": 3}}), json!([{"path": "a.x", "before": 1, "after": 3}]));
    check(json!({"a": "text"}), json!({"a": {"x": 3}}), json!([{"path": "a", "before": "text", "after": {"x": 3}}]));
    check(json!({"a": null}), json!({"a": {"x.y": 3}}), json!([{"path": "a['x.y']", "before": null, "after": 3}]));
    check(json!({"a": [1, 2]}), json!({"a": [1]}), json!([{"path": "a", "before": [1, 2], "after": [1]}]));
    check(json!({"a": [{"x": 1, "y": null}]}), json!({"a": [{"x": 1.0}]}), json!([]));
    check(json!({"": {"'": 1}}), json!({"": {"'": 2}}), json!([{"path": "[''].'", "before": 1, "after": 2}]));
}

#[test]
fn which_fields_changed() {
    let present = json!({"a": 1, "b": "", "c": [1], "d": {"x": 1, "y": null}, "e": 5});
    let check = |desired: Value, expected: &[&str]| assert_eq!(changed_fields(&present, &desired), expected, "{desired}");
    check(json!({"a": 1.0, "b": null, "c": [1], "d": {"x": 1}, "f": null}), &[]);
    check(json!({"a": "1", "b": "x", "c": [], "d": {"x": 1, "y": 2}, "f": 0}), &["a", "b", "c", "d", "f"]);
    check(json!({}), &[]);
}

#[test]
fn merging() {
    let check = |present: Value, desired: Value, expected: Value| {
        assert_eq!(merge(&present, &desired, &rules()), expected, "{desired} into {present}");
    };
    // Items are found by their identity, the others stay or are appended.
    check(
        json!({"items": [{"type": "X", "city": "Bo", "phone": "1"}, {"type": "Y"}]}),
        json!({"items": [{"type": "Z", "city": "Kono"}, {"type": "X", "city": "Kenema"}]}),
        json!({"items": [{"type": "X", "city": "Kenema", "phone": "1"}, {"type": "Y"}, {"type": "Z", "city": "Kono"}]}),
    );
    // An empty value clears its member, an empty array names no item.
    check(
        json!({"items": [{"type": "X", "city": "Bo"}]}),
        json!({"items": [{"type": "X", "city": null}]}),
        json!({"items": [{"type": "X"}]}),
    );
    check(json!({"items": [{"type": "X"}]}), json!({"items": []}), json!({"items": [{"type": "X"}]}));
    check(json!({"items": [{"type": "X"}]}), json!({"items": null}), json!({"items": null}));
    // An identity may lie further in.
    check(
        json!({"values": [{"of": {"id": "X"}, "value": 1}, {"of": {"id": "Y"}, "value": 2}]}),
        json!({"values": [{"of": {"id": "Y"}, "value": 3}]}),
        json!({"values": [{"of": {"id": "X"}, "value": 1}, {"of": {"id": "Y"}, "value": 3}]}),
    );
    // Objects by their keys.
    check(
        json!({"answers": {"q1": [{"value": 1}], "q2": [{"value": 2}], "q3": [{"value": 3}]}}),
        json!({"answers": {"q1": [{"value": 7}], "q2": null, "q4": [{"value": 4}]}}),
        json!({"answers": {"q1": [{"value": 7}], "q3": [{"value": 3}], "q4": [{"value": 4}]}}),
    );
    // Deeper.
    check(
        json!({"outer": {"inner": [{"type": "X", "a": 1}], "other": 1}}),
        json!({"outer": {"inner": [{"type": "X", "b": 2}]}}),
        json!({"outer": {"inner": [{"type": "X", "a": 1, "b": 2}], "other": 1}}),
    );
    // What is not declared is handed on; what is not desired is not sent.
    check(json!({"plain": {"a": 1}, "x": 1}), json!({"plain": {"b": 2}}), json!({"plain": {"b": 2}}));
    // Items without an identity, and several with the same one, settle.
    check(
        json!({"items": [{"a": 1, "id": "made by the target"}]}),
        json!({"items": [{"a": 1}, {"a": 2}]}),
        json!({"items": [{"a": 1, "id": "made by the target"}, {"a": 2}]}),
    );
    check(
        json!({"items": [{"type": "X", "a": 1}, {"type": "X", "a": 2}]}),
        json!({"items": [{"type": "X", "a": 2}, {"type": "X", "a": 3}]}),
        json!({"items": [{"type": "X", "a": 3}, {"type": "X", "a": 2}]}),
    );
}

proptest! {
    #[test]
    fn applying_the_changes_is_merging(before in any_object(), after in any_object()) {
        let applied = apply(&before, &changes(&before, &after));
        let objects: Vec<ReplacedWhole> = ["a", "b", "c", "d"].into_iter().map(|name| whole(name, &[])).collect();
        let merged = sent(&before, &merge(&before, &after, &objects));
        prop_assert!(same(&applied, &merged), "{} and {}", applied, merged);
        prop_assert!(changes(&applied, &after).is_empty());
    }

    #[test]
    fn any_two_values_have_changes_that_apply(before in any_value(), after in any_value()) {
        let applied = apply(&before, &changes(&before, &after));
        prop_assert!(changes(&applied, &after).is_empty());
    }

    #[test]
    fn changes_survive_json(before in any_object(), after in any_object()) {
        let found = changes(&before, &after);
        let again: Vec<Change> = serde_json::from_value(json!(found)).expect("they are JSON");
        prop_assert_eq!(again, found);
    }

    #[test]
    fn what_is_the_same_has_no_changes(value in any_object()) {
        prop_assert!(changes(&value, &value).is_empty());
        prop_assert!(changed_fields(&value, &value).is_empty());
        let nothing = json!({});
        prop_assert!(changes(&value, &nothing).is_empty());
    }

    #[test]
    fn merging_again_changes_nothing(present in any_record(), desired in any_record()) {
        let once = merge(&present, &desired, &rules());
        let after = sent(&present, &once);
        let twice = merge(&after, &desired, &rules());
        prop_assert!(changed_fields(&after, &twice).is_empty(), "{} became {}", once, twice);
    }

    #[test]
    fn merging_nothing_changes_nothing(present in any_record()) {
        prop_assert_eq!(merge(&present, &json!({}), &rules()), json!({}));
        let named_but_empty = json!({"items": [], "answers": {}, "outer": {"inner": []}});
        let merged = merge(&present, &named_but_empty, &rules());
        prop_assert!(changed_fields(&present, &merged).is_empty(), "{} became {}", present, merged);
        let itself = merge(&present, &present, &rules());
        prop_assert!(changed_fields(&present, &itself).is_empty(), "{} became {}", present, itself);
    }

    #[test]
    fn items_stay_that_are_not_desired(present in any_items(), desired in any_items()) {
        let (before, wanted) = (json!({"items": present}), json!({"items": desired}));
        let merged = merge(&before, &wanted, &rules());
        let named = |item: &Value| desired.as_array().is_some_and(|items| items.iter().any(|other| other.get("type") == item.get("type")));
        for item in present.as_array().expect("items") {
            prop_assert!(named(item) || merged["items"].as_array().expect("items").contains(item), "{} is not in {}", item, merged);
        }
    }

    #[test]
    fn the_order_of_desired_items_does_not_matter(
        present in any_items(),
        (desired, shuffled) in prop::collection::btree_map("[XYZ]", any_item(), 0..4)
            .prop_map(|items| items.into_iter().map(|(identity, mut item)| { item["type"] = identity.into(); item }).collect::<Vec<_>>())
            .prop_flat_map(|items| (Just(items.clone()), Just(items).prop_shuffle())),
    ) {
        let before = json!({ "items": present });
        let sorted = |desired: Vec<Value>| {
            let mut items: Vec<String> = merge(&before, &json!({ "items": desired }), &rules())["items"].as_array().expect("items").iter().map(ToString::to_string).collect();
            items.sort();
            items
        };
        prop_assert_eq!(sorted(desired), sorted(shuffled));
    }
}
