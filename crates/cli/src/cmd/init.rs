//! `init DIR`: a new project from a template, that `check` accepts and that runs against a simulated Go.Data.

use std::path::Path;

use kivuko_store::Key;
use serde_json::json;

use crate::app::App;
use crate::args::Init;
use crate::failure::{Failure, exit};
use crate::print::{Style, Table};
use crate::templates::{self, Template};

pub fn execute(app: &App, args: &Init) -> Result<u8, Failure> {
    let Some(dir) = &args.dir else { return list(app) };
    let template = templates::find(&args.template)?;
    let name = match &args.name {
        Some(name) => name.clone(),
        None => name_of(dir)?,
    };
    template.write(dir, &name, |_, text| text)?;
    let state = dir.join(".kivuko");
    std::fs::create_dir_all(&state).map_err(|error| Failure::file("making the folder", &state, &error))?;
    let key_file = state.join("key");
    let key = Key::from_file_or_create(&key_file)?;
    let folder = dir.display().to_string();
    app.answer(
        || {
            let files: Vec<&str> = template.parts.iter().map(|part| part.path).collect();
            json!({ "project": name, "folder": folder, "template": template.name, "files": files, "simulators": template.simulators })
        },
        |style| listing(template, &name, &folder, style),
    )?;
    if !app.json {
        say_key(app, &key_file, &key);
        let mut steps = vec![(format!("cd {folder}"), ""), ("kivuko check".to_owned(), "everything that could be wrong")];
        let simulators = template.simulators.iter().zip(["a simulated system, in a second terminal", "another one, in a third"]);
        steps.extend(simulators.map(|(simulator, what)| (format!("kivuko sim {simulator}"), what)));
        steps.push((format!("kivuko plan {}", template.first_flow()), "what a run would do"));
        steps.push((format!("kivuko run {}", template.first_flow()), "does it"));
        if template.parts.iter().any(|part| part.path == "README.md") {
            steps.push(("README.md".to_owned(), "all its flows, what they do, and what comes after"));
        }
        app.say_next(&steps);
    }
    Ok(exit::WELL)
}

/// `--list`: what one can begin with.
fn list(app: &App) -> Result<u8, Failure> {
    app.answer(
        || json!(templates::all().iter().map(|template| json!({ "name": template.name, "about": template.about })).collect::<Vec<_>>()),
        |style| {
            let mut table = Table::new(&["template", "what it does"]);
            for template in templates::all() {
                table.row(vec![style.bold(template.name), template.about.to_owned()]);
            }
            table.render(style)
        },
    )?;
    if !app.json {
        app.say_next(&[(format!("kivuko init DIR --template {}", templates::LINE_LIST), "makes a project of one")]);
    }
    Ok(exit::WELL)
}

/// The key is shown to a person, once; never to a file that standard error goes to.
fn say_key(app: &App, file: &Path, key: &Key) {
    app.say(&format!(
        "\n{} passwords and kept records are encrypted with the key in {}\n     without it they cannot be read again: keep a copy in a safe place\n",
        app.err.warn("key"),
        file.display()
    ));
    if console::Term::stderr().is_term() {
        app.say(&format!("     {}\n", app.err.bold(&key.to_text())));
    }
}

/// The folder's name in the letters that a project's name has.
fn name_of(dir: &Path) -> Result<String, Failure> {
    let absolute = std::path::absolute(dir).map_err(|error| Failure::file("looking for", dir, &error))?;
    let name = absolute.components().next_back().map(|last| last.as_os_str().to_string_lossy().to_lowercase()).unwrap_or_default();
    let name: String = name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    let name = name.trim_matches('-');
    if name.is_empty() {
        Err(Failure::usage("the name of the folder gives no name for the project; say one with --name"))
    } else {
        Ok(name.to_owned())
    }
}

fn listing(template: &Template, name: &str, folder: &str, style: Style) -> String {
    let mut table = Table::new(&["", ""]).indented(2);
    for part in template.parts {
        table.row(vec![part.path.to_owned(), style.dim(part.about)]);
    }
    format!("{} in {folder}\n\n{}", style.bold(name), table.render(style))
}
