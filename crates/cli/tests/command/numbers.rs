//! A flow that counts as a person asks about it: where a record counts, what is missing in code maps, what is given up, and whether an org unit is there.

use kivuko_sims::dhis2::Dhis2Sim;
use kivuko_sims::godata::{Options, Sim};

use super::Folder;

/// The template of numbers between its two systems, with a code map that lacks a sex.
fn numbers() -> (tokio::runtime::Runtime, Sim, Dhis2Sim, Folder) {
    let folder = Folder::empty();
    assert_eq!(folder.run(&["init", ".", "--template", "weekly-numbers"]).code, 0);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let godata = Options::from_dir(&folder.path().join("simulator/godata")).expect("the data of Go.Data");
    let godata = runtime.block_on(Sim::start(godata)).expect("it starts");
    let dhis2 = kivuko_sims::dhis2::Options::from_dir(&folder.path().join("simulator/dhis2")).expect("the data of DHIS2");
    let dhis2 = runtime.block_on(Dhis2Sim::start(dhis2)).expect("it starts");
    folder.change("kivuko.yaml", "http://127.0.0.1:8080", &godata.url());
    folder.change("kivuko.yaml", "http://127.0.0.1:8085", &dhis2.url());
    folder.change("codes/sex.csv", "LNG_REFERENCE_DATA_CATEGORY_GENDER_MALE,M,\n", "");
    (runtime, godata, dhis2, folder)
}

#[test]
fn numbers_are_asked_about_and_given_up_cause_by_cause() {
    let (_runtime, _godata, _dhis2, folder) = numbers();
    folder.run(&["run", "weekly-cases"]).expect(1, &["K0306", "K1132"], &[]);

    // A record that counts has no outcome of its own: its numbers say that it was carried over.
    folder.run(&["find", "case-1"]).expect(0, &["counts in", "weekly-cases", "confirmed", "2026W20", "Péla (PelaDistric)"], &[]);
    let (found, _) = folder.json(&["find", "case-1"]);
    let counts = found["counts"].as_array().expect("a list");
    assert!(counts.iter().any(|one| one["indicator"] == "onset" && one["counts"] == "1" && one["flow"] == "weekly-cases"), "{found}");

    // What is missing in a code map is one of its own; how to see the value fits a flow that counts.
    let unmapped = folder.run(&["codes", "unmapped"]);
    unmapped.expect(0, &["sex", "K0306", "locations", "K1132"], &["--show-values", "rejects list --each"]);
    assert!(!unmapped.err.contains("personal: no"), "{}", unmapped.err);

    // One record has the cause alone, of another one the place is not known either.
    folder.run(&["rejects", "discard", "weekly-cases", "--code", "K0306", "--reason", "no such sex"]).expect(
        0,
        &["1 rejection discarded"],
        &["1 rejection was left", "K1132", "rejects discard weekly-cases"],
    );
    let (left, _) = folder.json(&["rejects", "discard", "weekly-cases", "--code", "K0306", "--reason", "no such sex"]);
    assert_eq!((&left["discarded"], left["left"].as_array().map(Vec::len)), (&0.into(), Some(1)), "{left}");
    let named = left["left"][0].to_string();
    folder.run(&["rejects", "discard", "weekly-cases", &named, "--reason", "not ours"]).expect(0, &["1 rejection discarded"], &[]);

    // The options of a category are not a code map's to give.
    folder.change("codes/sex.csv", "*,reject,", "*,keep,");
    folder.run(&["run", "weekly-cases"]).expect(1, &["K1135"], &[]);
    let (unmapped, _) = folder.json(&["codes", "unmapped"]);
    assert!(unmapped["unlisted"].as_array().is_some_and(|lists| lists.iter().all(|one| one["list"] == "locations")), "{unmapped}");

    // An org unit that is not there is refused, unless nobody is to be asked.
    let row = ["codes", "add", "locations", "godata=ZZ001003000000000000", "hmis=NORR"];
    folder.run(&row).expect(2, &[], &["K1117", "hmis has no org unit `NORR`", "nothing was added"]);
    folder.run(&[&row[..], &["--offline"]].concat()).expect(0, &["added"], &["whether the org unit is there was not asked"]);
    folder.run(&["check", "--online"]).expect(2, &["K1117", "`NORR`"], &[]);
    folder.change("codes/locations.csv", "NORR", "NOR");
    folder.run(&["codes", "add", "locations", "godata=ZZ001009000000000000", "hmis=NOR"]).expect(0, &["added"], &[]);
}

#[test]
fn of_records_that_were_only_counted_find_says_that_nothing_is_kept() {
    let (_runtime, _godata, _dhis2, folder) = numbers();
    folder.change("flows/weekly-cases.yaml", "drill: on ", "drill: off");
    folder.run(&["run", "weekly-cases"]).expect(1, &["K0306"], &[]);
    folder.run(&["find", "case-1"]).expect(0, &[], &["nothing is known of it", "`weekly-cases` counts with `drill: off`"]);
    folder.change("flows/daily-confirmed.yaml", "drill: on", "drill: off");
    folder.run(&["find", "case-1"]).expect(0, &[], &["`daily-confirmed`, `weekly-cases` count with `drill: off`"]);
}

#[test]
fn numbers_are_told_by_what_they_are_called() {
    let (_runtime, _godata, _dhis2, folder) = numbers();
    // A new number is one line, and nothing of it is anybody's.
    let plan = folder.run(&["plan", "weekly-cases", "--show", "1000"]);
    plan.expect(1, &["create  confirmed, 2026W20, Péla"], &[]);
    let new: Vec<&str> = plan.out.lines().filter(|line| line.starts_with("create  ")).collect();
    let lines = plan.out.lines().take_while(|line| !line.is_empty()).count();
    assert!(new.len() > 5 && lines == new.len(), "{}", plan.out);
    assert!(
        !plan.out.contains("PelaDistric") && !plan.out.contains("dataElement") && !plan.err.contains("masked"),
        "{}{}",
        plan.out,
        plan.err
    );
    folder.run(&["run", "weekly-cases"]).expect(1, &["created"], &[]);
    for arguments in [&["runs", "records", "1", "--outcome", "created"][..], &["revert", "1"]] {
        let told = folder.run(arguments);
        told.expect(0, &["deaths, 20", ", Péla, 50+"], &[]);
        assert!(!told.out.contains("PelaDistric"), "{}", told.out);
    }
    folder.run(&["revert", "1", "--yes"]).expect(0, &["restored"], &[]);
    let told = folder.run(&["runs", "records", "2"]);
    told.expect(0, &["deleted", "confirmed, 2026W20, Péla"], &[]);
    assert!(!told.out.contains("PelaDistric"), "{}", told.out);
}
