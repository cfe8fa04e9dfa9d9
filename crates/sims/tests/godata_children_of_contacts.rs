//! Lab results and follow-ups of contacts, and of people who become another kind of person.

mod support;

use kivuko_sims::clock::Clock;
use kivuko_sims::godata::{Options, Outbreak, Sim};
use serde_json::{Value, json};
use support::{OUTBREAK, User, start, tests};

const CASE: &str = "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_CASE";

fn below(path: &str) -> String {
    format!("/outbreaks/{OUTBREAK}/{path}")
}

async fn create(user: &User, kind: &str, name: &str) -> String {
    let created = user.post(&below(kind), json!({"firstName": name})).await.ok();
    created["id"].as_str().unwrap().to_owned()
}

/// A contact that was last exposed on 1 March 2026.
async fn exposed(user: &User) -> String {
    let case = create(user, "cases", "Ana").await;
    let contact = create(user, "contacts", "Ben").await;
    let relationship = json!({"persons": [{"id": contact}], "contactDate": "2026-03-01"});
    user.post(&below(&format!("cases/{case}/relationships")), relationship).await.ok();
    contact
}

async fn in_march() -> (Sim, User) {
    start(Options::for_tests().clock(Clock::at("2026-03-05T09:00:00Z"))).await
}

fn count(list: &Value) -> usize {
    list.as_array().expect("an array").len()
}

#[tokio::test]
async fn quirk_22_a_contact_can_be_followed_up_once_it_was_exposed() {
    let (_sim, user) = in_march().await;
    let fresh = create(&user, "contacts", "Fresh").await;
    let path = |contact: &str| below(&format!("contacts/{contact}/follow-ups"));
    user.post(&path(&fresh), json!({"date": "2026-03-06"})).await.refused(500, "INTERNAL_ERROR");
    let ben = exposed(&user).await;
    assert_eq!(user.post(&path(&ben), json!({"date": "2026-03-06"})).await.ok()["index"], 5);
    let generated = user.post(&below("generate-followups"), json!({"startDate": "2026-03-06", "endDate": "2026-03-08"})).await.ok();
    assert_eq!(generated, json!({"count": 2}), "nothing for who has no window, nothing on a day that has one");
    user.post(&below(&format!("contacts-of-contacts/{ben}/follow-ups")), json!({})).await.refused(404, "");
}

#[tokio::test]
async fn quirk_27_lab_results_of_contacts_are_hidden_from_lists_unless_the_outbreak_shows_them() {
    let (_sim, user) = tests().await;
    let ben = create(&user, "contacts", "Ben").await;
    let own = below(&format!("contacts/{ben}/lab-results"));
    let created = user.post(&own, json!({"sampleIdentifier": "S"})).await.ok();
    let lists = [own.clone(), below("lab-results/aggregate")];
    let counts = [
        format!("{own}/count"),
        format!("{own}/filtered-count"),
        below("lab-results/filtered-count"),
        below("lab-results/aggregate-filtered-count"),
    ];
    let seen = async || {
        let mut seen = Vec::new();
        for list in &lists {
            seen.push(count(&user.get(list).await.ok()));
        }
        for path in &counts {
            seen.push(usize::try_from(user.get(path).await.ok()["count"].as_u64().unwrap()).unwrap());
        }
        seen
    };
    assert_eq!(seen().await, [0; 6]);
    user.get(&format!("{own}/{}", created["id"].as_str().unwrap())).await.ok();
    user.put(&format!("/outbreaks/{OUTBREAK}"), json!({"isContactLabResultsActive": true})).await.ok();
    assert_eq!(seen().await, [1; 6]);
}

#[tokio::test]
async fn quirk_60_nobody_may_create_a_lab_result_of_a_contact_of_contact() {
    let (_sim, user) = tests().await;
    let far = create(&user, "contacts-of-contacts", "Far").await;
    let path = below(&format!("contacts-of-contacts/{far}/lab-results"));
    user.post(&path, json!({})).await.refused(401, "AUTHORIZATION_REQUIRED");
    assert_eq!(user.get(&path).await.ok(), json!([]), "the same account, the same token");
}

#[tokio::test]
async fn quirk_16_and_25_after_a_conversion_records_are_changed_under_the_new_kind() {
    let (sim, user) = in_march().await;
    let ben = exposed(&user).await;
    let past = user.post(&below(&format!("contacts/{ben}/follow-ups")), json!({"date": "2026-03-04"})).await.ok();
    let future = user.post(&below(&format!("contacts/{ben}/follow-ups")), json!({"date": "2026-03-09"})).await.ok();
    let lab = user.post(&below(&format!("contacts/{ben}/lab-results")), json!({"sampleIdentifier": "S"})).await.ok();
    let id = |record: &Value| record["id"].as_str().unwrap().to_owned();
    user.post(&below(&format!("contacts/{ben}/convert-to-case")), json!({})).await.ok();

    user.put(&below(&format!("contacts/{ben}/follow-ups/{}", id(&past))), json!({"comment": "x"})).await.refused(404, "");
    user.put(&below(&format!("cases/{ben}/follow-ups/{}", id(&past))), json!({"comment": "x"})).await.ok();
    assert_eq!(user.put(&below(&format!("contacts/{ben}/lab-results/{}", id(&lab))), json!({})).await.status, 404);
    assert_eq!(user.get(&below(&format!("cases/{ben}/lab-results/{}", id(&lab)))).await.ok()["personType"], CASE);
    let rows = user.get(&below("follow-ups")).await.ok();
    assert_eq!((count(&rows), &rows[0]["contact"]["type"]), (1, &json!(CASE)), "the one after today is gone");
    let gone = sim.state().collection("followUp").into_iter().find(|row| row["id"] == future["id"]).unwrap();
    assert_eq!(gone["deleted"], true);
    assert_eq!(user.delete(&below(&format!("contacts/{ben}/follow-ups/{}", id(&past)))).await.status, 204, "also of a former contact");
}

#[tokio::test]
async fn quirk_17_a_person_of_another_outbreak_has_no_records_here() {
    let (sim, user) = start(Options::for_tests().outbreak(Outbreak::new("other", "Cholera 2026"))).await;
    let elsewhere = sim.insert_case("other", json!({"dateOfOnset": "2026-03-01"}));
    user.post(&below(&format!("cases/{elsewhere}/follow-ups")), json!({"date": "2026-03-04"})).await.refused(404, "MODEL_NOT_FOUND");
    user.post(&below(&format!("cases/{elsewhere}/lab-results")), json!({})).await.refused(404, "MODEL_NOT_FOUND");
}
