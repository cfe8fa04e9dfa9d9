use std::path::Path;

use kivuko_core::catalogue::{file as codes, record as record_codes};
use kivuko_core::period::{Period, PeriodType};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn period(id: &str) -> Period {
    Period::parse(id).expect(id)
}

/// What a document holds: its records, and for a bad value its line and code; at the end why it could not be read on.
fn read_as(document: &[u8], periods: Periods) -> Vec<Value> {
    let mut reader = Reader::new(document, periods);
    let mut found = Vec::new();
    loop {
        match reader.read() {
            Ok(Some(item)) => found.push(match item.content {
                Ok((group, value)) => {
                    let record = record(&group, &value);
                    assert_eq!(item.id.as_deref(), record["id"].as_str());
                    record
                }
                Err(cause) => json!([item.line, cause.code.to_string(), cause.field, item.id]),
            }),
            Ok(None) => return found,
            Err(broken) => {
                found.push(json!(broken.to_string()));
                return found;
            }
        }
    }
}

fn read(document: &str) -> Vec<Value> {
    read_as(document.as_bytes(), Periods::Exact)
}

fn in_root(inside: &str) -> String {
    format!("<adx xmlns='{NAMESPACE}'>{inside}</adx>")
}

fn in_group(inside: &str) -> String {
    in_root(&format!("<group orgUnit='OU_1' period='2024-01-01/P1M'>{inside}</group>"))
}

#[test]
fn a_document_is_read_value_by_value() {
    let document = r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- weekly -->
<adx xmlns="urn:ihe:qrph:adx:2015" exported="2026-03-09T06:00:00Z">
  <group orgUnit="OU_RIVER" period="2026-03-02/P7D" dataSet="WEEKLY" completeDate="2026-03-09" FUND="GF">
    <dataValue dataElement="CASES" SEX="F" AGE="&lt;5 &amp; more" value="3"/>
    <dataValue dataElement="CASES" categoryOptionCombo="F_U5" SEX="" value="-1.50" comment="a &#65; &quot;b&quot;" followUp="true"></dataValue>
    <dataValue dataElement="REMARK" value="0">
      <annotation>stock-out <![CDATA[<on>]]> 5 March &amp; later</annotation>
    </dataValue>
  </group>
</adx>"#;
    let group = json!({ "dataSet": "WEEKLY", "orgUnit": "OU_RIVER", "period": "2026W10", "completeDate": "2026-03-09", "attributes": { "FUND": "GF" } });
    let with = |value: Value| {
        let mut all = group.clone();
        all.as_object_mut().expect("an object").extend(value.as_object().expect("an object").clone());
        all
    };
    let expected = [
        with(
            json!({ "id": "WEEKLY.CASES.2026W10.OU_RIVER.AGE=<5 & more,SEX=F.FUND=GF", "dataElement": "CASES", "categories": { "AGE": "<5 & more", "SEX": "F" }, "value": "3" }),
        ),
        with(
            json!({ "id": "WEEKLY.CASES.2026W10.OU_RIVER.F_U5.FUND=GF", "dataElement": "CASES", "categoryOptionCombo": "F_U5", "value": "-1.50", "comment": "a A \"b\"", "followup": "true" }),
        ),
        with(
            json!({ "id": "WEEKLY.REMARK.2026W10.OU_RIVER..FUND=GF", "dataElement": "REMARK", "value": "0", "annotation": "stock-out <on> 5 March & later" }),
        ),
    ];
    assert_eq!(read(document), expected);
    assert_eq!(
        read(
            &document
                .replace("<adx xmlns=", "<x:adx xmlns:x=")
                .replace("</adx", "</x:adx")
                .replace("<group", "<x:group")
                .replace("</group", "</x:group")
                .replace("<dataValue", "<x:dataValue")
                .replace("</dataValue", "</x:dataValue")
                .replace("<annotation", "<x:annotation")
                .replace("</annotation", "</x:annotation")
        ),
        expected
    );
}

#[test]
fn bad_values_are_told_with_their_line_and_the_others_go_through() {
    let good = "<dataValue dataElement='DE' value='1'/>";
    let cases = [
        ("<dataValue value='1'/>", json!([1, "K0741", "dataElement", null])),
        ("<dataValue dataElement='DE'/>", json!([1, "K0741", "value", ".DE.202401.OU_1.."])),
        ("<dataValue dataElement='DE' value=''/>", json!([1, "K0741", "value", ".DE.202401.OU_1.."])),
        ("\n\n<dataValue\n dataElement='DE' SEX='F' SEX='M' value='1'/>", json!([3, "K0741", null, null])),
        ("\n<dataValue dataElement='&own;' value='1'/>", json!([2, "K0741", "dataElement", null])),
        (
            "<dataValue dataElement='DE' value='0'><annotation>&own;</annotation></dataValue>",
            json!([1, "K0741", null, ".DE.202401.OU_1.."]),
        ),
        (
            "<dataValue dataElement='DE' value='0'><annotation>a</annotation><annotation>b</annotation></dataValue>",
            json!([1, "K0741", "annotation", ".DE.202401.OU_1.."]),
        ),
        (
            "<dataValue dataElement='DE' value='0'><annotation>a\0b</annotation></dataValue>",
            json!([1, "K0706", "annotation", ".DE.202401.OU_1.."]),
        ),
        ("\n<datavalue dataElement='DE' value='1'><dataValue dataElement='DE' value='1'/></datavalue>", json!([2, "K0741", null, null])),
    ];
    for (value, expected) in cases {
        let found = read(&in_group(&format!("{value}{good}")));
        assert_eq!((found.len(), &found[0], &found[1]["value"]), (2, &expected, &json!("1")), "{value}");
    }
    let groups = [
        ("<group period='2024-01-01/P1M'>", json!([1, "K0741", "orgUnit", ".DE.202401..."])),
        ("<group orgUnit='OU_1'>", json!([1, "K0741", "period", ".DE..OU_1.."])),
        ("<group orgUnit='OU_1' period='2024-01'>", json!([1, "K0315", "period", ".DE.2024-01.OU_1.."])),
        ("<group orgUnit='OU_1' period='2024-01-02/P7D'>", json!([1, "K0315", "period", ".DE.2024-01-02/P7D.OU_1.."])),
        ("<group orgUnit='OU_1' period='2024-01-15/P1M'>", json!([1, "K0315", "period", ".DE.2024-01-15/P1M.OU_1.."])),
        ("<group orgUnit='OU_1' orgUnit='OU_2' period='2024-01-01/P1M'>", json!([1, "K0741", null, ".DE...."])),
    ];
    for (group, expected) in groups {
        let found = read(&in_root(&format!("{group}{good}</group><group orgUnit='OU_1' period='2024-01-01/P1M'>{good}</group>")));
        assert_eq!((found.len(), &found[0], &found[1]["value"]), (2, &expected, &json!("1")), "{group}");
    }
    assert_eq!(read(&in_root(good))[0], json!([1, "K0741", null, null]));
}

#[test]
fn a_document_that_breaks_off_says_where() {
    let good = "<dataValue dataElement='DE' value='1'/>";
    let cases = [
        ("", "line 1: the document is empty"),
        ("<html/>", "line 1: the document is no ADX: its root is not `adx` of the namespace urn:ihe:qrph:adx:2015"),
        ("<adx><group/></adx>", "line 1: the document is no ADX: its root is not `adx` of the namespace urn:ihe:qrph:adx:2015"),
        ("{\"a\": 1}", "line 1: something stands outside of the root element"),
    ];
    for (document, expected) in cases {
        assert_eq!(read(document), [json!(expected)], "{document}");
    }
    let whole = in_group(&format!("\n{good}\n{good}\n"));
    let cases = [
        (
            whole.replacen(good, &format!("{good}<!DOCTYPE a>"), 1),
            "line 2: the document declares a document type, which is not read; take it out",
        ),
        (whole[..whole.len() - 14].to_owned(), "line 4: the document breaks off"),
        (whole[..whole.len() - 3].to_owned(), "line 4: a tag, a comment or the like does not end"),
        (whole.replace("</group>", "</groups>"), "line 4: a start tag and an end tag do not fit each other"),
        (whole.replacen(good, &format!("<dataValue>{}", "<a>".repeat(70)), 1), "line 2: elements stand in each other more than 64 deep"),
        (whole.replacen(good, &"<a xmlns='urn:a'>".repeat(70), 1), "line 2: elements stand in each other more than 64 deep"),
        (format!("{whole}<a/>"), "line 4: something stands outside of the root element"),
        (whole.replacen('\n', "\u{0}<!--", 1), "line 3: a tag, a comment or the like does not end"),
    ];
    for (document, expected) in cases {
        assert_eq!(read(&document).last(), Some(&json!(expected)), "{document}");
    }
    let half = &whole.as_bytes()[..whole.rfind("value='1'").expect("the second value")];
    assert_eq!(read_as(half, Periods::Exact).len(), 2, "the value before the break is read");
    let mut bytes = whole.into_bytes();
    let at = bytes.iter().rposition(|byte| *byte == b'D').expect("an element");
    bytes[at] = 0xE9;
    assert_eq!(read_as(&bytes, Periods::Exact).last(), Some(&json!("line 3: the document holds bytes that are not UTF-8")));
}

#[test]
fn a_piece_without_end_takes_no_memory() {
    struct Endlessly;
    impl std::io::Read for Endlessly {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            out.fill(b'x');
            Ok(out.len())
        }
    }
    for begin in ["<adx a='", "<!--", "<adx xmlns='urn:ihe:qrph:adx:2015'>"] {
        let document = std::io::BufReader::new(std::io::Read::chain(begin.as_bytes(), Endlessly));
        let error = Reader::new(document, Periods::Exact).read().expect_err(begin);
        assert_eq!(error.what, "a tag or a text of the document is longer than 8 MiB");
    }
}

#[test]
fn what_is_passed_over_is_noticed() {
    let passed = |document: &str| {
        let mut reader = Reader::new(document.as_bytes(), Periods::Exact);
        while reader.read().expect("it is whole").is_some() {}
        reader.passed_over()
    };
    let value = "<dataValue dataElement='DE' value='1'/>";
    assert_eq!(passed(&in_group(value)), None);
    assert_eq!(passed(&in_root(&format!("\n<a:note xmlns:a='urn:a'>{value}</a:note>"))), Some(2));
    assert_eq!(passed(&in_group(&format!("{value}\n\ntext\n"))), Some(1));
    assert_eq!(passed(&in_group("<dataValue dataElement='DE' value='1'>\n<created>x</created></dataValue>")), Some(2));
    assert_eq!(passed(&in_group("<dataValue dataElement='DE' xml:lang='fr' value='1'/>")), Some(1));
}

#[test]
fn periods_can_be_taken_as_dhis2_takes_them() {
    let document = in_root("<group orgUnit='OU_1' period='2017-09-01/P3M'><dataValue dataElement='DE' value='1'/></group>");
    assert_eq!(read_as(document.as_bytes(), Periods::AsDhis2)[0]["period"], "2017Q3");
    let november = document.replace("2017-09-01", "2017-11-01");
    assert_eq!(read_as(november.as_bytes(), Periods::AsDhis2)[0]["period"], "2017Q4");
    assert_eq!(read_as(november.as_bytes(), Periods::Exact)[0]["period"], "2018NovQ1");
}

fn written(values: &[(Group, DataValue)]) -> String {
    let mut writer = Writer::begin(Vec::new(), Some("2026-03-09T06:00:00Z")).expect("memory takes it");
    for (group, value) in values {
        writer.value(group, value).expect("it can be written");
    }
    String::from_utf8(writer.end().expect("memory takes it")).expect("UTF-8")
}

#[test]
fn values_with_a_group_in_common_stand_in_one_group() {
    let mut group = Group::new("OU_RIVER", period("2026W10"));
    group.data_set = Some("WEEKLY".to_owned());
    group.complete_date = Some("2026-03-09".to_owned());
    let other = Group { attributes: [("FUND".to_owned(), "G & F".to_owned())].into(), ..Group::new("OU_LAKE", period("202603")) };
    let cases = DataValue {
        categories: [("SEX".to_owned(), "F".to_owned()), ("AGE".to_owned(), "<5".to_owned())].into(),
        ..DataValue::number("CASES", "3")
    };
    let values =
        [(group.clone(), cases), (group, DataValue::text("REMARK", "stock-out\n<5 March>")), (other, DataValue::number("DEATHS", "0"))];
    let document = written(&values);
    assert_eq!(
        document,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<adx xmlns=\"urn:ihe:qrph:adx:2015\" exported=\"2026-03-09T06:00:00Z\">
  <group dataSet=\"WEEKLY\" orgUnit=\"OU_RIVER\" period=\"2026-03-02/P7D\" completeDate=\"2026-03-09\">
    <dataValue dataElement=\"CASES\" AGE=\"&lt;5\" SEX=\"F\" value=\"3\"/>
    <dataValue dataElement=\"REMARK\" value=\"0\">
      <annotation>stock-out\n&lt;5 March&gt;</annotation>
    </dataValue>
  </group>
  <group orgUnit=\"OU_LAKE\" period=\"2026-03-01/P1M\" FUND=\"G &amp; F\">
    <dataValue dataElement=\"DEATHS\" value=\"0\"/>
  </group>
</adx>
"
    );
    assert_eq!(read(&document), values.iter().map(|(group, value)| record(group, value)).collect::<Vec<_>>());
}

#[test]
fn what_a_document_cannot_hold_is_refused() {
    let body = |changes: Value| {
        let mut body = json!({ "orgUnit": "OU_1", "period": "202401", "dataElement": "DE", "value": "1" });
        body.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
        body
    };
    let refused = |changes: Value| -> Vec<(String, Option<String>)> {
        let causes = from_record(&body(changes)).expect_err("it is refused");
        causes.into_iter().map(|cause| (cause.code.to_string(), cause.field)).collect()
    };
    let one = |code: &str, field: &str| vec![(code.to_owned(), Some(field.to_owned()))];
    assert_eq!(refused(json!({ "categories": { "AGE GROUP": "U5" } })), one("K0742", "categories.AGE GROUP"));
    assert_eq!(refused(json!({ "categories": { "5PLUS": "Y" } })), one("K0742", "categories.5PLUS"));
    assert_eq!(refused(json!({ "attributes": { "value": "Y" } })), one("K0742", "attributes.value"));
    assert_eq!(refused(json!({ "comment": "a\u{1}b" })), one("K0742", "comment"));
    assert_eq!(refused(json!({ "categories": { "SEX": "\u{FFFE}" } })), one("K0742", "categories.SEX"));
    assert_eq!(refused(json!({ "value": "text", "annotation": "another" })), one("K0742", "value"));
    assert_eq!(refused(json!({ "orgunit": "OU_1" })), one("K0742", "orgunit"));
    assert_eq!(refused(json!({ "categories": "SEX" })), one("K0311", "categories"));
    assert_eq!(refused(json!({ "period": "2024W53" })), one("K0315", "period"));
    assert_eq!(refused(json!({ "orgUnit": " " })), one(&record_codes::REQUIRED_EMPTY.to_string(), "orgUnit"));
    assert_eq!(refused(json!({ "value": null })), one(&record_codes::REQUIRED_EMPTY.to_string(), "value"));
    let mut writer = Writer::begin(Vec::new(), None).expect("memory takes it");
    let error = writer.value(&Group::new("OU", period("2024")), &DataValue::number("DE", "many")).expect_err("it is no number");
    assert!(error.to_string().contains(&codes::ADX_NOT_WRITABLE.to_string()), "{error}");
}

#[test]
fn records_get_the_form_in_which_they_are_read() {
    let check = |body: Value, expected: Value| assert_eq!(normal(&body).expect("it fits"), expected);
    check(json!({ "id": "any", "period": "2024W09", "value": 12.5 }), json!({ "period": "2024W9", "value": "12.5", "annotation": null }));
    check(json!({ "period": "2024-03-04/P7D", "value": "true" }), json!({ "period": "2024W10", "value": "0", "annotation": "true" }));
    check(json!({ "value": "0", "annotation": " as it is " }), json!({ "value": "0", "annotation": " as it is " }));
    check(json!({ "annotation": "text" }), json!({ "value": "0", "annotation": "text" }));
    check(json!({ "categories": { "SEX": " F ", "AGE": "" }, "comment": "" }), json!({ "categories": { "SEX": "F" }, "comment": null }));
    let path = |text: &str| kivuko_core::path::Path::parse(text).expect(text);
    assert_eq!(
        (key_text(&path("period"), "2024W09"), key_text(&path("orgUnit"), " 2024W09 ")),
        ("2024W9".to_owned(), "2024W09".to_owned())
    );
}

#[test]
fn identities_are_told_apart() {
    let group = |unit: &str| Group::new(unit, period("2024"));
    let value = |element: &str, categories: &[(&str, &str)]| DataValue {
        categories: categories.iter().map(|(category, option)| ((*category).to_owned(), (*option).to_owned())).collect(),
        ..DataValue::number(element, "1")
    };
    let ids = [
        id(&group("B"), &value("A.2024", &[])),
        id(&group("B"), &value("A", &[])),
        id(&group("B"), &value("A", &[("X", "1,Y=2")])),
        id(&group("B"), &value("A", &[("X", "1"), ("Y", "2")])),
        id(&group("B"), &value("A%2E2024", &[])),
    ];
    assert_eq!(ids[0], ".A%2E2024.2024.B..");
    assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), ids.len(), "{ids:?}");
}

/// The example of `docs/adx.md` is true.
#[test]
fn the_example_for_people_is_read_as_it_says() {
    let page = include_str!("../../../../docs/adx.md");
    let block = |kind: &str| page.split_once(&format!("```{kind}\n")).and_then(|(_, rest)| rest.split_once("```")).expect(kind).0;
    let expected: Vec<Value> = serde_json::from_str(block("json")).expect("it is JSON");
    assert_eq!(read(block("xml")), expected);
    for name in fields() {
        assert!(page.contains(&format!("`{name}`")) || page.contains(&format!("\"{name}\"")), "docs/adx.md does not say what `{name}` is");
    }
}

/// The documents of DHIS2's own tests, where they lie.
#[test]
fn the_documents_of_dhis2_are_read_and_written_again() {
    let data =
        std::env::var_os("KIVUKO_REAL_DATA").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), Into::into);
    let folder = data.join("dhis2/adx");
    if !folder.is_dir() {
        eprintln!("left out: {} is not there", folder.display());
        return;
    }
    let expected = [
        ("adx_data_sample1.xml", 13, None),
        ("adx_data_sample2.xml", 13, None),
        ("exportA.adx.xml", 2, None),
        ("exportB.adx.xml", 4, None),
        ("importA.adx.xml", 9, None),
        ("importB.adx.xml", 9, None),
        ("importDates.adx.xml", 1, Some(7)),
    ];
    for (name, values, passed_over) in expected {
        let document = std::fs::read(folder.join(name)).expect(name);
        let mut reader = Reader::new(document.as_slice(), Periods::Exact);
        let mut found = Vec::new();
        while let Some(item) = reader.read().expect(name) {
            let (group, value) = item.content.expect(name);
            let mut group = (*group).clone();
            // A group of the second illustration has a comment, which is no dimension: it is read as written, and not written again.
            let comment = group.attributes.remove("comment");
            assert!(comment.is_none() || name == "adx_data_sample2.xml", "{name}");
            found.push((group, value));
        }
        assert_eq!((found.len(), reader.passed_over()), (values, passed_over), "{name}");
        let records: Vec<Value> = found.iter().map(|(group, value)| record(group, value)).collect();
        assert_eq!(read(&written(&found)), records, "{name}");
        for (record, pair) in records.iter().zip(&found) {
            assert_eq!(from_record(record).as_ref(), Ok(pair), "{name}");
        }
        if name == "importDates.adx.xml" {
            assert_eq!(
                (&records[0]["value"], &records[0]["annotation"], &records[0]["period"]),
                (&json!("33"), &json!("33333"), &json!("202001"))
            );
        }
    }
}

fn texts() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 <>&\"'éß字=.,%_\n\t-]{0,12}"
}

fn code() -> impl Strategy<Value = String> {
    texts().prop_map(|text| text.trim().to_owned()).prop_filter("a code is not empty", |text| !text.is_empty())
}

fn dimensions() -> impl Strategy<Value = BTreeMap<String, String>> {
    proptest::collection::btree_map("(SEX|AGE|_a\\.b-1|Âge)", code(), 0..3)
}

fn values() -> impl Strategy<Value = (Group, DataValue)> {
    let day = (1900i16..2100, 1i8..=12, 1i8..=28).prop_map(|(year, month, day)| jiff::civil::date(year, month, day));
    let types: Vec<PeriodType> = PeriodType::all().filter(|one| one.has_identifiers()).collect();
    let period = (day, proptest::sample::select(types)).prop_map(|(day, period_type)| Period::of(period_type, day).expect("a period"));
    let optional = || proptest::option::of(code());
    let group = (optional(), code(), period, optional(), optional(), dimensions()).prop_map(
        |(data_set, org_unit, period, complete_date, attribute_option_combo, attributes)| Group {
            data_set,
            org_unit,
            period,
            complete_date,
            attribute_option_combo,
            attributes,
        },
    );
    let annotation = proptest::option::of(texts().prop_filter("it is not blank", |text| !text.trim().is_empty()));
    let value = (code(), optional(), dimensions(), "-?[0-9]{1,5}(\\.[0-9]{1,3})?", annotation, optional()).prop_map(
        |(data_element, category_option_combo, categories, value, annotation, comment)| DataValue {
            data_element,
            category_option_combo,
            categories,
            value,
            annotation,
            comment,
            ..DataValue::default()
        },
    );
    (group, value)
}

proptest! {
    #[test]
    fn what_was_written_is_read_again(values in proptest::collection::vec(values(), 0..6)) {
        let records: Vec<Value> = values.iter().map(|(group, value)| record(group, value)).collect();
        prop_assert_eq!(read(&written(&values)), records.clone());
        for (record, pair) in records.iter().zip(&values) {
            prop_assert_eq!(from_record(record), Ok(pair.clone()));
            let again = normal(record).expect("it fits");
            prop_assert_eq!(normal(&again), Ok(again.clone()));
        }
    }

    #[test]
    fn no_document_breaks_the_reader(noise in proptest::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>()) {
        let mut document = in_group("<dataValue dataElement='DE' SEX='F' value='1'><annotation>x</annotation></dataValue>").into_bytes();
        let at = at.index(document.len());
        document.splice(at..at, noise.iter().copied());
        read_as(&document, Periods::AsDhis2);
        read_as(&noise, Periods::Exact);
    }
}
