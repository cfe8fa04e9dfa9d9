//! The binary as a person uses it: what it prints where, and with which exit code.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use kivuko_sims::godata::{Options, Sim};
#[cfg(unix)]
use kivuko_sims::pause::{Pause, Phase};
use serde_json::Value;

#[path = "command/codes.rs"]
mod codes;
#[path = "command/emptied.rs"]
mod emptied;
#[path = "command/matching.rs"]
mod matching;
#[path = "command/numbers.rs"]
mod numbers;
#[path = "command/online.rs"]
mod online;
#[path = "command/places.rs"]
mod places;
#[path = "command/review.rs"]
mod review;
#[cfg(unix)]
#[path = "command/runs.rs"]
mod runs;

/// The folder of this crate.
const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// A project folder of its own.
struct Folder(tempfile::TempDir);

impl Folder {
    /// An empty folder.
    fn empty() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// What `init` makes.
    fn new() -> Self {
        let folder = Self::empty();
        assert_eq!(folder.run(&["init", "."]).code, 0);
        folder
    }

    /// What `init` makes, for a Go.Data at this address.
    fn against(url: &str) -> Self {
        let folder = Self::new();
        folder.change("kivuko.yaml", "http://127.0.0.1:8080", url);
        folder
    }

    fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    fn change(&self, file: &str, from: &str, to: &str) {
        let path = self.path().join(file);
        let text = std::fs::read_to_string(&path).expect("the file is there");
        assert!(text.contains(from), "{file} does not hold {from}");
        std::fs::write(path, text.replace(from, to)).expect("it can be written");
    }

    /// So many cases, all of them good, in the place of those that `init` makes.
    fn fill(&self, cases: usize) {
        let heading = "case_id,first_name,last_name,sex,date_of_birth,age,classification,reported,onset\n".to_owned();
        let rows = (0..cases).map(|number| format!("N-{number},Aminata,Sesay,F,,39,suspect,02/11/2026,\n"));
        std::fs::write(self.path().join("data/cases.csv"), heading + &rows.collect::<String>()).expect("it can be written");
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        run_in(self.0.path(), arguments, input)
    }

    /// What a command does that came second: it waits for another one that changes the codes of the project, which does this `meanwhile`.
    fn second(&self, arguments: &[&str], meanwhile: impl FnOnce()) -> Ran {
        use std::io::{BufRead as _, BufReader, Read as _};

        std::fs::create_dir_all(self.path().join(".kivuko")).expect("a folder");
        let lock = std::fs::File::create(self.path().join(".kivuko/codes.lock")).expect("it can be made");
        lock.lock().expect("nobody else has it");
        let mut second = Command::new(env!("CARGO_BIN_EXE_kivuko"))
            .args(arguments)
            .current_dir(self.path())
            .env_remove("GODATA_PASSWORD")
            .env("KIVUKO_USER", "Fatu")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut said = BufReader::new(second.stderr.take().expect("it was piped"));
        let mut err = String::new();
        while !err.contains("waiting for another command") {
            assert!(said.read_line(&mut err).expect("text") > 0, "{arguments:?} did not wait: {err}");
        }
        meanwhile();
        lock.unlock().expect("it was locked");
        said.read_to_string(&mut err).expect("text");
        let mut out = String::new();
        second.stdout.take().expect("it was piped").read_to_string(&mut out).expect("text");
        Ran { out, err, code: second.wait().expect("it ends").code().expect("it ends by itself") }
    }

    /// Its one JSON document.
    fn json(&self, arguments: &[&str]) -> (Value, i32) {
        let mut with_json = arguments.to_vec();
        with_json.push("--json");
        let ran = self.run(&with_json);
        let document = serde_json::from_str(&ran.out)
            .unwrap_or_else(|error| panic!("{arguments:?} printed no single document ({error}): {}", ran.out));
        (document, ran.code)
    }
}

/// What a call printed, and how it ended.
struct Ran {
    out: String,
    err: String,
    code: i32,
}

impl Ran {
    fn expect(&self, code: i32, out: &[&str], err: &[&str]) {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.out, self.err);
        for part in out {
            assert!(self.out.contains(part), "`{part}` is not in standard output: {}", self.out);
        }
        for part in err {
            assert!(self.err.contains(part), "`{part}` is not in standard error: {}", self.err);
        }
        assert!(!self.out.contains('\x1b') && !self.err.contains('\x1b'), "there is colour without a terminal");
    }
}

fn run_in(folder: &Path, arguments: &[&str], input: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kivuko"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("KIVUKO_KEY")
        .env_remove("KIVUKO_ENV")
        .env_remove("KIVUKO_PROJECT")
        .env_remove("GODATA_PASSWORD")
        .env("KIVUKO_USER", "Fatu")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    std::io::Write::write_all(&mut child.stdin.take().expect("it has an input"), input.as_bytes()).ok();
    let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
    Ran {
        out: String::from_utf8(stdout).expect("text"),
        err: String::from_utf8(stderr).expect("text"),
        code: status.code().expect("it ends by itself"),
    }
}

/// A simulated Go.Data that lives as long as its runtime.
fn simulator() -> (tokio::runtime::Runtime, Sim) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let sim = runtime.block_on(Sim::start(Options::default())).expect("the simulator starts");
    (runtime, sim)
}

#[test]
fn a_new_project_is_accepted_and_nothing_is_overwritten() {
    let folder = Folder::new();
    folder.run(&["check"]).expect(0, &["well", "1 flow, 2 systems, 2 checks"], &["kivuko check --online"]);
    folder.run(&["init", "."]).expect(2, &[], &["is there already"]);
    folder.run(&["systems"]).expect(0, &["registers", "godata", "http://127.0.0.1:8080"], &[]);
    folder.run(&["runs"]).expect(0, &[], &["nothing has run yet"]);
    let ignored = std::fs::read_to_string(folder.path().join(".gitignore")).expect("init makes it");
    assert!(ignored.contains(".env") && ignored.contains(".kivuko/"));
}

#[test]
fn all_project_errors_are_shown_at_once_with_their_places() {
    let folder = Folder::new();
    folder.change("flows/cases.yaml", "mapping: cases.csv", "maping: cases.csv");
    folder.change("mappings/cases.csv", "trim | title", "trim | titel");
    folder.change("kivuko.yaml", "kind: file", "kind: fiel");
    let ran = folder.run(&["check"]);
    ran.expect(2, &["flows/cases.yaml:11:1", "`mapping`", "kivuko.yaml:6:", "`file`", "^^^^"], &["kivuko explain K"]);
    let (document, code) = folder.json(&["check"]);
    assert_eq!(code, 2);
    assert!(document["problems"].as_array().expect("a list").len() >= 2, "{document}");
    // A command that needs a sound project shows the same.
    folder.run(&["run", "cases"]).expect(2, &[], &["flows/cases.yaml:11:1", "kivuko.yaml:6:"]);
}

#[test]
fn a_cell_that_is_wrong_is_shown_in_its_row() {
    let folder = Folder::new();
    folder.change("mappings/cases.csv", "trim | title", "trim | titel");
    folder.run(&["check"]).expect(2, &["mappings/cases.csv, row 3, column transform", "titel", "`title`", "^^^^"], &[]);
}

#[test]
fn pages_are_there_without_a_project() {
    let folder = Folder::empty();
    folder.run(&["explain", "K0306"]).expect(0, &["K0306: a value is not in the code list", "What happened", "Cure"], &[]);
    folder.run(&["explain", "k0306"]).expect(0, &["K0306"], &[]);
    folder.run(&["explain"]).expect(0, &["K0306", "the network"], &[]);
    folder.run(&["explain", "K9999"]).expect(2, &[], &["there is no code K9999"]);
    folder.run(&["transforms"]).expect(0, &["text", "trim", "date and age"], &[]);
    folder.run(&["transforms", "title"]).expect(0, &["Amina Koné-Diallo"], &[]);
    folder.run(&["transforms", "titel"]).expect(2, &[], &["did you mean `title`?"]);
    folder.run(&["systems", "kinds"]).expect(0, &["file", "godata", "dhis2"], &[]);
    let (kinds, _) = folder.json(&["systems", "kinds"]);
    let kinds: Vec<String> =
        kinds["kinds"].as_array().expect("a list").iter().map(|one| format!("`{}`", one["kind"].as_str().expect("a name"))).collect();
    folder.run(&["systems", "kinds", "--help"]).expect(0, &kinds.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
    folder.run(&["systems", "kinds", "godata"]).expect(0, &["password", "required, secret"], &[]);
    let (codes, _) = folder.json(&["explain"]);
    assert!(codes["codes"].as_array().expect("a list").len() > 50);
}

#[test]
fn the_command_line_is_answered_with_2() {
    let folder = Folder::empty();
    folder.run(&["rnu"]).expect(2, &[], &["'runs'"]);
    folder.run(&["check"]).expect(2, &[], &["kivuko.yaml", "kivuko init"]);
    folder.run(&["rejects", "discard", "cases", "--all"]).expect(2, &[], &["--reason"]);
    folder.run(&["sim", "godta"]).expect(2, &[], &["did you mean `godata`?"]);
    folder.run(&["sim", "godata", "--port", "0", "--data", "nowhere"]).expect(2, &[], &["there is no folder `nowhere`"]);
    let (document, code) = folder.json(&["plan"]);
    assert_eq!((code, &document["error"]["consequence"]), (2, &"fix-configuration".into()));
    folder.run(&["--help"]).expect(0, &["Commands:"], &[]);
    folder.run(&["--version"]).expect(0, &["kivuko "], &[]);
}

#[test]
fn a_server_that_is_not_there_is_3_with_what_to_do() {
    let folder = Folder::against("http://127.0.0.1:1");
    folder.run(&["run", "cases"]).expect(3, &["stopped early", "127.0.0.1:1"], &["kivuko explain K", "kivuko run cases"]);
    folder.run(&["systems", "test", "godata"]).expect(3, &["error", "system godata"], &["kivuko explain K"]);
    let (document, code) = folder.json(&["run", "cases"]);
    assert_eq!((code, &document["status"]), (3, &"incomplete".into()), "{document}");
}

#[test]
fn an_account_adds_up_and_a_second_run_changes_nothing() {
    let (_runtime, sim) = simulator();
    let folder = Folder::against(&sim.url());
    folder.run(&["check", "--online"]).expect(0, &["well", "system godata"], &[]);

    let (account, code) = folder.json(&["run", "cases"]);
    assert_eq!(code, 1, "{account}");
    for (name, expected) in [("read", 5), ("created", 4), ("rejected", 1), ("updated", 0), ("unchanged", 0), ("failed", 0), ("waiting", 0)]
    {
        assert_eq!(account[name], expected, "{name} in {account}");
    }
    assert_eq!(account["status"], "complete");
    assert_eq!(account["writes"]["created"], 4);
    for name in ["run", "flow", "counted", "deleted", "skipped", "requests", "seconds", "causes"] {
        assert!(!account[name].is_null(), "{name} is missing in {account}");
    }
    let writes = sim.log().writes().len();

    folder.run(&["run", "cases"]).expect(1, &["5 read = 4 unchanged + 1 rejected", "K0306"], &["kivuko rejects list cases"]);
    let after: Vec<_> = sim.log().writes();
    assert_eq!(after.iter().skip(writes).map(|entry| entry.records).sum::<usize>(), 0, "something was written for nothing");

    folder.run(&["runs"]).expect(0, &["just now", "4 created"], &[]);
    folder.run(&["runs", "show", "1"]).expect(
        0,
        &["run 1 of cases", "5 read = 4 created + 1 rejected", "flows/cases.yaml"],
        &["kivuko runs records 1"],
    );
    folder.run(&["runs", "records", "1", "--outcome", "rejected"]).expect(0, &["C-005", "cases.csv, row 6"], &[]);
    folder.run(&["find", "C-001"]).expect(0, &["linked", "created"], &[]);
    folder.run(&["find", "C-999"]).expect(0, &[], &["nothing is known"]);
}

#[test]
fn values_are_masked_unless_the_sheet_or_the_person_says_otherwise() {
    let (_runtime, sim) = simulator();
    let folder = Folder::against(&sim.url());
    let masked = folder.run(&["plan", "cases"]);
    masked.expect(1, &["create", "C-001", "‹text of 7›", "GENDER_FEMALE", "4 created"], &["--show-values"]);
    assert!(!masked.out.contains("Aminata") && !masked.out.contains("1987"), "{}", masked.out);
    folder.run(&["plan", "cases", "--show-values"]).expect(1, &["Aminata"], &[]);
    let (document, code) = folder.json(&["plan", "cases", "--save"]);
    assert_eq!((code, &document["created"], document["planned"].as_array().map(Vec::len)), (1, &4.into(), Some(5)), "{document}");
    assert!(!document.to_string().contains("Aminata"));
    assert_eq!(sim.log().writes().iter().map(|entry| entry.records).sum::<usize>(), 0, "a plan has written");

    let plan = document["plan"].to_string();
    folder.run(&["run", "cases", "--plan", &plan]).expect(0, &["4 created"], &[]);
    folder.run(&["run", "cases"]).expect(1, &["1 rejected"], &[]);
    let shown = folder.run(&["rejects", "show", "1"]);
    shown.expect(0, &["K0306", "C-005", "‹text of 5›"], &["kivuko rejects retry cases 1"]);
    assert!(!shown.out.contains("Isata"), "{}", shown.out);
    folder.run(&["rejects", "show", "1", "--show-values"]).expect(0, &["Isata"], &[]);
}

#[test]
fn rows_of_one_identity_are_counted_as_the_run_counts_them() {
    let (_runtime, sim) = simulator();
    let folder = Folder::against(&sim.url());
    let heading = "case_id,first_name,last_name,sex,date_of_birth,age,classification,reported,onset\n";
    let rows = ["Ama", "Binta", "Cece"].map(|name| format!("N-1,{name},Sesay,F,,39,suspect,02/11/2026,\n")).concat();
    std::fs::write(folder.path().join("data/cases.csv"), format!("{heading}{rows}")).expect("it can be written");
    folder.run(&["plan", "cases"]).expect(1, &["3 read = 3 rejected", "K0312"], &[]);
    folder.run(&["run", "cases"]).expect(1, &["3 read = 3 rejected", "K0312"], &["kivuko rejects list cases"]);
    let listed = folder.run(&["rejects", "list"]);
    listed.expect(0, &["3 records rejected", "3 records of the input have the identity"], &[]);
    let (document, _) = folder.json(&["rejects", "list"]);
    assert_eq!((&document["flows"][0]["rejected"], &document["flows"][0]["causes"][0]["records"]), (&3.into(), &3.into()), "{document}");
    // What runs have put down is there to be looked at, also after a plan.
    folder.run(&["plan", "cases"]).expect(1, &["3 rejected"], &["kivuko rejects list cases", "kivuko rejects retry cases --all"]);
}

#[test]
fn what_was_rejected_goes_through_after_the_repair() {
    let (_runtime, sim) = simulator();
    let folder = Folder::against(&sim.url());
    folder.run(&["run", "cases"]).expect(1, &["1 rejected"], &[]);
    folder.run(&["rejects"]).expect(
        0,
        &["cases", "1 record rejected", "K0306", "cases.csv, row 6"],
        &["kivuko rejects retry cases --code K0306"],
    );
    folder.run(&["rejects", "list", "cases", "--each"]).expect(0, &["C-005"], &[]);
    folder.change("codes/sex.csv", "*,reject", "U,LNG_REFERENCE_DATA_CATEGORY_GENDER_MALE\n*,reject");
    // The check that expects the rejection is still right: it is of another sex that is not listed.
    folder.change("checks/cases.yaml", "sex: U", "sex: X");
    folder.run(&["rejects", "retry", "cases", "--code", "K0306"]).expect(0, &["1 read = 1 created"], &[]);
    folder.run(&["rejects"]).expect(0, &[], &["nothing is rejected"]);
    folder.run(&["rejects", "retry", "cases", "--all"]).expect(0, &[], &["nothing is rejected"]);
}

#[test]
fn a_rejection_is_discarded_for_a_reason() {
    let (_runtime, sim) = simulator();
    let folder = Folder::against(&sim.url());
    folder.run(&["run", "cases"]).expect(1, &["1 rejected"], &[]);
    folder.run(&["rejects", "discard", "cases", "--all", "--reason", " "]).expect(2, &[], &["--reason is empty"]);
    folder.run(&["rejects", "discard", "cases", "7", "--reason", "a test"]).expect(2, &[], &["no open rejection 7"]);
    folder.run(&["rejects", "discard", "cases", "1", "--reason", "a test record"]).expect(0, &["1 rejection discarded"], &[]);
    folder.run(&["rejects"]).expect(0, &[], &["nothing is rejected"]);
}

#[test]
fn a_revert_is_shown_first_and_done_when_a_person_says_so() {
    let (_runtime, sim) = simulator();
    let folder = Folder::against(&sim.url());
    folder.run(&["run", "cases"]).expect(1, &["4 created"], &[]);
    let before = sim.log().writes().len();
    folder.run(&["revert", "1"]).expect(0, &["taking run 1 back", "4 would be deleted"], &["writes it again", "kivuko revert 1 --yes"]);
    assert_eq!(sim.log().writes().len(), before, "showing has written");
    folder.run(&["revert", "1", "--yes"]).expect(
        0,
        &["4 deleted"],
        &["now due (4 records)", "the next run of `cases` writes it again", "kivuko plan cases"],
    );
    folder.run(&["revert", "77"]).expect(2, &[], &["there is no run 77"]);
}

#[test]
fn secrets_come_from_standard_input_and_are_used() {
    let (_runtime, sim) = simulator();
    let folder = Folder::against(&sim.url());
    std::fs::write(folder.path().join(".env"), "").expect("it can be written");
    folder.run(&["run", "cases"]).expect(2, &[], &["GODATA_PASSWORD", "kivuko explain K"]);
    folder.run(&["secrets", "list"]).expect(0, &[], &["no secret"]);
    let stored = folder.run_with(&["secrets", "set", "GODATA_PASSWORD"], "correct horse battery\n");
    stored.expect(0, &["GODATA_PASSWORD"], &[]);
    assert!(!stored.out.contains("horse"));
    folder.run(&["secrets", "list"]).expect(0, &["GODATA_PASSWORD"], &[]);
    folder.run_with(&["secrets", "set", "EMPTY"], "").expect(2, &[], &["no value"]);
    folder.run_with(&["secrets", "set", "a-b"], "x").expect(2, &[], &["no name for a secret"]);
    folder.run(&["run", "cases"]).expect(1, &["4 created"], &[]);
}

#[test]
fn a_column_that_the_source_does_not_have_is_told_online() {
    let (_runtime, sim) = simulator();
    let folder = Folder::against(&sim.url());
    let sheet = folder.path().join("mappings/cases.csv");
    let text = std::fs::read_to_string(&sheet).expect("the sheet can be read");
    std::fs::write(&sheet, text.replace("lastName,last_name", "lastName,lastname")).expect("it can be written");
    folder.run(&["check", "--online"]).expect(2, &["K0240", "did you mean `last_name`?"], &[]);
}

#[test]
fn a_cursor_is_moved_with_a_reason() {
    let (_runtime, sim) = simulator();
    let folder = Folder::against(&sim.url());
    folder.run(&["cursor", "rewind", "cases", "--reason", "a try"]).expect(2, &[], &["has no cursor yet"]);
    folder.run(&["cursor", "show", "caes"]).expect(2, &[], &["did you mean `cases`?"]);
    folder.run(&["run", "cases"]).expect(1, &["4 created"], &[]);
    let (shown, _) = folder.json(&["cursor", "show", "cases"]);
    assert_eq!(shown["cursors"].as_array().map(Vec::len), Some(1), "{shown}");
    folder.run(&["cursor", "rewind", "cases", "--reason", "the file was replaced"]).expect(0, &["reads from the beginning"], &[]);
    folder.run(&["cursor", "show", "cases"]).expect(0, &["the file was replaced"], &[]);
    folder.run(&["run", "cases"]).expect(1, &["4 unchanged"], &[]);
}

#[test]
fn another_environment_has_a_memory_of_its_own_and_commands_name_it() {
    let (_runtime, sim) = simulator();
    let folder = Folder::against(&sim.url());
    folder.run(&["run", "cases"]).expect(1, &["4 created"], &["kivuko rejects list cases  "]);
    std::fs::create_dir(folder.path().join("environments")).expect("a folder");
    std::fs::write(folder.path().join("environments/production.yaml"), "systems: {}\n").expect("it can be written");
    folder.run(&["runs", "--env", "production"]).expect(0, &[], &["nothing has run yet"]);
    let ran = folder.run(&["run", "cases", "--env", "production"]);
    assert!(ran.err.contains("kivuko rejects list cases --env production"), "{}", ran.err);
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_run_in_order_and_the_next_one_goes_on() {
    use std::io::{BufRead as _, BufReader, Read as _};

    let (runtime, sim) = simulator();
    let folder = Folder::against(&sim.url());
    folder.fill(1200);
    let mut held = sim.pause_at(Pause::nth(1, Phase::BeforeApply).on("POST", "/api/outbreaks/*"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_kivuko"))
        .args(["run", "cases", "--json"])
        .current_dir(folder.path())
        .env_remove("GODATA_PASSWORD")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    assert!(runtime.block_on(held.reached()), "no write came");
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().expect("there is a kill").success());
    let said = BufReader::new(child.stderr.take().expect("it was piped")).lines();
    let heard = said.map_while(Result::ok).any(|line| line.contains("a second Ctrl-C or signal ends at once"));
    assert!(heard, "it did not say that it ends");
    held.resume();
    let mut out = String::new();
    child.stdout.take().expect("it was piped").read_to_string(&mut out).expect("text");
    let code = child.wait().expect("it ends").code();
    let account: Value = serde_json::from_str(&out).expect("one document");
    assert_eq!((code, &account["status"]), (Some(3), &"incomplete".into()), "{account}");
    let first = account["created"].as_u64().expect("a number");
    assert!(first < 1200, "{account}");

    let (account, code) = folder.json(&["run", "cases"]);
    assert_eq!((code, &account["status"]), (0, &"complete".into()), "{account}");
    let (again, _) = folder.json(&["run", "cases"]);
    assert_eq!((&again["read"], &again["unchanged"]), (&1200.into(), &1200.into()), "{again}");
    let written: usize = sim.log().writes().iter().map(|entry| entry.records).sum();
    assert_eq!(written, 1200, "something was lost or written twice");
}

#[cfg(unix)]
#[test]
fn a_process_that_is_killed_at_any_write_leaves_nothing_lost_and_nothing_doubled() {
    for (nth, phase) in [1, 3, 6].into_iter().flat_map(|nth| [(nth, Phase::BeforeApply), (nth, Phase::AfterApply)]) {
        let (runtime, sim) = simulator();
        let folder = Folder::against(&sim.url());
        folder.change("kivuko.yaml", "    kind: godata\n", "    kind: godata\n    settle_secs: 0.2\n    batch_size: 50\n");
        folder.fill(300);

        let mut held = sim.pause_at(Pause::nth(nth, phase).on("POST", "/api/outbreaks/*"));
        let mut child = Command::new(env!("CARGO_BIN_EXE_kivuko"))
            .args(["run", "cases"])
            .current_dir(folder.path())
            .env_remove("GODATA_PASSWORD")
            .env("KIVUKO_USER", "Fatu")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        assert!(runtime.block_on(held.reached()), "no write {nth} came");
        child.kill().expect("it can be killed");
        child.wait().expect("it is dead");
        held.resume();

        let (account, code) = folder.json(&["run", "cases"]);
        assert_eq!((code, &account["status"]), (0, &"complete".into()), "killed at write {nth}, {phase:?}: {account}");
        let (again, _) = folder.json(&["run", "cases"]);
        assert_eq!((&again["read"], &again["unchanged"]), (&300.into(), &300.into()), "killed at write {nth}, {phase:?}: {again}");
        let written: usize = sim.log().writes().iter().map(|entry| entry.records).sum();
        assert_eq!(written, 300, "killed at write {nth}, {phase:?}: something was lost or written twice");
    }
}
