//! `review` of pairs of places that have changed: what has changed, and the decisions, which go into the file of the crosswalk.

use jiff::civil::Date;
use kivuko_core::codes::Decision;
use kivuko_engine::{PlaceChoice, PlaceDecision, PlaceQuestion};
use serde_json::{Value, json};

use super::match_places::{keep, look, why};
use super::review;
use crate::app::{App, History};
use crate::args::review::{Judge, ReviewList};
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

/// A decision as it stands in the file of a crosswalk.
#[derive(Debug)]
pub struct DecidedPlaces {
    crosswalk: String,
    /// The row of the file, as a spreadsheet counts it.
    row: usize,
    places: Vec<DecidedPlace>,
    decision: &'static str,
    valid_from: Option<Date>,
    valid_to: Option<Date>,
    note: String,
    by: String,
}

#[derive(Debug)]
struct DecidedPlace {
    system: String,
    id: String,
    /// What it was called then, where that was kept.
    name: Option<String>,
}

/// The decisions of one crosswalk or of all, in the order of their files; of each file the last ones.
pub fn decisions(history: &History, args: &ReviewList) -> Vec<DecidedPlaces> {
    let Some(project) = &history.workspace.project else { return Vec::new() };
    let named = project.codes.0.iter().filter(|(name, _)| args.flow.as_ref().is_none_or(|only| only == *name));
    named
        .flat_map(|(name, map)| {
            let made: Vec<Decision<'_>> = map.decisions().filter(|decision| !decision.is_open()).collect();
            let skipped = made.len().saturating_sub(args.limit);
            made.into_iter().skip(skipped).map(move |decision| DecidedPlaces::of(name, &decision))
        })
        .collect()
}

impl DecidedPlaces {
    fn of(crosswalk: &str, decision: &Decision<'_>) -> Self {
        let place = |(system, id): (&str, &str)| DecidedPlace {
            system: system.to_owned(),
            id: id.to_owned(),
            name: decision.name(system).map(str::to_owned),
        };
        Self {
            crosswalk: crosswalk.to_owned(),
            row: decision.line(),
            places: decision.ids().map(place).collect(),
            decision: decision.verdict().word(),
            valid_from: decision.valid_from(),
            valid_to: decision.valid_to(),
            note: decision.note().to_owned(),
            by: decision.by().to_owned(),
        }
    }

    pub fn to_json(&self) -> Value {
        let places = self.places.iter().map(|place| json!({ "system": place.system, "id": place.id, "name": place.name }));
        json!({
            "crosswalk": self.crosswalk, "row": self.row, "places": places.collect::<Vec<_>>(), "decision": self.decision,
            "valid_from": self.valid_from, "valid_to": self.valid_to, "note": self.note, "by": self.by,
        })
    }
}

pub fn decided(rows: &[DecidedPlaces], style: Style) -> String {
    let mut table = Table::new(&["crosswalk", ">row", "places", "decision", "from", "until", "by", "why"]);
    let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    for row in rows {
        let places = row.places.iter().map(|place| match &place.name {
            Some(name) => format!("{} {} ({name})", place.system, place.id),
            None => format!("{} {}", place.system, place.id),
        });
        table.row(vec![
            row.crosswalk.clone(),
            row.row.to_string(),
            places.collect::<Vec<_>>().join(", "),
            row.decision.to_owned(),
            day(row.valid_from),
            day(row.valid_to),
            row.by.clone(),
            row.note.clone(),
        ]);
    }
    if table.is_empty() { String::new() } else { table.render(style) }
}

pub fn show(app: &App, question: &PlaceQuestion, calendar: &Calendar) -> Result<u8, Failure> {
    app.answer(|| json!(question), |style| one(question, calendar, style))?;
    if !app.json {
        let id = question.id;
        let mut steps = Vec::new();
        if question.can_be_kept() {
            let what = "they are the same place all the same; not asked again until it changes again";
            steps.push((app.invoke(&format!("review keep {id} --reason WHY")), what));
        }
        steps.push((app.invoke(&format!("review end {id} DAY --reason WHY")), "they were the same place until that day"));
        steps.push((app.invoke(&format!("review refuse {id} --reason WHY")), "they are not the same place, and never were"));
        app.say_next(&steps);
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
    let view = look(app, &engine, &question.crosswalk, Some([&one.system, &two.system])).await?;
    // The crosswalk may name its sides the other way round by now.
    let id_in = |system: &str| question.places.iter().find(|place| place.system == system).map(|place| place.id.clone());
    let [first, second] = view.systems();
    let choice = PlaceChoice {
        one: id_in(first),
        two: id_in(second),
        decision,
        seen: question.reasons.join("; "),
        why: why("", by),
        by: review::name(by.by.as_deref()),
        place: format!("question {id}"),
    };
    keep(app, &engine, &view, &[choice]).await
}
