//! What a plan would do with one record, field by field. Values of people are masked unless their sheet, or the person who asks, says otherwise.

use std::sync::atomic::{AtomicBool, Ordering};

use kivuko_core::cells::Cell;
use kivuko_core::connector::Action;
use kivuko_core::flow::Flow;
use kivuko_core::numbers::is_number;
use kivuko_engine::Planned;
use serde_json::{Value, json};

use super::mask::Shown;
use super::{Style, Table};

/// Which target fields of a flow may be seen.
#[derive(Debug)]
pub struct Visible<'f> {
    flow: &'f Flow,
    everything: bool,
    /// Something was masked.
    hid: AtomicBool,
}

impl<'f> Visible<'f> {
    /// What the sheet of the flow allows, or everything.
    pub const fn new(flow: &'f Flow, everything: bool) -> Self {
        Self { flow, everything, hid: AtomicBool::new(false) }
    }

    /// Whether the value at this target path may be seen. A whole list or object may only when everything that the sheet writes below it may.
    fn shows(&self, part: &str, path: &str, value: &Value) -> bool {
        let record = part.split('#').next().unwrap_or_default();
        // What is counted is nobody's; but what was there instead may be a text that somebody typed.
        let is_counted = self.flow.aggregate.is_some() && (Cell::FIELDS.contains(&path) || value.as_str().is_none_or(is_number));
        self.everything || is_counted || self.flow.mapping.is_seen(record, path) && self.flow.aggregate.is_none()
    }

    fn shown(&self, part: &str, path: &str, value: &Value) -> Shown {
        let shown = Shown::new(value, self.shows(part, path, value));
        if matches!(shown, Shown::Masked(_)) {
            self.hid.store(true, Ordering::Relaxed);
        }
        shown
    }

    /// Whether anything was masked so far.
    pub fn has_hidden(&self) -> bool {
        self.hid.load(Ordering::Relaxed)
    }
}

fn word(planned: &Planned) -> &'static str {
    match planned.action {
        Some(Action::Create) => "create",
        Some(Action::Update) => "update",
        Some(Action::Delete) => "delete",
        Some(Action::Deactivate) => "deactivate",
        None => planned.outcome.word(),
    }
}

/// The record with its differences.
pub fn render(planned: &Planned, visible: &Visible<'_>, style: Style) -> String {
    let mut head = format!("{}  ", style.outcome(planned.outcome, word(planned)));
    match &planned.number {
        Some(number) => head.push_str(&head_of_number(planned, number, visible, style)),
        None => head.push_str(&head_of_record(planned, style)),
    }
    if planned.was_written_before() {
        put!(head, "  {}", style.dim("by a run that was cut off; nothing is sent"));
    }
    let mut text = format!("{head}\n");
    let mut table = Table::new(&["", "", "", ""]).indented(4);
    if planned.action.is_some_and(|action| matches!(action, Action::Create | Action::Update)) {
        let in_head = |path: &str| planned.number.is_some() && (path == "value" || Cell::FIELDS.contains(&path));
        for change in planned.changes().into_iter().filter(|change| !in_head(&change.path)) {
            let value = |value: &Option<Value>| value.as_ref().map(|value| visible.shown(&planned.part, &change.path, value).text());
            let after = value(&change.after).unwrap_or_else(|| style.dim("(cleared)"));
            match (planned.action, value(&change.before)) {
                (Some(Action::Create), _) => table.row(vec![change.path, after]),
                (_, before) => table.row(vec![change.path, before.unwrap_or_else(|| style.dim("(empty)")), style.dim("→"), after]),
            }
        }
    }
    for cause in &planned.causes {
        let mut message = cause.words();
        if let Some(field) = &cause.field {
            put!(message, " (field {field})");
        }
        put!(text, "    {}  {}\n", style.dim(&cause.code.to_string()), style.wrap(&message, 11));
    }
    text.push_str(&table.render(style));
    text
}

fn head_of_record(planned: &Planned, style: Style) -> String {
    let mut head = style.bold(&planned.source_id);
    if !planned.part.is_empty() {
        put!(head, "  {}", planned.part);
    }
    if !planned.place.is_empty() {
        put!(head, "  {}", style.dim(&planned.place));
    }
    if let Some(id) = &planned.target_id {
        put!(head, "  {}", style.dim(&format!("{} {id}", planned.resource)));
    }
    head
}

/// A number is one value: where it stands, what is there, and what comes.
fn head_of_number(planned: &Planned, number: &str, visible: &Visible<'_>, style: Style) -> String {
    let mut head = style.bold(number);
    let value = |of: &Value| of.get("value").filter(|value| !value.is_null()).map(|value| visible.shown("", "value", value).text());
    match (value(&planned.before), value(&planned.body)) {
        (Some(before), Some(after)) => put!(head, "  {before} {} {after}", style.dim("→")),
        (None, Some(after)) => put!(head, "  {after}"),
        (Some(before), None) => put!(head, "  {before}"),
        (None, None) => {}
    }
    // One that is carried is a record of the source: `--only` asks for it by its id.
    if planned.place != number {
        put!(head, "  {}  {}", planned.source_id, style.dim(&planned.place));
    }
    head
}

/// The record for `plan --json`.
pub fn to_json(planned: &Planned, visible: &Visible<'_>) -> Value {
    let changes: Vec<Value> = if planned.action.is_some_and(|action| matches!(action, Action::Create | Action::Update)) {
        let shown = |part: &str, path: &str, value: &Option<Value>| {
            value.as_ref().map_or(Value::Null, |value| visible.shown(part, path, value).to_json())
        };
        planned
            .changes()
            .iter()
            .map(|change| {
                json!({
                    "path": change.path,
                    "before": shown(&planned.part, &change.path, &change.before),
                    "after": shown(&planned.part, &change.path, &change.after),
                })
            })
            .collect()
    } else {
        Vec::new()
    };
    json!({
        "source_id": planned.source_id,
        "place": planned.place,
        "part": planned.part,
        "outcome": planned.outcome,
        "action": planned.action,
        "resource": planned.resource,
        "target_id": planned.target_id,
        "changes": changes,
        "causes": planned.causes,
    })
}
