//! That what is private cannot be read from the file, moved in it, or lost when the key changes.

use std::fs;

use kivuko_core::catalogue::store as codes;
use kivuko_core::connector::Action;
use kivuko_core::people::{PeoplePage, PersonRow};
use kivuko_core::store::{SavedPlan, Store};

use super::{Place, SqliteStore, key};
use crate::key::Key;
use crate::suite::{at, begin, kept, page, rejection};

const MARKER: &str = "Marker-Of-A-Person";

/// Puts the marker wherever something is kept encrypted.
async fn fill(store: &SqliteStore) -> (i64, i64) {
    let run = begin(store, "cases", 1).await;
    let mut commit = page(run, "cases");
    commit.rejections = vec![rejection(run, "cases", "1", 1), rejection(run, "cases", "2", 1)];
    for rejection in &mut commit.rejections {
        rejection.payload = Some(format!("{MARKER} {}", rejection.source_id).into_bytes());
    }
    commit.kept = vec![kept("1", Action::Update, MARKER.as_bytes())];
    store.commit_page(&commit).await.unwrap();
    let plan = SavedPlan { flow: "cases".to_owned(), version: "v1".to_owned(), at: at(1), body: MARKER.into() };
    let plan = store.save_plan(&plan, at(99)).await.unwrap();
    store.put_session("godata/token", MARKER, at(1)).await.unwrap();
    store.set_secret("GODATA_PASSWORD", MARKER, at(1)).await.unwrap();
    store.put_spill("cases", 0, &[MARKER.into()]).await.unwrap();
    store.open_people("cases/", "godata", "1").await.unwrap();
    let person = PersonRow { id: "1".to_owned(), keys: vec![1], body: MARKER.into() };
    store.put_people("cases/", &PeoplePage { put: vec![person], ..PeoplePage::default() }).await.unwrap();
    (run.0, plan)
}

async fn expect_filled(store: &SqliteStore, (run, plan): (i64, i64)) {
    for row in store.rejections(None, 10).await.unwrap() {
        assert_eq!(store.rejection_payload(row.id).await.unwrap(), Some(format!("{MARKER} {}", row.source_id).into_bytes()));
    }
    assert_eq!(store.kept(kivuko_core::store::RunId(run), i64::MAX, 10).await.unwrap()[0].1.before, MARKER.as_bytes());
    assert_eq!(store.plan(plan, at(1)).await.unwrap().unwrap().body, MARKER.as_bytes());
    assert_eq!(store.session("godata/token").await.unwrap().unwrap().value, MARKER);
    assert_eq!(store.secret("GODATA_PASSWORD").await.unwrap().as_deref(), Some(MARKER));
}

#[tokio::test]
async fn the_files_do_not_show_what_is_private() {
    let place = Place::new();
    let store = place.sqlite().await;
    let filled = fill(&store).await;
    expect_filled(&store, filled).await;
    let hex = crate::seal::hex(MARKER.as_bytes());
    let look = || {
        for file in fs::read_dir(place.0.path()).unwrap() {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            for marker in [MARKER, &hex, &key().to_text()] {
                assert!(!bytes.windows(marker.len()).any(|window| window.eq_ignore_ascii_case(marker.as_bytes())), "{marker}");
            }
        }
    };
    look();
    store.close().await;
    look();
}

#[tokio::test]
async fn a_value_moved_to_another_row_is_not_read() {
    let place = Place::new();
    let store = place.sqlite().await;
    fill(&store).await;
    sqlx::query("UPDATE rejection SET payload_sealed = (SELECT payload_sealed FROM rejection WHERE source_id = '1') WHERE source_id = '2'")
        .execute(&store.writer)
        .await
        .unwrap();
    let rows = store.rejections(None, 10).await.unwrap();
    assert!(store.rejection_payload(rows[0].id).await.unwrap().is_some());
    assert_eq!(store.rejection_payload(rows[1].id).await.unwrap_err().cause.code, codes::FOREIGN_VALUE);
    sqlx::query("UPDATE secret SET value_sealed = (SELECT value_sealed FROM session)").execute(&store.writer).await.unwrap();
    let error = store.secret("GODATA_PASSWORD").await.unwrap_err();
    assert_eq!(error.cause.code, codes::FOREIGN_VALUE);
    assert!(!error.to_string().contains(MARKER));
}

#[tokio::test]
async fn a_new_key_reads_what_the_old_one_wrote() {
    let place = Place::new();
    let (store, elsewhere) = (place.sqlite().await, place.sqlite().await);
    let filled = fill(&store).await;
    let hash_key = store.hash_key();
    let new = Key::from_bytes([9; 32]);
    store.rotate(&new).await.unwrap();
    expect_filled(&store, filled).await;

    // Who still holds the old key reads no nonsense and writes nothing that nobody can read.
    for error in [
        elsewhere.secret("GODATA_PASSWORD").await.unwrap_err(),
        elsewhere.set_secret("OTHER", MARKER, at(2)).await.unwrap_err(),
        elsewhere.put_session("godata/token", MARKER, at(2)).await.unwrap_err(),
        elsewhere.rotate(&key()).await.unwrap_err(),
    ] {
        assert_eq!(error.cause.code, codes::KEY_CHANGED);
    }
    assert_eq!(crate::open(&place.path(), &key()).await.unwrap_err().cause.code, codes::WRONG_KEY);
    let again = crate::open(&place.path(), &new).await.unwrap();
    expect_filled(&again, filled).await;
    assert_eq!(again.hash_key(), hash_key, "else everything that was ever sent would be written again");
    again.rotate(&key()).await.unwrap();
    expect_filled(&*place.sqlite().await, filled).await;
}

#[tokio::test]
async fn secrets_are_set_listed_and_removed() {
    let place = Place::new();
    let store = place.sqlite().await;
    assert_eq!(store.secret("B").await.unwrap(), None);
    for (name, value) in [("B", "one"), ("A", "é"), ("B", "two")] {
        store.set_secret(name, value, at(1)).await.unwrap();
    }
    let store = place.sqlite().await;
    assert_eq!(store.list_secrets().await.unwrap(), ["A", "B"]);
    assert_eq!(store.secret("B").await.unwrap().as_deref(), Some("two"));
    assert_eq!(store.secret("A").await.unwrap().as_deref(), Some("é"));
    assert!(store.remove_secret("B").await.unwrap());
    assert!(!store.remove_secret("B").await.unwrap());
    assert_eq!(store.list_secrets().await.unwrap(), ["A"]);
}

#[tokio::test]
async fn hashes_depend_on_the_key() {
    let (one, two) = (Place::new(), Place::new());
    let other = crate::open(&two.path(), &Key::from_bytes([8; 32])).await.unwrap();
    let store = one.sqlite().await;
    assert_ne!(store.hash_key(), other.hash_key());
    assert_eq!(store.hash_key(), one.sqlite().await.hash_key());
}
