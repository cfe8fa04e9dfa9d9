//! Locations of the simulated Go.Data: the import of a tree in all that it refuses, closing and deleting, and what names a location.

mod support;

use kivuko_sims::godata::{Options, Sim};
use serde_json::{Value, json};
use support::{Answer, User, start};

const OLD: &str = "2026-01-01T00:00:00.000Z";

async fn world() -> (Sim, User) {
    let place = |id: &str, name: &str, parent: Value| json!({"id": id, "name": name, "parentLocationId": parent, "synonyms": [format!("Old {name}")]});
    let locations = vec![
        place("C", "Country", Value::Null),
        place("N", "North", json!("C")),
        place("S", "South", json!("C")),
        place("N1", "Harbour", json!("N")),
    ];
    start(Options { locations, ..Options::for_tests() }).await
}

async fn import(user: &User, file: &Value) -> Answer {
    let body = format!("--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"l.json\"\r\n\r\n{file}\r\n--XX--\r\n");
    let request = user.client.post(format!("{}/locations/import", user.base)).header("x-access-token", &user.token);
    let request = request.header("content-type", "multipart/form-data; boundary=XX").body(body);
    Answer::of(request.send().await.unwrap()).await
}

fn node(location: Value, children: &[Value]) -> Value {
    json!({"location": location, "children": children})
}

/// `'1 - 2' WORD` for each row that did not pass.
fn words(answer: &Answer) -> Vec<String> {
    let failed = answer.body["error"]["details"]["failed"].as_array().unwrap();
    let word = |row: &Value| {
        assert_eq!(row["error"]["code"], "PRE_VALIDATION");
        let message = row["message"].as_str().unwrap().strip_prefix("LNG_PAGE_IMPORT_DATA_ERROR_").unwrap();
        format!("{} {message}", row["recordNo"].as_str().unwrap())
    };
    failed.iter().map(word).collect()
}

#[tokio::test]
async fn a_file_is_looked_through_before_anything_is_written() {
    let (sim, user) = world().await;
    let x = |id: &str, name: &str| json!({"id": id, "name": name});
    let under = |parent: &str, mut location: Value| {
        location["parentLocationId"] = json!(parent);
        location
    };
    let cases: Vec<(Value, &[&str])> = vec![
        (json!([node(x("A", "A"), &[]), node(x("A", "B"), &[])]), &["'1', '2' SAME_ID"]),
        (json!([node(x("A", "A"), &[node(under("B", x("D", "D")), &[])])]), &["'1 - 1' WRONG_PARENT"]),
        (json!([node(x("A", ""), &[])]), &["'1' INVALID_NAME"]),
        (json!([node(json!({"id": "A", "name": "A", "synonyms": "none"}), &[])]), &["'1' INVALID_SYNONYMS"]),
        (json!([node(x("A", "Twin"), &[]), node(x("B", "TWIN"), &[])]), &["'1', '2' DUPLICATE_FILE_NAME"]),
        (
            json!([
                node(json!({"id": "A", "name": "A", "synonyms": ["x"]}), &[]),
                node(json!({"id": "B", "name": "B", "synonyms": ["X"]}), &[])
            ]),
            &["'1', '2' DUPLICATE_FILE_SYNONYMS"],
        ),
        (json!([node(under("C", x("A", "north")), &[])]), &["'1' DUPLICATE_DB_NAME"]),
        (json!([node(under("C", json!({"id": "A", "name": "A", "synonyms": ["OLD NORTH"]})), &[])]), &["'1' DUPLICATE_DB_SYNONYMS"]),
        (json!([node(under("nowhere", x("A", "A")), &[])]), &["'1' PARENT_MISSING"]),
        (json!([node(under("N1", x("C", "Country")), &[])]), &["'1' PARENT_LOOP"]),
        (json!([node(under("B", x("A", "A")), &[]), node(under("A", x("B", "B")), &[])]), &["'1' PARENT_LOOP", "'2' PARENT_LOOP"]),
        (json!([node(under("C", x("A", "A")), &[node(x("B", ""), &[])])]), &["'1 - 1' INVALID_NAME"]),
    ];
    for (file, expected) in cases {
        let refused = import(&user, &file).await.refused(422, "IMPORT_PARTIAL_SUCCESS_WITH_DETAILS");
        assert_eq!(words(&refused), expected, "{file}");
    }
    assert_eq!(sim.state().collection("location").len(), 4, "nothing was written");
    assert!(sim.log().writes().iter().all(|entry| entry.records == 0));
    import(&user, &json!([{"children": []}])).await.refused(422, "INVALID_CONTENT_OF_TYPE");
}

#[tokio::test]
async fn what_is_older_is_left_alone_and_answered_and_what_stops_in_the_middle_stays_written() {
    let (sim, user) = world().await;
    let name = |id: &str| sim.state().collection("location").into_iter().find(|row| row["id"] == id).map(|row| row["name"].clone());
    let renamed = |stamp: Value| json!([node(json!({"id": "N", "name": "Renamed", "parentLocationId": "C", "updatedAt": stamp}), &[])]);
    let answer = import(&user, &renamed(json!(OLD))).await.ok();
    assert_eq!((&answer[0]["name"], name("N")), (&json!("North"), Some(json!("North"))));
    // Without a time it is now, and the file wins.
    import(&user, &renamed(Value::Null)).await.ok();
    assert_eq!(name("N"), Some(json!("Renamed")));

    // Two siblings swap their names: the file is all right, the first row is not, at the moment at which it is written.
    sim.log().clear();
    let under = |id: &str, name: &str| node(json!({"id": id, "name": name, "parentLocationId": "C"}), &[]);
    let file = json!([under("new", "New"), under("N", "South"), under("S", "Renamed")]);
    import(&user, &file).await.refused(400, "MODEL_IDENTIFIERS_ARE_NOT_UNIQUE_IN_CONTEXT");
    assert_eq!((name("new"), name("N"), name("S")), (Some(json!("New")), Some(json!("Renamed")), Some(json!("South"))));
    assert_eq!(sim.log().writes().iter().map(|entry| entry.records).collect::<Vec<_>>(), [1]);
    let closed = json!([node(json!({"id": "N", "name": "Renamed", "parentLocationId": "C", "active": false}), &[])]);
    import(&user, &closed).await.refused(400, "DEACTIVATE_PARENT_MODEL");
}

#[tokio::test]
async fn what_names_a_location_is_told_and_keeps_it() {
    let (sim, user) = world().await;
    let case = user.create_case(json!({"addresses": [{"locationId": "N1"}]})).await;
    let usage = user.get("/locations/N1/usage").await.ok();
    assert_eq!((&usage["case"][0]["id"], &usage["outbreak"]), (&case["id"], &json!([])));
    assert_eq!(user.get("/locations/N1/usage/count").await.ok(), json!({"count": 1}));
    assert_eq!(user.get("/locations/N/usage/count").await.ok(), json!({"count": 0}), "what is below it does not count here");
    user.get("/locations/nowhere/usage").await.refused(404, "MODEL_NOT_FOUND");
    user.delete("/locations/C").await.refused(422, "MODEL_IN_USE");

    let event = sim.insert(Options::OUTBREAK, "events", json!({"name": "market", "address": {"locationId": "S"}}));
    user.delete("/locations/S").await.refused(422, "MODEL_IN_USE");
    sim.delete(&event);
    assert_eq!(user.delete("/locations/S").await.ok(), json!({"count": 1}));
    let outbreak = format!("/outbreaks/{}", Options::OUTBREAK);
    user.put(&outbreak, json!({"locationIds": ["N"]})).await.ok();
    assert_eq!(user.get("/locations/N/usage").await.ok()["outbreak"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_team_keeps_its_locations() {
    let teams = vec![json!({"name": "East", "userIds": [], "locationIds": ["T"]})];
    let options = Options { locations: vec![json!({"id": "T", "name": "Town"})], teams, ..Options::for_tests() };
    let (_sim, user) = start(options).await;
    user.delete("/locations/T").await.refused(422, "MODEL_IN_USE");
}

#[tokio::test]
async fn the_list_shows_the_parent_when_it_is_asked_for() {
    let (_sim, user) = world().await;
    let filter = json!({"where": {"id": "N1"}, "include": [{"relation": "parentLocation"}]});
    assert_eq!(user.filtered("/locations", filter).await.ok()[0]["parentLocation"]["id"], "N");
}
