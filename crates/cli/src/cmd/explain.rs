//! `explain CODE`: the page of a code.

use kivuko_core::catalogue;
use serde_json::json;

use crate::app::App;
use crate::args::Explain;
use crate::failure::{Failure, exit};
use crate::print::{Table, page, put};

/// What the hundreds of the codes stand for.
const AREAS: [(u16, &str); 9] = [
    (1, "the project"),
    (2, "sheets and code maps"),
    (3, "a record on its way"),
    (4, "the target"),
    (5, "the network"),
    (6, "Go.Data"),
    (7, "files"),
    (8, "the store"),
    (9, "a run"),
];

pub fn execute(app: &App, args: &Explain) -> Result<u8, Failure> {
    let Some(code) = args.code else { return list(app) };
    let page = catalogue::page(code).ok_or_else(|| Failure::usage_with(format!("there is no code {code}"), "explain"))?;
    app.answer(|| json!({ "code": code, "title": title(page), "page": page }), |style| page::render(page, style))?;
    Ok(exit::WELL)
}

fn list(app: &App) -> Result<u8, Failure> {
    app.answer(
        || json!({ "codes": catalogue::pages().map(|(code, page)| json!({ "code": code, "title": title(page) })).collect::<Vec<_>>() }),
        |style| {
            let mut text = String::new();
            for (hundred, area) in AREAS {
                let mut table = Table::new(&["", ""]).indented(2);
                for (code, page) in catalogue::pages().filter(|(code, _)| code.0 / 100 == hundred) {
                    table.row(vec![style.command(&code.to_string()), title(page).to_owned()]);
                }
                if !table.is_empty() {
                    put!(text, "{}\n{}\n", style.bold(area), table.render(style));
                }
            }
            format!("{}\n", text.trim_end())
        },
    )?;
    Ok(exit::WELL)
}

/// The words of the title line, `# K0306: a value is not in the code list`.
fn title(page: &str) -> &str {
    let line = page.lines().next().unwrap_or_default();
    line.split_once(": ").map_or(line, |(_, title)| title)
}
