//! The documents and schemas of the repository hold what the code does. `UPDATE_SCHEMAS=1 cargo test -p kivuko-core --test docs` writes the schemas anew.

use std::path::{Path, PathBuf};

use jiff::civil::date;
use jiff::tz::TimeZone;
use kivuko_core::aggregate;
use kivuko_core::connector::{Declaration, Status};
use kivuko_core::labels::Labels;
use kivuko_core::mapping::sheet::Column;
use kivuko_core::project::{self, Files};
use kivuko_core::transform::{Env, NoReferences};
use kivuko_core::yaml;
use serde_json::{Value, json};

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(docs().join(name)).unwrap_or_else(|error| panic!("docs/{name}: {error}"))
}

#[test]
fn the_schemas_are_those_of_the_types() {
    for (name, schema) in project::schemas() {
        let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n";
        let file = docs().join("schemas").join(name);
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write(&file, &text).expect("the schema can be written");
        }
        let checked_in = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(checked_in == text, "docs/schemas/{name} is not that of the types; UPDATE_SCHEMAS=1 writes it anew");
    }
}

/// A code that a document names can be explained.
#[test]
fn the_codes_of_the_documents_have_pages() {
    let mut looked_at = 0;
    for folder in [docs(), docs().join("decisions"), docs().join(".."), docs().join("../crates/cli/templates"), pages()] {
        let readmes = std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        let files = readmes.map(|path| if path.is_dir() { path.join("README.md") } else { path });
        for file in files.filter(|file| file.extension().is_some_and(|extension| extension == "md") && file.is_file()) {
            let text = std::fs::read_to_string(&file).expect("a document is text");
            for code in text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| is_code(word)) {
                looked_at += 1;
                assert!(pages().join(format!("{code}.md")).is_file(), "{}: there is no page of {code}", file.display());
            }
        }
    }
    assert!(looked_at > 100, "only {looked_at} codes were found");
}

fn is_code(word: &str) -> bool {
    word.strip_prefix('K').is_some_and(|number| number.len() == 4 && number.chars().all(|letter| letter.is_ascii_digit()))
}

fn pages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/catalogue/pages")
}

#[test]
fn every_key_has_a_sentence() {
    for (name, schema) in project::schemas() {
        for (key, property) in properties(&schema) {
            let about = property.get("description").and_then(Value::as_str).unwrap_or_default();
            assert!(about.contains(' '), "{name}: `{key}` has no sentence");
        }
    }
}

/// All properties of a schema with their names, wherever they are.
fn properties(schema: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    match schema {
        Value::Object(members) => {
            for (key, member) in members {
                if let (true, Some(inner)) = (key == "properties", member.as_object()) {
                    found.extend(inner.iter().map(|(key, property)| (key.clone(), property.clone())));
                }
                found.extend(properties(member));
            }
        }
        Value::Array(items) => found.extend(items.iter().flat_map(properties)),
        _ => {}
    }
    found
}

#[test]
fn the_reference_flow_shows_every_key() {
    let text = read("reference-flow.yaml");
    let schemas = project::schemas();
    let flow = &schemas.iter().find(|(name, _)| *name == "flow.json").expect("there is a schema of flows").1;
    for (key, _) in properties(flow) {
        let shown = text
            .lines()
            .any(|line| line.trim_start_matches(['#', ' ']).starts_with(&format!("{key}:")) || line.contains(&format!("{{ {key}:")));
        assert!(shown, "docs/reference-flow.yaml does not show `{key}`");
    }
    let mut problems = Vec::new();
    let read = yaml::read::<kivuko_core::flow::spec::FlowSpec>("docs/reference-flow.yaml", text.as_bytes(), &mut problems);
    assert!(read.value.is_some(), "{problems:?}");
}

#[test]
fn the_columns_of_sheets_are_all_described() {
    let text = read("mapping-sheets.md");
    for column in Column::ALL {
        let row = format!("| `{}` | {} |", column.name(), column.about().replace('|', "\\|"));
        assert!(text.contains(&row), "docs/mapping-sheets.md lacks the row\n{row}");
    }
}

#[test]
fn the_columns_of_aggregate_sheets_are_all_described() {
    let text = read("aggregates.md");
    for column in aggregate::sheet::Column::ALL {
        let row = format!("| `{}` | {} |", column.name(), column.about().replace('|', "\\|"));
        assert!(text.contains(&row), "docs/aggregates.md lacks the row\n{row}");
    }
}

#[test]
fn the_examples_of_aggregates_are_right() {
    let text = read("aggregates.md");
    let blocks = blocks(&text);
    let block = |kind: &str| blocks.iter().find(|(found, _)| found == kind).map(|(_, body)| body.clone()).expect(kind);
    let written = |cell: &str| cell.replace("\\|", "|").trim_matches('`').to_owned();
    // The rows of the tables on `value` and `by`, each as a sheet.
    let first_cells =
        text.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|line| line.split_once("` |")).map(|(cell, _)| written(cell));
    let cells: Vec<String> = first_cells.collect();
    let by: Vec<&String> = cells.iter().filter(|cell| cell.starts_with("sex: ") || cell.starts_with("age: ")).collect();
    let values: Vec<String> = cells
        .iter()
        .filter(|cell| cell.contains('(') && !cell.contains(':'))
        .flat_map(|cell| cell.split("`, `").map(str::to_owned))
        .collect();
    assert!(by.len() >= 7 && values.len() >= 5, "{by:?} {values:?}");
    let woman = |years: u8| {
        json!({
            "classification": "LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_CONFIRMED", "dateOfReporting": "2024-03-05", "dateOfOnset": "2024-02-28",
            "gender": "LNG_REFERENCE_DATA_CATEGORY_GENDER_FEMALE", "age": { "years": years }, "usualPlaceOfResidenceLocationId": "a",
        })
    };
    let quoted = |cell: &str| format!("\"{}\"", cell.replace('"', "\"\""));
    let mut sheets = vec![block("sheet")];
    sheets.extend(by.iter().map(|by| format!("indicator,data_element,value,by\na,X,count,{}\n", quoted(by))));
    sheets.extend(values.iter().map(|value| format!("indicator,data_element,value\na,X,{}\n", quoted(value))));
    for sheet in sheets {
        let files = [
            ("kivuko.yaml", "project: docs\nsystems: { godata: { kind: any }, hmis: { kind: numbers } }\n".to_owned()),
            ("flows/f.yaml", block("flow")),
            ("aggregates/weekly-cases.csv", sheet.clone()),
            ("codes/locations.csv", "godata,hmis\na,OU_NORTH\n".to_owned()),
            ("codes/sex.csv", "godata,hmis\nLNG_REFERENCE_DATA_CATEGORY_GENDER_FEMALE,F\n".to_owned()),
            ("codes/age_groups.csv", "godata,hmis\na,b\n".to_owned()),
            (
                "checks/weekly.yaml",
                if sheet.contains("confirmed") { block("checks") } else { "flow: weekly-cases\nchecks: []\n".to_owned() },
            ),
            ("samples/two-women.json", json!([woman(24), woman(40)]).to_string()),
        ];
        let files = Files(files.into_iter().map(|(name, text)| (name.to_owned(), text.into_bytes())).collect());
        let properties = json!({ "data_set": { "type": "string" }, "complete": { "type": "boolean" } });
        let numbers = Declaration { kind: "numbers", to_options: json!({ "type": "object", "properties": properties }), ..any() };
        let loaded = project::load(&files, "test", &[any(), numbers], "0");
        let project = loaded.project.unwrap_or_else(|| panic!("{sheet}\n{:#?}", loaded.problems));
        for result in project::run_checks(&project) {
            assert!(result.passed(), "{result:#?}");
        }
    }
}

/// The code blocks of a Markdown text: what stands behind the fence, and the text.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(kind)) => open = Some((kind.trim().to_owned(), String::new())),
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some((_, body)), None) => body.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    found
}

/// A kind of system that is and does anything.
fn any() -> Declaration {
    Declaration {
        kind: "any",
        about: "Anything.",
        category: "file",
        status: Status::Stable,
        reads: true,
        writes: true,
        options: json!({ "type": "object" }),
        from_options: Value::Null,
        to_options: Value::Null,
        secrets: &[],
        resources: &[],
        knows_identity: true,
        reads_whole: true,
        scope: Some("outbreak"),
    }
}

/// A project of one flow around a sheet.
fn project_of(sheet: &str, codes: &[(String, String)]) -> project::Project {
    let key = sheet.lines().nth(1).and_then(|line| line.split(',').next()).expect("the sheet has a row");
    let mut files = Files::default();
    let mut add = |name: &str, text: String| files.0.insert(name.to_owned(), text.into_bytes());
    let key = if key.contains("[]") { "id" } else { key };
    add("kivuko.yaml", "project: docs\nsystems: { register: { kind: any }, godata: { kind: any } }\n".to_owned());
    add(
        "flows/f.yaml",
        format!(
            "flow: f\nfrom: {{ system: register, resource: r }}\nmapping: m.csv\nto: {{ system: godata, resource: r, key: \"{key}\" }}\n"
        ),
    );
    // The lists of the document have no key of their own.
    let row = if key == "id" {
        format!("id,id{}\n", ",".repeat(sheet.lines().next().unwrap_or("").matches(',').count() - 1))
    } else {
        String::new()
    };
    add("mappings/m.csv", format!("{sheet}{row}"));
    for (name, text) in codes {
        add(&format!("codes/{name}.csv"), text.clone());
    }
    let loaded = project::load(&files, "test", &[any()], "0");
    loaded.project.unwrap_or_else(|| panic!("{sheet}\n{:#?}", loaded.problems))
}

#[test]
fn the_examples_of_sheets_are_true() {
    let text = read("mapping-sheets.md");
    let (mut sheet, mut codes, mut source, mut seen) = (String::new(), Vec::new(), Value::Null, 0);
    for (kind, body) in blocks(&text) {
        match kind.split_once(' ').unwrap_or((&kind, "")) {
            ("sheet", _) => {
                sheet = body;
                codes.clear();
            }
            ("codes", name) => codes.push((name.to_owned(), body)),
            ("source", _) => source = serde_json::from_str(&body).expect("the source is JSON"),
            (side @ ("target" | "update"), _) => {
                let project = project_of(&sheet, &codes);
                let flow = &project.flows["f"];
                let env = Env {
                    timezone: &TimeZone::UTC,
                    today: date(2026, 1, 1),
                    codes: &project.codes,
                    sides: &flow.sides,
                    references: &NoReferences,
                    labels: &Labels::default(),
                    secret: &[0; 32],
                };
                let raw = serde_json::to_vec(&source).expect("it is JSON");
                let projected = flow.mapping.projection().project(&raw).expect("it is JSON");
                let mapped = flow.mapping.apply("", &projected, None, &[], &env).unwrap_or_else(|causes| panic!("{sheet}\n{causes:?}"));
                let expected: Value = serde_json::from_str(&body).expect("the target is JSON");
                assert_eq!(*if side == "target" { &mapped.create } else { mapped.update() }, expected, "{sheet}");
                seen += 1;
            }
            _ => panic!("a block of an unknown kind: {kind}"),
        }
    }
    assert!(seen >= 7, "only {seen} examples were found");
}
