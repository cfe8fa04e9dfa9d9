//! What counting costs for one record: four indicators of a line list, with days, places by crosswalk and level, and categories.
//!
//! `cargo bench -p kivuko-bench --bench aggregate`

use std::collections::BTreeMap;

use bytes::Bytes;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use kivuko_bench::sample;
use kivuko_core::connector::{Declaration, Status};
use kivuko_core::labels::Labels;
use kivuko_core::numbers::{Category, Combo, Element, Frame, Named, OptionCombo, Places, Unit, Units};
use kivuko_core::period::PeriodType;
use kivuko_core::project::{self, Files, Project};
use kivuko_core::transform::{Env, NoReferences};
use serde_json::{Value, json};

/// As many as a page holds.
const CASES: u64 = 1_000;
/// How many places they live in.
const PLACES: u64 = 400;
const DISTRICTS: u64 = 20;

fn main() {
    divan::main();
}

const SHEET: &str = r#"indicator,data_element,where,value,date,by
cases,Cases,,count,,"sex: gender | codes(sex); age: age(0-4,5-14,15-49,50+)"
confirmed,Confirmed,"{ classification == ""LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_CONFIRMED"" }",count,dateOfOnset,"sex: gender | codes(sex); age: age(0-4,5-14,15-49,50+)"
probable,Probable,"{ classification == ""LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_PROBABLE"" }",count,,
deaths,Deaths,"{ outcomeId == ""LNG_REFERENCE_DATA_CATEGORY_OUTCOME_DECEASED"" }",count,dateOfOutcome,
"#;

const SEX: &str = "godata,hmis\nLNG_REFERENCE_DATA_CATEGORY_GENDER_FEMALE,F\nLNG_REFERENCE_DATA_CATEGORY_GENDER_MALE,M\n";

const FLOW: &str = "flow: weekly
from: { system: godata, resource: cases }
aggregate:
  sheet: weekly.csv
  period: { type: Weekly, date: dateOfReporting }
  org_unit: { path: usualPlaceOfResidenceLocationId, crosswalk: places, level: 2 }
to: { system: hmis, resource: dataValueSets, data_set: weekly }
";

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
        to_options: json!({ "type": "object", "properties": { "data_set": { "type": "string" } } }),
        secrets: &[],
        resources: &[],
        knows_identity: true,
        reads_whole: false,
        scope: None,
    };
    let crosswalk: Vec<String> = (0..DISTRICTS).map(|district| format!("DISTRICT-{district},D{district}\n")).collect();
    let texts = [
        ("kivuko.yaml", "project: bench\nsystems: { godata: { kind: any }, hmis: { kind: any } }\n".to_owned()),
        ("flows/weekly.yaml", FLOW.to_owned()),
        ("aggregates/weekly.csv", SHEET.to_owned()),
        ("codes/sex.csv", SEX.to_owned()),
        ("codes/places.csv", format!("godata,hmis\n{}", crosswalk.concat())),
    ];
    let files = Files(texts.into_iter().map(|(name, text)| (name.to_owned(), text.into_bytes())).collect());
    let loaded = project::load(&files, "test", &[declaration], "0");
    loaded.project.unwrap_or_else(|| panic!("{:#?}", loaded.problems))
}

fn frame() -> Frame {
    let category = |id: &str, options: &[&str]| Category {
        named: Named::new(id, None, id),
        options: options.iter().map(|name| Named::new(format!("{id}-{name}"), Some(name), *name)).collect(),
    };
    let (sex, age) = (category("sex", &["F", "M"]), category("age", &["0-4", "5-14", "15-49", "50+"]));
    let pairs = sex.options.iter().flat_map(|one| age.options.iter().map(move |other| [one.id.clone(), other.id.clone()]));
    let option_combos = pairs
        .map(|options| OptionCombo { named: Named::new(options.join(" "), None, options.join(", ")), options: options.to_vec() })
        .collect();
    let both = Combo { named: Named::new("both", None, "Sex and age"), option_combos, categories: vec![sex, age], default: false };
    let none = Combo {
        named: Named::new("none", None, "default"),
        option_combos: vec![OptionCombo { named: Named::new("none", None, "default"), options: Vec::new() }],
        categories: Vec::new(),
        default: true,
    };
    let element = |name: &str, combo: &str| Element {
        named: Named::new(name.to_lowercase(), None, name),
        value_type: "INTEGER".to_owned(),
        combo: combo.to_owned(),
        ..Element::default()
    };
    let districts = (0..DISTRICTS).map(|number| Unit {
        named: Named::new(format!("d{number}"), Some(&format!("D{number}")), format!("District {number}")),
        path: format!("/country/d{number}"),
        ..Unit::default()
    });
    let root = Unit { named: Named::new("country", None, "Country"), path: "/country".to_owned(), ..Unit::default() };
    Frame {
        data_set: Named::new("weekly", None, "Weekly"),
        period_type: PeriodType::Weekly,
        elements: vec![element("Cases", "both"), element("Confirmed", "both"), element("Probable", "none"), element("Deaths", "none")],
        attribute_combo: "none".to_owned(),
        combos: [both, none].into_iter().map(|combo| (combo.named.id.clone(), combo)).collect(),
        units: Units::new(std::iter::once(root).chain(districts).collect()),
        assigned: (0..DISTRICTS).map(|number| format!("d{number}")).collect(),
        other_elements: BTreeMap::new(),
    }
}

fn places() -> Places {
    let mut places = Places::default();
    for number in 0..DISTRICTS {
        places.insert(format!("DISTRICT-{number}"), None, "a district");
    }
    for number in 0..PLACES {
        places.insert(format!("PLACE-{number}"), Some(&format!("DISTRICT-{}", number % DISTRICTS)), "a place");
    }
    places
}

fn page() -> Vec<Bytes> {
    let cases = (0..CASES).map(|number| {
        let mut case = sample::case(number);
        case["usualPlaceOfResidenceLocationId"] = json!(format!("PLACE-{}", number * 7 % PLACES));
        case.to_string().into()
    });
    cases.collect()
}

fn measure(bencher: Bencher<'_, '_>, parse: bool) {
    let project = project();
    let flow = &project.flows["weekly"];
    let own = flow.aggregate.as_ref().expect("the flow counts");
    let (frame, places) = (frame(), places());
    let bound = own.bind(&frame, &project.codes, Some(&places)).unwrap_or_else(|causes| panic!("{causes:#?}"));
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
    let projected: Vec<Value> = page.iter().map(|raw| flow.projection().project(raw).expect("a case is JSON")).collect();
    for record in &projected {
        let counted = bound.count(record, &env);
        assert!(counted.causes.is_empty() && !counted.parts.is_empty(), "{:?}", counted.causes);
    }
    bencher.counter(ItemsCount::new(CASES)).bench_local(|| {
        if parse {
            for raw in &page {
                let record = flow.projection().project(black_box(raw)).expect("a case is JSON");
                black_box(bound.count(&record, &env));
            }
        } else {
            for record in &projected {
                black_box(bound.count(black_box(record), &env));
            }
        }
    });
}

#[divan::bench]
fn count_1000_projected_cases(bencher: Bencher<'_, '_>) {
    measure(bencher, false);
}

#[divan::bench]
fn parse_project_and_count_1000_cases(bencher: Bencher<'_, '_>) {
    measure(bencher, true);
}
