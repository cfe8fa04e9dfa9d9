//! Aggregated numbers as a source: a row for each combination of what is asked for, read whole each time.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use kivuko_core::BoxFuture;
use kivuko_core::catalogue::network;
use kivuko_core::connector::{self, ReadRequest};
use kivuko_core::error::Error;
use kivuko_core::record::{Page, Partition, SourceRecord};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::client::Client;
use super::config::{FromOptions, listed};
use super::progress::Progress;

/// Numbers that are read.
#[derive(Debug)]
pub struct Source {
    client: Arc<Client>,
    options: FromOptions,
}

/// An answer: what its columns are, and its rows, all cells being texts.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Grid {
    headers: Vec<Header>,
    rows: Vec<Vec<Value>>,
    meta_data: Metadata,
}

#[derive(Debug, Deserialize)]
struct Header {
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    items: BTreeMap<String, Item>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Item {
    name: Option<String>,
}

impl Source {
    /// Opens what the flow names.
    ///
    /// # Errors
    /// It does not name elements, periods and org units.
    pub fn new(client: Arc<Client>, options: FromOptions) -> Result<Self, Error> {
        for (name, given) in [("dx", &options.dx), ("pe", &options.pe), ("ou", &options.ou)] {
            if listed(given.as_ref()).is_empty() {
                return Err(Error::configuration(network::BAD_OPTIONS, format!("`from`: `analytics` needs `{name}`")));
            }
        }
        Ok(Self { client, options })
    }

    async fn grid(&self) -> Result<Grid, Error> {
        let options = &self.options;
        let mut request = self.client.get(["analytics"]);
        for (name, given) in [("dx", &options.dx), ("pe", &options.pe), ("ou", &options.ou)] {
            request = request.query("dimension", &format!("{name}:{}", listed(given.as_ref()).join(";")));
        }
        if options.co.unwrap_or(false) {
            request = request.query("dimension", "co");
        }
        for filter in listed(options.filter.as_ref()) {
            request = request.query("filter", &filter);
        }
        if !options.display.unwrap_or(false) {
            request = request.query("skipMeta", "true");
        }
        if let Some(scheme) = &options.id_scheme {
            request = request.query("outputIdScheme", &scheme.to_string());
        }
        self.client.ask(request).await
    }
}

/// The records of an answer. Which column is what is told by its header, never by its place.
fn records(grid: Grid, display: bool) -> Result<Vec<SourceRecord>, Error> {
    let names: Vec<&str> = grid.headers.iter().map(|header| header.name.as_str()).collect();
    if !["dx", "pe", "ou", "value"].iter().all(|wanted| names.contains(wanted)) {
        return Err(Error::stop(network::UNEXPECTED_ANSWER, "the answer of analytics has not the columns dx, pe, ou and value"));
    }
    let record = |row: Vec<Value>| {
        let mut body: Map<String, Value> = names.iter().zip(row).map(|(name, cell)| ((*name).to_owned(), cell)).collect();
        let dimensions: Vec<String> =
            names.iter().filter(|name| **name != "value").filter_map(|name| body.get(*name)?.as_str().map(str::to_owned)).collect();
        if display {
            for dimension in ["dx", "pe", "ou", "co"] {
                let called = body.get(dimension).and_then(Value::as_str).and_then(|id| grid.meta_data.items.get(id)?.name.clone());
                if let Some(called) = called {
                    body.insert(format!("{dimension}Name"), Value::String(called));
                }
            }
        }
        let id = dimensions.join(".");
        SourceRecord {
            place: format!("analytics {id}"),
            id: Some(id),
            version: None,
            deleted: false,
            body: Ok(Value::Object(body).to_string().into()),
            read: None,
        }
    };
    Ok(grid.rows.into_iter().map(record).collect())
}

impl connector::Source for Source {
    fn partitions(&self) -> BoxFuture<'_, Result<Vec<Partition>, Error>> {
        Box::pin(async { Ok(vec![Partition("analytics".to_owned())]) })
    }

    fn read(&self, request: ReadRequest) -> BoxFuture<'_, Result<Box<dyn connector::Pages>, Error>> {
        Box::pin(async move {
            let began = self.client.server_now().await?;
            let progress = match &request.from {
                Some(cursor) => Progress::parse(cursor)?,
                None => Progress { since: None, began: None, after: None },
            };
            let mut records: VecDeque<SourceRecord> = records(self.grid().await?, self.options.display.unwrap_or(false))?.into();
            if let Some(only) = request.only.map(HashSet::<String>::from_iter) {
                records.retain(|record| record.id.as_ref().is_some_and(|id| only.contains(id)));
            }
            let after = progress.after.as_deref().and_then(|last| records.iter().position(|record| record.id.as_deref() == Some(last)));
            records.drain(..after.map_or(0, |last| last + 1));
            let pages = Pages { records, began, size: request.page_size.max(1), ended: false };
            Ok(Box::new(pages) as Box<dyn connector::Pages>)
        })
    }

    fn reads_whole(&self) -> bool {
        true
    }
}

struct Pages {
    records: VecDeque<SourceRecord>,
    began: jiff::Timestamp,
    size: usize,
    ended: bool,
}

impl connector::Pages for Pages {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Page>, Error>> {
        Box::pin(async move {
            if self.ended || self.records.is_empty() {
                return Ok(None);
            }
            let records: Vec<SourceRecord> = self.records.drain(..self.records.len().min(self.size)).collect();
            self.ended = self.records.is_empty();
            let start = Progress { since: None, began: None, after: None };
            let next = match records.last().and_then(|record| record.id.as_deref()) {
                Some(last) if !self.ended => start.in_the_middle(self.began, last),
                _ => Progress::at_the_end(self.began),
            };
            Ok(Some(Page { records, next: next.cursor() }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_are_told_by_their_headers() {
        let grid = json!({
            "headers": [{ "name": "ou" }, { "name": "value" }, { "name": "dx" }, { "name": "pe" }],
            "rows": [["u1", "12.0", "d1", "202401"]],
            "metaData": { "items": { "d1": { "name": "Cases" } } },
        });
        let grid: Grid = serde_json::from_value(grid).expect("it is a grid");
        let records = records(grid, true).expect("it has its columns");
        let body: Value = serde_json::from_slice(records[0].body.as_ref().expect("it is JSON")).expect("it is JSON");
        assert_eq!(body, json!({ "ou": "u1", "value": "12.0", "dx": "d1", "pe": "202401", "dxName": "Cases" }));
        assert_eq!(records[0].id.as_deref(), Some("u1.d1.202401"));
        let missing: Grid = serde_json::from_value(json!({ "headers": [{ "name": "dx" }], "rows": [] })).expect("it is a grid");
        assert!(super::records(missing, false).is_err());
    }
}
