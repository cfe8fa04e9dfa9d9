//! The traps of the server, by their number. `docs/quirks-godata.md` lists them with what is done about each.

use std::collections::BTreeSet;
use std::path::Path;

use kivuko_core::catalogue::{godata, network, record, target};
use kivuko_sims::godata::Outbreak;

use super::*;

async fn by_visual_id(options: Options, accept_duplicates: bool) -> (World, Box<dyn Target>) {
    let world = World::with(options, json!({})).await;
    let paths = vec!["visualId".to_owned(), "firstName".to_owned()];
    let spec = TargetSpec { resource: "cases".into(), key: vec!["visualId".into()], paths, accept_duplicates, ..TargetSpec::default() };
    let target = world.target_of(&spec);
    target.begin().await.expect("the outbreak is active");
    (world, target)
}

#[tokio::test]
async fn quirk_05_a_visual_id_under_a_mask_with_a_sequence_is_no_key() {
    let (_world, target) = by_visual_id(Options::default(), false).await;
    let causes = target.prepare().await.expect("the system answers");
    assert_eq!(causes.iter().map(|cause| cause.code).collect::<Vec<_>>(), [target::KEY_NOT_SEARCHABLE]);

    let (world, target) = by_visual_id(Options::default(), true).await;
    assert_eq!(target.prepare().await, Ok(Vec::new()));
    assert_eq!(target.capabilities().concurrency, 1, "two that ask for the next number would get the same");
    let batch: Vec<Write> = (0..3).map(|_| create(target.as_ref(), "CA-9999999999", json!({ "visualId": "CA-9999999999" }))).collect();
    let written = write(target.as_ref(), &batch).await;
    assert_eq!(words(&written), ["done", "done", "done"]);
    let numbers: Vec<_> = world.cases_there().iter().map(|case| case["visualId"].as_str().expect("a number").to_owned()).collect();
    assert_eq!(numbers, ["CA-0000000001", "CA-0000000002", "CA-0000000003"]);
    assert_eq!(found(target.as_ref(), &["CA-0000000001"]).await, [Vec::new()], "such a key finds nothing");
}

#[tokio::test]
async fn quirk_06_null_clears_every_field_but_the_visual_id() {
    let (world, target) = by_visual_id(Options::for_tests(), false).await;
    let id = id_of(&write(target.as_ref(), &[create(target.as_ref(), "V1", json!({ "visualId": "V1", "firstName": "Test" }))]).await[0]);
    assert_eq!(target.conform(json!({ "visualId": null })).expect_err("refused")[0].code, godata::BAD_VISUAL_ID);
    let cleared = target.conform(json!({ "firstName": null })).expect("a good record");
    assert_eq!(words(&write(target.as_ref(), &[update(&id, cleared)]).await), ["done"]);
    let case = &world.cases_there()[0];
    assert_eq!((&case["firstName"], &case["visualId"]), (&Value::Null, &json!("V1")));
}

#[tokio::test]
async fn quirk_07_a_deleted_person_is_found_by_the_visual_id_that_it_had() {
    let (world, target) = by_visual_id(Options::for_tests(), false).await;
    let id = world.sim.insert_case(Options::OUTBREAK, json!({ "visualId": "V1" }));
    world.sim.delete(&id);
    let candidates = found(target.as_ref(), &["V1", "V2"]).await;
    assert_eq!(candidates[0].iter().map(|candidate| (candidate.id.as_str(), candidate.deleted)).collect::<Vec<_>>(), [(id.as_str(), true)]);
    assert!(candidates[1].is_empty());
}

#[tokio::test]
async fn quirk_08_a_visual_id_that_is_taken_is_refused_with_its_cause() {
    let (_world, target) = by_visual_id(Options::for_tests(), false).await;
    let one = create(target.as_ref(), "V1", json!({ "visualId": "V1" }));
    assert_eq!(words(&write(target.as_ref(), std::slice::from_ref(&one)).await), ["done"]);
    assert_eq!(words(&write(target.as_ref(), &[one]).await), [godata::TAKEN.to_string()]);
}

#[tokio::test]
async fn quirk_09_and_10_an_empty_record_is_refused_and_mandatory_fields_are_left_to_the_sheet() {
    let world = World::new().await;
    let target = world.cases().await;
    let written = write(target.as_ref(), &[create(target.as_ref(), "A", json!({})), create(target.as_ref(), "B", body("B"))]).await;
    assert_eq!(words(&written), [&record::REQUIRED_EMPTY.to_string(), "done"]);
}

#[tokio::test]
async fn quirk_11_codes_and_places_that_are_not_there_are_refused() {
    let world = World::new().await;
    world.sim.put_location(json!({ "id": "L1", "name": "Place" }));
    let target = world.cases().await;
    let good = target.conform(json!({ "classification": "CONFIRMED", "deathLocationId": "L1" })).expect("a good record");
    assert_eq!(good["classification"], json!("LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_CONFIRMED"));
    let causes = target.conform(json!({ "classification": "SURE", "deathLocationId": "L2" })).expect_err("refused");
    assert_eq!(causes.iter().map(|cause| cause.code).collect::<Vec<_>>(), [record::UNLISTED_CODE, record::UNKNOWN_PLACE]);
    let unlisted = causes[0].unlisted.as_ref().expect("it is collected");
    assert_eq!((unlisted.list.as_str(), unlisted.value.as_str()), ("LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION", "SURE"));
}

#[tokio::test]
async fn quirk_12_and_13_addresses_without_a_current_one_are_refused_before_they_are_sent() {
    let world = World::new().await;
    let target = world.cases().await;
    let mut other = body("A");
    other["addresses"] = json!([{ "typeId": "OTHER", "city": "X" }]);
    let mut untyped = body("B");
    untyped["addresses"] = json!([{ "city": "X" }]);
    let written = write(target.as_ref(), &[create(target.as_ref(), "A", other), create(target.as_ref(), "B", untyped)]).await;
    assert_eq!(words(&written), [&godata::BAD_ADDRESSES.to_string(), "done"]);
    assert_eq!(world.sim.log().count("POST", "*/cases"), 1);
}

#[tokio::test]
async fn quirk_14_arrays_are_replaced_whole_and_declared_so() {
    let world = World::new().await;
    let target = world.cases().await;
    let id = id_of(&write(target.as_ref(), &[create(target.as_ref(), "A", body("A"))]).await[0]);
    let other = json!({ "documents": [{ "type": EXTERNAL_ID_TYPE, "number": "B" }] });
    write(target.as_ref(), &[update(&id, other)]).await;
    assert!(found(target.as_ref(), &["A"]).await[0].is_empty(), "the server keeps nothing of an array");
    let whole: Vec<_> = target.capabilities().replaced_whole.into_iter().map(|whole| whole.path).collect();
    for path in ["documents", "addresses", "vaccinesReceived", "dateRanges", "questionnaireAnswers", "age"] {
        assert!(whole.iter().any(|declared| declared == path), "{path}");
    }
}

#[tokio::test]
async fn quirk_16_and_17_a_record_of_another_outbreak_is_gone_not_misplaced() {
    let world = World::with(Options::for_tests().outbreak(Outbreak::new("o-2", "Cholera")), json!({})).await;
    let target = world.cases().await;
    let foreign = world.sim.insert_case("o-2", json!({ "firstName": "Other" }));
    assert_eq!(target.fetch(std::slice::from_ref(&foreign)).await, Ok(vec![None]));
    let written = write(target.as_ref(), &[update(&foreign, json!({ "firstName": "New" }))]).await;
    assert_eq!(words(&written), [target::TARGET_GONE.to_string()]);
    assert_eq!(world.sim.state().cases("o-2")[0]["firstName"], json!("Other"));
}

#[tokio::test]
async fn quirk_18_both_answers_to_a_delete_are_understood() {
    let world = World::new().await;
    let target = world.cases().await;
    let id = id_of(&write(target.as_ref(), &[create(target.as_ref(), "A", body("A"))]).await[0]);
    assert_eq!(words(&write(target.as_ref(), &[delete(&id), delete("nobody")]).await), ["done", "done"]);
}

#[tokio::test]
async fn quirk_28_punctuation_in_a_visual_id_is_refused() {
    let (_world, target) = by_visual_id(Options::for_tests(), false).await;
    target.prepare().await.expect("the system answers");
    assert_eq!(target.conform(json!({ "visualId": "A.B" })).expect_err("refused")[0].code, godata::BAD_VISUAL_ID);
    let kept = create(target.as_ref(), "A-B_C/D 1", json!({ "visualId": "A-B_C/D 1" }));
    write(target.as_ref(), &[kept]).await;
    assert_eq!(found(target.as_ref(), &["A-B_C/D 1"]).await[0].len(), 1);
}

#[tokio::test]
async fn quirk_30_and_31_reserved_words_and_dates_are_found_as_values() {
    let values = ["or", "and", "id", "not", "exists", "2020-01-02", "2020-01-02T03:04:05Z", "plain"];
    let (world, target) = by_visual_id(Options::for_tests(), false).await;
    for value in values {
        world
            .sim
            .insert_case(Options::OUTBREAK, json!({ "visualId": value, "documents": [{ "type": EXTERNAL_ID_TYPE, "number": value }] }));
    }
    let by_number = world.cases().await;
    for target in [target, by_number] {
        let candidates = found(target.as_ref(), &values).await;
        assert_eq!(candidates.iter().map(Vec::len).collect::<Vec<_>>(), [1; 8]);
    }
}

#[tokio::test]
async fn quirk_37_answers_are_keyed_by_variable() {
    let question = json!({ "text": "Fever?", "variable": "fever", "answerType": "LNG_REFERENCE_DATA_CATEGORY_QUESTION_ANSWER_TYPE_SINGLE_ANSWER", "answers": [
        { "label": "Yes", "value": "YES", "additionalQuestions": [{ "text": "Since?", "variable": "fever_onset" }] }] });
    let outbreak = Outbreak::new(Options::OUTBREAK, "Ebola 2026").mask("*").with("caseInvestigationTemplate", json!([question]));
    let world = World::with(Options { outbreaks: vec![outbreak], ..Options::for_tests() }, json!({})).await;
    let target = world.cases().await;
    let answers = |variable: &str| target.conform(json!({ "questionnaireAnswers": { variable: "YES" } }));
    assert!(answers("fever").is_ok() && answers("fever_onset").is_ok());
    assert_eq!(answers("Fever?").expect_err("refused")[0].code, target::UNKNOWN_FIELD);
}

#[tokio::test]
async fn quirk_39_a_date_alone_is_midnight_utc() {
    let world = World::new().await;
    let target = world.cases().await;
    let mut case = body("A");
    case["dateOfOnset"] = json!("2026-02-01");
    write(target.as_ref(), &[create(target.as_ref(), "A", case)]).await;
    assert_eq!(world.cases_there()[0]["dateOfOnset"], json!("2026-02-01T00:00:00.000Z"));
}

#[tokio::test]
async fn quirk_49_what_the_server_sets_is_refused() {
    let world = World::new().await;
    let target = world.cases().await;
    for field in ["id", "createdAt", "updatedAt", "createdBy", "deleted", "outbreakId", "type", "usualPlaceOfResidenceLocationId"] {
        let causes = target.conform(json!({ field: "x" })).expect_err("refused");
        assert_eq!(causes[0].code, godata::READ_ONLY, "{field}");
    }
}

#[tokio::test]
async fn quirk_50_the_account_is_asked_for_twice_at_most() {
    let world = World::new().await;
    let target = world.cases().await;
    for number in 0..5 {
        let number = format!("X{number}");
        write(target.as_ref(), &[create(target.as_ref(), &number, body(&number))]).await;
    }
    assert_eq!(world.sim.log().count("GET", "/api/users/*"), 2, "before the first record, and when writing begins");
}

#[tokio::test]
async fn quirk_51_an_internal_error_for_a_clients_mistake_ends_the_try() {
    let world = World::new().await;
    let target = world.cases().await;
    world.faults("- on: { method: POST, path: '*/cases' }\n  do: { status: 500, body: '{\"error\":{\"statusCode\":500,\"code\":\"INTERNAL_ERROR\",\"message\":\"Amina\"}}' }\n");
    let written = write(target.as_ref(), &[create(target.as_ref(), "A", body("A"))]).await;
    let [Written::Failed(error)] = written.as_slice() else { panic!("{written:?}") };
    assert!(error.effect_unknown && error.ended, "the server has ended with it; whether it is there is seen by looking");
    assert!(error.cause.message.contains("INTERNAL_ERROR") && !error.cause.message.contains("Amina"), "{error}");
}

#[tokio::test]
async fn quirk_52_a_page_of_the_interface_is_no_answer() {
    let world = World::new().await;
    // The address of a page of the interface in the place of that of the server.
    let wrong = open(&world.sim, &json!({ "url": format!("{}/outbreaks", world.sim.url()) }), &context());
    let error = wrong.test().await.expect_err("no log-in there");
    assert_eq!(error.consequence, kivuko_core::error::Consequence::FixConfiguration, "{error}");
    let with_api = open(&world.sim, &json!({ "url": format!("{}/api/", world.sim.url()) }), &context());
    with_api.test().await.expect("the address of the API is meant as well");
    world.faults("- on: { path: '*/cases/filter', nth: 1 }\n  do: html\n");
    let target = world.cases().await;
    assert_eq!(found(target.as_ref(), &["A"]).await, [Vec::new()], "once is bad luck");
    world.faults("- on: { path: '*/cases/filter' }\n  do: html\n");
    let error = target.lookup(&[key("A")]).await.expect_err("always is an error");
    assert_eq!(error.cause.code, network::NOT_JSON);
}

#[tokio::test]
async fn quirk_55_of_a_follow_up_the_status_travels_alone() {
    let world = World::new().await;
    let target = world.cases().await;
    let mut case = body("A");
    case["dateOfOnset"] = json!("2026-02-01");
    let writes = [create(target.as_ref(), "A", case), create(target.as_ref(), "B", body("B"))];
    let ids: Vec<String> = write(target.as_ref(), &writes).await.iter().map(id_of).collect();
    let change = target
        .conform(json!({ "followUp": { "status": "LNG_REFERENCE_DATA_CONTACT_FINAL_FOLLOW_UP_STATUS_TYPE_DIED" } }))
        .expect("a good record");
    let batch = [update(&ids[0], change), update(&ids[1], json!({ "firstName": "New" }))];
    assert_eq!(words(&write(target.as_ref(), &batch).await), ["done", "done"]);
    let follow_up = world.sim.state().person(&ids[0]).expect("it is there")["followUp"].clone();
    assert_eq!(follow_up["status"], json!("LNG_REFERENCE_DATA_CONTACT_FINAL_FOLLOW_UP_STATUS_TYPE_DIED"));
    assert!(follow_up["startDate"].is_string(), "the window stays");
}

#[tokio::test]
async fn quirk_56_who_exposed_others_is_not_deleted() {
    let world = World::new().await;
    for (list, id) in [("cases", "case"), ("contacts", "contact"), ("contacts-of-contacts", "coc")] {
        world.sim.insert(Options::OUTBREAK, list, json!({ "id": id }));
    }
    world.sim.relate("case", json!({ "persons": [{ "id": "contact" }], "contactDate": "2026-02-01" }));
    world.sim.relate("contact", json!({ "persons": [{ "id": "coc" }], "contactDate": "2026-02-01" }));
    let cases = world.cases().await;
    let contacts = world.target("contacts", EXTERNAL_ID);
    let last = world.target("contacts-of-contacts", EXTERNAL_ID);
    assert_eq!(words(&write(cases.as_ref(), &[delete("case")]).await), [godata::TAKES_OTHERS_ALONG.to_string()]);
    assert_eq!(words(&write(contacts.as_ref(), &[delete("contact")]).await), [godata::TAKES_OTHERS_ALONG.to_string()]);
    assert_eq!(world.sim.state().people().iter().filter(|person| person["deleted"] == json!(true)).count(), 0);
    assert_eq!(words(&write(last.as_ref(), &[delete("coc")]).await), ["done"], "only its own exposure goes with it");
    assert_eq!(words(&write(contacts.as_ref(), &[delete("contact")]).await), ["done"]);
    assert_eq!(words(&write(cases.as_ref(), &[delete("case")]).await), ["done"]);
}

#[tokio::test]
async fn quirk_58_and_59_duplicates_are_seen_by_looking_and_documents_are_searched_as_a_whole() {
    let world = World::new().await;
    let target = world.cases().await;
    let id = id_of(&write(target.as_ref(), &[create(target.as_ref(), "A", body("A"))]).await[0]);
    world.sim.insert_case(
        Options::OUTBREAK,
        json!({ "documents": [{ "type": "LNG_REFERENCE_DATA_CATEGORY_DOCUMENT_TYPE_PASSPORT", "number": "A" }] }),
    );
    let candidates = found(target.as_ref(), &["A"]).await.remove(0);
    assert_eq!(
        candidates.iter().map(|candidate| candidate.id.as_str()).collect::<Vec<_>>(),
        [id.as_str()],
        "a passport of that number is another thing"
    );
}

#[test]
fn the_table_of_quirks_names_the_tests_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = std::fs::read_to_string(root.join("../../docs/quirks-godata.md")).expect("the table is there");
    let mut listed = BTreeSet::new();
    for number in 1..=62 {
        let row =
            table.lines().find(|line| line.starts_with(&format!("| {number} |"))).unwrap_or_else(|| panic!("quirk {number} has no row"));
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [_, what, tests] = cells.as_slice() else { panic!("the row of quirk {number} has three cells") };
        assert!(!what.is_empty());
        assert!(!tests.is_empty(), "the row of quirk {number} says neither a test nor why there is none");
        listed.extend(tests.split([',', ' ', '`']).filter(|word| word.starts_with("quirk_")).map(str::to_owned));
    }
    let mut written = BTreeSet::new();
    let mut folders = vec![root.join("src/godata")];
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
