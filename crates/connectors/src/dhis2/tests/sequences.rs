//! DHIS2's public sample payloads one after another, as a flow writes them: found by key, then created, changed or deleted.
//!
//! Where the connector differs from DHIS2 on purpose:
//! - A value for an org unit that does not report the data set is refused in every release: unit B up to 2.42, so that half of the values of B stay away.
//! - Every import names its data set; one without a head, as the files B have it, cannot be sent.
//! - `deleted` in a file is a deletion of its own: only what DHIS2 holds is deleted, so no deleted rows come to be where there was nothing.
//! - A value that was deleted in DHIS2 comes back with `restore: true` only; else a person decides.
//! - `dryRun` and `importStrategy=UPDATE` are no options of a flow: what a run would do is said by the plan, without asking DHIS2 to import.

use serde_json::json;

use super::samples::{files, values};
use super::*;

/// The key of a record, with "no categories" where nothing is written.
fn key_of(record: &Value) -> Key {
    let part = |name: &str| record[name].as_str().unwrap_or("default").to_owned();
    Key(["dataElement", "period", "orgUnit", "categoryOptionCombo", "attributeOptionCombo"].map(part).to_vec())
}

/// Brings the values of a file into the target, or takes them out; how many came to which word: a code, `done`, `gone` before, or
/// `deleted there`.
async fn brought(target: &dyn Target, records: &[Value], takes_out: bool) -> std::collections::BTreeMap<String, usize> {
    let keys: Vec<Key> = records.iter().map(key_of).collect();
    let found = target.lookup(&keys).await.expect("it can be asked");
    let (mut words, mut batch) = (Vec::new(), Vec::new());
    for ((record, key), found) in records.iter().zip(keys).zip(found) {
        let was_deleted = found.first().is_some_and(|candidate| candidate.deleted);
        let id = found.first().map(|candidate| candidate.id.clone());
        if takes_out || record["deleted"] == "true" {
            match id.filter(|_| !was_deleted) {
                Some(id) => batch.push(Write { action: Action::Delete, key, id: Some(id), body: Value::Null.into(), parent: None }),
                None => words.push("gone".to_owned()),
            }
            continue;
        }
        match target.conform(record.clone()) {
            // The engine makes a rejection of it.
            Ok(_) if was_deleted => words.push("deleted there".to_owned()),
            Ok(body) => {
                let action = if id.is_some() { Action::Update } else { Action::Create };
                if let Some(cause) = target.closed(action, id.as_deref(), &body).first() {
                    words.push(cause.code.to_string());
                    continue;
                }
                batch.push(Write { action, key, id, body: body.into(), parent: None });
            }
            Err(causes) => words.push(causes[0].code.to_string()),
        }
    }
    words.extend(shown(&target.write(&batch).await.expect("it is sent")));
    let mut counts = std::collections::BTreeMap::new();
    for word in words {
        *counts.entry(word).or_insert(0) += 1;
    }
    counts
}

/// What a sequence comes to: the outcomes of its last file, how many rows there are with the deleted ones, and the values that are seen.
struct Expected<'a> {
    outcomes: &'a [(&'a str, usize)],
    rows: usize,
    values: Vec<String>,
}

fn expected<'a>(outcomes: &'a [(&'a str, usize)], rows: usize, values: impl IntoIterator<Item = u32>) -> Expected<'a> {
    Expected { outcomes, rows, values: values.into_iter().map(|value| value.to_string()).collect() }
}

/// Brings files into an empty data set, one after another; the last is taken out when `takes_out`.
async fn check(names: &[&str], takes_out: bool, options: Value, old: Expected<'_>, new: Expected<'_>) {
    let Some(all) = names.iter().map(|name| values(name)).collect::<Option<Vec<_>>>() else { return };
    for release in RELEASES {
        let world = World::with(files::data_value_sets(release), json!({ "token": files::CLERK })).await;
        let mut more = json!({ "data_set": "Data set A" });
        more.as_object_mut().expect("it is one").extend(options.as_object().expect("it is one").clone());
        let target = world.target(more).await;
        let mut outcomes = std::collections::BTreeMap::new();
        for (place, records) in all.iter().enumerate() {
            outcomes = brought(&*target, records, takes_out && place + 1 == all.len()).await;
        }
        let expected = if release == "2.43" { &new } else { &old };
        let outcomes: Vec<(&str, usize)> = outcomes.iter().map(|(word, count)| (word.as_str(), *count)).collect();
        assert_eq!(outcomes, expected.outcomes, "{names:?} {release}");
        let mut held: Vec<String> = world.sim.cells().into_iter().map(|(_, value)| value).collect();
        held.sort();
        assert_eq!(held, expected.values, "{names:?} {release}");
        assert_eq!(world.sim.data_values().len(), expected.rows, "{names:?} {release}");
    }
}

const B: &str = "dxf2b/dataValueSetB.xml";
const HALF: &[(&str, usize)] = &[("K1011", 6), ("done", 6)];
const WHOLE: &[(&str, usize)] = &[("done", 12)];

/// The values of unit A among those of B.
fn odd(values: std::ops::RangeInclusive<u32>) -> impl Iterator<Item = u32> {
    values.filter(|value| value % 2 == 1)
}

#[tokio::test]
async fn the_twelve_values_of_b_arrive_in_every_form_and_under_every_scheme() {
    let by_attribute = json!({ "data_element_id_scheme": "attribute:uh6H2ff562G", "org_unit_id_scheme": "attribute:uh6H2ff562G" });
    for (name, options) in [
        (B, json!({})),
        ("dxf2/dataValueSetB.xml", json!({})),
        ("dxf2/dataValueSetB.csv", json!({})),
        ("dxf2/dataValueSetBCode.xml", json!({ "data_element_id_scheme": "code", "org_unit_id_scheme": "code" })),
        ("dxf2/dataValueSetBCode.xml", json!({})),
        ("dxf2/dataValueSetBAttributeIdScheme.xml", by_attribute),
    ] {
        for format in ["json", "adx"] {
            let mut options = options.clone();
            options["format"] = json!(format);
            check(&[name], false, options, expected(HALF, 6, odd(10_001..=10_012)), expected(WHOLE, 12, 10_001..=10_012)).await;
        }
    }
    let header = "dxf2/dataValueSetWithDataSetHeader.csv";
    let old = expected(&[("K1011", 1), ("done", 2)], 2, [10_001, 10_003]);
    check(&[header], false, json!({}), old, expected(&[("done", 3)], 3, 10_001..=10_003)).await;
}

#[tokio::test]
async fn what_comes_after_b_changes_it_adds_to_it_and_takes_from_it() {
    let [update, deleted, new] = ["BUpdate", "BDeleted", "BNew"].map(|name| format!("dxf2b/dataValueSet{name}.xml"));
    let (update, deleted, new) = (update.as_str(), deleted.as_str(), new.as_str());
    let old = expected(&[("K1011", 3), ("done", 3)], 7, odd(10_001..=10_008).chain(odd(20_009..=20_014)));
    check(&[B, update], false, json!({}), old, expected(&[("done", 6)], 14, (10_001..=10_008).chain(20_009..=20_014))).await;
    let seen = || (10_001..=10_004).chain(10_009..=10_012);
    let seen_old = || odd(10_001..=10_004).chain(odd(10_009..=10_012));
    let old = expected(&[("K1011", 4), ("done", 4), ("gone", 4)], 4, seen_old());
    check(&[deleted], false, json!({}), old, expected(&[("done", 8), ("gone", 4)], 8, seen())).await;
    // The values of unit B were never there.
    let old = expected(&[("K1011", 4), ("done", 6), ("gone", 2)], 6, seen_old());
    check(&[B, deleted], false, json!({}), old, expected(WHOLE, 12, seen())).await;
    // Two values of each of the last element's are for other periods.
    let twice = |values: std::ops::RangeInclusive<u32>| values.flat_map(|value| [value, value]);
    let old = expected(HALF, 8, odd(10_001..=10_008).chain(twice(10_009..=10_012).filter(|value| value % 2 == 1)));
    let all = expected(WHOLE, 16, (10_001..=10_008).chain(twice(10_009..=10_012)));
    check(&[B, deleted, new], false, json!({ "restore": true }), old, all).await;
    let old = expected(
        &[("K1011", 6), ("deleted there", 2), ("done", 4)],
        8,
        odd(10_001..=10_004).chain(twice(10_009..=10_012).filter(|value| value % 2 == 1)),
    );
    let all = expected(&[("deleted there", 4), ("done", 8)], 16, (10_001..=10_004).chain(twice(10_009..=10_012)));
    check(&[B, deleted, new], false, json!({}), old, all).await;
}

#[tokio::test]
async fn a_value_is_deleted_whatever_the_deletion_says_of_it() {
    let j = "dxf2b/dataValueSetJ.json";
    for name in [j, "dxf2b/dataValueSetJDeleteNoValue.json", "dxf2b/dataValueSetJDeleteNewValue.json"] {
        for format in ["json", "adx"] {
            let gone = || expected(&[("done", 1)], 1, []);
            check(&[j, name], true, json!({ "format": format }), gone(), gone()).await;
        }
    }
    // Without a value it is no change: DHIS2 would take it for a deletion.
    let kept = || expected(&[("K1017", 1)], 1, [10]);
    check(&[j, "dxf2b/dataValueSetJDeleteNoValue.json"], false, json!({}), kept(), kept()).await;
}

#[tokio::test]
async fn what_means_yes_or_no_is_sent_in_one_form() {
    let of = |outcomes, rows, trues| {
        let values = (0..rows).map(|place| if place < rows - trues { "false" } else { "true" }.to_owned()).collect();
        Expected { outcomes, rows, values }
    };
    let old = of(&[("K1011", 1), ("K1013", 4), ("done", 13)], 13, 8);
    check(&["dxf2/dataValueSetBooleanTest.csv"], false, json!({}), old, of(&[("K1013", 4), ("done", 14)], 14, 9)).await;
}
