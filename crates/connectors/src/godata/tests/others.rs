//! Locations, reference data and outbreaks as targets.

use kivuko_core::catalogue::{godata, record, target};

use super::*;

const LEVEL: &str = "LNG_REFERENCE_DATA_CATEGORY_LOCATION_GEOGRAPHICAL_LEVEL_ADMIN_LEVEL_0";

pub(super) async fn prepared(world: &World, resource: &str, key: &[&str]) -> Box<dyn Target> {
    let key = key.iter().map(|path| (*path).to_owned()).collect();
    let target = world.target_of(&TargetSpec { resource: resource.to_owned(), key, ..TargetSpec::default() });
    assert_eq!(target.prepare().await, Ok(Vec::new()));
    target.begin().await.expect("nothing to begin");
    let cases = world.target("cases", EXTERNAL_ID).exclusive().await;
    assert_eq!(target.exclusive().await, cases, "{resource}: one run at a time writes with an account, whatever it writes");
    target
}

#[tokio::test]
async fn places_are_created_found_changed_and_switched_off() {
    let world = World::new().await;
    let target = prepared(&world, "locations", &["identifiers[description=DHIS2].code"]).await;
    let place = json!({ "name": "District", "identifiers": [{ "description": "DHIS2", "code": "abc" }], "geographicalLevelId": "ADMIN_LEVEL_0", "geoLocation": null });
    let creation = create(target.as_ref(), "abc", place);
    assert_eq!(creation.body["geographicalLevelId"], json!(LEVEL));
    assert!(creation.body.get("geoLocation").is_none());
    let id = id_of(&write(target.as_ref(), &[creation]).await[0]);
    world.sim.put_location(json!({ "id": "other", "name": "Other", "identifiers": [{ "description": "HMIS", "code": "abc" }] }));
    let candidates = found(target.as_ref(), &["abc", "xyz"]).await;
    assert_eq!(
        candidates[0].iter().map(|candidate| candidate.id.as_str()).collect::<Vec<_>>(),
        [id.as_str()],
        "the same code of another system is another place"
    );
    assert!(candidates[1].is_empty());
    assert_eq!(words(&write(target.as_ref(), &[update(&id, json!({ "name": "Renamed" }))]).await), ["done"]);
    let off = Write { action: Action::Deactivate, ..update(&id, Value::Null) };
    assert_eq!(words(&write(target.as_ref(), &[off]).await), ["done"]);
    let held = target.fetch(&[id]).await.expect("a look").remove(0).expect("it is there");
    assert_eq!((&held.body["name"], &held.body["active"]), (&json!("Renamed"), &json!(false)));
}

#[tokio::test]
async fn quirk_44_a_name_is_unique_among_siblings_whatever_its_capitals() {
    let world = World::new().await;
    world.sim.put_location(json!({ "id": "P", "name": "Parent", "synonyms": ["Alias"] }));
    let target = prepared(&world, "locations", &["name", "parentLocationId"]).await;
    let place = |name: &str| {
        let body = target.conform(json!({ "name": name, "parentLocationId": "P" })).expect("a good record");
        Write { action: Action::Create, key: Key(vec![name.into(), "P".into()]), id: None, body: body.into(), parent: None }
    };
    assert_eq!(
        words(&write(target.as_ref(), &[place("Here"), place("HERE"), place("There")]).await),
        ["done", &godata::TAKEN.to_string(), "done"]
    );
    let keys = [Key(vec!["Here".into(), "P".into()]), Key(vec!["Here".into(), "Q".into()])];
    let candidates = target.lookup(&keys).await.expect("a look-up");
    assert_eq!(candidates.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0]);
    assert_eq!(target.capabilities().concurrency, 1, "two siblings at the same moment would not see each other");
    let error = target.conform(json!({ "name": "X", "parentLocationId": "nowhere" })).expect_err("the parent is not there");
    assert_eq!(error[0].code, record::UNKNOWN_PLACE);
}

#[tokio::test]
async fn quirk_46_and_18_a_place_with_others_below_it_is_not_deleted() {
    let world = World::new().await;
    world.sim.put_location(json!({ "id": "P", "name": "Parent" }));
    world.sim.put_location(json!({ "id": "C", "name": "Child", "parentLocationId": "P" }));
    let target = prepared(&world, "locations", &["name"]).await;
    let written = write(target.as_ref(), &[delete("P"), delete("nobody")]).await;
    assert_eq!(words(&written), [&godata::TAKES_OTHERS_ALONG.to_string(), "done"], "and deleting what is not there is done");
    assert_eq!(words(&write(target.as_ref(), &[delete("P"), delete("C")]).await), ["done", "done"], "together they go, from below");
}

#[tokio::test]
async fn quirk_34_an_item_is_found_by_the_id_that_its_label_makes() {
    let world = World::new().await;
    let category = "LNG_REFERENCE_DATA_CATEGORY_LAB_NAME";
    let target = prepared(&world, "reference-data", &["categoryId", "value"]).await;
    let key = Key(vec![category.into(), "Central Lab".into()]);
    let body = target.conform(json!({ "categoryId": category, "value": "Central Lab", "active": true })).expect("a good record");
    let creation = Write { action: Action::Create, key: key.clone(), id: None, body: body.into(), parent: None };
    let id = id_of(&write(target.as_ref(), std::slice::from_ref(&creation)).await[0]);
    assert_eq!(id, "LNG_REFERENCE_DATA_CATEGORY_LAB_NAME_CENTRAL_LAB");
    assert_eq!(target.lookup(&[key]).await.expect("a look-up")[0].len(), 1);
    let count = || world.sim.state().collection("referenceData").len();
    let before = count();
    let again = id_of(&write(target.as_ref(), &[creation]).await[0]);
    assert_eq!((again, count()), (id, before), "made again it is the one that is there");
    let spec = TargetSpec { resource: "reference-data".into(), key: vec!["value".into()], ..TargetSpec::default() };
    let causes = world.target_of(&spec).prepare().await.expect("the system answers");
    assert_eq!(causes.iter().map(|cause| cause.code).collect::<Vec<_>>(), [target::KEY_NOT_SEARCHABLE], "a label alone is no key");
}

const VACCINE: &str = "LNG_REFERENCE_DATA_CATEGORY_VACCINE";

fn item(target: &dyn Target, category: &str, code: &str, label: &str) -> Write {
    let body = target.conform(json!({ "categoryId": category, "code": code, "value": label, "active": true })).expect("a good record");
    Write { action: Action::Create, key: Key(vec![category.into(), code.into()]), id: None, body: body.into(), parent: None }
}

#[tokio::test]
async fn an_item_keeps_its_id_through_renaming_and_retiring() {
    let world = World::new().await;
    let target = prepared(&world, "reference-data", &["categoryId", "code"]).await;
    let id = id_of(&write(&*target, &[item(&*target, "VACCINE", "VAC_A", "Vaccine A")]).await[0]);
    assert_eq!(id, format!("{VACCINE}_VACCINE_A"));
    for change in [json!({ "value": "Vaccine Alpha" }), json!({ "active": false }), json!({ "active": true })] {
        assert_eq!(words(&write(&*target, &[update(&id, change)]).await), ["done"]);
    }
    let key = Key(vec!["VACCINE".into(), "VAC_A".into()]);
    let found = target.lookup(&[key]).await.expect("a look-up").remove(0);
    assert_eq!(
        (found.len(), &found[0].id, &found[0].body["value"], &found[0].body["active"]),
        (1, &id, &json!("Vaccine Alpha"), &json!(true))
    );
    let causes = target.conform(json!({ "categoryId": "VACCINES", "value": "X" })).expect_err("there is no such category");
    assert_eq!(causes[0].code, godata::NO_SUCH_CATEGORY);
    assert!(causes[0].message.contains("`VACCINE`"), "{}", causes[0].message);
}

#[tokio::test]
async fn an_item_that_is_there_under_its_label_is_linked_and_not_made_twice() {
    let there = vec![
        json!({ "categoryId": VACCINE, "value": "Vaccine A" }),
        json!({ "categoryId": VACCINE, "value": "Vaccine B", "code": "OTHER" }),
        json!({ "categoryId": "LNG_REFERENCE_DATA_CATEGORY_LAB_NAME", "value": "Lab", "code": "L" }),
    ];
    let world = World::with(Options { reference_data: there, ..Options::for_tests() }, json!({})).await;
    let target = prepared(&world, "reference-data", &["categoryId", "code"]).await;
    let count = || world.sim.state().collection("referenceData").len();
    let before = count();
    let batch = [
        item(&*target, VACCINE, "VAC_A", "Vaccine A"),
        item(&*target, VACCINE, "VAC_B", "Vaccine B"),
        item(&*target, VACCINE, "L", "Vaccine C"),
    ];
    let written = write(&*target, &batch).await;
    assert_eq!(words(&written), ["done".to_owned(), godata::TAKEN.to_string(), godata::TAKEN.to_string()]);
    assert_eq!((id_of(&written[0]), count()), (format!("{VACCINE}_VACCINE_A"), before));
    assert!(said(&written[1]).contains(&format!("{VACCINE}_VACCINE_B")) && said(&written[2]).contains("LAB_NAME_LAB"), "{written:?}");
    let found = target.lookup(&[batch[0].key.clone()]).await.expect("a look-up").remove(0);
    assert_eq!(found.len(), 1, "from now on it is found by its code");
    world.sim.log().clear();
    assert_eq!(words(&write(&*target, &[batch[0].clone()]).await), [godata::TAKEN.to_string()], "which is why nobody makes it again");
}

#[tokio::test]
async fn an_item_is_found_by_what_it_is_called_today() {
    let world = World::new().await;
    let target = prepared(&world, "reference-data", &["categoryId", "value"]).await;
    let make = |label: &str| {
        let body = target.conform(json!({ "categoryId": "VACCINE", "value": label })).expect("a good record");
        Write { action: Action::Create, key: Key(vec!["VACCINE".into(), label.into()]), id: None, body: body.into(), parent: None }
    };
    let id = id_of(&write(&*target, &[make("First")]).await[0]);
    assert_eq!(words(&write(&*target, &[update(&id, json!({ "value": "Second" }))]).await), ["done"]);
    let target = prepared(&world, "reference-data", &["categoryId", "value"]).await;
    let keys = ["Second", "First", "first ", "Third"].map(|label| Key(vec!["VACCINE".into(), label.into()]));
    let found = target.lookup(&keys).await.expect("a look-up");
    assert_eq!((found[0][0].id.as_str(), found[0][0].stands()), (id.as_str(), true));
    for called in &found[1..3] {
        assert_eq!(called[0].barred().map(|cause| cause.code), Some(godata::CALLED_OTHERWISE), "its id says so, it does not");
    }
    assert!(found[3].is_empty());
    // Deleted, its id is not free.
    assert_eq!(words(&write(&*target, &[delete(&id)]).await), ["done"]);
    let again = write(&*target, &[make("First")]).await;
    assert_eq!(words(&again), [godata::TAKEN.to_string()]);
    assert!(said(&again[0]).contains("was deleted"), "{again:?}");
}

#[tokio::test]
async fn a_label_of_which_nobody_knows_whether_it_was_written_is_looked_up_anew() {
    let world = World::new().await;
    let target = prepared(&world, "reference-data", &["categoryId", "code"]).await;
    let id = id_of(&write(&*target, &[item(&*target, "VACCINE", "A", "Before")]).await[0]);
    world.faults("- on: { method: PUT, nth: 1 }\n  do: { drop: after }\n");
    assert_eq!(words(&write(&*target, &[update(&id, json!({ "value": "After" }))]).await), ["K0501?"]);
    let held = target.fetch(&[id]).await.expect("a look").remove(0).expect("it is there");
    assert_eq!(held.body["value"], "After");
}

#[tokio::test]
async fn an_outbreak_gets_more_places_and_keeps_those_that_somebody_added() {
    let mut options = Options::for_tests();
    options.outbreaks.push(kivuko_sims::godata::Outbreak::new("hidden", "Hidden"));
    options.reference_data.push(json!({ "categoryId": "LNG_REFERENCE_DATA_CATEGORY_COUNTRY", "value": "Sierra Leone" }));
    options.users[0] = options.users[0].clone().outbreaks(&[Options::OUTBREAK]);
    let world = World::with(options, json!({})).await;
    for id in ["A", "B", "C"] {
        world.sim.put_location(json!({ "id": id, "name": id }));
    }
    let target = prepared(&world, "outbreaks", &["name"]).await;
    let outbreak = |name: &str, places: Value| {
        create(
            &*target,
            name,
            json!({
                "name": name, "startDate": "2026-01-01", "longPeriodsBetweenCaseOnset": 20, "periodOfFollowup": 21, "frequencyOfFollowUpPerDay": 1,
                "noDaysAmongContacts": 21, "noDaysInChains": 21, "noDaysNotSeen": 3, "noLessContacts": 5, "disease": "CHOLERA",
                "countries": [{ "id": "Sierra Leone" }], "locationIds": places, "reportingGeographicalLevelId": "ADMIN_0"
            }),
        )
    };
    let creation = outbreak("North", json!(["A", "B"]));
    assert_eq!(creation.body["countries"][0]["id"], "LNG_REFERENCE_DATA_CATEGORY_COUNTRY_SIERRA_LEONE");
    let id = id_of(&write(&*target, std::slice::from_ref(&creation)).await[0]);
    // The account may see only some; what it made is among them.
    let present = found(&*target, &["North"]).await.remove(0).remove(0);
    assert_eq!((&present.id, &present.body["caseIdMask"]), (&id, &json!("CA-9999999999")));
    let whole = target.capabilities().replaced_whole;
    let merged = |body: &Value, places: Value| kivuko_core::diff::merge(body, &json!({ "locationIds": places }), &whole);
    assert_eq!(merged(&present.body, json!(["B", "C"]))["locationIds"], json!(["A", "B", "C"]));
    assert!(kivuko_core::diff::changed_fields(&present.body, &merged(&present.body, json!(["B"]))).is_empty());
    let hidden = write(&*target, &[outbreak("Hidden", json!([]))]).await;
    assert_eq!(words(&hidden), [godata::TAKEN.to_string()]);
    assert!(said(&hidden[0]).contains("not in the list of the account"), "{hidden:?}");
    let active = &world.sim.state().collection("user")[0]["activeOutbreakId"];
    assert_eq!(active, Options::OUTBREAK);
}

#[tokio::test]
async fn an_item_of_the_system_itself_keeps_what_it_is() {
    let world = World::new().await;
    let target = prepared(&world, "reference-data", &["code"]).await;
    let items = world.sim.state().collection("referenceData");
    let own = items.iter().find(|item| item["readOnly"] == json!(true)).expect("the system has items of its own");
    let id = own["id"].as_str().expect("an id");
    let written = write(target.as_ref(), &[update(id, json!({ "categoryId": "X" })), update(id, json!({ "order": 7 }))]).await;
    assert_eq!(words(&written), [&godata::READ_ONLY.to_string(), "done"]);
}

#[tokio::test]
async fn quirk_48_an_outbreak_is_created_with_all_that_it_needs_and_not_made_active() {
    let world = World::new().await;
    let target = prepared(&world, "outbreaks", &["name"]).await;
    let mut outbreak = json!({
        "name": "Cholera", "startDate": "2026-01-01", "longPeriodsBetweenCaseOnset": 1, "periodOfFollowup": 21, "frequencyOfFollowUpPerDay": 1,
        "noDaysAmongContacts": 1, "noDaysInChains": 1, "noDaysNotSeen": 1, "noLessContacts": 1
    });
    let id = id_of(&write(target.as_ref(), &[create(target.as_ref(), "Cholera", outbreak.clone())]).await[0]);
    assert_eq!(found(target.as_ref(), &["Cholera"]).await[0].len(), 1);
    assert_eq!(words(&write(target.as_ref(), &[create(target.as_ref(), "Cholera", outbreak.clone())]).await), [godata::TAKEN.to_string()]);
    assert_eq!(words(&write(target.as_ref(), &[update(&id, json!({ "description": "changed" }))]).await), ["done"]);
    outbreak.as_object_mut().expect("an object").remove("periodOfFollowup");
    let written = write(target.as_ref(), &[create(target.as_ref(), "Measles", outbreak)]).await;
    let [Written::Refused(cause)] = written.as_slice() else { panic!("{written:?}") };
    assert_eq!((cause.code, cause.field.as_deref()), (record::REQUIRED_EMPTY, Some("periodOfFollowup")));
    let users = world.sim.state().collection("user");
    assert_eq!(users[0]["activeOutbreakId"], json!(Options::OUTBREAK));
}

#[tokio::test]
async fn everything_is_described() {
    let world = World::new().await;
    let described = world.system.describe().await.expect("a description");
    assert_eq!(described.len(), crate::godata::resources::NAMES.len());
    let cases = &described[0];
    let path = |path: &str| cases.fields.iter().find(|field| field.path == path).expect(path);
    assert_eq!(path("addresses[].locationId").kind, "place");
    assert_eq!(path("documents[].type").codes.as_deref(), Some("LNG_REFERENCE_DATA_CATEGORY_DOCUMENT_TYPE"));
    assert!(path("updatedAt").read_only && !path("age.years").read_only);
}

#[tokio::test]
async fn places_lie_in_each_other() {
    let world = World::new().await;
    world.sim.put_location(json!({ "id": "P", "name": "Parent" }));
    world.sim.put_location(json!({ "id": "C", "name": "Child", "parentLocationId": "P" }));
    let places = world.system.places().await.expect("it answers").expect("it has places");
    assert_eq!((places.name("C"), places.parent("C"), places.parent("P")), (Some("Child"), Some("P"), None));
}
