//! The traps of Go.Data, each shown by an exchange. The numbers are those of the list of quirks in the reference;
//! `trap_...` are those that the reference tells elsewhere.

mod support;

use std::time::Duration;

use kivuko_sims::clock::Clock;
use kivuko_sims::godata::{Options, Outbreak, Sim, User as Account};
use serde_json::{Value, json};
use support::{Answer, CLASSIFICATION, EXTERNAL, OUTBREAK, User, cases, client, login, names, start, tests, with_json};

const ADDRESS: &str = "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_";

async fn under_mask(mask: &str) -> (Sim, User) {
    start(Options::for_tests().mask(mask)).await
}

/// The value of a field, or status and code of the refusal.
enum Expected {
    Field(Value),
    Refusal(u16, &'static str),
}

use Expected::{Field, Refusal};

/// Creates a case with each of the bodies, and looks at one field of the answers.
async fn check_created(user: &User, field: &str, table: &[(Value, Expected)]) {
    for (sent, expected) in table {
        let answer = user.post(&cases(), sent.clone()).await;
        match expected {
            Field(expected) => assert_eq!(&answer.ok()[field], expected, "{sent}"),
            Refusal(status, code) => assert_eq!((answer.status, answer.code()), (*status, *code), "{sent}: {answer:?}"),
        }
    }
}

// ---- accounts

#[tokio::test]
async fn quirk_01_a_login_takes_the_other_tokens_of_the_account_away() {
    let (sim, first) = tests().await;
    let second = login(&sim, Options::EMAIL, Options::PASSWORD).await;
    first.get("/outbreaks").await.refused(401, "AUTHORIZATION_REQUIRED");
    second.get("/outbreaks").await.ok();
}

#[tokio::test]
async fn quirk_02_an_unknown_bearer_token_breaks_the_connection() {
    let (sim, user) = tests().await;
    let get = |token: String| client().get(format!("{}/api/outbreaks", sim.url())).header("Authorization", token).send();
    assert!(get("Bearer unknown".to_owned()).await.is_err());
    assert_eq!(get(format!("Bearer {}", user.token)).await.unwrap().status(), 200);
    assert_eq!(get(user.token.clone()).await.unwrap().status(), 200);
    assert_eq!(get("unknown".to_owned()).await.unwrap().status(), 401);

    let tame = Options { unknown_bearer_drops_connection: false, ..Options::for_tests() };
    let tame = Sim::start(tame).await.unwrap();
    let answer = client().get(format!("{}/api/outbreaks", tame.url())).header("Authorization", "Bearer unknown").send().await;
    assert_eq!(answer.unwrap().status(), 401);
}

#[tokio::test]
async fn quirk_03_and_04_writing_and_searching_by_post_need_the_active_outbreak() {
    let (_sim, user) = start(Options::for_tests().outbreak(Outbreak::new("other", "Cholera 2026"))).await;
    user.get("/outbreaks/other/cases").await.ok();
    let refused = user.post("/outbreaks/other/cases", json!({})).await.refused(403, "ACCESS_DENIED");
    assert!(refused.body["error"]["details"]["accessErrors"].as_str().unwrap().contains("active outbreak"));
    user.post("/outbreaks/other/cases/filter", json!({"filter": {}})).await.refused(403, "ACCESS_DENIED");
    user.post("/outbreaks/other/cases/filtered-count", json!({"filter": {}})).await.refused(403, "ACCESS_DENIED");
    user.put("/outbreaks/other", json!({"description": "by its own record"})).await.ok();

    let id = user.get("/users").await.ok()[0]["id"].as_str().unwrap().to_owned();
    user.put(&format!("/users/{id}"), json!({"activeOutbreakId": "other"})).await.ok();
    user.post("/outbreaks/other/cases", json!({})).await.ok();
    user.post(&cases(), json!({})).await.refused(403, "ACCESS_DENIED");
}

#[tokio::test]
async fn trap_an_account_sees_and_activates_only_its_outbreaks() {
    let account = Account::new("few@kivuko.test", "correct horse battery").outbreaks(&[OUTBREAK]).permissions(&["case_all"]);
    let options = Options::for_tests().outbreak(Outbreak::new("other", "Cholera 2026")).user(account);
    let sim = Sim::start(options).await.unwrap();
    let user = login(&sim, "FEW@kivuko.test", "correct horse battery").await;
    assert_eq!(user.get("/outbreaks").await.ok().as_array().unwrap().len(), 1);
    user.get("/outbreaks/other/cases").await.refused(403, "ACCESS_DENIED");
    user.put("/users/user-few-kivuko-test", json!({"activeOutbreakId": "other"})).await.refused(422, "ACTIVE_OUTBREAK_NOT_ALLOWED");
    let refused = user.post("/locations", json!({"name": "X"})).await.refused(403, "MISSING_REQUIRED_PERMISSION");
    assert_eq!(refused.body["error"]["details"]["permissions"], "location_create");
    user.post(&cases(), json!({})).await.refused(403, "ACCESS_DENIED");
    user.put("/users/user-few-kivuko-test", json!({"activeOutbreakId": OUTBREAK})).await.ok();
    user.post(&cases(), json!({})).await.ok();
}

#[tokio::test]
async fn trap_tokens_slide_and_expire_and_are_told_apart_once() {
    let clock = Clock::at("2026-03-01T08:00:00Z");
    let (sim, user) = start(Options::for_tests().clock(clock)).await;
    for _ in 0..3 {
        sim.clock().advance(Duration::from_secs(400));
        user.get("/outbreaks").await.ok();
    }
    sim.clock().advance(Duration::from_mins(10));
    user.get("/outbreaks").await.refused(401, "INVALID_TOKEN");
    user.get("/outbreaks").await.refused(401, "AUTHORIZATION_REQUIRED");
}

#[tokio::test]
async fn trap_ten_wrong_passwords_lock_the_account_for_half_an_hour() {
    let (sim, user) = start(Options::for_tests().clock(Clock::at("2026-03-01T08:00:00Z"))).await;
    let try_login = |password: &'static str| {
        let sent = json!({"email": Options::EMAIL, "password": password});
        let (client, url) = (user.client.clone(), format!("{}/users/login", user.base));
        async move { Answer::of(with_json(client.post(url), &sent).send().await.unwrap()).await }
    };
    for _ in 0..10 {
        try_login("wrong").await.refused(401, "LOGIN_FAILED");
    }
    try_login(Options::PASSWORD).await.refused(422, "ACTION_TEMPORARILY_BLOCKED");
    sim.clock().advance(Duration::from_mins(30));
    try_login(Options::PASSWORD).await.ok();
}

#[tokio::test]
async fn trap_every_way_to_send_a_token_and_to_lose_it() {
    let (sim, user) = tests().await;
    let url = format!("{}/api/outbreaks", sim.url());
    user.client.get(format!("{url}?access_token={}", user.token)).send().await.unwrap().error_for_status().unwrap();
    assert!(sim.log().entries().last().unwrap().query.ends_with("access_token=***"));
    assert_eq!(user.client.get(&url).send().await.unwrap().status(), 401);

    let oauth = json!({"username": Options::EMAIL, "password": Options::PASSWORD});
    let oauth = user.post("/oauth/token", oauth).await.ok();
    assert_eq!((&oauth["token_type"], &oauth["expires_in"]), (&json!("bearer"), &json!(600)));
    user.post("/oauth/token", json!({"username": Options::EMAIL})).await.refused(400, "REQUEST_VALIDATION_ERROR");
    user.post("/users/login", json!({"password": "x"})).await.refused(400, "USERNAME_EMAIL_REQUIRED");

    let user = User { token: oauth["access_token"].as_str().unwrap().to_owned(), ..user };
    assert_eq!(user.post("/users/logout", json!({})).await.status, 204);
    assert_eq!(user.post("/users/logout", json!({})).await.status, 401);
}

// ---- visual ids

#[tokio::test]
async fn quirk_05_the_sequence_of_a_sent_visual_id_is_rewritten() {
    let (_sim, user) = under_mask("CA-9999999999").await;
    let table = [
        (json!({"visualId": "CA-0000000042"}), Field(json!("CA-0000000001"))),
        (json!({"visualId": "CA-9999999999"}), Field(json!("CA-0000000002"))),
        (json!({"visualId": "CA-0000000001"}), Refusal(409, "DUPLICATE_VISUAL_ID")),
        (json!({"visualId": "SLE-1"}), Refusal(422, "INVALID_VISUAL_ID_MASK")),
        (json!({"visualId": ""}), Field(Value::Null)),
        (json!({}), Field(Value::Null)),
    ];
    check_created(&user, "visualId", &table).await;
    let next = user.post(&format!("{}/generate-visual-id", cases()), json!({"visualIdMask": "CA-9999999999"})).await.ok();
    assert_eq!(next, json!("CA-0000000003"));
}

#[tokio::test]
async fn quirk_06_a_visual_id_cannot_be_cleared() {
    let (_sim, user) = tests().await;
    let case = user.create_case(json!({"visualId": "V-1"})).await;
    for nothing in [Value::Null, json!("")] {
        let path = format!("{}/{}", cases(), case["id"].as_str().unwrap());
        assert_eq!(user.put(&path, json!({"visualId": nothing})).await.ok()["visualId"], "V-1");
    }
}

#[tokio::test]
async fn quirk_07_a_deleted_persons_visual_id_moves_to_the_documents_for_good() {
    let (sim, user) = tests().await;
    let case = user.create_case(json!({"visualId": "V-1"})).await;
    let id = case["id"].as_str().unwrap();
    user.delete(&format!("{}/{id}", cases())).await;
    let person = sim.state().person(id).unwrap();
    let archived = json!([{"type": "LNG_REFERENCE_DATA_CATEGORY_DOCUMENT_TYPE_ARCHIVED_ID", "number": "V-1"}]);
    assert_eq!((&person["visualId"], &person["documents"]), (&Value::Null, &archived));
    let restored = user.post(&format!("{}/{id}/restore", cases()), json!({})).await.ok();
    assert_eq!((&restored["visualId"], &restored["documents"]), (&Value::Null, &archived));
    let found = user.filtered(&cases(), json!({"where": {"documents.number": "V-1"}})).await.ok();
    assert_eq!(found.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn quirk_08_a_search_sees_deleted_people_only_when_it_asks_for_them() {
    let (_sim, user) = tests().await;
    let case = user.create_case(json!({"firstName": "Ada", "documents": [{"type": EXTERNAL, "number": "X1"}]})).await;
    user.delete(&format!("{}/{}", cases(), case["id"].as_str().unwrap())).await;
    let condition = json!({"documents.number": "X1"});
    assert!(user.found(condition.clone()).await.is_empty());
    let both = user.filtered(&cases(), json!({"where": condition, "deleted": true})).await.ok();
    assert_eq!(names(&both), ["Ada"]);
    let only = user.filtered(&cases(), json!({"where": {"deleted": true}, "deleted": true})).await.ok();
    assert_eq!(names(&only), ["Ada"]);
}

#[tokio::test]
async fn quirk_28_punctuation_in_a_visual_id_is_stored_escaped() {
    let (_sim, user) = tests().await;
    check_created(
        &user,
        "visualId",
        &[(json!({"visualId": "A.B"}), Field(json!("A\\.B"))), (json!({"visualId": "A_B-1/2"}), Field(json!("A_B-1/2")))],
    )
    .await;
    let (_sim, user) = under_mask("A.99").await;
    check_created(&user, "visualId", &[(json!({"visualId": "A.01"}), Refusal(422, "INVALID_VISUAL_ID_MASK"))]).await;
}

// ---- fields

#[tokio::test]
async fn quirk_09_10_11_nothing_is_required_and_no_reference_is_checked() {
    let (_sim, user) = tests().await;
    let case = user.create_case(json!({})).await;
    assert_eq!((&case["firstName"], &case["deleted"], &case["createdOn"]), (&Value::Null, &json!(false), &json!("API")));
    let stray = json!({"gender": "no such item", "responsibleUserId": "nobody", "addresses": [{"locationId": "nowhere"}]});
    let case = user.create_case(stray).await;
    assert_eq!((&case["gender"], &case["usualPlaceOfResidenceLocationId"]), (&json!("no such item"), &json!("nowhere")));
}

#[tokio::test]
async fn quirk_12_and_13_one_current_address_and_an_untyped_one_is_it() {
    let (_sim, user) = tests().await;
    let address = |kind: &str| json!({"typeId": format!("{ADDRESS}{kind}")});
    let current = address("USUAL_PLACE_OF_RESIDENCE");
    let previous = address("PREVIOUS_USUAL_PLACE_OF_RESIDENCE");
    let mut dated = previous.clone();
    dated["date"] = json!("2026-01-01");
    let table = [
        (json!({"addresses": []}), Field(Value::Null)),
        (json!({"addresses": [current]}), Field(Value::Null)),
        (json!({"addresses": [{"city": "Kenema"}]}), Field(Value::Null)),
        (json!({"addresses": [address("OTHER")]}), Refusal(422, "ADDRESS_MUST_HAVE_USUAL_PLACE_OF_RESIDENCE")),
        (json!({"addresses": [{}, {}]}), Refusal(422, "ADDRESS_MULTIPLE_USUAL_PLACE_OF_RESIDENCE")),
        (json!({"addresses": [current, previous]}), Refusal(422, "ADDRESS_PREVIOUS_PLACE_OF_RESIDENCE_MUST_HAVE_DATE")),
        (json!({"addresses": [current, dated]}), Field(Value::Null)),
    ];
    check_created(&user, "usualPlaceOfResidenceLocationId", &table).await;
    let case = user.create_case(json!({"addresses": [{"city": "Kenema", "geoLocation": {"lat": "7.9", "lng": "-11.2"}}]})).await;
    let expected = json!({"typeId": format!("{ADDRESS}USUAL_PLACE_OF_RESIDENCE"), "city": "Kenema", "geoLocationAccurate": false,
        "geoLocation": {"lat": 7.9, "lng": -11.2}});
    assert_eq!(case["addresses"][0], expected);
}

#[tokio::test]
async fn quirk_14_a_put_replaces_arrays_and_objects_whole_and_leaves_the_rest() {
    let (_sim, user) = tests().await;
    let case = json!({"firstName": "Ada", "age": {"years": 3, "months": 2}, "documents": [{"number": "1"}, {"number": "2"}],
        "questionnaireAnswers": {"fever": [{"value": "YES"}], "cough": [{"value": "NO"}]}});
    let id = user.create_case(case).await["id"].as_str().unwrap().to_owned();
    let change =
        json!({"age": {"years": 4}, "documents": [{"number": "3"}], "questionnaireAnswers": {"fever": [{"value": "NO"}]}, "gender": null});
    let changed = user.put(&format!("{}/{id}", cases()), change).await.ok();
    assert_eq!(changed["firstName"], "Ada");
    assert_eq!(changed["age"], json!({"years": 4}));
    assert_eq!(changed["documents"], json!([{"number": "3"}]));
    assert_eq!(changed["questionnaireAnswers"], json!({"fever": [{"value": "NO"}]}));
    assert_eq!(changed.get("gender"), Some(&Value::Null));
    assert!(user.found(json!({"documents.number": "1"})).await.is_empty());
    assert_eq!(user.found(json!({"documents.number": "3"})).await, ["Ada"]);
}

#[tokio::test]
async fn quirk_15_the_type_is_hidden_except_among_people() {
    let (_sim, user) = tests().await;
    let case = user.create_case(json!({"type": "anything"})).await;
    assert_eq!(case.get("type"), None);
    let people = user.get(&format!("/outbreaks/{OUTBREAK}/people")).await.ok();
    assert_eq!(people[0]["type"], "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_CASE");
}

#[tokio::test]
async fn quirk_17_and_18_not_found_and_deleted() {
    let (_sim, user) = start(Options::for_tests().outbreak(Outbreak::new("other", "Cholera 2026"))).await;
    let id = user.create_case(json!({})).await["id"].as_str().unwrap().to_owned();
    let answer = user.get(&format!("/outbreaks/other/cases/{id}")).await;
    assert_eq!((answer.status, &answer.body["error"]["message"]), (404, &json!(format!("No instance with id {id} found for case"))));
    user.get("/outbreaks/nowhere/cases").await.refused(404, "MODEL_NOT_FOUND");
    let path = format!("{}/{id}", cases());
    assert_eq!(user.delete(&path).await, Answer { status: 204, body: json!("") });
    assert_eq!(user.delete(&path).await.status, 404);
    assert_eq!(user.delete("/outbreaks/nowhere").await.ok(), json!({"count": 0}));
    assert_eq!(user.delete("/outbreaks/other").await.ok(), json!({"count": 1}));
    assert_eq!(user.delete("/locations/nowhere").await.ok(), json!({"count": 0}));
    user.delete(&format!("/outbreaks/{OUTBREAK}")).await.refused(422, "DELETE_ACTIVE_OUTBREAK");
}

#[tokio::test]
async fn trap_values_are_turned_into_the_type_of_the_field() {
    let (_sim, user) = tests().await;
    let check = |field: &'static str, table: Vec<(Value, Value)>| {
        let table: Vec<_> = table.into_iter().map(|(sent, expected)| (json!({field: sent}), Field(expected))).collect();
        let user = &user;
        async move { check_created(user, field, &table).await }
    };
    check("firstName", vec![(json!(12), json!("12")), (json!({"a": 1}), json!("[object Object]")), (json!(null), json!(null))]).await;
    check(
        "age",
        vec![
            (json!({"years": "abc"}), json!({"years": null})),
            (json!({"years": ""}), json!({"years": 0})),
            (json!({"years": " 7 "}), json!({"years": 7})),
            (json!({"years": "1.5"}), json!({"years": 1.5})),
        ],
    )
    .await;
    let flags = [("yes", true), ("no", true), ("false", false), ("0", false), ("", false)];
    check("safeBurial", flags.iter().map(|(sent, expected)| (json!(sent), json!(expected))).collect()).await;
    check(
        "dob",
        vec![
            (json!("2020-01-02"), json!("2020-01-02T00:00:00.000Z")),
            (json!("02/01/2020"), json!("2020-02-01T00:00:00.000Z")),
            (json!("2020-01-02T01:00:00+03:00"), json!("2020-01-01T22:00:00.000Z")),
            (json!(null), json!(null)),
        ],
    )
    .await;
    check("vaccinesReceived", vec![(json!([{"date": "soon"}]), json!([{"date": null}]))]).await;
    check("myOwnField", vec![(json!({"any": [1, "x"]}), json!({"any": [1, "x"]}))]).await;
}

#[tokio::test]
async fn trap_a_bad_date_at_the_top_is_refused() {
    let (_sim, user) = tests().await;
    for bad in ["", "soon", "31/12/2020"] {
        let answer = user.post(&cases(), json!({"dateOfOnset": bad})).await;
        let error = &answer.body["error"];
        assert_eq!((answer.status, &error["name"], error.get("code")), (422, &json!("ValidationError"), None), "{bad}");
        assert_eq!(error["details"]["codes"], json!({"dateOfOnset": ["date"]}), "{bad}");
    }
}

#[tokio::test]
async fn quirk_38_a_centres_name_becomes_reference_data() {
    let (_sim, user) = tests().await;
    let case = user.create_case(json!({"dateRanges": [{"centerName": " Kenema Gov. Hospital "}]})).await;
    let id = "LNG_REFERENCE_DATA_CATEGORY_CENTRE_NAME_KENEMA_GOV_HOSPITAL";
    assert_eq!(case["dateRanges"][0]["centerName"], id);
    assert_eq!(user.get(&format!("/reference-data/{id}")).await.ok()["value"], id);
}

#[tokio::test]
async fn quirk_49_stamps_cannot_be_set_by_a_client() {
    let (_sim, user) = start(Options::for_tests().clock(Clock::at("2026-03-01T08:00:00Z"))).await;
    let sent = json!({"id": "mine", "createdAt": "2001-01-01", "updatedBy": "me", "createdOn": "SYNC", "deleted": true, "classificationHistory": []});
    let case = user.create_case(sent).await;
    assert_ne!(case["id"], "mine");
    assert_eq!((&case["createdAt"], &case["deleted"]), (&json!("2026-03-01T08:00:00.000Z"), &json!(false)));
    let custom = Options { allow_custom_ids_on_create: true, ..Options::for_tests() };
    let (_sim, user) = start(custom).await;
    assert_eq!(user.create_case(json!({"id": "mine"})).await["id"], "mine");
    user.post(&cases(), json!({"id": "mine"})).await.refused(409, "MODEL_CONFLICT");
}

#[tokio::test]
async fn quirk_54_junk_properties_are_kept() {
    let (_sim, user) = tests().await;
    assert_eq!(user.create_case(json!({"age:years": 5})).await["age:years"], 5);
}

#[tokio::test]
async fn quirk_55_follow_up_on_put() {
    let (_sim, user) = tests().await;
    let case = user.create_case(json!({"dateOfOnset": "2026-03-01"})).await;
    let window = json!({"status": "LNG_REFERENCE_DATA_CONTACT_FINAL_FOLLOW_UP_STATUS_TYPE_UNDER_FOLLOW_UP",
        "originalStartDate": "2026-03-02T00:00:00.000Z", "startDate": "2026-03-02T00:00:00.000Z", "endDate": "2026-03-22T00:00:00.000Z"});
    assert_eq!(case["followUp"], window);
    let path = format!("{}/{}", cases(), case["id"].as_str().unwrap());
    let changed = user.put(&path, json!({"followUp": {"status": "DIED", "startDate": "2020-01-01"}})).await.ok();
    assert_eq!((&changed["followUp"]["status"], &changed["followUp"]["startDate"]), (&json!("DIED"), &window["startDate"]));
    let changed = user.put(&path, json!({"followUp": {"startDate": "2020-01-01"}})).await.ok();
    assert_eq!(changed["followUp"], json!({"startDate": "2020-01-01T00:00:00.000Z"}));
    let moved = user.put(&path, json!({"dateOfOnset": "2026-03-05"})).await.ok();
    assert_eq!(moved["followUp"]["startDate"], "2026-03-06T00:00:00.000Z");
}

#[tokio::test]
async fn trap_each_change_of_the_classification_opens_a_row() {
    let options = Options { token_ttl: Duration::from_hours(7 * 24), ..Options::for_tests() };
    let (sim, user) = start(options.clock(Clock::at("2026-03-01T00:00:00Z"))).await;
    let (suspect, confirmed) = (format!("{CLASSIFICATION}SUSPECT"), format!("{CLASSIFICATION}CONFIRMED"));
    let case = user.create_case(json!({"classification": suspect})).await;
    let path = format!("{}/{}", cases(), case["id"].as_str().unwrap());
    sim.clock().advance(Duration::from_hours(24));
    user.put(&path, json!({"firstName": "Ada"})).await.ok();
    let changed = user.put(&path, json!({"classification": confirmed})).await.ok();
    let expected = json!([
        {"classification": suspect, "startDate": "2026-03-01T00:00:00.000Z", "endDate": "2026-03-02T00:00:00.000Z"},
        {"classification": confirmed, "startDate": "2026-03-02T00:00:00.000Z"}
    ]);
    assert_eq!(changed["classificationHistory"], expected);
}

#[tokio::test]
async fn quirk_58_duplicates_never_block_a_create() {
    let (sim, user) = tests().await;
    for _ in 0..2 {
        user.create_case(json!({"firstName": "Ada", "lastName": "Byron", "documents": [{"type": EXTERNAL, "number": "X1"}]})).await;
    }
    assert_eq!(sim.state().cases(OUTBREAK).len(), 2);
}

#[tokio::test]
async fn trap_an_array_stops_at_the_first_invalid_item_and_keeps_those_before() {
    let (sim, user) = tests().await;
    let answer = user.post(&cases(), json!([{"firstName": "A"}, {"firstName": "B", "dob": "soon"}, {"firstName": "C"}])).await;
    assert_eq!(answer.status, 422);
    assert_eq!(names(&json!(sim.state().cases(OUTBREAK))), ["A"]);
    assert_eq!(sim.log().writes().last().unwrap().records, 1);
}

// ---- searching

#[tokio::test]
async fn quirk_29_a_range_keeps_only_its_first_operator_where_the_framework_searches() {
    let mut options = Options::for_tests();
    options.locations = (1..=5).map(|n| json!({"id": format!("L{n}"), "name": format!("L{n}"), "populationDensity": n})).collect();
    let (_sim, user) = start(options).await;
    for n in 1..=5 {
        user.create_case(json!({"firstName": n.to_string(), "numberOfContacts": n})).await;
    }
    let count = |list: &Value| list.as_array().unwrap().len();
    let range = |operator: Value| json!({"where": {"populationDensity": operator}});
    // The order of the keys is what counts, so the texts are written out.
    for (operator, expected) in [("{\"gte\":2,\"lt\":4}", 4), ("{\"lt\":4,\"gte\":2}", 3), ("{\"between\":[2,3]}", 2)] {
        let filter = format!("{{\"where\":{{\"populationDensity\":{operator}}}}}");
        let list = user.get(&format!("/locations?filter={}", support::encode(&filter))).await.ok();
        assert_eq!(count(&list), expected, "{operator}");
    }
    let both = json!({"where": {"and": [{"populationDensity": {"gte": 2}}, {"populationDensity": {"lt": 4}}]}});
    assert_eq!(count(&user.filtered("/locations", both).await.ok()), 2);
    assert_eq!(user.found(json!({"numberOfContacts": {"gte": 2, "lt": 4}})).await.len(), 2);
    assert_eq!(count(&user.filtered("/locations", range(json!({"inq": [1, 5, 9]}))).await.ok()), 2);
}

#[tokio::test]
async fn quirk_30_reserved_words_are_replaced_as_values_too() {
    let (_sim, user) = tests().await;
    for name in ["or", "Or", "id", "orr"] {
        user.create_case(json!({"firstName": name})).await;
    }
    assert!(user.found(json!({"firstName": "or"})).await.is_empty());
    assert!(user.found(json!({"firstName": "id"})).await.is_empty());
    assert_eq!(user.found(json!({"firstName": "Or"})).await, ["Or"]);
    assert_eq!(user.found(json!({"firstName": {"inq": ["or", "orr"]}})).await, ["orr"]);
    assert_eq!(user.found(json!({"firstName": {"regexp": "/^or$/i"}, "lastName": null})).await.len(), 2);
}

#[tokio::test]
async fn quirk_31_what_looks_like_a_date_is_one() {
    let (_sim, user) = tests().await;
    user.create_case(
        json!({"firstName": "2020-01-02", "dateOfOnset": "2020-01-02", "questionnaireAnswers": {"note": [{"value": "2020-01-02"}]}}),
    )
    .await;
    assert!(user.found(json!({"firstName": "2020-01-02"})).await.is_empty());
    let onset = |condition: Value| user.found(json!({"dateOfOnset": condition}));
    assert_eq!(onset(json!("2020-01-02")).await.len(), 1);
    assert_eq!(onset(json!({"gte": "2020-01-01T00:00:00Z", "lt": "2020-01-03T00:00:00+02:00"})).await.len(), 1);
    assert_eq!(onset(json!({"gte": "2020-01-01T00:00Z"})).await.len(), 0);
    let answers = user.get(&cases()).await.ok()[0]["questionnaireAnswers"].clone();
    assert_eq!(answers, json!({"note": [{"value": "2020-01-02T00:00:00.000Z"}]}));
    let locations = json!({"where": {"updatedAt": {"gte": "never"}}});
    user.filtered("/locations", locations).await.refused(500, "INTERNAL_ERROR");
}

#[tokio::test]
async fn quirk_51_malformed_conditions_are_400_or_500_by_the_engine() {
    let (_sim, user) = tests().await;
    let table = [
        (json!({"where": []}), 400, 500),
        (json!({"where": {"and": {}}}), 400, 500),
        (json!({"where": {"name": {"inq": "x"}}}), 400, 500),
        (json!({"order": "name SIDEWAYS"}), 400, 500),
        (json!({"where": {"name": {"$wrong": 1}}}), 500, 500),
        (json!({"include": "noSuchRelation"}), 500, 500),
        (json!({"limit": "many"}), 400, 400),
        (json!({"where": {"name": {"nlike": "x"}}}), 200, 200),
    ];
    for (filter, locations, people) in table {
        assert_eq!(user.filtered("/locations", filter.clone()).await.status, locations, "locations {filter}");
        assert_eq!(user.filtered(&cases(), filter.clone()).await.status, people, "cases {filter}");
    }
    assert_eq!(user.get(&format!("{}?filter=not-json", cases())).await.status, 400);
}

#[tokio::test]
async fn quirk_62_a_list_is_bare_and_its_window_is_the_filters() {
    let (_sim, user) = tests().await;
    for (name, last) in [("A", "Z"), ("B", "Y"), ("C", "X")] {
        user.create_case(json!({"firstName": name, "lastName": last})).await;
    }
    let list = |filter: Value| async { names(&user.filtered(&cases(), filter).await.ok()) };
    assert_eq!(list(json!({})).await, ["C", "B", "A"], "by last name");
    assert_eq!(list(json!({"order": "firstName DESC", "limit": 2})).await, ["C", "B"]);
    assert_eq!(list(json!({"order": ["firstName ASC"], "skip": 1, "limit": 1})).await, ["B"]);
    assert_eq!(list(json!({"limit": 0})).await.len(), 3);
    assert_eq!(list(json!({"limit": -5})).await.len(), 3);
    let fields = user.filtered(&cases(), json!({"fields": ["firstName"], "order": "firstName ASC"})).await.ok();
    assert_eq!(fields, json!([{"firstName": "A"}, {"firstName": "B"}, {"firstName": "C"}]));
    let count = user.filtered(&format!("{}/filtered-count", cases()), json!({"where": {"firstName": {"ne": "A"}}})).await.ok();
    assert_eq!(count, json!({"count": 2}));
    let bracket = user.get(&format!("{}?filter[where][firstName]=B", cases())).await.ok();
    assert_eq!(names(&bracket), ["B"]);
    let posted =
        user.post(&format!("{}/filter", cases()), json!({"filter": {"where": {"firstName": {"like": "^b", "options": "i"}}}})).await.ok();
    assert_eq!(names(&posted), ["B"]);
}

#[tokio::test]
async fn trap_a_location_filter_reaches_below() {
    let mut options = Options::for_tests();
    options.locations = vec![
        json!({"id": "country", "name": "Country"}),
        json!({"id": "district", "name": "District", "parentLocationId": "country"}),
        json!({"id": "elsewhere", "name": "Elsewhere"}),
    ];
    let (_sim, user) = start(options).await;
    for place in ["country", "district", "elsewhere"] {
        user.create_case(json!({"firstName": place, "addresses": [{"locationId": place}]})).await;
    }
    let mut found = user.found(json!({"addresses.parentLocationIdFilter": "country"})).await;
    found.sort();
    assert_eq!(found, ["country", "district"]);
}

// ---- the rest of the server

#[tokio::test]
async fn quirk_52_a_path_outside_the_api_is_a_page_with_200() {
    let (sim, user) = tests().await;
    let page = user.client.get(format!("{}/aip/outbreaks", sim.url())).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    let status = Answer::of(user.client.get(format!("{}/status", sim.url())).send().await.unwrap()).await.ok();
    assert!(status["started"].is_string() && status["uptime"].is_number());
}

#[tokio::test]
async fn trap_errors_limits_and_what_is_not_simulated() {
    let (_sim, user) = tests().await;
    let answer = user.get(&format!("/outbreaks/{OUTBREAK}/labResults")).await;
    assert_eq!(answer.status, 404, "only kebab-case paths are known");
    user.get(&format!("/outbreaks/{OUTBREAK}/transmission-chains")).await.refused(501, "NOT_SIMULATED");
    user.get("/devices").await.refused(501, "NOT_SIMULATED");
    user.get("/system-settings/model-definition?model=case").await.refused(501, "NOT_SIMULATED");
    assert_eq!(user.get("/no-such-thing").await.body["error"]["message"], "There is no method to handle GET /no-such-thing");
    assert_eq!(user.put(&cases(), json!({})).await.status, 404);

    let raw = |body: &'static str| {
        let request = user.client.post(format!("{}{}", user.base, cases())).header("x-access-token", &user.token);
        request.header("content-type", "application/json").body(body).send()
    };
    let syntax = Answer::of(raw("{\"a\":").await.unwrap()).await;
    assert_eq!((syntax.status, &syntax.body["error"]["name"]), (400, &json!("SyntaxError")));
    let large = json!({"firstName": "x".repeat(10 * 1024 * 1024)});
    assert_eq!(user.post(&cases(), large).await.status, 413);
    assert_eq!(user.put(&format!("{}/bulk", cases()), json!({})).await.status, 400);
    assert_eq!(user.post(&cases(), json!({"documents": {}})).await.status, 400);

    let version = user.client.get(format!("{}/system-settings/version", user.base));
    assert_eq!(version.send().await.unwrap().status(), 401);
    let version = user.client.get(format!("{}/system-settings/version", user.base)).header("api-key", "simulated-api-key");
    assert_eq!(Answer::of(version.send().await.unwrap()).await.ok()["version"], "2.50.3");
}

#[tokio::test]
async fn quirk_34_35_36_reference_data_are_tokens_and_labels_are_translations() {
    let (_sim, user) = tests().await;
    let sent = json!({"id": "mine", "categoryId": "LNG_REFERENCE_DATA_CATEGORY_LAB_NAME", "value": "Kenema Lab"});
    let item = user.post("/reference-data", sent.clone()).await.ok();
    let id = "LNG_REFERENCE_DATA_CATEGORY_LAB_NAME_KENEMA_LAB";
    assert_eq!((&item["id"], &item["value"]), (&json!(id), &json!(id)));
    user.post("/reference-data", sent).await.refused(409, "MODEL_CONFLICT");
    user.put(&format!("/reference-data/{id}"), json!({"value": "Kenema Laboratory"})).await.ok();
    let tokens = user.get("/languages/english_us/language-tokens").await.ok();
    let label = |token: &str| {
        let tokens = tokens["tokens"].as_array().unwrap();
        tokens.iter().find(|row| row["token"] == token).map(|row| row["translation"].clone()).unwrap_or_default()
    };
    assert_eq!(label(id), "Kenema Laboratory");
    assert_eq!(label("LNG_REFERENCE_DATA_CATEGORY_CONTEXT_OF_TRANSMISSION_FRIENDS"), "Tour group");
    assert_eq!(user.delete(&format!("/reference-data/{id}")).await.ok(), json!({"count": 1}));

    let confirmed = format!("/reference-data/{CLASSIFICATION}CONFIRMED");
    user.delete(&confirmed).await.refused(422, "MODEL_NOT_EDITABLE");
    let changed = user.put(&confirmed, json!({"categoryId": "x", "order": 9})).await.ok();
    assert_eq!((&changed["categoryId"], &changed["order"]), (&json!("LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION"), &json!(9)));
    user.create_case(json!({"gender": "LNG_REFERENCE_DATA_CATEGORY_GENDER_MALE"})).await;
    user.delete("/reference-data/LNG_REFERENCE_DATA_CATEGORY_GENDER_MALE").await.refused(422, "MODEL_IN_USE");
    assert_eq!(user.get("/reference-data/available-categories").await.ok().as_array().unwrap().len(), 38);
}

#[tokio::test]
async fn quirk_37_question_texts_become_tokens() {
    let (_sim, user) = tests().await;
    let template = json!([{"text": "Fever?", "variable": "fever", "answers": [{"label": "Yes", "value": "YES"}]}]);
    let outbreak = user.put(&format!("/outbreaks/{OUTBREAK}"), json!({"caseInvestigationTemplate": template})).await.ok();
    let question = &outbreak["caseInvestigationTemplate"][0];
    let token = format!("LNG_OUTBREAK_{}_CASEINVESTIGATIONTEMPLATE_QUESTION_FEVER", OUTBREAK.to_uppercase());
    assert_eq!((&question["text"], &question["variable"]), (&json!(format!("{token}_TEXT")), &json!("fever")));
    assert_eq!(question["answers"][0], json!({"label": format!("{token}_ANSWER_YES_LABEL"), "value": "YES"}));
}

#[tokio::test]
async fn quirk_48_a_new_outbreak_needs_its_fields_and_is_not_active() {
    let (_sim, user) = tests().await;
    let refused = user.post("/outbreaks", json!({"name": "Ebola 2026"})).await;
    assert_eq!(refused.status, 422);
    let codes = &refused.body["error"]["details"]["codes"];
    assert_eq!((&codes["name"], &codes["startDate"]), (&json!(["uniqueness"]), &json!(["presence"])));
    let outbreak = json!({"name": "Cholera 2026", "startDate": "2026-01-01", "longPeriodsBetweenCaseOnset": 1, "periodOfFollowup": 1,
        "frequencyOfFollowUpPerDay": 1, "noDaysAmongContacts": 1, "noDaysInChains": 1, "noDaysNotSeen": 1, "noLessContacts": 1});
    let created = user.post("/outbreaks", outbreak).await.ok();
    assert_eq!(created["caseIdMask"], "CA-9999999999");
    let path = format!("/outbreaks/{}/cases", created["id"].as_str().unwrap());
    user.post(&path, json!({})).await.refused(403, "ACCESS_DENIED");
}

#[tokio::test]
async fn quirk_43_an_imported_tree_without_ids_cannot_be_imported_again() {
    let (sim, user) = tests().await;
    let file = json!([{"location": {"name": "Country"}, "children": [{"location": {"name": "District"}}]}]);
    assert_eq!(import(&user, &file).await.ok().as_array().unwrap().len(), 2);
    let again = import(&user, &file).await.refused(422, "IMPORT_PARTIAL_SUCCESS_WITH_DETAILS");
    let failed = &again.body["error"]["details"]["failed"][0];
    let expected = (&json!("'1'"), &json!("LNG_PAGE_IMPORT_DATA_ERROR_DUPLICATE_DB_NAME"));
    assert_eq!((&failed["recordNo"], &failed["message"]), expected);

    let with_ids = |name: &str, stamp: &str| json!([{"location": {"id": "L1", "name": name, "updatedAt": stamp}}]);
    import(&user, &with_ids("New", "2026-01-02T00:00:00Z")).await.ok();
    let old = import(&user, &with_ids("Older", "2026-01-01T00:00:00Z")).await.ok();
    assert_eq!(old[0]["name"], "New", "what is older is left alone and answered");
    assert_eq!(import(&user, &with_ids("Newer", "2026-01-03T00:00:00Z")).await.ok()[0]["name"], "Newer");
    import(&user, &json!({})).await.refused(422, "INVALID_CONTENT_OF_TYPE");
    let wrong =
        json!([{"location": {"id": "A", "name": "A"}, "children": [{"location": {"id": "A", "name": "", "parentLocationId": "B"}}]}]);
    let wrong = import(&user, &wrong).await.refused(422, "IMPORT_PARTIAL_SUCCESS_WITH_DETAILS");
    assert_eq!(wrong.body["error"]["details"]["failed"].as_array().unwrap().len(), 3);
    assert_eq!(sim.state().collection("location").len(), 3);
}

async fn import(user: &User, file: &Value) -> Answer {
    let body = format!("--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"l.json\"\r\n\r\n{file}\r\n--XX--\r\n");
    let request = user.client.post(format!("{}/locations/import", user.base)).header("x-access-token", &user.token);
    let request = request.header("content-type", "multipart/form-data; boundary=XX").body(body);
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn quirk_44_names_and_synonyms_are_unique_among_siblings() {
    let (_sim, user) = tests().await;
    let country = user.post("/locations", json!({"name": "Country"})).await.ok();
    let id = country["id"].as_str().unwrap();
    assert_eq!((&country["active"], &country["parentLocationId"]), (&json!(true), &Value::Null));
    user.post("/locations", json!({"name": "COUNTRY"})).await.refused(400, "MODEL_IDENTIFIERS_ARE_NOT_UNIQUE_IN_CONTEXT");
    user.post("/locations", json!({"name": "Country", "parentLocationId": id, "synonyms": ["Land"]})).await.ok();
    let twin = json!({"name": "Other", "parentLocationId": id, "synonyms": ["land"]});
    user.post("/locations", twin).await.refused(400, "MODEL_IDENTIFIERS_ARE_NOT_UNIQUE_IN_CONTEXT");
    user.put(&format!("/locations/{id}"), json!({"active": false})).await.refused(400, "DEACTIVATE_PARENT_MODEL");
    assert_eq!(user.post("/locations", json!({})).await.status, 422);
}

#[tokio::test]
async fn quirk_46_a_location_takes_its_subtree_along_unless_it_is_used() {
    let mut options = Options::for_tests();
    options.locations =
        vec![json!({"id": "country", "name": "Country"}), json!({"id": "district", "name": "District", "parentLocationId": "country"})];
    let (_sim, user) = start(options).await;
    let tree = user.get("/locations/hierarchical").await.ok();
    assert_eq!(tree[0]["children"][0]["location"]["id"], "district");
    let case = user.create_case(json!({"addresses": [{"locationId": "district"}]})).await;
    user.delete("/locations/country").await.refused(422, "MODEL_IN_USE");
    user.delete(&format!("{}/{}", cases(), case["id"].as_str().unwrap())).await;
    assert_eq!(user.delete("/locations/country").await.ok(), json!({"count": 1}));
    assert_eq!(user.get("/locations").await.ok(), json!([]));
}

#[tokio::test]
async fn quirk_50_a_user_brings_all_permissions_along() {
    let (sim, user) = tests().await;
    let id = sim.state().collection("user")[0]["id"].as_str().unwrap().to_owned();
    assert!(user.get(&format!("/users/{id}")).await.ok()["availablePermissions"].as_array().unwrap().len() > 50);
}
