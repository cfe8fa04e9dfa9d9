//! Runs that do not end by themselves: how the history tells of them, and what is told while another one waits for them.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use kivuko_sims::pause::{Pause, Phase};

use super::{Folder, simulator};

fn start(folder: &Folder, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_kivuko"))
        .args(arguments)
        .current_dir(folder.path())
        .env_remove("GODATA_PASSWORD")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts")
}

#[test]
fn a_revert_that_was_killed_is_told_as_such() {
    let (runtime, sim) = simulator();
    let folder = Folder::against(&sim.url());
    folder.change("kivuko.yaml", "    kind: godata\n", "    kind: godata\n    settle_secs: 0.2\n");
    folder.run(&["run", "cases"]).expect(1, &["4 created"], &[]);
    let mut held = sim.pause_at(Pause::nth(1, Phase::BeforeApply).on("DELETE", "/api/outbreaks/*"));
    let mut revert = start(&folder, &["revert", "1", "--yes"]);
    assert!(runtime.block_on(held.reached()), "nothing was deleted");
    folder.run(&["runs"]).expect(0, &["running", "nothing put down yet", "revert of run 1"], &[]);
    revert.kill().expect("it can be killed");
    // Dead, and its parent (we) has not asked how it ended.
    let stat = format!("/proc/{}/stat", revert.id());
    while !std::fs::read_to_string(&stat).expect("it keeps its number").contains(") Z ") {
        std::thread::yield_now();
    }
    folder.run(&["runs"]).expect(0, &["cut off", "nothing put down", "revert of run 1"], &[]);
    revert.wait().expect("it is dead");
    held.resume();

    folder.run(&["runs"]).expect(0, &["cut off", "nothing put down", "revert of run 1"], &[]);
    let helps = "found out by `kivuko revert 1` (a run of `cases` would write again what is taken back)";
    folder.run(&["runs", "show", "2"]).expect(0, &["K0809", "4 writes were under way", helps], &["kivuko revert 1"]);
    let (document, _) = folder.json(&["runs"]);
    assert_eq!(document["runs"][0]["error"]["code"], "K0809", "{document}");
    // What was not deleted yet has no other version than before.
    folder.run(&["revert", "1", "--yes"]).expect(0, &["4 deleted"], &[]);
    folder.run(&["runs", "show", "2"]).expect(
        0,
        &["cut off", "4 writes were under way, and the next run of the flow finds out"],
        &["kivuko revert 1"],
    );
}

#[test]
fn who_waits_for_another_run_says_so() {
    let (runtime, sim) = simulator();
    let folder = Folder::against(&sim.url());
    folder.change("kivuko.yaml", "    kind: godata\n", "    kind: godata\n    settle_secs: 1.5\n");
    folder.run(&["run", "cases"]).expect(1, &["4 created"], &[]);
    let mut held = sim.pause_at(Pause::nth(1, Phase::BeforeApply).on("DELETE", "/api/outbreaks/*"));
    let mut first = start(&folder, &["revert", "1", "--yes"]);
    assert!(runtime.block_on(held.reached()), "nothing was deleted");
    let mut second = start(&folder, &["revert", "1", "--yes"]);
    let mut said = BufReader::new(second.stderr.take().expect("it was piped"));
    let mut heard = String::new();
    let waited = format!("another run (process {}) holds `flow cases`; waiting for it to end", first.id());
    while !heard.contains(&waited) {
        assert!(said.read_line(&mut heard).expect("text") > 0, "it did not say that it waits: {heard}");
    }
    assert!(heard.contains("4 writes of an earlier run may still take effect; waiting for that"), "{heard}");
    held.resume();
    assert_eq!(first.wait().expect("it ends").code(), Some(0));
    said.read_to_string(&mut heard).expect("text");
    second.wait().expect("it ends");
    assert_eq!(sim.log().writes().iter().filter(|entry| entry.method == "DELETE").count(), 4, "one deletion for each: {heard}");
}

#[test]
fn what_a_killed_run_had_under_way_is_not_called_nothing() {
    let (runtime, sim) = simulator();
    let folder = Folder::against(&sim.url());
    folder.change("kivuko.yaml", "    kind: godata\n", "    kind: godata\n    settle_secs: 0.2\n");
    let mut held = sim.pause_at(Pause::nth(1, Phase::AfterApply).on("POST", "/api/outbreaks/outbreak-ebola-2026/cases"));
    let mut run = start(&folder, &["run", "cases"]);
    assert!(runtime.block_on(held.reached()), "nothing was written");
    run.kill().expect("it can be killed");
    run.wait().expect("it is dead");
    held.resume();

    let there = ["by a run that was cut off; nothing is sent", "there already: a run that was cut off wrote it"];
    folder.run(&["plan", "cases"]).expect(1, &there, &[]);
    folder.run(&["revert", "1"]).expect(2, &[], &["K0809", "run 1 was cut off with", "under way", "`kivuko run cases` finds out"]);
    folder.run(&["run", "cases"]).expect(1, &["4 created"], &[]);
    folder.run(&["revert", "1"]).expect(0, &["what it had under way counts to the run that found it: run 2"], &[]);
    folder.run(&["revert", "2", "--yes"]).expect(0, &["4 deleted"], &[]);
}

#[test]
fn the_list_of_runs_says_what_was_switched_off_as_the_run_does() {
    let (_runtime, sim) = simulator();
    let folder = Folder::against(&sim.url());
    let write = |file: &str, text: &str| std::fs::write(folder.path().join(file), text).expect("it can be written");
    write(
        "flows/places.yaml",
        "flow: places\nfrom: { system: registers, resource: places.csv, id: code }\nmapping: places.csv\n\
         to: { system: godata, resource: locations, key: \"identifiers[description=REGISTER].code\" }\n\
         deletes: { detect: absence, then: deactivate, stop_above: 90% }\n",
    );
    write(
        "mappings/places.csv",
        "target,source,transform,empty,personal\nname,name,,reject,no\nactive,,{ true },,no\n\
         identifiers[description=REGISTER].code,code,,reject,no\n",
    );
    write("data/places.csv", "code,name\nP-1,Bo\nP-2,Kenema\n");
    folder.run(&["run", "places"]).expect(0, &["2 created"], &[]);
    write("data/places.csv", "code,name\nP-1,Bo\n");
    let (run, _) = folder.json(&["run", "places"]);
    assert_eq!((&run["deleted"], &run["switched_off"]), (&1.into(), &1.into()), "{run}");
    let (list, _) = folder.json(&["runs"]);
    assert_eq!(list["runs"][0]["switched_off"], 1, "{list}");
    assert_eq!(list["runs"][1].get("switched_off"), None, "a run that switched nothing off does not say so: {list}");
}
