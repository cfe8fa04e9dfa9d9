//! `check`: everything that can be wrong, all of it at once.

use kivuko_core::project::{self, CheckResult};
use kivuko_engine::Checked;
use serde_json::json;

use crate::app::{App, worst};
use crate::args::Check;
use crate::failure::{Failure, exit};
use crate::print::figures::{count, counted};
use crate::print::progress::Progress;
use crate::print::{Style, problem, put};

pub async fn execute(app: &App, args: &Check) -> Result<u8, Failure> {
    let workspace = app.workspace()?;
    let results = workspace.project.as_ref().map(project::run_checks).unwrap_or_default();
    let contents = workspace.project.as_ref().map(|project| {
        format!(
            "{}, {}, {}",
            counted(project.flows.len() as u64, "flow", "flows"),
            counted(project.systems.len() as u64, "system", "systems"),
            counted(project.checks.len() as u64, "check", "checks")
        )
    });
    let sound = workspace.is_sound();
    let problems = workspace.problems.clone();
    let files = workspace.files.clone();
    let online = if args.online && sound {
        let engine = app.engine().await?;
        let _progress = Progress::start("asking the systems", app.err);
        Some(engine.check_online().await)
    } else {
        None
    };
    let failed = results.iter().filter(|result| !result.passed()).count() as u64;
    let code = worst([
        if sound && failed == 0 { exit::WELL } else { exit::PROJECT },
        worst(online.iter().flatten().map(|checked| checked.exit_code)),
    ]);
    app.answer(
        || json!({ "ok": code == exit::WELL, "problems": problems, "checks": results, "online": online }),
        |style| {
            let mut text = String::new();
            if !problems.is_empty() {
                text.push_str(&problem::all(&problems, &files, style));
            }
            for result in results.iter().filter(|result| !result.passed()) {
                text.push_str(&differing(result, style));
            }
            text.push_str(&asked_all(online.as_deref().unwrap_or_default(), style));
            if online.is_some() && code == exit::WELL {
                text.push('\n');
            }
            if let (Some(contents), true) = (&contents, code == exit::WELL) {
                put!(text, "{}  {contents}\n", style.good("well"));
            }
            text
        },
    )?;
    if !app.json {
        app.say_next(&next(app, code, sound, args.online, &problems, online.as_deref()));
    }
    Ok(code)
}

fn next(
    app: &App,
    code: u8,
    sound: bool,
    online: bool,
    problems: &[kivuko_core::error::Problem],
    asked: Option<&[Checked]>,
) -> Vec<(String, &'static str)> {
    let first = problems.first().map(|problem| problem.code);
    let first = first.or_else(|| asked.into_iter().flatten().flat_map(|checked| &checked.wrong).next().map(|cause| cause.code));
    let mut steps = Vec::new();
    if let Some(code) = first {
        steps.push((format!("kivuko explain {code}"), "what a code means and how to cure it"));
    }
    if sound && code == exit::WELL && !online {
        steps.push((app.invoke("check --online"), "also ask the systems"));
    }
    if sound && code == exit::WELL && online {
        steps.push((app.invoke("plan FLOW"), "what a run would do"));
    }
    steps
}

fn differing(result: &CheckResult, style: Style) -> String {
    let mut text = format!("{}  {}  {}\n", style.error("differs"), style.bold(&result.name), style.dim(&result.place.to_string()));
    for difference in &result.differences {
        put!(text, "  {}\n", style.wrap(difference, 2));
    }
    text.push('\n');
    text
}

/// So many lines of a kind are shown of a system or a flow.
const LINES: usize = 10;

/// What all came to. What a system is the reason of stands with it, once.
fn asked_all(online: &[Checked], style: Style) -> String {
    let is_system = |one: &Checked| one.what.starts_with("system ");
    let reason = |one: &Checked| {
        let same = |system: &&Checked| is_system(system) && !system.wrong.is_empty() && system.wrong == one.wrong;
        online.iter().find(same).filter(|_| !is_system(one)).map(|system| system.what.as_str())
    };
    let mut text = String::new();
    for one in online.iter().filter(|one| reason(one).is_none()) {
        text.push_str(&asked(one, style));
        let needing = online.iter().filter(|other| is_system(one) && reason(other) == Some(&one.what));
        let needing: Vec<&str> = needing.map(|other| other.what.as_str()).collect();
        if !needing.is_empty() {
            put!(text, "       {}\n", style.wrap(&format!("so these were not asked: {}", needing.join(", ")), 7));
        }
    }
    text
}

/// What a system or a flow came to when it was asked.
pub fn asked(checked: &Checked, style: Style) -> String {
    let mark = if checked.wrong.is_empty() { style.good("well ") } else { style.error("error") };
    let version = checked.health.as_ref().and_then(|health| health.version.clone()).unwrap_or_default();
    let mut text = format!("{mark}  {}  {}", style.bold(&checked.what), style.dim(&version)).trim_end().to_owned();
    text.push('\n');
    if let Some(health) = &checked.health {
        for finding in &health.findings {
            put!(text, "       {}\n", style.wrap(finding, 7));
        }
        for warning in health.warnings.iter().take(LINES) {
            put!(text, "       {} {}\n", style.warn("warning"), style.wrap(warning, 15));
        }
        text.push_str(&more(health.warnings.len(), "warnings", style));
    }
    for line in &checked.later {
        put!(text, "       {}  {}\n", style.dim("later"), style.wrap(line, 14));
    }
    for cause in checked.wrong.iter().take(LINES) {
        let field = cause.field.as_ref().map(|field| format!(" (field {field})")).unwrap_or_default();
        put!(text, "       {}  {}\n", style.dim(&cause.code.to_string()), style.wrap(&format!("{}{field}", cause.message), 14));
    }
    text.push_str(&more(checked.wrong.len(), "errors", style));
    text
}

/// How many lines of a kind were left out; nothing if none was.
fn more(lines: usize, kind: &str, style: Style) -> String {
    if lines <= LINES {
        return String::new();
    }
    format!("       {}\n", style.dim(&format!("and {} more {kind}; --json has them all", count((lines - LINES) as u64))))
}
