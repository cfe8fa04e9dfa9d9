//! A simulated DHIS2: 2.38, 2.40, 2.41, 2.42 or 2.43, metadata and aggregate data.
//!
//! It answers as the server does, its traps included, and 501 to what it does not simulate. Everything is in memory.

mod auth;
pub mod country;
mod defaults;
mod error;
mod fields;
mod filter;
mod import;
mod integrity;
mod kind;
mod load;
mod model;
mod numbers;
mod options;
mod patch;
mod profile;
mod properties;
mod routes;
mod sim;
mod state;
mod store;
mod time;
mod uid;
mod view;

pub use auth::Account;
pub use kind::Kind;
pub use model::{Model, default};
pub use numbers::{Change, DataValue, Options as NumbersOptions, Pace, Registration};
pub use options::{Options, Token, User};
pub use profile::Profile;
pub use sim::Dhis2Sim;
pub use uid::Uid;
