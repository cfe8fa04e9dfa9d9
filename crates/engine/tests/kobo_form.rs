//! The submission of the toolkit's Kobo form, as it was published, through the project of the template `survey`: the case as it must be, and two warnings.
//!
//! The file is read where it lies; without it the test says that it was left out.

mod support;

use kivuko_sims::godata::Options;
use serde_json::json;
use support::{World, real, template};

const FORM: &str = "interop/toolkit/koboForm.json";

#[tokio::test(flavor = "multi_thread")]
async fn the_submission_of_the_toolkit_becomes_the_case_that_it_says() {
    let Some(folder) = real::folder(FORM) else { return };
    let world = World::of_template("survey", template::options("survey")).await;
    std::fs::remove_file(world.path("incoming/kobo/page-1.json")).expect("the samples are there");
    world.write("incoming/kobo/message.json", &real::text(&folder, FORM));
    let flow = std::fs::read_to_string(world.path("flows/kobo.yaml")).expect("the flow is there");
    // The file is a message of a REST service, with the submission inside of it.
    world.write("flows/kobo.yaml", &flow.replace("array: results", "object: body"));

    let first = world.run("kobo").await;
    assert_eq!((first.counts.read, first.counts.created), (1, 1), "{:?}", first.causes);
    let warned: Vec<(String, Option<String>)> = first
        .causes
        .iter()
        .map(|group| (group.code.to_string(), group.unlisted.as_ref().map(|unlisted| format!("{} = {}", unlisted.list, unlisted.value))))
        .collect();
    assert_eq!(
        warned,
        [("K0306".to_owned(), Some("camps = camp_23".to_owned())), ("K0306".to_owned(), Some("classification = n_id".to_owned()))]
    );
    let cases = world.sim.state().cases(Options::OUTBREAK);
    let [case] = cases.as_slice() else { panic!("there is one case") };
    let written = [
        ("visualId", json!("C19-930020123")),
        ("firstName", json!("Jane")),
        ("lastName", json!("Doe")),
        ("classification", json!("LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_SUSPECT")),
        ("gender", json!("LNG_REFERENCE_DATA_CATEGORY_GENDER_FEMALE")),
        ("age", json!({ "years": 32, "months": 0 })),
        ("dateOfReporting", json!("2020-12-20T00:00:00.000Z")),
        ("questionnaireAnswers", json!({ "symptoms": [{ "value": ["BREATHLESS"] }], "travel": [{ "value": "NO" }] })),
    ];
    for (field, expected) in written {
        assert_eq!(case[field], expected, "{field}");
    }
    assert_eq!(case["addresses"][0]["typeId"], "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE");
    assert_eq!(case["addresses"][0]["city"], "teknaf");
    assert!(case["addresses"][0]["locationId"].is_null(), "the camp has no place in Go.Data");
    assert!(world.sim.state().people().len() == 1, "the form has no contacts");

    world.sim.log().clear();
    let second = world.run("kobo").await;
    assert_eq!((second.counts.read, second.counts.unchanged), (1, 1), "{:?}", second.causes);
    assert!(world.sim.log().writes().is_empty(), "the second run wrote: {:?}", world.sim.log().writes());
}
