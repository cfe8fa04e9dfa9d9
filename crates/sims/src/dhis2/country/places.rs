//! Regions, districts and facilities.

use serde_json::{Value, json};

use super::{REGISTER, ROOT, reference, references};
use crate::dhis2::uid::{Maker, Uid};

const REGIONS: usize = 4;
const DISTRICTS: usize = 15;

/// The units of the country.
#[derive(Debug)]
pub struct Places {
    /// All units.
    pub units: Vec<Value>,
    /// Level names.
    pub levels: Value,
    /// Groups of facilities by type.
    pub groups: Value,
    /// The set of these groups.
    pub group_sets: Value,
    /// The facilities.
    pub facilities: Vec<Uid>,
    /// The hospitals among them.
    pub hospitals: Vec<Uid>,
    /// The first region.
    pub first_region: Uid,
}

const KINDS: [(&str, &str, &str); 3] =
    [("Hospital", "HOSPITAL", "GroupHospit"), ("Health Centre", "CENTRE", "GroupCentre"), ("Health Post", "POST", "GroupPost00")];

/// Makes names that no other place has.
struct Names {
    used: Vec<String>,
}

impl Names {
    fn next(&mut self, maker: &mut Maker) -> String {
        const BEGIN: [&str; 18] =
            ["Ba", "Den", "Fa", "Gor", "Ha", "Jal", "Ka", "Lem", "Ma", "Nor", "O", "Pel", "Ra", "Sol", "Ta", "U", "Wen", "Zi"];
        const MIDDLE: [&str; 12] = ["", "ba", "da", "li", "mo", "na", "ra", "ri", "so", "ti", "vu", "za"];
        const END: [&str; 10] = ["dou", "ko", "la", "len", "ma", "nde", "ra", "si", "ta", "we"];
        loop {
            let mut pick = |from: &[&'static str]| from[maker.below(from.len())];
            let name = format!("{}{}{}", pick(&BEGIN), pick(&MIDDLE), pick(&END));
            if !self.used.contains(&name) {
                self.used.push(name.clone());
                return name;
            }
        }
    }
}

fn unit(uid: Uid, name: &str, code: &str, parent: Uid, opening: &str) -> Value {
    json!({
        "id": uid.as_str(), "name": name, "shortName": name, "code": code, "openingDate": format!("{opening}T00:00:00.000"),
        "parent": reference(parent.as_str()),
    })
}

/// Makes them.
pub fn make(maker: &mut Maker) -> Places {
    let root = Uid::literal(ROOT);
    let mut names = Names { used: vec!["Tandara".to_owned()] };
    let mut units = vec![json!({
        "id": ROOT, "name": "Tandara", "shortName": "Tandara", "code": "TD", "openingDate": "1998-01-01T00:00:00.000",
    })];
    let mut regions = Vec::new();
    for number in 1..=REGIONS {
        let uid = maker.uid();
        let name = format!("{} Region", names.next(maker));
        units.push(unit(uid, &name, &format!("TD-{number}"), root, "1998-01-01"));
        regions.push(uid);
    }
    let mut facilities = Vec::new();
    let mut of_kind: [Vec<Uid>; 3] = [Vec::new(), Vec::new(), Vec::new()];
    for number in 0..DISTRICTS {
        let uid = maker.uid();
        let name = names.next(maker);
        // A grid of squares, half a degree wide.
        let (west, south) = (29.0 + 0.5 * (number % 5) as f64, 4.0 + 0.5 * (number / 5) as f64);
        let square = [[west, south], [west + 0.5, south], [west + 0.5, south + 0.5], [west, south + 0.5], [west, south]];
        let code = format!("TD-{}{:02}", number % REGIONS + 1, number + 1);
        let mut district = unit(uid, &format!("{name} District"), &code, regions[number % REGIONS], "1998-01-01");
        district["geometry"] = json!({"type": "Polygon", "coordinates": [square]});
        units.push(district);
        for position in 0..7 + maker.below(3) {
            let kind = if position == 0 { 0 } else { 1 + usize::from(position > 3) };
            let facility = maker.uid();
            let place = if position == 0 { name.clone() } else { names.next(maker) };
            let code = format!("F{:04}", facilities.len() + 1);
            let mut built = unit(
                facility,
                &format!("{place} {}", KINDS[kind].0),
                &code,
                uid,
                &format!("{}-0{}-01", 1999 + maker.below(20), 1 + maker.below(9)),
            );
            let mut within = |from: f64| from + (1 + maker.below(48)) as f64 / 100.0;
            built["geometry"] = json!({"type": "Point", "coordinates": [within(west), within(south)]});
            built["attributeValues"] =
                json!([{"attribute": reference(REGISTER), "value": format!("R-{:05}", 10_007 * (facilities.len() + 1) % 99_991)}]);
            if number == 3 && position == 6 {
                built["closedDate"] = json!("2023-12-31T00:00:00.000");
            }
            units.push(built);
            facilities.push(facility);
            of_kind[kind].push(facility);
        }
    }
    let levels = ["National", "Region", "District", "Facility"];
    let level = |(number, name): (usize, &&str)| json!({"id": maker.uid().as_str(), "name": name, "level": number + 1});
    Places {
        units,
        levels: levels.iter().enumerate().map(level).collect(),
        groups: KINDS
            .iter()
            .zip(&of_kind)
            .map(|((name, code, uid), members)| {
                json!({"id": uid, "name": name, "shortName": name, "code": code, "organisationUnits": references(members)})
            })
            .collect(),
        group_sets: json!([{
            "id": "FacilityTyp", "name": "Facility type", "shortName": "Facility type", "code": "FACILITY_TYPE", "dataDimension": true,
            "compulsory": false, "organisationUnitGroups": KINDS.iter().map(|kind| reference(kind.2)).collect::<Value>(),
        }]),
        first_region: regions[0],
        hospitals: of_kind[0].clone(),
        facilities,
    }
}
