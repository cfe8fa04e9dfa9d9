//! Labels of the simulated Go.Data: tokens in several languages, and in which language they are set.

mod support;

use kivuko_sims::godata::{Options, Sim};
use serde_json::{Value, json};
use support::{User, client, encode, start, tests};

const MALE: &str = "LNG_REFERENCE_DATA_CATEGORY_GENDER_MALE";

async fn label(user: &User, language: &str, token: &str) -> String {
    let tokens = user.get(&format!("/languages/{language}/language-tokens")).await.ok();
    let found = tokens["tokens"].as_array().unwrap().iter().find(|row| row["token"] == token);
    found.and_then(|row| row["translation"].as_str()).unwrap_or_default().to_owned()
}

async fn speak(user: &User, language: &str) {
    let me = user.get("/users").await.ok()[0]["id"].as_str().unwrap().to_owned();
    user.put(&format!("/users/{me}"), json!({"languageId": language})).await.ok();
}

#[tokio::test]
async fn languages_and_their_tokens_are_open_to_everybody() {
    let sim = Sim::start(Options::for_tests()).await.unwrap();
    let get = async |path: &str| -> Value {
        let answer = client().get(format!("{}/api/languages{path}", sim.url())).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    };
    let ids: Vec<String> = get("").await.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, ["english_us", "french_fr"]);
    assert_eq!(get("/french_fr").await["readOnly"], true);
    assert_eq!(get("/french_fr/language-tokens").await["languageId"], "french_fr");
    assert_eq!(get("/klingon/language-tokens").await["error"]["code"], "MODEL_NOT_FOUND");
    let odd = get(&format!("/french_fr/language-tokens?filter={}", encode(r#"{"where":{"token":"X"}}"#))).await;
    assert_eq!(odd["error"]["statusCode"], 501);
}

#[tokio::test]
async fn a_built_in_language_cannot_be_changed() {
    let (_sim, user) = tests().await;
    user.put("/languages/french_fr", json!({"name": "F"})).await.refused(422, "MODEL_NOT_EDITABLE");
    user.delete("/languages/english_us").await.refused(422, "MODEL_NOT_EDITABLE");
    user.post("/languages", json!({"name": "X"})).await.refused(501, "NOT_SIMULATED");
}

#[tokio::test]
async fn quirk_34_and_35_labels_live_in_tokens_and_do_not_follow_from_ids() {
    let (_sim, user) = tests().await;
    assert_eq!(user.get(&format!("/reference-data/{MALE}")).await.ok()["value"], MALE);
    assert_eq!((label(&user, "english_us", MALE).await.as_str(), label(&user, "french_fr", MALE).await.as_str()), ("Male", "Masculin"));
    let exposure = "LNG_REFERENCE_DATA_CATEGORY_EXPOSURE_TYPE_DIRECT_PHYSICAL_CONTACT";
    assert_eq!(label(&user, "english_us", exposure).await, "Direct non-physical contact (within 1 meter)");
    assert_eq!(label(&user, "french_fr", exposure).await, "Contact direct non physique (à moins d'un mètre)");
}

#[tokio::test]
async fn a_label_is_new_in_all_languages_and_changed_in_that_of_the_account() {
    let (_sim, user) = tests().await;
    let lab = json!({"categoryId": "LNG_REFERENCE_DATA_CATEGORY_LAB_NAME", "value": "Central Laboratory"});
    let id = user.post("/reference-data", lab).await.ok()["id"].as_str().unwrap().to_owned();
    assert_eq!(label(&user, "french_fr", &id).await, "Central Laboratory");
    speak(&user, "french_fr").await;
    user.put(&format!("/reference-data/{id}"), json!({"value": "Laboratoire central"})).await.ok();
    assert_eq!(user.get(&format!("/reference-data/{id}")).await.ok()["value"], json!(id), "the item itself is as it was");
    assert_eq!(label(&user, "english_us", &id).await, "Central Laboratory");
    assert_eq!(label(&user, "french_fr", &id).await, "Laboratoire central");
}

#[tokio::test]
async fn quirk_36_a_label_is_taken_in_the_language_of_the_account() {
    let (_sim, user) = tests().await;
    let named = |label: &str| json!({"categoryId": "LNG_REFERENCE_DATA_CATEGORY_GENDER", "value": label});
    user.post("/reference-data", named("Male")).await.refused(409, "MODEL_CONFLICT");
    speak(&user, "french_fr").await;
    user.post("/reference-data", named("Masculin")).await.refused(409, "MODEL_CONFLICT");
    // Another label in French, and so no clash of labels: it is the id that is taken.
    let clash = user.post("/reference-data", named("Male")).await.refused(409, "MODEL_CONFLICT");
    assert!(clash.body["error"]["message"].as_str().unwrap().contains(MALE));
    user.post("/reference-data", named("Female ")).await.refused(409, "MODEL_CONFLICT");
    user.post("/reference-data", named("Non binaire")).await.ok();
}

#[tokio::test]
async fn what_was_set_since_is_asked_for_by_itself() {
    let (sim, user) = start(Options::for_tests().clock(kivuko_sims::clock::Clock::at("2026-03-01T08:00:00Z"))).await;
    sim.clock().advance(std::time::Duration::from_mins(5));
    let since = json!({"where": {"updatedSince": "2026-03-01T08:01:00Z"}});
    let path = "/languages/english_us/language-tokens";
    assert_eq!(user.filtered(path, since.clone()).await.ok()["tokens"], json!([]));
    user.put(&format!("/reference-data/{MALE}"), json!({"value": "Man"})).await.ok();
    let tokens = user.filtered(path, since).await.ok();
    assert_eq!(tokens["tokens"], json!([{"token": MALE, "translation": "Man"}]));
    assert_eq!(tokens["lastUpdateDate"], "2026-03-01T08:05:00.000Z");
}

#[tokio::test]
async fn a_deployment_brings_languages_and_labels_of_its_own() {
    let token = json!({"languageId": "swahili", "token": MALE, "translation": "Mume"});
    let options =
        Options { languages: vec![json!({"id": "swahili", "name": "Kiswahili"})], language_tokens: vec![token], ..Options::for_tests() };
    let (_sim, user) = start(options).await;
    assert_eq!(label(&user, "swahili", MALE).await, "Mume");
    assert_eq!(label(&user, "english_us", MALE).await, "Male");
    assert_eq!(label(&user, "swahili", "LNG_REFERENCE_DATA_CATEGORY_GENDER_FEMALE").await, "Female", "what was not said is English");
}
