//! Registrations as a source.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use kivuko_core::BoxFuture;
use kivuko_core::catalogue::network;
use kivuko_core::connector::{self, ReadRequest};
use kivuko_core::error::Error;
use kivuko_core::record::{Partition, SourceRecord};
use serde_json::{Map, Value};

use super::super::client::Client;
use super::super::config::{FromOptions, listed};
use super::super::listing::{List, Listing};
use super::super::values::check_periods;
use super::{ARRAY, DIMENSIONS};
use crate::http::Request;

/// Registrations that are read.
#[derive(Debug)]
pub struct Source {
    client: Arc<Client>,
    options: FromOptions,
}

impl Source {
    /// Opens what the flow names.
    ///
    /// # Errors
    /// It names no data set, or periods in two ways.
    pub fn new(client: Arc<Client>, options: FromOptions) -> Result<Self, Error> {
        if options.data_set.is_none() {
            return Err(Error::configuration(network::BAD_OPTIONS, format!("`from`: `{ARRAY}` needs `data_set`")));
        }
        check_periods(&options)?;
        Ok(Self { client, options })
    }
}

impl connector::Source for Source {
    fn partitions(&self) -> BoxFuture<'_, Result<Vec<Partition>, Error>> {
        Box::pin(async move {
            let sets = self.client.ids_of("dataSets", &listed(self.options.data_set.as_ref())).await?;
            Ok(sets.into_iter().map(Partition).collect())
        })
    }

    fn read(&self, request: ReadRequest) -> BoxFuture<'_, Result<Box<dyn connector::Pages>, Error>> {
        Box::pin(async move {
            let options = &self.options;
            let mut units = self.client.ids_of("organisationUnits", &listed(options.org_unit.as_ref())).await?;
            if units.is_empty() {
                units = self.client.me().await?.views();
            }
            let mut asked: Vec<(&'static str, String)> = vec![("dataSet", request.partition.0.clone())];
            asked.extend(units.into_iter().map(|unit| ("orgUnit", unit)));
            if options.children.unwrap_or(true) {
                asked.push(("children", "true".to_owned()));
            }
            asked.extend(listed(options.period.as_ref()).into_iter().map(|period| ("period", period)));
            if let (Some(start), Some(end)) = (&options.start, &options.end) {
                asked.extend([("startDate", start.clone()), ("endDate", end.clone())]);
            } else if options.period.is_none() {
                // One of these is demanded: everything that was ever registered.
                asked.push(("created", "1970-01-01".to_owned()));
            }
            let schemes = [
                ("idScheme", &options.id_scheme),
                ("orgUnitIdScheme", &options.org_unit_id_scheme),
                ("dataSetIdScheme", &options.data_set_id_scheme),
            ];
            asked.extend(schemes.into_iter().filter_map(|(name, scheme)| Some((name, scheme.as_ref()?.to_string()))));
            let only = request.only.clone().map(HashSet::from_iter);
            let list = Registrations { client: Arc::clone(&self.client), asked, only };
            Ok(Box::new(Listing::new(Arc::clone(&self.client), list, &request)?) as Box<dyn connector::Pages>)
        })
    }

    fn reads_whole(&self) -> bool {
        true
    }
}

/// What is asked for.
struct Registrations {
    client: Arc<Client>,
    asked: Vec<(&'static str, String)>,
    only: Option<HashSet<String>>,
}

impl List for Registrations {
    fn array(&self) -> &'static str {
        ARRAY
    }

    fn may_be_missing(&self) -> bool {
        true
    }

    fn question(&self, _since: Option<Timestamp>) -> Request {
        let request = self.client.get([ARRAY]);
        self.asked.iter().fold(request, |request, (name, value)| request.query(name, value))
    }

    fn record(&self, element: Bytes, _head: &Map<String, Value>) -> Result<Option<SourceRecord>, Error> {
        let wrong = || Error::stop(network::UNEXPECTED_ANSWER, "a registration of DHIS2 came without all of its dimensions");
        let value: Map<String, Value> = serde_json::from_slice(&element).map_err(|_| wrong())?;
        let part = |name: &&str| value.get(*name).and_then(Value::as_str).ok_or_else(wrong);
        let id = DIMENSIONS.iter().map(part).collect::<Result<Vec<_>, _>>()?.join(".");
        if self.only.as_ref().is_some_and(|only| !only.contains(&id)) {
            return Ok(None);
        }
        let version = value.get("lastUpdated").and_then(Value::as_str).map(str::to_owned);
        Ok(Some(SourceRecord { place: format!("registration {id}"), id: Some(id), version, deleted: false, body: Ok(element), read: None }))
    }
}
