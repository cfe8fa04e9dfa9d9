//! Data values as a source: one reading for each data set, changes by `lastUpdated` with what was deleted.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kivuko_core::BoxFuture;
use kivuko_core::catalogue::{dhis2, network};
use kivuko_core::connector::{self, ReadRequest};
use kivuko_core::error::Error;
use kivuko_core::record::{Partition, SourceRecord};
use serde_json::{Map, Value};

use super::super::client::Client;
use super::super::config::{FromOptions, listed};
use super::super::listing::{List, Listing};
use super::super::read::server_time;
use crate::http::Request;

/// What names a value, in the order of its identity.
const DIMENSIONS: [&str; 5] = ["dataElement", "period", "orgUnit", "categoryOptionCombo", "attributeOptionCombo"];
/// The partition of a flow that names elements in the place of data sets.
const ELEMENTS: &str = "elements";

/// Data values that are read.
#[derive(Debug)]
pub struct Source {
    client: Arc<Client>,
    options: FromOptions,
}

impl Source {
    /// Opens what the flow names.
    ///
    /// # Errors
    /// It names nothing, or periods in two ways.
    pub fn new(client: Arc<Client>, options: FromOptions) -> Result<Self, Error> {
        let wrong = |message: &str| Err(Error::configuration(network::BAD_OPTIONS, format!("`from`: {message}")));
        let by_element = options.data_element.is_some() || options.data_element_group.is_some();
        if options.data_set.is_none() && !by_element {
            return wrong("`dataValueSets` needs `data_set`, `data_element` or `data_element_group`");
        }
        if options.data_set.is_some() && by_element {
            return wrong("`data_set` and `data_element` are two ways of saying what is read; keep one of them");
        }
        check_periods(&options)?;
        Ok(Self { client, options })
    }
}

/// Periods are named one by one, or by their first and last day.
///
/// # Errors
/// Both, or half of it.
pub fn check_periods(options: &FromOptions) -> Result<(), Error> {
    let wrong = |message: &str| Err(Error::configuration(network::BAD_OPTIONS, format!("`from`: {message}")));
    match (&options.period, &options.start, &options.end) {
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) => {
            wrong("`period` and `start` with `end` are two ways of saying when; keep one of them")
        }
        (None, Some(_), None) => wrong("`start` needs `end`"),
        (None, None, Some(_)) => wrong("`end` needs `start`"),
        _ => Ok(()),
    }
}

impl connector::Source for Source {
    fn partitions(&self) -> BoxFuture<'_, Result<Vec<Partition>, Error>> {
        Box::pin(async move {
            let sets = listed(self.options.data_set.as_ref());
            if sets.is_empty() {
                return Ok(vec![Partition(ELEMENTS.to_owned())]);
            }
            Ok(self.client.ids_of("dataSets", &sets).await?.into_iter().map(Partition).collect())
        })
    }

    fn read(&self, request: ReadRequest) -> BoxFuture<'_, Result<Box<dyn connector::Pages>, Error>> {
        Box::pin(async move {
            let info = self.client.info().await?;
            let options = &self.options;
            let mut units = self.client.ids_of("organisationUnits", &listed(options.org_unit.as_ref())).await?;
            if units.is_empty() {
                units = self.client.me().await?.views();
            }
            if units.is_empty() {
                let message = "the account sees the data of no org unit; name some with `org_unit`, or give it some";
                return Err(Error::configuration(dhis2::QUESTION_REFUSED, message));
            }
            let mut asked: Vec<(String, String)> = Vec::new();
            let mut ask = |name: &str, values: Vec<String>| asked.extend(values.into_iter().map(|value| (name.to_owned(), value)));
            if request.partition.0 == ELEMENTS {
                ask("dataElement", self.client.ids_of("dataElements", &listed(options.data_element.as_ref())).await?);
                ask("dataElementGroup", self.client.ids_of("dataElementGroups", &listed(options.data_element_group.as_ref())).await?);
            } else {
                ask("dataSet", vec![request.partition.0.clone()]);
            }
            ask("orgUnit", units);
            if options.children.unwrap_or(true) {
                ask("children", vec!["true".to_owned()]);
            }
            let only: Option<HashSet<String>> = request.only.clone().map(HashSet::from_iter);
            match &only {
                // The periods of what is asked for are in its identities.
                Some(only) => {
                    let periods: BTreeSet<&str> = only.iter().filter_map(|id| id.split('.').nth(1)).collect();
                    ask("period", periods.into_iter().map(str::to_owned).collect());
                }
                None => ask("period", listed(options.period.as_ref())),
            }
            if only.is_none()
                && let (Some(start), Some(end)) = (&options.start, &options.end)
            {
                ask("startDate", vec![start.clone()]);
                ask("endDate", vec![end.clone()]);
            }
            let schemes = [
                ("idScheme", &options.id_scheme),
                ("dataElementIdScheme", &options.data_element_id_scheme),
                ("orgUnitIdScheme", &options.org_unit_id_scheme),
                ("categoryOptionComboIdScheme", &options.category_option_combo_id_scheme),
                ("dataSetIdScheme", &options.data_set_id_scheme),
            ];
            for (name, scheme) in schemes {
                ask(name, scheme.iter().map(ToString::to_string).collect());
            }
            if info.profile.format_parameter {
                ask("format", vec!["json".to_owned()]);
            }
            let named = |name: &str| asked.iter().any(|(known, _)| known == name);
            let list = Values {
                has_periods: named("period") || named("startDate"),
                client: Arc::clone(&self.client),
                zone: info.zone.clone(),
                until: request.until,
                windowed: request.since.is_some() || request.until.is_some(),
                asked,
                only,
            };
            Ok(Box::new(Listing::new(Arc::clone(&self.client), list, &request)?) as Box<dyn connector::Pages>)
        })
    }

    fn reads_whole(&self) -> bool {
        false
    }
}

/// What is asked for.
struct Values {
    client: Arc<Client>,
    zone: TimeZone,
    asked: Vec<(String, String)>,
    has_periods: bool,
    until: Option<Timestamp>,
    windowed: bool,
    only: Option<HashSet<String>>,
}

impl List for Values {
    fn array(&self) -> &'static str {
        "dataValues"
    }

    fn may_be_missing(&self) -> bool {
        true
    }

    fn question(&self, since: Option<Timestamp>) -> Request {
        let mut request = self.client.get(["dataValueSets"]);
        for (name, value) in &self.asked {
            request = request.query(name, value);
        }
        match since {
            // What was deleted is told only from a time on: before the first reading it was never there.
            Some(since) => request.query("lastUpdated", &server_time(since, &self.zone)).query("includeDeleted", "true"),
            None if self.has_periods => request,
            None => request.query("lastUpdated", "1970-01-01"),
        }
    }

    fn record(&self, element: Bytes, head: &Map<String, Value>) -> Result<Option<SourceRecord>, Error> {
        let wrong = |what: &str| Error::stop(network::UNEXPECTED_ANSWER, format!("a data value of DHIS2 {what}"));
        let mut value: Map<String, Value> = serde_json::from_slice(&element).map_err(|_| wrong("is not an object"))?;
        let mut whole = true;
        for name in DIMENSIONS {
            if !value.contains_key(name) {
                // From 2.43 on what all values have in common stands once, at the head.
                let common = head.get(name).ok_or_else(|| wrong(&format!("came without `{name}`")))?;
                value.insert(name.to_owned(), common.clone());
                whole = false;
            }
        }
        let parts: Vec<&str> = DIMENSIONS.iter().filter_map(|name| value.get(*name).and_then(Value::as_str)).collect();
        if parts.len() != DIMENSIONS.len() {
            return Err(wrong("has a dimension that is not a text"));
        }
        let id = parts.join(".");
        if self.only.as_ref().is_some_and(|only| !only.contains(&id)) {
            return Ok(None);
        }
        let version = value.get("lastUpdated").and_then(Value::as_str).map(str::to_owned);
        if self.windowed
            && let Some(until) = self.until
            && version.as_deref().and_then(|text| super::super::client::time_in(text, &self.zone)).is_some_and(|time| time >= until)
        {
            return Ok(None);
        }
        let deleted = value.get("deleted") == Some(&Value::Bool(true));
        let place = format!("data value {id}");
        let body = if whole { element } else { Value::Object(value).to_string().into() };
        Ok(Some(SourceRecord { id: Some(id), place, version, deleted, body: Ok(body), read: None }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_read_and_when_is_said_once() {
        let check = |options: Value, fits: bool| {
            let options: FromOptions = serde_json::from_value(options.clone()).unwrap_or_else(|error| panic!("{options}: {error}"));
            assert_eq!(check_periods(&options).is_ok(), fits, "{options:?}");
        };
        check(json!({}), true);
        check(json!({ "period": "202401" }), true);
        check(json!({ "start": "2024-01-01", "end": "2024-02-01" }), true);
        check(json!({ "start": "2024-01-01" }), false);
        check(json!({ "period": "202401", "end": "2024-02-01" }), false);
    }
}
