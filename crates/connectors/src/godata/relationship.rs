//! Relationships: the two people and which of them is the source.
//!
//! Go.Data decides the direction by the kinds of the two people and by whose list a relationship is sent to; what is sent in `persons` besides the id of the
//! other one is dropped. So the source and the target that the sheet names choose the address here, and a direction that Go.Data cannot hold is refused.
//!
//! | source | target | sent below |
//! |---|---|---|
//! | case, event | anyone | the source |
//! | contact | contact, contact of a contact | the source |
//! | contact | case, event | refused: such a target would be made the source |
//! | contact of a contact | anyone | refused: it is always the target |

use std::collections::HashMap;

use kivuko_core::catalogue::{godata, network, record};
use kivuko_core::connector::{Action, Write, Written};
use kivuko_core::error::{Cause, Error};
use serde_json::{Map, Value, json};

use super::address::{Address, Step};
use super::lookup::Place;
use super::persons::PersonKind;

/// The source and the target of a relationship.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ends {
    source: String,
    target: String,
}

impl Ends {
    /// Those of a record; `None` unless there is exactly one of each.
    fn of(body: &Value) -> Option<Self> {
        let persons = body.get("persons")?.as_array()?;
        let side = |name: &str| {
            let mut on_it = persons.iter().filter(|person| person.get(name) == Some(&Value::Bool(true)));
            let only = on_it.next().filter(|_| on_it.next().is_none())?;
            only.get("id").and_then(Value::as_str).map(str::to_owned)
        };
        Some(Self { source: side("source")?, target: side("target")? }).filter(|_| persons.len() == 2)
    }

    fn persons(&self) -> Value {
        json!([{ "id": self.source, "source": true }, { "id": self.target, "target": true }])
    }
}

/// Brings the two people into the one form that is compared: the source first, nothing but ids and sides.
pub fn as_compared(mut body: Value) -> Value {
    if let Some(ends) = Ends::of(&body) {
        body["persons"] = ends.persons();
    }
    body
}

/// Checks the two people of a mapped record.
pub fn conform(members: &mut Map<String, Value>) -> Option<Cause> {
    let persons = members.get("persons")?.clone();
    if persons.is_null() {
        return Some(Cause::new(record::REQUIRED_EMPTY, "a relationship keeps its two people").field("persons"));
    }
    let Some(ends) = Ends::of(&json!({ "persons": persons })) else {
        let what = "a relationship has one source and one target: persons[source=true].id and persons[target=true].id";
        return Some(Cause::new(record::REQUIRED_EMPTY, what).field("persons"));
    };
    if ends.source == ends.target && !kivuko_core::connector::is_not_yet(&ends.source) {
        return Some(Cause::new(godata::BAD_DIRECTION, "the source and the target are the same person").field("persons"));
    }
    members.insert("persons".to_owned(), ends.persons());
    None
}

/// Whether Go.Data holds a relationship from one kind to another, when it is sent below its source.
fn holds(source: PersonKind, target: PersonKind) -> Result<(), Cause> {
    let why = match (source, target) {
        (PersonKind::Case | PersonKind::Event, _) | (PersonKind::Contact, PersonKind::Contact | PersonKind::ContactOfContact) => {
            return Ok(());
        }
        (PersonKind::ContactOfContact, _) => "a contact of a contact is always the target",
        (PersonKind::Contact, _) => "between a contact and a case or an event, the contact is always the target",
    };
    let message = format!("{} cannot be the source for {}: in Go.Data {why}", source.words(), target.words());
    Some(Cause::new(godata::BAD_DIRECTION, message).field("persons")).map_or(Ok(()), Err)
}

/// The addresses of a batch.
pub async fn addresses(place: &Place<'_>, batch: &[Write]) -> Result<Vec<Result<Address, Written>>, Error> {
    let ids: Vec<&String> = batch.iter().filter_map(|write| write.id.as_ref()).collect();
    let present = if ids.is_empty() { Vec::new() } else { place.all_of(&ids, &|ids| json!({ "id": { "inq": ids } })).await? };
    let living: Vec<&Value> = present.iter().filter(|body| body.get("deleted") != Some(&Value::Bool(true))).collect();
    let held = |id: &str| living.iter().find(|body| body.get("id").and_then(Value::as_str) == Some(id)).and_then(|body| Ends::of(body));
    let planned: Vec<(Option<Ends>, Option<Ends>)> =
        batch.iter().map(|write| (write.id.as_deref().and_then(held), Ends::of(&write.body))).collect();
    let mut people: Vec<String> = planned
        .iter()
        .flat_map(|(held, wanted)| [held, wanted])
        .flatten()
        .flat_map(|ends| [ends.source.clone(), ends.target.clone()])
        .collect();
    people.sort();
    people.dedup();
    let kinds = if people.is_empty() { HashMap::new() } else { place.who(&people).await? };
    let kind = |id: &str| {
        let unknown = || {
            let message = format!("the outbreak has no person with the id `{id}`: not there, deleted, or in another outbreak");
            Written::Refused(Cause::new(godata::NO_SUCH_PERSON, message).field("persons"))
        };
        kinds.get(id).copied().ok_or_else(unknown)
    };
    let one = |(write, (held, wanted)): (&Write, &(Option<Ends>, Option<Ends>))| {
        if let Some(wanted) = wanted {
            holds(kind(&wanted.source)?, kind(&wanted.target)?).map_err(Written::Refused)?;
        }
        match (write.action, &write.id, held, wanted) {
            (Action::Create, _, _, Some(ends)) => Ok(create(&write.body, ends, kind(&ends.source)?)),
            (Action::Create, _, _, None) => {
                Err(Written::Refused(Cause::new(record::REQUIRED_EMPTY, "a new relationship needs its two people").field("persons")))
            }
            // Gone is as deleted as it can be.
            (Action::Delete, Some(id), None, _) => Err(Written::Done { id: id.clone(), version: None, returned: None }),
            (_, Some(id), Some(held), wanted) => {
                // Below its source, as it will be once the people are exchanged.
                let source = &wanted.as_ref().unwrap_or(held).source;
                Ok(change(&write.body, id, held, wanted.as_ref(), source, kind(source)?))
            }
            (_, Some(_), None, _) => Err(Written::Refused(Cause::new(
                kivuko_core::catalogue::target::TARGET_GONE,
                "the relationship is not there any more; it was deleted, by itself or with one of its people",
            ))),
            (action, None, ..) => {
                Err(Written::Failed(Error::bug(network::UNEXPECTED_ANSWER, format!("{action:?} of a relationship without an id"))))
            }
        }
    };
    Ok(batch.iter().zip(&planned).map(one).collect())
}

fn below(person: &str, kind: PersonKind, rest: &[&str]) -> Vec<String> {
    [kind.resource(), person, "relationships"].iter().chain(rest).map(|segment| (*segment).to_owned()).collect()
}

fn create(body: &Value, ends: &Ends, source: PersonKind) -> Address {
    let mut sent = body.clone();
    sent["persons"] = json!([{ "id": ends.target }]);
    Address {
        path: below(&ends.source, source, &[]),
        body: Some(sent),
        people: vec![ends.source.clone(), ends.target.clone()],
        ..Address::default()
    }
}

/// A change, or a deletion. The two people are not changed with the rest but by requests of their own.
fn change(body: &Value, id: &str, held: &Ends, wanted: Option<&Ends>, source: &str, kind: PersonKind) -> Address {
    let mut sent = body.clone();
    if let Some(members) = sent.as_object_mut() {
        members.remove("persons");
    }
    let steps: Vec<Step> = wanted.map(|wanted| redirect(id, held, wanted)).unwrap_or_default();
    let people = [Some(held), wanted].into_iter().flatten().flat_map(|ends| [ends.source.clone(), ends.target.clone()]).collect();
    Address { path: below(source, kind, &[id]), body: Some(sent), first: (!steps.is_empty()).then_some(steps), people }
}

/// The requests that give a relationship other people.
fn redirect(id: &str, held: &Ends, wanted: &Ends) -> Vec<Step> {
    let step = |path: &[&str], body: Value| Step { path: path.iter().map(|segment| (*segment).to_owned()).collect(), body };
    if held == wanted {
        return Vec::new();
    }
    if held.source == wanted.target && held.target == wanted.source {
        let body = json!({ "sourceId": wanted.source, "targetId": wanted.target });
        return vec![step(&["relationships", id, "replace-source-and-target"], body)];
    }
    let only_this = json!({ "id": id });
    let mut steps = Vec::new();
    if held.target != wanted.target {
        steps.push(step(&["relationships", "bulk-change-target"], json!({ "targetId": wanted.target, "where": only_this })));
    }
    if held.source != wanted.source {
        steps.push(step(&["relationships", "bulk-change-source"], json!({ "sourceId": wanted.source, "where": only_this })));
    }
    steps
}
