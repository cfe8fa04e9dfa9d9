//! What templates promise beyond their scenarios: the table of P-codes as a workbook, and the tree that a person imports in Go.Data.

mod support;

use std::collections::BTreeMap;

use kivuko_sims::godata::Sim;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use serde_json::Value;
use support::{World, stored, template};

const TABLE: &str = "incoming/admin.csv";
/// The flows that read the table into Go.Data, in the order of the README, and how many areas each makes.
const FLOWS: [(&str, u64); 3] = [("countries", 1), ("provinces", 3), ("districts", 5)];

async fn of_template(name: &str) -> World {
    World::of_template(name, template::options(name)).await
}

fn text(world: &World, name: &str) -> String {
    std::fs::read_to_string(world.path(name)).expect("the file is there")
}

/// Puts a workbook in the place of the table, dates as dates, behind a sheet of notes; and the flows read it as the README says.
fn read_a_workbook(world: &World) {
    let mut book = Workbook::new();
    book.add_worksheet().set_name("notes").expect("a name").write(0, 0, "an invented country").expect("a cell");
    let sheet = book.add_worksheet().set_name("ADM2").expect("a name");
    let day = Format::new().set_num_format("dd/mm/yyyy");
    for (row, line) in (0..).zip(text(world, TABLE).lines()) {
        for (column, cell) in (0..).zip(line.split(',')) {
            match ExcelDateTime::parse_from_str(cell) {
                Ok(date) if column == 6 => sheet.write_with_format(row, column, &date, &day).expect("a cell"),
                _ => sheet.write(row, column, cell).expect("a cell"),
            };
        }
    }
    book.save(world.path("incoming/admin.xlsx")).expect("the workbook is written");
    std::fs::remove_file(world.path(TABLE)).expect("the table goes");
    for (flow, _) in FLOWS {
        let name = format!("flows/{flow}.yaml");
        let changed = text(world, &name).replace("resource: admin.csv", "sheet: ADM2\n  resource: admin.xlsx");
        assert!(changed.contains("sheet: ADM2\n"), "{flow} reads the table");
        world.write(&name, &changed);
    }
}

/// Runs the flows; each must say that it dealt with all its areas and nothing else.
async fn run(world: &World, new: bool) {
    for (flow, areas) in FLOWS {
        let report = world.run(flow).await;
        let counts = report.counts;
        let (created, unchanged) = if new { (areas, 0) } else { (0, areas) };
        assert_eq!(
            (counts.read, counts.created, counts.updated, counts.unchanged, counts.rejected),
            (areas, created, 0, unchanged, 0),
            "{flow}: {:?}",
            report.causes
        );
    }
}

/// The locations by their P-codes, with the names of their parents in the place of ids that Go.Data chose.
fn locations(sim: &Sim) -> BTreeMap<String, [Value; 4]> {
    let all = stored::records(sim, "location");
    let named = |id: &Value| all.iter().find(|other| other["id"] == *id).map_or(Value::Null, |other| other["name"].clone());
    all.iter()
        .map(|place| {
            let code = place["identifiers"][0]["code"].as_str().expect("it has a P-code").to_owned();
            let parent = named(&place["parentLocationId"]);
            (code, [place["name"].clone(), parent, place["geographicalLevelId"].clone(), place["active"].clone()])
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workbook_gives_the_locations_that_the_table_gives() {
    let (table, workbook) = (of_template("p-codes").await, of_template("p-codes").await);
    run(&table, true).await;
    read_a_workbook(&workbook);
    run(&workbook, true).await;
    let made = locations(&table.sim);
    assert_eq!(made.len(), 9);
    assert_eq!(made["MW202"][..2], ["Upper Kessi", "Kessi"]);
    assert_eq!(locations(&workbook.sim), made);

    // Who changes to workbooks later has the same areas still.
    read_a_workbook(&table);
    run(&table, false).await;
    run(&workbook, false).await;
    assert_eq!(locations(&table.sim), made);
}

/// The nodes of an import file, indented as they lie in each other.
fn outline(nodes: &Value, above: Option<&str>, depth: usize, lines: &mut Vec<String>) {
    for node in nodes.as_array().expect("nodes stand in an array") {
        let place = &node["location"];
        let word =
            |path: &str| place.pointer(path).map_or_else(String::new, |value| value.as_str().map_or(value.to_string(), str::to_owned));
        assert_eq!(place["parentLocationId"].as_str(), above, "the place and the field say the same");
        let level = word("/geographicalLevelId");
        let level = level.strip_prefix("LNG_REFERENCE_DATA_CATEGORY_LOCATION_GEOGRAPHICAL_LEVEL_ADMIN_LEVEL_").expect("a whole id");
        let codes: Vec<String> = place["identifiers"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| format!("{}={}", one["description"].as_str().unwrap_or_default(), one["code"].as_str().unwrap_or_default()))
            .collect();
        lines.push(format!(
            "{}{} {:?} level {level}, {}, point {} {}, synonyms {}, active {}",
            "  ".repeat(depth),
            word("/id"),
            word("/name"),
            codes.join(" "),
            word("/geoLocation/lat"),
            word("/geoLocation/lng"),
            word("/synonyms"),
            word("/active"),
        ));
        outline(&node["children"], place["id"].as_str(), depth + 1, lines);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_import_file_holds_the_units_with_their_ids_parents_and_points() {
    let world = of_template("org-units-to-godata").await;
    let report = world.run("import-file").await;
    assert_eq!((report.counts.read, report.counts.created, report.counts.rejected), (10, 9, 1), "{:?}", report.causes);
    assert_eq!(report.causes[0].code.to_string(), "K0947", "two posts of one chiefdom have one name, which Go.Data would refuse");
    let file = text(&world, "exchange/locations.json");
    let imported = world.sim.import_locations(&file).expect("Go.Data takes the file as a whole");
    assert_eq!((imported.len(), stored::records(&world.sim, "location").len()), (9, 9));
    let mut lines = Vec::new();
    outline(&serde_json::from_str(&file).expect("it is JSON"), None, 0, &mut lines);
    insta::assert_snapshot!(lines.join("\n"), @r#"
    MwambaoLand "Mwambao" level 0, DHIS2 uid=MwambaoLand DHIS2 code=MWA, point 5.0 -38.0, synonyms , active true
      KessiDistri "Kessi" level 1, DHIS2 uid=KessiDistri DHIS2 code=MWA-K, point  , synonyms , active true
        PortKessi01 "Port Kessi" level 2, DHIS2 uid=PortKessi01 DHIS2 code=MWA-K-P, point  , synonyms , active true
          KessiPost01 "Harbour Health Post" level 3, DHIS2 uid=KessiPost01, point 4.4 -37.4, synonyms , active true
      PelaDistric "Péla" level 1, DHIS2 uid=PelaDistric DHIS2 code=MWA-P, point 5.4905941 -38.5034653, synonyms , active true
        BarimbaChie "Barimba" level 2, DHIS2 uid=BarimbaChie DHIS2 code=MWA-P-B, point  , synonyms , active true
          BarimbaHos1 "Barimba District Hospital" level 3, DHIS2 uid=BarimbaHos1 DHIS2 code=MWA-P-B-1, point 5.0213 -38.2107, synonyms ["Barimba Hosp"], active true
        DokuniChief "Dokuni" level 2, DHIS2 uid=DokuniChief DHIS2 code=MWA-P-D, point  , synonyms , active true
          DokuniHC001 "Dokuni Health Centre" level 3, DHIS2 uid=DokuniHC001 DHIS2 code=MWA-P-D-1, point 5.3 -38.4, synonyms ["Dokuni HC"], active false
    "#);
}
