//! `review` of pairs of places that have changed: what has changed, and the decisions, which go into the file of the crosswalk.

use kivuko_engine::{PlaceChoice, PlaceDecision, PlaceQuestion};
use serde_json::json;

use super::match_places::{keep, look, why};
use crate::app::App;
use crate::args::review::Judge;
use crate::failure::{Failure, exit};
use crate::print::time::Calendar;
use crate::print::{Style, Table, put};

pub fn listed(questions: &[PlaceQuestion], calendar: &Calendar, style: Style) -> String {
    let mut table = Table::new(&[">number", "crosswalk", "places", "since", "what has changed"]);
    for question in questions {
        let [one, two] = question.places.each_ref().map(|place| format!("{} {}", place.system, place.id));
        table.row(vec![
            question.id.to_string(),
            question.crosswalk.clone(),
            format!("{one}, {two}"),
            calendar.relative(question.first_at),
            question.reasons.join("; "),
        ]);
    }
    if table.is_empty() { String::new() } else { table.render(style) }
}

pub fn show(app: &App, question: &PlaceQuestion, calendar: &Calendar) -> Result<u8, Failure> {
    app.answer(|| json!(question), |style| one(question, calendar, style))?;
    if !app.json {
        let id = question.id;
        app.say_next(&[
            (
                app.invoke(&format!("review keep {id} --reason WHY")),
                "they are the same place all the same; not asked again until it changes again",
            ),
            (app.invoke(&format!("review end {id} DAY --reason WHY")), "they were the same place until that day"),
            (app.invoke(&format!("review refuse {id} --reason WHY")), "they are not the same place, and never were"),
        ]);
    }
    Ok(exit::WELL)
}

fn one(question: &PlaceQuestion, calendar: &Calendar, style: Style) -> String {
    let mut text = format!("{}  {}\n\n", style.bold(&format!("question {}", question.id)), style.dim(&question.crosswalk));
    let mut table = Table::new(&["system", "id", "place"]).indented(2);
    for place in &question.places {
        let called = if place.place.is_empty() { "not there any more".to_owned() } else { place.place.clone() };
        table.row(vec![place.system.clone(), place.id.clone(), called]);
    }
    put!(text, "{}\n", table.render(style));
    for reason in &question.reasons {
        put!(text, "  {}\n", style.wrap(reason, 2));
    }
    put!(text, "\n  {}\n", style.dim(&format!("asked since {}", calendar.both(question.first_at))));
    text
}

/// Decides on a question, by what both systems hold now.
pub async fn decide(app: &App, id: i64, decision: PlaceDecision, by: &Judge) -> Result<u8, Failure> {
    let engine = app.engine().await?;
    let question = engine.place_question(id).await?;
    let [one, two] = &question.places;
    let choice = PlaceChoice {
        one: Some(one.id.clone()),
        two: Some(two.id.clone()),
        decision,
        seen: question.reasons.join("; "),
        why: why("", by),
        place: format!("question {id}"),
    };
    let view = look(app, &engine, &question.crosswalk, Some([&one.system, &two.system])).await?;
    keep(app, &engine, &view, &[choice]).await
}
