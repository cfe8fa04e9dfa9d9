//! `systems list | kinds | test | describe | adopt`: what is connected and what could be.

use kivuko_core::connector::{Declaration, ResourceDescription};
use kivuko_core::store::Store;
use kivuko_engine::Checked;
use serde_json::{Value, json};

use super::check::asked;
use crate::app::{App, unknown, worst};
use crate::args::SystemsWhat;
use crate::failure::{Failure, exit};
use crate::print::progress::Progress;
use crate::print::{Style, Table, put};

pub async fn execute(app: &App, what: Option<SystemsWhat>) -> Result<u8, Failure> {
    match what.unwrap_or(SystemsWhat::List) {
        SystemsWhat::List => list(app).await,
        SystemsWhat::Kinds { kind } => kinds(app, kind.as_deref()),
        SystemsWhat::Test { name } => test(app, name.as_deref()).await,
        SystemsWhat::Describe { name, resource } => describe(app, &name, resource.as_deref()).await,
        SystemsWhat::Adopt { name } => adopt(app, &name).await,
    }
}

async fn list(app: &App) -> Result<u8, Failure> {
    let workspace = app.sound()?;
    let state_exists = workspace.state().exists();
    let store = if state_exists { Some(workspace.open_store().await?) } else { None };
    let Some(project) = &workspace.project else { return Ok(exit::PROJECT) };
    let mut rows = Vec::new();
    for (name, system) in &project.systems {
        let identity = match &store {
            Some(store) => store.identity(name).await?,
            None => None,
        };
        let flows: Vec<&str> = project
            .flows
            .values()
            .filter(|flow| flow.from.system == *name || flow.to.system == *name)
            .map(|flow| flow.name.as_str())
            .collect();
        let address = ["url", "path"].iter().find_map(|key| system.options[key].as_str()).map(without_login).unwrap_or_default();
        rows.push((name, system, address, identity, flows));
    }
    app.answer(
        || {
            let systems: Vec<Value> = rows
                .iter()
                .map(|(name, system, address, identity, flows)| {
                    json!({ "name": name, "kind": system.kind, "address": address, "identity": identity, "responsible": system.responsible, "flows": flows })
                })
                .collect();
            json!({ "systems": systems })
        },
        |style| {
            let mut table = Table::new(&["name", "kind", "address", "known as", "responsible", "flows"]);
            for (name, system, address, identity, flows) in &rows {
                table.row(vec![
                    style.bold(name),
                    system.kind.clone(),
                    address.clone(),
                    identity.as_ref().map(|identity| identity.label.clone()).unwrap_or_default(),
                    system.responsible.clone().unwrap_or_default(),
                    flows.join(", "),
                ]);
            }
            table.render(style)
        },
    )?;
    if !app.json {
        app.say_next(&[(app.invoke("systems test"), "whether they answer")]);
    }
    Ok(exit::WELL)
}

/// An address as it is written, without the user and the password that may stand in it.
fn without_login(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    // A password with `/` in it is no valid address, and just as secret: everything before the last `@` goes.
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://{host}"),
        None => address.to_owned(),
    }
}

fn kinds(app: &App, kind: Option<&str>) -> Result<u8, Failure> {
    let declarations: Vec<Declaration> = kivuko_connectors::all().iter().map(|connector| connector.declaration()).collect();
    let Some(kind) = kind else {
        app.answer(
            || json!({ "kinds": declarations }),
            |style| {
                let mut table = Table::new(&["kind", "category", "", "status", "about"]);
                for one in &declarations {
                    table.row(vec![style.bold(one.kind), one.category.to_owned(), directions(one), status(one), one.about.to_owned()]);
                }
                table.render(style)
            },
        )?;
        if let (Some(first), false) = (declarations.first(), app.json) {
            app.say_next(&[(format!("kivuko systems kinds {}", first.kind), "its options")]);
        }
        return Ok(exit::WELL);
    };
    let known: Vec<&str> = declarations.iter().map(|one| one.kind).collect();
    let one = declarations.iter().find(|one| one.kind == kind).ok_or_else(|| unknown("kind of system", kind, &known))?;
    app.answer(|| json!(one), |style| kind_page(one, style))?;
    Ok(exit::WELL)
}

fn directions(one: &Declaration) -> String {
    match (one.reads, one.writes) {
        (true, true) => "reads, writes".to_owned(),
        (true, false) => "reads".to_owned(),
        (false, true) => "writes".to_owned(),
        (false, false) => String::new(),
    }
}

fn status(one: &Declaration) -> String {
    json!(one.status).as_str().unwrap_or_default().to_owned()
}

fn kind_page(one: &Declaration, style: Style) -> String {
    let mut text = format!(
        "{}  {}\n  {}\n",
        style.bold(one.kind),
        style.dim(&format!("{}, {}", directions(one), status(one))),
        style.wrap(one.about, 2)
    );
    if !one.resources.is_empty() {
        put!(text, "\n{}  {}\n", style.bold("resources"), style.wrap(&one.resources.join(", "), 11));
    }
    let sections = [
        ("in kivuko.yaml", &one.options, one.secrets),
        ("in `from:` of a flow", &one.from_options, &[]),
        ("in `to:` of a flow", &one.to_options, &[]),
    ];
    for (title, schema, secrets) in sections {
        let table = options(schema, secrets, style);
        if !table.is_empty() {
            put!(text, "\n{}\n{}", style.bold(title), table.render(style));
        }
    }
    text
}

/// The properties of a schema with their sentences, the required ones first.
fn options(schema: &Value, secrets: &[&str], style: Style) -> Table {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut properties: Vec<(&String, &Value)> = schema["properties"].as_object().into_iter().flatten().collect();
    properties.sort_by_key(|(name, _)| (!required.contains(&name.as_str()), name.as_str()));
    let mut table = Table::new(&["", "", ""]).indented(2);
    for (name, property) in properties {
        let mark = match (required.contains(&name.as_str()), secrets.contains(&name.as_str())) {
            (true, true) => "required, secret",
            (true, false) => "required",
            (false, true) => "secret",
            (false, false) => "",
        };
        let about = property["description"].as_str().unwrap_or_default().replace('\n', " ");
        table.row(vec![style.command(name), style.dim(mark), about]);
    }
    table
}

async fn test(app: &App, name: Option<&str>) -> Result<u8, Failure> {
    let engine = app.engine().await?;
    let names: Vec<String> = match name {
        Some(name) => vec![name.to_owned()],
        None => engine.project().systems.keys().cloned().collect(),
    };
    let mut checked = Vec::new();
    for name in &names {
        let _progress = Progress::start(&format!("asking {name}"), app.err);
        checked.push(match engine.test(name).await {
            Ok(health) => Checked::answered(format!("system {name}"), health),
            // A name that does not exist is a mistake in the command, not a finding.
            Err(error) if !engine.project().systems.contains_key(name) => return Err(error.into()),
            Err(error) => Checked::failed(format!("system {name}"), error),
        });
    }
    let code = worst(checked.iter().map(|one| one.exit_code));
    app.answer(|| json!({ "systems": checked }), |style| checked.iter().map(|one| asked(one, style)).collect())?;
    if let (Some(cause), false) = (checked.iter().flat_map(|one| &one.wrong).next(), app.json) {
        app.say_next(&[(format!("kivuko explain {}", cause.code), "what it means, how to check, how to cure it")]);
    }
    Ok(code)
}

async fn describe(app: &App, name: &str, resource: Option<&str>) -> Result<u8, Failure> {
    let engine = app.engine().await?;
    let system = engine.system(name)?;
    let resources = {
        let _progress = Progress::start(&format!("asking {name}"), app.err);
        system.describe().await?
    };
    let Some(resource) = resource else {
        app.answer(
            || json!({ "system": name, "resources": resources }),
            |style| {
                let mut table = Table::new(&["resource", "", ">fields", "about"]);
                for one in &resources {
                    table.row(vec![style.bold(&one.name), reads_writes(one), one.fields.len().to_string(), one.about.clone()]);
                }
                if table.is_empty() { String::new() } else { table.render(style) }
            },
        )?;
        if let (Some(first), false) = (resources.first(), app.json) {
            app.say_next(&[(app.invoke(&format!("systems describe {name} {}", first.name)), "its fields")]);
        }
        return Ok(exit::WELL);
    };
    let known: Vec<&str> = resources.iter().map(|one| one.name.as_str()).collect();
    let one = resources.iter().find(|one| one.name == resource).ok_or_else(|| unknown("resource", resource, &known))?;
    app.answer(
        || json!(one),
        |style| {
            let mut table = Table::new(&["field", "kind", "", "codes"]).indented(2);
            for field in &one.fields {
                let mark = if field.required {
                    "required"
                } else if field.read_only {
                    "read only"
                } else {
                    ""
                };
                table.row(vec![field.path.clone(), field.kind.to_owned(), style.dim(mark), field.codes.clone().unwrap_or_default()]);
            }
            format!(
                "{}  {}\n  {}\n\n{}",
                style.bold(&one.name),
                style.dim(&reads_writes(one)),
                style.wrap(&one.about, 2),
                table.render(style)
            )
        },
    )?;
    Ok(exit::WELL)
}

fn reads_writes(one: &ResourceDescription) -> String {
    let words: Vec<&str> = [(one.reads, "read"), (one.writes, "written")].iter().filter(|(yes, _)| *yes).map(|(_, word)| *word).collect();
    words.join(", ")
}

async fn adopt(app: &App, name: &str) -> Result<u8, Failure> {
    let engine = app.engine().await?;
    let (before, now) = engine.adopt(name).await?;
    app.answer(
        || json!({ "system": name, "before": before, "now": now }),
        |style| match (&before, &now) {
            (_, None) => format!("{} has no identity that could change\n", style.bold(name)),
            (None, Some(now)) => format!("{} is {}\n", style.bold(name), now.label),
            (Some(before), Some(now)) => format!(
                "{} is now {}, and was {}; what was known of the old one is forgotten: the next run reads everything and finds by key what is there\n",
                style.bold(name),
                now.label,
                before.label
            ),
        },
    )?;
    Ok(exit::WELL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_logins() {
        let check = |address: &str, expected: &str| assert_eq!(without_login(address), expected);
        check("https://godata.example.org/api", "https://godata.example.org/api");
        check("https://user:secret@godata.example.org:8443/api", "https://godata.example.org:8443/api");
        check("https://user:se@cr/et@godata.example.org", "https://godata.example.org");
        check("https://${USER}:${PASSWORD}@${HOST}", "https://${HOST}");
        check("incoming/for@district", "incoming/for@district");
        check("${GODATA_URL}", "${GODATA_URL}");
    }
}
