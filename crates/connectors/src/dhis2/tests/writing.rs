//! Values into a data set.

use kivuko_core::catalogue::{dhis2, target as target_codes};
use kivuko_core::error::Consequence;
use kivuko_sims::dhis2::Pace;
use kivuko_sims::faults;
use serde_json::json;

use super::*;

#[tokio::test]
async fn values_are_created_found_changed_and_deleted() {
    for release in RELEASES {
        let world = World::new(release).await;
        let target = world.target(json!({})).await;
        // By name, by code, by id: whichever fits.
        let batch = [
            create(&*target, value("Malaria cases", MAY, "Clinic One", Some("Female"), "12")),
            create(&*target, value("CASES", "2026-05", "H2", Some("MAL"), "7.0")),
            create(&*target, value(NOTE, MAY, CLINIC, None, "rain")),
        ];
        let written = target.write(&batch).await.expect("it is sent");
        assert_eq!(shown(&written), ["done"; 3], "{release}: {written:?}");
        let mut cells = world.sim.cells();
        cells.sort();
        let expected = [
            (format!("{CASES}.{MAY}.{CLINIC}.{FEMALE}.{DEFAULT}"), "12".to_owned()),
            (format!("{CASES}.{MAY}.{HOSPITAL}.{MALE}.{DEFAULT}"), "7".to_owned()),
            (format!("{NOTE}.{MAY}.{CLINIC}.{DEFAULT}.{DEFAULT}"), "rain".to_owned()),
        ];
        assert_eq!(cells, expected, "{release}");
        assert_eq!(world.writes(), 1, "one request for all");

        let keys = [
            key(["CASES", MAY, "C1", "Female", "default"]),
            key(["CASES", MAY, "C1", "Male", "default"]),
            key(["nothing", MAY, "C1", "Female", "default"]),
            key([NOTE, MAY, CLINIC, DEFAULT, DEFAULT]),
        ];
        let found = target.lookup(&keys).await.expect("it can be asked");
        assert_eq!(found.iter().map(|found| texts(found)).collect::<Vec<_>>(), [vec!["12"], vec![], vec![], vec!["rain"]], "{release}");
        let id = found[0][0].id.clone();

        let update = Write {
            action: Action::Update,
            key: keys[0].clone(),
            id: Some(id.clone()),
            body: json!({ "value": "13" }).into(),
            parent: None,
        };
        assert_eq!(shown(&target.write(std::slice::from_ref(&update)).await.expect("it is sent")), ["done"], "{release}");
        let again = target.write(&[update]).await.expect("it is sent");
        assert_eq!(shown(&again), ["done"], "{release}: the same again changes nothing");
        let fetched = target.fetch(&[id.clone(), "no-such-id".to_owned()]).await.expect("it can be asked");
        assert_eq!(fetched[0].as_ref().map(|one| one.body["value"].clone()), Some(json!("13")), "{release}");
        assert!(fetched[1].is_none());

        let delete = |id: &str| Write {
            action: Action::Delete,
            key: keys[0].clone(),
            id: Some(id.to_owned()),
            body: Value::Null.into(),
            parent: None,
        };
        assert_eq!(
            shown(&target.write(&[delete(&id), delete(&id)]).await.expect("it is sent")),
            ["done"; 2],
            "{release}: also what is gone"
        );
        assert!(!world.sim.cells().iter().any(|(cell, _)| *cell == id), "{release}");
    }
}

#[tokio::test]
async fn a_comment_is_kept_when_only_the_value_changes() {
    for release in RELEASES {
        let world = World::new(release).await;
        let target = world.target(json!({})).await;
        let mut record = value(BEDS, MAY, CLINIC, None, "5");
        record["comment"] = json!("counted twice");
        record["followup"] = json!(true);
        let written = target.write(&[create(&*target, record)]).await.expect("it is sent");
        let Written::Done { id, .. } = &written[0] else { panic!("{written:?}") };
        // Another run, that has not looked before.
        let target = world.target(json!({})).await;
        let update =
            |body: Value| Write { action: Action::Update, key: Key(Vec::new()), id: Some(id.clone()), body: body.into(), parent: None };
        assert_eq!(shown(&target.write(&[update(json!({ "value": "6" }))]).await.expect("it is sent")), ["done"]);
        let row = world.sim.data_values().remove(0);
        assert_eq!((row.value.as_str(), row.comment.as_deref(), row.followup), ("6", Some("counted twice"), true), "{release}");
        // The other way round the value stays.
        assert_eq!(shown(&target.write(&[update(json!({ "comment": "sure" }))]).await.expect("it is sent")), ["done"]);
        let row = world.sim.data_values().remove(0);
        assert_eq!((row.value.as_str(), row.comment.as_deref(), row.deleted), ("6", Some("sure"), false), "{release}");
    }
}

#[tokio::test]
async fn what_dhis2_would_refuse_is_refused_before_it_is_sent() {
    let world = World::new("2.42").await;
    let target = world.target(json!({})).await;
    let check = |record: Value, expected: &[kivuko_core::error::Code]| {
        let causes = target.conform(record.clone()).map_or_else(|causes| causes, |body| target.closed(Action::Create, None, &body));
        assert_eq!(causes.iter().map(|cause| cause.code).collect::<Vec<_>>(), expected, "{record}: {causes:?}");
    };
    check(value(OTHER, MAY, CLINIC, None, "1"), &[dhis2::NOT_IN_DATA_SET]);
    check(value("Other", MAY, CLINIC, None, "1"), &[dhis2::NOT_IN_DATA_SET]);
    check(value(CASES, MAY, CLINIC, None, "1"), &[dhis2::WRONG_OPTION_COMBO]);
    check(value(BEDS, MAY, CLINIC, Some(FEMALE), "1"), &[dhis2::WRONG_OPTION_COMBO]);
    check(value(BEDS, MAY, DISTRICT, None, "1"), &[dhis2::NOT_ASSIGNED]);
    check(value(BEDS, MAY, "nowhere", None, "1"), &[dhis2::NOT_ASSIGNED]);
    check(value(BEDS, MAY, ELSEWHERE, None, "1"), &[dhis2::OUTSIDE_CAPTURE]);
    check(value(BEDS, MAY, CLOSED, None, "1"), &[dhis2::OUT_OF_TIME]);
    check(value(BEDS, "2026W10", CLINIC, None, "1"), &[kivuko_core::catalogue::record::NOT_A_PERIOD]);
    check(value(BEDS, MAY, CLINIC, None, "many"), &[dhis2::WRONG_VALUE]);
    check(value(BEDS, MAY, CLINIC, None, ""), &[dhis2::WRONG_VALUE]);
    check(value(OPTION, MAY, CLINIC, None, "Well"), &[dhis2::NOT_AN_OPTION]);
    check(value(OPTION, MAY, CLINIC, None, "WELL"), &[]);
    // Everything at once.
    check(
        value(BEDS, "202613", "nowhere", Some("x"), "-1"),
        &[kivuko_core::catalogue::record::NOT_A_PERIOD, dhis2::NOT_ASSIGNED, dhis2::WRONG_OPTION_COMBO, dhis2::WRONG_VALUE],
    );
    let causes = target.conform(value(BEDS, MAY, CLINIC, None, "Amina")).expect_err("it is no number");
    let told = causes[0].to_string();
    assert!(!told.contains("Amina") && told.contains("Beds"), "{told}");
    assert_eq!(world.writes(), 0);
}

#[tokio::test]
async fn quirk_11_the_current_period_is_not_open_unless_the_data_set_says_so() {
    for (open, expected) in
        [(0, [None, Some(dhis2::NOT_YET_OPEN), Some(dhis2::NOT_YET_OPEN)]), (1, [None, None, Some(dhis2::NOT_YET_OPEN)])]
    {
        let mut set = country()["dataSets"][0].clone();
        set["openFuturePeriods"] = json!(open);
        let world = World::with(options("2.42").with_metadata(json!({ "dataSets": [set] })), json!({ "token": TOKEN })).await;
        let target = world.target(json!({})).await;
        let found = [MAY, "202606", "202607"].map(|period| closed(&*target, value(BEDS, period, CLINIC, None, "1")));
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn windows_of_a_data_set_open_and_close() {
    let mut set = country()["dataSets"][0].clone();
    let window = |period: &str, opens: &str, closes: &str| json!({ "period": id(period), "openingDate": opens, "closingDate": closes });
    set["dataInputPeriods"] = json!([
        window("202603", "2026-04-01", "2026-05-01"),
        window("202604", "2026-05-01", "2026-07-01"),
        window("202605", "2026-07-01", "2026-08-01")
    ]);
    let world = World::with(options("2.42").with_metadata(json!({ "dataSets": [set] })), json!({ "token": TOKEN })).await;
    let target = world.target(json!({})).await;
    let found = ["202602", "202603", "202604", "202605"].map(|period| closed(&*target, value(BEDS, period, CLINIC, None, "1")));
    assert_eq!(found, [Some(dhis2::LOCKED), Some(dhis2::LOCKED), None, Some(dhis2::NOT_YET_OPEN)]);
}

#[tokio::test]
async fn quirk_09_a_zero_that_is_not_kept_is_nothing_and_nothing_is_a_zero() {
    let world = World::new("2.42").await;
    let target = world.target(json!({})).await;
    let batch = [
        create(&*target, value(CASES, MAY, CLINIC, Some(FEMALE), "4")),
        create(&*target, value(CASES, MAY, CLINIC, Some(MALE), "0")),
        create(&*target, value(BEDS, MAY, CLINIC, None, "0")),
    ];
    let written = target.write(&batch).await.expect("it is sent");
    assert_eq!(shown(&written), ["done"; 3], "{written:?}");
    assert_eq!(world.sim.cells().len(), 2, "a significant 0 is kept, another is not");
    let female = format!("{CASES}.{MAY}.{CLINIC}.{FEMALE}.{DEFAULT}");
    let male = format!("{CASES}.{MAY}.{CLINIC}.{MALE}.{DEFAULT}");
    let to_zero = Write {
        action: Action::Update,
        key: Key(Vec::new()),
        id: Some(female.clone()),
        body: json!({ "value": "0" }).into(),
        parent: None,
    };
    assert_eq!(shown(&target.write(&[to_zero]).await.expect("it is sent")), ["done"]);
    let fetched = target.fetch(&[female, male]).await.expect("it can be asked");
    let values: Vec<_> = fetched.iter().map(|one| one.as_ref().map(|one| (one.body["value"].clone(), one.deleted))).collect();
    assert_eq!(values, [Some((json!("0"), false)), Some((json!("0"), false))], "a link to it stays whole");
    let keys = [key([CASES, MAY, CLINIC, FEMALE, DEFAULT])];
    assert_eq!(target.lookup(&keys).await.expect("it can be asked"), [Vec::new()], "nobody deleted it");
}

#[tokio::test]
async fn quirk_09_what_a_person_deleted_is_told_from_a_zero_that_is_not_kept() {
    for release in RELEASES {
        let world = World::new(release).await;
        let target = world.target(json!({})).await;
        let written = target.write(&[create(&*target, value(CASES, MAY, CLINIC, Some(FEMALE), "4"))]).await.expect("it is sent");
        let Written::Done { id, .. } = &written[0] else { panic!("{release}: {written:?}") };
        let ids = std::slice::from_ref(id);
        let update = |value: &str| Write {
            action: Action::Update,
            key: Key(Vec::new()),
            id: Some(id.clone()),
            body: json!({ "value": value }).into(),
            parent: None,
        };
        let fetched = || async {
            let found = target.fetch(ids).await.expect("it can be asked").remove(0).expect("it is there");
            (found.body["value"].clone(), found.deleted)
        };
        for typed in ["0", "00", "4"] {
            // In the form: the row is marked as deleted where a 0 is not kept, and says 0.
            world.sim.enter([CASES, MAY, CLINIC], [Some(FEMALE), None], typed);
            let (found, deleted) = fetched().await;
            assert_eq!((found == json!("4"), deleted), (typed == "4", false), "{release}: somebody typed {typed}: {found}");
        }
        assert_eq!(shown(&target.write(&[update("0")]).await.expect("it is sent")), ["done"], "{release}");
        assert_eq!(fetched().await, (json!("0"), false), "{release}");
        assert_eq!(shown(&target.write(&[update("3")]).await.expect("it is sent")), ["done"], "{release}");
        world.sim.enter([CASES, MAY, CLINIC], [Some(FEMALE), None], "");
        let (_, deleted) = fetched().await;
        assert!(deleted, "{release}: somebody emptied the field");
    }
}

#[tokio::test]
async fn what_a_person_deleted_is_told_or_restored_as_the_flow_says() {
    // Where a 0 is kept, and where it is not.
    for (release, element, option) in RELEASES.iter().flat_map(|release| [(release, BEDS, None), (release, CASES, Some(FEMALE))]) {
        let world = World::new(release).await;
        let target = world.target(json!({})).await;
        let written = target.write(&[create(&*target, value(element, MAY, CLINIC, option, "5"))]).await.expect("it is sent");
        let Written::Done { id, .. } = &written[0] else { panic!("{release}: {written:?}") };
        let delete = Write { action: Action::Delete, key: Key(Vec::new()), id: Some(id.clone()), body: Value::Null.into(), parent: None };
        target.write(&[delete]).await.expect("it is sent");
        let keys = [key([element, MAY, CLINIC, option.unwrap_or(DEFAULT), DEFAULT])];
        let found = target.lookup(&keys).await.expect("it can be asked").remove(0).remove(0);
        assert!(found.deleted, "{release}");
        let restoring = world.target(json!({ "restore": true })).await;
        let found = restoring.lookup(&keys).await.expect("it can be asked").remove(0).remove(0);
        assert_eq!((found.deleted, found.standing), (false, kivuko_core::connector::Standing::Due), "{release}");
        assert!(found.body["value"].is_null(), "{release}: what is given again travels, though the deleted row may still say the same");
    }
}

#[tokio::test]
async fn quirk_01_of_a_409_each_value_has_its_own_outcome() {
    for release in ["2.38", "2.40", "2.41", "2.42"] {
        let world = World::new(release).await;
        let target = world.target(json!({})).await;
        let mut batch = [
            create(&*target, value(BEDS, MAY, CLINIC, None, "1")),
            create(&*target, value(BEDS, MAY, HOSPITAL, None, "2")),
            create(&*target, value(NOTE, MAY, CLINIC, None, "x")),
        ];
        // The option set of the server changed after it was read.
        std::sync::Arc::make_mut(&mut batch[1].body)["value"] = json!("not a number");
        let written = target.write(&batch).await.expect("it is sent");
        assert_eq!(shown(&written), ["done", "K1013", "done"], "{release}");
        let Written::Refused(cause) = &written[1] else { panic!("{written:?}") };
        let told = cause.to_string();
        assert!(told.contains("Beds") && told.contains("Hospital Two") && told.contains("E7619"), "{told}");
        assert_eq!(world.sim.cells().len(), 2);
    }
}

#[tokio::test]
async fn an_account_that_may_not_write_is_told_before_and_after() {
    let world = World::new("2.42").await;
    let target = world.target(json!({})).await;
    let value = create(&*target, value(BEDS, MAY, CLINIC, None, "1"));
    world.sim.edit_account("kivuko", |account| account.authorities.clear());
    let written = target.write(&[value]).await.expect("it is sent");
    let Written::Failed(error) = &written[0] else { panic!("{written:?}") };
    assert_eq!((error.cause.code, error.consequence, error.effect_unknown), (dhis2::NOT_ALLOWED, Consequence::FixConfiguration, false));
    let fresh = World::with(options("2.42"), json!({ "token": TOKEN })).await;
    fresh.sim.edit_account("kivuko", |account| account.authorities.clear());
    let causes = fresh.system.target(&spec(json!({}))).expect("a target").prepare().await.expect("it answers");
    assert_eq!(causes.iter().map(|cause| cause.code).collect::<Vec<_>>(), [dhis2::NOT_ALLOWED]);
}

#[tokio::test]
async fn what_is_wrong_with_a_flow_is_told_before_the_first_value() {
    let world = World::new("2.42").await;
    let target = world.system.target(&spec(json!({ "data_set": "Weekly report" }))).expect("a target");
    assert_eq!(target.prepare().await.expect_err("there is none").cause.code, dhis2::NO_SUCH_OBJECT);
    let target = world.system.target(&TargetSpec { options: json!({}), ..spec(json!({})) }).expect("a target");
    assert!(target.prepare().await.expect_err("none is named").cause.message.contains("Monthly report"));
    let wrong = TargetSpec {
        key: vec!["dataElement".to_owned()],
        paths: vec!["valu".to_owned(), "value".to_owned(), "storedBy".to_owned()],
        ..spec(json!({}))
    };
    let causes = world.system.target(&wrong).expect("a target").prepare().await.expect("it answers");
    assert_eq!(
        causes.iter().map(|cause| cause.code).collect::<Vec<_>>(),
        [target_codes::UNKNOWN_FIELD, target_codes::UNKNOWN_FIELD, target_codes::KEY_NOT_SEARCHABLE]
    );
    assert!(causes[0].message.contains("did you mean `value`?"));
}

#[tokio::test]
async fn a_lost_answer_is_an_unknown_effect() {
    let world = World::new("2.42").await;
    let target = world.target(json!({})).await;
    let batch = [create(&*target, value(BEDS, MAY, CLINIC, None, "1"))];
    world.sim.set_faults(faults::parse("- { on: { method: POST, path: /api/dataValueSets }, do: { drop: after } }").expect("a fault file"));
    let written = target.write(&batch).await.expect("it is sent");
    assert_eq!(shown(&written), ["failed K0501 true"]);
    assert_eq!(world.sim.cells().len(), 1, "it is stored all the same, and looked for");
}

#[tokio::test]
async fn quirk_26_a_job_is_asked_until_its_report_is_there() {
    for release in RELEASES {
        for pace in [Pace::AtOnce, Pace::Looks { empty: 2, running: 2 }] {
            let world = World::new(release).await;
            world.sim.set_pace(pace);
            let target = world.target(json!({ "async": "always" })).await;
            let mut batch =
                [create(&*target, value(BEDS, MAY, CLINIC, None, "1")), create(&*target, value(BEDS, MAY, HOSPITAL, None, "2"))];
            std::sync::Arc::make_mut(&mut batch[1].body)["value"] = json!("not a number");
            let written = target.write(&batch).await.expect("it is sent");
            assert_eq!(shown(&written), ["done", "K1013"], "{release} {pace:?}");
        }
    }
}

#[tokio::test]
async fn a_job_that_is_lost_is_an_unknown_effect() {
    let world = World::new("2.42").await;
    world.sim.set_pace(Pace::Held);
    let target = world.target(json!({ "async": "always" })).await;
    let batch = [create(&*target, value(BEDS, MAY, CLINIC, None, "1"))];
    let forget = async {
        while world.writes() == 0 {
            tokio::task::yield_now().await;
        }
        world.sim.restart();
    };
    let (written, ()) = tokio::join!(target.write(&batch), forget);
    assert_eq!(shown(&written.expect("it is sent")), ["failed K1031 true"]);
}

#[tokio::test]
async fn quirk_14_and_15_adx_carries_the_same_values_in_every_release() {
    for release in RELEASES {
        for categories in [json!({}), json!({ "category_id_scheme": "uid" }), json!({ "category_id_scheme": "code" })] {
            let world = World::new(release).await;
            let mut more = json!({ "format": "adx" });
            more.as_object_mut().expect("it is one").extend(categories.as_object().expect("it is one").clone());
            let target = world.target(more).await;
            let batch = [
                create(&*target, value(CASES, MAY, CLINIC, Some(FEMALE), "12")),
                create(&*target, value(CASES, MAY, HOSPITAL, Some(MALE), "7")),
                create(&*target, value(NOTE, MAY, CLINIC, None, "rain & <wind>")),
                create(&*target, value(BEDS, MAY, CLINIC, None, "3")),
            ];
            let written = target.write(&batch).await.expect("it is sent");
            assert_eq!(shown(&written), ["done"; 4], "{release} {categories}: {written:?}");
            let values: std::collections::BTreeSet<String> = world.sim.cells().into_iter().map(|(_, value)| value).collect();
            assert_eq!(values, ["12", "7", "rain & <wind>", "3"].map(str::to_owned).into(), "{release}");
            let Written::Done { id, .. } = &written[2] else { panic!("{written:?}") };
            let delete =
                Write { action: Action::Delete, key: Key(Vec::new()), id: Some(id.clone()), body: Value::Null.into(), parent: None };
            assert_eq!(shown(&target.write(&[delete]).await.expect("it is sent")), ["done"], "{release}");
            assert_eq!(world.sim.cells().len(), 3, "{release}");
        }
    }
}
