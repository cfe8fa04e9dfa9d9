use kivuko_core::record::Page;
use serde_json::{Value, json};

use super::reading::{check_with, line, pages};

async fn check(content: &'static str, options: Value, expected: &str) {
    check_with("a.json", content.as_bytes(), options, expected).await;
}

#[tokio::test]
async fn members_of_an_object_are_records() {
    check(
        r#" {"0": {"id": 1, "a": "}"}, "b\"c": {"id":2} } "#,
        json!({ "members": "." }),
        "a.json, element 1 [1] {\"id\": 1, \"a\": \"}\"}\na.json, element 2 [2] {\"id\":2}",
    )
    .await;
    check(
        r#"{"page": {"of": 3}, "found": {"7": {"id":1}, "8": 5, "9": {"id":3}}, "x": 1}"#,
        json!({ "members": "found" }),
        "a.json, element 1 [1] {\"id\":1}\na.json, element 2 [-] K0717\na.json, element 3 [3] {\"id\":3}",
    )
    .await;
    check("{}", json!({ "members": "." }), "").await;
    check("[]", json!({ "members": "." }), "K0716: a.json is no object").await;
    check(r#"{"a":[]}"#, json!({ "members": "a" }), "K0716: `a` of a.json is no object").await;
    check(r#"{"a":{"id":1}"#, json!({ "members": "." }), "K0716").await;
    check(r#"{"a":{"id":1} "b":{}}"#, json!({ "members": "." }), "K0716").await;
    check(r#"{"a":{"id":1},}"#, json!({ "members": "." }), "K0716").await;
    check(r#"{"a" {"id":1}}"#, json!({ "members": "." }), "K0716").await;
}

#[tokio::test]
async fn members_that_are_no_records_are_named() {
    check(
        r#"{"count": 2, "0": {"id":1}, "endpoint": {"path": "x"}, "1": {"id":2}, "next": null}"#,
        json!({ "members": ".", "skip_members": ["count", "endpoint", "next"] }),
        "a.json, element 2 [1] {\"id\":1}\na.json, element 4 [2] {\"id\":2}",
    )
    .await;
}

#[tokio::test]
async fn the_name_of_a_member_is_readable_and_takes_no_fields_place() {
    check(
        r#"{"L1": {"n": 1}, "L2": { }, "L\u00e9": {"n":3}}"#,
        json!({ "members": ".", "name_as": "id" }),
        "a.json, element 1 [L1] {\"id\":\"L1\",\"n\": 1}\na.json, element 2 [L2] {\"id\":\"L2\" }\na.json, element 3 [Lé] {\"id\":\"Lé\",\"n\":3}",
    )
    .await;
    check(
        r#"{"L1": {"n": {"id":1}}, "L2": {"id": 7}, "L3": 5}"#,
        json!({ "members": ".", "name_as": "id" }),
        "a.json, element 1 [L1] {\"id\":\"L1\",\"n\": {\"id\":1}}\na.json, element 2 [-] K0730\na.json, element 3 [-] K0717",
    )
    .await;
}

#[tokio::test]
async fn a_file_can_be_one_record() {
    check(r#"{"id": 1, "a": [2]}"#, json!({ "object": "." }), "a.json, element 1 [1] {\"id\": 1, \"a\": [2]}").await;
    check(r#"{"form": "f", "body": {"id": 4}, "x": {"id": 5}}"#, json!({ "object": "body" }), "a.json, element 1 [4] {\"id\": 4}").await;
    check(r#"{"body": [1]}"#, json!({ "object": "body" }), "K0716: `body` of a.json is no object").await;
    check(r#"{"body": {"id": 4"#, json!({ "object": "body" }), "K0716").await;
    check(r#"{"form": 1}"#, json!({ "object": "body" }), "K0716: a.json has no object `body`; it has `form`").await;
    check("", json!({ "object": "." }), "K0703").await;
}

/// From every record on a stopped reading gives exactly the rest, also behind members that are passed over.
#[tokio::test]
async fn a_stopped_reading_of_members_goes_on_at_every_record() {
    let content = r#"{"n":4, "1":{"a":["},"]}, "2":{"a":1} ,"x":{"id":3},"3":{"a":x},"4":{}, "end": 1}"#;
    let options = json!({ "members": ".", "name_as": "id", "skip_members": ["n", "x", "end"] });
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.json"), content).unwrap();
    let whole = pages(folder.path(), "a.json", Some("id"), &options, None, 1).await.unwrap();
    let lines = |pages: &[Page]| -> Vec<String> { pages.iter().flat_map(|page| &page.records).map(line).collect() };
    assert_eq!(whole.len(), 4, "{:?}", lines(&whole));
    for (position, page) in whole.iter().enumerate() {
        let rest = pages(folder.path(), "a.json", Some("id"), &options, Some(page.next.clone()), 3).await.unwrap();
        let last = position + 1 == whole.len();
        let expected = if last { &whole[..] } else { &whole[position + 1..] };
        assert_eq!(lines(&rest), lines(expected), "after record {position}");
    }
}

#[tokio::test]
async fn features_of_geojson_are_records() {
    let content = br#"{"type":"FeatureCollection","name":"x","features":[
        {"type":"Feature","id":"d1","properties":{"code":"KAR","name":"Karene"},"geometry":{"type":"Point","coordinates":[-12.6,9.0]}},
        {"type":"Feature","properties":{"code":"WES"},"geometry":null}]}"#;
    let first =
        r#"{"type":"Feature","id":"d1","properties":{"code":"KAR","name":"Karene"},"geometry":{"type":"Point","coordinates":[-12.6,9.0]}}"#;
    let second = r#"{"type":"Feature","properties":{"code":"WES"},"geometry":null}"#;
    let options = json!({ "array": "features" });
    check_with("a.geojson", content, options.clone(), &format!("a.geojson, element 1 [d1] {first}\na.geojson, element 2 [-] {second}"))
        .await;
    // The identity may be a property.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.geojson"), content).unwrap();
    let found = pages(folder.path(), "a.geojson", Some("properties.code"), &options, None, 9).await.unwrap();
    let ids: Vec<Option<&str>> = found[0].records.iter().map(|record| record.id.as_deref()).collect();
    assert_eq!(ids, [Some("KAR"), Some("WES")]);
}
