//! The traps of the server, by their number. `docs/quirks-dhis2.md` lists them with what is done about each.

use std::collections::BTreeSet;
use std::path::Path;

use kivuko_core::catalogue::dhis2;
use serde_json::json;

use super::*;

#[tokio::test]
async fn quirk_05_and_06_of_a_refused_group_only_the_guilty_values_are_refused() {
    for without_indexes in [false, true] {
        let mut options = options("2.43");
        options.numbers.group_conflicts_without_indexes = without_indexes;
        let world = World::with(options, json!({ "token": TOKEN })).await;
        let target = world.target(json!({})).await;
        let mut batch = Vec::new();
        for period in ["202601", "202602", "202603", "202604", MAY] {
            batch.push(create(&*target, value(BEDS, period, CLINIC, None, "1")));
            batch.push(create(&*target, value(NOTE, period, CLINIC, None, "x")));
        }
        batch.push(create(&*target, value(BEDS, MAY, HOSPITAL, None, "2")));
        // Somebody took the hospital out of the data set after it was read.
        let mut set = country()["dataSets"][0].clone();
        set["organisationUnits"] = json!([id(CLINIC)]);
        world.sim.put_metadata(&json!({ "dataSets": [set] }));
        let written = target.write(&batch).await.expect("it is sent");
        let expected: Vec<&str> = [["done"; 10].as_slice(), &["K1011"]].concat();
        assert_eq!(shown(&written), expected, "{written:?}");
        assert_eq!(world.sim.cells().len(), 10);
        assert!(world.writes() <= 9, "halves, not one by one: {}", world.writes());
    }
}

#[tokio::test]
async fn quirk_07_and_23_what_is_meant_is_said_in_every_request() {
    for release in RELEASES {
        let world = World::new(release).await;
        let target = world.target(json!({})).await;
        target.lookup(&[key([BEDS, MAY, CLINIC, DEFAULT, DEFAULT])]).await.expect("it can be asked");
        target.write(&[create(&*target, value(BEDS, MAY, CLINIC, None, "1"))]).await.expect("it is sent");
        let entries = world.sim.log().entries();
        let values: Vec<_> = entries.iter().filter(|entry| entry.path == "/api/dataValueSets").collect();
        let newer = ["2.42", "2.43"].contains(&release);
        assert_eq!(values[0].query.contains("format=json"), newer, "{release} {}", values[0].query);
        assert!(
            values[1].query.contains("importStrategy=CREATE_AND_UPDATE") && values[1].query.contains("idScheme=UID"),
            "{}",
            values[1].query
        );
    }
}

#[tokio::test]
async fn quirk_16_17_and_18_what_adx_cannot_carry_is_refused_before() {
    let mut document = country();
    document["categories"][0]["code"] = json!("SEX OF PATIENT");
    document["dataSets"][0]["periodType"] = json!("QuarterlyNov");
    let account = User::new("kivuko", "Market-9", &["F_DATAVALUE_ADD"]).with_token(TOKEN).capturing(&[COUNTRY]);
    let options = kivuko_sims::dhis2::Options::for_tests("2.42").with_metadata(document).with_user(account);
    let world = World::with(options, json!({ "token": TOKEN })).await;
    let target = world.target(json!({ "format": "adx" })).await;
    let written = target.write(&[create(&*target, value(BEDS, "2026NovQ1", CLINIC, None, "1"))]).await.expect("it is looked at");
    assert_eq!(shown(&written), ["K1032"], "this type of period cannot be read from ADX");

    let mut document = country();
    document["categories"][0]["code"] = json!("SEX OF PATIENT");
    let world = World::with(super::options("2.42").with_metadata(document), json!({ "token": TOKEN })).await;
    for (scheme, expected) in [("code", "K1032"), ("uid", "done")] {
        let target = world.target(json!({ "format": "adx", "category_id_scheme": scheme })).await;
        let written = target.write(&[create(&*target, value(CASES, MAY, CLINIC, Some(FEMALE), "1"))]).await.expect("it is looked at");
        assert_eq!(shown(&written), [expected], "{scheme}: {written:?}");
    }
}

#[tokio::test]
async fn quirk_19_and_35_names_are_made_ids_before_they_are_sent_and_several_of_one_name_are_none() {
    let twin = json!({ "id": "ClinicTwinn", "code": "C9", "name": "Clinic One", "shortName": "Twin", "openingDate": "2010-01-01", "parent": id(DISTRICT) });
    let world = World::with(options("2.42").with_metadata(json!({ "organisationUnits": [twin] })), json!({ "token": TOKEN })).await;
    let target = world.target(json!({})).await;
    let causes = target.conform(value("Beds", MAY, "Clinic One", None, "1")).expect_err("two are called so");
    assert_eq!(causes[0].code, dhis2::NOT_ASSIGNED);
    let by_code = World::new("2.42").await;
    let target = by_code.target(json!({ "id_scheme": "code", "org_unit_id_scheme": "name" })).await;
    let body = target.conform(value("CASES", MAY, "Clinic One", Some("FEM"), "1")).expect("it is known");
    assert_eq!((&body["dataElement"], &body["orgUnit"], &body["categoryOptionCombo"]), (&json!(CASES), &json!(CLINIC), &json!(FEMALE)));
    assert!(target.conform(value("Malaria cases", MAY, "Clinic One", Some("FEM"), "1")).is_err(), "a name is no code");
}

#[tokio::test]
async fn quirk_20_and_21_completeness_is_said_by_itself_after_the_values_and_by_day() {
    for release in RELEASES {
        let world = World::new(release).await;
        let key = ["dataSet", "period", "organisationUnit", "attributeOptionCombo"].map(str::to_owned).to_vec();
        let spec = TargetSpec { resource: "completeDataSetRegistrations".to_owned(), key, ..spec(json!({})) };
        let target = world.system.target(&spec).expect("a target");
        assert_eq!(target.prepare().await, Ok(Vec::new()));
        let record = json!({ "dataSet": "MONTH", "period": MAY, "organisationUnit": "C1", "date": "2026-06-03T10:00:00" });
        let write = create(&*target, record);
        assert_eq!(write.body["date"], json!("2026-06-03"));
        assert_eq!(shown(&target.write(&[write]).await.expect("it is sent")), ["done"], "{release}");
        let there = world.sim.registrations();
        assert_eq!(
            (there.len(), there[0].period.as_str(), there[0].org_unit.as_str(), there[0].completed),
            (1, MAY, CLINIC, true),
            "{release}"
        );
        let keys = [
            Key(["MONTH", MAY, "C1", DEFAULT].map(str::to_owned).to_vec()),
            Key(["MONTH", "202604", "C1", DEFAULT].map(str::to_owned).to_vec()),
        ];
        let found = target.lookup(&keys).await.expect("it can be asked");
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0], "{release}");
        let id = found[0][0].id.clone();
        let read = records(world.read("completeDataSetRegistrations", json!({ "data_set": "MONTH" }), |_| {}).await);
        assert_eq!(read.iter().filter_map(|record| record.id.as_deref()).collect::<Vec<_>>(), [id.as_str()], "{release}");
        let delete = Write { action: Action::Delete, key: Key(Vec::new()), id: Some(id.clone()), body: Value::Null.into(), parent: None };
        assert_eq!(shown(&target.write(&[delete]).await.expect("it is sent")), ["done"], "{release}");
        assert!(target.fetch(&[id]).await.expect("it can be asked")[0].is_none(), "{release}");
        let causes =
            target.conform(json!({ "dataSet": "other", "period": "202607", "organisationUnit": DISTRICT })).expect_err("nothing fits");
        assert_eq!(causes[0].code, dhis2::NO_SUCH_OBJECT);
    }
}

#[tokio::test]
async fn quirk_22_late_values_are_held_back_unless_the_account_may_send_them() {
    for release in RELEASES {
        for (authority, expected) in [(None, Some(dhis2::LOCKED)), (Some("F_EDIT_EXPIRED"), None)] {
            let mut document = country();
            document["dataSets"][0]["expiryDays"] = json!(10);
            let world = World::with(options(release).with_metadata(document), json!({ "token": TOKEN })).await;
            world.sim.edit_account("kivuko", |account| account.authorities.extend(authority.map(str::to_owned)));
            let target = world.target(json!({})).await;
            assert_eq!(closed(&*target, value(BEDS, MAY, CLINIC, None, "1")), expected, "{release} {authority:?}");
        }
    }
}

#[tokio::test]
async fn quirk_34_no_page_is_followed() {
    let world = World::new("2.42").await;
    world.sim.set_host(Some("elsewhere.example"));
    let all = records(world.read("organisationUnits", json!({}), |request| request.page_size = 2).await);
    assert_eq!((all.len(), world.sim.log().count("GET", "/api/organisationUnits*")), (6, 1));
}

#[tokio::test]
async fn quirk_39_what_a_flow_names_and_is_not_there_is_an_error() {
    let world = World::new("2.42").await;
    for options in [json!({ "data_set": "Weekly" }), json!({ "data_set": "MONTH", "org_unit": "nowhere" })] {
        let source = SourceSpec { resource: "dataValueSets".to_owned(), options, ..SourceSpec::default() };
        let source = world.system.source(&source).expect("a source");
        let failure = match source.partitions().await {
            Err(error) => error,
            Ok(mut partitions) => match source.read(reading(partitions.remove(0))).await {
                Err(error) => error,
                Ok(_) => panic!("what is not there is read"),
            },
        };
        assert_eq!(failure.cause.code, dhis2::NO_SUCH_OBJECT);
    }
}

#[test]
fn the_table_of_quirks_names_the_tests_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = std::fs::read_to_string(root.join("../../docs/quirks-dhis2.md")).expect("the table is there");
    let mut listed = BTreeSet::new();
    for number in 1..=56 {
        let row =
            table.lines().find(|line| line.starts_with(&format!("| {number} |"))).unwrap_or_else(|| panic!("quirk {number} has no row"));
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [_, what, tests] = cells.as_slice() else { panic!("the row of quirk {number} has three cells") };
        assert!(!what.is_empty() && !tests.is_empty(), "the row of quirk {number} says neither a test nor why there is none");
        listed.extend(tests.split([',', ' ', '`']).filter(|word| word.starts_with("quirk_")).map(str::to_owned));
    }
    let mut written = BTreeSet::new();
    let mut folders = vec![root.join("src/dhis2")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(path).expect("a source file");
            let names = text.lines().filter_map(|line| line.trim_start().trim_start_matches("async ").strip_prefix("fn quirk_"));
            written.extend(names.filter_map(|rest| rest.split_once('(')).map(|(name, _)| format!("quirk_{name}")));
        }
    }
    assert_eq!(listed, written);
}

#[tokio::test]
async fn quirk_40_an_org_unit_that_was_closed_takes_no_values() {
    for release in RELEASES {
        let world = World::new(release).await;
        let target = world.target(json!({})).await;
        let found = |period: &str| closed(&*target, value(BEDS, period, CLOSED, None, "1"));
        assert_eq!([found("202012"), found("202101")], [None, Some(dhis2::OUT_OF_TIME)], "{release}");
        let id = format!("{BEDS}.202101.{CLOSED}.{DEFAULT}.{DEFAULT}");
        let update = target.closed(Action::Update, Some(&id), &json!({ "value": "2" }));
        assert_eq!(update.iter().map(|cause| cause.code).collect::<Vec<_>>(), [dhis2::OUT_OF_TIME], "{release}");
        assert_eq!(target.closed(Action::Delete, Some(&id), &Value::Null), [], "{release}: what lies there may be taken away");
    }
}
