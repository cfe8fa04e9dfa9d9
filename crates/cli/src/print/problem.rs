//! Problems of the project, all of them in one look: where, the text there with the place marked, what was expected, the nearest right word.

use std::collections::BTreeMap;

use kivuko_core::error::{Code, Place, Problem, Severity};
use kivuko_core::project::Files;
use kivuko_core::table::Table;

use super::Style;
use super::figures::{count, counted};

/// So many problems of one code in one file are shown.
const ALIKE: usize = 10;
/// Cells of a sheet are shown up to this length; the place is what matters.
const CELL: usize = 32;

/// All problems, and how many they are. Of many that are alike the first ones are shown, and how many more there are.
pub fn all(problems: &[Problem], files: &Files, style: Style) -> String {
    let mut text = String::new();
    let mut alike: BTreeMap<(Code, &str), usize> = BTreeMap::new();
    for problem in problems {
        let shown = alike.entry((problem.code, &problem.place.file)).or_default();
        *shown += 1;
        if *shown <= ALIKE {
            text.push_str(&one(problem, files, style));
            text.push('\n');
        }
    }
    for ((code, file), found) in alike.iter().filter(|(_, found)| **found > ALIKE) {
        let more = format!("and {} more {code} in {file}; --json has them all", count((found - ALIKE) as u64));
        put!(text, "{}\n\n", style.dim(&more));
    }
    text.push_str(&summary(problems, style));
    text
}

/// One problem.
pub fn one(problem: &Problem, files: &Files, style: Style) -> String {
    let head = match problem.severity {
        Severity::Error => style.error("error"),
        Severity::Warning => style.warn("warning"),
    };
    let mut text = format!("{head} {}  {}\n", style.dim(&problem.code.to_string()), style.bold(&problem.place.to_string()));
    put!(text, "  {}\n", style.wrap(&problem.message, 2));
    let excerpt = match &problem.place.cell {
        Some(_) => cell_excerpt(&problem.place, files, style),
        None => line_excerpt(problem, files, style),
    };
    text.push_str(&excerpt.unwrap_or_default());
    // Where the one right word is all that is expected, it is said once.
    let said_below = problem.nearest.as_ref().map(|nearest| format!("`{nearest}`"));
    if let Some(expected) = problem.expected.as_ref().filter(|expected| Some(*expected) != said_below.as_ref()) {
        put!(text, "  {} {}\n", style.dim("expected"), style.wrap(expected, 11));
    }
    if let Some(nearest) = &problem.nearest {
        put!(text, "  {} {}\n", style.dim("did you mean"), style.good(&format!("`{nearest}`?")));
    }
    text
}

/// `2 errors, 1 warning`.
pub fn summary(problems: &[Problem], style: Style) -> String {
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count() as u64;
    let warnings = problems.len() as u64 - errors;
    let mut parts = Vec::new();
    if errors > 0 {
        parts.push(style.bad(&counted(errors, "error", "errors")));
    }
    if warnings > 0 {
        parts.push(style.warn(&counted(warnings, "warning", "warnings")));
    }
    format!("{}\n", parts.join(", "))
}

/// The line of a text file with a caret under the place.
fn line_excerpt(problem: &Problem, files: &Files, style: Style) -> Option<String> {
    let (line_number, column) = (problem.place.line?, problem.place.column?);
    let text = String::from_utf8_lossy(files.0.get(&problem.place.file)?);
    let line = text.lines().nth(line_number - 1)?.replace('\t', " ");
    let before: String = line.chars().take(column - 1).collect();
    let rest: String = line.chars().skip(column - 1).collect();
    let length = marked_length(&rest, &problem.message);
    let margin = line_number.to_string();
    let blank = " ".repeat(margin.len());
    let carets = format!("{}{}", " ".repeat(console::measure_text_width(&before)), "^".repeat(length));
    Some(format!(
        "  {} {line}\n  {} {}\n",
        style.dim(&format!("{margin} │")),
        style.dim(&format!("{blank} │")),
        colour_of(problem, style, &carets)
    ))
}

fn colour_of(problem: &Problem, style: Style, text: &str) -> String {
    match problem.severity {
        Severity::Error => style.bad(text),
        Severity::Warning => style.warn(text),
    }
}

/// How much of the line is meant: what the message quotes if the place begins with it, else a word.
fn marked_length(rest: &str, message: &str) -> usize {
    let quoted = message.split('`').skip(1).step_by(2).filter(|quoted| !quoted.is_empty());
    for quoted in quoted {
        for candidate in [quoted.to_owned(), format!("\"{quoted}\""), format!("'{quoted}'")] {
            if rest.starts_with(&candidate) {
                return console::measure_text_width(&candidate);
            }
        }
    }
    let word: String = rest.chars().take_while(|letter| letter.is_alphanumeric() || "_-.$/".contains(*letter)).collect();
    console::measure_text_width(&word).max(1)
}

/// The row of a sheet under its headings, with the cell marked. Columns in which the row holds nothing are left out.
fn cell_excerpt(place: &Place, files: &Files, style: Style) -> Option<String> {
    let table = Table::parse(&place.file, files.0.get(&place.file)?).ok()?;
    let row_number = place.line?;
    let row = table.rows.iter().find(|row| row.number == row_number);
    let marked = place.cell.as_deref()?;
    let margin = row_number.to_string();
    let blank = " ".repeat(margin.len());
    let mut heads = String::new();
    let mut cells = String::new();
    let mut carets = String::new();
    for (at, name) in table.header.iter().enumerate() {
        let cell = row.and_then(|row| row.cells.get(at)).map_or("", |cell| cell.trim());
        let is_marked = name.trim().eq_ignore_ascii_case(marked);
        if cell.is_empty() && !is_marked {
            continue;
        }
        let shown = console::truncate_str(cell, CELL, "…").replace(['\n', '\r', '\t'], " ");
        let width = console::measure_text_width(name).max(console::measure_text_width(&shown));
        let pad = |text: &str| format!("{text}{}", " ".repeat(width + 2 - console::measure_text_width(text)));
        heads.push_str(&pad(name));
        cells.push_str(&pad(&shown));
        let under = if is_marked { "^".repeat(console::measure_text_width(&shown).max(1)) } else { String::new() };
        carets.push_str(&pad(&under));
    }
    let bar = |number: &str| style.dim(&format!("{number} │"));
    let mut text = format!("  {} {}\n", bar(&blank), style.dim(heads.trim_end()));
    if row.is_some() {
        put!(text, "  {} {}\n", bar(&margin), cells.trim_end());
    }
    put!(text, "  {} {}\n", bar(&blank), style.bad(carets.trim_end()));
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kivuko_core::error::Code;

    fn files() -> Files {
        let flow = "flow: cases\nmaping: cases.csv\nfrom:\n  system: register\n  resource: \"cases.csv\"\n";
        let sheet = "target,source,transform,codes,note\nfirstName,First name,trim,,\ngender,Sexe,titel,sex,\n";
        Files(
            [("flows/cases.yaml", flow), ("mappings/cases.csv", sheet)]
                .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
                .into(),
        )
    }

    fn at(file: &str, line: usize, column: usize, cell: Option<&str>) -> Place {
        Place { file: file.to_owned(), line: Some(line), column: Some(column), cell: cell.map(str::to_owned) }
    }

    #[test]
    fn all_problems_are_shown_with_their_places() {
        let problems = [
            Problem::error(Code(104), at("flows/cases.yaml", 2, 1, None), "unknown key `maping`").nearest("maping", ["mapping", "from"]),
            Problem::warning(Code(118), at("flows/cases.yaml", 5, 13, None), "`cases.csv` is not there yet")
                .expected("a file in the folder of `register`"),
            Problem::error(Code(204), at("mappings/cases.csv", 3, 3, Some("transform")), "there is no transform `titel`")
                .nearest("titel", ["title", "trim"]),
            Problem::error(Code(102), Place { file: "kivuko.yaml".into(), ..Place::default() }, "the file is missing"),
        ];
        insta::assert_snapshot!(all(&problems, &files(), Style::PLAIN));
    }

    #[test]
    fn of_many_that_are_alike_some_are_shown() {
        let place = |row: usize| Place { file: "codes/sex.csv".into(), line: Some(row), ..Place::default() };
        let mut problems: Vec<Problem> = (1..=31).map(|row| Problem::error(Code(221), place(row), format!("row {row} is wrong"))).collect();
        problems.push(Problem::error(Code(222), place(40), "another kind"));
        let text = all(&problems, &Files::default(), Style::PLAIN);
        assert_eq!(text.matches("is wrong").count(), 10, "{text}");
        assert!(text.contains("and 21 more K0221 in codes/sex.csv; --json has them all") && text.contains("another kind"), "{text}");
        assert!(text.ends_with("32 errors\n"), "{text}");
    }

    #[test]
    fn what_is_marked_is_what_the_message_means() {
        let check = |rest: &str, message: &str, expected: usize| assert_eq!(marked_length(rest, message), expected, "{rest}");
        check("maping: x", "unknown key `maping`", 6);
        check("\"cases.csv\"", "`cases.csv` is not there", 11);
        check("{ active == }", "an operand is missing", 1);
        check("register", "no such system", 8);
        check("", "a value is missing", 1);
    }
}
