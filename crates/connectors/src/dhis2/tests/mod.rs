//! Against the simulator, which was written from the same reference and shares no code with this.

mod metadata;
mod options;
mod quirks;
mod reading;
mod samples;
mod sequences;
mod units;
mod writing;

use std::sync::Arc;

use kivuko_core::connector::{
    Action, Candidate, Connector as _, Context, Key, ReadRequest, Settings, SourceSpec, System, Target, TargetSpec, Write, Written,
};
use kivuko_core::error::Problem;
use kivuko_core::record::{Page, Partition, SourceRecord};
use kivuko_sims::dhis2::{Dhis2Sim, Options, User};
use serde_json::{Value, json};

use crate::suite::context;

/// The releases that the simulator plays.
const RELEASES: [&str; 5] = ["2.38", "2.40", "2.41", "2.42", "2.43"];

const TOKEN: &str = "d2pat_kivukokivukokivukokivukokivuko0000000000003";
const COUNTRY: &str = "CountryAaaa";
const DISTRICT: &str = "DistrictAaa";
const CLINIC: &str = "ClinicOneaa";
const HOSPITAL: &str = "HospitalTwo";
const CLOSED: &str = "ClosedThree";
const ELSEWHERE: &str = "ElsewhereAa";
const CASES: &str = "elementCase";
const BEDS: &str = "elementBeds";
const NOTE: &str = "elementNote";
const OPTION: &str = "elementOpts";
const OTHER: &str = "elementOthr";
const FEMALE: &str = "cocFemaleaa";
const MALE: &str = "cocMaleaaaa";
const SET: &str = "setMonthlya";
const DEFAULT: &str = "HllvX50cXC0";
/// A month that has ended by the simulator's clock.
const MAY: &str = "202605";

fn id(id: &str) -> Value {
    json!({ "id": id })
}

/// A small country: a data set by month with sex, with a 0 that is not kept, with text and options.
fn country() -> Value {
    let unit = |uid: &str, code: &str, name: &str, parent: Option<&str>| {
        let mut unit = json!({ "id": uid, "code": code, "name": name, "shortName": name, "openingDate": "2010-01-01" });
        if let Some(parent) = parent {
            unit["parent"] = id(parent);
        }
        unit
    };
    let mut closed = unit(CLOSED, "C3", "Clinic Three", Some(DISTRICT));
    closed["closedDate"] = json!("2020-12-31");
    let element = |uid: &str, code: &str, name: &str, value_type: &str, combo: &str, zero: bool| {
        json!({ "id": uid, "code": code, "name": name, "shortName": name, "valueType": value_type, "domainType": "AGGREGATE",
            "aggregationType": if value_type == "TEXT" { "NONE" } else { "SUM" }, "categoryCombo": id(combo), "zeroIsSignificant": zero })
    };
    let mut options = element(OPTION, "OPTS", "Water source", "TEXT", "bjDvmb4bfuf", false);
    options["optionSet"] = id("optionSetAa");
    let option = |uid: &str, code: &str, name: &str| json!({ "id": uid, "code": code, "name": name, "optionSet": id("optionSetAa") });
    let named = |uid: &str, code: &str, name: &str| json!({ "id": uid, "code": code, "name": name, "shortName": name });
    let combo = |uid: &str, code: &str, name: &str, option: &str| json!({ "id": uid, "code": code, "name": name, "categoryCombo": id("comboSexaaa"), "categoryOptions": [id(option)] });
    let elements: Vec<Value> = [CASES, BEDS, NOTE, OPTION].iter().map(|uid| json!({ "dataElement": id(uid) })).collect();
    let assigned: Vec<Value> = [CLINIC, HOSPITAL, CLOSED, ELSEWHERE].into_iter().map(id).collect();
    json!({
        "organisationUnits": [
            unit(COUNTRY, "X", "Xanadu", None), unit(DISTRICT, "D1", "North", Some(COUNTRY)), unit(CLINIC, "C1", "Clinic One", Some(DISTRICT)),
            unit(HOSPITAL, "H2", "Hospital Two", Some(DISTRICT)), closed, unit(ELSEWHERE, "E", "Elsewhere", None),
        ],
        "options": [option("optionWella", "WELL", "Well"), option("optionRiver", "RIVER", "River")],
        "optionSets": [{ "id": "optionSetAa", "name": "Water", "valueType": "TEXT", "options": [id("optionWella"), id("optionRiver")] }],
        "categoryOptions": [named("optFemaleaa", "F", "Female"), named("optMaleaaaa", "M", "Male")],
        "categories": [{ "id": "categorySex", "code": "SEX", "name": "Sex", "shortName": "Sex", "dataDimensionType": "DISAGGREGATION",
            "categoryOptions": [id("optFemaleaa"), id("optMaleaaaa")] }],
        "categoryCombos": [{ "id": "comboSexaaa", "name": "Sex", "dataDimensionType": "DISAGGREGATION", "categories": [id("categorySex")] }],
        "categoryOptionCombos": [combo(FEMALE, "FEM", "Female", "optFemaleaa"), combo(MALE, "MAL", "Male", "optMaleaaaa")],
        "dataElements": [
            element(CASES, "CASES", "Malaria cases", "INTEGER_ZERO_OR_POSITIVE", "comboSexaaa", false),
            element(BEDS, "BEDS", "Beds", "INTEGER_ZERO_OR_POSITIVE", "bjDvmb4bfuf", true),
            element(NOTE, "NOTE", "Note", "LONG_TEXT", "bjDvmb4bfuf", false),
            options,
            element(OTHER, "OTHER", "Other", "NUMBER", "bjDvmb4bfuf", false),
        ],
        "dataSets": [{ "id": SET, "code": "MONTH", "name": "Monthly report", "shortName": "Month", "periodType": "Monthly",
            "categoryCombo": id("bjDvmb4bfuf"),
            "dataSetElements": elements,
            "organisationUnits": assigned }],
    })
}

/// A server of a release with the country in it and an account that captures in it.
fn options(release: &str) -> Options {
    let account = User::new("kivuko", "Market-9", &["F_DATAVALUE_ADD"]).with_token(TOKEN).capturing(&[COUNTRY]);
    Options::for_tests(release).with_metadata(country()).with_user(account)
}

/// A simulator and a system that speaks to it.
struct World {
    sim: Dhis2Sim,
    system: Arc<dyn System>,
}

impl World {
    async fn new(release: &str) -> Self {
        Self::with(options(release), json!({ "token": TOKEN })).await
    }

    async fn with(options: Options, more: Value) -> Self {
        let sim = Dhis2Sim::start(options).await.expect("a simulator");
        let system = open(&sim, &more, context()).expect("options that hold");
        Self { sim, system }
    }

    async fn target(&self, more: Value) -> Box<dyn Target> {
        let target = self.system.target(&spec(more)).expect("a target");
        assert_eq!(target.prepare().await, Ok(Vec::new()));
        target
    }

    async fn read(&self, resource: &str, options: Value, change: impl Fn(&mut ReadRequest)) -> Vec<Page> {
        let source = self.system.source(&SourceSpec { resource: resource.to_owned(), options, ..SourceSpec::default() }).expect("a source");
        let mut all = Vec::new();
        for partition in source.partitions().await.expect("partitions") {
            let mut request = reading(partition);
            change(&mut request);
            let mut pages = source.read(request).await.expect("a reading");
            while let Some(page) = pages.next().await.expect("a page") {
                all.push(page);
            }
        }
        all
    }

    /// What the simulator was asked since, as `POST /api/dataValueSets`.
    fn writes(&self) -> usize {
        self.sim.log().entries().iter().filter(|entry| entry.method == "POST").count()
    }
}

fn open(sim: &Dhis2Sim, more: &Value, context: Context) -> Result<Arc<dyn System>, Vec<Problem>> {
    let mut options = json!({ "url": sim.url() });
    options.as_object_mut().expect("it is one").extend(more.as_object().expect("it is one").clone());
    super::Connector.open(Settings { name: "hmis".to_owned(), options, project: ".".into() }, context)
}

fn spec(more: Value) -> TargetSpec {
    let mut options = json!({ "data_set": "Monthly report" });
    options.as_object_mut().expect("it is one").extend(more.as_object().expect("it is one").clone());
    let key = ["dataElement", "period", "orgUnit", "categoryOptionCombo", "attributeOptionCombo"].map(str::to_owned).to_vec();
    TargetSpec { resource: "dataValueSets".to_owned(), key, options, ..TargetSpec::default() }
}

fn reading(partition: Partition) -> ReadRequest {
    ReadRequest { partition, from: None, since: None, until: None, only: None, paths: Vec::new(), page_size: 100 }
}

fn records(pages: Vec<Page>) -> Vec<SourceRecord> {
    pages.into_iter().flat_map(|page| page.records).collect()
}

fn body(record: &SourceRecord) -> Value {
    serde_json::from_slice(record.body.as_ref().expect("it is whole")).expect("it is JSON")
}

/// A record of a sheet.
fn value(element: &str, period: &str, unit: &str, option_combo: Option<&str>, value: &str) -> Value {
    let mut record = json!({ "dataElement": element, "period": period, "orgUnit": unit, "value": value });
    if let Some(option_combo) = option_combo {
        record["categoryOptionCombo"] = json!(option_combo);
    }
    record
}

fn create(target: &dyn Target, record: Value) -> Write {
    let body = target.conform(record).unwrap_or_else(|causes| panic!("it conforms: {causes:?}"));
    Write { action: Action::Create, key: Key(Vec::new()), id: None, body: body.into(), parent: None }
}

/// Why the target does not take a new record where it lies.
fn closed(target: &dyn Target, record: Value) -> Option<kivuko_core::error::Code> {
    target.closed(Action::Create, None, &create(target, record).body).first().map(|cause| cause.code)
}

fn key(parts: [&str; 5]) -> Key {
    Key(parts.map(str::to_owned).to_vec())
}

/// One word for each outcome: an id, a code.
fn shown(written: &[Written]) -> Vec<String> {
    let one = |written: &Written| match written {
        Written::Done { .. } => "done".to_owned(),
        Written::Refused(cause) => cause.code.to_string(),
        Written::NotYet(cause) => format!("not yet {}", cause.code),
        Written::Failed(error) => format!("failed {} {}", error.cause.code, error.effect_unknown),
    };
    written.iter().map(one).collect()
}

fn texts(candidates: &[Candidate]) -> Vec<String> {
    candidates.iter().map(|candidate| candidate.body["value"].as_str().unwrap_or_default().to_owned()).collect()
}
