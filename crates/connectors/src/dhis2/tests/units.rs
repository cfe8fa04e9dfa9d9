//! Org units as a target.

use kivuko_core::catalogue::{dhis2, target as target_codes};
use kivuko_core::connector::Standing;
use kivuko_sims::faults::{Action as Fault, Rule, When};
use kivuko_sims::pause::{Pause, Phase};

use super::*;

/// What an account needs to write org units and options.
const AUTHORITIES: [&str; 6] = [
    "F_METADATA_IMPORT",
    "F_ORGANISATIONUNIT_ADD",
    "F_ORGANISATIONUNIT_DELETE",
    "F_OPTIONSET_PUBLIC_ADD",
    "F_OPTIONSET_DELETE",
    "F_DATAVALUE_ADD",
];

/// A server of a release with an account that may write metadata.
pub(super) fn with_authorities(release: &str, authorities: &[&str]) -> Options {
    let account = User::new("keeper", "Market-9", authorities).with_token(TOKEN).capturing(&[COUNTRY]);
    Options::for_tests(release).with_metadata(country()).with_user(account)
}

pub(super) async fn world(release: &str) -> World {
    World::with(with_authorities(release, &AUTHORITIES), json!({ "token": TOKEN })).await
}

pub(super) fn metadata_spec(resource: &str, key: &[&str], paths: &[&str], options: Value) -> TargetSpec {
    let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    TargetSpec { resource: resource.to_owned(), key: owned(key), paths: owned(paths), options, ..TargetSpec::default() }
}

fn unit_paths() -> Vec<&'static str> {
    vec!["code", "name", "shortName", "openingDate", "closedDate", "parent.code", "geometry", "comment"]
}

async fn units(world: &World) -> Box<dyn Target> {
    opened(world, metadata_spec("organisationUnits", &["code"], &unit_paths(), json!({}))).await
}

pub(super) async fn opened(world: &World, spec: TargetSpec) -> Box<dyn Target> {
    let target = world.system.target(&spec).expect("a target");
    assert_eq!(target.prepare().await, Ok(Vec::new()));
    target
}

/// A clinic below a parent.
fn clinic(code: &str, parent: &str) -> Value {
    json!({ "code": code, "name": format!("Clinic {code}"), "openingDate": "2010-01-01", "parent": { "code": parent } })
}

pub(super) fn make(target: &dyn Target, key: &[&str], body: Value) -> Write {
    let body = target.conform(body).unwrap_or_else(|causes| panic!("it conforms: {causes:?}"));
    Write {
        action: Action::Create,
        key: Key(key.iter().map(|part| (*part).to_owned()).collect()),
        id: None,
        body: body.into(),
        parent: None,
    }
}

pub(super) fn alter(target: &dyn Target, id: &str, body: Value) -> Write {
    let body = target.conform(body).unwrap_or_else(|causes| panic!("it conforms: {causes:?}"));
    Write { action: Action::Update, key: Key(vec!["x".to_owned()]), id: Some(id.to_owned()), body: body.into(), parent: None }
}

fn without_body(action: Action, id: &str) -> Write {
    Write { action, key: Key(Vec::new()), id: Some(id.to_owned()), body: json!({ "active": false }).into(), parent: None }
}

pub(super) async fn found(target: &dyn Target, key: &[&str]) -> Vec<Candidate> {
    let key = Key(key.iter().map(|part| (*part).to_owned()).collect());
    target.lookup(&[key]).await.expect("it can be asked").remove(0)
}

fn path_of(world: &World, id: &str) -> String {
    let unit = world.sim.object("organisationUnits", id).expect("it is there");
    unit.get("parent")
        .and_then(|parent| parent["id"].as_str())
        .map_or_else(|| id.to_owned(), |parent| format!("{}/{id}", path_of(world, parent)))
}

#[tokio::test]
async fn quirk_47_a_tree_is_made_parents_first_and_found_by_its_codes() {
    for release in RELEASES {
        let world = world(release).await;
        let target = units(&world).await;
        // The child comes before its parent, and both before the parent of that.
        let batch = [
            make(&*target, &["N3"], clinic("N3", "N2")),
            make(&*target, &["N2"], clinic("N2", "N1")),
            make(
                &*target,
                &["N1"],
                json!({ "code": "N1", "name": "New district", "openingDate": "2010-01-01", "parent": { "code": "X" },
                "geometry": { "type": "Point", "coordinates": [-11.78, 8.46] } }),
            ),
        ];
        let written = target.write(&batch).await.expect("it is sent");
        assert_eq!(shown(&written), ["done"; 3], "{release} {written:?}");
        let clinic = found(&*target, &["N3"]).await.remove(0);
        assert_eq!(path_of(&world, &clinic.id).split('/').next(), Some(COUNTRY), "{release}");
        assert_eq!(path_of(&world, &clinic.id).matches('/').count(), 3, "{release}");
        assert_eq!((&clinic.body["shortName"], &clinic.body["openingDate"]), (&json!("Clinic N3"), &json!("2010-01-01")), "{release}");
        let district = found(&*target, &["N1"]).await.remove(0);
        assert_eq!(district.body["geometry"], json!({ "type": "Point", "coordinates": [-11.78, 8.46] }), "{release}");
        // Three levels, three documents, three objects.
        assert_eq!(world.writes(), 3, "{release}");
    }
}

#[tokio::test]
async fn quirk_49_the_same_again_makes_nothing_twice() {
    for release in RELEASES {
        let world = world(release).await;
        let target = units(&world).await;
        let write = make(&*target, &["N1"], clinic("N1", "D1"));
        world.sim.set_faults(vec![Rule::nth("POST", "/api/metadata", 1, Fault::Drop(When::After))]);
        let lost = target.write(std::slice::from_ref(&write)).await.expect("it is sent");
        assert!(matches!(&lost[0], Written::Failed(error) if error.effect_unknown), "{release} {lost:?}");
        let there = world.sim.model().org_units.len();
        let again = target.write(&[write]).await.expect("it is sent");
        assert_eq!((shown(&again), world.sim.model().org_units.len()), (vec!["done".to_owned()], there), "{release} {again:?}");
        assert_eq!(found(&*target, &["N1"]).await.len(), 1, "{release}");
    }
}

#[tokio::test]
async fn quirk_48_what_another_keeps_of_an_object_stays() {
    for release in RELEASES {
        let world = world(release).await;
        let mut present = country()["organisationUnits"][2].clone();
        present["translations"] = json!([{ "property": "NAME", "locale": "fr", "value": "Clinique" }]);
        present["comment"] = json!("kept by hand");
        present["somethingNew"] = json!({ "of": "a later release" });
        world.sim.put_metadata(&json!({ "organisationUnits": [present], "organisationUnitGroups": [{ "id": "groupHealth", "name": "Health", "shortName": "Health", "organisationUnits": [id(CLINIC)] }] }));
        let target = units(&world).await;
        let written = target
            .write(&[alter(&*target, CLINIC, json!({ "name": "Clinic One A", "closedDate": "2025-01-01" }))])
            .await
            .expect("it is sent");
        assert_eq!(shown(&written), ["done"], "{release} {written:?}");
        let now = world.sim.object("organisationUnits", CLINIC).expect("it is there");
        assert_eq!(
            (&now["name"], &now["comment"], &now["code"], &now["parent"]),
            (&json!("Clinic One A"), &json!("kept by hand"), &json!("C1"), &id(DISTRICT))
        );
        assert_eq!(
            (&now["translations"][0]["value"], &now["somethingNew"]["of"]),
            (&json!("Clinique"), &json!("a later release")),
            "{release}"
        );
        let group = world.sim.object("organisationUnitGroups", "groupHealth").expect("it is there");
        assert_eq!(group["organisationUnits"], json!([id(CLINIC)]));
        // Cleared, it is open again.
        let written = target.write(&[alter(&*target, CLINIC, json!({ "closedDate": null }))]).await.expect("it is sent");
        assert_eq!(shown(&written), ["done"]);
        assert_eq!(world.sim.object("organisationUnits", CLINIC).expect("it is there").get("closedDate"), None, "{release}");
        // What is there already is not sent.
        let before = world.writes();
        let written = target.write(&[alter(&*target, CLINIC, json!({ "name": "Clinic One A" }))]).await.expect("it is looked at");
        assert_eq!((shown(&written), world.writes()), (vec!["done".to_owned()], before), "{release}");
    }
}

#[tokio::test]
async fn a_unit_that_moves_takes_what_is_below_it_along_and_never_comes_below_itself() {
    for release in RELEASES {
        let world = world(release).await;
        let target = units(&world).await;
        let written = target.write(&[alter(&*target, DISTRICT, json!({ "parent": { "code": "E" } }))]).await.expect("it is sent");
        assert_eq!(shown(&written), ["done"], "{release} {written:?}");
        assert_eq!(path_of(&world, CLINIC), [ELSEWHERE, DISTRICT, CLINIC].join("/"));
        let circle = target.write(&[alter(&*target, DISTRICT, json!({ "parent": { "code": "C1" } }))]).await.expect("it is looked at");
        assert_eq!(shown(&circle), ["not yet K1044"], "{release} {circle:?}");
        let itself = target.write(&[alter(&*target, DISTRICT, json!({ "parent": { "code": "D1" } }))]).await.expect("it is looked at");
        assert_eq!(shown(&itself), ["K1044"], "{release} {itself:?}");
        let root = target.write(&[alter(&*target, DISTRICT, json!({ "parent": { "code": null } }))]).await.expect("it is sent");
        assert_eq!((shown(&root), path_of(&world, CLINIC)), (vec!["done".to_owned()], [DISTRICT, CLINIC].join("/")), "{release}");
    }
}

#[tokio::test]
async fn quirk_54_moves_that_need_one_another_are_sent_one_after_the_other() {
    let to = |target: &dyn Target, id: &str, parent: &str| alter(target, id, json!({ "parent": { "code": parent } }));
    for release in RELEASES {
        let world = world(release).await;
        let target = units(&world).await;
        // The clinic lies in the district, and the district is to lie in the clinic.
        let swap = [to(&*target, DISTRICT, "C1"), to(&*target, CLINIC, "X")];
        let written = target.write(&swap).await.expect("it is sent");
        assert_eq!((shown(&written), world.writes()), (vec!["done".to_owned(); 2], 2), "{release} {written:?}");
        assert_eq!(path_of(&world, DISTRICT), [COUNTRY, CLINIC, DISTRICT].join("/"), "{release}");
        // In the end they would lie in one another.
        let before = world.writes();
        let circle = [to(&*target, CLINIC, "E"), to(&*target, ELSEWHERE, "D1")];
        let written = target.write(&circle).await.expect("it is looked at");
        assert_eq!((shown(&written), world.writes()), (vec!["not yet K1044".to_owned(); 2], before), "{release} {written:?}");
        // The one that was to make way is refused.
        let mut refused = to(&*target, DISTRICT, "X");
        std::sync::Arc::make_mut(&mut refused.body)["closedDate"] = json!("1900-01-01");
        let written = target.write(&[to(&*target, CLINIC, "D1"), refused]).await.expect("it is sent");
        assert_eq!(shown(&written), ["not yet K1044", "K1041"], "{release} {written:?}");
        assert_eq!(path_of(&world, DISTRICT), [COUNTRY, CLINIC, DISTRICT].join("/"), "{release}");
    }
}

#[tokio::test]
async fn quirk_55_what_was_left_behind_is_known_unless_somebody_was_quicker() {
    let version = |written: &Written| match written {
        Written::Done { version, .. } => version.clone(),
        other => panic!("it is written: {other:?}"),
    };
    for release in RELEASES {
        let world = world(release).await;
        let target = units(&world).await;
        let batch = [make(&*target, &["N1"], clinic("N1", "D1")), alter(&*target, CLINIC, json!({ "name": "Clinic One A" }))];
        let written = target.write(&batch).await.expect("it is sent");
        let stored = |id: &str| world.sim.object("organisationUnits", id).expect("it is there")["lastUpdated"].as_str().map(str::to_owned);
        let made = found(&*target, &["N1"]).await.remove(0);
        assert_eq!([version(&written[0]), version(&written[1])], [stored(&made.id), stored(CLINIC)], "{release}");
        assert_eq!((made.version.is_some(), &made.version), (true, &version(&written[0])), "{release}");
        // Somebody changes it before we can look.
        let mut held = world.sim.pause_at(Pause::nth(1, Phase::BeforeApply).on("GET", "/api/organisationUnits"));
        let batch = [make(&*target, &["N2"], clinic("N2", "D1"))];
        let by_hand = async {
            assert!(held.reached().await, "it is looked at");
            let made = world.sim.objects("organisationUnits").into_iter().find(|unit| unit["code"] == "N2");
            let mut made = made.expect("it is stored by now");
            made["phoneNumber"] = json!("555-0199");
            made["lastUpdatedBy"] = json!({ "id": "somebodyAaa" });
            world.sim.put_metadata(&json!({ "organisationUnits": [made] }));
            held.resume();
        };
        let (written, ()) = tokio::join!(target.write(&batch), by_hand);
        assert_eq!(version(&written.expect("it is sent")[0]), None, "{release}");
        // Written is written, though it cannot be looked at.
        world.sim.set_faults(vec![Rule::nth(
            "GET",
            "/api/organisationUnits",
            1,
            Fault::Status { status: 404, retry_after: None, body: None },
        )]);
        let written = target.write(&[make(&*target, &["N3"], clinic("N3", "D1"))]).await.expect("it is sent");
        assert_eq!((shown(&written), version(&written[0])), (vec!["done".to_owned()], None), "{release}");
    }
}

#[tokio::test]
async fn quirk_56_what_lies_in_nothing_yet_is_not_sent() {
    for release in RELEASES {
        let world = world(release).await;
        let target = units(&world).await;
        let batch = [make(&*target, &["N2"], clinic("N2", "N1")), make(&*target, &["N3"], clinic("N3", "N2"))];
        let written = target.write(&batch).await.expect("it is looked at");
        assert_eq!((shown(&written), world.writes()), (vec!["not yet K1048".to_owned(); 2], 0), "{release} {written:?}");
        let moved = alter(&*target, CLINIC, json!({ "parent": { "code": "N1" } }));
        let written = target.write(&[moved]).await.expect("it is looked at");
        assert_eq!((shown(&written), world.writes()), (vec!["not yet K1048".to_owned()], 0), "{release} {written:?}");
        // Named by its id, the parent is asked for once.
        let by_id =
            opened(&world, metadata_spec("organisationUnits", &["code"], &["code", "name", "openingDate", "parent.id"], json!({}))).await;
        let below =
            |code: &str, parent: &str| json!({ "code": code, "name": code, "openingDate": "2010-01-01", "parent": { "id": parent } });
        let batch = [make(&*by_id, &["N4"], below("N4", "NowhereAaaa")), make(&*by_id, &["N5"], below("N5", DISTRICT))];
        let written = by_id.write(&batch).await.expect("it is sent");
        assert_eq!((shown(&written), world.writes()), (vec!["not yet K1048".to_owned(), "done".to_owned()], 1), "{release} {written:?}");
    }
}

#[tokio::test]
async fn quirk_47_each_unit_of_a_batch_has_its_own_outcome() {
    for release in RELEASES {
        let world = world(release).await;
        let target = units(&world).await;
        let mut long = clinic("N4", "D1");
        long["name"] = json!("x".repeat(60));
        let mut closed = clinic("N5", "D1");
        closed["closedDate"] = json!("2010-01-01");
        let batch = [
            make(&*target, &["N1"], clinic("N1", "D1")),
            // Another unit has the code.
            Write { key: Key(vec!["other".to_owned()]), ..make(&*target, &["C1"], clinic("C1", "D1")) },
            // Its parent is not there.
            make(&*target, &["N3"], clinic("N3", "NOWHERE")),
            make(&*target, &["N4"], long),
            make(&*target, &["N5"], closed),
            make(&*target, &["N6"], clinic("N6", "D1")),
            // Its parent is refused.
            make(&*target, &["N7"], clinic("N7", "N5")),
        ];
        let written = target.write(&batch).await.expect("it is sent");
        assert_eq!(shown(&written), ["done", "K1042", "not yet K1048", "K1041", "K1041", "done", "not yet K1048"], "{release} {written:?}");
        assert!(found(&*target, &["N5"]).await.is_empty() && found(&*target, &["N7"]).await.is_empty());
        let texts = format!("{written:?}");
        assert!(!texts.contains("Clinic N"), "a message names nothing that was sent: {texts}");
    }
}

#[tokio::test]
async fn closing_is_today_by_the_servers_clock_and_what_is_closed_stays_so() {
    for release in RELEASES {
        let world = world(release).await;
        let target = units(&world).await;
        let written =
            target.write(&[without_body(Action::Deactivate, CLINIC), without_body(Action::Deactivate, CLOSED)]).await.expect("it is sent");
        assert_eq!(shown(&written), ["done", "done"], "{release} {written:?}");
        assert_eq!(world.sim.object("organisationUnits", CLINIC).expect("it is there")["closedDate"], json!("2026-06-15"), "{release}");
        assert_eq!(world.sim.object("organisationUnits", CLOSED).expect("it is there")["closedDate"], json!("2020-12-31"), "{release}");
        let candidate = target.fetch(&[CLINIC.to_owned()]).await.expect("it can be asked").remove(0).expect("it is there");
        assert_eq!(candidate.body["closedDate"], json!("2026-06-15"));
    }
}

#[tokio::test]
async fn quirk_50_deletions_go_from_the_deepest_up_and_what_is_in_use_stays() {
    for release in RELEASES {
        let world = world(release).await;
        let values = world.target(json!({})).await;
        let one = create(&*values, value(BEDS, MAY, HOSPITAL, None, "3"));
        assert_eq!(shown(&values.write(&[one]).await.expect("it is sent")), ["done"], "{release}");
        let target = units(&world).await;
        let batch = [COUNTRY, DISTRICT, CLINIC, HOSPITAL, ELSEWHERE].map(|id| without_body(Action::Delete, id));
        let written = target.write(&batch).await.expect("it is sent");
        assert_eq!(shown(&written), ["K1045", "K1045", "done", "K1045", "done"], "{release} {written:?}");
        let Written::Refused(cause) = &written[3] else { panic!("{written:?}") };
        assert!(cause.message.contains("DataValue") && cause.message.contains("E4030"), "{}", cause.message);
        assert!(world.sim.object("organisationUnits", CLINIC).is_none() && world.sim.object("organisationUnits", DISTRICT).is_some());
        let gone = target.write(&[without_body(Action::Delete, CLINIC)]).await.expect("it is sent");
        assert_eq!(shown(&gone), ["done"], "what is gone is gone");
        let page = Fault::Status { status: 404, retry_after: None, body: Some("<html>Not Found</html>".to_owned()) };
        world.sim.set_faults(vec![Rule::nth("DELETE", "/api/organisationUnits/*", 1, page)]);
        let elsewhere = target.write(&[without_body(Action::Delete, DISTRICT)]).await.expect("it is sent");
        assert_eq!(shown(&elsewhere), [format!("failed {} false", kivuko_core::catalogue::network::NOT_JSON)], "{release} {elsewhere:?}");
        assert!(world.sim.object("organisationUnits", DISTRICT).is_some());
    }
}

#[tokio::test]
async fn quirk_49_a_key_that_was_changed_by_hand_is_for_a_person() {
    let world = world("2.42").await;
    let target = units(&world).await;
    let write = make(&*target, &["N1"], clinic("N1", "D1"));
    target.write(std::slice::from_ref(&write)).await.expect("it is sent");
    let made = found(&*target, &["N1"]).await.remove(0);
    let mut object = world.sim.object("organisationUnits", &made.id).expect("it is there");
    object["code"] = json!("OTHER");
    world.sim.put_metadata(&json!({ "organisationUnits": [object] }));
    let shown_now = found(&*target, &["N1"]).await;
    assert!(matches!(&shown_now[0].standing, Standing::Barred(cause) if cause.code == dhis2::KEY_CHANGED), "{shown_now:?}");
    let written = target.write(&[write]).await.expect("it is sent");
    assert_eq!(shown(&written), ["K1050"]);
    assert_eq!(world.sim.object("organisationUnits", &made.id).expect("it is there")["code"], json!("OTHER"), "it is not overwritten");
    // Nothing is put below it by its former code either.
    let later = units(&world).await;
    let causes = later.conform(clinic("N2", "N1")).expect_err("nobody has the code");
    assert_eq!((causes[0].code, causes[0].field.as_deref()), (dhis2::KEY_CHANGED, Some("parent.code")), "{causes:?}");
}

#[tokio::test]
async fn what_is_wrong_with_a_flow_is_told_before_anything_is_written() {
    let check = async |authorities: &[&str], spec: TargetSpec, expected: &[kivuko_core::error::Code]| {
        let world = World::with(with_authorities("2.42", authorities), json!({ "token": TOKEN })).await;
        let target = world.system.target(&spec).expect("a target");
        let causes = target.prepare().await.expect("it can be asked");
        assert_eq!(causes.iter().map(|cause| cause.code).collect::<Vec<_>>(), expected, "{causes:?}");
        assert_eq!(world.writes(), 0);
    };
    let spec = |key: &[&str], paths: &[&str], options: Value| metadata_spec("organisationUnits", key, paths, options);
    let unknown = target_codes::UNKNOWN_FIELD;
    check(&AUTHORITIES, spec(&["code"], &["code", "name", "parent.code"], json!({})), &[]).await;
    check(&["F_ORGANISATIONUNIT_ADD"], spec(&["code"], &["code"], json!({})), &[dhis2::METADATA_NOT_ALLOWED]).await;
    check(&AUTHORITIES, spec(&["code"], &["code", "level", "nmae", "parent.level", "parent"], json!({})), &[unknown; 5]).await;
    check(&AUTHORITIES, spec(&["code"], &["parent.code", "parent.id"], json!({})), &[unknown]).await;
    check(&AUTHORITIES, spec(&["name"], &["name"], json!({})), &[target_codes::KEY_NOT_SEARCHABLE]).await;
    check(&AUTHORITIES, spec(&["shortName"], &["shortName"], json!({})), &[target_codes::KEY_NOT_SEARCHABLE]).await;
    check(&AUTHORITIES, spec(&[], &["name"], json!({})), &[target_codes::KEY_NOT_SEARCHABLE]).await;
    check(&AUTHORITIES, spec(&["code"], &["code"], json!({ "data_set": "MONTH" })), &[kivuko_core::catalogue::network::BAD_OPTIONS]).await;
    check(&AUTHORITIES, spec(&["code"], &["code"], json!({ "assign": { "data_sets": ["Nothing"] } })), &[dhis2::NO_SUCH_OBJECT]).await;
    check(&AUTHORITIES, spec(&["code"], &["attributeValues[attribute.id=Registry001].value"], json!({})), &[dhis2::NO_SUCH_OBJECT]).await;
    let read_only = World::new("2.42").await;
    let refused = read_only.system.target(&metadata_spec("dataElements", &["code"], &[], json!({}))).map(|_| ());
    assert!(refused.is_err_and(|error| error.cause.code == dhis2::ONLY_READ));
}

#[tokio::test]
async fn a_unit_is_found_by_a_unique_attribute_and_its_values_are_merged() {
    let attribute = |uid: &str, unique: bool| json!({ "id": uid, "name": uid, "shortName": uid, "valueType": "TEXT", "unique": unique, "organisationUnitAttribute": true });
    for release in RELEASES {
        let world = world(release).await;
        let mut present = country()["organisationUnits"][2].clone();
        present["attributeValues"] =
            json!([{ "attribute": id("Registry001"), "value": "7" }, { "attribute": id("OwnerOfUnit"), "value": "MoH" }]);
        world.sim.put_metadata(
            &json!({ "attributes": [attribute("Registry001", true), attribute("OwnerOfUnit", false)], "organisationUnits": [present] }),
        );
        let registry = "attributeValues[attribute.id=Registry001].value";
        let target = opened(&world, metadata_spec("organisationUnits", &[registry], &[registry, "name"], json!({}))).await;
        assert_eq!(found(&*target, &["7"]).await.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), [CLINIC], "{release}");
        assert!(found(&*target, &["8"]).await.is_empty());
        let write = alter(&*target, CLINIC, json!({ "attributeValues": [{ "attribute": id("Registry001"), "value": "8" }] }));
        assert_eq!(shown(&target.write(&[write]).await.expect("it is sent")), ["done"], "{release}");
        let values = world.sim.object("organisationUnits", CLINIC).expect("it is there")["attributeValues"].clone();
        assert_eq!(
            values,
            json!([{ "attribute": id("Registry001"), "value": "8" }, { "attribute": id("OwnerOfUnit"), "value": "MoH" }]),
            "{release}"
        );
        let clear = alter(&*target, CLINIC, json!({ "attributeValues": [{ "attribute": id("Registry001"), "value": null }] }));
        assert_eq!(shown(&target.write(&[clear]).await.expect("it is sent")), ["done"], "{release}");
        let values = world.sim.object("organisationUnits", CLINIC).expect("it is there")["attributeValues"].clone();
        assert_eq!(values, json!([{ "attribute": id("OwnerOfUnit"), "value": "MoH" }]), "{release}");
        let not_unique = metadata_spec("organisationUnits", &["attributeValues[attribute.id=OwnerOfUnit].value"], &[], json!({}));
        let causes = world.system.target(&not_unique).expect("a target").prepare().await.expect("it can be asked");
        assert_eq!(causes[0].code, target_codes::KEY_NOT_SEARCHABLE);
    }
}
