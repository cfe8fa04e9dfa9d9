//! The numbers of a simulated DHIS2: data values in and out, jobs, completeness, locks.
//!
//! A value that is refused is refused as the release does it, with its code; what is good beside it is stored where the release
//! stores it. What is not simulated answers 501.

mod adx;
mod adx_export;
mod analytics;
mod body;
mod completeness;
mod context;
mod csv;
mod dxf_xml;
mod entry;
mod export;
mod grants;
mod id_scheme;
mod import;
mod imports;
mod jobs;
mod json;
mod locks;
mod named;
mod options;
mod payload;
mod period;
#[cfg(test)]
mod period_tests;
mod pipeline;
mod select;
mod settings;
mod single;
mod state;
mod store;
mod summary;
mod tasks;
mod value;
mod xml;

use axum::http::Method;
use serde_json::Value;

use super::auth::Account;
use super::error::{Error, Result};
use super::model::Model;
use super::routes::Call;
use super::uid::Uid;
use crate::server::Reply;

use context::Context;
use settings::Settings;
use store::Store;

pub use jobs::Pace;
pub use state::{DataValue, Registration};
pub use store::Change;

/// What a test sets for the numbers' side.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How fast imports in the background are.
    pub pace: Pace,
    /// From 2.43 two conditions are as its source reads instead of as they are meant: the check of input periods refuses the
    /// periods that are open, and where no value requires a comment an empty value passes without one only.
    pub conditions_inverted: bool,
    /// From 2.43 the conflict of a refused group has -1 as its index instead of the positions of its values.
    pub group_conflicts_without_indexes: bool,
}

/// What is stored, and the jobs.
#[derive(Debug)]
pub struct Numbers {
    store: Store,
    jobs: jobs::Jobs<imports::Prepared>,
    options: Options,
}

impl Numbers {
    /// Empty.
    pub fn new(options: &Options) -> Self {
        Self { store: Store::default(), jobs: jobs::Jobs::new(options.pace), options: options.clone() }
    }

    /// When the tables of analytics were last built, in milliseconds since 1970 by the server's clock.
    pub fn analytics_built(&self) -> Option<i64> {
        self.store.tables.as_ref().map(|tables| tables.built)
    }

    /// Whether a stored value is of this data element, org unit or option combo; a deleted value counts, as its row is still there.
    pub fn mention(&self, uid: Uid) -> bool {
        let of = |key: &store::Key| [key.data_element, key.org_unit, key.category_option_combo, key.attribute_option_combo].contains(&uid);
        self.store.rows().any(|(key, _)| of(key))
    }
}

/// Answers what is below `/api` and belongs to the numbers; nothing for all else.
pub(super) fn route(call: &Call<'_>, segments: &[&str]) -> Option<Result<Reply>> {
    match segments {
        ["dataValueSets"] if call.is(&Method::POST) => Some(imports::post(call)),
        ["dataValueSets"] if call.is(&Method::GET) => Some(with(call, |context, store| export::answer(call, context, store))),
        ["dataValueSets"] => Some(Err(call.wrong_method())),
        ["dataValues", rest @ ..] => Some(single::route(call, rest)),
        ["dataEntry", rest @ ..] => Some(entry::route(call, rest)),
        ["completeDataSetRegistrations"] => Some(completeness::route(call)),
        ["lockExceptions"] => Some(grants::lock_exceptions(call)),
        ["dataApprovals"] => Some(grants::approvals(call)),
        ["periodTypes"] if call.is(&Method::GET) => Some(Ok(period_types(call))),
        ["analytics"] => Some(analytics::answer(call)),
        ["resourceTables", "analytics"] => Some(analytics::rebuild(call)),
        ["dataApprovals" | "dataAcceptances" | "lockExceptions" | "relativePeriods" | "periodTypes" | "analytics", ..] => {
            Some(Err(Error::not_simulated(call.path)))
        }
        ["system", rest @ ..] => tasks::route(call, rest),
        _ => None,
    }
}

/// The period types that the release knows.
fn period_types(call: &Call<'_>) -> Reply {
    let shown = period::PeriodType::of_release(call.server.profile.number).map(|period_type| {
        serde_json::json!({
            "name": period_type.name(), "isoDuration": period_type.duration(), "isoFormat": period_type.iso_format(),
            "frequencyOrder": period_type.frequency_order(),
        })
    });
    Reply::json(200, serde_json::json!({ "periodTypes": shown.collect::<Value>() }).to_string())
}

/// With the metadata, the settings and the store as they are now.
fn with<T>(call: &Call<'_>, answer: impl FnOnce(&Context<'_>, &mut Store) -> T) -> T {
    let server = call.server;
    let (model, settings) = {
        let metadata = server.metadata();
        (metadata.model(), metadata.settings.clone())
    };
    let mut numbers = server.numbers();
    let settings = Settings::of(&settings, &numbers.options);
    let (model, caller): (&Model, &Account) = (&model, &call.account);
    let context = Context { profile: server.profile, model, caller, settings: &settings, zone: &server.zone, now: call.now };
    answer(&context, &mut numbers.store)
}
