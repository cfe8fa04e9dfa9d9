//! What is left to people: questions, proposals, rejections, and records that wait.

use std::collections::BTreeMap;

use kivuko_core::people::DecisionKind;
use kivuko_engine::{By, Unwatched};
use serde_json::{Value, json};

use crate::Telling;
use crate::support::asked;
use crate::words::text;

impl Telling {
    /// The open questions of `review`: for each source id the visual ids of the candidates.
    pub(super) async fn questions(&self, what: &Value) -> Result<(), String> {
        let engine = self.world.engine().await;
        let rows = engine.store().reviews(None, 1000).await.map_err(|error| error.to_string())?;
        let found: BTreeMap<String, Vec<String>> = rows
            .iter()
            .map(|row| {
                let visual_id =
                    |id: &str| self.world.sim.state().person(id).and_then(|person| person["visualId"].as_str().map(str::to_owned));
                let mut candidates: Vec<String> =
                    row.review.candidates.iter().map(|one| visual_id(&one.target_id).unwrap_or_else(|| one.target_id.clone())).collect();
                candidates.sort();
                (row.review.source.id.clone(), candidates)
            })
            .collect();
        if json!(found) == *what { Ok(()) } else { Err(format!("expected open questions {what}, found {}", json!(found))) }
    }

    /// What the matcher says of the records without a link: `expect` has for each what it says and, where there are any, the visual ids of the candidates.
    pub(super) async fn matches(&self, what: &Value, expect: Option<&Value>) -> Result<(), String> {
        let flow = what.as_str().ok_or("`match` takes the name of a flow")?;
        let engine = self.world.engine().await;
        let proposals = engine.matches(flow, &[], None, false, &Unwatched).await.map_err(|error| error.to_string())?;
        let state = self.world.sim.state();
        let visual_id = |id: &str| state.person(id).and_then(|person| person["visualId"].as_str().map(str::to_owned)).unwrap_or_default();
        let found: BTreeMap<String, String> = proposals
            .iter()
            .map(|one| {
                let candidates = one.candidates.iter().map(|candidate| visual_id(&candidate.target_id));
                let words: Vec<String> = std::iter::once(one.says.word().to_owned()).chain(candidates).collect();
                (one.source_id.clone(), words.join(" "))
            })
            .collect();
        if Some(&json!(found)) == expect { Ok(()) } else { Err(format!("expected {expect:?}, the matcher says {}", json!(found))) }
    }

    /// A person answers a question: `{ record: SOURCE ID, is: VISUAL ID }`, or `is: new`, `is: discard`; or corrects what a `flow` linked: `is: unlink`,
    /// `is: split`, `merge: VISUAL ID`. What is `refused` ends with this code.
    pub(super) async fn decide(&self, what: &Value) -> Result<(), String> {
        let record = text(what, "record")?;
        let engine = self.world.engine().await;
        let by = By { name: "a data manager".to_owned(), reason: "a scenario".to_owned() };
        let done = if let Some(flow) = what["flow"].as_str() {
            let (kind, target) = match (what["is"].as_str(), what["merge"].as_str()) {
                (Some("unlink"), None) => (DecisionKind::Unlink, None),
                (Some("split"), None) => (DecisionKind::Split, None),
                (None, Some(visual_id)) => (DecisionKind::Merge, Some(self.id_of(visual_id)?)),
                _ => return Err("with a `flow`, `decide` takes `is: unlink`, `is: split` or `merge`".to_owned()),
            };
            engine.correct(flow, record, kind, target.as_deref(), by).await
        } else {
            let rows = engine.store().reviews(None, 1000).await.map_err(|error| error.to_string())?;
            let row = rows.iter().find(|row| row.review.source.id == record).ok_or_else(|| format!("nobody is asked about {record}"))?;
            let (kind, candidate) = match text(what, "is")? {
                "new" => (DecisionKind::New, None),
                "discard" => (DecisionKind::Discard, None),
                visual_id => (DecisionKind::Link, Some(self.id_of(visual_id)?)),
            };
            engine.answer(row.id, kind, candidate.as_deref(), by).await
        };
        match (done, what["refused"].as_str()) {
            (Ok(_), None) => Ok(()),
            (Err(error), Some(code)) if error.cause.code.to_string() == code => Ok(()),
            (Ok(_), Some(code)) => Err(format!("it should have been refused with {code}")),
            (Err(error), _) => Err(error.to_string()),
        }
    }

    /// The records that wait, of all flows: for each its flow and id, and what it waits for.
    pub(super) async fn waiting(&self, what: &Value) -> Result<(), String> {
        let engine = self.world.engine().await;
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        for flow in self.world.workspace().project.iter().flat_map(|project| project.flows.keys()) {
            for row in engine.store().waiting(flow).await.map_err(|error| error.to_string())? {
                found.insert(format!("{flow} {}", row.source_id), format!("{} {}", row.reference.flow, row.reference.source_id));
            }
        }
        if json!(found) == *what { Ok(()) } else { Err(format!("expected to wait {what}, found {}", json!(found))) }
    }

    /// The open rejections: for each source id its code; or `{ code, value, hides }`, the value that no list has as it is shown, and a text that is nowhere.
    pub(super) async fn rejections(&self, what: &Value) -> Result<(), String> {
        let engine = self.world.engine().await;
        let rows = engine.store().rejections(None, 1000).await.map_err(|error| error.to_string())?;
        let mut found: BTreeMap<String, Value> = BTreeMap::new();
        for row in &rows {
            let first = row.causes.first();
            let code = json!(first.map(|cause| cause.code.to_string()).unwrap_or_default());
            let name = asked::name_of(&self.world, &row.source_id);
            let expected = &what[&name];
            if let Some(said) = expected["says"].as_str() {
                let messages: Vec<&str> = row.causes.iter().map(|cause| cause.message.as_str()).collect();
                if !messages.iter().any(|message| message.contains(said)) {
                    return Err(format!("of {name} it is not said `{said}`, but {messages:?}"));
                }
                found.insert(name, json!({ "code": code, "says": said }));
                continue;
            }
            let shown = match expected["hides"].as_str() {
                None => code,
                Some(hidden) if json!(row.causes).to_string().contains(hidden) => return Err(format!("{hidden} is shown")),
                Some(hidden) => {
                    json!({ "code": code, "hides": hidden, "value": first.and_then(|cause| cause.unlisted.as_ref()).map(|one| &one.value) })
                }
            };
            found.insert(name, shown);
        }
        // The end of a hidden value is a keyed hash, and the key is another one each time.
        let text = json!(found).to_string();
        let hashless: Vec<&str> = text.split(", ").map(|piece| if piece.get(6..7) == Some(")") { &piece[6..] } else { piece }).collect();
        let found = hashless.join(", ");
        let expected = json!(what).to_string();
        if found == expected { Ok(()) } else { Err(format!("expected open rejections {expected}, found {found}")) }
    }
}
