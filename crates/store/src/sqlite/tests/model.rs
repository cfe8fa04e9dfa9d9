//! Any sequence of commits, reopened at any point, is what a model in memory says.

use std::collections::{BTreeMap, BTreeSet};

use kivuko_core::catalogue::store as codes;
use kivuko_core::connector::Key;
use kivuko_core::record::Cursor;
use kivuko_core::store::{Link, PageCommit, Retention, RunId, Sent, Store};
use proptest::collection::vec;
use proptest::prelude::*;

use super::Place;
use crate::suite::{at, begin, cursor, link, page, rejection, sent, source, texts};

const IDS: [&str; 5] = ["a", "b", "c", "d", "e"];
const FLOWS: [&str; 2] = ["cases", "nightly"];

/// A page in small numbers, which stand for ids.
#[derive(Debug, Clone)]
struct Small {
    flow: usize,
    /// Source id, target id, key (the last one is the empty key).
    links: BTreeMap<usize, (usize, usize)>,
    unlinked: BTreeSet<usize>,
    seen: BTreeSet<usize>,
    sent: BTreeMap<usize, u8>,
    rejected: BTreeSet<usize>,
    through: BTreeSet<usize>,
    cursor: Option<u8>,
}

#[derive(Debug, Clone)]
enum Step {
    Page(Small),
    NewRun(usize),
    Reopen,
    Purge,
}

fn small() -> impl Strategy<Value = Small> {
    let id = 0..IDS.len();
    let ids = || proptest::collection::btree_set(0..IDS.len(), 0..3);
    (
        0..FLOWS.len(),
        proptest::collection::btree_map(id.clone(), (id.clone(), 0..=IDS.len()), 0..4),
        ids(),
        ids(),
        proptest::collection::btree_map(id, any::<u8>(), 0..4),
        ids(),
        ids(),
        proptest::option::of(any::<u8>()),
    )
        .prop_map(|(flow, links, unlinked, seen, sent, rejected, through, cursor)| Small {
            flow,
            links,
            unlinked,
            seen,
            sent,
            rejected,
            through,
            cursor,
        })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![8 => small().prop_map(Step::Page), 2 => (0..FLOWS.len()).prop_map(Step::NewRun), 1 => Just(Step::Reopen), 1 => Just(Step::Purge)]
}

fn commit(small: &Small, run: RunId) -> PageCommit {
    let flow = FLOWS[small.flow];
    let mut page = page(run, flow);
    page.links = small
        .links
        .iter()
        .map(|(id, (target, key))| Link {
            target_id: IDS[*target].to_owned(),
            key: Key(IDS.get(*key).map(|key| (*key).to_owned()).into_iter().collect()),
            created: small.flow == 0,
            ..link(run, flow, IDS[*id])
        })
        .collect();
    page.unlinked = small.unlinked.iter().map(|id| link(run, flow, IDS[*id])).collect();
    page.seen = small.seen.iter().map(|id| source(IDS[*id])).collect();
    page.sent = small.sent.iter().map(|(id, hash)| Sent { hash: hash.to_string(), ..sent(run, flow, IDS[*id]) }).collect();
    page.rejections = small.rejected.iter().map(|id| rejection(run, flow, IDS[*id], 1)).collect();
    page.closed_rejections = small.through.iter().map(|id| IDS[*id].to_owned()).collect();
    page.cursor = small.cursor.map(|value| cursor(&value.to_string()));
    page
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Model {
    links: BTreeMap<String, Link>,
    sent: BTreeMap<(String, String), Sent>,
    /// How often, and the last run.
    rejections: BTreeMap<(String, String), (u64, RunId)>,
    cursors: BTreeMap<String, Cursor>,
}

impl Model {
    /// What the page makes of it; `None` when two source records claim one key.
    fn after(&self, page: &PageCommit) -> Option<Self> {
        let mut next = self.clone();
        let of_flow = |id: &String| (page.flow.clone(), id.clone());
        for gone in &page.unlinked {
            next.links.remove(&gone.source.id);
            next.sent.remove(&of_flow(&gone.source.id));
        }
        for new in &page.links {
            let mut link = new.clone();
            if let Some(old) = next.links.get(&new.source.id) {
                link.seen = link.seen.max(old.seen);
                if old.target_id == new.target_id {
                    link.flow.clone_from(&old.flow);
                    link.created = old.created;
                }
            }
            next.links.insert(new.source.id.clone(), link);
        }
        let keys: Vec<&Key> = next.links.values().map(|link| &link.key).filter(|key| !key.0.is_empty()).collect();
        if keys.iter().collect::<BTreeSet<_>>().len() < keys.len() {
            return None;
        }
        for seen in &page.seen {
            if let Some(link) = next.links.get_mut(&seen.id) {
                link.seen = link.seen.max(page.run);
            }
        }
        for sent in &page.sent {
            next.sent.insert(of_flow(&sent.source_id), sent.clone());
        }
        let rejected: BTreeSet<&String> = page.rejections.iter().map(|rejection| &rejection.source_id).collect();
        for id in page.closed_rejections.iter().filter(|id| !rejected.contains(id)) {
            next.rejections.remove(&of_flow(id));
        }
        for id in rejected {
            let (times, last) = next.rejections.entry(of_flow(id)).or_insert((0, RunId(0)));
            *times += u64::from(*last != page.run);
            *last = page.run;
        }
        if let Some(cursor) = &page.cursor {
            next.cursors.insert(page.flow.clone(), cursor.clone());
        }
        Some(next)
    }

    async fn read(store: &dyn Store) -> Self {
        let ids = texts(&IDS);
        let mut model = Self::default();
        for link in store.links("register", "cases.csv", &ids, "godata").await.unwrap() {
            assert_eq!(store.links_by_key("godata", "cases", std::slice::from_ref(&link.key)).await.unwrap().len(), link.key.0.len());
            model.links.insert(link.source.id.clone(), link);
        }
        for flow in FLOWS {
            for sent in store.sent(flow, &ids).await.unwrap() {
                model.sent.insert((flow.to_owned(), sent.source_id.clone()), sent);
            }
            for row in store.rejections(Some(flow), 100).await.unwrap() {
                model.rejections.insert((flow.to_owned(), row.source_id), (row.times, row.last_run));
            }
            if let Some(cursor) = store.cursor(flow, &page(RunId(0), flow).partition).await.unwrap() {
                model.cursors.insert(flow.to_owned(), cursor);
            }
        }
        model
    }
}

async fn check(steps: &[Step]) {
    let place = Place::new();
    let mut store = place.open().await;
    let mut runs = [begin(&*store, FLOWS[0], 1).await, begin(&*store, FLOWS[1], 1).await];
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Page(small) => {
                let commit = commit(small, runs[small.flow]);
                match (store.commit_page(&commit).await, model.after(&commit)) {
                    (Ok(()), Some(next)) => model = next,
                    (Err(error), None) => assert_eq!(error.cause.code, codes::KEY_TAKEN),
                    (result, expected) => panic!("{result:?}, but the model says {expected:?}"),
                }
            }
            Step::NewRun(flow) => runs[*flow] = begin(&*store, FLOWS[*flow], 1).await,
            Step::Reopen => store = place.open().await,
            Step::Purge => {
                let all = at(1_000_000);
                let retention = Retention { now: all, runs_before: all, outcomes_before: all, payloads_before: all };
                for flow in FLOWS {
                    store.purge(flow, retention).await.unwrap();
                }
            }
        }
        assert_eq!(Model::read(&*store).await, model);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_store_is_what_was_committed(steps in vec(step(), 1..16)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(check(&steps));
    }
}
