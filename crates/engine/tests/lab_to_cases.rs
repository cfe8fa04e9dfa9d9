//! Rows of a laboratory matched to cases by who they are: the worked example of the public package, read where it lies, and the questions that come of
//! what is not clear.

mod support;

use std::collections::BTreeMap;

use jiff::Timestamp;
use kivuko_core::matching::{Criteria, Even, Field, Fields, Person, Verdict, Window, judge};
use kivuko_core::outcome::Counts;
use kivuko_core::path::SourcePath;
use kivuko_core::people::{Decided, DecisionKind, ReviewRow};
use kivuko_sims::godata::Options;
use serde_json::{Value, json};
use support::{World, real};

const ROWS: &str = "interop/lab/lab_results_new.csv";
const CASES: &str = "interop/lab/case_lookup_table.csv";

/// Rows of a table without quotes, as objects.
fn table(text: &str) -> Vec<Value> {
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let names: Vec<&str> = lines.next().expect("there is a header").split(',').collect();
    lines
        .filter(|line| !line.is_empty())
        .map(|line| Value::Object(names.iter().zip(line.split(',')).map(|(name, cell)| ((*name).to_owned(), json!(cell))).collect()))
        .collect()
}

fn path(text: &str) -> SourcePath {
    SourcePath::parse(text).expect("a path")
}

fn people(rows: &[Value], columns: [(Field, &str); 3], id: &str, day: &str) -> Vec<(String, Person)> {
    let fields = Fields(columns.into_iter().map(|(field, column)| (field, path(column))).collect());
    rows.iter().map(|row| (row[id].as_str().expect("an id").to_owned(), Person::read(&fields, row, Some(&path(day))))).collect()
}

#[test]
fn the_worked_table_of_the_public_package() {
    let Some(folder) = real::folder(ROWS) else { return };
    let columns = [(Field::Name, "firstname"), (Field::Surname, "surname"), (Field::Dob, "birthdate")];
    let rows = people(&table(&real::text(&folder, ROWS)), columns, "surname", "sample_collection_date");
    let columns = [(Field::Name, "firstName"), (Field::Surname, "lastName"), (Field::Dob, "dob")];
    let cases = people(&table(&real::text(&folder, CASES)), columns, "visualId", "dateOfReporting");
    let window = Some(Window { days: 30 });
    let exact = Criteria { rules: vec![vec![Field::Name, Field::Surname, Field::Dob]], accept: 1.0, review: 1.0, window };
    let scored = Criteria { rules: Vec::new(), accept: 0.7, review: 0.1, window };
    let common = Even { people: cases.len() as u64 };
    let same = |criteria: &Criteria, person: &Person| match judge(criteria, person, &cases, &common) {
        Verdict::Same(one) => (one.id, one.reasons.join("; ")),
        other => ("no match".to_owned(), format!("{other:?}")),
    };
    let found: Vec<(&str, String, String, String)> = rows
        .iter()
        .map(|(surname, person)| {
            let (id, reasons) = same(&scored, person);
            (surname.as_str(), same(&exact, person).0, id, reasons)
        })
        .collect();
    let found: Vec<(&str, &str, &str, &str)> =
        found.iter().map(|(row, one, two, why)| (*row, one.as_str(), two.as_str(), why.as_str())).collect();
    assert_eq!(
        found,
        [
            ("Nguyle", "no match", "C-2022-0005", "name equal, surname equal but for the spelling; birth date equal"),
            ("Peronso", "no match", "C-2022-0006", "name nearly equal, surname equal; birth date equal"),
            ("Phenit", "no match", "C-2022-0007", "name equal but for the spelling, surname equal; birth date: one digit differs"),
            ("Bjot", "C-2022-0008", "C-2022-0008", "names swapped, name equal, surname equal; birth date equal"),
            ("Sonap", "C-2022-0009", "C-2022-0009", "name equal, surname equal; birth date equal"),
            ("Zonali", "C-2022-0010", "C-2022-0010", "name equal, surname equal; birth date equal"),
        ]
    );
}

const KIVUKO: &str = "\
project: laboratory
timezone: UTC
systems:
  files:
    kind: file
    path: incoming
  godata:
    kind: godata
    url: {url}
    email: integration@kivuko.test
    password: correct horse battery
    outbreak: outbreak-ebola-2026
    settle_secs: 0.4
    timeout_secs: 2
";

const CASES_FLOW: &str = "\
flow: cases
from: { system: files, resource: cases.csv, id: visualId }
mapping: cases.csv
to: { system: godata, resource: cases, key: \"documents[type=EXTERNAL_ID].number\" }
";

const CASES_SHEET: &str = "\
target,source,transform,empty
documents[type=EXTERNAL_ID].number,visualId,,reject
firstName,firstName,,
lastName,lastName,,
dob,dob,\"date(\"\"yyyy-MM-dd\"\")\",
age.years,age_years,integer,
dateOfReporting,dateOfReporting,\"date(\"\"yyyy-MM-dd\"\")\",reject
classification,,\"{ \"\"SUSPECT\"\" }\",
";

const LAB_FLOW: &str = "\
flow: lab
about: As a data manager I want the results of the laboratory with the cases that they belong to, without guessing.
from: { system: files, resource: lab.csv, id: sample_id }
mapping: lab.csv
to:
  system: godata
  records:
    case:
      resource: cases
      missing: reject
      match:
        fields: { name: firstName, surname: lastName, dob: dob }
        rules: [ [name, surname, dob] ]
        window: { days: 30, source: sample_collection_date, target: dateOfReporting }
    result:
      resource: lab-results
      of: case
      key: [personId, sampleIdentifier]
";

const LAB_SHEET: &str = "\
record,target,source,transform,empty,on
case,firstName,firstname,,,create
case,lastName,surname,,,create
case,dob,birthdate,\"date(\"\"yyyy-MM-dd\"\")\",,create
result,personId,,{ parent.id },reject,
result,sampleIdentifier,sample_id,,reject,
result,dateSampleTaken,sample_collection_date,\"date(\"\"yyyy-MM-dd\"\")\",,
result,quantitativeResult,test_result_value,,,
";

async fn world(cases: &str, rows: &str) -> World {
    let world = World::new(Options::for_tests().mask("*")).await;
    for folder in ["flows", "mappings", "codes", "incoming"] {
        std::fs::remove_dir_all(world.path(folder)).expect("the usual project is there");
    }
    world.write("kivuko.yaml", &KIVUKO.replace("{url}", &world.sim.url()));
    world.write("flows/cases.yaml", CASES_FLOW);
    world.write("mappings/cases.csv", CASES_SHEET);
    world.write("flows/lab.yaml", LAB_FLOW);
    world.write("mappings/lab.csv", LAB_SHEET);
    world.write("incoming/cases.csv", cases);
    world.write("incoming/lab.csv", rows);
    let loaded = world.run("cases").await;
    assert_eq!(loaded.counts.rejected + loaded.counts.failed, 0, "{:?}", loaded.causes);
    world.sim.log().clear();
    world
}

fn came_to(counts: &Counts) -> (u64, u64, u64, u64, u64) {
    (counts.read, counts.created, counts.unchanged, counts.rejected, counts.skipped)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_files_twice() {
    let Some(folder) = real::folder(ROWS) else { return };
    let world = world(&real::text(&folder, CASES), &real::text(&folder, ROWS)).await;
    let first = world.run("lab").await;
    assert_eq!(came_to(&first.counts), (6, 6, 0, 0, 0), "{:?}", first.causes);
    let results = world.sim.state().collection("labResult");
    let cases = world.sim.state().people();
    let of: BTreeMap<String, String> = results
        .iter()
        .map(|result| {
            let case = cases.iter().find(|case| case["id"] == result["personId"]).expect("the person is there");
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (text(&result["sampleIdentifier"]), text(&case["documents"][0]["number"]))
        })
        .collect();
    let expected = ["0005", "0006", "0007", "0008", "0009", "0010"].into_iter().zip(65..);
    assert_eq!(of, expected.map(|(case, sample)| (format!("LS00{sample}-SCV2-PCR"), format!("C-2022-{case}"))).collect());
    world.sim.log().clear();
    let second = world.run("lab").await;
    assert_eq!(came_to(&second.counts), (6, 0, 6, 0, 0), "{:?}", second.causes);
    assert!(world.sim.log().writes().is_empty(), "the second run wrote: {:?}", world.sim.log().writes());
}

const HEADER: &str = "sample_id,firstname,surname,birthdate,sample_collection_date,test_result_value\n";
const KNOWN: &str = "\
visualId,firstName,lastName,dob,age_years,dateOfReporting
C-1,Aminata,Sesay,1990-07-23,31,2022-08-01
C-2,Adama,Sesay,1990-07-23,31,2022-08-01
C-3,Mohamed,Kamara,1984-02-11,38,2022-08-02
C-4,Mohamed,Kamara,1984-02-11,38,2022-08-03
C-5,Hawa,Koroma,1971-11-30,50,2022-03-01
";

async fn open_reviews(world: &World) -> Vec<ReviewRow> {
    world.engine().await.store().reviews(Some("lab"), 100).await.expect("the questions can be read")
}

async fn decide(world: &World, sample: &str, kind: DecisionKind, target_id: Option<String>) {
    let row = open_reviews(world).await.into_iter().find(|row| row.review.source.id == sample).expect("the question is open");
    let review = row.review;
    let decision = Decided {
        kind,
        flow: row.flow,
        source: review.source,
        part: review.part,
        target_system: review.target_system,
        target_resource: review.target_resource,
        target_id,
        by: "a data manager".to_owned(),
        reason: "the form says so".to_owned(),
        at: Timestamp::UNIX_EPOCH,
    };
    world.engine().await.store().decide(&decision).await.expect("a decision can be kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_clear_is_asked_and_what_was_decided_holds() {
    let rows = "\
S-1,Aminatta,Sesay,1990-07-23,2022-08-03,21
S-2,Mohamed,Kamara,1984-02-11,2022-08-04,22
S-3,Hawa,Koroma,1971-11-30,2022-08-04,23
S-4,Somebody,Else,1999-09-09,2022-08-04,24
S-5,,,1999-09-09,2022-08-04,25
S-6,Aminata,Sesay,1990-07-23,2022-08-05,26
";
    let world = world(KNOWN, &format!("{HEADER}{rows}")).await;
    let first = world.run("lab").await;
    assert_eq!(came_to(&first.counts), (6, 2, 0, 4, 0), "{:?}", first.causes);
    let rejected = world.engine().await.store().rejections(Some("lab"), 100).await.expect("the rejections can be read");
    let codes: BTreeMap<String, String> = rejected.iter().map(|row| (row.source_id.clone(), row.causes[0].code.to_string())).collect();
    let expected = [("S-2", "K0346"), ("S-3", "K0346"), ("S-4", "K0345"), ("S-5", "K0347")];
    assert_eq!(codes, expected.into_iter().map(|(id, code)| (id.to_owned(), code.to_owned())).collect());

    let reviews = open_reviews(&world).await;
    let asked: Vec<(&str, usize)> = reviews.iter().map(|row| (row.review.source.id.as_str(), row.review.candidates.len())).collect();
    assert_eq!(asked, [("S-2", 2), ("S-3", 1)]);
    let reasons = reviews[1].review.candidates[0].reasons.join("; ");
    assert!(reasons.contains("further apart than the window allows"), "{reasons}");
    let shown = serde_json::to_string(&reviews).expect("it is JSON");
    assert!(!shown.contains("Kamara") && !shown.contains("1984"), "a question holds no value: {shown}");

    // A person chooses one of the two, and says that the other sample is nobody's.
    let chosen = reviews[0].review.candidates[1].target_id.clone();
    decide(&world, "S-2", DecisionKind::Link, Some(chosen.clone())).await;
    decide(&world, "S-3", DecisionKind::Discard, None).await;
    assert!(open_reviews(&world).await.is_empty());
    let second = world.run("lab").await;
    assert_eq!(came_to(&second.counts), (6, 1, 2, 2, 1), "{:?}", second.causes);
    let results = world.sim.state().collection("labResult");
    let result = results.iter().find(|result| result["sampleIdentifier"] == "S-2").expect("it was made");
    assert_eq!(result["personId"], json!(chosen));

    world.sim.log().clear();
    let third = world.run("lab").await;
    assert_eq!(came_to(&third.counts), (6, 0, 3, 2, 1), "{:?}", third.causes);
    assert!(world.sim.log().writes().is_empty(), "the third run wrote: {:?}", world.sim.log().writes());
    assert!(open_reviews(&world).await.is_empty(), "what was decided is not asked again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_that_was_put_down_for_somebody_else_is_noticed() {
    let row = |who: &str| format!("{HEADER}S-1,{who},2022-08-03,21\n");
    let world = world(KNOWN, &row("Aminata,Sesay,1990-07-23")).await;
    let first = world.run("lab").await;
    assert_eq!(came_to(&first.counts), (1, 1, 0, 0, 0), "{:?}", first.causes);
    world.sim.log().clear();

    // The same person in another spelling is the same person.
    world.write("incoming/lab.csv", &row("Aminatta,Sesay,1990-07-23"));
    let second = world.run("lab").await;
    assert_eq!(came_to(&second.counts), (1, 0, 1, 0, 0), "{:?}", second.causes);

    world.write("incoming/lab.csv", &row("Adama,Sesay,1990-07-23"));
    for _ in 0..2 {
        let run = world.run("lab").await;
        assert_eq!(came_to(&run.counts), (1, 0, 0, 1, 0), "{:?}", run.causes);
    }
    let rejected = world.engine().await.store().rejections(Some("lab"), 100).await.expect("the rejections can be read");
    assert_eq!(rejected.iter().map(|row| row.causes[0].code.to_string()).collect::<Vec<_>>(), ["K0638"]);
    assert!(world.sim.log().writes().is_empty(), "something was written: {:?}", world.sim.log().writes());
}

const REGISTER_FLOW: &str = "\
flow: cases
from: { system: files, resource: cases.csv, id: visualId }
mapping: cases.csv
to:
  system: godata
  resource: cases
  key: \"documents[type=EXTERNAL_ID].number\"
  match:
    fields: { name: firstName, surname: lastName, dob: dob, age: age.years, document: \"documents[].number\" }
";

#[tokio::test(flavor = "multi_thread")]
async fn two_rows_of_one_new_person_do_not_make_two() {
    let world = world("visualId,firstName,lastName,dob,age_years,dateOfReporting\n", HEADER).await;
    world.write("flows/cases.yaml", REGISTER_FLOW);
    world.write(
        "incoming/cases.csv",
        "visualId,firstName,lastName,dob,age_years,dateOfReporting\nR-1,Aminata,Sesay,1990-07-23,31,2022-08-01\nR-2,Aminatta,Sesay,1990-07-23,31,2022-08-02\nR-3,Foday,Turay,1960-05-09,62,2022-08-02\n",
    );
    let first = world.run("cases").await;
    assert_eq!(came_to(&first.counts), (3, 2, 0, 1, 0), "{:?}", first.causes);
    let rejected = world.engine().await.store().rejections(Some("cases"), 100).await.expect("the rejections can be read");
    assert_eq!(
        rejected.iter().map(|row| (row.source_id.as_str(), row.causes[0].code.to_string())).collect::<Vec<_>>(),
        [("R-2", "K0348".to_owned())]
    );
    assert_eq!(world.sim.state().people().len(), 2);
    world.sim.log().clear();
    let second = world.run("cases").await;
    assert_eq!(came_to(&second.counts), (3, 0, 2, 1, 0), "{:?}", second.causes);
    assert!(world.sim.log().writes().is_empty(), "the second run wrote: {:?}", world.sim.log().writes());
}
