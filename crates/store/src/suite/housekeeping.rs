//! Cursors, plans, search, retention.

use kivuko_core::connector::{Action, Identity, Key};
use kivuko_core::outcome::{Outcome, Status};
use kivuko_core::record::Partition;
use kivuko_core::store::{CursorRow, Found, Link, Retention, SavedPlan, Store, TargetKey};

use super::{Open, at, begin, cursor, intent, kept, link, outcome, page, rejection, sent, texts, version, waiting};

pub async fn cursors_are_set_by_pages_and_by_people(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "cases", 1).await;
    let mut commit = page(run, "cases");
    let partition = commit.partition.clone();
    store.commit_page(&commit).await.unwrap();
    assert_eq!(store.cursor("cases", &partition).await.unwrap(), None, "an unfinished page moves no cursor");
    commit.cursor = Some(cursor("one"));
    commit.at = at(10);
    store.commit_page(&commit).await.unwrap();
    let other = Partition("a.csv".to_owned());
    store.set_cursor("cases", &other, Some(&cursor("by hand")), "delivered twice", at(20)).await.unwrap();

    let by_page = CursorRow { partition: partition.clone(), cursor: cursor("one"), at: at(10), reason: None };
    let by_hand = CursorRow { partition: other.clone(), cursor: cursor("by hand"), at: at(20), reason: Some("delivered twice".to_owned()) };
    assert_eq!(open().await.cursors("cases").await.unwrap(), [by_hand.clone(), by_page]);
    assert_eq!(store.cursor("cases", &other).await.unwrap(), Some(cursor("by hand")));
    assert_eq!(store.cursor("contacts", &other).await.unwrap(), None);

    store.set_cursor("cases", &partition, None, "start again", at(30)).await.unwrap();
    assert_eq!(store.cursor("cases", &partition).await.unwrap(), None);
    let history = store.cursor_history("cases", 10).await.unwrap();
    assert_eq!((&history[0].partition, &*history[0].cursor.value, history[0].at), (&partition, "", at(30)));
    assert_eq!(history[0].reason.as_deref(), Some("start again"));
    assert_eq!(history[1..], [by_hand]);
    assert_eq!(store.cursor_history("cases", 1).await.unwrap().len(), 1);
}

pub async fn plans_expire(open: &Open<'_>) {
    let store = open().await;
    let plan = |second| SavedPlan { flow: "cases".to_owned(), version: "v1".to_owned(), at: at(second), body: vec![0, 1, 2, 255] };
    let first = store.save_plan(&plan(0), at(100)).await.unwrap();
    let second = store.save_plan(&plan(50), at(150)).await.unwrap();
    let store = open().await;
    assert_eq!(store.plan(first, at(99)).await.unwrap(), Some(plan(0)));
    assert_eq!(store.plan(second, at(99)).await.unwrap(), Some(plan(50)));
    assert_eq!(store.plan(first, at(100)).await.unwrap(), None);
    let third = store.save_plan(&plan(120), at(220)).await.unwrap();
    assert_eq!(store.plan(first, at(0)).await.unwrap(), None, "an expired plan is removed when another one is saved");
    assert!(third > second && store.plan(second, at(0)).await.unwrap().is_some());
}

fn kinds(found: &[Found]) -> Vec<String> {
    let kind = |found: &Found| match found {
        Found::Link(link) => format!("link {}", link.source.id),
        Found::Outcome { run, row, flow, .. } => format!("outcome {flow} {run} {}", row.source_id),
        Found::Rejection(row) => format!("rejection {} {}", row.flow, row.source_id),
        Found::Waiting(waiting) => format!("waiting {} {}", waiting.flow, waiting.source_id),
    };
    found.iter().map(kind).collect()
}

pub async fn find_finds_by_every_name(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "cases", 1).await;
    let mut commit = page(run, "cases");
    commit.links = vec![Link { key: Key(texts(&["DOC-9", "S-1"])), ..link(run, "cases", "17") }, link(run, "cases", "18")];
    commit.outcomes = vec![outcome("17", Outcome::Created), outcome("18", Outcome::Created)];
    commit.rejections = vec![rejection(run, "cases", "17", 5), rejection(run, "cases", "19", 5)];
    commit.waiting = vec![waiting("cases", "17", "1", 5)];
    store.commit_page(&commit).await.unwrap();
    let other = begin(&*store, "nightly", 2).await;
    let mut nightly = page(other, "nightly");
    nightly.outcomes = vec![outcome("17", Outcome::Updated)];
    nightly.outcomes[0].target_id = None;
    nightly.rejections = vec![rejection(other, "nightly", "17", 5)];
    store.commit_page(&nightly).await.unwrap();

    let of_the_record = ["link 17", "rejection cases 17", "waiting cases 17", "outcome cases 1 17"];
    let of_the_id =
        ["link 17", "rejection cases 17", "rejection nightly 17", "waiting cases 17", "outcome nightly 2 17", "outcome cases 1 17"];
    let store = open().await;
    for (text, expected) in [
        ("17", &of_the_id[..]),
        ("t-17", &of_the_record[..]),
        ("DOC-9", &of_the_record[..]),
        ("S-1", &of_the_record[..]),
        ("19", &["rejection cases 19"]),
        ("18", &["link 18", "outcome cases 1 18"]),
        ("DOC", &[]),
        ("1", &[]),
        ("", &[]),
    ] {
        assert_eq!(kinds(&store.find(text, 10).await.unwrap()), expected, "{text}");
    }
    assert_eq!(kinds(&store.find("17", 2).await.unwrap()), of_the_id[..2]);
    // A key that is gone is not found any more.
    let mut gone = page(other, "nightly");
    gone.links = vec![Link { key: Key(texts(&["DOC-10"])), ..link(run, "cases", "17") }];
    store.commit_page(&gone).await.unwrap();
    assert_eq!(kinds(&store.find("DOC-9", 10).await.unwrap()), [""; 0]);
    assert_eq!(kinds(&store.find("DOC-10", 10).await.unwrap())[0], "link 17");
    // A data value is found by its id; a part of its key stands in thousands of them.
    let mut values = page(other, "nightly");
    let key = Key(texts(&["CnPsS2xE8UN", "2024W10", "DiszpKrYNg8"]));
    let of = |id: &str| Link { target_resource: "dataValueSets".to_owned(), key: key.clone(), ..link(run, "nightly", id) };
    values.links = vec![of("CnPsS2xE8UN.2024W10.DiszpKrYNg8")];
    store.commit_page(&values).await.unwrap();
    assert_eq!(kinds(&store.find("CnPsS2xE8UN.2024W10.DiszpKrYNg8", 10).await.unwrap()), ["link CnPsS2xE8UN.2024W10.DiszpKrYNg8"]);
    assert_eq!(kinds(&store.find("2024W10", 10).await.unwrap()), [""; 0]);
}

pub async fn purge_takes_what_is_old_and_nothing_else(open: &Open<'_>) {
    let store = open().await;
    store.put_version(&version("unused")).await.unwrap();
    let old = begin(&*store, "cases", 100).await;
    let mut commit = page(old, "cases");
    commit.at = at(100);
    commit.cursor = Some(cursor("17"));
    commit.links = vec![link(old, "cases", "1")];
    commit.sent = vec![sent(old, "cases", "1")];
    commit.outcomes = vec![outcome("1", Outcome::Created)];
    commit.rejections = vec![rejection(old, "cases", "2", 100), rejection(old, "cases", "3", 100)];
    commit.waiting = vec![waiting("cases", "4", "9", 100)];
    commit.kept = vec![kept("1", Action::Update, b"{}")];
    store.note_intents(&[intent(old, "cases", "1")]).await.unwrap();
    store.commit_page(&commit).await.unwrap();
    commit.rejections.clear();
    commit.closed_rejections = texts(&["3"]);
    store.commit_page(&commit).await.unwrap();
    store.finish_run(old, Status::Complete, 1, None, at(101)).await.unwrap();
    let running = begin(&*store, "contacts", 100).await;
    let young = begin(&*store, "cases", 300).await;
    let mut page = page(young, "cases");
    page.at = at(300);
    page.outcomes = vec![outcome("1", Outcome::Updated)];
    page.kept = vec![kept("1", Action::Update, b"{}")];
    page.rejections = vec![rejection(young, "cases", "5", 300)];
    store.commit_page(&page).await.unwrap();
    let plan = SavedPlan { flow: "cases".to_owned(), version: "v1".to_owned(), at: at(100), body: vec![1] };
    let plan = store.save_plan(&plan, at(900)).await.unwrap();

    let nothing = Retention { now: at(100), runs_before: at(100), outcomes_before: at(100), payloads_before: at(100) };
    store.purge("cases", nothing).await.unwrap();
    assert_eq!(store.outcomes(old, None, 0, 10).await.unwrap().len(), 2);
    assert_eq!(store.kept(old, i64::MAX, 10).await.unwrap().len(), 2);
    assert!(store.plan(plan, at(0)).await.unwrap().is_some());

    let everything = Retention { now: at(899), runs_before: at(400), outcomes_before: at(400), payloads_before: at(400) };
    store.purge("contacts", everything).await.unwrap();
    assert_eq!(store.outcomes(old, None, 0, 10).await.unwrap().len(), 2, "another flow's history is its own");
    assert!(store.plan(plan, at(0)).await.unwrap().is_some());

    store.purge("cases", Retention { now: at(901), outcomes_before: at(200), payloads_before: at(200), ..nothing }).await.unwrap();
    assert_eq!(store.outcomes(old, None, 0, 10).await.unwrap(), []);
    assert_eq!(store.kept(old, i64::MAX, 10).await.unwrap(), []);
    assert!(store.plan(plan, at(0)).await.unwrap().is_none());
    assert!(store.run(old).await.unwrap().is_some());
    let open_rejections = store.rejections(None, 10).await.unwrap();
    let has = open_rejections.iter().map(|row| (&*row.source_id, row.has_payload)).collect::<Vec<_>>();
    assert_eq!(has, [("2", false), ("5", true)]);

    store.purge("cases", Retention { runs_before: at(200), ..nothing }).await.unwrap();
    let store = open().await;
    assert_eq!(store.run(old).await.unwrap(), None);
    assert!(store.run(running).await.unwrap().is_some(), "a run that has not ended stays");
    assert!(store.version("v1").await.unwrap().is_some() && store.version("unused").await.unwrap().is_some());
    assert_eq!(store.links("register", "cases.csv", &texts(&["1"]), "godata").await.unwrap(), [link(old, "cases", "1")]);
    assert_eq!(store.sent("cases", &texts(&["1"])).await.unwrap().len(), 1);
    assert_eq!(store.cursors("cases").await.unwrap().len(), 1);
    assert_eq!(store.waiting("cases").await.unwrap().len(), 1);
    assert_eq!(store.open_intents("godata").await.unwrap().len(), 1);
    assert_eq!(store.rejections(None, 10).await.unwrap().len(), 2);
    assert_eq!(store.outcomes(young, None, 0, 10).await.unwrap().len(), 1);
    assert_eq!(store.kept(young, i64::MAX, 10).await.unwrap().len(), 1);
}

pub async fn rows_are_put_aside_until_they_are_dropped(open: &Open<'_>) {
    let store = open().await;
    let block = |text: &str| text.as_bytes().to_vec();
    store.put_spill("lab", 0, &[block("one"), block("two")]).await.unwrap();
    store.put_spill("lab", 1, &[block("three")]).await.unwrap();
    store.put_spill("labour", 0, &[block("four")]).await.unwrap();
    let again = open().await;
    for (owner, chunk, number, expected) in
        [("lab", 0, 0, Some("one")), ("lab", 0, 1, Some("two")), ("lab", 0, 2, None), ("lab", 1, 0, Some("three")), ("lab", 2, 0, None)]
    {
        assert_eq!(again.spill(owner, chunk, number).await.unwrap(), expected.map(block), "{owner} {chunk} {number}");
    }
    again.drop_spill("lab").await.unwrap();
    assert_eq!(store.spill("lab", 1, 0).await.unwrap(), None);
    assert_eq!(store.spill("labour", 0, 0).await.unwrap(), Some(block("four")));
    store.put_spill("lab", 0, &[block("five")]).await.unwrap();
    assert_eq!(store.spill("lab", 0, 0).await.unwrap(), Some(block("five")));
}

pub async fn own_deletions_outlive_the_history(open: &Open<'_>) {
    async fn own(store: &dyn Store, system: &str) -> Vec<String> {
        let mut own = store.own_deletions(system, &texts(&["t-1", "t-2", "t-3"])).await.unwrap();
        own.sort();
        own
    }
    let store = open().await;
    let run = begin(&*store, "cases", 100).await;
    let mut commit = page(run, "cases");
    let key = |system: &str, id: &str| TargetKey { system: system.to_owned(), id: id.to_owned() };
    commit.deleted = vec![key("godata", "t-1"), key("godata", "t-2"), key("hmis", "t-2")];
    commit.outcomes = vec![outcome("1", Outcome::Deleted), outcome("3", Outcome::Deleted)];
    store.commit_page(&commit).await.unwrap();
    store.commit_page(&commit).await.unwrap();
    store.finish_run(run, Status::Complete, 1, None, at(101)).await.unwrap();
    let everything = Retention { now: at(900), runs_before: at(900), outcomes_before: at(900), payloads_before: at(900) };
    store.purge("cases", everything).await.unwrap();
    let store = open().await;
    assert_eq!(own(&*store, "godata").await, ["t-1", "t-2"]);
    assert_eq!(own(&*store, "hmis").await, ["t-2"]);

    // What is linked is there again.
    let mut commit = page(begin(&*store, "cases", 901).await, "cases");
    commit.links = vec![link(commit.run, "cases", "2")];
    store.commit_page(&commit).await.unwrap();
    assert_eq!(own(&*store, "godata").await, ["t-1"]);
    assert_eq!(own(&*store, "hmis").await, ["t-2"], "the same id in another system is another record");

    let identity = |id: &str| Identity { id: id.to_owned(), label: id.to_owned() };
    store.adopt("godata", &identity("one"), &[], at(902)).await.unwrap();
    store.adopt("godata", &identity("two"), &[], at(903)).await.unwrap();
    assert_eq!(own(&*store, "godata").await, [""; 0], "another system");
}

/// Whoever looks at a few links comes round to all of them, also those that another flow made.
pub async fn a_few_links_are_taken_from_anywhere(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "cases", 1).await;
    let mut commit = page(run, "cases");
    commit.links = (1..=10).map(|id| link(run, "cases", &format!("{id:02}"))).collect();
    store.commit_page(&commit).await.unwrap();
    let ids = async |flow: &str, share: f64, limit: usize| -> Vec<String> {
        let links = store.some_links(flow, share, limit).await.unwrap();
        links.into_iter().map(|link| link.source.id).collect()
    };
    assert_eq!(ids("cases", 0.0, 3).await, ["01", "02", "03"]);
    assert_eq!(ids("cases", 0.55, 3).await, ["06", "07", "08"]);
    assert_eq!(ids("cases", 0.999, 3).await, ["10", "01", "02"], "behind the last comes the first");
    assert_eq!(ids("cases", 0.5, 100).await.len(), 10, "none comes twice");
    assert!(ids("others", 0.5, 3).await.is_empty());

    let other = begin(&*store, "nightly", 2).await;
    let mut nightly = page(other, "nightly");
    nightly.links = vec![Link { flow: "nightly".to_owned(), ..link(other, "cases", "04") }, link(other, "nightly", "11")];
    store.commit_page(&nightly).await.unwrap();
    assert_eq!(ids("nightly", 0.0, 3).await, ["04", "11"]);
}

/// What a run told goes with the outcomes, and no other session does.
pub async fn what_runs_told_goes_with_time(open: &Open<'_>) {
    let store = open().await;
    let (old, new) = (begin(&*store, "cases", 1).await, begin(&*store, "cases", 50).await);
    let other = begin(&*store, "contacts", 1).await;
    // A run that took long told it late, and goes with its outcomes all the same.
    for (key, second) in [(old.told_key(), 60), (new.told_key(), 61), (other.told_key(), 2), ("what run is counted by".to_owned(), 2)] {
        store.put_session(&key, "told", at(second)).await.unwrap();
    }
    let retention = Retention { now: at(100), runs_before: at(0), outcomes_before: at(50), payloads_before: at(0) };
    store.purge("cases", retention).await.unwrap();
    assert!(store.session(&old.told_key()).await.unwrap().is_none());
    assert!(store.session(&new.told_key()).await.unwrap().is_some());
    assert!(store.session(&other.told_key()).await.unwrap().is_some(), "another flow's history is its own");
    assert!(store.session("what run is counted by").await.unwrap().is_some());
}
