//! The suite on files of every format.

use std::fs;

use kivuko_core::connector::{Connector, Settings, SourceSpec, TargetSpec};
use serde_json::{Value, json};

use super::{Reading, Sample, Subject, Writing, run};
use crate::{adx, file};

struct Files {
    folder: tempfile::TempDir,
    ending: &'static str,
    options: Value,
    /// What a flow says of the file.
    layout: Value,
}

impl Files {
    fn new(ending: &'static str, options: Value) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), ending, options, layout: Value::Null }
    }

    /// Nodes within nodes.
    fn tree() -> Self {
        let layout = json!({ "tree": { "record": "place", "children": "below", "parent": "of" } });
        Self { layout, ..Self::new("json", json!({ "path": "." })) }
    }

    /// Records of ADX have names of their own.
    fn is_adx(&self) -> bool {
        self.ending == "adx"
    }

    fn source(&self) -> String {
        format!("in.{}", self.ending)
    }

    fn put(&self, elements: &[String]) {
        let text = match self.ending {
            "json" if !self.layout.is_null() => {
                // Every other one stands below the one before it.
                let nodes: Vec<String> = elements
                    .chunks(2)
                    .map(|pair| match pair {
                        [above, below] if below.contains("\"of\"") => format!("{{\"place\":{above},\"below\":[{{\"place\":{below}}}]}}"),
                        pair => pair.iter().map(|one| format!("{{\"place\":{one}}}")).collect::<Vec<_>>().join(","),
                    })
                    .collect();
                format!("[{}]", nodes.join(","))
            }
            "json" => format!("[{}]", elements.join(",")),
            _ => elements.join("\n"),
        };
        fs::write(self.folder.path().join(self.source()), text).unwrap();
    }
}

impl Subject for Files {
    fn connector(&self) -> Box<dyn Connector> {
        Box::new(file::Connector)
    }

    fn settings(&self) -> Settings {
        Settings { name: "files".to_owned(), options: self.options.clone(), project: self.folder.path().to_owned() }
    }

    fn reading(&self) -> Option<Reading> {
        let (id, text) = if self.is_adx() { ("dataElement", "annotation") } else { ("id", "text") };
        let spec = SourceSpec { resource: self.source(), id: Some(id.to_owned()), cursor: None, options: self.layout.clone() };
        Some(Reading { spec, text })
    }

    fn writing(&self) -> Option<Writing> {
        if self.is_adx() {
            return Some(adx_writing());
        }
        let spec = TargetSpec {
            resource: format!("out.{}", self.ending),
            key: vec!["id".to_owned()],
            paths: vec!["id".to_owned(), "text".to_owned()],
            accept_duplicates: false,
            scope: None,
            options: self.layout.clone(),
        };
        Some(Writing {
            spec,
            record: |key, text| json!({ "id": key, "text": text }),
            change: |text| json!({ "text": text }),
            text: "text",
            key: super::one_field,
            refused: Some(("refused", json!({ "id": "refused", "text": "a\u{0}b" }))),
        })
    }

    fn fill(&self, samples: &[Sample]) {
        if self.is_adx() {
            return fs::write(self.folder.path().join(self.source()), adx_document(samples)).unwrap();
        }
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        if self.ending == "csv" {
            let rows = samples.iter().map(|sample| format!("{},{}\r\n", quoted(&sample.id), quoted(&sample.text)));
            let text = std::iter::once("id,text\r\n".to_owned()).chain(rows).collect::<String>();
            fs::write(self.folder.path().join(self.source()), text).unwrap();
        } else {
            let above = |place: usize| if self.layout.is_null() || place.is_multiple_of(2) { None } else { samples.get(place - 1) };
            let element = |(place, sample): (usize, &Sample)| match above(place).filter(|above| !above.id.trim().is_empty()) {
                Some(above) => json!({ "id": sample.id, "of": above.id, "text": sample.text }).to_string(),
                None => json!({ "id": sample.id, "text": sample.text }).to_string(),
            };
            self.put(&samples.iter().enumerate().map(element).collect::<Vec<_>>());
        }
    }

    fn fill_elements(&self, elements: &[&str]) -> bool {
        if self.ending == "csv" || self.is_adx() {
            return false;
        }
        self.put(&elements.iter().map(ToString::to_string).collect::<Vec<_>>());
        true
    }

    fn disturb(&self) {
        let mut samples = super::hostile::samples();
        samples.push(Sample { id: "record-late".to_owned(), text: "late".to_owned() });
        self.fill(&samples);
    }
}

fn adx_writing() -> Writing {
    let spec = TargetSpec {
        resource: "out.adx".to_owned(),
        key: vec!["dataElement".to_owned()],
        paths: ["dataElement", "orgUnit", "period", "annotation"].map(str::to_owned).to_vec(),
        accept_duplicates: false,
        scope: None,
        options: Value::Null,
    };
    let record = |key: &str, text: &str| json!({ "dataElement": key, "orgUnit": "OU_1", "period": "202401", "annotation": text });
    Writing {
        spec,
        record,
        change: |text| json!({ "annotation": text }),
        text: "annotation",
        key: super::one_field,
        refused: Some(("refused", record("refused", "a\u{0}b"))),
    }
}

fn adx_document(samples: &[Sample]) -> Vec<u8> {
    let group = adx::Group::new("OU_1", "202401".parse().expect("a month"));
    let mut writer = adx::Writer::begin(Vec::new(), None).unwrap();
    for sample in samples {
        // Nothing without a name can be written; the suite asks what is read of it.
        let element = if sample.id.is_empty() { "NO NAME" } else { &sample.id };
        writer.value(&group, &adx::DataValue::text(element, &sample.text)).unwrap();
    }
    String::from_utf8(writer.end().unwrap()).unwrap().replace("\"NO NAME\"", "\"\"").into_bytes()
}

#[tokio::test]
async fn adx() {
    run(&Files::new("adx", json!({ "path": "." }))).await;
}

#[tokio::test]
async fn csv() {
    run(&Files::new("csv", json!({ "path": "." }))).await;
}

#[tokio::test]
async fn json() {
    run(&Files::new("json", json!({ "path": "." }))).await;
}

#[tokio::test]
async fn ndjson() {
    run(&Files::new("ndjson", json!({ "path": "." }))).await;
}

#[tokio::test]
async fn tree() {
    run(&Files::tree()).await;
}
