//! The tokens of languages as a source.

use std::collections::BTreeMap;
use std::time::Duration;

use kivuko_core::catalogue::{godata, network, target};
use kivuko_core::connector::Source;
use kivuko_core::record::SourceRecord;
use kivuko_sims::clock::Clock;

use super::*;

fn spec() -> SourceSpec {
    SourceSpec { resource: "language-tokens".to_owned(), ..SourceSpec::default() }
}

async fn pages(source: &dyn Source, language: &str, change: impl FnOnce(&mut ReadRequest)) -> Vec<Page> {
    let mut request = reading(Partition(language.to_owned()));
    change(&mut request);
    let mut pages = source.read(request).await.expect("a reading");
    let mut all = Vec::new();
    while let Some(page) = pages.next().await.expect("a page") {
        all.push(page);
    }
    all
}

/// The words by the identities of their tokens; each comes once.
fn words_of(pages: &[Page]) -> BTreeMap<String, String> {
    let records: Vec<&SourceRecord> = pages.iter().flat_map(|page| &page.records).collect();
    let word = |record: &&SourceRecord| {
        let body: Value = serde_json::from_slice(record.body.as_ref().expect("a body")).expect("JSON");
        let id = record.id.clone().expect("an identity");
        assert_eq!(id, format!("{}:{}", body["languageId"].as_str().expect("a language"), body["token"].as_str().expect("a token")));
        (id, body["translation"].as_str().expect("a word").to_owned())
    };
    let words: BTreeMap<String, String> = records.iter().map(word).collect();
    assert_eq!(words.len(), records.len());
    words
}

const CATEGORY: &str = "LNG_REFERENCE_DATA_CATEGORY_LAB_NAME";

async fn laboratories(world: &World) -> Box<dyn Target> {
    let key = ["categoryId", "value"].map(str::to_owned).into();
    let target = world.target_of(&TargetSpec { resource: "reference-data".into(), key, ..TargetSpec::default() });
    assert_eq!(target.prepare().await, Ok(Vec::new()));
    target
}

/// A name of a laboratory, made in Go.Data; its id.
async fn laboratory(world: &World, name: &str) -> String {
    let target = laboratories(world).await;
    let body = target.conform(json!({ "categoryId": CATEGORY, "value": name, "active": true })).expect("a good record");
    let creation =
        Write { action: Action::Create, key: Key(vec![CATEGORY.into(), name.into()]), id: None, body: body.into(), parent: None };
    id_of(&write(target.as_ref(), &[creation]).await[0])
}

#[tokio::test]
async fn tokens_of_all_languages_are_read_in_pages_and_go_on_behind_the_last_change() {
    let clock = Clock::at("2026-03-02T08:00:00Z");
    let world = World::with(Options { clock: clock.clone(), ..Options::for_tests() }, json!({ "overlap_secs": 0 })).await;
    let source = world.system.source(&spec()).expect("a source");
    assert_eq!(source.partitions().await, Ok(["english_us", "french_fr"].map(|id| Partition(id.to_owned())).to_vec()));
    clock.advance(Duration::from_mins(10));
    let before = laboratory(&world, "First").await;
    let first = pages(source.as_ref(), "french_fr", |request| request.page_size = 7).await;
    let french = words_of(&first);
    assert_eq!(french["french_fr:LNG_REFERENCE_DATA_CATEGORY_GENDER_FEMALE"], "Féminin");
    assert_eq!(french[&format!("french_fr:{before}")], "First");
    assert!(first.len() > 2 && first.iter().all(|page| (1..=7).contains(&page.records.len())));
    let (last, others) = first.split_last().expect("pages");
    assert!(others.iter().all(|page| page.next.time == Some(jiff::Timestamp::UNIX_EPOCH)), "a reading that is cut begins again");
    assert_eq!(last.next.time, Some("2026-03-02T08:10:00Z".parse().expect("a moment")));

    clock.advance(Duration::from_mins(10));
    let after = laboratory(&world, "Second").await;
    let target = laboratories(&world).await;
    assert_eq!(words(&write(target.as_ref(), &[update(&before, json!({ "value": "Renamed" }))]).await), ["done"]);
    let from = last.next.clone();
    let second = pages(source.as_ref(), "french_fr", |request| request.from = Some(from)).await;
    let found = words_of(&second);
    let expected = [(format!("french_fr:{before}"), "First".to_owned()), (format!("french_fr:{after}"), "Second".to_owned())];
    assert_eq!(found, BTreeMap::from(expected));
    let version = |pages: &[Page], id: &str| {
        let mut records = pages.iter().flat_map(|page| &page.records);
        records.find(|record| record.id.as_deref() == Some(id)).and_then(|record| record.version.clone()).expect("a version")
    };
    let repeated = format!("french_fr:{before}");
    assert_eq!(version(&first, &repeated), version(&second, &repeated), "what is repeated can be dropped");
    let since = "2026-03-02T08:15:00Z".parse().expect("a moment");
    let english = words_of(&pages(source.as_ref(), "english_us", |request| request.since = Some(since)).await);
    let expected = [(format!("english_us:{after}"), "Second".to_owned()), (format!("english_us:{before}"), "Renamed".to_owned())];
    assert_eq!(english, BTreeMap::from(expected), "in the language of the account the other one was renamed");
}

#[tokio::test]
async fn tokens_are_read_by_their_identity_and_nothing_is_asked_that_go_data_cannot_say() {
    let world = World::new().await;
    let source = world.system.source(&spec()).expect("a source");
    let female = "french_fr:LNG_REFERENCE_DATA_CATEGORY_GENDER_FEMALE";
    let only = Some(vec![female.to_owned(), "french_fr:NOTHING".to_owned()]);
    for (language, expected) in [("french_fr", &[female][..]), ("english_us", &[])] {
        let found = words_of(&pages(source.as_ref(), language, |request| request.only.clone_from(&only)).await);
        assert_eq!(found.keys().collect::<Vec<_>>(), expected);
    }
    let mut request = reading(Partition("french_fr".to_owned()));
    request.until = Some(jiff::Timestamp::UNIX_EPOCH);
    let Err(error) = source.read(request).await else { panic!("a token has no time of change") };
    assert_eq!(error.cause.code, network::BAD_OPTIONS);
    let refused = [
        (SourceSpec { id: Some("token".to_owned()), ..spec() }, target::KEY_NOT_SEARCHABLE),
        (SourceSpec { cursor: Some("updatedAt".to_owned()), ..spec() }, target::UNKNOWN_FIELD),
        (SourceSpec { options: json!({ "via": "export" }), ..spec() }, network::BAD_OPTIONS),
    ];
    for (spec, code) in refused {
        let Err(error) = world.system.source(&spec) else { panic!("{spec:?}") };
        assert_eq!(error.cause.code, code);
    }
    let Err(error) =
        world.system.target(&TargetSpec { resource: "language-tokens".into(), key: vec!["token".into()], ..TargetSpec::default() })
    else {
        panic!("tokens are not written")
    };
    assert_eq!(error.cause.code, godata::ONLY_READ);
}
