//! `secrets set | list`: values come from standard input, never from an argument, where the history of the shell and every other process sees them.

use std::io::Read;

use jiff::Timestamp;
use serde_json::json;

use crate::app::App;
use crate::args::SecretsWhat;
use crate::failure::{Failure, exit};

pub async fn execute(app: &App, what: &SecretsWhat) -> Result<u8, Failure> {
    let history = app.history().await?;
    match what {
        SecretsWhat::List => {
            let names = history.store.list_secrets().await?;
            if names.is_empty() {
                app.say_nothing("no secret is stored");
            }
            app.answer(|| json!({ "secrets": names }), |_| names.iter().flat_map(|name| [name.as_str(), "\n"]).collect())?;
        }
        SecretsWhat::Set { name } => {
            let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
            if name.is_empty() || name.starts_with(|letter: char| letter.is_ascii_digit()) || !name.chars().all(fits) {
                return Err(Failure::usage(format!("`{name}` is no name for a secret: letters, digits and _, as in ${{GODATA_PASSWORD}}")));
            }
            let value = value_of(name)?;
            history.store.set_secret(name, &value, Timestamp::now()).await?;
            app.answer(
                || json!({ "secret": name }),
                |style| format!("{} is stored, encrypted; the project uses it as ${{{name}}}\n", style.bold(name)),
            )?;
        }
    }
    Ok(exit::WELL)
}

fn value_of(name: &str) -> Result<String, Failure> {
    let unreadable = |error: std::io::Error| Failure::usage(format!("the value of {name} could not be read: {error}"));
    let terminal = console::Term::stderr();
    let mut value = String::new();
    if console::user_attended() {
        terminal.write_str(&format!("value of {name} (not shown): ")).map_err(unreadable)?;
        value = terminal.read_secure_line().map_err(unreadable)?;
    } else {
        std::io::stdin().lock().read_to_string(&mut value).map_err(unreadable)?;
    }
    let value = value.trim_end_matches(['\r', '\n']);
    if value.is_empty() { Err(Failure::usage(format!("no value for {name} came on standard input"))) } else { Ok(value.to_owned()) }
}
