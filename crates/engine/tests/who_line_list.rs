//! WHO's line list of cases, as it is published, through the project of the template `line-list`: every row is accounted for, and a row is rejected
//! only for a reason that a person would agree with.
//!
//! The file is read where it lies: `KIVUKO_REAL_DATA`, else `../shared/data` beside the workspace. Without it the test says that it was left out.

mod support;

use std::path::{Path, PathBuf};

use kivuko_engine::RunReport;
use kivuko_sims::godata::Options;
use serde_json::{Value, json};
use support::World;

fn real_data() -> Option<PathBuf> {
    let folder = match std::env::var_os("KIVUKO_REAL_DATA") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
    };
    if folder.join("interop/trainingland/cases_clean.csv").is_file() {
        return Some(folder);
    }
    eprintln!("left out: the real line list is not at {}; KIVUKO_REAL_DATA says where it is", folder.display());
    None
}

/// The places of the training country, as Go.Data has them.
fn locations(folder: &Path) -> Vec<Value> {
    let table = std::fs::read_to_string(folder.join("godata/locations_trainingland.csv")).expect("the places can be read");
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let text = |cell: &str| if cell.is_empty() { Value::Null } else { json!(cell) };
    let place = |row: &Vec<&str>| {
        json!({
            "id": row[0],
            "name": row[2],
            "parentLocationId": text(row[4]),
            "geographicalLevelId": format!("LNG_REFERENCE_DATA_CATEGORY_LOCATION_GEOGRAPHICAL_LEVEL_ADMIN_LEVEL_{}", row[1]),
        })
    };
    let mut ordered: Vec<&Vec<&str>> = rows.iter().collect();
    ordered.sort_by_key(|row| row[1]);
    ordered.into_iter().map(place).collect()
}

/// The project of the template, with the file of WHO as its input.
async fn world(folder: &Path) -> World {
    let world = World::new(Options { locations: locations(folder), ..Options::for_tests() }).await;
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/templates/line-list");
    let read = |name: &str| std::fs::read_to_string(template.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    for name in [
        "flows/cases.yaml",
        "mappings/cases.csv",
        "codes/gender.csv",
        "codes/unknown.csv",
        "codes/centres.csv",
        "checks/cases.yaml",
        "samples/cases.csv",
    ] {
        world.write(name, &read(name));
    }
    // The project of the other tests has more than the template.
    for name in ["codes/sex.csv", "flows/export.yaml", "mappings/export.csv"] {
        std::fs::remove_file(world.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let project = read("kivuko.yaml")
        .replace("PROJECT", "trainingland")
        .replace("TIMEZONE", "UTC")
        .replace("http://127.0.0.1:8080", &world.sim.url())
        .replace("${GODATA_PASSWORD}", Options::PASSWORD);
    world.write("kivuko.yaml", &project);
    let list = std::fs::read_to_string(folder.join("interop/trainingland/cases_clean.csv")).expect("the line list can be read");
    world.write("incoming/cases.csv", &list);
    world
}

async fn rejected(world: &World) -> Vec<String> {
    let engine = world.engine().await;
    let rows = engine.store().rejections(Some("cases"), 1000).await.expect("the rejections can be read");
    let mut lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let causes: Vec<String> =
                row.causes.iter().map(|cause| format!("{} {}", cause.code, cause.field.as_deref().unwrap_or_default())).collect();
            format!("{}: {}", row.place, causes.join(", "))
        })
        .collect();
    lines.sort();
    lines
}

fn figures(report: &RunReport) -> (u64, u64, u64, u64, u64) {
    let counts = &report.counts;
    (counts.read, counts.created, counts.updated, counts.unchanged, counts.rejected)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_the_line_list_of_who_is_accounted_for() {
    let Some(folder) = real_data() else { return };
    let world = world(&folder).await;

    let first = world.run("cases").await;
    let rejected = rejected(&world).await;
    // Three numbers stand beside two people each. All other rows go through: also those without a number, a name, a place or an age.
    let expected = [21, 22, 27, 28, 33, 34].map(|row| format!("cases.csv, row {row}: K0313 visualId"));
    assert_eq!(rejected, expected);
    assert_eq!(figures(&first), (56, 50, 0, 0, 6), "{:?}", first.causes);
    let cases = world.sim.state().cases(Options::OUTBREAK);
    assert_eq!(cases.len(), 50);
    // An infant of 11 months stands in the list as 0.916666666666667 years.
    assert!(cases.iter().any(|case| case["age"]["months"] == 11 && case["age"]["years"] == 0));
    // Whatever the list says of hospitals, Go.Data did not make up a centre from it.
    let reference_data = world.sim.state().collection("referenceData");
    assert!(reference_data.iter().all(|item| item["categoryId"] != "LNG_REFERENCE_DATA_CATEGORY_CENTRE_NAME"));

    world.sim.log().clear();
    let second = world.run("cases").await;
    assert_eq!(figures(&second), (56, 0, 0, 50, 6), "{:?}", second.causes);
    assert!(world.sim.log().writes().is_empty(), "the second run wrote: {:?}", world.sim.log().writes());
}
