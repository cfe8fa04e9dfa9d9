//! `codes`: code maps and crosswalks.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub struct Codes {
    #[command(subcommand)]
    pub what: Option<CodesWhat>,
}

#[derive(Debug, Subcommand)]
pub enum CodesWhat {
    /// All code maps and crosswalks: their rows, their links, and what they lack (what `codes` alone does)
    List,
    /// The values that a list does not have, and how many records of which flow were rejected for them
    Unmapped {
        /// Only of this code map or crosswalk
        name: Option<String>,
    },
    /// Add a row to a code map or a crosswalk, in the form of its file; what contradicts it is refused
    Add(CodesAdd),
    /// Everything that a crosswalk says as one file: what people decided and what flows have linked, with the names on both sides
    Export {
        /// The name of the code map or crosswalk
        name: String,
        /// Write it into this CSV file, in the place of standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Add a row for each place of both sides that nothing is said of, for a person to fill in
        #[arg(long)]
        all: bool,
    },
}

#[derive(Debug, Args)]
pub struct CodesAdd {
    /// The name of the code map or crosswalk
    pub name: String,
    /// The values, each with its column: `register=F godata=LNG_REFERENCE_DATA_CATEGORY_GENDER_FEMALE`; the first is what is translated
    #[arg(required = true, value_name = "COLUMN=VALUE", value_parser = cell)]
    pub cells: Vec<(String, String)>,
    /// Why, for those who look at it later
    #[arg(long, default_value = "", hide_default_value = true)]
    pub note: String,
    /// Of a crosswalk: who decides; it is kept [default: KIVUKO_USER, or the name of the user of this machine]
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Of a crosswalk: these two are not the same place
    #[arg(long, conflicts_with = "none")]
    pub refuse: bool,
    /// It has no counterpart: of a crosswalk the place, of a code map the value, which becomes empty
    #[arg(long)]
    pub none: bool,
    /// Add it without asking the systems whether they have these places or org units, and what they call them
    #[arg(long)]
    pub offline: bool,
    /// The first day on which it holds: 2026-06-30
    #[arg(long, value_name = "DAY")]
    pub valid_from: Option<String>,
    /// The last day on which it holds
    #[arg(long, value_name = "DAY")]
    pub valid_to: Option<String>,
    /// Then send the records again that were rejected for these values
    #[arg(long)]
    pub retry: bool,
}

fn cell(text: &str) -> Result<(String, String), String> {
    let (column, value) = text.split_once('=').ok_or_else(|| format!("`{text}` has no `=`; write `register=F`"))?;
    Ok((column.trim().to_owned(), value.trim().to_owned()))
}
