//! Options and option sets as targets, and what org units are put into.

use kivuko_core::catalogue::dhis2;

use super::units::{alter, found, make, metadata_spec, opened, with_authorities, world};
use super::*;

const WATER: &str = "optionSetAa";

async fn of_options(world: &World) -> Box<dyn Target> {
    let paths = ["code", "name", "sortOrder", "optionSet.code"];
    opened(world, metadata_spec("options", &["optionSet.code", "code"], &paths, json!({}))).await
}

/// The codes of a set's options, in their order.
fn codes(world: &World, set: &str) -> Vec<String> {
    let set = world.sim.object("optionSets", set).expect("it is there");
    let ids = set["options"].as_array().expect("options").iter().filter_map(|option| option["id"].as_str()).map(str::to_owned);
    ids.filter_map(|id| world.sim.object("options", &id)?["code"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn quirk_51_options_are_found_in_their_set_made_renamed_and_placed() {
    for release in RELEASES {
        let world = world(release).await;
        let mut set = country()["optionSets"][0].clone();
        set["code"] = json!("WATER");
        set["version"] = json!(4);
        world.sim.put_metadata(&json!({ "optionSets": [set] }));
        let target = of_options(&world).await;
        let well = found(&*target, &["WATER", "WELL"]).await;
        assert_eq!(well.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["optionWella"], "{release}");
        assert!(found(&*target, &["OTHER", "WELL"]).await.is_empty() && found(&*target, &["WATER", "well"]).await.is_empty());
        let option = |code: &str, name: &str| json!({ "code": code, "name": name, "optionSet": { "code": "WATER" } });
        let mut first = option("RAIN", "Rain");
        first["sortOrder"] = json!(1);
        let batch = [
            make(&*target, &["WATER", "TAP"], option("TAP", "Tap")),
            make(&*target, &["WATER", "RAIN"], first),
            make(&*target, &["WATER", "SEA"], option("SEA", "Well")),
            make(&*target, &["NEW", "X"], json!({ "code": "X", "name": "X", "optionSet": { "code": "NEW" } })),
        ];
        let written = target.write(&batch).await.expect("it is sent");
        assert_eq!(shown(&written), ["done", "done", "K1042", "not yet K1048"], "{release} {written:?}");
        assert_eq!(codes(&world, WATER), ["WELL", "RAIN", "RIVER", "TAP"], "{release}");
        assert_eq!(world.sim.object("optionSets", WATER).expect("it is there")["version"], json!(5), "{release}");
        let renamed = target.write(&[alter(&*target, "optionRiver", json!({ "name": "River or lake" }))]).await.expect("it is sent");
        assert_eq!(shown(&renamed), ["done"], "{release} {renamed:?}");
        let river = world.sim.object("options", "optionRiver").expect("it is there");
        assert_eq!(
            (&river["name"], &river["code"], &river["optionSet"]),
            (&json!("River or lake"), &json!("RIVER"), &id(WATER)),
            "{release}"
        );
        let end =
            |action| Write { action, key: Key(Vec::new()), id: Some("optionWella".to_owned()), body: Value::Null.into(), parent: None };
        assert_eq!(shown(&target.write(&[end(Action::Deactivate)]).await.expect("it is looked at")), ["K1046"], "{release}");
        assert!(!target.capabilities().deactivates);
        assert_eq!(shown(&target.write(&[end(Action::Delete)]).await.expect("it is sent")), ["done"], "{release}");
        assert_eq!(codes(&world, WATER), ["RAIN", "RIVER", "TAP"], "{release}");
    }
}

#[tokio::test]
async fn an_option_set_keeps_its_options_and_counts_its_changes() {
    for release in RELEASES {
        let world = world(release).await;
        let paths = ["code", "name", "valueType"];
        let target = opened(&world, metadata_spec("optionSets", &["name"], &paths, json!({}))).await;
        let made = make(&*target, &["Soil"], json!({ "code": "SOIL", "name": "Soil", "valueType": "TEXT" }));
        let changed = alter(&*target, WATER, json!({ "code": "WATER", "valueType": "TEXT" }));
        let written = target.write(&[made, changed]).await.expect("it is sent");
        assert_eq!(shown(&written), ["done", "done"], "{release} {written:?}");
        assert_eq!(codes(&world, WATER), ["WELL", "RIVER"], "{release}");
        assert_eq!(world.sim.object("optionSets", WATER).expect("it is there")["version"], json!(1), "{release}");
        assert_eq!(found(&*target, &["Soil"]).await[0].body["code"], json!("SOIL"), "{release}");
        let used =
            Write { action: Action::Delete, key: Key(Vec::new()), id: Some(WATER.to_owned()), body: Value::Null.into(), parent: None };
        assert_eq!(shown(&target.write(&[used]).await.expect("it is sent")), ["K1045"], "{release}");
    }
}

/// What an account needs to put org units somewhere.
const ASSIGNS: [&str; 6] = [
    "F_METADATA_IMPORT",
    "F_ORGANISATIONUNIT_ADD",
    "F_DATASET_PUBLIC_ADD",
    "F_PROGRAM_PUBLIC_ADD",
    "F_ORGANISATIONUNITGROUP_PUBLIC_ADD",
    "F_USER_ADD",
];

fn assigned() -> Value {
    json!({ "assign": { "data_sets": ["MONTH"], "programs": "Malaria", "groups": ["Health"], "users": "me" } })
}

async fn assigning(release: &str, authorities: &[&str]) -> World {
    let world = World::with(with_authorities(release, authorities), json!({ "token": TOKEN })).await;
    let program = json!({ "id": "programMala", "name": "Malaria", "shortName": "Malaria", "programType": "WITH_REGISTRATION" });
    let group = json!({ "id": "groupHealth", "name": "Health", "shortName": "Health", "organisationUnits": [id(HOSPITAL)] });
    world.sim.put_metadata(&json!({ "programs": [program], "organisationUnitGroups": [group] }));
    world
}

fn members(world: &World, plural: &str, of: &str) -> Vec<String> {
    let object = world.sim.object(plural, of).expect("it is there");
    object["organisationUnits"].as_array().into_iter().flatten().filter_map(|unit| unit["id"].as_str()).map(str::to_owned).collect()
}

#[tokio::test]
async fn quirk_52_units_are_put_where_the_flow_asks_for_and_nowhere_else() {
    for release in RELEASES {
        let world = assigning(release, &ASSIGNS).await;
        let paths = ["code", "name", "openingDate", "parent.code"];
        let unit = |code: &str, parent: Option<&str>| json!({ "code": code, "name": code, "openingDate": "2010-01-01", "parent": { "code": parent } });
        // A flow that does not ask touches nothing of them.
        let plain = opened(&world, metadata_spec("organisationUnits", &["code"], &paths, json!({}))).await;
        assert_eq!(
            shown(&plain.write(&[make(&*plain, &["N0"], unit("N0", Some("D1")))]).await.expect("it is sent")),
            ["done"],
            "{release}"
        );
        assert_eq!((members(&world, "dataSets", SET).len(), members(&world, "organisationUnitGroups", "groupHealth").len()), (4, 1));
        let target = opened(&world, metadata_spec("organisationUnits", &["code"], &paths, assigned())).await;
        let batch = [
            make(&*target, &["N1"], unit("N1", Some("D1"))),
            make(&*target, &["N2"], unit("N2", None)),
            make(&*target, &["N3"], unit("N3", Some("N2"))),
        ];
        let written = target.write(&batch).await.expect("it is sent");
        assert_eq!(shown(&written), ["done"; 3], "{release} {written:?}");
        let ids: Vec<String> =
            written.iter().filter_map(|one| if let Written::Done { id, .. } = one { Some(id.clone()) } else { None }).collect();
        for (plural, of) in [("dataSets", SET), ("programs", "programMala"), ("organisationUnitGroups", "groupHealth")] {
            let there = members(&world, plural, of);
            assert!(ids.iter().all(|id| there.contains(id)), "{release} {plural}: {there:?}");
        }
        // Only the new root lies outside of where the account captures.
        let own = open(&world.sim, &json!({ "token": TOKEN }), context()).expect("options that hold").test().await.expect("it answers");
        let captures = format!("2 org units: {COUNTRY}, {}", ids[1]);
        assert!(own.findings.iter().any(|finding| finding.contains(&captures)), "{release} {:?}", own.findings);
        // Nothing is left to do.
        for (at, code) in ["N1", "N2", "N3"].iter().enumerate() {
            let candidate = found(&*target, &[code]).await.remove(0);
            let desired = target.conform(unit(code, [Some("D1"), None, Some("N2")][at])).expect("it conforms");
            let merged = kivuko_core::diff::merge(&candidate.body, &desired, &target.capabilities().replaced_whole);
            assert_eq!(kivuko_core::diff::changed_fields(&candidate.body, &merged), Vec::<String>::new(), "{release} {code}");
        }
        let before = world.writes();
        let again = target.write(&[alter(&*target, &ids[0], unit("N1", Some("D1")))]).await.expect("it is looked at");
        assert_eq!((shown(&again), world.writes()), (vec!["done".to_owned()], before), "{release}");
        // One that was there gets what is missing only.
        let there = target.write(&[alter(&*target, HOSPITAL, json!({}))]).await.expect("it is sent");
        assert_eq!(
            (shown(&there), members(&world, "programs", "programMala").contains(&HOSPITAL.to_owned())),
            (vec!["done".to_owned()], true)
        );
        assert_eq!(members(&world, "organisationUnitGroups", "groupHealth").iter().filter(|id| *id == HOSPITAL).count(), 1, "{release}");
    }
}

#[tokio::test]
async fn quirk_52_a_refused_assignment_is_a_rejection_and_never_swallowed() {
    for release in RELEASES {
        let world = assigning(release, &["F_METADATA_IMPORT", "F_ORGANISATIONUNIT_ADD"]).await;
        let target = opened(&world, metadata_spec("organisationUnits", &["code"], &["code", "name"], assigned())).await;
        let unit = json!({ "code": "N1", "name": "N1", "openingDate": "2010-01-01", "parent": { "id": DISTRICT } });
        let written = target.write(&[make(&*target, &["N1"], unit.clone())]).await.expect("it is sent");
        assert_eq!(shown(&written), ["K1049"], "{release} {written:?}");
        let made = found(&*target, &["N1"]).await.remove(0);
        assert!(members(&world, "dataSets", SET).iter().all(|id| *id != made.id));
        // Once the account may, the next try does what is missing.
        world.sim.edit_account("keeper", |account| account.authorities.extend(ASSIGNS.map(str::to_owned)));
        let again = target.write(&[alter(&*target, &made.id, unit)]).await.expect("it is sent");
        assert_eq!(shown(&again), ["done"], "{release} {again:?}");
        assert!(members(&world, "dataSets", SET).contains(&made.id), "{release}");
        let Written::Refused(cause) = &written[0] else { panic!("{written:?}") };
        assert_eq!(cause.code, dhis2::NOT_ASSIGNED_TO);
    }
}

#[tokio::test]
async fn quirk_52_a_unit_is_among_the_accounts_own_once_the_server_agreed() {
    for release in RELEASES {
        let world = assigning(release, &["F_METADATA_IMPORT", "F_ORGANISATIONUNIT_ADD"]).await;
        let options = json!({ "assign": { "users": "me" } });
        let target = opened(&world, metadata_spec("organisationUnits", &["code"], &["code", "name"], options)).await;
        let unit = json!({ "code": "N1", "name": "N1", "openingDate": "2010-01-01" });
        let written = target.write(&[make(&*target, &["N1"], unit.clone())]).await.expect("it is sent");
        assert_eq!(shown(&written), ["K1049"], "{release} {written:?}");
        let refused = found(&*target, &["N1"]).await.remove(0);
        assert_eq!(refused.body.get("users"), None, "{release}: it is not shown as a member");
        // In the same run, once the account may.
        world.sim.edit_account("keeper", |account| account.authorities.extend(ASSIGNS.map(str::to_owned)));
        let again = target.write(&[alter(&*target, &refused.id, unit)]).await.expect("it is sent");
        assert_eq!(shown(&again), ["done"], "{release} {again:?}");
        assert!(found(&*target, &["N1"]).await[0].body.get("users").is_some(), "{release}");
        let own = open(&world.sim, &json!({ "token": TOKEN }), context()).expect("options that hold").test().await.expect("it answers");
        assert!(own.findings.iter().any(|finding| finding.contains(&refused.id)), "{release} {:?}", own.findings);
    }
}
