//! The places of the demo: health facilities that DHIS2 has in its regions and Go.Data does not, and a partner's list of some of them, written as such lists are.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Country;
use super::country::Place;
use super::numbers::{ROOT, region};

/// The flow that carries org units into Go.Data; the template of that name has it.
pub const FLOW: &str = "org-units";
/// The template that it comes from.
pub const TEMPLATE: &str = "org-units-to-godata";
/// The crosswalk between the partner's list and DHIS2.
pub const CROSSWALK: &str = "facilities";
/// The system of the partner's list.
pub const PARTNER: &str = "partner";
const KINDS: [&str; 3] = ["Health Centre", "Hospital", "Health Post"];
/// One facility in every so many districts.
const APART: usize = 3;
/// The facility beside which another one of the same name stands.
const TWIN: usize = 4;

/// A health facility of DHIS2.
#[derive(Debug, Clone, PartialEq)]
struct Facility {
    name: String,
    /// The district that it is called after.
    called: String,
    /// The position of its region.
    region: usize,
    lat: f64,
    lng: f64,
    closed: bool,
}

/// What happens to facilities over night, for the reader.
#[derive(Debug, Clone, PartialEq)]
pub struct Night {
    /// The units as they are then, in the form of DHIS2's metadata.
    pub metadata: Value,
    /// Former name and name.
    pub renamed: [String; 2],
    /// Name and the region that it belongs to now.
    pub moved: [String; 2],
    pub closed: String,
}

fn facilities(country: &Country) -> Vec<Facility> {
    let regions = country.of_level(1);
    let region_of = |place: &Place| {
        let chain = country.chain(place);
        regions.iter().position(|region| chain.iter().any(|above| above.id == region.id)).unwrap_or_default()
    };
    let mut all = Vec::new();
    for (number, district) in country.of_level(2).into_iter().step_by(APART).enumerate() {
        let kinds: &[&str] = if number == TWIN { &["Health Centre", "Health Post"] } else { &[KINDS[number % KINDS.len()]] };
        for (beside, kind) in kinds.iter().enumerate() {
            all.push(Facility {
                name: format!("{} {kind}", district.name),
                called: district.name.clone(),
                region: region_of(district),
                lat: district.lat + 0.01 * beside as f64,
                lng: district.lng,
                closed: false,
            });
        }
    }
    all
}

fn unit(number: usize, facility: &Facility) -> Value {
    let mut unit = json!({
        "id": format!("DemoUnit{:03}", number + 1), "name": facility.name, "shortName": facility.name, "code": format!("HF-{:03}", number + 1),
        "openingDate": "2010-01-01T00:00:00.000", "parent": { "id": region(facility.region) },
        "geometry": { "type": "Point", "coordinates": [rounded(facility.lng), rounded(facility.lat)] },
    });
    if facility.closed {
        unit["closedDate"] = json!("2020-01-01T00:00:00.000");
    }
    unit
}

fn rounded(degrees: f64) -> f64 {
    (degrees * 1e5).round() / 1e5
}

/// The facilities as DHIS2 has them.
pub fn units(country: &Country) -> Vec<Value> {
    facilities(country).iter().enumerate().map(|(number, facility)| unit(number, facility)).collect()
}

/// One facility gets another name, one another region, and one is closed. None of them is in the partner's list.
pub fn next_day(country: &Country) -> Night {
    let mut all = facilities(country);
    let [renamed, moved, closed] = [1, 2, 3].map(|from_the_end| all.len() - from_the_end);
    let name = format!("{} Community Hospital", all[renamed].called);
    let former = std::mem::replace(&mut all[renamed].name, name);
    let regions = country.of_level(1);
    all[moved].region = (all[moved].region + 1) % regions.len();
    all[closed].closed = true;
    let changed = [renamed, moved, closed].map(|number| unit(number, &all[number]));
    Night {
        metadata: json!({ "organisationUnits": changed }),
        renamed: [former, all[renamed].name.clone()],
        moved: [all[moved].name.clone(), regions[all[moved].region].name.clone()],
        closed: all[closed].name.clone(),
    }
}

/// The partner's list: abbreviations, a slip of the pen, a name without its kind, and a place that nobody else knows.
fn list(country: &Country) -> String {
    let all = facilities(country);
    let slip = |name: &str| {
        let mut letters: Vec<char> = name.chars().collect();
        letters.dedup();
        let last = letters.len() - 1;
        letters.swap(last, last - 1);
        letters.into_iter().collect::<String>()
    };
    let between = f64::midpoint(all[TWIN].lat, all[TWIN + 1].lat);
    let rows = [
        (format!("{} HC", all[0].called), all[0].lat, all[0].lng),
        (format!("Hosp. {}", all[1].called), all[1].lat, all[1].lng),
        (format!("{} H/Post", all[2].called.to_uppercase()), all[2].lat, all[2].lng),
        (format!("{} Health Centre", slip(&all[3].called)), all[3].lat, all[3].lng),
        (all[TWIN].called.clone(), between, all[TWIN].lng),
        ("Ferry Landing Clinic".to_owned(), country.places[0].lat + 2.5, country.places[0].lng - 2.5),
    ];
    let mut text = "number,facility,coordinates\n".to_owned();
    for (number, (name, lat, lng)) in rows.iter().enumerate() {
        writeln!(text, "P-{:02},{name},\"[{},{}]\"", number + 1, rounded(*lng), rounded(*lat)).expect("a text takes what is written");
    }
    text
}

/// The files that are put into the project beside those of the template.
pub fn files(country: &Country) -> Vec<(&'static str, String)> {
    let mut decided = "godata,hmis,godata_name,hmis_name,decision,note\n".to_owned();
    let regions = country.of_level(1).into_iter().enumerate().map(|(position, place)| (place, region(position)));
    for (place, unit) in std::iter::once((&country.places[0], ROOT.to_owned())).chain(regions) {
        writeln!(decided, "{},{unit},{name},{name},accept,", place.id, name = place.name).expect("a text takes what is written");
    }
    let systems = format!(
        "
  {PARTNER}:
    kind: file
    path: partner

# Which place is which: what people decided in codes/, and what the flows link.
crosswalks:
  places: {{ godata: locations, hmis: organisationUnits }}
  {CROSSWALK}:
    {PARTNER}: {{ resource: facilities.csv, id: number, name: facility, point: coordinates }}
    hmis: organisationUnits
"
    );
    vec![("kivuko.yaml", systems), ("codes/places.csv", decided), ("partner/facilities.csv", list(country))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_over_night_is_of_places_that_the_list_does_not_have() {
        for seed in 0..50 {
            let country = Country::new(seed);
            let (before, night) = (facilities(&country), next_day(&country));
            assert!(before.iter().any(|facility| facility.name == night.renamed[0]), "seed {seed}");
            let touched = [&night.renamed[0], &night.moved[0], &night.closed];
            let at = |name: &String| before.iter().position(|facility| facility.name == *name).expect("it is a facility");
            assert!(touched.into_iter().all(|name| at(name) > TWIN + 1), "seed {seed}: {night:?}");
            assert_eq!(list(&country).lines().count(), 7);
        }
    }
}
