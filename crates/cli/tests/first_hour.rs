//! The first hour of a user: the demo, and the commands of the README as they stand there.

use std::path::Path;
use std::process::{Command, Output};

use kivuko_sims::godata::{Options, Sim};
use serde_json::Value;

fn kivuko(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kivuko"));
    for name in ["KIVUKO_KEY", "KIVUKO_ENV", "KIVUKO_PROJECT", "GODATA_PASSWORD"] {
        command.env_remove(name);
    }
    command.args(arguments).current_dir(folder).output().expect("the binary starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[test]
fn the_demo_prints_one_document_and_its_accounts_add_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let ran = kivuko(folder.path(), &["demo", "--once", "--json", "--cases", "400", "--keep", "kept"]);
    assert_eq!(ran.status.code(), Some(0), "{}", text(&ran.stderr));
    let document: Value = serde_json::from_slice(&ran.stdout).expect("one document");
    let runs = document["runs"].as_array().expect("runs");
    let number = |run: &Value, name: &str| run[name].as_u64().unwrap_or_else(|| panic!("{name} in {run}"));
    assert_eq!(runs.len(), 8);
    for run in runs {
        let outcomes = ["created", "updated", "counted", "unchanged", "deleted", "skipped", "waiting", "rejected", "failed"];
        assert_eq!(number(run, "read"), outcomes.iter().map(|name| number(run, name)).sum::<u64>());
        assert_eq!(run["status"], "complete");
    }
    assert!(number(&runs[0], "created") > 350 && number(&runs[0], "rejected") > 0, "{}", runs[0]);
    assert_eq!(number(&runs[1], "unchanged"), number(&runs[0], "created"));
    assert!(runs[1]["writes"].as_object().expect("writes").values().all(|count| *count == 0), "{}", runs[1]);
    assert!(number(&runs[3], "created") > 0 && number(&runs[3], "updated") > 0, "{}", runs[3]);
    // Cases become numbers, and the next day's list corrects some of them.
    let written = |run: &Value| run["writes"].as_object().expect("writes").values().filter_map(Value::as_u64).sum::<u64>();
    assert!(number(&runs[2], "counted") > 50 && written(&runs[2]) > 30, "{}", runs[2]);
    assert!((1..written(&runs[2])).contains(&written(&runs[4])), "{}", runs[4]);
    // Org units become locations, those that both have are found, a second run writes nothing, and the night changes three.
    assert_eq!((number(&runs[5], "created"), number(&runs[5], "updated"), number(&runs[5], "rejected")), (11, 6, 0), "{}", runs[5]);
    assert_eq!((number(&runs[6], "unchanged"), written(&runs[6])), (17, 0), "{}", runs[6]);
    assert_eq!((number(&runs[7], "updated"), number(&runs[7], "unchanged"), written(&runs[7])), (3, 14, 3), "{}", runs[7]);
    let decided = std::fs::read_to_string(folder.path().join("kept/codes/facilities.csv")).expect("decisions were kept");
    assert_eq!(decided.lines().count(), 6, "{decided}");
    // What was kept can be looked at and checked.
    let checked = kivuko(&folder.path().join("kept"), &["check"]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stderr));
    both_systems_start_again(&folder.path().join("kept"));
}

/// With what the demo kept both simulators are what its project knows them as: the places are those that it has written.
fn both_systems_start_again(kept: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let godata = Options::from_dir(&kept.join("simulator")).expect("the data of Go.Data");
    let godata = runtime.block_on(Sim::start(godata)).expect("it starts");
    let dhis2 = kivuko_sims::dhis2::Options::from_dir(&kept.join("simulator/dhis2")).expect("the data of DHIS2");
    let dhis2 = runtime.block_on(kivuko_sims::dhis2::Dhis2Sim::start(dhis2)).expect("it starts");
    let project = kept.join("kivuko.yaml");
    let before = std::fs::read_to_string(&project).expect("kivuko.yaml");
    let port = |line: &str| line.split_once("http://127.0.0.1:").and_then(|(_, rest)| rest.split_whitespace().next().map(str::to_owned));
    let ports: Vec<String> = before.lines().filter(|line| line.contains("url:")).filter_map(port).collect();
    let [of_godata, of_dhis2] = ports.as_slice() else { panic!("two systems have an address: {before}") };
    let now = before
        .replace(&format!("http://127.0.0.1:{of_godata}"), &godata.url())
        .replace(&format!("http://127.0.0.1:{of_dhis2}"), &dhis2.url());
    std::fs::write(&project, now).expect("kivuko.yaml can be written");
    let ran = kivuko(kept, &["run", "org-units", "--force", "--json"]);
    let account: Value = serde_json::from_slice(&ran.stdout).expect("one document");
    assert_eq!((ran.status.code(), &account["read"], &account["unchanged"]), (Some(0), &17.into(), &17.into()), "{account}");
}

#[test]
fn the_demo_is_readable_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let ran = kivuko(folder.path(), &["demo", "--once", "--cases", "150"]);
    assert_eq!(ran.status.code(), Some(0), "{}", text(&ran.stderr));
    let shown = text(&ran.stdout);
    for part in [
        "150 invented cases",
        "1. The first run",
        "2. The same list again",
        "none of them to write",
        "3. The weekly numbers for DHIS2",
        "4. The next day's list",
        "6. The places of DHIS2, in Go.Data",
        "all 17 are as they were, and nothing is written",
        "Community Hospital",
        "4 are clear and are accepted; of an unclear one a person has said which it is",
    ] {
        assert!(shown.contains(part), "`{part}` is not in {shown}");
    }
    let places = shown.find("\n6. ").and_then(|at| shown[at + 1..].split("\n9. ").next()).expect("places have a step");
    // How long it took and how often it asked is another time something else.
    let steady: Vec<&str> = places.lines().map(|line| line.split_once("  complete").map_or(line, |(run, _)| run)).collect();
    insta::assert_snapshot!("the_demo_of_places", steady.join("\n"));
    let project = shown.lines().find_map(|line| line.trim().strip_prefix("the project")).expect("it says where").trim();
    assert!(!Path::new(project).exists(), "{project} is still there");
}

#[test]
fn every_template_is_accepted_without_a_warning() {
    let folder = tempfile::tempdir().expect("a folder");
    let listed = kivuko(folder.path(), &["init", "--list", "--json"]);
    let templates: Value = serde_json::from_slice(&listed.stdout).expect("one document");
    for template in templates.as_array().expect("a list") {
        let name = template["name"].as_str().expect("a name");
        let made = kivuko(folder.path(), &["init", name, "--template", name]);
        assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
        let checked = kivuko(&folder.path().join(name), &["check", "--json"]);
        let document: Value = serde_json::from_slice(&checked.stdout).expect("one document");
        assert_eq!(checked.status.code(), Some(0), "{document}");
        assert_eq!(document["problems"].as_array().map(Vec::len), Some(0), "{document}");
    }
    let unknown = kivuko(folder.path(), &["init", "other", "--template", "line-lst"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("did you mean `line-list`?"));
}

/// The rows that the README of `weekly-numbers` offers beside those of the sheet.
#[test]
fn the_rows_that_a_readme_offers_are_accepted() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = kivuko(folder.path(), &["init", "numbers", "--template", "weekly-numbers"]);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    let project = folder.path().join("numbers");
    let readme = std::fs::read_to_string(project.join("README.md")).expect("it is there");
    let rows = readme.split("```csv\n").nth(1).and_then(|rest| rest.split("```").next()).expect("it offers rows");
    assert_eq!(rows.lines().count(), 2);
    let sheet = project.join("aggregates/weekly-cases.csv");
    let before = std::fs::read_to_string(&sheet).expect("it is there");
    std::fs::write(&sheet, before + rows).expect("it can be written");
    let checked = kivuko(&project, &["check", "--json"]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stdout));
    std::fs::write(&sheet, "indicator,data_element,where,value\nconfirmed,C,{ classification = },count\n").expect("it can be written");
    assert_eq!(kivuko(&project, &["check"]).status.code(), Some(2), "a row that is wrong is not accepted");
}

/// A command of the README and what it shows of its output.
fn commands(readme: &str) -> Vec<(String, Vec<String>)> {
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        match (line, inside) {
            ("```console", _) => inside = true,
            ("```", _) => inside = false,
            (line, true) => match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => commands.push((command.to_owned(), Vec::new())),
                (None, Some((_, shown))) => shown.push(line.to_owned()),
                (None, None) => panic!("output without a command: {line}"),
            },
            _ => {}
        }
    }
    commands
}

/// What differs from run to run: ports, durations, Go.Data's own ids.
fn steady(line: &str, url: &str) -> String {
    let line = line.replace(url, "http://127.0.0.1:8080");
    match (line.starts_with("run "), line.find("  cases ")) {
        (true, _) => {
            let parts: Vec<&str> = line.split("  ").collect();
            let requests = parts.last().and_then(|effort| effort.split_once(" s, ")).map(|(_, requests)| requests);
            parts.iter().copied().take(2).chain(requests).collect::<Vec<_>>().join("  ")
        }
        (false, Some(at)) if line.starts_with("update") => line[..at].to_owned(),
        _ => line,
    }
}

#[test]
fn the_first_integration_of_the_readme_goes_as_it_says() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).expect("the README");
    let commands = commands(&readme);
    assert!(commands.len() >= 8, "the README has lost its commands");
    let folder = tempfile::tempdir().expect("a folder");
    let mut here = folder.path().to_owned();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let mut sim: Option<Sim> = None;
    for (command, shown) in commands {
        let words: Vec<&str> = command.split(' ').collect();
        let output = match words.as_slice() {
            ["cd", to] => {
                here = here.join(to);
                continue;
            }
            // On a port of its own, so that tests do not get in each other's way.
            ["kivuko", "sim", "godata", "--data", data] => {
                let options = Options::from_dir(&here.join(data)).expect("the simulator's data");
                let started = runtime.block_on(Sim::start(options)).expect("the simulator starts");
                let project = here.join("kivuko.yaml");
                let changed = std::fs::read_to_string(&project).expect("kivuko.yaml").replace("http://127.0.0.1:8080", &started.url());
                std::fs::write(project, changed).expect("kivuko.yaml can be written");
                sim = Some(started);
                continue;
            }
            ["sed", ..] => Command::new("sh").args(["-c", &command]).current_dir(&here).output().expect("sh starts"),
            ["kivuko", arguments @ ..] => kivuko(&here, arguments),
            _ => panic!("the test does not know the command `{command}`"),
        };
        assert!(matches!(output.status.code(), Some(0 | 1)), "{command}: {}", text(&output.stderr));
        let url = sim.as_ref().map(Sim::url).unwrap_or_default();
        let said: Vec<String> = [output.stdout, output.stderr]
            .iter()
            .flat_map(|out| text(out).lines().map(|line| steady(line, &url)).collect::<Vec<_>>())
            .collect();
        let mut said_after = said.iter();
        for line in shown.iter().filter(|line| !line.is_empty()).map(|line| steady(line, &url)) {
            assert!(said_after.any(|said| *said == line), "`{command}` did not say `{line}` but\n{}", said.join("\n"));
        }
    }
}

#[test]
fn the_faults_of_the_guide_are_understood() {
    let guide = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/faults.md")).expect("the guide");
    let examples: Vec<&str> = guide.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(examples.len(), 2);
    for example in examples {
        kivuko_sims::faults::parse(example).unwrap_or_else(|error| panic!("{error}: {example}"));
    }
}

/// The template of numbers as its README says, and DHIS2 put back to a state of before it.
#[test]
fn the_weekly_numbers_are_given_again_to_a_dhis2_that_has_lost_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = kivuko(folder.path(), &["init", "numbers", "--template", "weekly-numbers"]);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    let project = folder.path().join("numbers");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let godata = Options::from_dir(&project.join("simulator/godata")).expect("the data of Go.Data");
    let godata = runtime.block_on(Sim::start(godata)).expect("it starts");
    let dhis2 = kivuko_sims::dhis2::Options::from_dir(&project.join("simulator/dhis2")).expect("the data of DHIS2");
    let dhis2 = runtime.block_on(kivuko_sims::dhis2::Dhis2Sim::start(dhis2)).expect("it starts");
    let systems = std::fs::read_to_string(project.join("kivuko.yaml")).expect("kivuko.yaml");
    let systems = systems.replace("http://127.0.0.1:8080", &godata.url()).replace("http://127.0.0.1:8085", &dhis2.url());
    std::fs::write(project.join("kivuko.yaml"), systems).expect("it can be written");
    let shown = |arguments: &[&str], code: i32| {
        let ran = kivuko(&project, arguments);
        assert_eq!(ran.status.code(), Some(code), "{arguments:?}: {}{}", text(&ran.stdout), text(&ran.stderr));
        text(&ran.stdout)
    };
    let cases = shown(&["run", "weekly-cases"], 1);
    assert!(cases.contains("written: 44 created") && !cases.contains("completed:"), "the laboratory has not run yet: {cases}");
    let laboratory = shown(&["run", "weekly-laboratory"], 0);
    let marked = dhis2.registrations().len();
    assert!(marked > 0 && laboratory.contains(&format!("\n  completed: {marked} periods and places\n")), "{laboratory}");

    // The history tells what the screen told, with what is held by a refused record.
    let kept = shown(&["runs", "show", "2"], 0);
    assert!(kept.contains(&format!("\n  completed: {marked} periods and places\n")), "{kept}");
    assert!(kept.contains("K0961") && laboratory.contains("K0961"), "{kept}");
    let kept: Value = serde_json::from_str(&shown(&["runs", "show", "2", "--json"], 0)).expect("one document");
    assert_eq!((&kept["run"]["completed"], &kept["run"]["late"]), (&marked.into(), &0.into()), "{kept}");

    let nothing_due = kivuko(&project, &["runs", "cell", "weekly-laboratory", "--due"]);
    assert_eq!((nothing_due.status.code(), text(&nothing_due.stdout).trim()), (Some(0), ""), "{}", text(&nothing_due.stderr));
    assert!(text(&nothing_due.stderr).contains("nothing is to be sent"), "{}", text(&nothing_due.stderr));
    let unknown = |arguments: &[&str]| {
        let ran = kivuko(&project, &[&["runs", "cell", "weekly-laboratory"], arguments].concat());
        assert_eq!(ran.status.code(), Some(2), "{arguments:?}: {}", text(&ran.stdout));
        text(&ran.stderr).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert!(unknown(&["--indicator", "testd"]).contains("none with `--indicator testd` (did you mean `tested`?)"));
    assert!(unknown(&["--limit", "0"]).contains("0 is not in 1.."));
    let said = unknown(&["--indicator", "tested", "--period", "1999W1", "--due"]);
    assert!(said.contains("none with `--period 1999W1` (") && !said.contains("--indicator tested`"), "{said}");
    // What comes next leads on.
    let many = kivuko(&project, &["runs", "cell", "weekly-laboratory", "--indicator", "tested"]);
    let next = text(&many.stderr);
    assert!(next.contains("kivuko runs cell weekly-laboratory --indicator tested --period 20"), "{next}");
    let command = next.lines().find_map(|line| line.split_once("kivuko runs cell ")).expect("there is a next step").1;
    let arguments: Vec<&str> = command.split("  ").next().expect("a command").split(' ').collect();
    assert!(shown(&[&["runs", "cell"], &arguments[..]].concat(), 0).contains("counted by"), "{command}");

    let cells = shown(&["runs", "cell", "weekly-laboratory", "--indicator", "tested"], 0);
    assert!(cells.contains("Mwambao (MwambaoLand)") && cells.contains("(EbolaTested)"), "{cells}");
    let cells: Value = serde_json::from_str(&shown(&["runs", "cell", "weekly-laboratory", "--json"], 0)).expect("one document");
    assert!(cells["cells"].as_array().is_some_and(|cells| cells.iter().all(|cell| cell["orgUnitName"] == "Mwambao")), "{cells}");

    dhis2.lose_data();
    assert!(shown(&["run", "weekly-laboratory"], 0).contains("K0951"));
    assert!(shown(&["runs", "show", "3"], 0).contains("\n  warning  K0951\n"));
    let again = shown(&["run", "weekly-laboratory", "--again"], 0);
    assert!(again.contains("\n  written: 6 created\n  completed: 2 periods and places\n") && again.contains("K0958"), "{again}");
    let waits = again.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(waits.contains("those of the flow `weekly-cases` are not there. `kivuko run weekly-cases --again` writes what the data set and its org units still take; of what they do not, mark the report in hmis by hand"), "{again}");
    let again = shown(&["run", "weekly-cases", "--again"], 1);
    assert!(again.contains(&format!("\n  written: 44 created\n  completed: {} periods and places\n", marked - 2)), "{again}");
    assert_eq!(dhis2.registrations().len(), marked);
}
