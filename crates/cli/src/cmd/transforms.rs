//! `transforms [NAME]`: the documented set, with the examples that a test runs.

use kivuko_core::transform::{self, Times, Transform};
use serde_json::{Value, json};

use crate::app::{App, unknown};
use crate::args::Transforms;
use crate::failure::{Failure, exit};
use crate::print::{Style, Table, put};

pub fn execute(app: &App, args: &Transforms) -> Result<u8, Failure> {
    match &args.name {
        None => app.answer(|| json!({ "transforms": transform::all().iter().map(|one| to_json(one)).collect::<Vec<_>>() }), list)?,
        Some(name) => {
            let known: Vec<&str> = transform::all().iter().map(|one| one.name).collect();
            let one = transform::find(name).ok_or_else(|| unknown("transform", name, &known))?;
            app.answer(|| to_json(one), |style| page(one, style))?;
        }
    }
    Ok(exit::WELL)
}

fn list(style: Style) -> String {
    let mut text = String::new();
    let mut family = None;
    let mut table = Table::new(&["", ""]).indented(2);
    for one in transform::all() {
        if family != Some(one.family) {
            text.push_str(&table.render(style));
            table = Table::new(&["", ""]).indented(2);
            put!(text, "{}{}\n", if family.is_some() { "\n" } else { "" }, style.bold(&one.family.to_string()));
            family = Some(one.family);
        }
        table.row(vec![style.command(&one.usage()), one.about.to_owned()]);
    }
    text.push_str(&table.render(style));
    put!(text, "\n{}\n", style.dim("in a sheet they stand one after the other: trim | title; `kivuko transforms NAME` shows examples"));
    text
}

fn page(one: &Transform, style: Style) -> String {
    let mut text = format!("{}  {}\n  {}\n", style.bold(&one.usage()), style.dim(&one.family.to_string()), style.wrap(one.about, 2));
    if one.in_expressions {
        put!(text, "\n  {}  {}\n", style.dim("in an expression"), style.command(&format!("{{ {} }}", one.usage_in_expressions())));
    }
    let mut parameters = Table::new(&["", "", ""]).indented(2);
    for parameter in one.parameters {
        let times = match parameter.times {
            Times::Once => "",
            Times::AtMostOnce => "may be left out",
            Times::Any => "any number",
        };
        parameters.row(vec![parameter.name.to_owned(), style.dim(times), parameter.about.to_owned()]);
    }
    if !parameters.is_empty() {
        put!(text, "\n{}", parameters.render(style));
    }
    let mut examples = Table::new(&["transform", "in", "out"]).indented(2);
    for example in one.examples {
        examples.row(vec![style.command(example.call), example.input.to_owned(), example.output.to_owned()]);
    }
    put!(text, "\n{}", examples.render(style));
    text
}

fn to_json(one: &Transform) -> Value {
    json!({
        "name": one.name,
        "family": one.family.to_string(),
        "usage": one.usage(),
        "about": one.about,
        "in_expressions": one.in_expressions,
        "parameters": one.parameters.iter().map(|parameter| json!({
            "name": parameter.name,
            "about": parameter.about,
            "required": parameter.times == Times::Once,
            "repeats": parameter.times == Times::Any,
        })).collect::<Vec<_>>(),
        "examples": one.examples.iter().map(|example| json!({
            "transform": example.call,
            "input": example.input,
            "output": example.output,
        })).collect::<Vec<_>>(),
    })
}
