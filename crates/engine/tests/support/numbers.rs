//! A world for numbers: a simulated DHIS2 with a small country, and a project that counts a list of cases into it.
//!
//! Two districts, `BO` and `KE`, with the facilities `BO-1`, `BO-2` and `KE-1`; a third district, `KO`, is in no data set. `WEEKLY` has the elements `CASES` (by
//! sex and age), `CONFIRMED` (by sex), `HOSPITAL`, `DEATHS` (zero is significant), `TESTED` and `RATE` (a number with decimals); `MONTHLY` has `MONTH_CASES`, and is
//! locked ten days after a month has ended. A number is called by the codes: `CONFIRMED 2026W20 BO Female`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kivuko_sims::dhis2::{Change, DataValue, Dhis2Sim, Options, User, default};
use kivuko_sims::godata;
use serde_json::{Value, json};

use super::World;

/// Monday of week 25.
pub const TODAY: &str = "2026-06-15T09:00:00Z";

/// Identifier, code, identifier of the unit around it.
const UNITS: [(&str, &str, &str); 7] = [
    ("TandaraRoot", "TD", ""),
    ("DistrictBo1", "BO", "TandaraRoot"),
    ("DistrictKe1", "KE", "TandaraRoot"),
    ("DistrictKo1", "KO", "TandaraRoot"),
    ("FacilityBo1", "BO-1", "DistrictBo1"),
    ("FacilityBo2", "BO-2", "DistrictBo1"),
    ("FacilityKe1", "KE-1", "DistrictKe1"),
];
const SEXES: [(&str, &str); 2] = [("OptFemale01", "Female"), ("OptMale0001", "Male")];
const AGES: [(&str, &str); 3] = [("OptAge00004", "0-4"), ("OptAge00514", "5-14"), ("OptAge015up", "15+")];
/// Identifier, code, category combo, value type, whether zero is significant.
const ELEMENTS: [(&str, &str, &str, &str, bool); 8] = [
    ("ElementCase", "CASES", "ComboAgeSex", "INTEGER_ZERO_OR_POSITIVE", false),
    ("ElementConf", "CONFIRMED", "ComboSex001", "INTEGER_ZERO_OR_POSITIVE", true),
    ("ElementHosp", "HOSPITAL", "", "INTEGER_ZERO_OR_POSITIVE", false),
    ("ElementDeat", "DEATHS", "", "INTEGER_ZERO_OR_POSITIVE", true),
    ("ElementTest", "TESTED", "", "INTEGER_ZERO_OR_POSITIVE", false),
    ("ElementRate", "RATE", "", "NUMBER", true),
    ("ElementNote", "NOTE", "", "TEXT", true),
    ("ElementMont", "MONTH_CASES", "", "INTEGER_ZERO_OR_POSITIVE", true),
];

/// The country as `/api/metadata` takes it.
pub fn metadata() -> Value {
    let reference = |id: &str| json!({ "id": id });
    let unit = |(id, code, parent): &(&str, &str, &str)| {
        let mut unit = json!({
            "id": id, "name": format!("{code} unit"), "shortName": code, "code": code, "openingDate": "2000-01-01T00:00:00.000",
        });
        if !parent.is_empty() {
            unit["parent"] = reference(parent);
        }
        unit
    };
    let option = |(id, name): &(&str, &str)| json!({ "id": id, "name": name, "shortName": name, "code": name.to_uppercase() });
    let category = |id: &str, name: &str, options: &[(&str, &str)]| {
        json!({
            "id": id, "name": name, "shortName": name, "code": name.to_uppercase(), "dataDimensionType": "DISAGGREGATION", "dataDimension": true,
            "categoryOptions": options.iter().map(|(id, _)| reference(id)).collect::<Value>(),
        })
    };
    let combo = |id: &str, name: &str, categories: &[&str]| {
        json!({
            "id": id, "name": name, "code": name.to_uppercase(), "dataDimensionType": "DISAGGREGATION", "skipTotal": false,
            "categories": categories.iter().map(|id| reference(id)).collect::<Value>(),
        })
    };
    let element = |(id, code, combo, value_type, zero): &(&str, &str, &str, &str, bool)| {
        json!({
            "id": id, "name": format!("{code} element"), "shortName": code, "code": code, "valueType": value_type, "domainType": "AGGREGATE",
            "aggregationType": "SUM", "zeroIsSignificant": zero, "categoryCombo": reference(if combo.is_empty() { default::COMBO } else { combo }),
        })
    };
    let data_set = |id: &str, code: &str, period_type: &str, expiry: u32, elements: &[&str]| {
        json!({
            "id": id, "name": format!("{code} data set"), "shortName": code, "code": code, "periodType": period_type, "categoryCombo": reference(default::COMBO),
            "expiryDays": expiry, "openFuturePeriods": 1, "timelyDays": 7, "dataInputPeriods": [], "formType": "DEFAULT", "version": 1,
            "dataSetElements": elements.iter().map(|one| json!({ "dataSet": reference(id), "dataElement": reference(one) })).collect::<Value>(),
            "organisationUnits": UNITS.iter().filter(|unit| !["TD", "KO"].contains(&unit.1)).map(|unit| reference(unit.0)).collect::<Value>(),
        })
    };
    let weekly: Vec<&str> = ELEMENTS[..7].iter().map(|element| element.0).collect();
    json!({
        "organisationUnits": UNITS.iter().map(unit).collect::<Value>(),
        "organisationUnitLevels": [
            { "id": "LevelNation", "name": "National", "level": 1 },
            { "id": "LevelDistri", "name": "District", "level": 2 },
            { "id": "LevelFacili", "name": "Facility", "level": 3 },
        ],
        "categoryOptions": SEXES.iter().chain(&AGES).map(option).collect::<Value>(),
        "categories": [category("CategorySex", "Sex", &SEXES), category("CategoryAge", "Age", &AGES)],
        "categoryCombos": [
            combo("ComboSex001", "By sex", &["CategorySex"]), combo("ComboAgeSex", "By sex and age", &["CategorySex", "CategoryAge"]),
        ],
        "dataElements": ELEMENTS.iter().map(element).collect::<Value>(),
        "dataSets": [
            data_set("DataSetWeek", "WEEKLY", "Weekly", 0, &weekly), data_set("DataSetMont", "MONTHLY", "Monthly", 10, &["ElementMont"]),
        ],
    })
}

/// The project: a list of cases, counted by week and district.
pub fn files(godata: &str, dhis2: &str) -> Vec<(String, String)> {
    let kivuko = KIVUKO.replace("{godata}", godata).replace("{dhis2}", dhis2).replace("{token}", Options::INTEGRATION_TOKEN);
    [
        ("kivuko.yaml", kivuko.as_str()),
        ("flows/weekly.yaml", FLOW),
        ("aggregates/weekly.csv", SHEET),
        ("codes/sex.csv", "source,target\nF,Female\nM,Male\n"),
        ("codes/places.csv", "source,target\nBo town,BO-1\nBo river,BO-2\nKenema,KE-1\nKoro,KO\n"),
        ("incoming/cases.csv", "id,reported,place,sex,age,class,onset,admitted,died,sample\n"),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .collect()
}

pub const KIVUKO: &str = "\
project: trainingland
timezone: UTC
systems:
  files:
    kind: file
    path: incoming
  godata:
    kind: godata
    url: {godata}
    email: integration@kivuko.test
    password: correct horse battery
    outbreak: outbreak-ebola-2026
    settle_secs: 0.4
    timeout_secs: 2
  hmis:
    kind: dhis2
    url: {dhis2}
    token: {token}
    settle_secs: 0.25
    timeout_secs: 2
";

pub const FLOW: &str = "\
flow: weekly
about: As a district officer I want the numbers of the week in DHIS2 without counting the list.
from: { system: files, resource: cases.csv, id: id }
aggregate:
  sheet: weekly.csv
  period: { type: Weekly, date: reported }
  org_unit: { path: place, crosswalk: places, level: 2 }
to: { system: hmis, resource: dataValueSets, data_set: WEEKLY }
deletes: { detect: absence, stop_above: 100% }
";

pub const SHEET: &str = "\
indicator,data_element,where,value,date,by,note
cases,CASES,,count,,\"sex: sex | codes(sex); age: age(0-4,5-14,15+)\",
confirmed,CONFIRMED,\"{ class == \"\"confirmed\"\" }\",count,onset,sex: sex | codes(sex),
hospital,HOSPITAL,{ has(admitted) },count,admitted,,
deaths,DEATHS,{ has(died) },count,died,,
tested,TESTED,{ has(sample) },distinct(sample),,,
";

/// What DHIS2 holds, by codes: the number called `CASES 2026W20 BO Female, 0-4` and its value.
pub fn values(dhis2: &Dhis2Sim) -> BTreeMap<String, String> {
    dhis2.data_values().iter().filter(|row| !row.deleted).map(|row| (name(dhis2, row), row.value.clone())).collect()
}

/// How often each number was written, since that was last forgotten.
pub fn written(dhis2: &Dhis2Sim) -> BTreeMap<String, Vec<Change>> {
    let mut written: BTreeMap<String, Vec<Change>> = BTreeMap::new();
    for (change, row) in dhis2.data_writes() {
        written.entry(name(dhis2, &row)).or_default().push(change);
    }
    written
}

/// The data sets that are said to be complete: `WEEKLY 2026W20 BO`.
pub fn complete(dhis2: &Dhis2Sim) -> Vec<String> {
    let registered = dhis2.registrations().into_iter().filter(|one| one.completed);
    let mut names: Vec<String> =
        registered.map(|one| format!("{} {} {}", code(dhis2, "dataSets", &one.data_set), one.period, unit(&one.org_unit))).collect();
    names.sort();
    names
}

/// Somebody enters a number without categories into DHIS2: `DEATHS 2026W24 KE`.
pub fn enter(dhis2: &Dhis2Sim, name: &str, value: &str) {
    let parts: Vec<&str> = name.split(' ').collect();
    let [element, period, org_unit] = parts[..] else { panic!("{name} is no number without categories") };
    let element = ELEMENTS.iter().find(|one| one.1 == element).unwrap_or_else(|| panic!("there is no element {element}")).0;
    let org_unit = UNITS.iter().find(|one| one.1 == org_unit).unwrap_or_else(|| panic!("there is no unit {org_unit}")).0;
    dhis2.enter([element, period, org_unit], [None, None], value);
}

/// Somebody says of a data set, `WEEKLY 2026W24 BO`, that it is complete or not; or takes the registration away (`null`).
pub fn complete_data_set(dhis2: &Dhis2Sim, name: &str, completed: Option<bool>) {
    let parts: Vec<&str> = name.split(' ').collect();
    let [data_set, period, org_unit] = parts[..] else { panic!("{name} is no data set of a period and a place") };
    let found = dhis2.objects("dataSets").into_iter().find(|one| one["code"] == data_set);
    let data_set = text(&found.unwrap_or_else(|| panic!("there is no data set {data_set}"))["id"]);
    let org_unit = UNITS.iter().find(|one| one.1 == org_unit).unwrap_or_else(|| panic!("there is no unit {org_unit}")).0;
    dhis2.complete_data_set([&data_set, period, org_unit], completed);
}

/// The data of a data set, `MONTHLY 202606 BO`, are approved. It has an approval workflow.
pub fn approve(dhis2: &Dhis2Sim, name: &str) {
    let parts: Vec<&str> = name.split(' ').collect();
    let [data_set, period, org_unit] = parts[..] else { panic!("{name} is no data set of a period and a place") };
    let found = dhis2.objects("dataSets").into_iter().find(|one| one["code"] == data_set);
    let workflow = text(&found.unwrap_or_else(|| panic!("there is no data set {data_set}"))["workflow"]["id"]);
    let org_unit = UNITS.iter().find(|one| one.1 == org_unit).unwrap_or_else(|| panic!("there is no unit {org_unit}")).0;
    dhis2.approve(&workflow, period, org_unit, default::OPTION_COMBO);
}

fn name(dhis2: &Dhis2Sim, row: &DataValue) -> String {
    name_by(dhis2, [&row.data_element, &row.period, &row.org_unit, &row.category_option_combo, &row.attribute_option_combo])
}

fn name_by(dhis2: &Dhis2Sim, [element, period, org_unit, combo, attribute_combo]: [&str; 5]) -> String {
    let named = |id: &str| match id {
        default::OPTION_COMBO => String::new(),
        id => dhis2.object("categoryOptionCombos", id).map_or_else(|| id.to_owned(), |combo| text(&combo["name"])),
    };
    let attribute = Some(named(attribute_combo)).filter(|name| !name.is_empty()).map(|name| format!(" for {name}")).unwrap_or_default();
    let number = format!("{} {period} {} {}", code(dhis2, "dataElements", element), unit(org_unit), named(combo));
    format!("{}{attribute}", number.trim_end())
}

/// The name of a number by its identity, as Kivuko keeps it; what is no number keeps its own.
pub fn name_of(dhis2: &Dhis2Sim, id: &str) -> String {
    let parts: Vec<&str> = id.split('.').collect();
    let [element, period, unit, combo, attribute_combo] = parts[..] else { return id.to_owned() };
    name_by(dhis2, [element, period, unit, combo, attribute_combo])
}

fn code(dhis2: &Dhis2Sim, plural: &str, id: &str) -> String {
    dhis2.object(plural, id).map_or_else(|| id.to_owned(), |object| text(&object["code"]))
}

fn unit(id: &str) -> &str {
    UNITS.iter().find(|unit| unit.0 == id).map_or(id, |unit| unit.1)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl World {
    /// A DHIS2 of this release, and the project that counts into it.
    pub async fn of_numbers(release: &str, godata: godata::Options) -> Self {
        let sim = godata::Sim::start(godata).await.expect("the simulator starts");
        // An account for integrations, which no lock lets pass.
        let account = User::new(Options::INTEGRATION, Options::INTEGRATION_PASSWORD, &["F_DATAVALUE_ADD"])
            .capturing(&["TandaraRoot"])
            .with_token(Options::INTEGRATION_TOKEN);
        let options = Options::for_tests(release).with_metadata(metadata()).with_user(account);
        let dhis2 = Dhis2Sim::start(options).await.expect("the simulator starts");
        let addresses = (sim.url(), dhis2.url());
        let world = Self::around(sim, Some(dhis2));
        world.set_time(TODAY.parse::<Timestamp>().expect("it is a moment"));
        for (name, text) in files(&addresses.0, &addresses.1) {
            world.write(&name, &text);
        }
        world
    }

    /// The simulated DHIS2 of a world of numbers.
    pub fn hmis(&self) -> &Dhis2Sim {
        self.dhis2.as_ref().expect("this world has a DHIS2")
    }
}
