//! `revert RUN`: the plan first, then, when a person agrees, the undoing.

use kivuko_core::catalogue::store::INTERRUPTED;
use kivuko_core::connector::Action;
use kivuko_core::error::{Cause, Error};
use kivuko_core::store::RunId;
use kivuko_engine::{CutOff, Reverted};
use serde_json::json;

use crate::app::App;
use crate::args::Revert;
use crate::failure::{Failure, exit};
use crate::print::account::{self, Account};
use crate::print::figures::{count, counted};
use crate::print::progress::Progress;
use crate::print::{Style, Table, put};

/// So many records are shown one by one.
const SHOWN: usize = 20;

pub async fn execute(app: &App, args: &Revert) -> Result<u8, Failure> {
    let engine = app.engine().await?;
    let id = RunId(args.run);
    let planned = {
        let _progress = Progress::start(&format!("looking at what run {id} wrote"), app.err);
        engine.plan_revert(id).await?
    };
    let (deleted, restored) = (removed(&planned), restored(&planned));
    let cut_off = engine.cut_off(id).await?;
    let flow = engine.store().run(id).await?.map(|run| run.flow).unwrap_or_default();
    // A source that cannot be opened now stands in no revert's way; whether it is read whole is a hint.
    let by_itself = engine.next_run_writes_again(&flow).unwrap_or(false);
    if planned.is_empty()
        && let Some(CutOff { under_way: under_way @ 1.., .. }) = cut_off
    {
        return Err(not_known_yet(id, under_way, &flow).into());
    }
    let again = Again { records: deleted + restored, by_itself, flow: &flow };
    if !app.json {
        app.data(&render(&planned, id, cut_off, app.out))?;
    }
    if deleted + restored == 0 {
        if app.json {
            app.document(&json!({ "planned": planned, "carried_out": false }))?;
        }
        return Ok(exit::WELL);
    }
    if !args.yes && !agreed(app, deleted, restored)? {
        if app.json {
            app.document(&json!({ "planned": planned, "carried_out": false }))?;
        } else {
            app.say(&again.told("", app.err));
            app.say_next(&[(app.invoke(&format!("revert {id} --yes")), "does it")]);
        }
        return Ok(exit::WELL);
    }
    let (report, done) = {
        let progress = Progress::start(&format!("taking run {id} back"), app.err);
        let ended = engine.revert(id).await?;
        drop(progress);
        ended
    };
    if app.json {
        let mut document = report.to_json();
        document["reverted"] = json!(done);
        document["carried_out"] = json!(true);
        document["next_run_writes_again"] = json!(again.by_itself);
        app.document(&document)?;
        return Ok(report.exit_code());
    }
    app.data("\n")?;
    let taken_back = id.to_string();
    let account = Account { takes_back: Some(&taken_back), ..Account::of(&report) };
    app.data(&account.render(app.out))?;
    app.say_next(&account::next(&account, &flow, Some(report.run.0), &|rest| app.invoke(rest)));
    let code = report.exit_code();
    if with(&done, Action::Deactivate) > 0 {
        app.data(&format!("\n  {}\n", sum(&done, "")))?;
    }
    let taken_back = Again { records: done.iter().filter(|one| one.action.is_some()).count() as u64, ..again };
    if taken_back.records > 0 {
        app.say(&taken_back.told("now ", app.err));
        app.say_next(&[(app.invoke(&format!("plan {flow}")), "what its next run would write")]);
    }
    Ok(code)
}

fn not_known_yet(id: RunId, under_way: u64, flow: &str) -> Error {
    let writes = counted(under_way, "write", "writes");
    Error::configuration(
        INTERRUPTED,
        format!(
            "run {id} was cut off with {writes} under way, and nobody knows yet whether they took effect: `kivuko run {flow}` finds out, and what did counts as written by that run, which can be taken back"
        ),
    )
}

/// What becomes of what was taken back.
struct Again<'f> {
    flow: &'f str,
    records: u64,
    by_itself: bool,
}

impl Again<'_> {
    /// A revert takes back what was written, and not why: nothing keeps the flow from writing it again.
    fn told(&self, now: &str, style: Style) -> String {
        let (flow, records) = (self.flow, counted(self.records, "record", "records"));
        let when = if self.by_itself {
            format!("the next run of `{flow}` writes it again")
        } else {
            format!(
                "`{flow}` writes a record again when it reads it again: in its next run, if the source changed it lately, else when that changes there (or with `run --again`, `cursor rewind`)"
            )
        };
        let text = format!(
            "what is taken back is {now}due ({records}): {when}, unless the source, the sheet or a code map says something else by then. Correct that first; until then let nothing run `{flow}`, no timer of the machine either"
        );
        format!("\n{}\n", style.wrap(&text, 0))
    }
}

fn with(planned: &[Reverted], action: Action) -> u64 {
    planned.iter().filter(|one| one.action == Some(action)).count() as u64
}

/// Those that are deleted, or deactivated where what is deleted could never be made again.
fn removed(planned: &[Reverted]) -> u64 {
    with(planned, Action::Delete) + with(planned, Action::Deactivate)
}

/// Those that get their earlier values back; a number that the run deleted is given again.
fn restored(planned: &[Reverted]) -> u64 {
    with(planned, Action::Update) + with(planned, Action::Create)
}

/// Asks on a terminal; without one the answer is no.
fn agreed(app: &App, deleted: u64, restored: u64) -> Result<bool, Failure> {
    let terminal = console::Term::stderr();
    if app.json || !terminal.is_term() || !console::user_attended() {
        return Ok(false);
    }
    app.say(&format!("\n{} delete (or switch off) {} and restore {}? [y/N] ", app.err.warn("sure?"), count(deleted), count(restored)));
    let answer = terminal.read_line().map_err(|error| Failure::usage(format!("the answer could not be read: {error}")))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn render(planned: &[Reverted], id: RunId, cut_off: Option<CutOff>, style: Style) -> String {
    if planned.is_empty() {
        return match cut_off.and_then(|cut_off| cut_off.next) {
            Some(next) => format!(
                "run {id} was cut off before it put anything down that could be taken back; what it had under way counts to the run that found it: run {next}\n"
            ),
            None => format!("run {id} wrote nothing that could be taken back\n"),
        };
    }
    let mut table = Table::new(&["", "source", "target", ""]).indented(2);
    for one in planned.iter().take(SHOWN) {
        let word = match one.action {
            Some(Action::Delete) => style.warn("delete"),
            Some(Action::Update | Action::Create) => style.warn("restore"),
            Some(Action::Deactivate) => style.warn("switch off"),
            None => style.dim("leave"),
        };
        let why = one.cause.as_ref().map(Cause::words).unwrap_or_default();
        // A number has no other name in the source than in the target.
        let (source, target) = match &one.number {
            Some(number) => (number.clone(), String::new()),
            None => (one.source_id.clone(), format!("{} {}", one.target_resource, one.target_id)),
        };
        table.row(vec![word, source, target, why]);
    }
    let mut text = format!("{}\n\n{}", style.bold(&format!("taking run {id} back")), table.render(style));
    if planned.len() > SHOWN {
        put!(text, "  {}\n", style.dim(&format!("... and {} more", count((planned.len() - SHOWN) as u64))));
    }
    put!(text, "\n  {} written by the run: {}\n", counted(planned.len() as u64, "record", "records"), sum(planned, "would be "));
    if let Some(CutOff { under_way: under_way @ 1.., .. }) = cut_off {
        let writes = counted(under_way, "write", "writes");
        let note = format!(
            "the run was cut off with {writes} under way, which are not among these: the next run of the flow finds out what became of them"
        );
        put!(text, "  {}\n", style.wrap(&note, 2));
    }
    text
}

/// `1 would be deleted, 2 switched off, 3 restored, 1 left as it is`: the account of a run has one word for the first two.
fn sum(of: &[Reverted], would: &str) -> String {
    let (deleted, off) = (with(of, Action::Delete), with(of, Action::Deactivate));
    let left = of.iter().filter(|one| one.action.is_none()).count() as u64;
    let mut parts = vec![format!("{} {would}deleted", count(deleted)), format!("{} restored", count(restored(of)))];
    if off > 0 {
        parts.insert(1, format!("{} switched off", count(off)));
    }
    if left > 0 {
        parts.push(format!("{} left as they are", count(left)));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_switched_off_is_not_told_as_deleted() {
        let one = |action: Option<Action>| Reverted {
            source_id: "D-1".to_owned(),
            part: String::new(),
            target_resource: "locations".to_owned(),
            target_id: "place-bo".to_owned(),
            action,
            cause: None,
            number: None,
        };
        let planned = [one(Some(Action::Deactivate)), one(Some(Action::Deactivate)), one(Some(Action::Update)), one(None)];
        let told = render(&planned, RunId(7), None, Style::PLAIN);
        assert!(told.contains("switch off  D-1"), "{told}");
        assert!(
            told.contains("4 records written by the run: 0 would be deleted, 2 switched off, 1 restored, 1 left as they are"),
            "{told}"
        );
        assert_eq!(sum(&planned, ""), "0 deleted, 2 switched off, 1 restored, 1 left as they are");
    }
}
