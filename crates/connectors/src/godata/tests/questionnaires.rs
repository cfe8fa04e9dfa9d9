//! Answers to the questionnaires of an outbreak, both ways.

use kivuko_core::catalogue::{godata, record, target};
use kivuko_sims::godata::Outbreak;

use super::*;

fn kind(suffix: &str) -> String {
    format!("LNG_REFERENCE_DATA_CATEGORY_QUESTION_ANSWER_TYPE_{suffix}")
}

async fn world() -> World {
    let template = json!([
        { "text": "Fever?", "variable": "fever", "answerType": kind("SINGLE_ANSWER"), "answers": [
            { "label": "Yes", "value": "YES", "additionalQuestions": [{ "text": "Since?", "variable": "fever_onset", "answerType": kind("DATE_TIME") }] },
            { "label": "No", "value": "NO" }] },
        { "text": "Signs?", "variable": "signs", "answerType": kind("MULTIPLE_ANSWERS"), "answers": [
            { "label": "Cough", "value": "COUGH" }, { "label": "Rash", "value": "RASH" }] },
        { "text": "Temperature?", "variable": "temperature", "answerType": kind("NUMERIC"), "multiAnswer": true },
    ]);
    let outbreak = Outbreak::new(Options::OUTBREAK, "Ebola 2026").mask("*").with("caseInvestigationTemplate", template);
    World::with(Options { outbreaks: vec![outbreak], ..Options::for_tests() }, json!({})).await
}

fn with_answers(answers: Value) -> Value {
    let mut case = body("A");
    case["questionnaireAnswers"] = answers;
    case
}

#[tokio::test]
async fn answers_are_written_as_the_template_has_them_and_read_as_values() {
    let world = world().await;
    let target = world.cases().await;
    let answers = json!({ "fever": "YES", "fever_onset": "2026-02-01", "signs": ["COUGH", "RASH"],
        "temperature": [{ "value": 38.5, "date": "2026-02-01" }, { "value": 39, "date": "2026-02-02" }] });
    let creation = create(target.as_ref(), "A", with_answers(answers));
    let id = id_of(&write(target.as_ref(), std::slice::from_ref(&creation)).await[0]);
    let stored = world.cases_there().remove(0);
    assert_eq!(stored["questionnaireAnswers"], creation.body["questionnaireAnswers"], "stored as it was sent");
    let read = |paths: &'static [&'static str]| {
        let world = &world;
        async move {
            let pages = world.read("cases", |request| request.paths = paths.iter().map(|path| (*path).to_owned()).collect()).await;
            let body: Value = serde_json::from_slice(pages[0].records[0].body.as_ref().expect("an element")).expect("JSON");
            body["questionnaireAnswers"].clone()
        }
    };
    let plain = read(&["questionnaireAnswers.fever", "questionnaireAnswers['signs']", "questionnaireAnswers.temperature"]).await;
    assert_eq!((&plain["fever"], &plain["signs"], &plain["temperature"]), (&json!("YES"), &json!(["COUGH", "RASH"]), &json!([39, 38.5])));
    let listed = read(&["questionnaireAnswers.temperature[].value"]).await;
    assert_eq!(listed["temperature"][0], json!({ "date": "2026-02-02T00:00:00.000Z", "value": 39 }));
    let held = target.fetch(&[id]).await.expect("a look").remove(0).expect("it is there");
    assert_eq!(held.body["questionnaireAnswers"], stored["questionnaireAnswers"], "a target is compared with what it holds");
}

#[tokio::test]
async fn what_the_template_does_not_have_is_refused_before_it_is_sent() {
    let world = world().await;
    let target = world.cases().await;
    let code = |answers: Value| target.conform(with_answers(answers)).expect_err("refused")[0].code;
    assert_eq!(code(json!({ "fevr": "YES" })), target::UNKNOWN_FIELD);
    assert_eq!(code(json!({ "fever": "Yes" })), record::UNLISTED_CODE);
    assert_eq!(code(json!({ "fever": ["YES", "NO"] })), record::SEVERAL_VALUES);
    assert_eq!(code(json!({ "fever_onset": "1/2/2026" })), record::BAD_DATE);
    assert_eq!(code(json!({ "temperature": "hot" })), record::BAD_NUMBER);
    assert_eq!(code(json!({ "temperature": [{ "value": 38 }, { "value": 39 }] })), record::REQUIRED_EMPTY);
    let spec = TargetSpec {
        resource: "cases".into(),
        key: vec![EXTERNAL_ID.into()],
        paths: ["questionnaireAnswers.fevr", "questionnaireAnswers['signs']", "questionnaireAnswers.temperature[].value"]
            .map(str::to_owned)
            .into(),
        ..TargetSpec::default()
    };
    let causes = world.target_of(&spec).prepare().await.expect("the system answers");
    assert_eq!(causes.iter().map(|cause| cause.field.as_deref()).collect::<Vec<_>>(), [Some("questionnaireAnswers.fevr")]);
    assert!(causes[0].message.contains("did you mean `fever`?"), "{}", causes[0].message);
}

#[tokio::test]
async fn answers_of_other_days_are_declared_to_stay() {
    let target = world().await.cases().await;
    let whole = target.capabilities().replaced_whole;
    let dated = whole.iter().find(|whole| whole.path == "questionnaireAnswers.temperature").expect("it is asked on several days");
    assert_eq!(dated.identity, ["date"]);
}

#[tokio::test]
async fn variables_are_fields_of_the_description_and_are_read_in_one_form() {
    let world = world().await;
    let described = world.system.describe().await.expect("a description");
    let field = |path: &str| described[0].fields.iter().find(|field| field.path == path).map(|field| field.kind);
    assert_eq!(field("questionnaireAnswers.signs"), Some("array"));
    assert_eq!(field("questionnaireAnswers.fever_onset"), Some("date"));
    let source = world.system.source(&SourceSpec { resource: "cases".into(), ..SourceSpec::default() }).expect("a source");
    let mut request = reading(Partition(Options::OUTBREAK.to_owned()));
    request.paths = ["questionnaireAnswers.fever", "questionnaireAnswers.fever[0].date"].map(str::to_owned).into();
    let error = source.read(request).await.err().expect("two forms");
    assert_eq!(error.cause.code, godata::ANSWER_IN_TWO_FORMS);
}
