//! `review`: what waits for a person's decision, and the decisions on who a record is. Those on places are in `review_places`.

use kivuko_core::people::{Decided, DecisionKind, ReviewRow, asker_of};
use kivuko_engine::{By, PlaceDecision, PlaceQuestion, Side, no_question};
use serde_json::{Value, json};

use super::rejects::reason;
use super::review_places::{self, DecidedPlaces};
use crate::app::{App, word};
use crate::args::review::{Corrector, Judge, Review, ReviewList, ReviewWhat};
use crate::failure::{Failure, exit};
use crate::print::mask::Shown;
use crate::print::time::Calendar;
use crate::print::{Style, Table, put};
use crate::when;

pub async fn execute(app: &App, args: Review) -> Result<u8, Failure> {
    match args.what.unwrap_or(ReviewWhat::List(args.list)) {
        ReviewWhat::List(args) => list(app, &args).await,
        ReviewWhat::Show { id, show_values } => show(app, id, show_values).await,
        ReviewWhat::Accept { id, candidate, by } => answer(app, id, DecisionKind::Link, Some(&candidate), by).await,
        ReviewWhat::New { id, by } => answer(app, id, DecisionKind::New, None, by).await,
        ReviewWhat::Discard { id, by } => answer(app, id, DecisionKind::Discard, None, by).await,
        ReviewWhat::Keep { id, by } => review_places::decide(app, id, PlaceDecision::Keep, &by).await,
        ReviewWhat::End { id, day, by } => {
            review_places::decide(app, id, PlaceDecision::End(when::day("the last day on which it held", &day)?), &by).await
        }
        ReviewWhat::Refuse { id, by } => review_places::decide(app, id, PlaceDecision::Refuse, &by).await,
        ReviewWhat::Merge { flow, source, target, by } => correct(app, (&flow, &source), DecisionKind::Merge, Some(&target), by).await,
        ReviewWhat::Split { flow, source, by } => correct(app, (&flow, &source), DecisionKind::Split, None, by).await,
        ReviewWhat::Unlink { flow, source, by } => correct(app, (&flow, &source), DecisionKind::Unlink, None, by).await,
        ReviewWhat::History(args) => history(app, &args).await,
    }
}

async fn list(app: &App, args: &ReviewList) -> Result<u8, Failure> {
    let history = app.history().await?;
    let asker = match &args.flow {
        Some(name) if history.is_crosswalk(name) => Some(asker_of(name)),
        Some(flow) => {
            history.known_flow(flow).await?;
            Some(flow.clone())
        }
        None => None,
    };
    let all = history.store().reviews(asker.as_deref(), args.limit).await?;
    let (of_places, rows): (Vec<ReviewRow>, Vec<ReviewRow>) = all.into_iter().partition(|row| row.crosswalk().is_some());
    // Nobody can answer for a crosswalk that is no more.
    let places = of_places.iter().filter_map(PlaceQuestion::of).filter(|one| history.has_crosswalk(&one.crosswalk));
    let places: Vec<PlaceQuestion> = places.collect();
    if rows.is_empty() && places.is_empty() {
        app.say_nothing("no question is open");
    }
    app.answer(
        || json!({ "questions": rows, "places": places }),
        |style| {
            let tables = [listed(&rows, &history.calendar, style), review_places::listed(&places, &history.calendar, style)];
            tables.into_iter().filter(|table| !table.is_empty()).collect::<Vec<_>>().join("\n")
        },
    )?;
    let mut steps = Vec::new();
    if let Some(first) = rows.first() {
        steps.push((app.invoke(&format!("review show {}", first.id)), "the candidates of one of them, side by side"));
    }
    if let Some(first) = places.first() {
        steps.push((app.invoke(&format!("review show {}", first.id)), "what has changed of a pair of places, and what can be done"));
    }
    if !app.json && !steps.is_empty() {
        app.say_next(&steps);
    }
    Ok(exit::WELL)
}

fn listed(rows: &[ReviewRow], calendar: &Calendar, style: Style) -> String {
    let mut table = Table::new(&[">number", "flow", "id", "place", ">candidates", ">best", "since", "what speaks for the best"]);
    for row in rows {
        let best = row.review.candidates.first();
        table.row(vec![
            row.id.to_string(),
            row.flow.clone(),
            row.review.source.id.clone(),
            style.dim(&row.review.place),
            row.review.candidates.len().to_string(),
            best.map(|best| format!("{:.3}", best.score)).unwrap_or_default(),
            calendar.relative(row.first_at),
            best.map(|best| best.reasons.join("; ")).unwrap_or_default(),
        ]);
    }
    if table.is_empty() { String::new() } else { table.render(style) }
}

async fn show(app: &App, id: i64, show_values: bool) -> Result<u8, Failure> {
    let history = app.history().await?;
    let row = history.store().review(id).await?.filter(|row| !row.closed);
    let row = row.ok_or_else(|| no_question(id))?;
    if let Some(question) = PlaceQuestion::of(&row) {
        return review_places::show(app, &question, &history.calendar);
    }
    let sides = app.engine().await?.sides(&row).await?;
    let shown = |text: &str| Shown::new(&Value::String(text.to_owned()), show_values);
    app.answer(
        || {
            let fields: Vec<Value> = sides
                .iter()
                .map(|side| {
                    let candidates: Vec<Value> = side.candidates.iter().map(|text| shown(text).to_json()).collect();
                    json!({ "field": side.field, "path": side.path, "record": shown(&side.record).to_json(), "candidates": candidates })
                })
                .collect();
            let mut document = json!(row);
            document["fields"] = json!(fields);
            document
        },
        |style| one(&row, &sides, show_values, &history.calendar, style),
    )?;
    if !app.json {
        if !show_values {
            app.say(&format!("\n{}\n", app.err.dim("values are masked; --show-values shows them")));
        }
        app.say_next(&[
            (app.invoke(&format!("review accept {id} 1")), "it is the first candidate"),
            (app.invoke(&format!("review new {id}")), "it is none of them"),
            (app.invoke(&format!("review discard {id} --reason WHY")), "it is not to be carried over"),
        ]);
    }
    Ok(exit::WELL)
}

fn one(row: &ReviewRow, sides: &[Side], show_values: bool, calendar: &Calendar, style: Style) -> String {
    let review = &row.review;
    let mut text = format!("{}  {}  {}\n\n", style.bold(&format!("question {}", row.id)), review.source.id, style.dim(&review.place));
    for (at, candidate) in review.candidates.iter().enumerate() {
        put!(text, "  {}  {:.3}  {}\n", style.bold(&(at + 1).to_string()), candidate.score, candidate.target_id);
        put!(text, "     {}\n", style.dim(&style.wrap(&candidate.reasons.join("; "), 5)));
    }
    let numbers: Vec<String> = (1..=review.candidates.len()).map(|number| number.to_string()).collect();
    let header: Vec<&str> = ["", "record"].into_iter().chain(numbers.iter().map(String::as_str)).collect();
    let mut table = Table::new(&header).indented(2);
    for side in sides {
        let cells = std::iter::once(&side.record).chain(&side.candidates);
        let shown = cells.map(|cell| Shown::new(&Value::String(cell.clone()), show_values).text());
        table.row(std::iter::once(style.dim(side.field)).chain(shown).collect());
    }
    put!(text, "\n{}", table.render(style));
    put!(text, "\n  {}\n", style.dim(&format!("flow {}, asked since {}", row.flow, calendar.both(row.first_at))));
    text
}

/// The name of whoever decides: as it is given, or as the environment has it.
pub fn name(given: Option<&str>) -> String {
    let known = ["KIVUKO_USER", "USER", "LOGNAME", "USERNAME"].into_iter().filter_map(|variable| std::env::var(variable).ok());
    let names = given.map(str::to_owned).into_iter().chain(known).chain(std::iter::once_with(user_of_process).flatten());
    names.map(|name| name.trim().to_owned()).find(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

/// Whose process this is by the machine's own list of users: a timer or a container has no environment that says it.
#[cfg(unix)]
fn user_of_process() -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let number = std::fs::metadata("/proc/self").ok()?.uid().to_string();
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let of = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number).then(|| name.to_owned())
    };
    users.lines().find_map(of)
}

#[cfg(not(unix))]
fn user_of_process() -> Option<String> {
    None
}

async fn answer(app: &App, id: i64, kind: DecisionKind, candidate: Option<&str>, by: Judge) -> Result<u8, Failure> {
    let engine = app.engine().await?;
    let by = By { name: name(by.by.as_deref()), reason: by.reason.trim().to_owned() };
    decided(app, &engine.answer(id, kind, candidate, by).await?)
}

async fn correct(app: &App, (flow, source): (&str, &str), kind: DecisionKind, target: Option<&str>, by: Corrector) -> Result<u8, Failure> {
    let engine = app.engine().await?;
    let by = By { name: name(by.by.as_deref()), reason: reason(&by.reason)?.to_owned() };
    decided(app, &engine.correct(flow, source, kind, target, by).await?)
}

fn decided(app: &App, decided: &Decided) -> Result<u8, Failure> {
    app.answer(|| json!(decided), |_| format!("kept: {} {}, by {}\n", decided.kind.word(), decided.source.id, decided.by))?;
    if !app.json {
        let step = app.invoke(&format!("run {} --only {}", decided.flow, word(&decided.source.id)));
        app.say_next(&[(step, "carries it out now; every later run follows it too")]);
    }
    Ok(exit::WELL)
}

/// What was decided on records, and on the places of crosswalks, of which the files are the only book.
async fn history(app: &App, args: &ReviewList) -> Result<u8, Failure> {
    let history = app.history().await?;
    let of_places = args.flow.as_deref().is_some_and(|name| history.is_crosswalk(name));
    if let Some(flow) = args.flow.as_deref().filter(|_| !of_places) {
        history.known_flow(flow).await?;
    }
    let rows = if of_places { Vec::new() } else { history.store().decision_history(args.flow.as_deref(), args.limit).await? };
    let places = if of_places || args.flow.is_none() { review_places::decisions(&history, args) } else { Vec::new() };
    if rows.is_empty() && places.is_empty() {
        app.say_nothing("nothing was decided yet");
    }
    app.answer(
        || json!({ "decisions": rows, "places": places.iter().map(DecidedPlaces::to_json).collect::<Vec<_>>() }),
        |style| {
            let tables = [of_records(&rows, &history.calendar, style), review_places::decided(&places, style)];
            tables.into_iter().filter(|table| !table.is_empty()).collect::<Vec<_>>().join("\n")
        },
    )?;
    Ok(exit::WELL)
}

fn of_records(rows: &[Decided], calendar: &Calendar, style: Style) -> String {
    let mut table = Table::new(&["when", "flow", "id", "decision", "target", "by", "why"]);
    for row in rows {
        table.row(vec![
            calendar.relative(row.at),
            row.flow.clone(),
            row.source.id.clone(),
            row.kind.word().to_owned(),
            row.target_id.clone().unwrap_or_default(),
            row.by.clone(),
            row.reason.clone(),
        ]);
    }
    if table.is_empty() { String::new() } else { table.render(style) }
}

#[cfg(all(test, unix))]
mod tests {
    use super::{name, user_of_process};

    #[test]
    fn who_decides_is_who_says_so_or_whose_process_it_is() {
        assert_eq!(name(Some(" Sia ")), "Sia");
        let said = std::process::Command::new("id").arg("-un").output().expect("there is an id");
        assert_eq!(user_of_process().as_deref(), Some(String::from_utf8_lossy(&said.stdout).trim()));
    }
}
