//! The published training outbreak of Go.Data counted week by week: the numbers that its tables give by hand. The file belongs to others and is read where it
//! lies (`../shared/data`, or `KIVUKO_REAL_DATA`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::civil::date;
use jiff::tz::TimeZone;
use kivuko_core::connector::{Declaration, Status};
use kivuko_core::fold::Part;
use kivuko_core::labels::Labels;
use kivuko_core::numbers::{Category, Combo, Element, Frame, Named, OptionCombo, Places, Unit, Units};
use kivuko_core::period::PeriodType;
use kivuko_core::project::{self, Files};
use kivuko_core::table::Table;
use kivuko_core::transform::{Env, NoReferences};
use serde_json::{Map, Value, json};

fn real_data() -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = std::env::var_os("KIVUKO_REAL_DATA").map_or(default, PathBuf::from);
    folder.is_dir().then_some(folder)
}

fn declaration(kind: &'static str) -> Declaration {
    Declaration {
        kind,
        about: "Anything.",
        category: "file",
        status: Status::Stable,
        reads: true,
        writes: true,
        options: json!({ "type": "object" }),
        from_options: Value::Null,
        to_options: json!({ "type": "object", "properties": { "data_set": { "type": "string" } } }),
        secrets: &[],
        resources: &[],
        knows_identity: true,
        reads_whole: true,
        scope: None,
    }
}

/// The islands as org units, with the location ids of the file as codes; one element by sex.
fn frame(islands: &BTreeMap<String, String>) -> Frame {
    let options = [("f", "FEMALE"), ("m", "MALE"), ("u", "UNKNOWN")].map(|(id, name)| Named::new(id, None, name)).to_vec();
    let option_combos = options.iter().map(|option| OptionCombo {
        named: Named::new(format!("by-{}", option.id), None, option.name.clone()),
        options: vec![option.id.clone()],
    });
    let sex = Combo {
        named: Named::new("sex", None, "Sex"),
        option_combos: option_combos.collect(),
        categories: vec![Category { named: Named::new("sex", None, "Sex"), options: options.clone() }],
        default: false,
    };
    let default = Combo {
        named: Named::new("none", None, "default"),
        option_combos: vec![OptionCombo { named: Named::new("none", None, "default"), options: vec!["none".to_owned()] }],
        default: true,
        ..Combo::default()
    };
    let element = |id: &str, combo: &str| Element {
        named: Named::new(id, None, id),
        value_type: "INTEGER_ZERO_OR_POSITIVE".to_owned(),
        zero_is_significant: true,
        aggregation: "SUM".to_owned(),
        combo: combo.to_owned(),
        option_codes: None,
    };
    let root = Unit { named: Named::new("country", None, "Country"), path: "/country".to_owned(), ..Unit::default() };
    let island = |(code, name): (&String, &String)| Unit {
        named: Named::new(format!("ou-{code}"), Some(code), name.clone()),
        path: format!("/country/ou-{code}"),
        ..Unit::default()
    };
    Frame {
        data_set: Named::new("weekly", None, "Weekly"),
        period_type: PeriodType::Weekly,
        elements: vec![element("Confirmed", "none"), element("Confirmed by sex", "sex")],
        attribute_combo: "none".to_owned(),
        combos: [default, sex].into_iter().map(|combo| (combo.named.id.clone(), combo)).collect(),
        units: Units::new(std::iter::once(root).chain(islands.iter().map(island)).collect()),
        assigned: islands.keys().map(|code| format!("ou-{code}")).collect(),
        other_elements: BTreeMap::new(),
    }
}

#[test]
fn the_weekly_table_of_the_training_outbreak() {
    let Some(file) = real_data().map(|folder| folder.join("interop/trainingland/cases_clean.csv")) else {
        eprintln!("left out: the real files are not there (../shared/data or KIVUKO_REAL_DATA)");
        return;
    };
    let table = Table::parse("cases_clean.csv", &std::fs::read(file).expect("the file can be read")).expect("it is a table");
    let records: Vec<Map<String, Value>> = table
        .rows
        .iter()
        .map(|row| table.header.iter().cloned().zip(row.cells.iter().map(|cell| Value::from(cell.as_str()))).collect())
        .collect();
    assert_eq!(records.len(), 56);
    let text = |record: &Map<String, Value>, name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();

    let (mut places, mut islands) = (Places::default(), BTreeMap::new());
    for record in &records {
        for level in 1..=3 {
            let (id, parent) =
                (text(record, &format!("admin_{level}_location_id")), text(record, &format!("admin_{}_location_id", level - 1)));
            if !id.is_empty() {
                places.insert(id, Some(&parent), text(record, &format!("admin_{level}_name")));
            }
        }
        islands.insert(text(record, "admin_1_location_id"), text(record, "admin_1_name"));
    }
    islands.remove("");

    let files = [
        ("kivuko.yaml", "project: training\nsystems: { line-list: { kind: file }, hmis: { kind: dhis2 } }\n"),
        (
            "flows/weekly.yaml",
            "flow: weekly\nfrom: { system: line-list, resource: cases.csv }\naggregate:\n  sheet: weekly.csv\n  period: { type: Weekly, date: date_of_reporting }\n  \
             org_unit: { path: location_id, level: 2 }\nto: { system: hmis, resource: dataValueSets, data_set: weekly }\n",
        ),
        (
            "aggregates/weekly.csv",
            "indicator,data_element,where,value,by\nconfirmed,Confirmed,\"{ classification == \"\"CONFIRMED\"\" }\",count,\nby_sex,Confirmed by sex,\"{ classification == \
             \"\"CONFIRMED\"\" }\",count,\"sex: { has(gender) ? gender : \"\"UNKNOWN\"\" }\"\n",
        ),
    ];
    let files = Files(files.into_iter().map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).collect());
    let loaded = project::load(&files, "test", &[declaration("file"), declaration("dhis2")], "0");
    let project = loaded.project.unwrap_or_else(|| panic!("{:#?}", loaded.problems));
    let flow = &project.flows["weekly"];
    let own = flow.aggregate.as_ref().expect("it counts");
    let frame = frame(&islands);
    let bound = own.bind(&frame, &project.codes, Some(&places)).unwrap_or_else(|causes| panic!("{causes:#?}"));
    let labels = Labels::default();
    let env = Env {
        timezone: &TimeZone::UTC,
        today: date(2021, 2, 1),
        codes: &project.codes,
        sides: &flow.sides,
        references: &NoReferences,
        labels: &labels,
        secret: &[0; 32],
    };

    let mut cells: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut by_sex = 0;
    for record in &records {
        let raw = serde_json::to_vec(record).expect("it is JSON");
        let counted = bound.count(&flow.projection().project(&raw).expect("it is JSON"), &env);
        assert_eq!(counted.causes, [], "every person has a place and a day");
        for contribution in &counted.parts {
            let cell = bound.cell(&contribution.cell);
            let Part::Count(count) = contribution.part else { panic!("counts only") };
            if cell.indicator == "by_sex" {
                by_sex += count;
                continue;
            }
            let island = frame.units.get(&cell.org_unit).expect("it is a unit").named.name.clone();
            *cells.entry((cell.period, island)).or_default() += count;
        }
    }
    let number = |week: &str, island: &str| cells.get(&(week.to_owned(), format!("{island} island"))).copied().unwrap_or(0);
    for (week, brass, drums, woodwinds) in [
        ("2020W27", 5, 0, 0),
        ("2020W28", 0, 1, 2),
        ("2020W29", 3, 4, 2),
        ("2020W30", 2, 0, 0),
        ("2020W31", 0, 1, 0),
        ("2020W32", 2, 0, 1),
        ("2020W33", 2, 0, 0),
    ] {
        assert_eq!((number(week, "Brass"), number(week, "Drums"), number(week, "Woodwinds")), (brass, drums, woodwinds), "{week}");
    }
    for week in ["2020W1", "2020W10", "2020W18", "2020W19", "2020W20", "2021W2"] {
        let total: u64 = cells.iter().filter(|((period, _), _)| period == week).map(|(_, count)| count).sum();
        assert_eq!(total, 1, "{week}");
    }
    assert_eq!((cells.values().sum::<u64>(), by_sex), (31, 31));
    let islands: BTreeSet<&str> = cells.keys().map(|(_, island)| island.as_str()).collect();
    assert_eq!(islands.len(), 3);
}
