//! Questionnaires of the simulated Go.Data: templates of outbreaks, questions that become tokens, answers by variable.

mod support;

use serde_json::{Value, json};
use support::{OUTBREAK, User, cases, tests};

const ANSWER: &str = "LNG_REFERENCE_DATA_CATEGORY_QUESTION_ANSWER_TYPE_";

fn fever() -> Value {
    json!([
        {"text": "Fever?", "variable": "fever", "answerType": format!("{ANSWER}SINGLE_ANSWER"), "answers": [
            {"label": "Yes", "value": "YES", "additionalQuestions": [
                {"text": "How high?", "variable": "temperature", "answerType": format!("{ANSWER}NUMERIC")}
            ]},
            {"label": "No", "value": "NO"}
        ]},
        {"text": "Symptoms", "variable": "symptoms", "answerType": format!("{ANSWER}MULTIPLE_ANSWERS"), "multiAnswer": true}
    ])
}

fn template(name: &str) -> Value {
    json!({
        "name": name, "periodOfFollowup": 21, "frequencyOfFollowUpPerDay": 1, "noDaysAmongContacts": 21, "noDaysInChains": 21,
        "noDaysNotSeen": 3, "noLessContacts": 5, "longPeriodsBetweenCaseOnset": 20, "caseInvestigationTemplate": fever()
    })
}

async fn translation(user: &User, token: &str) -> Value {
    let tokens = user.get("/languages/english_us/language-tokens").await.ok();
    let found = tokens["tokens"].as_array().unwrap().iter().find(|row| row["token"] == token);
    found.map(|row| row["translation"].clone()).unwrap_or_default()
}

async fn asks(user: &User, field: &str, questions: Value) -> Value {
    user.put(&format!("/outbreaks/{OUTBREAK}"), json!({field: questions})).await.ok()
}

#[tokio::test]
async fn quirk_37_texts_become_tokens_and_variables_stay() {
    let (_sim, user) = tests().await;
    let outbreak = asks(&user, "caseInvestigationTemplate", fever()).await;
    let prefix = format!("LNG_OUTBREAK_{}_CASEINVESTIGATIONTEMPLATE_QUESTION_", OUTBREAK.to_uppercase());
    let question = &outbreak["caseInvestigationTemplate"][0];
    assert_eq!((&question["text"], &question["variable"]), (&json!(format!("{prefix}FEVER_TEXT")), &json!("fever")));
    let answer = &question["answers"][0];
    assert_eq!((&answer["label"], &answer["value"]), (&json!(format!("{prefix}FEVER_ANSWER_YES_LABEL")), &json!("YES")));
    let nested = format!("{prefix}TEMPERATURE_TEXT");
    assert_eq!(answer["additionalQuestions"][0]["text"], nested);
    assert_eq!(translation(&user, &nested).await, "How high?");

    // What was read can be sent back, and changes no text.
    let again = asks(&user, "caseInvestigationTemplate", outbreak["caseInvestigationTemplate"].clone()).await;
    assert_eq!(again["caseInvestigationTemplate"], outbreak["caseInvestigationTemplate"]);
    assert_eq!(translation(&user, &nested).await, "How high?");
}

#[tokio::test]
async fn a_variable_is_there_once_and_so_is_a_value_of_an_answer() {
    let (_sim, user) = tests().await;
    let code = "DUPLICATE_TEMPLATE_QUESTION_VARIABLE_OR_ANSWER_VALUE";
    let path = format!("/outbreaks/{OUTBREAK}");
    let twice = json!([{"variable": "a"}, {"variable": "b", "answers": [{"value": "1", "additionalQuestions": [{"variable": "a"}]}]}]);
    user.put(&path, json!({"labResultsTemplate": twice})).await.refused(422, code);
    let twice = json!([{"variable": "a", "answers": [{"value": "1"}, {"value": "1"}]}]);
    user.put(&path, json!({"labResultsTemplate": twice})).await.refused(422, code);
    user.put(&path, json!({"labResultsTemplate": [{"variable": "a"}], "caseFollowUpTemplate": [{"variable": "a"}]})).await.ok();
}

#[tokio::test]
async fn answers_are_arrays_by_variable_whatever_the_template_asks() {
    let (_sim, user) = tests().await;
    asks(&user, "caseInvestigationTemplate", fever()).await;
    let answers = json!({
        "fever": [{"value": "PERHAPS"}], "nobody_asked": [{"value": 1}], "temperature": [{"value": "38.5 or so"}, {"value": "hot"}],
        "symptoms": [{"date": "2026-01-05", "value": ["COUGH"]}, {"date": "2026-01-06", "value": ["COUGH", "2026-01-06"]}]
    });
    let case = user.create_case(json!({"questionnaireAnswers": answers})).await;
    let stored = &case["questionnaireAnswers"];
    assert_eq!(stored["fever"], json!([{"value": "PERHAPS"}]), "a value that is no option is taken");
    assert_eq!(stored["nobody_asked"], json!([{"value": 1}]));
    assert_eq!(stored["temperature"], json!([{"value": 38.5}, {"value": null}]), "numbers are read, bad ones are lost");
    assert_eq!(stored["symptoms"][0]["date"], "2026-01-06T00:00:00.000Z", "the newest comes first");
    assert_eq!(stored["symptoms"][0]["value"], json!(["COUGH", "2026-01-06T00:00:00.000Z"]), "what looks like a date is one");

    let path = format!("{}/{}", cases(), case["id"].as_str().unwrap());
    let changed = user.put(&path, json!({"questionnaireAnswers": {"fever": [{"value": "NO"}]}})).await.ok();
    assert_eq!(changed["questionnaireAnswers"], json!({"fever": [{"value": "NO"}]}), "a change replaces all answers");
}

#[tokio::test]
async fn lab_results_and_follow_ups_have_questionnaires_of_their_own() {
    let (_sim, user) = tests().await;
    let number = |variable: &str| json!([{"variable": variable, "text": "?", "answerType": format!("{ANSWER}NUMERIC")}]);
    asks(&user, "labResultsTemplate", number("ct")).await;
    asks(&user, "caseFollowUpTemplate", number("pulse")).await;
    let case = user.create_case(json!({"dateOfOnset": "2026-03-01"})).await["id"].as_str().unwrap().to_owned();
    let answers = json!({"questionnaireAnswers": {"ct": [{"value": "31"}], "pulse": [{"value": "80"}]}});
    let lab = user.post(&format!("{}/{case}/lab-results", cases()), answers.clone()).await.ok();
    assert_eq!(lab["questionnaireAnswers"], json!({"ct": [{"value": 31}], "pulse": [{"value": "80"}]}));
    let day = user.post(&format!("{}/{case}/follow-ups", cases()), answers).await.ok();
    assert_eq!(day["questionnaireAnswers"], json!({"ct": [{"value": "31"}], "pulse": [{"value": 80}]}));
}

#[tokio::test]
async fn a_template_lives_and_dies() {
    let (_sim, user) = tests().await;
    let created = user.post("/templates", template("Ebola")).await.ok();
    let path = format!("/templates/{}", created["id"].as_str().unwrap());
    assert_eq!(created["caseIdMask"], Value::Null);
    assert_eq!(created["contactFollowUpTemplate"], json!([]));
    let token = created["caseInvestigationTemplate"][0]["text"].as_str().unwrap();
    assert!(token.starts_with("LNG_OUTBREAK_TEMPLATE_"), "{token}");
    assert_eq!(translation(&user, token).await, "Fever?");
    let refused = user.post("/templates", template("Ebola")).await.refused(422, "");
    assert_eq!(refused.body["error"]["details"]["codes"], json!({"name": ["uniqueness"]}));
    user.post("/templates", json!({"name": "Bare"})).await.refused(422, "");
    assert_eq!(user.put(&path, json!({"name": "Ebola 2"})).await.ok()["periodOfFollowup"], 21);
    assert_eq!(user.get("/templates").await.ok()[0]["name"], "Ebola 2");
    assert_eq!(user.get("/templates/count").await.ok(), json!({"count": 1}));
    assert_eq!(user.delete(&path).await.ok(), json!({"count": 1}));
    assert_eq!(user.delete(&path).await.ok(), json!({"count": 0}));
    user.get(&path).await.refused(404, "MODEL_NOT_FOUND");
}

#[tokio::test]
async fn an_outbreak_is_made_from_a_template_by_sending_its_fields() {
    let (_sim, user) = tests().await;
    let mut fields = user.post("/templates", template("Ebola")).await.ok();
    fields["name"] = json!("Ebola in the north");
    fields["startDate"] = json!("2026-02-01");
    let outbreak = user.post("/outbreaks", fields.clone()).await.ok();
    assert_ne!(outbreak["id"], fields["id"]);
    assert_eq!(outbreak["caseIdMask"], "CA-9999999999");
    let question = &outbreak["caseInvestigationTemplate"][0];
    assert_eq!(question["variable"], "fever");
    let token = question["text"].as_str().unwrap();
    assert!(token.contains(&outbreak["id"].as_str().unwrap().to_uppercase()), "{token}");
    assert_eq!(
        translation(&user, token).await,
        fields["caseInvestigationTemplate"][0]["text"],
        "the client translates, or the token is the text"
    );
}
