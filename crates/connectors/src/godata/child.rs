//! Lab results and follow-ups: what belongs to one person, and is written below that person.
//!
//! Whether the person is a case, a contact or something else now is asked for the whole batch at once. Who cannot have such a record is told before anything is
//! sent: Go.Data answers a lab result of a contact of contacts with 401, a follow-up without a time of follow-up with 500, and hides lab results of contacts
//! where the outbreak does not show them. The bulk forms of Go.Data are never used: they change records of other outbreaks too, and pass over some.

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use kivuko_core::catalogue::{godata, network, record, target};
use kivuko_core::connector::{Action, Write, Written};
use kivuko_core::error::{Cause, Error};
use serde_json::{Map, Value, json};

use super::address::Address;
use super::lookup::Place;
use super::persons::PersonKind;
use super::schema::Child;

/// What cannot be changed of a record that is there.
const FIXED: [&str; 2] = ["personId", "index"];

/// A person that can have such records.
struct Person {
    kind: PersonKind,
    /// The first day of its follow-up.
    begins: Option<Date>,
}

/// The addresses of a batch.
pub async fn addresses(place: &Place<'_>, child: &Child, batch: &[Write]) -> Result<Vec<Result<Address, Written>>, Error> {
    let ids: Vec<&String> = batch.iter().filter_map(|write| write.id.as_ref()).collect();
    // A record of a person that was merged into another belongs to that one now, so what is there says whose it is.
    let present = if ids.is_empty() { Vec::new() } else { place.all_of(&ids, &|ids| json!({ "id": { "inq": ids } })).await? };
    let held: HashMap<&str, &Value> = present.iter().filter_map(|body| Some((body.get("id")?.as_str()?, body))).collect();
    let owner = |write: &Write| match &write.id {
        None => text(&write.body, "personId"),
        Some(id) => held.get(id.as_str()).and_then(|body| text(body, "personId")),
    };
    let mut owners: Vec<String> = batch.iter().filter_map(owner).collect();
    owners.sort();
    owners.dedup();
    let people = people(place, &owners).await?;
    let one = |write: &Write| {
        let person = owner(write).and_then(|id| people.get(&id).map(|person| (id, person)));
        match (write.action, &write.id) {
            (Action::Create, _) => {
                let (id, person) = person.ok_or_else(nobody)?;
                let body = create(place, child, person, &write.body).map_err(|cause| held_back(person, cause))?;
                Ok(Address { path: path(place, &id, person.kind, None), body: Some(body), ..Address::default() })
            }
            (action, Some(record)) => {
                let Some(held) = held.get(record.as_str()) else {
                    return if action == Action::Delete { Err(gone(record)) } else { Err(missing()) };
                };
                let (id, person) = person.ok_or_else(nobody)?;
                let body = if action == Action::Update { Some(change(held, &write.body)?) } else { None };
                Ok(Address { path: path(place, &id, person.kind, Some(record)), body, ..Address::default() })
            }
            (action, None) => {
                let message = format!("{action:?} of {} without an id", place.resource.name);
                Err(Written::Failed(Error::bug(network::UNEXPECTED_ANSWER, message)))
            }
        }
    };
    Ok(batch.iter().map(one).collect())
}

fn text(body: &Value, field: &str) -> Option<String> {
    body.get(field).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn path(place: &Place<'_>, person: &str, kind: PersonKind, record: Option<&str>) -> Vec<String> {
    [kind.resource(), person, place.resource.name].into_iter().chain(record).map(str::to_owned).collect()
}

fn nobody() -> Written {
    let message = "the outbreak has no such person: not there, deleted, or in another outbreak";
    Written::Refused(Cause::new(godata::NO_SUCH_PERSON, message).field("personId"))
}

/// What is not there any more is as deleted as it can be.
fn gone(id: &str) -> Written {
    Written::Done { id: id.to_owned(), version: None, returned: None }
}

fn missing() -> Written {
    Written::Refused(Cause::new(target::TARGET_GONE, "the record is not there any more; it was deleted, by itself or with its person"))
}

/// A contact has a time of follow-up once its exposure has come; a case has none while nobody enters its onset.
fn held_back(person: &Person, cause: Cause) -> Written {
    let comes = cause.code == godata::NO_FOLLOW_UP_TIME && person.kind != PersonKind::Case;
    if comes { Written::NotYet(cause) } else { Written::Refused(cause) }
}

/// The live people of these ids.
async fn people(place: &Place<'_>, ids: &[String]) -> Result<HashMap<String, Person>, Error> {
    let all: Vec<&String> = ids.iter().collect();
    let filter = json!({ "fields": ["id", "type", "followUp"] });
    let found = place.all_in(&["people"], false, &filter, &all, &|ids| json!({ "id": { "inq": ids } })).await?;
    let one = |body: &Value| {
        let begins = body.pointer("/followUp/startDate").and_then(Value::as_str).and_then(day);
        Some((text(body, "id")?, Person { kind: PersonKind::of_code(&text(body, "type")?)?, begins }))
    };
    Ok(found.iter().filter_map(one).collect())
}

fn day(text: &str) -> Option<Date> {
    text.parse::<Timestamp>().ok().map(|moment| moment.to_zoned(jiff::tz::TimeZone::UTC).date())
}

/// What is sent of a new record.
fn create(place: &Place<'_>, child: &Child, person: &Person, body: &Value) -> Result<Value, Cause> {
    let what = place.resource.name;
    let Some((_, switch)) = child.kinds.iter().find(|(kind, _)| *kind == person.kind) else {
        let message = format!("the person is {} in Go.Data, and such people have no {what}", person.kind.words());
        return Err(Cause::new(godata::NOT_FOR_THIS_PERSON, message).field("personId"));
    };
    if let Some(switch) = switch.filter(|switch| !place.outbreak.is_some_and(|outbreak| outbreak.allows(switch))) {
        let message = format!(
            "the person is {} in Go.Data, and the outbreak hides {what} of such people (`{switch}` is off): nobody would find it",
            person.kind.words()
        );
        return Err(Cause::new(godata::NOT_FOR_THIS_PERSON, message).field("personId"));
    }
    let mut sent = body.as_object().cloned().unwrap_or_default();
    if child.in_follow_up {
        in_follow_up(person, &mut sent)?;
    }
    for field in FIXED {
        sent.remove(field);
    }
    Ok(Value::Object(sent))
}

/// Day and number of a new follow-up: the number is Go.Data's own, counted from the first day of follow-up of the person.
fn in_follow_up(person: &Person, sent: &mut Map<String, Value>) -> Result<(), Cause> {
    let begins = person.begins.ok_or_else(|| {
        let why = match person.kind {
            PersonKind::Case => "the case has no date of onset",
            _ => "the contact has no exposure",
        };
        Cause::new(godata::NO_FOLLOW_UP_TIME, format!("the person has no time of follow-up yet: {why}")).field("personId")
    })?;
    let number = sent.get("index").and_then(Value::as_i64);
    let Some(date) = sent.get("date").and_then(Value::as_str) else {
        let counted = number.and_then(|number| begins.checked_add(Span::new().try_days(number - 1).ok()?).ok());
        let date = counted.ok_or_else(|| Cause::new(record::REQUIRED_EMPTY, "a new follow-up needs its date").field("date"))?;
        sent.insert("date".to_owned(), json!(format!("{date}T00:00:00.000Z")));
        return Ok(());
    };
    let counted = day(date).and_then(|date| begins.until(date).ok()).map(|span| i64::from(span.get_days()) + 1);
    match number {
        Some(number) if counted != Some(number) => {
            let message = "the number of the day does not fit the date: Go.Data counts from the first day of follow-up of the person";
            Err(Cause::new(godata::WRONG_DAY, message).field("index"))
        }
        _ => Ok(()),
    }
}

/// What is sent of a change: neither whose it is nor its number, which Go.Data cannot change.
fn change(held: &Value, body: &Value) -> Result<Value, Written> {
    let mut sent = body.as_object().cloned().unwrap_or_default();
    for field in FIXED {
        let wanted = sent.remove(field).filter(|wanted| !wanted.is_null());
        if wanted.is_some_and(|wanted| held.get(field).is_none_or(|held| !kivuko_core::value::same(held, &wanted))) {
            let message = format!(
                "`{field}` is another one in Go.Data, which cannot change it; delete the record there, and send it under another identity"
            );
            return Err(Written::Refused(Cause::new(godata::BELONGS_ELSEWHERE, message).field(field)));
        }
    }
    if sent.is_empty() {
        let version = text(held, "updatedAt");
        return Err(Written::Done { id: text(held, "id").unwrap_or_default(), version, returned: Some(held.clone()) });
    }
    Ok(Value::Object(sent))
}
