//! Work for the crash test: a line list that is created, changed and thinned out over several days, with the untidiness of real ones.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::chance::Chance;

/// What happens to one project over time.
#[derive(Debug, Clone)]
pub struct Work {
    /// Cases that somebody entered in Go.Data before the first list came.
    pub given: Vec<Value>,
    /// The list as it is each day.
    pub days: Vec<String>,
}

#[derive(Debug, Clone)]
struct Row {
    id: String,
    number: String,
    name: String,
    sex: String,
    age: String,
    reported: String,
}

const FIRST: [&str; 8] = ["Amina", "Binta", "Awa", "Fatou", "Musa", "Sékou", "Issa", "Mariam"];
const LAST: [&str; 8] = ["Koné", "Sarr", "Diop", "Fall", "Kamara", "Touré", "Bah", "Sesay"];

impl Work {
    /// About `size` records, over four days: all are new; some changed; some are gone; some of those are back.
    pub fn new(chance: &mut Chance, size: usize) -> Self {
        let mut given = Vec::new();
        let mut rows: Vec<Row> = (0..size).map(|number| row(chance, number)).collect();
        let mut untidy = Vec::new();
        // One of each of these at least, whatever the chance says.
        for (at, row) in rows.iter_mut().enumerate() {
            match if at < 5 { at } else { chance.below(40) } {
                0 => {
                    // Somebody typed it into Go.Data already, just so.
                    row.sex = String::new();
                    row.age = String::new();
                    given.push(case(row, row.name.split(' ').next_back().unwrap_or_default()));
                }
                // Somebody typed it into Go.Data, with another name.
                1 => given.push(case(row, "Unknown")),
                2 => row.reported = String::new(),
                3 => untidy.push(Row { number: format!("{}-B", row.number), ..row.clone() }),
                4 => untidy.push(Row { id: format!("{}-B", row.id), ..row.clone() }),
                _ => {}
            }
        }
        for row in untidy {
            let at = chance.below(rows.len() + 1);
            rows.insert(at, row);
        }
        let first = text(&rows);
        for row in &mut rows {
            if row.reported.is_empty() {
                "2026-03-09".clone_into(&mut row.reported);
            } else if chance.percent(30) {
                change(chance, row);
            }
        }
        rows.extend((size..=size + size / 8).map(|number| row(chance, number)));
        let second = text(&rows);
        let gone_at_least = chance.below(rows.len() - 1);
        let mut gone = Vec::new();
        let mut left = Vec::new();
        for (at, mut row) in rows.into_iter().enumerate() {
            if at == gone_at_least || chance.percent(10) {
                gone.push(row);
            } else {
                if chance.percent(10) {
                    change(chance, &mut row);
                }
                left.push(row);
            }
        }
        let third = text(&left);
        left.extend(gone.into_iter().step_by(2));
        Self { given, days: vec![first, second, third, text(&left)] }
    }
}

fn row(chance: &mut Chance, number: usize) -> Row {
    Row {
        id: format!("R-{number}"),
        number: format!("C-{number:03}"),
        name: format!("{} {}", chance.pick(&FIRST), chance.pick(&LAST)),
        sex: (*chance.pick(&["M", "F", ""])).to_owned(),
        age: chance.below(90).to_string(),
        reported: format!("2026-03-{:02}", 1 + chance.below(28)),
    }
}

fn change(chance: &mut Chance, row: &mut Row) {
    match chance.below(3) {
        0 => row.name = format!("{} {}", chance.pick(&FIRST), chance.pick(&LAST)),
        1 => row.age = chance.below(90).to_string(),
        _ => row.reported = format!("2026-04-{:02}", 1 + chance.below(28)),
    }
}

fn case(row: &Row, last_name: &str) -> Value {
    json!({
        "firstName": row.name.split(' ').next().unwrap_or_default(),
        "lastName": last_name,
        "dateOfReporting": format!("{}T00:00:00.000Z", row.reported),
        "documents": [{ "type": "LNG_REFERENCE_DATA_CATEGORY_DOCUMENT_TYPE_EXTERNAL_ID", "number": row.number }],
    })
}

fn text(rows: &[Row]) -> String {
    let mut text = "row_id,case_id,name,sex,age,reported\n".to_owned();
    for row in rows {
        writeln!(text, "{},{},{},{},{},{}", row.id, row.number, row.name, row.sex, row.age, row.reported).expect("a String takes it");
    }
    text
}
