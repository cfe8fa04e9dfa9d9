//! The questions to a person as commands: what they print, what they mask, how they end.

use kivuko_sims::godata::{Options, Sim};
use serde_json::Value;

use super::{Folder, HERE};

/// The project of the template `laboratory`, beside a Go.Data that holds its cases.
pub fn laboratory() -> (tokio::runtime::Runtime, Sim, Folder) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let options =
        Options::from_dir(&std::path::Path::new(HERE).join("templates/laboratory/simulator")).expect("the template says what is there");
    let sim = runtime.block_on(Sim::start(options)).expect("the simulator starts");
    let folder = Folder::empty();
    folder.run(&["init", ".", "--template", "laboratory"]).expect(0, &[], &[]);
    folder.change("kivuko.yaml", "http://127.0.0.1:8080", &sim.url());
    (runtime, sim, folder)
}

/// The number of the one open question.
fn question(folder: &Folder) -> String {
    let (document, _) = folder.json(&["review", "list", "results"]);
    let questions = document["questions"].as_array().expect("a list");
    assert_eq!(questions.len(), 1, "{document}");
    questions[0]["id"].to_string()
}

/// What of Zilah Monteker and her birth date is in a text.
pub fn personal(text: &str) -> bool {
    ["Zilah", "Monteker", "1980"].iter().any(|value| text.contains(value))
}

#[test]
fn a_question_is_listed_shown_masked_and_answered() {
    let (_runtime, sim, folder) = laboratory();
    folder.run(&["review"]).expect(0, &[], &["no question is open"]);
    folder.run(&["run", "results"]).expect(1, &["K0346"], &[]);
    let listed = folder.run(&["review"]);
    listed.expect(0, &["LA-26-0304", "results.csv", "results"], &["kivuko review show"]);
    assert!(!personal(&listed.out) && !personal(&listed.err), "{}", listed.out);

    let id = question(&folder);
    let masked = folder.run(&["review", "show", &id]);
    masked.expect(
        0,
        &["case-lab-04", "case-lab-05", "surname"],
        &["values are masked; --show-values shows them", &format!("review accept {id} 1")],
    );
    assert!(!personal(&masked.out) && !personal(&masked.err), "{}", masked.out);
    let (document, code) = folder.json(&["review", "show", &id]);
    assert_eq!(code, 0);
    assert_eq!(document["candidates"].as_array().map(Vec::len), Some(2), "{document}");
    assert_eq!(document["fields"][0]["candidates"].as_array().map(Vec::len), Some(2), "{document}");
    assert!(!personal(&document.to_string()), "{document}");
    folder.run(&["review", "show", &id, "--show-values"]).expect(0, &["Zilah", "Monteker", "1980-02-09"], &[]);
    assert!(personal(&folder.json(&["review", "show", &id, "--show-values"]).0.to_string()));

    // Neither a question nor a candidate that is not there is answered.
    folder.run(&["review", "show", "9999"]).expect(2, &[], &["there is no open question 9999", "review list"]);
    folder.run(&["review", "accept", "9999", "1"]).expect(2, &[], &["K0930", "9999"]);
    folder.run(&["review", "accept", &id, "3"]).expect(2, &[], &["K0930", "no candidate `3`"]);
    folder.run(&["review", "accept", &id, "case-lab-01"]).expect(2, &[], &["K0930", "no candidate `case-lab-01`"]);
    folder.run(&["review", "history"]).expect(0, &[], &["nothing was decided yet"]);

    let answered = folder.run(&["review", "accept", &id, "case-lab-05", "--by", "Data Desk", "--reason", "her form says so"]);
    answered.expect(0, &["kept: link LA-26-0304, by Data Desk"], &["run results --only LA-26-0304"]);
    folder.run(&["review", "accept", &id, "case-lab-05"]).expect(2, &[], &["K0930"]);
    folder.run(&["review", "list"]).expect(0, &[], &["no question is open"]);
    folder.run(&["review", "history"]).expect(0, &["LA-26-0304", "link", "case-lab-05", "Data Desk", "her form says so"], &[]);
    folder.run(&["run", "results", "--only", "LA-26-0304"]).expect(0, &[], &[]);
    let results = sim.state().collection("labResult");
    let result = results.iter().find(|result| result["sampleIdentifier"] == "LA-26-0304").expect("it was made");
    assert_eq!(result["personId"], "case-lab-05");
}

#[test]
fn somebody_new_and_somebody_who_is_left_out() {
    let (_runtime, sim, folder) = laboratory();
    folder.run(&["run", "results"]).expect(1, &[], &[]);
    let (document, code) = folder.json(&["review", "new", &question(&folder), "--by", "Data Desk"]);
    assert_eq!((code, &document["kind"], &document["target_id"]), (0, &Value::from("new"), &Value::Null), "{document}");
    // A result never makes a case, so now it has none; nobody is asked again.
    let (ran, code) = folder.json(&["run", "results", "--only", "LA-26-0304"]);
    assert_eq!((code, ran["rejected"].as_u64()), (1, Some(1)), "{ran}");
    folder.run(&["review"]).expect(0, &[], &["no question is open"]);

    let (_runtime_of_another, other, folder) = laboratory();
    folder.run(&["run", "results"]).expect(1, &[], &[]);
    folder.run(&["review", "discard", &question(&folder), "--reason", "taken twice"]).expect(0, &["kept: discard LA-26-0304"], &[]);
    let (ran, code) = folder.json(&["run", "results", "--only", "LA-26-0304"]);
    assert_eq!((code, ran["skipped"].as_u64()), (0, Some(1)), "{ran}");
    for sim in [sim, other] {
        assert!(sim.state().collection("labResult").iter().all(|result| result["sampleIdentifier"] != "LA-26-0304"));
    }
}

#[test]
fn links_are_corrected_with_a_reason_and_a_history() {
    let (_runtime, sim, folder) = laboratory();
    folder.run(&["run", "results"]).expect(1, &[], &[]);
    let before = sim.state().collection("labResult").len();
    // A correction needs a reason, a flow that looks for people, and a link.
    folder.run(&["review", "unlink", "results", "LA-26-0301"]).expect(2, &[], &["--reason"]);
    folder.run(&["review", "unlink", "results", "LA-26-0301", "--reason", " "]).expect(2, &[], &["reason"]);
    folder.run(&["review", "unlink", "results", "NOT-THERE", "--reason", "a test"]).expect(2, &[], &["K0931", "NOT-THERE"]);
    folder.run(&["review", "split", "results", "LA-26-0304", "--reason", "a test"]).expect(2, &[], &["K0931"]);
    folder.run(&["review", "merge", "samples", "S-1", "case-lab-01", "--reason", "a test"]).expect(2, &[], &["K0931", "no `match`"]);
    folder.run(&["review", "history"]).expect(0, &[], &["nothing was decided yet"]);

    folder.run(&["review", "unlink", "results", "LA-26-0301", "--reason", "another woman", "--by", "Data Desk"]).expect(
        0,
        &["kept: unlink LA-26-0301, by Data Desk"],
        &["run results --only LA-26-0301"],
    );
    folder.run(&["run", "results", "--only", "LA-26-0301"]).expect(1, &["K0346"], &[]);
    folder.run(&["review", "split", "results", "LA-26-0302", "--reason", "a namesake"]).expect(0, &["kept: split LA-26-0302"], &[]);
    folder.run(&["run", "results", "--only", "LA-26-0302"]).expect(1, &["K0345"], &[]);
    folder.run(&["review", "merge", "results", "LA-26-0305", "case-lab-06", "--reason", "married"]).expect(
        0,
        &["kept: merge LA-26-0305"],
        &[],
    );
    folder.run(&["run", "results", "--only", "LA-26-0305"]).expect(0, &[], &[]);
    let results = sim.state().collection("labResult");
    assert_eq!(results.len(), before + 1);
    let result = results.iter().find(|result| result["sampleIdentifier"] == "LA-26-0305").expect("it was made");
    assert_eq!(result["personId"], "case-lab-06");

    let (document, code) = folder.json(&["review", "history", "results"]);
    let kinds: Vec<&str> = document["decisions"].as_array().expect("a list").iter().filter_map(|one| one["kind"].as_str()).collect();
    assert_eq!((code, kinds), (0, vec!["merge", "split", "unlink"]), "{document}");
    folder.run(&["review", "list", "no-such-flow"]).expect(2, &[], &["there is no flow `no-such-flow`"]);
}
