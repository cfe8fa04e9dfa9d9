//! Looking up, creating, changing and deleting cases.

use kivuko_core::catalogue::{godata, network, record, target};

use super::*;

#[tokio::test]
async fn records_are_found_by_document_number_many_at_a_time() {
    let world = World::new().await;
    let target = world.cases().await;
    let batch: Vec<Write> = (0..50).map(|number| create(target.as_ref(), &format!("X{number}"), body(&format!("X{number}")))).collect();
    let written = write(target.as_ref(), &batch).await;
    assert!(words(&written).iter().all(|word| word == "done"));
    assert_eq!(world.sim.log().count("POST", "*/cases"), 1, "fifty in one request");
    let numbers: Vec<String> = (0..100).map(|number| format!("X{number}")).collect();
    let candidates = found(target.as_ref(), &numbers.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(world.sim.log().count("POST", "*/cases/filter"), 1, "a hundred in one question");
    for (number, candidates) in candidates.iter().enumerate() {
        let expected = if number < 50 { vec![id_of(&written[number])] } else { Vec::new() };
        assert_eq!(candidates.iter().map(|candidate| candidate.id.clone()).collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn what_is_written_comes_back_with_its_version() {
    let world = World::new().await;
    let target = world.cases().await;
    let written = write(target.as_ref(), &[create(target.as_ref(), "A", body("A"))]).await;
    let Written::Done { id, version, returned: Some(returned) } = &written[0] else { panic!("{written:?}") };
    let candidate = target.fetch(std::slice::from_ref(id)).await.expect("a look").remove(0).expect("it is there");
    assert_eq!((&candidate.version, &candidate.body, candidate.deleted), (version, returned, false));
    assert_eq!(target.fetch(&["nobody".to_owned()]).await, Ok(vec![None]));
}

#[tokio::test]
async fn quirk_04_a_plan_in_an_outbreak_that_is_not_active_asks_in_short_addresses() {
    let user = kivuko_sims::godata::User::new(Options::EMAIL, Options::PASSWORD);
    let world = World::with(Options::for_tests().user(user), json!({})).await;
    for number in 0..100 {
        let mut case = body(&format!("a-rather-long-document-number-{number:03}-with-more-behind-it-for-length-0123456789"));
        case["documents"][0]["type"] = json!(EXTERNAL_ID_TYPE);
        world.sim.insert_case(Options::OUTBREAK, case);
    }
    let target = world.target("cases", EXTERNAL_ID);
    assert_eq!(target.prepare().await, Ok(Vec::new()));
    let numbers: Vec<String> =
        (0..100).map(|number| format!("a-rather-long-document-number-{number:03}-with-more-behind-it-for-length-0123456789")).collect();
    let candidates = found(target.as_ref(), &numbers.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert!(candidates.iter().all(|candidates| candidates.len() == 1));
    let entries = world.sim.log().entries();
    let questions: Vec<_> = entries.iter().filter(|entry| entry.path.ends_with("/cases")).collect();
    assert!(questions.len() > 1 && questions.iter().all(|entry| entry.query.len() < 6100), "{} questions", questions.len());
    assert_eq!(world.sim.log().count("POST", "*/filter"), 0);
}

#[tokio::test]
async fn an_invalid_record_of_an_array_does_not_cost_the_others() {
    let world = World::new().await;
    let target = world.cases().await;
    let mut batch: Vec<Write> = (0..6).map(|number| create(target.as_ref(), &format!("X{number}"), body(&format!("X{number}")))).collect();
    // What conform would have stopped: the server has the last word.
    std::sync::Arc::make_mut(&mut batch[3].body)["addresses"] = json!([
        { "typeId": "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE" },
        { "typeId": "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE" }
    ]);
    let written = write(target.as_ref(), &batch).await;
    assert_eq!(words(&written), ["done", "done", "done", "K0605", "done", "done"]);
    assert_eq!(world.cases_there().len(), 5, "nothing twice");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_split_and_a_single_one_refused() {
    let world = World::new().await;
    let target = world.cases().await;
    let large = |number: &str, bytes: usize| {
        create(target.as_ref(), number, json!({ "riskReason": "x".repeat(bytes), "documents": body(number)["documents"] }))
    };
    let batch = [large("A", 4_000_000), large("B", 4_000_000), large("C", 4_000_000), large("D", 11_000_000)];
    let written = write(target.as_ref(), &batch).await;
    assert_eq!(words(&written), ["done", "done", "done", &record::TOO_LONG.to_string()]);
    assert_eq!(world.cases_there().len(), 3);
}

#[tokio::test]
async fn a_lost_connection_leaves_the_effect_unknown_and_nothing_is_sent_twice() {
    for (fault, stored) in [("{ drop: before }", 0), ("{ drop: after }", 2), ("truncate", 2), ("{ status: 502 }", 0), ("html", 0)] {
        let world = World::new().await;
        let target = world.cases().await;
        world.faults(&format!("- on: {{ method: POST, path: '*/cases' }}\n  do: {fault}\n"));
        let written = write(target.as_ref(), &[create(target.as_ref(), "A", body("A")), create(target.as_ref(), "B", body("B"))]).await;
        assert!(words(&written).iter().all(|word| word.ends_with('?')), "{fault}: {:?}", words(&written));
        assert_eq!((world.sim.log().count("POST", "*/cases"), world.cases_there().len()), (1, stored), "{fault}");
    }
}

#[tokio::test]
async fn a_server_that_is_too_busy_did_nothing() {
    let world = World::new().await;
    let target = world.cases().await;
    world.faults("- on: { method: POST, path: '*/cases' }\n  do: { status: 429, retry_after: 7 }\n");
    let written = write(target.as_ref(), &[create(target.as_ref(), "A", body("A"))]).await;
    let [Written::Failed(error)] = written.as_slice() else { panic!("{written:?}") };
    assert_eq!((error.cause.code, error.effect_unknown), (network::RATE_LIMITED, false));
    assert_eq!(error.retry_after, Some(std::time::Duration::from_secs(7)));
}

#[tokio::test]
async fn changes_go_in_bulk_and_what_fails_gets_an_answer_of_its_own() {
    let world = World::new().await;
    let target = world.cases().await;
    let created: Vec<Write> = (0..4).map(|number| create(target.as_ref(), &format!("X{number}"), body(&format!("X{number}")))).collect();
    let ids: Vec<String> = write(target.as_ref(), &created).await.iter().map(id_of).collect();
    world.sim.delete(&ids[2]);
    let two_current = json!([{ "city": "A" }, { "city": "B" }]);
    let batch = [
        update(&ids[0], json!({ "firstName": "New" })),
        update(&ids[1], json!({ "addresses": two_current })),
        update(&ids[2], json!({ "firstName": "New" })),
        update(&ids[3], json!({ "firstName": "New" })),
    ];
    let written = write(target.as_ref(), &batch).await;
    assert_eq!(words(&written), ["done", &godata::BAD_ADDRESSES.to_string(), &target::TARGET_GONE.to_string(), "done"]);
    assert_eq!((id_of(&written[0]), id_of(&written[3])), (ids[0].clone(), ids[3].clone()));
    assert_eq!(world.sim.log().count("PUT", "*/cases/bulk"), 1);
    assert_eq!(world.sim.log().count("PUT", "*/cases/*"), 3, "the bulk and the two that failed");
    let names: Vec<_> = world.cases_there().iter().map(|case| case["firstName"].clone()).collect();
    assert_eq!(names, ["New", "Test", "New"]);
}

#[tokio::test]
async fn an_account_without_the_right_to_bulk_changes_makes_single_ones() {
    let permissions = ["outbreak_view", "case_list", "case_view", "case_create", "case_modify"];
    let user = kivuko_sims::godata::User::new(Options::EMAIL, Options::PASSWORD).permissions(&permissions).active(Options::OUTBREAK);
    let world = World::with(Options::for_tests().user(user), json!({})).await;
    let target = world.cases().await;
    let ids: Vec<String> = write(target.as_ref(), &[create(target.as_ref(), "A", body("A")), create(target.as_ref(), "B", body("B"))])
        .await
        .iter()
        .map(id_of)
        .collect();
    for _ in 0..2 {
        let batch: Vec<Write> = ids.iter().map(|id| update(id, json!({ "firstName": "New" }))).collect();
        assert_eq!(words(&write(target.as_ref(), &batch).await), ["done", "done"]);
    }
    assert_eq!(world.sim.log().count("PUT", "*/cases/bulk"), 1, "learnt once");
}

#[tokio::test]
async fn a_delete_of_what_is_gone_is_done() {
    let world = World::new().await;
    let target = world.cases().await;
    let ids: Vec<String> = write(target.as_ref(), &[create(target.as_ref(), "A", body("A"))]).await.iter().map(id_of).collect();
    for _ in 0..2 {
        assert_eq!(words(&write(target.as_ref(), &[delete(&ids[0])]).await), ["done"]);
    }
    assert!(world.cases_there().is_empty());
    let twin = found(target.as_ref(), &["A"]).await.remove(0);
    assert_eq!(twin.iter().map(|candidate| candidate.deleted).collect::<Vec<_>>(), [true], "the deleted twin is noticed");
}

#[tokio::test]
async fn two_records_of_a_batch_with_one_key_go_one_by_one() {
    let world = World::new().await;
    let target = world.cases().await;
    let written = write(target.as_ref(), &[create(target.as_ref(), "A", body("A")), create(target.as_ref(), "A", body("A"))]).await;
    assert_eq!(words(&written), ["done", "done"]);
    assert_eq!(world.sim.log().count("POST", "*/cases"), 2, "an array of them could not be told apart afterwards");
    assert_eq!(found(target.as_ref(), &["A"]).await[0].len(), 2, "both are found, which is for a person to decide");
}

#[tokio::test]
async fn a_second_run_finds_the_item_and_the_other_systems_document_stays() {
    let world = World::new().await;
    let target = world.cases().await;
    let id = id_of(&write(target.as_ref(), &[create(target.as_ref(), "A", body("A"))]).await[0]);
    world.sim.edit(&id, |case| {
        let documents = case["documents"].as_array_mut().expect("documents");
        documents.push(json!({ "type": EXTERNAL_ID_TYPE, "number": "of another system" }));
    });
    let present = target.fetch(std::slice::from_ref(&id)).await.expect("a look").remove(0).expect("it is there");
    let desired = target.conform(json!({ "documents": body("A")["documents"], "addresses": [{ "city": "X" }] })).expect("a good record");
    let whole = target.capabilities().replaced_whole;
    let merged = kivuko_core::diff::merge(&present.body, &desired, &whole);
    assert_eq!(merged["documents"].as_array().map(Vec::len), Some(2));
    assert_eq!(kivuko_core::diff::changed_fields(&present.body, &merged), ["addresses"], "only what changed is sent");
    let written = write(target.as_ref(), &[update(&id, json!({ "addresses": merged["addresses"] }))]).await;
    let Written::Done { returned: Some(returned), .. } = &written[0] else { panic!("{written:?}") };
    let again = kivuko_core::diff::merge(returned, &desired, &whole);
    assert_eq!(kivuko_core::diff::changed_fields(returned, &again), Vec::<String>::new(), "nothing for nothing");
}

#[tokio::test]
async fn keys_of_several_parts_and_dates_are_found() {
    let world = World::new().await;
    let spec = TargetSpec { resource: "cases".into(), key: vec!["lastName".into(), "dob".into()], ..TargetSpec::default() };
    let target = world.target_of(&spec);
    target.begin().await.expect("the outbreak is active");
    let id = world.sim.insert_case(Options::OUTBREAK, json!({ "lastName": "A", "dob": "1990-01-02" }));
    world.sim.insert_case(Options::OUTBREAK, json!({ "lastName": "A", "dob": "1990-01-03" }));
    let keys = [Key(vec!["A".into(), "1990-01-02T00:00:00.000Z".into()]), Key(vec!["B".into(), "1990-01-02T00:00:00.000Z".into()])];
    let candidates = target.lookup(&keys).await.expect("a look-up");
    assert_eq!(candidates[0].iter().map(|candidate| candidate.id.as_str()).collect::<Vec<_>>(), [id.as_str()]);
    assert!(candidates[1].is_empty());
}

#[tokio::test]
async fn keys_are_compared_in_the_form_in_which_they_are_stored() {
    // The key of each record as the mapping makes it, and the fields that it stands for.
    let person = |dob: &str, gender: &str| {
        (vec!["A".to_owned(), dob.to_owned(), gender.to_owned()], json!({ "lastName": "A ", "dob": dob, "gender": gender }))
    };
    let by_person = [person("1990-01-02", "FEMALE"), person("1990-01-03T00:00:00Z", "LNG_REFERENCE_DATA_CATEGORY_GENDER_MALE")];
    let by_number = ["ID-7 ", "\u{a0}ID-8"].map(|number| (vec![number.trim().to_owned()], body(number)));
    let check = async |key: &[&str], records: Vec<(Vec<String>, Value)>| {
        let world = World::new().await;
        let spec = TargetSpec { resource: "cases".into(), key: key.iter().map(|path| (*path).into()).collect(), ..TargetSpec::default() };
        let target = world.target_of(&spec);
        assert_eq!(target.prepare().await, Ok(Vec::new()));
        target.begin().await.expect("the outbreak is active");
        let of = |(parts, body): &(Vec<String>, Value)| Write { key: Key(parts.clone()), ..create(target.as_ref(), "-", body.clone()) };
        let batch: Vec<Write> = records.iter().map(of).collect();
        let written = write(target.as_ref(), &batch).await;
        assert_eq!(words(&written), ["done", "done"], "{key:?}: the answer to an array is understood");
        assert_eq!(world.sim.log().count("POST", "*/cases"), 1);
        let keys: Vec<Key> = batch.iter().map(|write| write.key.clone()).collect();
        for system in [Arc::clone(&world.system), open(&world.sim, &json!({}), &world.context)] {
            let found = system.target(&spec).expect("a target").lookup(&keys).await.expect("a look-up");
            let ids: Vec<Vec<String>> = found.into_iter().map(|found| found.into_iter().map(|one| one.id).collect()).collect();
            assert_eq!(ids, written.iter().map(|written| vec![id_of(written)]).collect::<Vec<_>>(), "{key:?}: a second run finds them");
        }
    };
    check(&["lastName", "dob", "gender"], by_person.to_vec()).await;
    check(&[EXTERNAL_ID], by_number.to_vec()).await;
}

#[tokio::test]
async fn what_is_wrong_with_the_sheet_is_told_before_the_first_record() {
    let world = World::new().await;
    let paths = ["firstName", "adresses[].city", "addresses[].town", "createdAt", "age.years", "questionnaireAnswers.anything"];
    let spec = TargetSpec {
        resource: "cases".into(),
        key: vec!["addresses[].city".into()],
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        ..TargetSpec::default()
    };
    let causes = world.target_of(&spec).prepare().await.expect("the system answers");
    let found: Vec<_> = causes.iter().map(|cause| (cause.code, cause.field.as_deref().unwrap_or(""))).collect();
    assert_eq!(
        found,
        [
            (target::UNKNOWN_FIELD, "adresses[].city"),
            (target::UNKNOWN_FIELD, "addresses[].town"),
            (godata::READ_ONLY, "createdAt"),
            (target::KEY_NOT_SEARCHABLE, "addresses[].city")
        ]
    );
    assert!(causes[0].message.contains("did you mean `addresses`"), "{}", causes[0]);
    assert_eq!(world.sim.log().count("GET", "/api/locations"), 0, "no row writes a place");
    let writes_places = TargetSpec { paths: vec!["addresses[typeId=USUAL].locationId".into()], key: vec![EXTERNAL_ID.into()], ..spec };
    assert_eq!(world.target_of(&writes_places).prepare().await, Ok(Vec::new()));
    assert_eq!(world.sim.log().count("GET", "/api/locations"), 1);
    assert_eq!(world.sim.log().writes().len(), 0);
}
