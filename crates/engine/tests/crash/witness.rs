//! Everything that must not depend on how often a run was killed.

use std::collections::{BTreeMap, BTreeSet};

use kivuko_core::store::Store;
use serde_json::Value;

use crate::story::Story;
use crate::support::World;
use crate::support::known_as::{names, plain};

/// What two equal histories do not have in common. A merge or a relationship does not count how often it was looked at.
const GENERATED: [&str; 9] =
    ["createdAt", "createdBy", "createdOn", "updatedAt", "updatedBy", "dbUpdatedAt", "deletedAt", "startDate", "endDate"];

/// What Go.Data holds, how often its own log says that each record was written, and what the store remembers.
#[derive(Debug, PartialEq)]
pub struct Witness {
    content: Vec<String>,
    /// By what it is known by: how often the simulator's log says that a record was created, changed, deleted.
    written: BTreeMap<String, BTreeMap<&'static str, usize>>,
    /// Over all runs: records and target records created, updated, deleted.
    accounted: BTreeMap<&'static str, u64>,
    /// Open rejections: source id and code.
    rejections: BTreeMap<String, String>,
    /// Open questions: source id and candidates.
    questions: BTreeMap<String, BTreeSet<String>>,
    /// What waits, and for whom.
    waiting: BTreeSet<String>,
    /// Source id and part to the key, whom that is, and whether the flow created it.
    links: BTreeMap<String, (String, String, bool)>,
    pub open_intents: usize,
    /// Where the next run goes on, as far as two files of the same content have that in common.
    cursors: Vec<Value>,
}

impl Witness {
    pub async fn of(story: &Story, world: &World) -> Self {
        let workspace = world.workspace();
        let flow = &workspace.project.as_ref().expect("the project is sound").flows[&story.flow];
        let (source, target) = (&flow.from, &flow.to.system);
        let store = workspace.open_store().await.expect("the store opens");
        let names = names(&world.sim);
        let known = |id: &String| names.get(id).unwrap_or(id).clone();
        let rejections = store.rejections(None, 10_000).await.expect("rejections can be read");
        let links = store.links(&source.system, &source.resource, &story.cells(), target).await.expect("links can be read");
        let cursors = store.cursors(&story.flow).await.expect("cursors can be read");
        let questions = store.reviews(None, 10_000).await.expect("questions can be read");
        let waiting = store.waiting(&story.flow).await.expect("what waits can be read");
        Self {
            content: content(world, &names),
            written: written(story, world, &names),
            accounted: accounted(story, &*store).await,
            rejections: rejections
                .into_iter()
                .map(|row| (row.source_id, row.causes.first().map(|cause| cause.code.to_string()).unwrap_or_default()))
                .collect(),
            questions: questions
                .into_iter()
                .map(|row| (row.review.source.id, row.review.candidates.iter().map(|one| known(&one.target_id)).collect()))
                .collect(),
            waiting: waiting.into_iter().map(|row| format!("{} for {}", row.source_id, row.reference.source_id)).collect(),
            links: links
                .into_iter()
                .map(|link| {
                    let key: Vec<String> = link.key.0.iter().map(|part| names.get(part).unwrap_or(part).clone()).collect();
                    let part: Vec<String> = link.part.split('#').map(|part| known(&part.to_owned())).collect();
                    (format!("{} {}", link.source.id, part.join("#")), (key.join(", "), known(&link.target_id), link.created))
                })
                .collect(),
            open_intents: store.open_intents(target).await.expect("intents can be read").len(),
            cursors: cursors
                .into_iter()
                .map(|row| serde_json::from_str::<Value>(&row.cursor.value).expect("a cursor of a file is JSON")["next"].clone())
                .collect(),
        }
    }

    /// What is not as it is in the undisturbed history.
    pub fn differences(&self, undisturbed: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let mut differ = |name: &str, here: String, there: String| {
            if here != there {
                let cut = |text: String| text.chars().take(600).collect::<String>();
                found.push(format!("{name}:\n    here        {}\n    undisturbed {}", cut(here), cut(there)));
            }
        };
        differ("accounted for", format!("{:?}", self.accounted), format!("{:?}", undisturbed.accounted));
        differ("rejections", format!("{:?}", self.rejections), format!("{:?}", undisturbed.rejections));
        differ("questions", format!("{:?}", self.questions), format!("{:?}", undisturbed.questions));
        differ("waiting", format!("{:?}", self.waiting), format!("{:?}", undisturbed.waiting));
        differ("open intents", self.open_intents.to_string(), undisturbed.open_intents.to_string());
        differ("cursors", format!("{:?}", self.cursors), format!("{:?}", undisturbed.cursors));
        for key in self.links.keys().chain(undisturbed.links.keys()) {
            differ(&format!("link of {key}"), format!("{:?}", self.links.get(key)), format!("{:?}", undisturbed.links.get(key)));
        }
        for name in self.written.keys().chain(undisturbed.written.keys()) {
            differ(&format!("writes of {name}"), format!("{:?}", self.written.get(name)), format!("{:?}", undisturbed.written.get(name)));
        }
        if self.content != undisturbed.content {
            let only = |these: &[String], those: &[String]| {
                these.iter().filter(|record| !those.contains(record)).cloned().collect::<Vec<_>>().join("\n")
            };
            differ("content", only(&self.content, &undisturbed.content), only(&undisturbed.content, &self.content));
        }
        found.dedup();
        found
    }
}

/// Everything that Go.Data holds, deleted or not, in all outbreaks, in an order of its own.
pub fn content(world: &World, names: &BTreeMap<String, String>) -> Vec<String> {
    let state = world.sim.state();
    let mut texts = Vec::new();
    for (kind, records) in
        [("person", state.people()), ("relationship", state.collection("relationship")), ("labResult", state.collection("labResult"))]
    {
        for mut record in records {
            plain(&mut record, names, &GENERATED);
            texts.push(format!("{kind} {record}"));
        }
    }
    texts.sort();
    texts
}

/// How often each record was created, changed and deleted, by the simulator's log. What late imports create it does not count; that something was created
/// twice is seen in the content.
fn written(story: &Story, world: &World, names: &BTreeMap<String, String>) -> BTreeMap<String, BTreeMap<&'static str, usize>> {
    let mut written: BTreeMap<String, BTreeMap<&'static str, usize>> = BTreeMap::new();
    for entry in world.sim.log().writes() {
        let how = match entry.method.as_str() {
            "POST" => "created",
            "PUT" => "changed",
            _ => "deleted",
        };
        if story.imports && how == "created" {
            continue;
        }
        for id in &entry.ids {
            *written.entry(names[id].clone()).or_default().entry(how).or_default() += 1;
        }
    }
    written
}

async fn accounted(story: &Story, store: &dyn Store) -> BTreeMap<&'static str, u64> {
    let mut accounted = BTreeMap::new();
    for run in store.runs(Some(&story.flow), 10_000).await.expect("runs can be read") {
        let counts = run.counts;
        assert!(counts.adds_up(), "the account of run {} does not add up: {counts:?}", run.id);
        let mut all = vec![
            ("failed", counts.failed),
            ("writes created", counts.writes.created),
            ("writes updated", counts.writes.updated),
            ("writes deleted", counts.writes.deleted),
        ];
        // A record of which one part waits counts as waiting, whatever was done with the others; how long it has to depends on the runs.
        if !story.twice {
            all.extend([("created", counts.created), ("updated", counts.updated), ("deleted", counts.deleted)]);
        }
        for (name, count) in all {
            *accounted.entry(name).or_default() += count;
        }
    }
    accounted
}
