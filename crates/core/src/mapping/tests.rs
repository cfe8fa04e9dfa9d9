//! Sheets as text, records in, mapped records out. People are invented.

use jiff::civil::date;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::sheet::{Column, Row as Written, Sheet};
use super::*;
use crate::catalogue::record;
use crate::codes::{CodeMap, CodeMaps, Sides};
use crate::error::{Code, Problem};
use crate::labels::Labels;
use crate::table::Table;
use crate::transform::{Env, NoReferences};

/// A sheet with its code maps, for one record or for named ones.
struct Bench {
    mapping: Mapping,
    codes: CodeMaps,
    sides: Sides,
}

impl Bench {
    fn new(csv: &str, maps: &[(&str, &str)]) -> Self {
        Self::with_records(csv, maps, &[("", None)])
    }

    fn with_records(csv: &str, maps: &[(&str, &str)], records: &[(&str, Option<&str>)]) -> Self {
        let mut codes = CodeMaps::default();
        for (name, text) in maps {
            let table = Table::parse(&format!("codes/{name}.csv"), text.as_bytes()).expect("it is a table");
            let (map, problems) = CodeMap::parse(name, &table);
            assert_eq!(problems, [], "{name}");
            codes.0.insert((*name).to_owned(), map.expect("it is a code map").into());
        }
        let table = Table::parse("mappings/test.csv", csv.as_bytes()).expect("it is a table");
        let mut problems: Vec<Problem> = Vec::new();
        let sheet = Sheet::read(&table, &mut problems).expect("it is a sheet");
        let eaches: Vec<Option<SourcePath>> =
            records.iter().map(|(_, each)| each.map(|each| SourcePath::parse(each).expect("it is a path"))).collect();
        let shapes = records
            .iter()
            .zip(&eaches)
            .map(|((name, _), each)| RecordShape { name, each: each.as_ref(), has_parent: each.is_some() })
            .collect();
        let sides = Sides::new(("register", "table"), ("godata", "godata"));
        let mapping = compile(sheet, &Around { records: shapes, codes: &codes, sides: &sides, reads: Vec::new() }, &mut problems);
        assert_eq!(problems, []);
        Self { mapping, codes, sides }
    }

    fn apply(&self, name: &str, source: &Value, item: Option<&Value>, vars: &[(&str, &Value)]) -> Result<Mapped, Vec<Cause>> {
        let env = Env {
            timezone: &TimeZone::UTC,
            today: date(2021, 2, 4),
            codes: &self.codes,
            sides: &self.sides,
            references: &NoReferences,
            labels: &Labels::default(),
            secret: &[0; 32],
        };
        self.mapping.apply(name, source, item, vars, &env)
    }

    /// The content of a new record, through the projection: what is not projected is not there.
    fn create(&self, source: &Value) -> Value {
        let raw = serde_json::to_vec(source).expect("it is JSON");
        let projected = self.mapping.projection().project(&raw).expect("it is JSON");
        self.apply("", &projected, None, &[]).expect("it goes through").create
    }
}

/// What becomes of records, in creation and update.
fn check(csv: &str, cases: &[(Value, Value, Value)]) {
    let bench = Bench::new(csv, &[]);
    for (source, create, update) in cases {
        let mapped = bench.apply("", source, None, &[]).unwrap_or_else(|causes| panic!("{csv}\n{source}: {causes:?}"));
        assert_eq!(mapped.create, *create, "created by {csv}\nfrom {source}");
        assert_eq!(mapped.update(), update, "updated by {csv}\nfrom {source}");
    }
}

/// The codes, fields and cells of the causes.
fn refuse(csv: &str, source: &Value, expected: &[(Code, &str, &str)]) {
    let causes = Bench::new(csv, &[("sex", "register,godata\nF,FEMALE\n")]).apply("", source, None, &[]).expect_err(csv);
    let found: Vec<(Code, &str, &str)> =
        causes.iter().map(|cause| (cause.code, cause.field.as_deref().unwrap_or(""), cause.cell.as_deref().unwrap_or(""))).collect();
    assert_eq!(found, expected, "{csv}\n{source}: {causes:?}");
}

#[test]
fn empty_is_left_alone_cleared_or_refused() {
    let csv = "target,source,empty\na,a,\nb,b,clear\nc.d,c,keep\n";
    for nothing in [json!({}), json!({ "a": null, "b": "", "c": "  " })] {
        check(csv, &[(nothing, json!({}), json!({ "b": null }))]);
    }
    check(
        csv,
        &[(
            json!({ "a": 0, "b": false, "c": "x" }),
            json!({ "a": 0, "b": false, "c": { "d": "x" } }),
            json!({ "a": 0, "b": false, "c": { "d": "x" } }),
        )],
    );
    refuse(
        "target,source,empty\na,a,reject\nb,b,reject\n",
        &json!({ "b": "" }),
        &[
            (record::REQUIRED_EMPTY, "a", "mappings/test.csv, row 2, column empty"),
            (record::REQUIRED_EMPTY, "b", "mappings/test.csv, row 3, column empty"),
        ],
    );
}

#[test]
fn defaults_stand_in_for_empty_values() {
    check(
        "target,source,default,empty\na,a,none,reject\nb,b,{ 1 + 1 },\n",
        &[
            (json!({}), json!({ "a": "none", "b": 2.0 }), json!({ "a": "none", "b": 2.0 })),
            (json!({ "a": "x", "b": 5 }), json!({ "a": "x", "b": 5 }), json!({ "a": "x", "b": 5 })),
        ]
        .map(|(source, create, update)| (source, number(create), number(update))),
    );
}

/// `2.0` and `2` are one number; expressions may give either.
fn number(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(members.into_iter().map(|(key, member)| (key, number(member))).collect()),
        Value::Number(ref float) if float.is_f64() && float.as_f64().is_some_and(|float| float.fract() == 0.0) => {
            json!(float.as_f64().unwrap_or_default() as i64)
        }
        other => other,
    }
}

#[test]
fn on_and_owner() {
    check(
        "target,source,on,owner\nid,id,create,\nstate,state,,target\nname,name,,source\nseen,seen,update,\n",
        &[(
            json!({ "id": "1", "state": "x", "name": "n", "seen": "s" }),
            json!({ "id": "1", "name": "n" }),
            json!({ "name": "n", "seen": "s" }),
        )],
    );
}

#[test]
fn the_first_row_that_holds_and_is_not_empty_wins() {
    let csv = "target,source,when,on,transform\nc,a,{ kind == \"A\" },,\nc,b,{ kind != \"C\" },,\nc,,,create,{ \"new\" }\n";
    let both = |value: &str| (json!({ "c": value }), json!({ "c": value }));
    for (source, (create, update)) in [
        (json!({ "kind": "A", "a": "1", "b": "2" }), both("1")),
        (json!({ "kind": "A", "b": "2" }), both("2")),
        (json!({ "kind": "B", "a": "1", "b": "2" }), both("2")),
        (json!({ "kind": "C", "a": "1", "b": "2" }), (json!({ "c": "new" }), json!({}))),
    ] {
        check(csv, &[(source, create, update)]);
    }
}

#[test]
fn lists_are_built_item_by_item() {
    let csv = "target,source,transform
addresses[].city,homes[].town,trim
addresses[].typeId,,\"{ item.main == true ? \"\"USUAL\"\" : \"\"OTHER\"\" }\"
addresses[].country,country,
phones[].number,phones[],
";
    let source = json!({ "country": "SN", "homes": [{ "town": " Dakar ", "main": true }, { "town": "Thies" }], "phones": ["1", "", "2"] });
    let addresses = json!([
        { "city": "Dakar", "typeId": "USUAL", "country": "SN" },
        { "city": "Thies", "typeId": "OTHER", "country": "SN" },
    ]);
    let expected = json!({ "addresses": addresses, "phones": [{ "number": "1" }, { "number": "2" }] });
    check(csv, &[(source, expected.clone(), expected), (json!({ "country": "SN", "homes": [] }), json!({}), json!({}))]);

    // Lists in lists, wholly empty items, and one item by its identity beside the list.
    let csv = "target,source,transform,empty
groups[].name,groups[].name,,
groups[].people[].name,groups[].people[].name,,
groups[].people[].group,groups[].name,,
groups[name=staff].size,size,,
tags[].word,tags[],,clear
";
    let source = json!({ "size": 3, "groups": [{ "name": "a", "people": [{ "name": "x" }, { "other": "y" }] }, { "people": [] }] });
    let groups = json!([{ "name": "a", "people": [{ "name": "x", "group": "a" }, { "group": "a" }] }, { "name": "staff", "size": 3 }]);
    check(csv, &[(source, json!({ "groups": groups }), json!({ "groups": groups, "tags": null }))]);
}

#[test]
fn all_causes_of_a_record_are_collected() {
    let csv = "target,source,transform,codes,empty
a,a[].b,,,
g,sex,,sex,
n,n,number,,
r,r,,,reject
";
    refuse(
        csv,
        &json!({ "a": [{ "b": 1 }, { "b": 2 }], "sex": "Q", "n": "many" }),
        &[
            (record::SEVERAL_VALUES, "a", "mappings/test.csv, row 2, column source"),
            (record::UNLISTED_CODE, "g", "mappings/test.csv, row 3, column codes"),
            (record::BAD_NUMBER, "n", "mappings/test.csv, row 4, column transform"),
            (record::REQUIRED_EMPTY, "r", "mappings/test.csv, row 5, column empty"),
        ],
    );
    let causes = Bench::new(csv, &[("sex", "register,godata\nF,FEMALE\n")])
        .apply("", &json!({ "sex": "Q", "r": 1 }), None, &[])
        .expect_err("Q is not listed");
    assert_eq!(causes[0].unlisted.as_ref().map(|unlisted| (unlisted.list.as_str(), unlisted.value.as_str())), Some(("sex", "Q")));
}

#[test]
fn records_of_each_read_their_item() {
    let csv = "record,target,source,transform
case,visualId,patient,
lab,personId,,{ parent.id }
lab,sampleIdentifier,rows[].sample,
lab,result,item.result,upper
lab,patient,patient,
lab,tests[].name,rows[].tests[].name,
";
    let bench = Bench::with_records(csv, &[], &[("case", None), ("lab", Some("rows[]"))]);
    let source = json!({ "patient": "P1", "rows": [{ "sample": "S1", "result": "neg", "tests": [{ "name": "t" }] }, { "sample": "S2", "result": "pos" }] });
    let parent = json!({ "id": "uuid" });
    let lab =
        |index: usize| bench.apply("lab", &source, Some(&source["rows"][index]), &[("parent", &parent)]).expect("it goes through").create;
    assert_eq!(bench.apply("case", &source, None, &[]).expect("it goes through").create, json!({ "visualId": "P1" }));
    assert_eq!(
        lab(0),
        json!({ "personId": "uuid", "sampleIdentifier": "S1", "result": "NEG", "patient": "P1", "tests": [{ "name": "t" }] })
    );
    assert_eq!(lab(1), json!({ "personId": "uuid", "sampleIdentifier": "S2", "result": "POS", "patient": "P1" }));
    assert_eq!(bench.mapping.paths(), ["patient", "rows[].sample", "rows[].result", "rows[].tests[].name"]);
}

// The flows of the toolkit, in the form that the documents describe, with invented people.

const SEX: (&str, &str) = ("sex", "register,godata\nMALE,GENDER_MALE\nM,GENDER_MALE\nFEMALE,GENDER_FEMALE\nF,GENDER_FEMALE\n*,drop\n");

#[test]
fn flow_1_register_to_cases() {
    let csv = "target,source,transform,codes,on
visualId,identifier,trim,,create
firstName,name,first_word,,
lastName,name,rest_words,,
gender,gender,,sex,
classification,,\"{ \"\"CLASS_SUSPECT\"\" }\",,create
dob,birthdate,date,,
age,birthdate ; registrationdate,age,,
addresses[typeId=USUAL].country,address,,,
addresses[typeId=USUAL].locationId,locationid,,,
addresses[typeId=USUAL].phoneNumber,telecom,,,
dateOfReporting,registrationdate,date,,
";
    let bench = Bench::new(csv, &[SEX]);
    let source = json!({
        "identifier": "CASE-2026-0031", "externalid": "9f0d", "name": "Mariama  Bah Diallo", "telecom": "770-555-0134", "address": "Guinea",
        "active": true, "birthdate": "1990-06-20", "registrationdate": "2026-05-02", "locationid": "GN004", "gender": "FEMALE",
    });
    let mapped = bench.apply("", &source, None, &[]).expect("it goes through");
    let common = json!({
        "firstName": "Mariama", "lastName": "Bah Diallo", "gender": "GENDER_FEMALE", "dob": "1990-06-20", "age": { "years": 35, "months": 0 },
        "addresses": [{ "typeId": "USUAL", "country": "Guinea", "locationId": "GN004", "phoneNumber": "770-555-0134" }],
        "dateOfReporting": "2026-05-02",
    });
    assert_eq!(*mapped.update(), common);
    let mut create = common;
    create["visualId"] = json!("CASE-2026-0031");
    create["classification"] = json!("CLASS_SUSPECT");
    assert_eq!(mapped.create, create);
    assert_eq!(mapped.warnings, []);

    let odd = bench.apply("", &json!({ "identifier": "C", "gender": "unsure" }), None, &[]).expect("it goes through");
    assert_eq!(odd.create, json!({ "visualId": "C", "classification": "CLASS_SUSPECT" }));
    assert_eq!(odd.warnings.iter().map(|cause| cause.code).collect::<Vec<_>>(), [record::UNLISTED_CODE]);
}

#[test]
fn the_column_codes_goes_by_the_day_of_the_run() {
    let places = "register,godata,valid_from,valid_to\nPHU-1,OLD,,2021-02-03\nPHU-1,NEW,2021-02-04,\nPHU-2,GONE,,2020-12-31\n";
    let bench = Bench::new("target,source,codes\nplace,place,places\n", &[("places", places)]);
    assert_eq!(bench.create(&json!({ "place": "PHU-1" })), json!({ "place": "NEW" }));
    let causes = bench.apply("", &json!({ "place": "PHU-2" }), None, &[]).expect_err("the row has run out");
    assert_eq!(causes[0].code, record::UNLISTED_CODE);
}

#[test]
fn a_listed_value_without_counterpart_is_empty_and_no_surprise() {
    let sex = "register,godata\nF,FEMALE\nU,\n*,drop\n";
    let bench = Bench::new("target,source,codes,default\nsex,sex,sex,\nall[].sex,people[].sex,sex,\n", &[("sex", sex)]);
    let check = |sex: Value, warned: &[&str]| {
        let mapped = bench.apply("", &json!({ "sex": sex }), None, &[]).expect("it goes through");
        assert_eq!(mapped.create, json!({}));
        let values: Vec<_> = mapped.warnings.iter().filter_map(|cause| Some(cause.unlisted.as_ref()?.value.as_str())).collect();
        assert_eq!(values, warned);
        let cells: Vec<_> = mapped.warnings.iter().filter_map(|cause| cause.cell.as_deref()).collect();
        assert!(cells.iter().all(|cell| *cell == "mappings/test.csv, row 2, column codes"), "{cells:?}");
    };
    check(json!("U"), &[]);
    check(json!("u "), &[]);
    check(json!(""), &[]);
    check(json!("X"), &["X"]);
    check(json!(["U", "X", "Y"]), &["X", "Y"]);
}

#[test]
fn flow_4_survey_to_cases() {
    let csv = "target,source,transform,codes,default,empty
visualId,caseId,trim,,,reject
firstName,Patient_name,first_word,,,
lastName,Patient_name,rest_words,,,
classification,Sample_Classification,,status,CLASS_SUSPECT,
gender,Sex,,sex,,
age.years,Age_in_year,number,,,
age.months,Age_in_year,{ value == null ? null : 0 },,,
addresses[typeId=USUAL].city,patient_address/Upazilla,,,,
dateOfReporting,Date,date,,,
";
    let maps = [SEX, ("status", "source,target\nconfirmed,CLASS_CONFIRMED\n*,drop\n")];
    let bench = Bench::new(csv, &maps);
    let source = json!({
        "_id": 7, "caseId": "C19-000017", "Patient_name": "Rokeya Akter", "Sample_Classification": "n_id", "Sex": "female", "Age_in_year": "28",
        "patient_address/Upazilla": "ukhia", "Date": "2026-04-12",
    });
    assert_eq!(number(bench.create(&source)["age"].clone()), json!({ "years": 28, "months": 0 }));
    let mut created = bench.create(&source);
    created.as_object_mut().expect("it is an object").remove("age");
    assert_eq!(
        created,
        json!({
            "visualId": "C19-000017", "firstName": "Rokeya", "lastName": "Akter", "classification": "CLASS_SUSPECT", "gender": "GENDER_FEMALE",
            "addresses": [{ "typeId": "USUAL", "city": "ukhia" }], "dateOfReporting": "2026-04-12",
        })
    );
    let warned = bench.apply("", &source, None, &[]).expect("it goes through").warnings;
    assert_eq!(warned[0].unlisted.as_ref().map(|unlisted| unlisted.value.as_str()), Some("n_id"));
    let causes = bench.apply("", &json!({ "Patient_name": "Rokeya Akter" }), None, &[]).expect_err("it has no visual id");
    assert_eq!(causes[0].code, record::REQUIRED_EMPTY);
}

#[test]
fn flow_5_facilities_to_locations() {
    let csv = "target,source,transform
name,attributes.name,trim
identifiers[description=uuid].code,attributes.uuid,
geoLocation.lat,centroid.coordinates[1],
geoLocation.lng,centroid.coordinates[0],
active,,{ true }
parentLocationId,,\"{ \"\"parent-1\"\" }\"
geographicalLevelId,,\"{ \"\"LEVEL_FACILITY\"\" }\"
";
    let source = json!({
        "attributes": { "name": "Riverside Health Post ", "uuid": "5a1c", "amenity": "hospital" },
        "centroid": { "type": "Point", "coordinates": [90.5, 23.25] },
    });
    assert_eq!(
        Bench::new(csv, &[]).create(&source),
        json!({
            "name": "Riverside Health Post", "identifiers": [{ "description": "uuid", "code": "5a1c" }], "geoLocation": { "lat": 23.25, "lng": 90.5 },
            "active": true, "parentLocationId": "parent-1", "geographicalLevelId": "LEVEL_FACILITY",
        })
    );
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-zA-Z0-9_.;,|\"'{}\\[\\] é\n-]{0,12}"]
}

proptest! {
    #[test]
    fn a_sheet_written_and_read_again_is_the_same(
        columns in proptest::sample::subsequence(Column::ALL.to_vec(), 1..=Column::ALL.len()),
        cells in proptest::collection::vec(proptest::collection::vec(cell(), Column::ALL.len()), 0..6),
    ) {
        let mut columns = columns;
        if !columns.contains(&Column::Target) {
            columns.insert(0, Column::Target);
        }
        let mut sheet = Sheet { file: "mappings/test.csv".to_owned(), columns: columns.clone(), rows: Vec::new() };
        for texts in cells {
            let mut row = Written::new(sheet.rows.len() + 2);
            for (column, text) in columns.iter().zip(&texts) {
                row.set(*column, text);
            }
            if columns.iter().any(|column| !row.cell(*column).is_empty()) {
                sheet.rows.push(row);
            }
        }
        let bytes = sheet.to_table().write();
        let mut problems = Vec::new();
        let table = Table::parse("mappings/test.csv", &bytes).expect("what was written can be read");
        let again = Sheet::read(&table, &mut problems).expect("it has the column target");
        prop_assert_eq!(problems, vec![]);
        // Rows are counted anew: a cell with a line break makes no new row.
        prop_assert_eq!(&again.columns, &sheet.columns);
        prop_assert_eq!(again.to_cells(), sheet.to_cells());
    }

    #[test]
    fn whatever_is_empty_writes_nothing(spaces in "[ \t]{0,3}", which in 0usize..3) {
        let value = [json!(null), json!(spaces), json!({ "x": spaces })][which].clone();
        let bench = Bench::new("target,source,transform\na,v,\nb,v,trim\n", &[]);
        let source = if which == 2 { json!({ "v": value["x"] }) } else { json!({ "v": value }) };
        prop_assert_eq!(bench.create(&source), json!({}));
    }
}

#[test]
fn a_field_carries_what_nothing_is_done_with() {
    let csv = "target,source,transform,when,default\nid,id,,,\nname,name,trim,,\ncode,code,,,none\ntag,id,,{ has(name) },\nother,id,,{ has(name) },\nother,name,,,\nlist[].id,items[].id,,,\n";
    let mapping = Bench::new(csv, &[]).mapping;
    let carries = |target: &str, source: &str| mapping.carries("", &Path::parse(target).expect("it is a path"), source);
    assert!(carries("id", "id"));
    for (target, source) in
        [("id", "name"), ("name", "name"), ("code", "code"), ("tag", "id"), ("other", "id"), ("list", "id"), ("else", "id")]
    {
        assert!(!carries(target, source), "{target} of {source}");
    }
}

#[test]
fn a_field_is_seen_only_when_the_sheet_says_so() {
    let targets =
        ["gender", "firstName", "age.years", "addresses[typeId=USUAL].city", "addresses[typeId=USUAL].locationId", "documents[].type"]
            .map(str::to_owned);
    let not_personal = ["gender", "age.years", "addresses[typeId=USUAL].locationId", "documents[].type"].map(str::to_owned);
    let check = |path: &str, expected: bool| assert_eq!(super::seen_in(path, &targets, &not_personal), expected, "{path}");
    check("gender", true);
    check("firstName", false);
    check("age.years", true);
    check("age", true);
    check("addresses", false);
    check("documents", true);
    check("addresses[0].locationId", true);
    check("addresses[0].city", false);
    check("addresses[12]", false);
    check("outbreakId", false);
    check("genderIdentity", false);
}
