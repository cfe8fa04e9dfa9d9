//! The weekly numbers of the demo: a data set of DHIS2 for the regions of the invented country, and the flow that counts Go.Data's cases into it.

use std::collections::{BTreeMap, BTreeSet};

use kivuko_sims::dhis2::{Dhis2Sim, Options, User};
use serde_json::{Value, json};

use super::{Country, places};
use crate::print::{Style, Table};

/// The flow.
pub const FLOW: &str = "weekly-numbers";
/// The org unit of the country.
pub const ROOT: &str = "DemoCountry";
const DATA_SET: &str = "DemoWeekly1";
const CONFIRMED: &str = "DemoConfirm";
const DEATHS: &str = "DemoDeaths1";
pub const PASSWORD: &str = "demo";
pub const USER: &str = "integration";
/// What the account may do.
const AUTHORITY: &str = "F_DATAVALUE_ADD";
/// How many weeks the table shows.
const WEEKS: usize = 6;

/// A DHIS2 with this data set, and an account that may enter its data.
pub fn options(country: &Country) -> Options {
    let user = User { password: Some(PASSWORD.to_owned()), ..User::new(USER, PASSWORD, &[AUTHORITY]).capturing(&[ROOT]) };
    Options::default().with_metadata(metadata(country)).with_user(user)
}

/// The metadata of the demo as DHIS2 holds them now.
pub fn held(sim: &Dhis2Sim) -> Value {
    let kinds = ["organisationUnits", "dataElements", "dataSets"];
    Value::Object(kinds.map(|kind| (kind.to_owned(), Value::Array(sim.objects(kind)))).into_iter().collect())
}

/// The account as `users.json` of a simulated DHIS2 has it.
pub fn users() -> Value {
    json!([{ "username": USER, "password": PASSWORD, "authorities": [AUTHORITY], "organisationUnits": [ROOT] }])
}

/// The identifier of a region's org unit.
pub fn region(position: usize) -> String {
    format!("DemoRegion{}", position + 1)
}

fn metadata(country: &Country) -> Value {
    let default = json!({ "id": "bjDvmb4bfuf" });
    let unit = |id: &str, name: &str, code: &str| json!({ "id": id, "name": name, "shortName": name, "code": code, "openingDate": "2000-01-01T00:00:00.000" });
    let mut units = vec![unit(ROOT, &country.places[0].name, "COUNTRY")];
    let regions = country.of_level(1);
    for (position, place) in regions.iter().enumerate() {
        let mut region = unit(&region(position), &place.name, &format!("REGION_{}", position + 1));
        region["parent"] = json!({ "id": ROOT });
        units.push(region);
    }
    units.extend(places::units(country));
    let element = |id: &str, name: &str, code: &str| {
        json!({
            "id": id, "name": name, "shortName": name, "code": code, "valueType": "INTEGER_ZERO_OR_POSITIVE", "domainType": "AGGREGATE",
            "aggregationType": "SUM", "zeroIsSignificant": true, "categoryCombo": default,
        })
    };
    let elements: Vec<Value> =
        [CONFIRMED, DEATHS].iter().map(|id| json!({ "dataSet": { "id": DATA_SET }, "dataElement": { "id": id } })).collect();
    let assigned: Vec<Value> = (0..regions.len()).map(|position| json!({ "id": region(position) })).collect();
    json!({
        "organisationUnits": units,
        "dataElements": [element(CONFIRMED, "Confirmed", "CONFIRMED"), element(DEATHS, "Deaths", "DEATHS")],
        "dataSets": [{
            "id": DATA_SET, "name": "Outbreak by week", "shortName": "Outbreak by week", "code": "OUTBREAK_WEEKLY", "periodType": "Weekly",
            "categoryCombo": default, "expiryDays": 0, "openFuturePeriods": 1, "formType": "DEFAULT", "dataSetElements": elements,
            "organisationUnits": assigned,
        }],
    })
}

/// The files that are put into the project beside those of the template.
pub fn files(url: &str) -> Vec<(&'static str, String)> {
    let system = format!("\n  hmis:\n    kind: dhis2\n    url: {url}\n    username: {USER}\n    password: ${{DEMO_DHIS2_PASSWORD}}\n");
    vec![
        ("kivuko.yaml", system),
        (".env", format!("DEMO_DHIS2_PASSWORD={PASSWORD}\n")),
        (
            "flows/weekly-numbers.yaml",
            "\
# The cases of Go.Data as weekly numbers of DHIS2's regions.
flow: weekly-numbers
about: As a ministry's employee who works with DHIS2 I receive a weekly summary of Go.Data's cases.
from: { system: godata, resource: cases }
aggregate:
  sheet: weekly-numbers.csv
  period: { type: Weekly, date: dateOfReporting }
  org_unit: { path: usualPlaceOfResidenceLocationId, crosswalk: places }
to: { system: hmis, resource: dataValueSets, data_set: OUTBREAK_WEEKLY }
"
            .to_owned(),
        ),
        (
            "aggregates/weekly-numbers.csv",
            "\
indicator,data_element,where,value,date,note
confirmed,CONFIRMED,\"{ classification == \"\"LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_CONFIRMED\"\" }\",count,,by the week of reporting
deaths,DEATHS,\"{ outcomeId == \"\"LNG_REFERENCE_DATA_CATEGORY_OUTCOME_DECEASED\"\" && has(dateOfOutcome) }\",count,dateOfOutcome,by the week of death
"
            .to_owned(),
        ),
    ]
}

/// The last weeks as DHIS2 has them: confirmed cases of each region, and the deaths of all.
pub fn table(sim: &Dhis2Sim, country: &Country, style: Style) -> String {
    let mut confirmed: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut deaths: BTreeMap<String, u64> = BTreeMap::new();
    let mut weeks: BTreeSet<(usize, String)> = BTreeSet::new();
    for value in sim.data_values().into_iter().filter(|value| !value.deleted) {
        if value.data_element == DEATHS {
            *deaths.entry(value.period).or_default() += value.value.parse::<u64>().unwrap_or_default();
        } else {
            // `2026W9` comes before `2026W10`.
            weeks.insert((value.period.len(), value.period.clone()));
            confirmed.insert((value.period, value.org_unit), value.value);
        }
    }
    let regions = country.of_level(1);
    let mut heading: Vec<String> = vec!["week".to_owned()];
    heading.extend(regions.iter().map(|place| format!(">{}", place.name)));
    heading.push(">deaths".to_owned());
    let mut table = Table::new(&heading.iter().map(String::as_str).collect::<Vec<_>>()).indented(2);
    let skipped = weeks.len().saturating_sub(WEEKS);
    for (_, week) in weeks.into_iter().skip(skipped) {
        let mut row = vec![week.clone()];
        for position in 0..regions.len() {
            row.push(confirmed.get(&(week.clone(), region(position))).cloned().unwrap_or_else(|| "-".to_owned()));
        }
        row.push(deaths.get(&week).map_or_else(|| "-".to_owned(), u64::to_string));
        table.row(row);
    }
    table.render(style)
}
