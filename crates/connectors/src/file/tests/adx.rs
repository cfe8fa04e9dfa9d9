//! ADX documents in files, in and out.

use std::path::Path;

use kivuko_core::connector::{Action, Key, Target, TargetSpec, Write, Written};
use kivuko_core::error::Error;
use serde_json::{Value, json};

use super::reading::{line, pages, system};

const KEY: [&str; 5] = ["dataElement", "period", "orgUnit", "categoryOptionCombo", "attributeOptionCombo"];

async fn read(name: &str, content: &[u8], id: Option<&str>, options: Value) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), content).unwrap();
    match pages(folder.path(), name, id, &options, None, 2).await {
        Ok(pages) => pages.iter().flat_map(|page| &page.records).map(line).collect(),
        Err(error) => vec![format!("{}: {}", error.cause.code, error.cause.message)],
    }
}

fn document(inside: &str) -> String {
    format!("<adx xmlns='urn:ihe:qrph:adx:2015'>\n<group orgUnit='OU_1' period='2024-03-04/P7D'>\n{inside}\n</group>\n</adx>\n")
}

#[tokio::test]
async fn a_value_is_a_record_with_its_line() {
    let content = document(
        "<dataValue dataElement='CASES' SEX='F' value='3'/>\n<dataValue value='1'/>\n<dataValue dataElement='NOTE' value='0'><annotation>x</annotation></dataValue>",
    );
    let expected = [
        r#"w.adx, line 3 [.CASES.2024W10.OU_1.SEX=F.] {"categories":{"SEX":"F"},"dataElement":"CASES","id":".CASES.2024W10.OU_1.SEX=F.","orgUnit":"OU_1","period":"2024W10","value":"3"}"#,
        "w.adx, line 4 [-] K0741 dataElement",
        r#"w.adx, line 5 [.NOTE.2024W10.OU_1..] {"annotation":"x","dataElement":"NOTE","id":".NOTE.2024W10.OU_1..","orgUnit":"OU_1","period":"2024W10","value":"0"}"#,
    ];
    for id in [None, Some("id")] {
        assert_eq!(read("w.adx", content.as_bytes(), id, Value::Null).await, expected);
    }
    let by_element = read("w.xml", content.as_bytes(), Some("dataElement"), Value::Null).await;
    assert!(by_element[0].starts_with("w.xml, line 3 [CASES]") && by_element[2].starts_with("w.xml, line 5 [NOTE]"), "{by_element:?}");
    assert_eq!(read("w.txt", content.as_bytes(), None, json!({ "format": "adx" })).await.len(), 3);
}

#[tokio::test]
async fn a_document_says_its_encoding() {
    let content = document("<dataValue dataElement='CASES' value='1' comment='f\u{e9}vrier'/>");
    let latin =
        |text: &str| text.chars().map(|character| u8::try_from(u32::from(character)).expect("it is in Latin-1")).collect::<Vec<u8>>();
    let declared = format!("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n{content}");
    for bytes in [latin(&declared), declared.replace("ISO-8859-1", "utf-8").into_bytes(), format!("\u{feff}{content}").into_bytes()] {
        let found = read("w.adx", &bytes, None, Value::Null).await;
        assert!(found.len() == 1 && found[0].contains("\"comment\":\"février\""), "{found:?}");
    }
    let utf16: Vec<u8> =
        format!("\u{feff}{}", declared.replace("ISO-8859-1", "UTF-16")).encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(read("w.adx", &utf16, None, Value::Null).await[0].contains("février"));
    assert!(read("w.adx", &latin(&content), None, json!({ "encoding": "windows-1252" })).await[0].contains("février"));
    assert!(read("w.adx", &latin(&content), None, Value::Null).await[0].starts_with("K0705"));
    assert!(read("w.adx", &latin(&declared.replace("ISO-8859-1", "klingon")), None, Value::Null).await[0].starts_with("K0705"));
    // A damaged value is one bad record; the others go through.
    let damaged = document("<dataValue dataElement='A' value='1' comment='f\u{e9}vrier'/>\n<dataValue dataElement='B' value='2'/>");
    let found = read("w.adx", &latin(&damaged), None, json!({ "encoding": "utf-8" })).await;
    assert_eq!((found[0].as_str(), found.len()), ("w.adx, line 3 [-] K0706 comment", 2), "{found:?}");
}

#[tokio::test]
async fn what_is_no_document_and_what_breaks_off() {
    let broken = document("<dataValue dataElement='A' value='1'/>").replace("</adx>", "");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("w.adx"), &broken).unwrap();
    let error = pages(folder.path(), "w.adx", None, &Value::Null, None, 10).await.unwrap_err();
    assert_eq!(error.cause.message, "w.adx, line 6: the document breaks off; what follows cannot be told apart");
    let found = read("w.xml", b"<dataValueSet xmlns='http://dhis2.org/schema/dxf/2.0'/>", None, Value::Null).await;
    assert_eq!(
        found,
        [
            "K0740: w.xml, line 1: the document is no ADX: its root is not `adx` of the namespace urn:ihe:qrph:adx:2015; what follows cannot be told apart"
        ]
    );
    let sloppy = document("<dataValue dataElement='A' value='1'/>").replace("2024-03-04/P7D", "2024-03-15/P1M");
    assert_eq!(read("w.adx", sloppy.as_bytes(), None, Value::Null).await, ["w.adx, line 3 [.A.2024-03-15/P1M.OU_1..] K0315 period"]);
    assert!(read("w.adx", sloppy.as_bytes(), None, json!({ "periods": "as_dhis2" })).await[0].contains("\"period\":\"202403\""));
    assert!(read("w.adx", sloppy.as_bytes(), None, json!({ "format": "adx", "header": false })).await[0].starts_with("K0715"));
    assert!(read("w.csv", b"a\n1\n", None, json!({ "format": "csv", "periods": "exact" })).await[0].starts_with("K0715"));
}

#[tokio::test]
async fn a_stopped_reading_goes_on_behind_its_page() {
    let folder = tempfile::tempdir().unwrap();
    let values: Vec<String> = (0..7).map(|number| format!("<dataValue dataElement='DE_{number}' value='{number}'/>")).collect();
    std::fs::write(folder.path().join("w.adx"), document(&values.join("\n"))).unwrap();
    let all = pages(folder.path(), "w.adx", None, &Value::Null, None, 3).await.unwrap();
    let ids = |pages: &[kivuko_core::record::Page]| pages.iter().flat_map(|page| &page.records).map(line).collect::<Vec<_>>();
    let rest = pages(folder.path(), "w.adx", None, &Value::Null, Some(all[0].next.clone()), 3).await.unwrap();
    assert_eq!((all.len(), ids(&rest)), (3, ids(&all[1..])));
}

/// The documents of DHIS2's own tests, where they lie, as one resource.
#[tokio::test]
async fn the_documents_of_dhis2_are_records() {
    let data =
        std::env::var_os("KIVUKO_REAL_DATA").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), Into::into);
    let folder = data.join("dhis2/adx");
    if !folder.is_dir() {
        eprintln!("left out: {} is not there", folder.display());
        return;
    }
    let all = pages(&folder, "*.xml", Some("id"), &Value::Null, None, 5).await.unwrap();
    let records: Vec<_> = all.iter().flat_map(|page| &page.records).collect();
    assert!(records.iter().all(|record| record.body.is_ok() && record.id.is_some()));
    assert_eq!(records.len(), 51);
    let place =
        |id: &str| records.iter().filter(|record| record.id.as_deref() == Some(id)).map(|record| record.place.as_str()).collect::<Vec<_>>();
    assert_eq!(
        place("Malaria Mechanism DS.MalNummmmmm.2021Q1.D4566666666.age=under5,sex=M.McDonalds CategoryOptionCombo"),
        ["importB.adx.xml, line 21"]
    );
    // The same value four times in one group: the engine rejects what has one identity.
    assert_eq!(place("Malaria.MAL04.201501.342..").len(), 4);
}

fn target(folder: &Path, key: &[&str], paths: &[&str], options: Value) -> Result<Box<dyn Target>, Error> {
    let texts = |all: &[&str]| all.iter().map(ToString::to_string).collect();
    let spec =
        TargetSpec { resource: "out.adx".to_owned(), key: texts(key), paths: texts(paths), accept_duplicates: false, scope: None, options };
    system(folder, json!({ "path": "." })).target(&spec)
}

fn cell(element: &str, period: &str, unit: &str, value: &Value) -> (Key, Value) {
    let key = [element, period, unit, "F_U5", "default"].map(str::to_owned).to_vec();
    let body = json!({
        "dataElement": element, "period": period, "orgUnit": unit, "categoryOptionCombo": "F_U5", "attributeOptionCombo": "default", "value": value,
    });
    (Key(key), body)
}

async fn written(target: &dyn Target, action: Action, cells: &[(Key, Value)]) -> Vec<String> {
    let mut batch = Vec::new();
    for (key, body) in cells {
        let body = target.conform(body.clone()).unwrap_or_else(|causes| panic!("{causes:?}"));
        let id = match action {
            Action::Create => None,
            _ => Some(target.lookup(std::slice::from_ref(key)).await.unwrap().remove(0).remove(0).id),
        };
        batch.push(Write { action, key: key.clone(), id, body: body.into(), parent: None });
    }
    let told = |answer: &Written| match answer {
        Written::Done { .. } => "done".to_owned(),
        Written::Refused(cause) => format!("{} {}", cause.code, cause.field.as_deref().unwrap_or_default()),
        Written::NotYet(cause) => format!("not yet {cause}"),
        Written::Failed(error) => format!("failed {}", error.cause.message),
    };
    match target.write(&batch).await {
        Ok(answers) => answers.iter().map(told).collect(),
        Err(error) => vec![format!("{}: {}", error.cause.code, error.cause.message)],
    }
}

#[tokio::test]
async fn values_are_put_into_their_groups() {
    let folder = tempfile::tempdir().unwrap();
    let target = target(folder.path(), &KEY, &["value"], Value::Null).unwrap();
    assert_eq!(target.prepare().await.unwrap(), []);
    let cells = [
        cell("CASES", "2024W9", "OU_1", &json!(3)),
        cell("CASES", "2024W09", "OU_2", &json!("4")),
        cell("DEATHS", "2024-02-26/P7D", "OU_1", &json!(0)),
        cell("NOTE", "2024W9", "OU_1", &json!("stock-out")),
    ];
    assert_eq!(written(&*target, Action::Create, &cells).await, ["done"; 4]);
    let whole = |first: &str, second: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<adx xmlns=\"urn:ihe:qrph:adx:2015\" exported=\"2026-03-02T08:00:00Z\">
  <group orgUnit=\"OU_1\" period=\"2024-02-26/P7D\" attributeOptionCombo=\"default\">{first}
  </group>
  <group orgUnit=\"OU_2\" period=\"2024-02-26/P7D\" attributeOptionCombo=\"default\">{second}
  </group>
</adx>
"
        )
    };
    let line =
        |element: &str, value: &str| format!("\n    <dataValue dataElement=\"{element}\" categoryOptionCombo=\"F_U5\" value=\"{value}\"/>");
    let note = |text: &str| {
        format!(
            "\n    <dataValue dataElement=\"NOTE\" categoryOptionCombo=\"F_U5\" value=\"0\">\n      <annotation>{text}</annotation>\n    </dataValue>"
        )
    };
    let content = || std::fs::read_to_string(folder.path().join("out.adx")).unwrap();
    assert_eq!(content(), whole(&(line("CASES", "3") + &line("DEATHS", "0") + &note("stock-out")), &line("CASES", "4")));
    // The same again, with periods in another form: nothing is written twice.
    assert_eq!(written(&*target, Action::Create, &cells).await, ["done"; 4]);
    assert_eq!(content().matches("<dataValue").count(), 4);
    // A text becomes a number; something new comes into the first group; something goes.
    assert_eq!(written(&*target, Action::Update, &[cell("NOTE", "2024W9", "OU_1", &json!(5))]).await, ["done"]);
    assert_eq!(written(&*target, Action::Create, &[cell("TESTS", "2024W9", "OU_1", &json!(9))]).await, ["done"]);
    assert_eq!(written(&*target, Action::Delete, &cells[2..3]).await, ["done"]);
    assert_eq!(content(), whole(&(line("CASES", "3") + &line("NOTE", "5") + &line("TESTS", "9")), &line("CASES", "4")));
    let found = target.lookup(&[cells[1].0.clone()]).await.unwrap().remove(0).remove(0);
    assert_eq!((found.body["id"].as_str(), found.body["value"].as_str()), (Some(".CASES.2024W9.OU_2.F_U5.default"), Some("4")));
}

#[tokio::test]
async fn single_categories_are_found_by_the_identity_of_the_value() {
    let folder = tempfile::tempdir().unwrap();
    let target = target(folder.path(), &["id"], &["id", "categories.SEX", "value"], Value::Null).unwrap();
    let body = |value: u8| json!({ "dataElement": "CASES", "period": "2024W9", "orgUnit": "OU_1", "categories": { "SEX": "F", "AGE": "" }, "value": value });
    let key = |text: &str| Key(vec![text.to_owned()]);
    assert_eq!(written(&*target, Action::Create, &[(key(".CASES.2024W9.OU_1.SEX=F."), body(1))]).await, ["done"]);
    assert_eq!(written(&*target, Action::Update, &[(key(".CASES.2024W9.OU_1.SEX=F."), body(2))]).await, ["done"]);
    assert_eq!(written(&*target, Action::Create, &[(key("CASES-F"), body(3))]).await, ["K0742 id"]);
    let content = std::fs::read_to_string(folder.path().join("out.adx")).unwrap();
    assert!(
        content.contains("<dataValue dataElement=\"CASES\" SEX=\"F\" value=\"2\"/>") && content.matches("<dataValue").count() == 1,
        "{content}"
    );
}

#[tokio::test]
async fn what_cannot_be_written_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for (paths, options) in
        [(&["valeu"][..], Value::Null), (&["value"], json!({ "encoding": "windows-1252" })), (&["value"], json!({ "bom": true }))]
    {
        let error = target(folder.path(), &KEY, paths, options).err().expect("it does not fit");
        assert_eq!(error.cause.code, kivuko_core::catalogue::file::OPTION_UNFIT);
    }
    let target = target(folder.path(), &KEY, &["value"], Value::Null).unwrap();
    let causes = target.conform(json!({ "categories": { "AGE GROUP": "U5" }, "period": "2024W53", "comment": "a\u{0}" })).unwrap_err();
    let mut told: Vec<String> =
        causes.iter().map(|cause| format!("{} {}", cause.code, cause.field.as_deref().unwrap_or_default())).collect();
    told.sort();
    assert_eq!(told, ["K0315 period", "K0742 categories.AGE GROUP", "K0742 comment"]);
    let (key, mut body) = cell("CASES", "2024W9", "OU_1", &json!(1));
    body["value"] = Value::Null;
    assert_eq!(
        written(&*target, Action::Create, &[(key, body), cell("DEATHS", "2024W9", "OU_1", &json!(1))]).await,
        ["K0303 value", "done"]
    );
    // A document that holds more than values is left alone.
    let file = folder.path().join("out.adx");
    let theirs = document("<dataValue dataElement='A' value='1'><created>x</created></dataValue>");
    std::fs::write(&file, &theirs).unwrap();
    let answer = written(&*target, Action::Create, &[cell("CASES", "2024W9", "OU_1", &json!(1))]).await;
    assert_eq!(
        answer,
        [
            "K0720: out.adx, line 3 cannot be read, so the file is not rewritten: something stands there that Kivuko would not write again; let the flow write a file of its own"
        ]
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), theirs);
}

#[tokio::test]
async fn what_is_in_a_document_is_described() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("w.adx"), document("<dataValue dataElement='CASES' SEX='F' value='3'/>")).unwrap();
    let system = system(folder.path(), json!({ "path": "." }));
    let resources = system.describe().await.unwrap();
    let fields: Vec<String> = resources[0].fields.iter().map(|field| format!("{} {}", field.path, field.kind)).collect();
    // What a document can say, whether this one does or not, and by what it divides its numbers.
    for field in ["id text", "orgUnit text", "period text", "dataElement text", "value number", "comment text", "categories.SEX text"] {
        assert!(fields.iter().any(|there| there == field), "{field}: {fields:?}");
    }
    assert_eq!(fields.len(), 17, "{fields:?}");
    assert_eq!(system.test().await.unwrap().findings, ["w.adx: ADX, utf-8, 17 fields"]);
}
