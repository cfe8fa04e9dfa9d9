//! Runs flows: the only place where connectors, mappings and the store meet.
//!
//! Start with `run`: it is the life of a run and states what is promised. `map` makes target records, `decide` finds out what is to be done, `deliver` does it,
//! `settle` finds out what became of a write without an answer, and `account` puts a page down in one transaction.

mod absence;
mod account;
mod beside;
mod claims;
pub mod clock;
mod code_lists;
mod columns;
mod crosswalk;
mod decide;
mod deliver;
mod duplicates;
mod emptied;
mod engine;
mod group;
mod guard;
mod known;
mod labels;
mod lease;
mod leaving;
mod lost;
mod map;
mod matching;
mod namesakes;
mod numbers;
mod online;
mod options;
mod orphans;
mod others;
mod people;
mod place_matches;
mod placed;
mod plan;
mod proposals;
mod read;
mod report;
mod revert;
mod review;
mod run;
mod scope;
mod session;
mod settle;
mod side;
mod since;
mod spill;
mod told;
mod tree;
mod undo;
mod unit;
mod unplaced;
mod workspace;

pub use code_lists::{CodeList, Exported, LinkedPlace, PartedLink, UnlistedValue};
pub use engine::{Engine, Pace, Parts};
pub use lease::is_being_run;
pub use numbers::{counted_by_now, is_number_named, names_of_cells};
pub use online::Checked;
pub use options::RunOptions;
pub use place_matches::{
    AskedPlace, PlaceChoice, PlaceDecision, PlaceMatch, PlaceMatches, PlaceQuestion, PlaceShown, PlaceView, PlacesKept, PlacesRefused,
    no_question, two_sides,
};
pub use plan::{PlanOptions, PlanReport, Planned};
pub use proposals::{Choice, Kept, Proposal, Says};
pub use report::{CauseGroup, CauseGroups, NumbersReport, RunReport, beside_counts, exit_code};
pub use revert::{CutOff, Reverted, taken_back_by};
pub use review::{By, Side};
pub use run::{Unwatched, Watch};
pub use side::CalledNow;
pub use told::{Told, told};
pub use workspace::{VERSION, Workspace, read_files};
