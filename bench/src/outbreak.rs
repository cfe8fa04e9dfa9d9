//! A whole outbreak as line lists: cases, their contacts, who was exposed to whom, and the visits; through the project of the template `line-list`.
//!
//! The same size gives the same files, to the byte; `changed` is the next day's, in which every hundredth row of each list is another one.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use jiff::ToSpan as _;
use jiff::civil::{Date, date};

use crate::line_list::{Account, FAMILY, GIVEN, TOWNS};

/// The flows, parents before children.
pub const FLOWS: [&str; 4] = ["cases", "contacts", "relationships", "follow-ups"];

/// Of so many rows one is another one on the next day.
pub const ONE_CHANGED_OF: u64 = 100;

pub(crate) const KIVUKO: &str = "\
project: outbreak
timezone: UTC
systems:
  line-list: { kind: file, path: incoming }
";

/// How many rows each list has.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub cases: u64,
    pub contacts: u64,
    pub relationships: u64,
    pub follow_ups: u64,
}

impl Size {
    /// The rows of the list of a flow.
    pub fn of(self, flow: &str) -> u64 {
        match flow {
            "cases" => self.cases,
            "contacts" => self.contacts,
            "relationships" => self.relationships,
            _ => self.follow_ups,
        }
    }

    /// How many rows of it are others on the next day.
    pub fn changed(self, flow: &str) -> u64 {
        self.of(flow).div_ceil(ONE_CHANGED_OF)
    }
}

/// Writes the project without its lists: the flows, sheets and code maps of the template.
pub fn write_project(root: &Path, account: Account<'_>) -> io::Result<()> {
    let template = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/cli/templates/line-list"));
    for (folder, ending) in [("flows", "yaml"), ("mappings", "csv")] {
        fs::create_dir_all(root.join(folder))?;
        // A relationship may begin at an event; there are none here.
        for flow in FLOWS.into_iter().chain(["events"]) {
            let file = format!("{folder}/{flow}.{ending}");
            fs::copy(template.join(&file), root.join(&file))?;
        }
    }
    fs::create_dir_all(root.join("codes"))?;
    for entry in fs::read_dir(template.join("codes"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        // Laboratories belong to a flow that is not measured, and a code map that nothing uses is a warning.
        if name != "laboratories.csv" {
            fs::copy(&path, root.join("codes").join(name))?;
        }
    }
    account.write_project(root, KIVUKO)
}

/// Writes the lists as they are on the first day, or on the next one.
pub fn write_lists(root: &Path, size: Size, changed: bool) -> io::Result<()> {
    let incoming = root.join("incoming");
    fs::create_dir_all(&incoming)?;
    let list = |name: &str| File::create(incoming.join(name)).map(BufWriter::new);
    // The first rows of all lists belong to each other: a change of each of them is a change of everything about one person.
    let other = |row: u64| changed && row.is_multiple_of(ONE_CHANGED_OF);

    let mut file = list("cases.csv")?;
    writeln!(file, "uuid,case_id,firstName,lastName,gender,age,classification,date_of_reporting,date_of_onset,city,telephone")?;
    for row in 0..size.cases {
        let classification = if other(row) { "CONFIRMED" } else { "SUSPECT" };
        let day = reported(row);
        let mixed = mix(row);
        writeln!(
            file,
            "{},C-{row:07},{},{},{},{},{classification},{day},{},{},+231 77 {:06}",
            case(row),
            pick(&GIVEN, mixed, 3),
            pick(&FAMILY, mixed, 9),
            sex(mixed),
            mixed % 90,
            day - 3.days(),
            pick(&TOWNS, mixed, 17),
            mixed % 1_000_000,
        )?;
    }
    file.flush()?;

    let mut file = list("contacts.csv")?;
    writeln!(file, "uuid,contact_id,contact_status,firstName,lastName,gender,age,date_of_reporting,city")?;
    for row in 0..size.contacts {
        let mixed = mix(row + size.cases);
        let age = if other(row) { 99 } else { mixed % 90 };
        writeln!(
            file,
            "{},K-{row:07},UNDER_FOLLOW_UP,{},{},{},{age},{},{}",
            contact(row),
            pick(&GIVEN, mixed, 5),
            pick(&FAMILY, mixed, 11),
            sex(mixed),
            reported(row),
            pick(&TOWNS, mixed, 13),
        )?;
    }
    file.flush()?;

    let mut file = list("relationships.csv")?;
    writeln!(file, "uuid,source_uuid,target_uuid,date_of_last_contact,certainty_level,exposure_type,is_contact_date_estimated")?;
    for row in 0..size.relationships {
        // Each contact was exposed to one case, as cases name their contacts one after the other; then each to a second case, and so on. No two people meet twice.
        let (target, turn) = (row % size.contacts, row / size.contacts);
        let source = (target * size.cases / size.contacts + turn * 7) % size.cases;
        let certainty = if other(row) { "1 - Low" } else { "3 - High" };
        writeln!(
            file,
            "r-{row:08},{},{},{},{certainty},Direct physical contact,FALSE",
            case(source),
            contact(target),
            reported(target) - 1.days(),
        )?;
    }
    file.flush()?;

    let mut file = list("follow-ups.csv")?;
    writeln!(file, "uuid,contact_uuid,followup_status,date_of_followup")?;
    for row in 0..size.follow_ups {
        let (person, day) = (row % size.contacts, i64::try_from(row / size.contacts).unwrap_or_default());
        let status = if other(row) { "SEEN_NOT_OK" } else { "SEEN_OK" };
        writeln!(file, "f-{row:08},{},{status},{}", contact(person), reported(person) + day.days())?;
    }
    file.flush()
}

fn case(row: u64) -> String {
    format!("c-{row:08}")
}

fn contact(row: u64) -> String {
    format!("k-{row:08}")
}

fn reported(row: u64) -> Date {
    date(2026, 1, 10) + i64::try_from(mix(row) % 120).unwrap_or_default().days()
}

/// Mixed, so that the columns do not go round together.
fn mix(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20
}

fn sex(mixed: u64) -> &'static str {
    if mixed.is_multiple_of(2) { "F" } else { "M" }
}

fn pick(list: &[&'static str], mixed: u64, salt: u64) -> &'static str {
    list[usize::try_from((mixed >> salt) % list.len() as u64).unwrap_or_default()]
}
