//! `init DIR`: a small project that `check` accepts and that runs against a simulated Go.Data: cases of a CSV file.

use std::path::Path;

use jiff::tz::TimeZone;
use kivuko_store::Key;
use serde_json::json;

use crate::app::App;
use crate::args::Init;
use crate::failure::{Failure, exit};
use crate::print::{Style, Table};

/// A file of a new project: where it goes, what is in it, and what it is for.
struct Part {
    path: &'static str,
    text: &'static str,
    about: &'static str,
}

const PARTS: [Part; 9] = [
    Part { path: "kivuko.yaml", text: include_str!("../../starter/kivuko.yaml"), about: "the systems that are connected" },
    Part {
        path: "flows/cases.yaml",
        text: include_str!("../../starter/flows/cases.yaml"),
        about: "one integration: what is read, what is written",
    },
    Part {
        path: "mappings/cases.csv",
        text: include_str!("../../starter/mappings/cases.csv"),
        about: "which field becomes which: a sheet",
    },
    Part { path: "codes/sex.csv", text: include_str!("../../starter/codes/sex.csv"), about: "which value is which" },
    Part { path: "codes/classification.csv", text: include_str!("../../starter/codes/classification.csv"), about: "" },
    Part {
        path: "checks/cases.yaml",
        text: include_str!("../../starter/checks/cases.yaml"),
        about: "samples with what must become of them",
    },
    Part {
        path: "data/cases.csv",
        text: include_str!("../../starter/data/cases.csv"),
        about: "invented people, one of them to be rejected",
    },
    Part { path: ".env", text: include_str!("../../starter/dot.env"), about: "secrets of this machine; not in git" },
    Part { path: ".gitignore", text: include_str!("../../starter/dot.gitignore"), about: "" },
];

pub fn execute(app: &App, args: &Init) -> Result<u8, Failure> {
    let name = match &args.name {
        Some(name) => name.clone(),
        None => name_of(&args.dir)?,
    };
    if let Some(there) = PARTS.iter().find(|part| args.dir.join(part.path).exists()) {
        return Err(Failure::usage(format!(
            "`{}` is there already; `init` makes a new project and overwrites nothing",
            args.dir.join(there.path).display()
        )));
    }
    for part in &PARTS {
        let path = args.dir.join(part.path);
        let text = part.text.replace("PROJECT", &name).replace("TIMEZONE", &zone());
        write(&path, if part.path == "kivuko.yaml" { &text } else { part.text })?;
    }
    let key_file = args.dir.join(".kivuko").join("key");
    make_folder(&args.dir.join(".kivuko"))?;
    let key = Key::from_file_or_create(&key_file)?;
    let folder = args.dir.display().to_string();
    app.answer(
        || json!({ "project": name, "folder": folder, "files": PARTS.iter().map(|part| part.path).collect::<Vec<_>>() }),
        |style| listing(&name, &folder, style),
    )?;
    if !app.json {
        say_key(app, &key_file, &key);
        app.say_next(&[
            (format!("cd {folder}"), ""),
            ("kivuko check".to_owned(), "everything that could be wrong"),
            ("kivuko sim godata".to_owned(), "a simulated Go.Data, in a second terminal"),
            ("kivuko plan cases".to_owned(), "what a run would do"),
            ("kivuko run cases".to_owned(), "does it"),
        ]);
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

/// The time zone of this machine, for that is where the dates of its files are meant.
fn zone() -> String {
    TimeZone::system().iana_name().unwrap_or("UTC").to_owned()
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    std::fs::write(path, text).map_err(|error| Failure::file("writing", path, &error))
}

fn make_folder(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(path).map_err(|error| Failure::file("making the folder", path, &error))
}

fn listing(name: &str, folder: &str, style: Style) -> String {
    let mut table = Table::new(&["", ""]).indented(2);
    for part in &PARTS {
        table.row(vec![part.path.to_owned(), style.dim(part.about)]);
    }
    format!("{} in {folder}\n\n{}", style.bold(name), table.render(style))
}
