//! Go.Data: everything that an outbreak holds, and what its outbreaks share.
//!
//! Reading is in pages on the time of change and the id, deleted records included, at least once. Writing looks first, sends only what changed, and
//! leaves to the engine what may or may not have taken effect. One account has one live token, which all users of it share, and one active outbreak,
//! which one run writes to at a time.
//!
//! A case, a contact and a contact of a contact are one record that moves between lists. Who left a list is read from it as gone, and who is looked for in
//! one and stands in another is found there (`elsewhere`).
//!
//! Changes that the source cannot see: a relationship that is made, changed or deleted changes its cases and events without moving their `updatedAt`, and so
//! do lab results and follow-ups: all three have lists of their own; lab results of contacts while the outbreak hides those; the label of an item of
//! reference data lives in the language tokens (`tokens` reads them); records that come from another Go.Data by synchronisation keep their old `updatedAt` (`cursor: dbUpdatedAt`
//! sees those); who left a list in a release that does not keep `wasCase` and its like, or left it and came back between two readings; records without a
//! time of change, as very old installations may have, are never read. The cursor stays behind the moment at which a reading began, so what becomes visible
//! during a long one is read again; what becomes visible later than `overlap_secs` after its own time is not.

mod address;
mod answers;
mod child;
mod client;
mod codes;
mod config;
mod conform;
mod cursor;
mod elsewhere;
mod errors;
mod export;
mod import;
mod items;
mod key;
mod labels;
mod logs;
mod lookup;
mod mask;
mod persons;
mod places;
mod questionnaire;
mod read;
mod relationship;
mod resources;
mod schema;
mod system;
mod target;
#[cfg(test)]
mod tests;
mod tokens;
mod write;

use std::sync::Arc;

use kivuko_core::catalogue::network;
use kivuko_core::connector::{self, Context, Declaration, Settings, Status};
use kivuko_core::error::{Place, Problem};

use config::{FromOptions, Options, TargetOptions};
use schemars::schema_for;

/// The kind `godata`.
#[derive(Debug, Clone, Copy)]
pub struct Connector;

impl connector::Connector for Connector {
    fn declaration(&self) -> Declaration {
        Declaration {
            kind: "godata",
            about: "Go.Data, WHO's tool for outbreak investigation: cases, contacts, events, relationships, follow-ups, lab results; locations, reference data and outbreaks.",
            category: "outbreak",
            status: Status::Experimental,
            reads: true,
            writes: true,
            options: crate::http::schema::<Options>(),
            from_options: schema_for!(FromOptions).into(),
            to_options: schema_for!(TargetOptions).into(),
            secrets: &["password"],
            resources: &resources::NAMES,
            knows_identity: true,
            reads_whole: false,
            scope: Some("outbreak"),
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
