//! The published files of a laboratory through the project of the template `laboratory`: each result beside the case that the worked table names, sequencing beside the
//! result that it belongs to, nothing dropped, and nothing written a second time.
//!
//! The files are read where they lie; without them the test says that it was left out.

mod support;

use std::collections::BTreeMap;

use kivuko_sims::godata::Options;
use serde_json::{Value, json};
use support::{World, real, template};

const ROWS: &str = "interop/lab/lab_results_new.csv";

/// A case or a result of a look-up table as Go.Data has it.
fn case(row: &BTreeMap<&str, &str>) -> Value {
    json!({
        "id": row["_id"],
        "outbreakId": Options::OUTBREAK,
        "visualId": row["visualId"],
        "firstName": row["firstName"],
        "lastName": row["lastName"],
        "dob": format!("{}T00:00:00.000Z", row["dob"]),
        "dateOfReporting": format!("{}T00:00:00.000Z", row["dateOfReporting"]),
        "documents": [{ "type": "LNG_REFERENCE_DATA_CATEGORY_DOCUMENT_TYPE_NATIONAL_ID_CARD", "number": row["documents_number"] }],
    })
}

/// The rows of a table without quotes.
fn table(text: &str) -> Vec<BTreeMap<&str, &str>> {
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let names: Vec<&str> = lines.next().expect("there is a header").split(',').collect();
    lines.map(|line| names.iter().copied().zip(line.split(',')).collect()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_results_of_the_published_files_find_their_cases() {
    let Some(folder) = real::folder(ROWS) else { return };
    let lookup = real::text(&folder, "interop/lab/case_lookup_table.csv");
    let options = Options { cases: table(&lookup).iter().map(case).collect(), ..template::options("laboratory") };
    let world = World::of_template("laboratory", options).await;
    world.write("incoming/results.csv", &real::text(&folder, ROWS));

    let first = world.run("results").await;
    assert_eq!((first.counts.read, first.counts.created, first.counts.rejected), (6, 6, 0), "{:?}", first.causes);
    let results = world.sim.state().collection("labResult");
    let found: Vec<(String, String)> = results
        .iter()
        .map(|result| {
            let person = world.sim.state().person(result["personId"].as_str().expect("it has a person")).expect("the person is there");
            (result["sampleIdentifier"].as_str().unwrap_or_default().to_owned(), person["visualId"].as_str().unwrap_or_default().to_owned())
        })
        .collect();
    let expected = ["0005", "0006", "0007", "0008", "0009", "0010"].into_iter().zip(65..);
    let expected: BTreeMap<String, String> =
        expected.map(|(case, sample)| (format!("LS00{sample}-SCV2-PCR"), format!("C-2022-{case}"))).collect();
    assert_eq!(found.into_iter().collect::<BTreeMap<_, _>>(), expected);
    assert_eq!(world.sim.state().cases(Options::OUTBREAK).len(), 11, "a result makes no case");

    world.sim.log().clear();
    let second = world.run("results").await;
    assert_eq!((second.counts.read, second.counts.unchanged), (6, 6), "{:?}", second.causes);
    assert!(world.sim.log().writes().is_empty(), "the second run wrote: {:?}", world.sim.log().writes());
}

/// With exact rules alone three rows are clear, and for each of the others somebody is asked about the case that the table names.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_only_alike_is_asked_where_the_flow_says_so() {
    let Some(folder) = real::folder(ROWS) else { return };
    let lookup = real::text(&folder, "interop/lab/case_lookup_table.csv");
    let options = Options { cases: table(&lookup).iter().map(case).collect(), ..template::options("laboratory") };
    let world = World::of_template("laboratory", options).await;
    world.write("incoming/results.csv", &real::text(&folder, ROWS));
    let flow = std::fs::read_to_string(world.path("flows/results.yaml")).expect("the flow is there");
    let strict = flow
        .replace("          document: \"documents[].number\"\n", "")
        .replace("          - [document, dob]\n", "")
        .replace("          - [document, surname]\n", "")
        .replace("accept: 0.7", "accept: 1.0");
    assert_ne!(flow, strict);
    world.write("flows/results.yaml", &strict);

    let first = world.run("results").await;
    assert_eq!((first.counts.read, first.counts.created, first.counts.rejected), (6, 3, 3), "{:?}", first.causes);
    let engine = world.engine().await;
    let questions = engine.store().reviews(Some("results"), 100).await.expect("the questions can be read");
    let asked: BTreeMap<String, String> = questions
        .iter()
        .map(|row| {
            let best = world.sim.state().person(&row.review.candidates[0].target_id).expect("the candidate is there");
            (row.review.source.id.clone(), best["visualId"].as_str().unwrap_or_default().to_owned())
        })
        .collect();
    let expected = [("LS0065-SCV2-PCR", "C-2022-0005"), ("LS0066-SCV2-PCR", "C-2022-0006"), ("LS0067-SCV2-PCR", "C-2022-0007")];
    assert_eq!(asked, expected.map(|(row, case)| (row.to_owned(), case.to_owned())).into());
}
