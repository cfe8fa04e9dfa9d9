//! Stores that older versions have written open and read as they did then.
//!
//! `src/fixtures/vN/store.db` is never written again; `expected.txt` beside it is what it has to read as, in every later version. When a migration is
//! added, `KIVUKO_FIXTURE=src/fixtures/vN/store.db cargo test -p kivuko-store fixture` writes the store of the new version.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use kivuko_core::cells::{Cell, CountedPart, CountedRecord};
use kivuko_core::connector::{Action, Identity};
use kivuko_core::error::{Cause, Code};
use kivuko_core::outcome::{Outcome, Status};
use kivuko_core::people::{PeoplePage, PersonRow};
use kivuko_core::store::{Reference, RunId, SavedPlan, Store, TargetKey};

use super::{Place, SqliteStore, key};
use crate::suite::{at, begin, cursor, intent, kept, link, outcome, page, rejection, sent, texts, waiting};

fn folder(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/fixtures").join(version)
}

/// One of everything.
async fn fill(store: &SqliteStore) {
    let run = begin(store, "cases", 1).await;
    let ids = store.note_intents(&[intent(run, "cases", "1"), intent(run, "cases", "2")]).await.unwrap();
    let mut commit = page(run, "cases");
    commit.cursor = Some(cursor("17"));
    commit.counts.add(Outcome::Created);
    commit.counts.add(Outcome::Rejected);
    commit.outcomes = vec![outcome("1", Outcome::Created), outcome("3", Outcome::Rejected)];
    commit.links = vec![link(run, "cases", "1")];
    commit.sent = vec![sent(run, "cases", "1")];
    commit.closed_intents = ids[..1].to_vec();
    commit.rejections = vec![rejection(run, "cases", "3", 4), rejection(run, "cases", "4", 4)];
    commit.waiting = vec![waiting("cases", "5", "9", 4)];
    commit.deleted = vec![TargetKey { system: "godata".to_owned(), id: "t-8".to_owned() }];
    commit.kept = vec![kept("1", Action::Update, b"{\"age\":7}")];
    store.commit_page(&commit).await.unwrap();
    store.finish_run(run, Status::Incomplete, 17, Some(&Cause::new(Code(501), "not reachable")), at(9)).await.unwrap();
    begin(store, "contacts", 10).await;
    store.set_cursor("cases", &page(run, "a.csv").partition, Some(&cursor("by hand")), "delivered twice", at(20)).await.unwrap();
    let lease = store.acquire_lease("godata/1", "here", at(0), at(60)).await.unwrap().unwrap();
    store.release_lease(&lease).await.unwrap();
    store.put_session("token", "value of the session", at(1)).await.unwrap();
    store.adopt("godata", &Identity { id: "one".to_owned(), label: "outbreak Ebola 2026".to_owned() }, &[], at(1)).await.unwrap();
    let plan = SavedPlan { flow: "cases".to_owned(), version: "v1".to_owned(), at: at(1), body: b"body of the plan".to_vec() };
    store.save_plan(&plan, at(1_000_000)).await.unwrap();
    store.set_secret("GODATA_PASSWORD", "value of the secret", at(1)).await.unwrap();
    store.put_spill("cases", 0, &[b"rows put aside".to_vec()]).await.unwrap();
    let cell = Cell {
        indicator: "confirmed".to_owned(),
        element: "CnPsS2xE8UN".to_owned(),
        period: "2024W10".to_owned(),
        org_unit: "DiszpKrYNg8".to_owned(),
        option_combo: "HllvX50cXC0".to_owned(),
        attribute_option_combo: "HllvX50cXC0".to_owned(),
    };
    let number = store.cell_numbers("contacts", &[cell]).await.unwrap()[0];
    let mut commit = page(RunId(2), "contacts");
    let parts = Some(vec![CountedPart(number, "1".to_owned())]);
    let place = "contacts.csv, row 1".to_owned();
    commit.cells.counted = vec![CountedRecord { source_id: "1".to_owned(), place, version: None, parts }];
    store.commit_page(&commit).await.unwrap();
    store.open_people("cases/", "godata", "1").await.unwrap();
    let person = PersonRow { id: "t-1".to_owned(), keys: vec![17], body: b"who it is".to_vec() };
    store.put_people("cases/", &PeoplePage { put: vec![person], ..PeoplePage::default() }).await.unwrap();
}

/// Everything that can be read back.
async fn read(store: &SqliteStore) -> String {
    let mut text = String::new();
    let mut put = |name: &str, value: &dyn std::fmt::Debug| writeln!(text, "{name}: {value:#?}\n").unwrap();
    let ids = texts(&["1", "2", "3"]);
    let (run, partition) = (RunId(1), page(RunId(1), "cases").partition);
    put("version", &store.version("v1").await.unwrap());
    put("runs", &store.runs(None, 10).await.unwrap());
    put("outcomes", &store.outcomes(run, None, 0, 10).await.unwrap());
    put("links", &store.links("register", "cases.csv", &ids, "godata").await.unwrap());
    put("resolved", &store.resolve(&[Reference { flow: "cases".to_owned(), source_id: "1".to_owned() }]).await.unwrap());
    put("unseen", &store.unseen("cases", RunId(2), "", 10).await.unwrap().len());
    put("sent", &store.sent("cases", &ids).await.unwrap());
    put("intents", &store.open_intents("godata").await.unwrap());
    put("cursor", &store.cursor("cases", &partition).await.unwrap());
    put("cursors", &store.cursors("cases").await.unwrap());
    put("cursor history", &store.cursor_history("cases", 10).await.unwrap());
    for row in store.rejections(None, 10).await.unwrap() {
        put("payload", &store.rejection_payload(row.id).await.unwrap().map(String::from_utf8));
        put("rejection", &row);
    }
    put("waiting", &store.waiting("cases").await.unwrap());
    put("kept", &store.kept(run, i64::MAX, 10).await.unwrap());
    put("session", &store.session("token").await.unwrap().map(|shared| (shared.generation, shared.value)));
    put("identity", &store.identity("godata").await.unwrap());
    put("plan", &store.plan(1, at(1)).await.unwrap());
    put("secret", &store.secret("GODATA_PASSWORD").await.unwrap());
    put("found", &store.find("t-1", 10).await.unwrap());
    put("hash key", &crate::seal::hex(&store.hash_key()));
    put("next lease", &store.acquire_lease("godata/1", "there", at(1), at(60)).await.unwrap());
    text
}

/// The record that counts is found by its identity and by its cell, and can be taken back.
async fn check_counted(store: &SqliteStore) {
    let ids = texts(&["1"]);
    let known = store.counted("contacts", &ids).await.unwrap().remove(0).unwrap();
    let [CountedPart(cell, part)] = known.parts.as_slice() else { panic!("it counts once: {known:?}") };
    let behind = store.records_of_cell(*cell, "", 10).await.unwrap();
    assert_eq!(behind.iter().map(|one| (one.source_id.as_str(), &one.part)).collect::<Vec<_>>(), [("1", part)]);
    let mut commit = page(RunId(2), "contacts");
    commit.cells.counted = vec![CountedRecord { source_id: "1".to_owned(), place: String::new(), version: None, parts: None }];
    store.commit_page(&commit).await.unwrap();
    assert_eq!(store.counted("contacts", &ids).await.unwrap(), [None]);
    assert_eq!(store.count_counted("contacts").await.unwrap(), 0);
    assert!(store.records_of_cell(*cell, "", 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_fixture_of_every_version_reads_as_it_did() {
    for version in ["v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10"] {
        let place = Place::new();
        fs::copy(folder(version).join("store.db"), place.path()).unwrap();
        let expected = fs::read_to_string(folder(version).join("expected.txt")).unwrap();
        let store = place.sqlite().await;
        assert_eq!(read(&store).await, expected, "{version}");
        store.commit_page(&page(RunId(2), "contacts")).await.unwrap();
        if ["v5", "v6", "v7", "v8", "v9", "v10"].contains(&version) {
            check_counted(&store).await;
        }
        let own = store.own_deletions("godata", &texts(&["t-1", "t-8"])).await.unwrap();
        assert_eq!(own, if ["v9", "v10"].contains(&version) { vec!["t-8"] } else { Vec::new() }, "{version}");
    }
}

/// What an older version had deleted is taken from its history, but for what is linked again.
#[tokio::test]
async fn what_was_deleted_before_may_be_made_again() {
    let place = Place::new();
    fs::copy(folder("v8").join("store.db"), place.path()).unwrap();
    let raw = place.raw().await;
    for id in ["t-1", "t-7"] {
        let statement = "INSERT INTO outcome (run, at, source_id, place, part, outcome, target_resource, target_id, fields, causes)
            VALUES (1, 0, '7', '', '', 'deleted', 'cases', ?1, '[]', '[]')";
        sqlx::query(statement).bind(id).execute(&raw).await.unwrap();
    }
    raw.close().await;
    let store = place.sqlite().await;
    assert_eq!(store.own_deletions("godata", &texts(&["t-1", "t-7", "t-9"])).await.unwrap(), ["t-7"]);
}

#[tokio::test]
async fn a_new_store_reads_as_the_newest_fixture() {
    let wanted = std::env::var_os("KIVUKO_FIXTURE").map(PathBuf::from);
    let (place, copy) = (Place::new(), Place::new());
    let path = wanted.clone().unwrap_or_else(|| place.path());
    let store = crate::open(&path, &key()).await.unwrap();
    fill(&store).await;
    store.close().await;
    // Reading takes a lease, so it is done on a copy.
    fs::copy(&path, copy.path()).unwrap();
    let read = read(&*copy.sqlite().await).await;
    if let Some(wanted) = wanted {
        fs::write(wanted.with_file_name("expected.txt"), &read).unwrap();
    }
    assert_eq!(read, fs::read_to_string(folder("v10").join("expected.txt")).unwrap());
}
