//! The project that the tests run: a line list in the form that ministries send, into Go.Data's cases; and the cases out of it into a file.

/// Its files, for a Go.Data at this address.
pub fn files(url: &str) -> Vec<(String, String)> {
    [
        ("kivuko.yaml", KIVUKO.replace("{url}", url)),
        ("flows/cases.yaml", FLOW.to_owned()),
        ("mappings/cases.csv", SHEET.to_owned()),
        ("codes/sex.csv", SEX.to_owned()),
        ("flows/export.yaml", EXPORT.to_owned()),
        ("mappings/export.csv", EXPORT_SHEET.to_owned()),
        ("incoming/cases.csv", "case_id,name\n".to_owned()),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_owned(), text))
    .collect()
}

/// `settle_secs` is short, so that a test of a lost connection does not take half a minute.
pub const KIVUKO: &str = "\
project: trainingland
timezone: UTC
systems:
  files:
    kind: file
    path: incoming
  exports:
    kind: file
    path: exports
  godata:
    kind: godata
    url: {url}
    email: integration@kivuko.test
    password: correct horse battery
    outbreak: outbreak-ebola-2026
    settle_secs: 0.4
    timeout_secs: 2
";

pub const FLOW: &str = "\
flow: cases
about: As a surveillance officer I want the districts' line lists in Go.Data without typing them again.
from: { system: files, resource: cases.csv, missing_columns: accept, id: case_id }
mapping: cases.csv
to: { system: godata, resource: cases, key: \"documents[type=EXTERNAL_ID].number\" }
";

pub const SHEET: &str = "\
target,source,transform,codes,when,default,empty,on,owner,personal,note
documents[type=EXTERNAL_ID].number,case_id,,,,,reject,,,no,finds the record
firstName,name,trim | first_word,,,,,,,,
lastName,name,trim | rest_words,,,,,,,,
gender,sex,,sex,,,,,,no,
age.years,age,integer,,,,,,,no,
classification,classification,upper,,,SUSPECT,,create,,no,the district knows it first; Go.Data decides later
dateOfReporting,reported,\"date(\"\"yyyy-MM-dd\"\")\",,,,reject,,,no,
dateOfOnset,onset,\"date(\"\"dd/MM/yyyy\"\")\",,,,,,,no,
addresses[typeId=USUAL_PLACE_OF_RESIDENCE].locationId,place,,,,,,,,no,
addresses[typeId=USUAL_PLACE_OF_RESIDENCE].phoneNumber,phone,phone,,,,,,,,
";

/// The other way round: a table of the cases, as an epidemiologist wants it, that follows what happens in Go.Data.
pub const EXPORT: &str = "\
flow: export
about: As an epidemiologist I want the cases of Go.Data in a table that is up to date each morning.
from: { system: godata, resource: cases }
mapping: export.csv
to: { system: exports, resource: cases.csv, key: id }
deletes: { detect: tombstone, then: delete }
";

pub const EXPORT_SHEET: &str = "\
target,source,transform,empty,personal
id,id,,reject,no
name,lastName,,,
reported,dateOfReporting,date_only,reject,no
";

pub const SEX: &str = "source,target\nM,MALE\nF,FEMALE\n";
