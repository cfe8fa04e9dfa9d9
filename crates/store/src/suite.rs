//! What every store has to do, whatever it is built on: one test for each promise of the trait. A store brings a way to open itself, again and again.

pub mod cells;
pub mod housekeeping;
pub mod pages;
pub mod people;
pub mod runs;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use kivuko_core::BoxFuture;
use kivuko_core::connector::{Action, Key};
use kivuko_core::error::{Cause, Code};
use kivuko_core::outcome::Outcome;
use kivuko_core::record::{Cursor, Partition};
use kivuko_core::store::{
    FlowVersion, Intent, Kept, Link, OutcomeRow, PageCommit, Reference, Rejection, RunId, RunStart, Sent, SourceKey, Store, Waiting,
};

/// Opens the store under test. Each call is another handle on the same store; the first one makes it.
pub type Open<'a> = dyn Fn() -> BoxFuture<'a, Arc<dyn Store>> + Send + Sync + 'a;

/// Makes a test of each of these functions. `$new` is a place for a store; `open` is called on it.
macro_rules! tests {
    ($new:expr; $($module:ident :: { $($name:ident),* $(,)? })*) => {
        $($(
            #[tokio::test]
            async fn $name() {
                let place = $new;
                $crate::suite::$module::$name(&|| Box::pin(place.open())).await;
            }
        )*)*
    };
}

/// Runs the whole suite on the store that `$new` makes.
macro_rules! suite {
    ($new:expr) => {
        $crate::suite::tests! { $new;
            runs::{
                versions_are_kept_as_they_were_first,
                runs_are_numbered_and_listed,
                a_run_needs_its_version,
                a_killed_run_shows_as_incomplete,
                an_ended_run_writes_nothing,
                outcomes_are_listed_in_order,
                leases_are_held_by_one,
                fences_only_grow,
                a_lost_lease_is_not_prolonged_nor_given_back,
                sessions_count_their_generations,
                identities_are_adopted,
                a_system_that_was_replaced_is_forgotten,
            }
            pages::{
                a_page_takes_effect,
                two_sources_may_feed_one_record,
                a_page_takes_effect_as_a_whole_or_not_at_all,
                a_page_survives_the_end_of_the_process,
                links_are_found_by_source_key_and_target,
                a_record_may_be_two_things_in_one_target,
                links_between_two_resources_are_listed,
                a_link_moves_to_another_record,
                links_exchange_their_keys,
                a_key_belongs_to_one_source_record,
                a_record_that_is_gone_was_not_sent,
                links_belong_to_the_project,
                what_was_not_seen_is_listed_in_pages,
                strange_texts_come_back_as_they_were,
                intents_are_open_until_they_are_closed,
                a_rejection_stays_until_the_record_gets_through,
                rejections_are_discarded_by_hand,
                waiting_records_wait_since_they_began,
                earlier_values_are_kept,
            }
            people::{
                people_are_found_by_their_keys,
                questions_are_closed_by_decisions,
                questions_of_a_crosswalk_are_replaced_as_a_whole,
            }
            cells::{
                cells_keep_their_numbers,
                a_record_is_counted_anew_as_a_whole,
                what_is_touched_while_it_is_dealt_with_stays_due,
                records_that_are_not_met_again_are_listed,
                numbers_of_a_system_that_was_replaced_are_forgotten,
                a_refused_number_is_given_up_with_its_rejection,
            }
            housekeeping::{
                a_few_links_are_taken_from_anywhere,
                what_runs_told_goes_with_time,
                cursors_are_set_by_pages_and_by_people,
                plans_expire,
                find_finds_by_every_name,
                purge_takes_what_is_old_and_nothing_else,
                rows_are_put_aside_until_they_are_dropped,
                own_deletions_outlive_the_history,
            }
        }
    };
}
pub(crate) use {suite, tests};

/// A second of the day on which all tests take place.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + second).unwrap()
}

pub fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

pub fn version(hash: &str) -> FlowVersion {
    FlowVersion {
        hash: hash.to_owned(),
        flow: "cases".to_owned(),
        kivuko: "0.1.0".to_owned(),
        texts: BTreeMap::from([("flows/cases.yaml".to_owned(), "flow: cases\n".to_owned())]),
    }
}

pub async fn begin(store: &dyn Store, flow: &str, second: i64) -> RunId {
    store.put_version(&version("v1")).await.unwrap();
    let start = RunStart {
        flow: flow.to_owned(),
        version: "v1".to_owned(),
        trigger: "manual".to_owned(),
        options: "--only C-1".to_owned(),
        started: at(second),
    };
    store.begin_run(&start).await.unwrap()
}

pub fn page(run: RunId, flow: &str) -> PageCommit {
    PageCommit::new(run, flow, Partition("cases.csv".to_owned()), at(0))
}

pub fn source(id: &str) -> SourceKey {
    SourceKey { system: "register".to_owned(), resource: "cases.csv".to_owned(), id: id.to_owned() }
}

/// The link of source record `id` to target record `t-id`, under the key `id`.
pub fn link(run: RunId, flow: &str, id: &str) -> Link {
    Link {
        source: source(id),
        part: String::new(),
        target_system: "godata".to_owned(),
        target_resource: "cases".to_owned(),
        target_id: format!("t-{id}"),
        key: Key(texts(&[id])),
        flow: flow.to_owned(),
        created: true,
        seen: run,
        version: Some("2026-01-01T00:00:00.000Z".to_owned()),
    }
}

pub fn sent(run: RunId, flow: &str, id: &str) -> Sent {
    Sent {
        flow: flow.to_owned(),
        source_id: id.to_owned(),
        part: String::new(),
        hash: "00ff".to_owned(),
        fields: BTreeMap::from([("firstName".to_owned(), "aa".to_owned()), ("age".to_owned(), "bb".to_owned())]).into(),
        source_version: Some("7".to_owned()),
        run,
    }
}

pub fn intent(run: RunId, flow: &str, id: &str) -> Intent {
    Intent {
        flow: flow.to_owned(),
        source: source(id),
        part: String::new(),
        target_system: "godata".to_owned(),
        target_resource: "cases".to_owned(),
        action: Action::Create,
        key: Key(texts(&[id])),
        target_id: None,
        hash: "00ff".to_owned(),
        run,
        noted: at(3),
    }
}

pub fn outcome(id: &str, outcome: Outcome) -> OutcomeRow {
    OutcomeRow {
        source_id: id.to_owned(),
        place: format!("cases.csv, row {id}"),
        part: String::new(),
        outcome,
        target_resource: "cases".to_owned(),
        target_id: Some(format!("t-{id}")),
        fields: texts(&["firstName", "age"]),
        causes: Vec::new(),
    }
}

pub fn rejection(run: RunId, flow: &str, id: &str, second: i64) -> Rejection {
    Rejection {
        flow: flow.to_owned(),
        source_id: id.to_owned(),
        place: format!("cases.csv, row {id}"),
        causes: vec![Cause::new(Code(301), "the code is not listed").field("gender").unlisted("sex", "x")],
        payload: Some(b"{\"firstName\":\"Amina\"}".to_vec()),
        run,
        at: at(second),
    }
}

pub fn waiting(flow: &str, id: &str, wanted: &str, second: i64) -> Waiting {
    Waiting {
        flow: flow.to_owned(),
        source_id: id.to_owned(),
        partition: Partition("contacts.csv".to_owned()),
        place: format!("contacts.csv, row {id}"),
        reference: Reference { flow: "cases".to_owned(), source_id: wanted.to_owned() },
        since: at(second),
    }
}

pub fn kept(id: &str, action: Action, before: &[u8]) -> Kept {
    Kept {
        source_id: id.to_owned(),
        part: String::new(),
        target_resource: "cases".to_owned(),
        target_id: format!("t-{id}"),
        action,
        version: Some("v".to_owned()),
        before: before.to_vec(),
    }
}

pub fn cursor(value: &str) -> Cursor {
    Cursor { value: value.to_owned(), time: Some(at(5)) }
}
