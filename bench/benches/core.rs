//! What core costs for one record: splitting a stream into elements, and reading the fields that a flow needs.
//!
//! `cargo bench -p kivuko-bench --bench core`

use bytes::Bytes;
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use kivuko_bench::sample;
use kivuko_core::connector::{Declaration, Status};
use kivuko_core::labels::Labels;
use kivuko_core::path::SourcePath;
use kivuko_core::project::{self, Files, Project};
use kivuko_core::projection::Projection;
use kivuko_core::split::Splitter;
use kivuko_core::transform::{Env, NoReferences};
use serde_json::{Value, json};

/// As many as a page holds.
const CASES: u64 = 1_000;
/// How a network hands them over.
const CHUNK: usize = 64 << 10;

fn main() {
    divan::main();
}

fn page() -> Vec<Bytes> {
    (0..CASES).map(|number| sample::case(number).to_string().into()).collect()
}

fn total(page: &[Bytes]) -> BytesCount {
    BytesCount::new(page.iter().map(Bytes::len).sum::<usize>())
}

#[divan::bench]
fn split_an_array_of_1000_cases(bencher: Bencher<'_, '_>) {
    let stream = sample::cases(CASES);
    bencher.counter(BytesCount::new(stream.len())).counter(ItemsCount::new(CASES)).bench_local(|| {
        let mut splitter = Splitter::array();
        let mut elements = Vec::new();
        let mut count = 0;
        for chunk in stream.as_bytes().chunks(CHUNK) {
            splitter.feed(black_box(chunk), &mut elements).expect("the stream is well formed");
            count += elements.drain(..).map(black_box).count();
        }
        splitter.finish(&mut elements).expect("the stream is complete");
        count
    });
}

#[divan::bench]
fn parse_and_project_1000_cases(bencher: Bencher<'_, '_>) {
    let paths: Vec<SourcePath> = sample::PATHS.iter().map(|path| SourcePath::parse(path).expect("a path")).collect();
    let projection = Projection::new(&paths);
    let page = page();
    bencher.counter(total(&page)).counter(ItemsCount::new(CASES)).bench_local(|| {
        for raw in &page {
            black_box(projection.project(black_box(raw)).expect("a case is JSON"));
        }
    });
}

#[divan::bench]
fn parse_whole_1000_cases_for_comparison(bencher: Bencher<'_, '_>) {
    let projection = Projection::everything();
    let page = page();
    bencher.counter(total(&page)).counter(ItemsCount::new(CASES)).bench_local(|| {
        for raw in &page {
            black_box(projection.project(black_box(raw)).expect("a case is JSON"));
        }
    });
}

/// From Go.Data into a tracker: 20 rows with paths of all forms, transforms, a code map, conditions and an expression.
const SHEET: &str = r#"target,source,transform,codes,when,empty
uid,id,,,,reject
attributes.caseId,visualId,trim,,,reject
attributes.firstName,firstName,trim | title,,,
attributes.lastName,lastName,trim | upper,,,
attributes.sex,gender,,sex,,
attributes.birth,dob,date,,,
attributes.age,age.years,,,,
attributes.months,age.months,,,{ age.years < 2 },
attributes.group,,"{ age.years < 5 ? ""U5"" : ""5+"" }",,,
attributes.status,classification,,status,,
attributes.outcome,outcomeId,,,,
events.onset,dateOfOnset,date,,,
events.reported,dateOfReporting,date,,,reject
events.outcome,dateOfOutcome,date,,,
updated,updatedAt,,,,
attributes.national,documents[type=LNG_REFERENCE_DATA_CATEGORY_DOCUMENT_TYPE_NATIONAL_ID].number,,,,
orgUnit,addresses[typeId=LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE].locationId,,,,
attributes.city,addresses[typeId=LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE].city,,,,
attributes.fever,questionnaireAnswers.fever[0].value,lower,,,
attributes.symptoms,questionnaireAnswers.symptoms[].value,,,,
"#;

const SEX: &str = "godata,tracker
LNG_REFERENCE_DATA_CATEGORY_GENDER_FEMALE,F
LNG_REFERENCE_DATA_CATEGORY_GENDER_MALE,M
";

const STATUS: &str = "godata,tracker
LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_CONFIRMED,confirmed
LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_PROBABLE,probable
LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_SUSPECT,suspect
*,drop
";

/// A project of one flow, as `check` accepts it.
fn project() -> Project {
    let declaration = Declaration {
        kind: "any",
        about: "Anything.",
        category: "outbreak",
        status: Status::Stable,
        reads: true,
        writes: true,
        options: json!({ "type": "object" }),
        from_options: Value::Null,
        to_options: Value::Null,
        secrets: &[],
        resources: &[],
        knows_identity: true,
        reads_whole: false,
        scope: None,
    };
    let texts = [
        ("kivuko.yaml", "project: bench\nsystems: { godata: { kind: any }, tracker: { kind: any } }\n"),
        (
            "flows/cases.yaml",
            "flow: cases\nfrom: { system: godata, resource: cases }\nmapping: cases.csv\nto: { system: tracker, resource: entities, key: uid }\n",
        ),
        ("mappings/cases.csv", SHEET),
        ("codes/sex.csv", SEX),
        ("codes/status.csv", STATUS),
    ];
    let files = Files(texts.into_iter().map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).collect());
    let loaded = project::load(&files, "test", &[declaration], "0");
    loaded.project.unwrap_or_else(|| panic!("{:#?}", loaded.problems))
}

#[divan::bench]
fn parse_project_and_map_1000_cases(bencher: Bencher<'_, '_>) {
    let project = project();
    let flow = &project.flows["cases"];
    let env = Env {
        timezone: &project.timezone,
        today: jiff::civil::date(2026, 1, 1),
        codes: &project.codes,
        sides: &flow.sides,
        references: &NoReferences,
        labels: &Labels::default(),
        secret: &[0; 32],
    };
    let page = page();
    bencher.counter(total(&page)).counter(ItemsCount::new(CASES)).bench_local(|| {
        for raw in &page {
            let record = flow.mapping.projection().project(black_box(raw)).expect("a case is JSON");
            black_box(flow.mapping.apply("", &record, None, &[], &env).expect("a case goes through"));
        }
    });
}
