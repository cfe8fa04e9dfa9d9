//! The project that places are measured with: the org units of a country as DHIS2 answers them, into a file of locations that Go.Data imports, or into Go.Data itself.

use std::fs;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use serde_json::{Value, json};

use crate::line_list::Account;

/// The name of its flow.
pub const FLOW: &str = "places";

const KIVUKO: &str = "\
project: places
timezone: UTC
systems:
  hmis: { kind: file, path: in }
  godata: { kind: file, path: out }
";

const FLOW_FILE: &str = "\
flow: places
about: As an administrator of Go.Data I want the org units of DHIS2 as its locations.
from: { system: hmis, resource: units.json, id: id, array: organisationUnits }
mapping: places.csv
to: { system: godata, resource: locations.json, key: id, tree: { record: location, children: children, parent: parentLocationId } }
";

const SHEET: &str = "\
target,source,transform,codes,when,default,empty,on,owner,personal,note
id,id,,,,,reject,,,no,
name,name,,,,,reject,,,no,
parentLocationId,parent.id,,,,,,,,no,
geographicalLevelId,level,\"{ \"\"LNG_REFERENCE_DATA_CATEGORY_LOCATION_GEOGRAPHICAL_LEVEL_ADMIN_LEVEL_\"\" + string(value - 1) }\",,,,reject,,,no,
identifiers[0].description,,\"{ \"\"DHIS2 uid\"\" }\",,,,,,,no,
identifiers[0].code,id,,,,,,,,no,
identifiers[1].code,code,,,,,,,,no,
synonyms[0],shortName,,,{ shortName != name },,,,,no,
geoLocation,geometry,geo_point,,,,,,,no,
active,,{ !has(closedDate) },,,,,,,no,
";

pub(crate) const KIVUKO_API: &str = "\
project: places
timezone: UTC
systems:
  hmis: { kind: file, path: in }
";

const FLOW_FILE_API: &str = "\
flow: places
about: As an administrator of Go.Data I want the org units of DHIS2 as its locations.
from: { system: hmis, resource: units.json, id: id, array: organisationUnits }
mapping: places.csv
to: { system: godata, resource: locations, key: \"identifiers[description='DHIS2 uid'].code\" }
";

const SHEET_API: &str = "\
target,source,transform,codes,when,default,empty,on,owner,personal,note
identifiers[description='DHIS2 uid'].code,id,,,,,reject,,,no,finds the place
name,name,,,,,reject,,,no,
parentLocationId,parent.id,\"ref(\"\"places\"\")\",,,,,,,no,
geographicalLevelId,level,\"{ \"\"ADMIN_LEVEL_\"\" + string(value - 1) }\",,,,reject,,,no,
geoLocation,geometry,geo_point,,,,,,,no,
active,,{ !has(closedDate) },,,,,,,no,
";

/// How many places stand below one of each level but the last.
const BELOW: [u64; 3] = [12, 10, 12];

/// Writes the project without its units.
pub fn write(root: &Path) -> io::Result<()> {
    for folder in ["flows", "mappings", "in"] {
        fs::create_dir_all(root.join(folder))?;
    }
    fs::write(root.join("kivuko.yaml"), KIVUKO)?;
    fs::write(root.join("flows/places.yaml"), FLOW_FILE)?;
    fs::write(root.join("mappings/places.csv"), SHEET)
}

/// Writes the same for a Go.Data that is reached by its API.
pub fn write_for(root: &Path, account: Account<'_>) -> io::Result<()> {
    write(root)?;
    account.write_project(root, KIVUKO_API)?;
    fs::write(root.join("flows/places.yaml"), FLOW_FILE_API)?;
    fs::write(root.join("mappings/places.csv"), SHEET_API)
}

/// Writes so many units, five levels of them, the upper ones first and with their areas; the first so many facilities have been renamed.
pub fn write_units(root: &Path, units: u64, renamed: u64) -> io::Result<()> {
    let mut file = BufWriter::new(fs::File::create(root.join("in/units.json"))?);
    write!(file, "{{\"organisationUnits\":[")?;
    let (mut from, mut count) = (0, 1);
    let mut above: Option<(u64, u64)> = None;
    let mut level = 1;
    while from < units {
        let last = level > BELOW.len() as u64 + 1;
        let until = if last { units } else { (from + count).min(units) };
        for number in from..until {
            let parent = above.map(|(first, size)| first + (number - from) % size);
            let changed = last && number - from < renamed;
            let comma = if number == 0 { "" } else { "," };
            write!(file, "{comma}\n{}", unit(number, level, parent, changed))?;
        }
        above = Some((from, until - from));
        from = until;
        count *= BELOW.get(usize::try_from(level - 1).unwrap_or(usize::MAX)).copied().unwrap_or(1);
        level += 1;
    }
    writeln!(file, "\n]}}")?;
    file.flush()
}

fn uid(number: u64) -> String {
    format!("u{number:010}")
}

fn unit(number: u64, level: u64, parent: Option<u64>, renamed: bool) -> Value {
    // Mixed, so that the columns do not go round together.
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let kind = ["Republic", "Region", "District", "Sub-district", "Health Centre"][usize::try_from(level - 1).unwrap_or_default().min(4)];
    let again = if renamed { " (new)" } else { "" };
    let name = format!("{} {kind} {number}{again}", crate::line_list::TOWNS[usize::try_from(mixed % 5).unwrap_or_default()]);
    let (lng, lat) = (-13.0 + (mixed % 3_000) as f64 / 1_000.0, 7.0 + (mixed / 3_000 % 3_000) as f64 / 1_000.0);
    let geometry = if level < 5 { area(lng, lat, 64 >> level) } else { json!({ "type": "Point", "coordinates": [lng, lat] }) };
    let mut unit = json!({
        "id": uid(number), "code": format!("OU_{number}"), "name": name, "shortName": format!("{kind} {number}"), "level": level,
        "openingDate": "1990-01-01T00:00:00.000", "created": "2020-04-06T08:48:09.324", "lastUpdated": "2026-04-06T08:48:09.478", "geometry": geometry,
        "path": format!("/{}", uid(number)), "leaf": level == 5,
    });
    if let Some(parent) = parent {
        unit["parent"] = json!({ "id": uid(parent) });
    }
    if number % 50 == 49 {
        unit["closedDate"] = "2025-12-31T00:00:00.000".into();
    }
    unit
}

/// A shore of four times so many corners.
fn area(lng: f64, lat: f64, corners: u32) -> Value {
    let count = corners * 4;
    let ring: Vec<Value> = (0..=count)
        .map(|corner| {
            let angle = std::f64::consts::TAU * f64::from(corner % count) / f64::from(count);
            let radius = 0.1 + 0.05 * f64::from(corner % count % 7) / 7.0;
            json!([lng + radius * angle.cos(), lat + radius * angle.sin()])
        })
        .collect();
    json!({ "type": "Polygon", "coordinates": [ring] })
}
