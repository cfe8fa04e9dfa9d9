//! DHIS2's public sample payloads, where they lie, through the connector into the simulator.
//!
//! The connector is stricter than an old server: a value for an org unit that does not report the data set is refused in every release, and with a newer
//! server the good values of a group with a bad one are stored.

use quick_xml::events::Event;
use serde_json::json;

use super::*;
use crate::adx::{Periods, Reader};

#[path = "../../../../sims/tests/support/dhis2_samples.rs"]
pub mod files;

/// What a record has of a value in a file. `storedBy`, `timestamp` and `created` are DHIS2's to say.
const PARTS: [&str; 8] = ["dataElement", "period", "orgUnit", "categoryOptionCombo", "attributeOptionCombo", "value", "comment", "deleted"];

/// The values of a document of DXF2 in XML, with what stands at its head.
fn dxf2(document: &[u8]) -> Vec<Value> {
    let mut reader = quick_xml::Reader::from_reader(document);
    let (mut head, mut all) = (json!({}), Vec::new());
    loop {
        let tag = match reader.read_event().expect("it is XML") {
            Event::Eof => return all,
            Event::Start(tag) | Event::Empty(tag) => tag,
            _ => continue,
        };
        let is_value = tag.local_name().as_ref() == "dataValue";
        let mut record = if is_value { head.clone() } else { json!({}) };
        for attribute in tag.attributes().flatten() {
            let name = attribute.key.as_ref().to_owned();
            let text = attribute.value.clone().into_owned();
            let is_ours = PARTS.contains(&name.as_str());
            if is_ours && !text.is_empty() {
                record[name.as_str()] = json!(text);
            }
        }
        if is_value { all.push(record) } else { head = record }
    }
}

/// The values of a table of DXF2.
fn table(document: &[u8]) -> Vec<Value> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(document);
    let head = reader.headers().expect("it has a head").clone();
    let of_row = |row: csv::StringRecord| {
        let mut record = json!({});
        for (name, text) in head.iter().zip(&row).filter(|(_, text)| !text.is_empty()) {
            if let Some(part) = PARTS.iter().find(|part| part.eq_ignore_ascii_case(name)) {
                record[*part] = json!(text);
            }
        }
        record
    };
    reader.records().map(|row| of_row(row.expect("it is a row"))).collect()
}

/// The values of a sample, by the ending of its name; `None` when it is not here.
pub fn values(name: &str) -> Option<Vec<Value>> {
    let document = files::file(name)?;
    Some(match name.rsplit('.').next() {
        Some("xml") => dxf2(&document),
        Some("csv") => table(&document),
        _ => serde_json::from_slice::<Value>(&document).expect("it is JSON")["dataValues"].as_array().cloned().unwrap_or_default(),
    })
}

/// What became of records: `done`, or a code.
async fn sent(target: &dyn Target, records: Vec<Value>) -> Vec<String> {
    let mut outcomes = Vec::new();
    let mut batch = Vec::new();
    for record in records {
        let conformed = target.conform(record).and_then(|body| match target.closed(Action::Create, None, &body) {
            causes if causes.is_empty() => Ok(body),
            causes => Err(causes),
        });
        match conformed {
            Ok(body) => batch.push(Write { action: Action::Create, key: Key(Vec::new()), id: None, body: body.into(), parent: None }),
            Err(causes) => outcomes.push(causes[0].code.to_string()),
        }
    }
    outcomes.extend(shown(&target.write(&batch).await.expect("it is sent")));
    outcomes.sort();
    outcomes
}

#[tokio::test]
async fn data_value_sets_have_the_outcomes_that_are_stated() {
    let check = async |name: &str, more: Value, old: &[&str], new: &[&str]| {
        let Some(values) = values(name) else { return };
        for release in RELEASES {
            let world = World::with(files::data_value_sets(release), json!({ "token": files::CLERK })).await;
            let mut options = json!({ "data_set": "Data set A" });
            options.as_object_mut().expect("it is one").extend(more.as_object().expect("it is one").clone());
            let target = world.target(options).await;
            let outcomes = sent(&*target, values.clone()).await;
            let expected = if release == "2.43" { new } else { old };
            assert_eq!(outcomes, expected, "{name} {release}");
            assert_eq!(world.sim.cells().len(), expected.iter().filter(|word| **word == "done").count(), "{name} {release}");
        }
    };
    check("dxf2b/dataValueSetJ.json", json!({}), &["done"], &["done"]).await;
    check("dxf2b/dataValueSetCreateDate.json", json!({}), &["done"], &["done"]).await;
    // Unit B reports the data set in the newest release only.
    check("dxf2b/dataValueSetA.xml", json!({}), &["K1011", "done", "done"], &["done"; 3]).await;
    check("dxf2/dataValueSetACode.xml", json!({ "id_scheme": "code" }), &["done"; 3], &["done"; 3]).await;
    check("dxf2/dataValueSetC.xml", json!({}), &["done"; 3], &["done"; 3]).await;
    check("dxf2/dataValueSetE.xml", json!({}), &["K1016", "K1016", "done"], &["K1011", "K1011", "done"]).await;
    // An option combination that is not the data set's is refused in every release; up to 2.42 DHIS2 takes D and one value of H.
    check("dxf2/dataValueSetD.xml", json!({}), &["K1012"; 3], &["K1012"; 3]).await;
    check("dxf2/dataValueSetH.xml", json!({}), &["K1012"; 3], &["K1012"; 3]).await;
    check("dxf2/dataValueSetF.xml", json!({}), &["K1012"; 4], &["K1012"; 4]).await;
    check("dxf2/dataValueSetACatCombo.xml", json!({}), &["K1012", "K1012", "done"], &["K1012", "K1012", "done"]).await;
    check("dxf2/dataValueSetInvalid.xml", json!({}), &["K1010", "done", "done"], &["K1010", "done", "done"]).await;
}

#[tokio::test]
async fn documents_of_adx_have_the_outcomes_that_are_stated() {
    let check = async |name: &str, data_set: &str, refused: &[&str], expected: &[&str]| {
        let Some(document) = files::file(name) else { return };
        for release in RELEASES {
            let world = World::with(files::adx(release), json!({ "token": files::CLERK })).await;
            let target = world.target(json!({ "data_set": data_set, "format": "adx", "category_id_scheme": "uid" })).await;
            let frame = target.frame().await.expect("it answers").expect("it has one");
            let mut reader = Reader::new(document.as_slice(), Periods::Exact);
            let mut records = Vec::new();
            while let Some(item) = reader.read().expect("it is a document") {
                let (group, value) = item.content.expect("it is a value");
                if !group.data_set.as_deref().is_some_and(|own| {
                    [&frame.data_set.id, &frame.data_set.name].into_iter().any(|name| name == own)
                        || frame.data_set.code.as_deref() == Some(own)
                }) {
                    continue;
                }
                // Which option combination the options of a value are.
                let combo_of = |options: &std::collections::BTreeMap<String, String>, id: &str| {
                    let combo = frame.combos.get(id).expect("it is known");
                    let ids: Vec<&str> = options
                        .values()
                        .filter_map(|written| {
                            combo.categories.iter().find_map(|category| kivuko_core::numbers::find(&category.options, written).one())
                        })
                        .map(|option| option.id.as_str())
                        .collect();
                    combo.with_options(&ids).map(|found| found.named.id.clone())
                };
                let element = kivuko_core::numbers::find(&frame.elements, &value.data_element).one().expect("it is in the data set");
                let mut record = json!({ "dataElement": value.data_element, "period": group.period.id(), "orgUnit": group.org_unit });
                let text = if element.value_type == "TEXT" { value.annotation.clone().unwrap_or_default() } else { value.value.clone() };
                record["value"] = json!(text);
                if !value.categories.is_empty() {
                    record["categoryOptionCombo"] = json!(combo_of(&value.categories, &element.combo));
                } else if let Some(combo) = &value.category_option_combo {
                    record["categoryOptionCombo"] = json!(combo);
                }
                if !group.attributes.is_empty() {
                    record["attributeOptionCombo"] = json!(combo_of(&group.attributes, &frame.attribute_combo));
                } else if let Some(combo) = &group.attribute_option_combo {
                    record["attributeOptionCombo"] = json!(combo);
                }
                records.push(record);
            }
            let outcomes = sent(&*target, records).await;
            assert_eq!(outcomes, [refused, &vec!["done"; expected.len()]].concat(), "{name} {release}");
            let mut values: Vec<String> = world.sim.cells().into_iter().map(|(_, value)| value).collect();
            values.sort();
            assert_eq!(values, expected, "{name} {release}");
        }
    };
    check("adx/importDates.adx.xml", "MalariaDSSS", &[], &["33"]).await;
    // The rows that are meant; DHIS2's own test of this document is switched off.
    check("adx/importA.adx.xml", "MalariaDS", &[], &["1", "2", "3", "4", "6", "Text data value"]).await;
    check("adx/importA.adx.xml", "MalariaMechanismDS", &[], &["10", "20", "30"]).await;
    check("adx/exportA.adx.xml", "MalariaDS", &[], &["1", "Some text"]).await;
    check("adx/exportB.adx.xml", "MalariaDS", &[], &["1", "Some text"]).await;
    // Values of a month in a data set by quarter: a server that is not strict about periods takes them, the connector in no release.
    check("adx/exportB.adx.xml", "MalariaMechanismDS", &["K0315", "K0315"], &[]).await;
}
