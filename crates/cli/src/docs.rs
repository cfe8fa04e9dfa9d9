//! `docs/commands.md` is the command line as it is: a test compares them, and `UPDATE_DOCS=1 cargo test -p kivuko-cli docs` writes it anew.

use std::path::Path;

use clap::{Arg, Command, CommandFactory as _};

use crate::args::Cli;

const HEAD: &str = "# Commands

`kivuko` finds the project in the current folder, or by `--project DIR`. Data goes to standard output, everything else to standard error; `--json` prints exactly one JSON
document in the place of tables.

## Exit codes

| code | |
|---|---|
| 0 | all well, also with records that wait |
| 1 | the run finished, and some records, or numbers of a flow that counts, were rejected, or something that was asked for by name was not done: a planned write that no longer fits, a record that is not there, a write that `revert` had to leave as it is (K0912); a `plan` ends with 1 where its run would |
| 2 | the command line or the project is wrong |
| 3 | a system could not be reached or refused us, and the run is incomplete |
| 4 | a bug of Kivuko |

The highest that applies wins. `demo` ends with 0 although records are rejected: they are meant to be.
";

fn described(command: &Command, name: &str, level: usize) -> Vec<String> {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let positionals: Vec<String> = command.get_positionals().map(|argument| format!(" {}", usage(argument))).collect();
    let mut text = vec![format!("\n{} `{name}{}`\n\n{about}.\n", "#".repeat(level), positionals.concat())];
    let arguments: Vec<&Arg> = command.get_arguments().filter(|argument| shown(argument)).collect();
    if !arguments.is_empty() {
        text.push("\n| | |\n|---|---|\n".to_owned());
    }
    for argument in arguments {
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default().replace('|', "\\|");
        let default = argument.get_default_values().first().filter(|_| argument.get_action().takes_values());
        let default = default.map_or_else(String::new, |value| format!(" [default: {}]", value.to_string_lossy()));
        text.push(format!("| `{}` | {help}{default} |\n", usage(argument)));
    }
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        text.extend(described(inner, &format!("{name} {}", inner.get_name()), level + 1));
    }
    text
}

fn shown(argument: &Arg) -> bool {
    !argument.is_global_set() && !matches!(argument.get_id().as_str(), "help" | "version")
}

fn usage(argument: &Arg) -> String {
    let value = argument.get_value_names().and_then(<[_]>::first);
    let value = value.map_or_else(|| argument.get_id().as_str().to_uppercase(), ToString::to_string);
    match argument.get_long() {
        None => value,
        Some(long) if argument.get_action().takes_values() => format!("--{long} {value}"),
        Some(long) => format!("--{long}"),
    }
}

#[test]
fn the_page_of_the_commands_is_the_command_line() {
    let mut cli = Cli::command();
    cli.build();
    let mut text = vec![HEAD.to_owned(), "\n## Options of every command\n\n| | |\n|---|---|\n".to_owned()];
    for argument in cli.get_arguments().filter(|argument| argument.is_global_set()) {
        text.push(format!("| `{}` | {} |\n", usage(argument), argument.get_help().map(ToString::to_string).unwrap_or_default()));
    }
    for command in cli.get_subcommands().filter(|command| command.get_name() != "help") {
        text.extend(described(command, &format!("kivuko {}", command.get_name()), 2));
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/commands.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, text.concat()).expect("the page can be written");
    }
    let checked_in = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(checked_in == text.concat(), "docs/commands.md is not the command line; UPDATE_DOCS=1 writes it anew");
}
