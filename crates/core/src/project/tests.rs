//! Whole projects as text, and what a user sees of what is wrong with them.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::json;

use super::*;
use crate::connector::{Declaration, Status};
use crate::error::Severity;

pub(crate) fn declarations() -> Vec<Declaration> {
    let table = Declaration {
        kind: "table",
        about: "A table.",
        category: "file",
        status: Status::Stable,
        reads: true,
        writes: false,
        options: json!({
            "type": "object",
            "properties": { "folder": { "type": "string", "description": "Where the files lie." } },
        }),
        from_options: json!({
            "type": "object",
            "properties": {
                "encoding": { "enum": ["utf-8", "windows-1252"] },
                "skip_rows": { "type": "integer", "minimum": 0 },
            },
        }),
        to_options: Value::Null,
        secrets: &[],
        resources: &[],
        knows_identity: false,
        reads_whole: true,
        scope: None,
    };
    let outbreak = Declaration {
        kind: "outbreak",
        about: "An outbreak server.",
        category: "outbreak",
        status: Status::Stable,
        reads: true,
        writes: true,
        options: json!({
            "type": "object",
            "properties": {
                "url": { "type": "string", "description": "The address of the server." },
                "password": { "type": "string" },
                "timeout_secs": { "type": "integer", "minimum": 1 },
            },
            "required": ["url"],
        }),
        from_options: Value::Null,
        to_options: Value::Null,
        secrets: &["password"],
        resources: &["cases", "locations", "lab-results"],
        knows_identity: true,
        reads_whole: false,
        scope: Some("outbreak"),
    };
    vec![table, outbreak]
}

/// `=== name` begins a file.
pub(crate) fn files(text: &str) -> Files {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for part in text.split("=== ").skip(1) {
        let (name, body) = part.split_once('\n').expect("a file has a name and a body");
        files.insert(name.trim().to_owned(), body.as_bytes().to_vec());
    }
    Files(files)
}

/// The problems, as `kivuko check` words them.
pub(crate) fn shown(problems: &[Problem]) -> String {
    let mut out = String::new();
    for problem in problems {
        let severity = if problem.severity == Severity::Error { "error" } else { "warning" };
        writeln!(out, "{}: {severity} {}: {}", problem.place, problem.code, problem.message).expect("a String takes everything");
        if let Some(expected) = &problem.expected {
            writeln!(out, "    expected {expected}").expect("a String takes everything");
        }
        if let Some(nearest) = &problem.nearest {
            writeln!(out, "    did you mean `{nearest}`?").expect("a String takes everything");
        }
    }
    out
}

const KIVUKO: &str = "=== kivuko.yaml
project: harbour
timezone: Africa/Freetown
systems:
  register: { kind: table }
  godata: { kind: outbreak, url: https://godata.example, password: \"${GODATA_PASSWORD}\", timeout_secs: \"${TIMEOUT}\" }
";

const FLOW: &str = "=== flows/register.yaml
flow: register-to-godata
from: { system: register, resource: people.csv, id: no, where: \"{ active == true }\" }
mapping: register.csv
to: { system: godata, resource: cases, key: visualId }
";

const SHEET: &str = "=== mappings/register.csv
target,source,transform,codes,empty
visualId,no,,,reject
firstName,name,trim,,
gender,sex,,sex,
";

const CODES: &str = "=== codes/sex.csv
register,godata
F,GENDER_FEMALE
M,GENDER_MALE
*,drop
";

fn good() -> String {
    [KIVUKO, FLOW, SHEET, CODES].concat()
}

fn problems(text: &str) -> String {
    shown(&load(&files(text), "test", &declarations(), "1.0.0").problems)
}

/// A project in which one text is replaced, and what is wrong with it then.
fn check(what: &str, replaced: &str, by: &str) -> String {
    let good = good();
    assert!(good.contains(replaced), "{what}: the project does not contain `{replaced}`");
    format!("# {what}\n{}\n", problems(&good.replacen(replaced, by, 1)))
}

#[test]
fn a_good_project_has_no_problems() {
    let loaded = load(&files(&good()), "test", &declarations(), "1.0.0");
    assert_eq!(shown(&loaded.problems), "");
    let project = loaded.project.expect("it is good");
    assert_eq!((project.name.as_str(), project.environment.as_str()), ("harbour", "test"));
    assert_eq!(project.history, History { runs: 400, outcomes: 90 });
    let flow = &project.flows["register-to-godata"];
    assert_eq!(flow.mapping.paths(), ["no", "active", "name", "sex"]);
    assert_eq!(flow.mapping.targets(""), ["visualId", "firstName", "gender"]);
    assert_eq!(
        flow.version.texts.keys().collect::<Vec<_>>(),
        ["codes/sex.csv", "flows/register.yaml", "kivuko.yaml", "mappings/register.csv"]
    );
}

#[test]
fn what_is_wrong_with_a_project() {
    let cases = [
        ("an unknown key", "timezone:", "timezon:"),
        ("an unknown time zone", "Africa/Freetown", "Africa/Freetwn"),
        ("a name with capitals", "project: harbour", "project: Harbour Ünit"),
        ("an unknown kind", "kind: outbreak", "kind: outbrek"),
        (
            "a missing option and one of the wrong kind",
            "url: https://godata.example, password: \"${GODATA_PASSWORD}\", timeout_secs: \"${TIMEOUT}\"",
            "timeout_secs: soon",
        ),
        ("an unknown option", "url: https", "adress: x, url: https"),
        ("a secret in clear text", "\"${GODATA_PASSWORD}\"", "hunter2"),
        ("a secret in an address", "https://godata.example", "https://me:hunter2@godata.example"),
        ("a system twice", "  register: { kind: table }", "  register: { kind: table }\n  register: { kind: table }"),
        ("not YAML", "systems:\n", "systems: [\n"),
        ("a bad duration", "systems:", "history: { runs: soon, outcomes: 36 hours }\nsystems:"),
        ("an empty value", "project: harbour", "project:"),
    ];
    let found: Vec<String> = cases.iter().map(|(what, replaced, by)| check(what, replaced, by)).collect();
    insta::assert_snapshot!(found.concat());
}

#[test]
fn what_is_wrong_with_a_flow() {
    let cases = [
        ("an unknown system", "system: register", "system: regster"),
        ("a system that cannot be written", "to: { system: godata", "to: { system: register"),
        ("an unknown resource", "resource: cases", "resource: case"),
        ("an unknown key of from", "id: no,", "id: no, encodng: utf-8,"),
        ("a bad option of the connector", "id: no,", "id: no, encoding: utf-9, skip_rows: -1,"),
        ("no identity", " id: no,", ""),
        ("a bad path", "id: no,", "id: \"a[\","),
        ("an expression without braces", "\"{ active == true }\"", "active"),
        ("a bad expression", "{ active == true }", "{ active = true }"),
        ("leaves without where", ", where: \"{ active == true }\"", ", leaves: delete"),
        ("a language without the transform label", "id: no,", "id: no, labels: french_fr,"),
        ("the transform label without a language", "{ active == true }", "{ label(status) == 'active' }"),
        ("an unknown sheet", "mapping: register.csv", "mapping: registr.csv"),
        ("a key that no row writes", "key: visualId", "key: [visualID, documents]"),
        ("a key with a list", "key: visualId", "key: \"documents[].number\""),
        ("no key", ", key: visualId", ""),
        ("a bad share", "mapping:", "deletes: { detect: absence, then: delete, stop_above: 5 }\nmapping:"),
        ("deletes without detect", "mapping:", "deletes: { then: delete }\nmapping:"),
        ("a bad word", "mapping:", "keep: { payload: rejectd, days: 0 }\nmapping:"),
        ("a trigger with two things", "mapping:", "trigger: { cron: \"0 0 * * *\", every: 1 day }\nmapping:"),
        ("a bad cron", "mapping:", "trigger: { cron: \"0 25 * * *\" }\nmapping:"),
        ("after an unknown flow", "mapping:", "trigger: { after: regster-to-godata }\nmapping:"),
        ("a schedule", "mapping:", "trigger: { every: 30 minutes }\nmapping:"),
        ("what is not available: a trigger", "mapping:", "trigger: webhook\nmapping:"),
        ("an aggregate that lacks keys", "mapping: register.csv", "aggregate: { sheet: x.csv }"),
        ("groups: a path outside of the rows, and a cursor", "id: no,", "id: no, group: no, order: date, cursor: changed,"),
        ("groups of a source that is not read whole", "from: { system: register", "from: { group: no, system: godata"),
        ("an order without groups", "id: no,", "id: no, order: date,"),
        ("a bad order", "id: no,", "id: no, group: \"a[\", order: \"{ a = }\","),
        ("what is not available: several targets", "to: {", "to:\n  - {"),
        ("scope: no such code map, and no place", "resource: cases", "resource: cases, scope: { outbreak: x }"),
        (
            "scope: an expression that is none, and a place",
            "resource: cases",
            "resource: cases, scope: { outbreak: \"{ a = }\", place: no }",
        ),
    ];
    let found: Vec<String> = cases.iter().map(|(what, replaced, by)| check(what, replaced, by)).collect();
    insta::assert_snapshot!(found.concat());
}

#[test]
fn what_is_wrong_with_records() {
    let flow = "=== flows/lab.yaml
flow: lab
from: { system: register, resource: lab.csv, id: row }
mapping: lab.csv
to:
  system: godata
  records:
";
    let sheet = "=== mappings/lab.csv
record,target,source,transform
case,visualId,patient,
lab,personId,,{ parent.id }
lab,sampleIdentifier,rows[].sample,
";
    let case = "    case: { resource: cases, key: visualId }\n";
    let lab = "    lab: { resource: lab-results, of: case, each: \"rows[]\", when: \"{ item.result != null }\", key: [personId, sampleIdentifier] }\n";
    let good = [KIVUKO, flow, case, lab, sheet].concat();
    let project = load(&files(&good), "test", &declarations(), "1.0.0");
    assert_eq!(shown(&project.problems), "");
    let flow_checked = &project.project.expect("it is good").flows["lab"];
    assert_eq!(flow_checked.mapping.paths(), ["row", "rows[].result", "patient", "rows[].sample"]);
    assert_eq!(flow_checked.to.records.iter().map(|record| record.name.as_str()).collect::<Vec<_>>(), ["case", "lab"]);

    let cases = [
        ("an unknown parent", "of: case", "of: cas"),
        ("a parent of which there are several", "case: { resource: cases,", "case: { resource: cases, each: \"visits[]\","),
        ("a circle", "case: { resource: cases,", "case: { resource: cases, of: lab,"),
        ("each without a list", "\"rows[]\"", "rows"),
        ("an unknown record in the sheet", "lab,personId", "labs,personId"),
        ("no record in the sheet", "lab,personId", ",personId"),
        ("a key that no row of the record writes", "lab,personId", "case,personId"),
        ("an unknown resource", "lab-results", "labresults"),
        ("records and a key", "  records:", "  key: visualId\n  records:"),
        ("a bad condition", "item.result != null", "item.result !="),
    ];
    let found: Vec<String> = cases
        .iter()
        .map(|(what, replaced, by)| {
            assert!(good.contains(replaced), "{what}: the project does not contain `{replaced}`");
            format!("# {what}\n{}\n", problems(&good.replacen(replaced, by, 1)))
        })
        .collect();
    insta::assert_snapshot!(found.concat());
}

#[test]
fn what_is_wrong_with_a_sheet() {
    let cases = [
        ("an unknown column", "target,source,transform,codes,empty", "target,source,transfrm,codes,empty"),
        ("no target column", "target,source", "goal,source"),
        ("a column twice", "codes,empty", "codes,Codes"),
        ("a bad target path", "firstName,name", "firstName[,name"),
        ("a bad source path", "firstName,name", "firstName,name ; a..b"),
        ("an unknown transform", "name,trim", "name,trm"),
        ("a transform with a wrong parameter", "name,trim", "\"name\",\"date(5)\""),
        ("a bad expression", "name,trim", "name,{ value + }"),
        ("an unknown code map", ",sex,\n", ",sexx,\n"),
        ("a bad word", ",,reject", ",,rejekt"),
        (
            "a part that is to be filled in",
            "codes,empty\nvisualId,no,,,reject\nfirstName,name,trim,,\ngender,sex,,sex,",
            "empty,on\nvisualId,no,,reject,\nnames[0].first,name,trim,,empty\nlastName,name,trim,,empty",
        ),
        ("a row without target", "firstName,name", ",name"),
        ("a row without value", "firstName,name,trim", "firstName,,"),
        ("a target twice", "firstName,name,trim,,", "visualId,name,trim,,"),
        ("a target inside of another", "firstName,name,trim,,", "visualId.part,name,trim,,"),
        (
            "a record where there is one",
            "target,source,transform,codes,empty\nvisualId,no,,,reject",
            "target,source,transform,codes,record\nvisualId,no,,,case",
        ),
        ("a column of two-way flows", "codes,empty\nvisualId,no,,,reject", "codes,direction\nvisualId,no,,,to"),
        ("a transform of nothing", "firstName,name,trim", "firstName,,trim"),
        ("a transform of two values", "firstName,name,trim", "firstName,name,age_years"),
        ("a list without items", "firstName,name,trim", "addresses[].city,name,trim"),
        ("a list of two lists", "firstName,name,trim,,\ngender,sex,,sex,", "a[].b,c[].d,,,\na[].e,f[].g,,,"),
        ("several sources and no transform", "firstName,name,trim", "firstName,name ; surname,"),
        ("an unknown flow in ref", "firstName,name,trim", "firstName,name,\"ref(\"\"contacts\"\", no)\""),
        ("a code map without the columns", "register,godata\n", "source,hmis\n"),
    ];
    let found: Vec<String> = cases.iter().map(|(what, replaced, by)| check(what, replaced, by)).collect();
    insta::assert_snapshot!(found.concat());
}

#[test]
fn environments_lay_over_systems() {
    let overlay = "=== environments/production.yaml\nsystems:\n  godata: { url: https://live.example }\n";
    let text = format!("{}{overlay}", good());
    let load_in = |environment: &str| load(&files(&text), environment, &declarations(), "1.0.0");
    let production = load_in("production").project.expect("it is good");
    let url = |project: &Project| project.systems["godata"].options["url"].clone();
    assert_eq!(url(&production), json!("https://live.example"));
    assert_eq!(url(&load_in("test").project.expect("test needs no file")), json!("https://godata.example"));
    assert!(production.flows["register-to-godata"].version.texts.contains_key("environments/production.yaml"));

    let mut found = format!("# an environment without a file\n{}\n", shown(&load_in("prodction").problems));
    for (what, overlay) in [
        ("an unknown system", "systems:\n  godat: { url: x }\n"),
        ("an unknown option", "systems:\n  godata: { ulr: x }\n"),
        ("an unknown key", "system:\n  godata: { url: x }\n"),
    ] {
        let text = format!("{}=== environments/production.yaml\n{overlay}", good());
        write!(found, "# {what}\n{}\n", problems(&text)).expect("a String takes everything");
    }
    insta::assert_snapshot!(found);
}

#[test]
fn an_empty_folder_and_files_that_nothing_uses() {
    let mut found = format!("# an empty folder\n{}\n", problems(""));
    let spare =
        format!("{}=== mappings/old.csv\ntarget,source\na,b\n=== codes/old.csv\nsource,target\na,b\n=== samples/old.json\n{{}}\n", good());
    write!(found, "# unused files\n{}\n", problems(&spare)).expect("a String takes everything");
    let twice = format!("{}{}", good(), FLOW.replace("flows/register.yaml", "flows/second.yaml"));
    write!(found, "# two flows with one name\n{}\n", problems(&twice)).expect("a String takes everything");
    insta::assert_snapshot!(found);
}

#[test]
fn everything_is_found_at_once() {
    let text = good()
        .replace("timezone: Africa/Freetown", "timezon: UTC")
        .replace("system: register", "system: regster")
        .replace("key: visualId", "key: visualID")
        .replace("firstName,name,trim", "firstName[,name,trm")
        .replace(",sex,\n", ",sexx,\n");
    insta::assert_snapshot!(problems(&text));
}

#[test]
fn variables_are_filled_in() {
    let project = load(&files(&good()), "test", &declarations(), "1.0.0").project.expect("it is good");
    let godata = &project.systems["godata"];
    let lookup = |name: &str| match name {
        "GODATA_PASSWORD" => Some("12345".to_owned()),
        "TIMEOUT" => Some("30".to_owned()),
        _ => None,
    };
    let options = godata.expand(&lookup).expect("all variables have a value");
    assert_eq!(options, json!({ "url": "https://godata.example", "password": "12345", "timeout_secs": 30 }));
    assert_eq!(godata.expand(&|_| None), Err(vec!["GODATA_PASSWORD".to_owned(), "TIMEOUT".to_owned()]));
    let texts = SystemSpec { options: json!({ "a": "${X}-${Y}", "b": ["$${X}", "${", 5] }), ..godata.clone() };
    let lookup = |name: &str| (name == "X").then(|| "x".to_owned());
    assert_eq!(texts.expand(&lookup), Err(vec!["Y".to_owned()]));
    assert_eq!(texts.expand(&|_| Some("v".to_owned())), Ok(json!({ "a": "v-v", "b": ["${X}", "${", 5] })));
}

#[test]
fn checks_say_what_is_different() {
    let checks = "=== samples/people.csv
no,name,sex,active
C-1, Amina ,F,true
C-2,Binta,X,true
=== checks/register.yaml
flow: register-to-godata
checks:
  - name: all is well
    record: { no: C-1, name: ' Amina ', sex: F, active: true }
    create: { visualId: C-1, firstName: Amina, gender: GENDER_FEMALE }
    update: { visualId: C-1, firstName: Amina, gender: GENDER_FEMALE }
  - name: an unlisted sex is left out
    record: { no: C-2, name: Binta, sex: X, active: true }
    create: { visualId: C-2, firstName: Binta }
    warnings: [K0306]
  - name: no number
    record: { name: Binta, active: true }
    rejected: [K0301, K0303]
  - name: not active
    record: { no: C-3, active: false }
    skipped: true
  - name: wrong in several ways
    record: { no: C-1, name: Amina, sex: F, active: true }
    create: { visualId: C-2, firstName: Amina, lastName: Sarr }
  - name: expected to be rejected
    record: { no: C-1, active: true }
    rejected: [K0303]
  - name: rejected
    record: { name: Amina, active: true }
    create: { firstName: Amina }
";
    let loaded = load(&files(&format!("{}{checks}", good())), "test", &declarations(), "1.0.0");
    let project = loaded.project.unwrap_or_else(|| panic!("{}", shown(&loaded.problems)));
    let mut found = shown(&loaded.problems);
    for result in run_checks(&project) {
        let verdict = if result.passed() { "ok" } else { "different" };
        writeln!(found, "{}: {}: {verdict}", result.place, result.name).expect("a String takes everything");
        for difference in &result.differences {
            writeln!(found, "    {difference}").expect("a String takes everything");
        }
    }
    insta::assert_snapshot!(found);
}

#[test]
fn what_is_wrong_with_checks() {
    let cases = [
        ("an unknown flow", "flow: register-to-god\nchecks: []\n"),
        ("no sample", "flow: register-to-godata\nchecks:\n  - { name: a, create: {} }\n"),
        ("a sample that is not there", "flow: register-to-godata\nchecks:\n  - { name: a, sample: samples/peple.csv, create: {} }\n"),
        ("a row that is not there", "flow: register-to-godata\nchecks:\n  - { name: a, sample: samples/people.csv, row: 9, create: {} }\n"),
        ("nothing expected", "flow: register-to-godata\nchecks:\n  - { name: a, record: {} }\n"),
        ("too much expected", "flow: register-to-godata\nchecks:\n  - { name: a, record: {}, create: {}, skipped: true }\n"),
        ("records of a flow with one", "flow: register-to-godata\nchecks:\n  - { name: a, record: {}, records: {} }\n"),
        ("bad codes and days", "flow: register-to-godata\nchecks:\n  - { name: a, record: {}, today: soon, rejected: [E1] }\n"),
    ];
    let samples = "=== samples/people.csv\nno,name\nC-1,Amina\n";
    let found: Vec<String> = cases
        .iter()
        .map(|(what, text)| format!("# {what}\n{}\n", problems(&format!("{}{samples}=== checks/a.yaml\n{text}", good()))))
        .collect();
    insta::assert_snapshot!(found.concat());
}

const CROSSWALK: &str = "crosswalks:
  places:
    godata: locations
    register: { resource: facilities.csv, id: code, name: facility, other_names: [short, \"old name\"], parent: district, encoding: utf-8 }
";

#[test]
fn a_crosswalk_needs_no_file_and_is_used_like_a_code_map() {
    let text = [KIVUKO, CROSSWALK, FLOW, &SHEET.replace(",,sex,", ",,places,")].concat();
    let loaded = load(&files(&text), "test", &declarations(), "1.0.0");
    assert_eq!(shown(&loaded.problems), "");
    let project = loaded.project.expect("it is good");
    let places = &project.crosswalks["places"];
    assert_eq!(places.file(), "codes/places.csv");
    let sides: Vec<(&str, &str)> = places.sides.iter().map(|side| (side.system.as_str(), side.resource.as_str())).collect();
    assert_eq!(sides, [("godata", "locations"), ("register", "facilities.csv")]);
    let register = places.side("register").expect("it is a side");
    assert_eq!(register.options, json!({ "encoding": "utf-8" }));
    let paths = register.paths(None).expect("it says them");
    assert_eq!(paths.all(), ["code", "facility", "short", "old name", "district"]);
    let missing = places.sides[0].paths(None).expect_err("nobody knows");
    assert_eq!(missing.cause.code, crate::catalogue::project::PLACE_PATHS_MISSING);
    assert!(project.codes.get("places").is_some_and(crate::codes::CodeMap::is_crosswalk));
}

#[test]
fn what_is_wrong_with_a_crosswalk_is_said_with_its_place() {
    let crosswalks = "crosswalks:
  places: { gdata: locations, register: facilities.csv }
  Homes: { godata: location }
  users: { godata: { resource: cases, nmae: firstName }, register: { resource: x.csv, id: \"a[\" } }
";
    insta::assert_snapshot!(problems(&[KIVUKO, crosswalks, FLOW, SHEET, CODES].concat()));
}
