//! DHIS2: its numbers and its metadata, from 2.38 to 2.43.
//!
//! Numbers are written by their key (element, period, org unit, category option combination, attribute option combination): looked up in bulk first, checked
//! against what the data set is before they are sent, and of every answer each value gets its own outcome. Where a release refuses a whole group for one bad
//! value, the group is sent again in parts until only the guilty values are left. An import whose outcome cannot be told is left to the engine, which looks.
//!
//! Org units, options and option sets are written as whole objects, with everything in them that others keep; see `metadata`.
//!
//! Reading goes by `lastUpdated` and the server's clock, with an overlap. Changes that the sources cannot see: metadata that were deleted (a whole scan
//! tells by absence); what changed on the other side of an association (a data set that was given an org unit changes, the org unit does not); that the path of a unit
//! is another one because a unit above it moved; data values that were deleted for good and not only
//! marked, as when an administrator empties a data element; completeness and analytics are read whole each time. From 2.43 on a value that is sent
//! unchanged is stamped anew and is read again.

mod analytics;
mod client;
mod completeness;
mod config;
mod errors;
mod frame;
mod listing;
mod metadata;
mod progress;
mod read;
mod schema;
mod scheme;
mod system;
#[cfg(test)]
mod tests;
mod values;
mod version;

use std::sync::Arc;

use kivuko_core::catalogue::network;
use kivuko_core::connector::{self, Context, Declaration, Settings, Status};
use kivuko_core::error::{Place, Problem};

use config::{FromOptions, Options, TargetOptions};
use schemars::schema_for;

/// The kind `dhis2`.
#[derive(Debug, Clone, Copy)]
pub struct Connector;

impl connector::Connector for Connector {
    fn declaration(&self) -> Declaration {
        Declaration {
            kind: "dhis2",
            about: "DHIS2, the health information system of most ministries: data values and completeness, read and written; analytics and metadata, read; org units, options and option sets, written too.",
            category: "health information",
            status: Status::Experimental,
            reads: true,
            writes: true,
            options: crate::http::schema::<Options>(),
            from_options: schema_for!(FromOptions).into(),
            to_options: schema_for!(TargetOptions).into(),
            secrets: &["token", "password"],
            resources: &schema::NAMES,
            knows_identity: true,
            reads_whole: false,
            scope: None,
        }
    }

    fn open(&self, settings: Settings, context: Context) -> Result<Arc<dyn connector::System>, Vec<Problem>> {
        let problem = |message: String| {
            let place = Place { file: "kivuko.yaml".to_owned(), ..Place::default() };
            Problem::error(network::BAD_OPTIONS, place, format!("system `{}`: {message}", settings.name))
        };
        let options: Options = serde_json::from_value(settings.options.clone()).map_err(|error| vec![problem(error.to_string())])?;
        match client::Client::new(options.normalised(), &settings.project, context) {
            Ok(client) => Ok(Arc::new(system::System { client: Arc::new(client) })),
            Err(messages) => Err(messages.into_iter().map(problem).collect()),
        }
    }
}
