//! What is in the folder: files, columns and a guess of their kinds, without a value of anyone.

use std::collections::BTreeMap;
use std::path::Path;

use kivuko_core::catalogue::file as codes;
use kivuko_core::connector::{Cancel, FieldDescription, Health, ReadRequest, ResourceDescription};
use kivuko_core::error::{Consequence, Error};
use kivuko_core::path;
use kivuko_core::record::Partition;
use serde_json::Value;

use super::config::{self, Defaults, Format};
use super::encoding;
use super::folder::{self, Found};
use super::read::{self, Reader, Source};

/// How many records a guess rests on.
const SAMPLE: usize = 200;
/// More columns than this are not listed.
const MOST_FIELDS: usize = 2_000;

/// Whether the folder is there and its files can be read.
pub fn health(base: &Path, defaults: &Defaults) -> Result<Health, Error> {
    let mut health = Health::default();
    if !base.exists() && base.extension().is_none() {
        health.warnings.push(
            format!(
                "the folder {} is not there yet: what is written makes it, and until then there is nothing to read in it",
                base.display()
            )
            .into(),
        );
        return Ok(health);
    }
    let files = folder::list(base, "", defaults.format)?;
    for found in &files {
        match fields(found, base, defaults) {
            Ok(fields) => {
                let format = config::format(defaults.format, &found.name)?;
                let form = read::form(&found.path, &found.name, format, defaults.encoding)?;
                health.findings.push(format!(
                    "{}: {}, {}, {} fields",
                    found.name,
                    word(format),
                    encoding::name(form.encoding),
                    fields.len()
                ));
            }
            // Where the records are in an object is said by the flow that reads it.
            Err(error) if error.cause.code == codes::JSON_BROKEN && error.consequence == Consequence::FixConfiguration => {
                let array = if found.name.to_lowercase().ends_with(".geojson") { "features" } else { "records" };
                health.findings.push(format!(
                    "{}: JSON without an array of records at its top; the flow that reads it says where they are, such as `array: {array}`",
                    found.name
                ));
            }
            Err(error) => health.warnings.push(error.to_string().into()),
        }
    }
    if files.is_empty() {
        health.warnings.push(format!("{} holds no file that can be read", base.display()).into());
    }
    Ok(health)
}

/// The files with their fields. A file that cannot be read is listed with the reason.
pub fn resources(base: &Path, defaults: &Defaults) -> Result<Vec<ResourceDescription>, Error> {
    let files = folder::list(base, "", defaults.format)?;
    Ok(files
        .iter()
        .map(|found| {
            let (about, fields) = match fields(found, base, defaults) {
                Ok(fields) => (config::format(defaults.format, &found.name).map_or("file", word).to_owned(), fields),
                Err(error) => (error.to_string(), Vec::new()),
            };
            ResourceDescription { name: found.name.clone(), about, reads: true, writes: true, fields }
        })
        .collect())
}

fn word(format: Format) -> &'static str {
    match format {
        Format::Csv => "CSV",
        Format::Json => "JSON",
        Format::Ndjson => "NDJSON",
        Format::Adx => "ADX",
        Format::Xlsx => "XLSX",
    }
}

fn fields(found: &Found, base: &Path, defaults: &Defaults) -> Result<Vec<FieldDescription>, Error> {
    let source = Source {
        base: base.to_owned(),
        resource: found.name.clone(),
        id: None,
        time: None,
        options: config::Reading::check(&Value::Null, defaults)?,
        cancel: Cancel::default(),
    };
    let request = ReadRequest {
        partition: Partition(found.name.clone()),
        from: None,
        since: None,
        until: None,
        only: None,
        paths: Vec::new(),
        page_size: SAMPLE,
    };
    let mut reader = Reader::open(&source, request)?;
    let mut names: Vec<String> = reader.columns();
    let mut kinds: BTreeMap<String, Kind> = names.iter().map(|name| (name.clone(), Kind::default())).collect();
    if let Some(page) = reader.page()? {
        for body in page.records.iter().filter_map(|record| record.body.as_ref().ok()) {
            if let Ok(Value::Object(members)) = serde_json::from_slice(body) {
                for (name, value) in &members {
                    note(&path::Path::field(name).to_string(), value, &mut names, &mut kinds);
                }
            }
        }
    }
    Ok(names
        .into_iter()
        .map(|name| {
            let kind = kinds.get(&name).map_or("text", Kind::word);
            FieldDescription { path: name, kind, codes: None, required: false, read_only: false }
        })
        .collect())
}

fn note(path: &str, value: &Value, names: &mut Vec<String>, kinds: &mut BTreeMap<String, Kind>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let inner = path::Path::field(name).to_string();
                let dot = if inner.starts_with('[') { "" } else { "." };
                note(&format!("{path}{dot}{inner}"), value, names, kinds);
            }
        }
        Value::Array(items) => {
            for item in items {
                note(&format!("{path}[]"), item, names, kinds);
            }
        }
        value => {
            if !kinds.contains_key(path) {
                if names.len() >= MOST_FIELDS {
                    return;
                }
                names.push(path.to_owned());
            }
            kinds.entry(path.to_owned()).or_default().see(value);
        }
    }
}

/// Which kinds all values of a field that were seen could be.
#[derive(Debug, Default)]
struct Kind {
    seen: usize,
    numbers: usize,
    dates: usize,
    truths: usize,
}

impl Kind {
    fn see(&mut self, value: &Value) {
        match value {
            Value::Null => return,
            Value::String(text) if text.trim().is_empty() => return,
            Value::String(text) => {
                let text = text.trim();
                let leading_zero = text.len() > 1 && text.starts_with('0') && !text.starts_with("0.");
                self.numbers += usize::from(!leading_zero && text.parse::<f64>().is_ok_and(f64::is_finite));
                self.dates += usize::from(text.len() >= 10 && text.get(..10).is_some_and(|date| date.parse::<jiff::civil::Date>().is_ok()));
                self.truths += usize::from(["true", "false"].contains(&text.to_ascii_lowercase().as_str()));
            }
            Value::Bool(_) => self.truths += 1,
            _ => self.numbers += 1,
        }
        self.seen += 1;
    }

    fn word(&self) -> &'static str {
        match self.seen {
            0 => "text",
            seen if seen == self.truths => "boolean",
            seen if seen == self.dates => "date",
            seen if seen == self.numbers => "number",
            _ => "text",
        }
    }
}
