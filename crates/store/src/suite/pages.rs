//! What a page changes: links, what was sent, intents, rejections, waiting records, earlier values.

use kivuko_core::catalogue::store as codes;
use kivuko_core::connector::{Action, Key};
use kivuko_core::error::Consequence;
use kivuko_core::outcome::Outcome;
use kivuko_core::store::{IntentId, Link, OpenIntent, Reference, RunId, SourceKey, Store};

use super::{Open, at, begin, cursor, intent, kept, link, outcome, page, rejection, sent, source, texts, waiting};

async fn put(store: &dyn Store, run: RunId, flow: &str, links: &[Link]) {
    let mut commit = page(run, flow);
    commit.links = links.to_vec();
    store.commit_page(&commit).await.unwrap();
}

async fn links(store: &dyn Store, ids: &[&str]) -> Vec<Link> {
    store.links("register", "cases.csv", &texts(ids), "godata").await.unwrap()
}

/// A page that changes something everywhere.
pub async fn full_page(store: &dyn Store, run: RunId) -> kivuko_core::store::PageCommit {
    let ids = store.note_intents(&[intent(run, "cases", "1"), intent(run, "cases", "2")]).await.unwrap();
    let mut commit = page(run, "cases");
    commit.cursor = Some(cursor("17"));
    commit.counts.add(Outcome::Created);
    commit.counts.add(Outcome::Rejected);
    commit.outcomes = vec![outcome("1", Outcome::Created), outcome("2", Outcome::Rejected)];
    commit.links = vec![link(run, "cases", "1")];
    commit.sent = vec![sent(run, "cases", "1")];
    commit.closed_intents = ids;
    commit.rejections = vec![rejection(run, "cases", "2", 4)];
    commit.waiting = vec![waiting("cases", "3", "9", 4)];
    commit.kept = vec![kept("1", Action::Create, b"")];
    commit
}

pub async fn a_page_takes_effect(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "cases", 1).await;
    let commit = full_page(&*store, run).await;
    store.commit_page(&commit).await.unwrap();
    expect_full_page(&*open().await, run).await;
}

pub async fn expect_full_page(store: &dyn Store, run: RunId) {
    assert_eq!(links(store, &["1", "2"]).await, [link(run, "cases", "1")]);
    assert_eq!(store.sent("cases", &texts(&["1", "2"])).await.unwrap(), [sent(run, "cases", "1")]);
    assert_eq!(store.open_intents("godata").await.unwrap(), []);
    assert_eq!(store.cursor("cases", &page(run, "cases").partition).await.unwrap(), Some(cursor("17")));
    assert_eq!(store.waiting("cases").await.unwrap(), [waiting("cases", "3", "9", 4)]);
    assert_eq!(store.outcomes(run, None, 0, 10).await.unwrap().len(), 2);
    assert_eq!(store.kept(run, i64::MAX, 10).await.unwrap()[0].1, kept("1", Action::Create, b""));
    assert_eq!(store.rejections(None, 10).await.unwrap()[0].source_id, "2");
    let counts = store.run(run).await.unwrap().unwrap().counts;
    assert_eq!((counts.read, counts.created, counts.rejected), (2, 1, 1));
    assert!(counts.adds_up());
}

pub async fn two_sources_may_feed_one_record(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "cases", 1).await;
    let mut commit = full_page(&*store, run).await;
    let mut other = link(run, "cases", "1");
    other.source.system = "laboratory".to_owned();
    commit.links.push(other.clone());
    store.commit_page(&commit).await.unwrap();
    let mut found = store.links_by_key(&other.target_system, &other.target_resource, std::slice::from_ref(&other.key)).await.unwrap();
    found.sort_by(|a, b| a.source.cmp(&b.source));
    let mut expected = vec![link(run, "cases", "1"), other];
    expected.sort_by(|a, b| a.source.cmp(&b.source));
    assert_eq!(found, expected);
}

pub async fn a_page_takes_effect_as_a_whole_or_not_at_all(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "cases", 1).await;
    let mut commit = full_page(&*store, run).await;
    let good = commit.links.clone();
    // The second link claims the key of the first: the page fails in its middle.
    commit.links.push(Link { key: Key(texts(&["1"])), ..link(run, "cases", "2") });
    let error = store.commit_page(&commit).await.unwrap_err();
    assert_eq!(error.cause.code, codes::KEY_TAKEN);

    assert_eq!(links(&*store, &["1", "2"]).await, []);
    assert_eq!(store.sent("cases", &texts(&["1"])).await.unwrap(), []);
    assert_eq!(store.open_intents("godata").await.unwrap().len(), 2);
    assert_eq!(store.cursors("cases").await.unwrap(), []);
    assert_eq!(store.waiting("cases").await.unwrap(), []);
    assert_eq!(store.outcomes(run, None, 0, 10).await.unwrap(), []);
    assert_eq!(store.kept(run, i64::MAX, 10).await.unwrap(), []);
    assert_eq!(store.rejections(None, 10).await.unwrap(), []);
    assert_eq!(store.run(run).await.unwrap().unwrap().counts.read, 0);

    commit.links = good;
    store.commit_page(&commit).await.unwrap();
    expect_full_page(&*store, run).await;
}

pub async fn a_page_survives_the_end_of_the_process(open: &Open<'_>) {
    let run = {
        let store = open().await;
        let run = begin(&*store, "cases", 1).await;
        let commit = full_page(&*store, run).await;
        store.commit_page(&commit).await.unwrap();
        store.note_intents(&[intent(run, "cases", "5")]).await.unwrap();
        run
    };
    let again = open().await;
    let left = again.open_intents("godata").await.unwrap();
    assert_eq!(left.iter().map(|open| &*open.intent.source.id).collect::<Vec<_>>(), ["5"]);
    again.close_intents(&[left[0].id]).await.unwrap();
    expect_full_page(&*again, run).await;
}

pub async fn links_are_found_by_source_key_and_target(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "cases", 1).await;
    let lab = Link { part: "lab#S-17".to_owned(), target_id: "l-1".to_owned(), key: Key(texts(&["1", "S-17"])), ..link(run, "cases", "1") };
    let hmis = Link { target_system: "hmis".to_owned(), version: None, created: false, ..link(run, "cases", "1") };
    let keyless = Link { key: Key(vec![]), target_resource: "notes".to_owned(), ..link(run, "cases", "2") };
    let keyless_too = Link { key: Key(vec![]), target_resource: "notes".to_owned(), ..link(run, "cases", "3") };
    let one = link(run, "cases", "1");
    put(&*store, run, "cases", &[one.clone(), lab.clone(), hmis.clone(), keyless.clone(), keyless_too]).await;

    let store = open().await;
    assert_eq!(links(&*store, &["1", "2", "1", "none"]).await, [one.clone(), lab.clone(), keyless.clone()]);
    assert_eq!(store.links("register", "cases.csv", &texts(&["1"]), "hmis").await.unwrap(), std::slice::from_ref(&hmis));
    assert_eq!(store.links("register", "other.csv", &texts(&["1"]), "hmis").await.unwrap(), []);
    assert_eq!(store.links("register", "cases.csv", &[], "hmis").await.unwrap(), []);

    let keys = [Key(texts(&["1", "S-17"])), Key(texts(&["1"])), Key(texts(&["S-17"])), Key(vec![])];
    let mut by_key = store.links_by_key("godata", "cases", &keys).await.unwrap();
    by_key.sort_by(|a, b| a.part.cmp(&b.part));
    assert_eq!(by_key, [one.clone(), lab.clone()]);
    assert_eq!(store.links_by_key("hmis", "cases", &keys).await.unwrap(), [hmis]);
    assert_eq!(store.links_by_key("godata", "contacts", &keys).await.unwrap(), []);

    assert_eq!(store.links_by_target("godata", "cases", &texts(&["l-1", "t-1", "none"])).await.unwrap(), [lab, one]);
    assert_eq!(store.links_by_target("godata", "notes", &texts(&["t-2"])).await.unwrap(), [keyless]);
}

/// One flow makes a place of a record, and another one an entry of a code list: each has its own link, and takes away its own alone.
pub async fn a_record_may_be_two_things_in_one_target(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "places", 1).await;
    let place = Link { target_resource: "locations".to_owned(), ..link(run, "places", "1") };
    let entry = Link { target_resource: "reference-data".to_owned(), target_id: "r-1".to_owned(), ..link(run, "places", "1") };
    put(&*store, run, "places", &[place.clone(), entry.clone()]).await;
    assert_eq!(links(&*store, &["1"]).await, [place.clone(), entry.clone()]);
    let mut gone = page(run, "places");
    gone.unlinked = vec![place];
    store.commit_page(&gone).await.unwrap();
    assert_eq!(links(&*store, &["1"]).await, [entry]);
}

/// Page by page, and none twice; what was unlinked is no longer there.
pub async fn links_between_two_resources_are_listed(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "places", 1).await;
    let place = |id: &str| Link { target_resource: "locations".to_owned(), target_id: format!("l-{id}"), ..link(run, "places", id) };
    let places: Vec<Link> = ["1", "2", "3"].map(place).into();
    put(&*store, run, "places", &places).await;
    put(&*store, run, "places", &[link(run, "places", "1")]).await;
    let back = SourceKey { system: "godata".to_owned(), resource: "locations".to_owned(), id: "l-9".to_owned() };
    let back =
        Link { source: back, target_system: "register".to_owned(), target_resource: "cases.csv".to_owned(), ..link(run, "places", "9") };
    put(&*store, run, "places", std::slice::from_ref(&back)).await;

    let store = open().await;
    let (register, locations) = (("register", "cases.csv"), ("godata", "locations"));
    let first = store.links_between(register, locations, 0, 2).await.unwrap();
    let second = store.links_between(register, locations, first[1].0, 2).await.unwrap();
    let found: Vec<Link> = first.into_iter().chain(second).map(|(_, link)| link).collect();
    assert_eq!(found, places);
    let there: Vec<Link> = store.links_between(locations, register, 0, 10).await.unwrap().into_iter().map(|(_, link)| link).collect();
    assert_eq!(there, [back]);
    assert_eq!(store.links_between(register, ("godata", "outbreaks"), 0, 10).await.unwrap(), []);
    let mut gone = page(run, "places");
    gone.unlinked = vec![places[1].clone()];
    store.commit_page(&gone).await.unwrap();
    let left: Vec<Link> = store.links_between(register, locations, 0, 10).await.unwrap().into_iter().map(|(_, link)| link).collect();
    assert_eq!(left, [places[0].clone(), places[2].clone()]);
}

pub async fn a_link_moves_to_another_record(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "cases", 1).await;
    put(&*store, run, "cases", &[link(run, "cases", "1")]).await;
    let moved = Link { target_id: "t-new".to_owned(), created: false, version: None, ..link(run, "cases", "1") };
    put(&*store, run, "cases", std::slice::from_ref(&moved)).await;
    assert_eq!(links(&*store, &["1"]).await, [moved]);
    assert_eq!(store.links_by_target("godata", "cases", &texts(&["t-1"])).await.unwrap(), []);
    assert_eq!(store.count_links("cases").await.unwrap(), 1);
}

pub async fn links_exchange_their_keys(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "cases", 1).await;
    let [one, two] = ["1", "2"].map(|id| link(run, "cases", id));
    put(&*store, run, "cases", &[one.clone(), two.clone()]).await;
    let exchanged = [Link { key: two.key.clone(), ..one.clone() }, Link { key: one.key.clone(), ..two.clone() }];
    put(&*store, run, "cases", &exchanged).await;
    assert_eq!(links(&*store, &["1", "2"]).await, exchanged);

    // One goes, and another takes its key in the same page.
    let mut commit = page(run, "cases");
    commit.unlinked = vec![exchanged[0].clone()];
    commit.links = vec![Link { key: two.key.clone(), ..link(run, "cases", "3") }];
    store.commit_page(&commit).await.unwrap();
    assert_eq!(links(&*store, &["1", "2", "3"]).await, [exchanged[1].clone(), commit.links[0].clone()]);
}

pub async fn a_key_belongs_to_one_source_record(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "cases", 1).await;
    put(&*store, run, "cases", &[link(run, "cases", "K-1")]).await;
    let mut commit = page(run, "cases");
    commit.links = vec![Link { key: Key(texts(&["K-1"])), ..link(run, "cases", "other") }];
    let error = store.commit_page(&commit).await.unwrap_err();
    assert_eq!((error.consequence, error.cause.code), (Consequence::StopRun, codes::KEY_TAKEN));
    assert!(error.cause.message.contains("`other` and `K-1`"), "{error}");
    assert_eq!(links(&*store, &["K-1", "other"]).await, [link(run, "cases", "K-1")]);
    // Under another resource it is another key.
    commit.links[0].target_resource = "contacts".to_owned();
    store.commit_page(&commit).await.unwrap();
}

pub async fn a_record_that_is_gone_was_not_sent(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "cases", 1).await;
    let mut commit = page(run, "cases");
    commit.links = vec![link(run, "cases", "1"), link(run, "cases", "2")];
    commit.sent = vec![sent(run, "cases", "1"), sent(run, "cases", "2")];
    store.commit_page(&commit).await.unwrap();
    let mut gone = page(run, "cases");
    gone.unlinked = vec![link(run, "cases", "1"), link(run, "cases", "never")];
    store.commit_page(&gone).await.unwrap();
    assert_eq!(links(&*store, &["1", "2"]).await, [link(run, "cases", "2")]);
    assert_eq!(store.sent("cases", &texts(&["1", "2"])).await.unwrap(), [sent(run, "cases", "2")]);
}

pub async fn links_belong_to_the_project(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "cases", 1).await;
    put(&*store, run, "cases", &[link(run, "cases", "1"), link(run, "cases", "2")]).await;
    let lab = Link { part: "lab#1".to_owned(), key: Key(vec![]), ..link(run, "cases", "2") };
    put(&*store, run, "cases", std::slice::from_ref(&lab)).await;

    // Another flow uses a link: it does not become its own.
    let other = begin(&*store, "nightly", 2).await;
    put(&*store, other, "nightly", &[Link { created: false, seen: other, ..link(other, "nightly", "1") }]).await;
    let shared = Link { seen: other, ..link(run, "cases", "1") };
    assert_eq!(links(&*store, &["1"]).await, std::slice::from_ref(&shared));
    assert_eq!(store.count_links("cases").await.unwrap(), 3);
    assert_eq!(store.count_links("nightly").await.unwrap(), 1);

    let reference = |flow: &str, id: &str| Reference { flow: flow.to_owned(), source_id: id.to_owned() };
    let wanted =
        [reference("cases", "2"), reference("nightly", "2"), reference("nightly", "1"), reference("cases", "1"), reference("cases", "2")];
    let two = Some(link(run, "cases", "2"));
    assert_eq!(store.resolve(&wanted).await.unwrap(), [two.clone(), None, Some(shared.clone()), Some(shared), two]);
    assert_eq!(store.resolve(&[]).await.unwrap(), []);
}

pub async fn what_was_not_seen_is_listed_in_pages(open: &Open<'_>) {
    let store = open().await;
    let first = begin(&*store, "cases", 1).await;
    let ids = ["a", "b", "c", "d", "e"];
    let mut all: Vec<Link> = ids.iter().map(|id| link(first, "cases", id)).collect();
    all.push(Link { part: "lab#1".to_owned(), key: Key(vec![]), ..link(first, "cases", "b") });
    put(&*store, first, "cases", &all).await;
    // A record of another source with the same id is none of this flow's business.
    let elsewhere = begin(&*store, "other", 1).await;
    let system = SourceKey { system: "other".to_owned(), ..source("a") };
    put(&*store, elsewhere, "other", &[Link { source: system, key: Key(vec![]), ..link(elsewhere, "other", "a") }]).await;

    let second = begin(&*store, "cases", 2).await;
    let mut commit = page(second, "cases");
    commit.seen = vec![source("d"), source("unknown"), SourceKey { resource: "other.csv".to_owned(), ..source("c") }];
    store.commit_page(&commit).await.unwrap();
    assert_eq!(links(&*store, &["d"]).await[0].seen, second);

    let mut listed = Vec::new();
    let mut after = String::new();
    loop {
        let found = store.unseen("cases", second, &after, 2).await.unwrap();
        let Some(last) = found.last() else { break };
        after.clone_from(&last.source.id);
        listed.extend(found.into_iter().map(|link| format!("{}{}", link.source.id, link.part)));
    }
    assert_eq!(listed, ["a", "b", "blab#1", "c", "e"]);
    assert_eq!(store.unseen("cases", first, "", 10).await.unwrap(), []);
    // What another flow of the project has seen later stays seen.
    let mut late = page(second, "cases");
    late.links = vec![Link { seen: first, ..link(first, "cases", "d") }];
    store.commit_page(&late).await.unwrap();
    assert_eq!(links(&*store, &["d"]).await[0].seen, second);
}

pub async fn strange_texts_come_back_as_they_were(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "cases", 1).await;
    let strange = [
        "a\"b",
        "\\",
        "\u{e9}\u{301}",
        "'; DROP TABLE link; --",
        "\n\t\r",
        "\u{1F9EA}",
        "017",
        "1e3",
        "null",
        "[\"x\"]",
        "\u{0}x",
        "\u{7f}\u{2028}",
        " ",
    ];
    let all: Vec<Link> = strange
        .iter()
        .map(|id| Link { part: format!("p{id}"), key: Key(texts(&[id, id])), version: Some((*id).to_owned()), ..link(run, "cases", id) })
        .collect();
    let mut commit = page(run, "cases");
    commit.links.clone_from(&all);
    commit.sent = strange.iter().map(|id| sent(run, "cases", id)).collect();
    commit.outcomes = strange.iter().map(|id| outcome(id, Outcome::Created)).collect();
    commit.rejections = strange.iter().map(|id| rejection(run, "cases", id, 1)).collect();
    store.commit_page(&commit).await.unwrap();
    for (id, link) in strange.iter().zip(&all) {
        assert_eq!(links(&*store, &[id]).await, std::slice::from_ref(link), "{id:?}");
        assert_eq!(
            store.links_by_key("godata", "cases", std::slice::from_ref(&link.key)).await.unwrap(),
            std::slice::from_ref(link),
            "{id:?}"
        );
        assert_eq!(
            store.links_by_target("godata", "cases", std::slice::from_ref(&link.target_id)).await.unwrap(),
            std::slice::from_ref(link)
        );
        assert_eq!(store.sent("cases", &texts(&[id])).await.unwrap(), [sent(run, "cases", id)]);
        assert_eq!(store.find(id, 10).await.unwrap().len(), 3, "{id:?}");
    }
    let rows = store.outcomes(run, None, 0, 100).await.unwrap();
    assert_eq!(rows.into_iter().map(|(_, row)| row).collect::<Vec<_>>(), commit.outcomes);
    for row in store.rejections(None, 100).await.unwrap() {
        assert_eq!(store.rejection_payload(row.id).await.unwrap(), commit.rejections[0].payload);
    }
}

pub async fn intents_are_open_until_they_are_closed(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "cases", 1).await;
    let mut intents: Vec<_> = ["3", "1", "2"].map(|id| intent(run, "cases", id)).to_vec();
    intents[1].action = Action::Deactivate;
    intents[1].target_id = Some("t-1".to_owned());
    intents[2].target_system = "hmis".to_owned();
    let ids = store.note_intents(&intents).await.unwrap();
    assert!(ids.is_sorted());
    let numbered: Vec<OpenIntent> = ids.iter().zip(&intents).map(|(id, intent)| OpenIntent { id: *id, intent: intent.clone() }).collect();
    assert_eq!(open().await.open_intents("godata").await.unwrap(), numbered[..2]);
    assert_eq!(store.open_intents("hmis").await.unwrap(), numbered[2..]);
    store.close_intents(&[ids[0], ids[2], IntentId(4711)]).await.unwrap();
    assert_eq!(store.open_intents("godata").await.unwrap(), numbered[1..2]);
    store.close_intents(&ids).await.unwrap();
    let more = open().await.note_intents(&intents[..1]).await.unwrap();
    assert!(more[0] > ids[2], "the number of an intent is never given again");
    assert_eq!(store.note_intents(&[]).await.unwrap(), []);
}

pub async fn a_rejection_stays_until_the_record_gets_through(open: &Open<'_>) {
    let store = open().await;
    let first = begin(&*store, "cases", 1).await;
    let mut commit = page(first, "cases");
    commit.rejections = vec![rejection(first, "cases", "1", 10), rejection(first, "cases", "2", 10), rejection(first, "other", "1", 10)];
    store.commit_page(&commit).await.unwrap();
    store.commit_page(&commit).await.unwrap();
    let row = store.rejections(Some("cases"), 10).await.unwrap().remove(0);
    assert_eq!((&*row.source_id, row.times, row.has_payload), ("1", 1, true), "a page that is read twice counts once");

    let second = begin(&*store, "cases", 2).await;
    let mut again = page(second, "cases");
    again.at = at(20);
    again.rejections = vec![rejection(second, "cases", "1", 20)];
    again.rejections[0].payload = None;
    again.rejections[0].causes[0].message = "another cause".to_owned();
    again.closed_rejections = texts(&["1", "2", "3"]);
    store.commit_page(&again).await.unwrap();

    let store = open().await;
    let rows = store.rejections(Some("cases"), 10).await.unwrap();
    assert_eq!(rows.len(), 1, "2 got through; 1 was rejected, whatever else became of it");
    assert_eq!((rows[0].id, rows[0].times, rows[0].has_payload), (row.id, 2, false));
    assert_eq!((rows[0].first_run, rows[0].last_run, rows[0].first_at, rows[0].last_at), (first, second, at(10), at(20)));
    assert_eq!(rows[0].causes, again.rejections[0].causes);
    assert_eq!(store.rejection(row.id).await.unwrap().as_ref(), Some(&rows[0]));
    assert_eq!(store.rejection_payload(row.id).await.unwrap(), None);
    let other = store.rejections(Some("other"), 10).await.unwrap();
    assert_eq!(store.rejection_payload(other[0].id).await.unwrap(), commit.rejections[2].payload, "the other flow's stays");
    assert_eq!(store.rejections(None, 1).await.unwrap().len(), 1);

    let mut through = page(second, "cases");
    through.closed_rejections = texts(&["1"]);
    store.commit_page(&through).await.unwrap();
    assert_eq!(store.rejections(Some("cases"), 10).await.unwrap(), []);
    assert_eq!(store.rejection(row.id).await.unwrap(), None);
    store.commit_page(&again).await.unwrap();
    let anew = store.rejections(Some("cases"), 10).await.unwrap();
    assert!(anew[0].id > row.id && anew[0].times == 1, "a later rejection is another one");
}

pub async fn rejections_are_discarded_by_hand(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "cases", 1).await;
    let mut commit = page(run, "cases");
    commit.rejections = ["1", "2", "3"].map(|id| rejection(run, "cases", id, 10)).to_vec();
    store.commit_page(&commit).await.unwrap();
    let ids: Vec<i64> = store.rejections(None, 10).await.unwrap().iter().map(|row| row.id).collect();
    let asked = texts(&["3", "4711", "2"]);
    let code = commit.rejections[0].causes[0].code;
    assert_eq!(store.open_rejections("cases", &asked).await.unwrap(), [("3".to_owned(), code), ("2".to_owned(), code)]);
    assert_eq!(store.open_rejections("contacts", &asked).await.unwrap(), []);
    assert_eq!(store.discard_rejections(&[ids[0], ids[1], 4711], "a test record", at(30)).await.unwrap(), 2);
    assert_eq!(open().await.discard_rejections(&[ids[0]], "again", at(30)).await.unwrap(), 0);
    assert_eq!(store.rejections(None, 10).await.unwrap().iter().map(|row| row.id).collect::<Vec<_>>(), [ids[2]]);
    let open = store.open_rejections("cases", &asked).await.unwrap();
    assert_eq!(open.len(), 1, "the other was discarded: {open:?}");
}

pub async fn waiting_records_wait_since_they_began(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "contacts", 1).await;
    let mut commit = page(run, "contacts");
    commit.waiting = vec![
        waiting("contacts", "1", "A", 10),
        waiting("contacts", "1", "B", 10),
        waiting("contacts", "2", "A", 10),
        waiting("contacts", "3", "A", 10),
    ];
    store.commit_page(&commit).await.unwrap();
    let mut later = page(run, "contacts");
    later.waiting = vec![waiting("contacts", "1", "B", 20), waiting("contacts", "3", "C", 20)];
    later.arrived = texts(&["2"]);
    store.commit_page(&later).await.unwrap();
    let expected = [waiting("contacts", "1", "B", 10), waiting("contacts", "3", "C", 20)];
    assert_eq!(open().await.waiting("contacts").await.unwrap(), expected);
    assert_eq!(store.waiting("cases").await.unwrap(), []);
}

pub async fn earlier_values_are_kept(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "cases", 1).await;
    let list = [kept("1", Action::Create, b""), kept("2", Action::Update, b"{\"age\":7}"), kept("3", Action::Delete, b"{}")];
    let mut commit = page(run, "cases");
    commit.kept = list.to_vec();
    store.commit_page(&commit).await.unwrap();
    let store = open().await;
    let newest = store.kept(run, i64::MAX, 2).await.unwrap();
    assert_eq!(newest.iter().map(|(_, kept)| kept.clone()).collect::<Vec<_>>(), [list[2].clone(), list[1].clone()]);
    let oldest = store.kept(run, newest[1].0, 2).await.unwrap();
    assert_eq!(oldest.iter().map(|(_, kept)| kept.clone()).collect::<Vec<_>>(), list[..1]);
    assert_eq!(store.kept(RunId(run.0 + 1), i64::MAX, 2).await.unwrap(), []);
    // Over several pages, in parts of any size: each value once, the newest first.
    let mut later = page(run, "cases");
    later.kept = vec![kept("4", Action::Update, b"{}"), kept("5", Action::Create, b"")];
    store.commit_page(&later).await.unwrap();
    let all: Vec<_> = list.into_iter().chain(later.kept).rev().collect();
    for most in 1..=all.len() + 1 {
        let (mut read, mut before) = (Vec::new(), i64::MAX);
        loop {
            let part = store.kept(run, before, most).await.unwrap();
            let Some((last, _)) = part.last() else { break };
            before = *last;
            assert!(part.len() <= most);
            read.extend(part.into_iter().map(|(_, kept)| kept));
        }
        assert_eq!(read, all, "{most} at a time");
    }
}
