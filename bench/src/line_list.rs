//! The project that the upsert is measured with: a line list in the form that districts send, into Go.Data's cases by a document number.

use std::fs;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

/// The name of its flow.
pub const FLOW: &str = "cases";

const KIVUKO: &str = "\
project: line-list
timezone: UTC
systems:
  files: { kind: file, path: incoming }
";

const FLOW_FILE: &str = "\
flow: cases
about: As a surveillance officer I want the districts' line lists in Go.Data without typing them again.
from: { system: files, resource: cases.csv, id: case_id }
mapping: cases.csv
to: { system: godata, resource: cases, via: {via}, key: \"documents[type=EXTERNAL_ID].number\" }
";

const SHEET: &str = "\
target,source,transform,codes,when,default,empty,on,owner,personal,note
documents[type=EXTERNAL_ID].number,case_id,,,,,reject,,,no,finds the record
firstName,name,trim | first_word,,,,,,,,
lastName,name,trim | rest_words,,,,,,,,
gender,sex,,sex,,,,,,no,
age.years,age,integer,,,,,,,no,
classification,classification,upper,,,SUSPECT,,create,,no,
dateOfReporting,reported,\"date(\"\"yyyy-MM-dd\"\")\",,,,reject,,,no,
dateOfOnset,onset,\"date(\"\"dd/MM/yyyy\"\")\",,,,,,,no,
addresses[typeId=USUAL_PLACE_OF_RESIDENCE].city,town,trim,,,,,,,no,
addresses[typeId=USUAL_PLACE_OF_RESIDENCE].phoneNumber,phone,phone,,,,,,,,
";

const SEX: &str = "source,target\nM,MALE\nF,FEMALE\n";

pub(crate) const GIVEN: [&str; 8] = ["Adama", "Baraka", "Chidi", "Dalila", "Esi", "Farai", "Ginikã", "Hawa"];
pub(crate) const FAMILY: [&str; 7] = ["Example", "Sample", "Probe", "Muster", "Exemple", "Mfano", "Amostra"];
pub(crate) const TOWNS: [&str; 5] = ["North Quay", "Old Market", "Upper Bridge", "River End", "Côté Lac"];
const CLASSIFICATIONS: [&str; 4] = ["confirmed", "probable", "suspect", ""];

/// Where Go.Data is, and with what to log in.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    pub url: &'a str,
    pub email: &'a str,
    pub password: &'a str,
    pub outbreak: &'a str,
}

/// The system `godata` of a project, which ends with its other systems.
const GODATA: &str = "  godata:
    kind: godata
    url: {url}
    email: {email}
    password: ${GODATA_PASSWORD}
    outbreak: {outbreak}
    concurrency: 16
";

impl Account<'_> {
    /// Writes `kivuko.yaml` with this Go.Data behind the systems that it ends with, and the password for it.
    pub fn write_project(&self, root: &Path, kivuko: &str) -> io::Result<()> {
        let godata = GODATA.replace("{url}", self.url).replace("{email}", self.email).replace("{outbreak}", self.outbreak);
        fs::write(root.join("kivuko.yaml"), [kivuko, &godata].concat())?;
        fs::write(root.join(".env"), format!("GODATA_PASSWORD=\"{}\"\n", self.password))
    }
}

/// Writes the project with so many rows, whose new cases are brought in `via` the API or import files; the same number of rows gives the same file.
pub fn write(root: &Path, account: Account<'_>, rows: u64, via: &str) -> io::Result<()> {
    for folder in ["flows", "mappings", "codes", "incoming"] {
        fs::create_dir_all(root.join(folder))?;
    }
    account.write_project(root, KIVUKO)?;
    fs::write(root.join("flows/cases.yaml"), FLOW_FILE.replace("{via}", via))?;
    fs::write(root.join("mappings/cases.csv"), SHEET)?;
    fs::write(root.join("codes/sex.csv"), SEX)?;
    let mut file = BufWriter::new(fs::File::create(root.join("incoming/cases.csv"))?);
    writeln!(file, "case_id,name,sex,age,classification,reported,onset,town,phone")?;
    for number in 0..rows {
        write_row(&mut file, number)?;
    }
    file.flush()
}

fn write_row(file: &mut impl io::Write, number: u64) -> io::Result<()> {
    // Mixed, so that the columns do not go round together.
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let pick = |list: &[&'static str], salt: u64| list[usize::try_from((mixed >> salt) % list.len() as u64).unwrap_or_default()];
    let (month, day) = (mixed % 9 + 1, mixed % 28 + 1);
    writeln!(
        file,
        "D{number:07},{} {},{},{},{},2026-{month:02}-{day:02},{day:02}/{month:02}/2026,{},+231 77 {:06}",
        pick(&GIVEN, 3),
        pick(&FAMILY, 9),
        if mixed.is_multiple_of(2) { "F" } else { "M" },
        mixed % 90,
        pick(&CLASSIFICATIONS, 12),
        pick(&TOWNS, 17),
        mixed % 1_000_000,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_data_is_one_of_the_systems() {
        let folder = tempfile::tempdir().unwrap();
        let account = Account { url: "http://127.0.0.1:1", email: "a@b.example", password: "secret", outbreak: "Ebola" };
        for kivuko in [KIVUKO, crate::places::KIVUKO_API, crate::outbreak::KIVUKO] {
            account.write_project(folder.path(), kivuko).unwrap();
            let written = fs::read_to_string(folder.path().join("kivuko.yaml")).unwrap();
            let (_, systems) = written.split_once("\nsystems:\n").unwrap();
            assert!(systems.lines().all(|line| line.starts_with("  ")) && systems.contains("\n  godata:\n    kind: godata\n"), "{written}");
        }
    }
}
