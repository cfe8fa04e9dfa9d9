//! The published lists as the input of the template's project.

use std::path::{Path, PathBuf};

use kivuko_sims::godata::Options;
use serde_json::{Value, json};

use crate::support::{World, real};

/// The flows of the template, parents before children.
pub const FLOWS: [&str; 6] = ["cases", "contacts", "events", "relationships", "follow-ups", "lab-results"];

/// The lists by the name under which the template looks for them.
const LISTS: [(&str, &str); 6] = [
    ("cases", "cases_clean"),
    ("contacts", "contacts_clean"),
    ("events", "events_clean"),
    ("relationships", "relationships_clean"),
    ("follow-ups", "followups_clean"),
    ("lab-results", "lab_results_clean"),
];

/// Where the published lists lie, if they are there.
pub fn folder() -> Option<PathBuf> {
    real::folder("interop/trainingland/cases_clean.csv")
}

/// The places of the training country, as Go.Data has them, parents first.
fn locations(folder: &Path) -> Vec<Value> {
    let table = real::text(folder, "godata/locations_trainingland.csv");
    let mut rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split(',').collect()).collect();
    rows.sort_by_key(|row| row[1]);
    let text = |cell: &str| if cell.is_empty() { Value::Null } else { json!(cell) };
    let place = |row: &Vec<&str>| {
        json!({
            "id": row[0],
            "name": row[2],
            "parentLocationId": text(row[4]),
            "geographicalLevelId": format!("LNG_REFERENCE_DATA_CATEGORY_LOCATION_GEOGRAPHICAL_LEVEL_ADMIN_LEVEL_{}", row[1]),
        })
    };
    rows.iter().map(place).collect()
}

/// The project of the template, with the published lists as its input.
pub async fn world(folder: &Path, options: Options) -> World {
    let world = World::of_template("line-list", Options { locations: locations(folder), ..options }).await;
    for (name, list) in LISTS {
        world.write(&format!("incoming/{name}.csv"), &real::text(folder, &format!("interop/trainingland/{list}.csv")));
    }
    world
}

/// The open rejections: place, code and field, in an order of their own.
pub async fn open(world: &World) -> Vec<String> {
    let rows = world.engine().await.store().rejections(None, 1000).await.expect("the rejections can be read");
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
