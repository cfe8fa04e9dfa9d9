//! The rules of follow-ups: the day in the person's window, the address of that day, and the generation of a round.

use serde_json::{Map, Value, json};

use super::cases::Author;
use super::children::Child;
use super::dates;
use super::error::{Error, Result};
use super::people::Person;
use super::person_types::CASE as CASE_TYPE;
use super::questionnaires;
use super::schema::Kind::{Answers, Date, Flag, Number, Object, Point, Text};
use super::schema::{ADDRESS, CASE, Model};
use super::store::Store;

/// A follow-up. `contact` is what lists join to it, also when it is a case.
pub static FOLLOW_UP: Model = Model {
    name: "followUp",
    schema: &[
        ("personId", Text),
        ("date", Date),
        ("statusId", Text),
        ("index", Number),
        ("targeted", Flag),
        ("teamId", Text),
        ("address", Object(ADDRESS)),
        ("usualPlaceOfResidenceLocationId", Text),
        ("questionnaireAnswers", Answers),
        ("comment", Text),
        ("responsibleUserId", Text),
        ("fillLocation", Object(&[("geoLocation", Point)])),
        ("createdAs", Text),
        ("outbreakId", Text),
        ("deletedByParent", Text),
        ("contact", Object(CASE.schema)),
    ],
    read_only: &[],
    required: &[],
    default_order: &["date"],
};

/// Follow-ups.
pub static FOLLOW_UPS: Child = Child {
    model: &FOLLOW_UP,
    records: |store| &store.follow_ups,
    records_mut: |store| &mut store.follow_ups,
    begin,
    derive: |store, record| {
        place(record);
        let of_case = record.get("createdAs").and_then(Value::as_str) == Some(CASE_TYPE.id);
        let template = if of_case { "caseFollowUpTemplate" } else { "contactFollowUpTemplate" };
        questionnaires::read_numbers(store, Some(template), record);
    },
};

const CURRENT_ADDRESS: &str = "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE";
const NOT_PERFORMED: &str = "LNG_REFERENCE_DATA_CONTACT_DAILY_FOLLOW_UP_STATUS_TYPE_NOT_PERFORMED";
const UNDER_FOLLOW_UP: &str = "LNG_REFERENCE_DATA_CONTACT_FINAL_FOLLOW_UP_STATUS_TYPE_UNDER_FOLLOW_UP";

/// The day of a follow-up, in milliseconds.
pub fn date(record: &Map<String, Value>) -> Option<i64> {
    record.get("date").and_then(Value::as_str).and_then(dates::javascript)
}

/// Its number in the window of the person (a person without one cannot be followed up), the person's address, its type.
fn begin(record: &mut Map<String, Value>, person: &Person, author: &Author) -> Result<()> {
    let owner = person.record();
    let Some((start, _)) = window(&owner) else {
        return Err(Error::internal("missing follow-up interval information"));
    };
    let index = day_number(start, date(record).unwrap_or(author.now));
    record.insert("index".to_owned(), json!(index));
    record.insert("createdAs".to_owned(), json!(person.kind));
    if record.get("address").is_none_or(Value::is_null)
        && let Some(address) = current_address(&owner)
    {
        record.insert("address".to_owned(), address);
    }
    Ok(())
}

/// First and last day of a person's window.
fn window(person: &Map<String, Value>) -> Option<(i64, i64)> {
    let window = person.get("followUp")?;
    let day = |field: &str| window.get(field).and_then(Value::as_str).and_then(dates::javascript);
    let start = day("startDate")?;
    Some((start, day("endDate").unwrap_or(start)))
}

fn day_number(start: i64, day: i64) -> i64 {
    (dates::start_of_day(day) - dates::start_of_day(start)) / dates::DAY + 1
}

fn current_address(person: &Map<String, Value>) -> Option<Value> {
    let addresses = person.get("addresses")?.as_array()?;
    addresses.iter().find(|address| address.get("typeId").and_then(Value::as_str) == Some(CURRENT_ADDRESS)).cloned()
}

fn place(record: &mut Map<String, Value>) {
    if let Some(address) = record.get("address").filter(|address| address.is_object()) {
        let location = address.get("locationId").cloned().unwrap_or(Value::Null);
        record.insert("usualPlaceOfResidenceLocationId".to_owned(), location);
    }
}

/// What a round of follow-ups is generated from.
#[derive(Debug)]
pub struct Round {
    /// First day.
    pub start: i64,
    /// Last day.
    pub end: i64,
    /// Only these people; none: all of the outbreak.
    pub people: Option<Vec<String>>,
    /// Their type.
    pub kind: &'static str,
    /// What `targeted` is set to.
    pub targeted: bool,
    /// Whether what there is already on such a day is replaced.
    pub overwrite: bool,
    /// Whether a replaced follow-up leaves its team to the new one.
    pub keep_team: bool,
    /// Numbers of the days of the window; none: every `frequency` days.
    pub days: Option<Vec<i64>>,
    /// Days from one follow-up to the next.
    pub frequency: i64,
    /// How many on each day.
    pub per_day: usize,
}

/// Generates follow-ups for everybody who is under follow-up on the days of the round; returns their ids. All have one
/// stamp. A new one goes to the team of the person; teams are not handed out in turn.
pub fn generate(store: &mut Store, outbreak: &str, round: &Round, author: &Author) -> Result<Vec<String>> {
    let is_due = |person: &&Person| {
        person.kind == round.kind
            && *person.outbreak == *outbreak
            && !person.deleted
            && round.people.as_ref().is_none_or(|ids| ids.iter().any(|id| **id == *person.id))
    };
    let people: Vec<Person> = store.people.all().iter().filter(is_due).cloned().collect();
    let mut created = Vec::new();
    for person in people {
        let owner = person.record();
        let status = owner.get("followUp").and_then(|window| window.get("status")).and_then(Value::as_str);
        let Some((first, last)) = window(&owner).filter(|_| status == Some(UNDER_FOLLOW_UP)) else {
            continue;
        };
        let mut day = dates::start_of_day(round.start.max(first));
        while day <= round.end.min(last) {
            let number = day_number(first, day);
            let wanted = match &round.days {
                Some(days) => days.contains(&number),
                None => (number - 1) % round.frequency.max(1) == 0,
            };
            if wanted {
                on_day(store, &person, &owner, day, round, author, &mut created)?;
            }
            day = dates::add_days(day, 1);
        }
    }
    Ok(created)
}

/// What is missing on one day of one person.
fn on_day(
    store: &mut Store,
    person: &Person,
    owner: &Map<String, Value>,
    day: i64,
    round: &Round,
    author: &Author,
    created: &mut Vec<String>,
) -> Result<()> {
    let present = store.follow_ups.of_person(&person.id).filter(|record| !record.deleted).map(super::records::Record::record);
    let mut present: Vec<Map<String, Value>> =
        present.filter(|record| date(record).is_some_and(|at| dates::start_of_day(at) == day)).collect();
    let mut team = owner.get("followUpTeamId").cloned();
    if round.overwrite {
        for record in present.drain(..) {
            if round.keep_team && record.get("teamId").is_some_and(Value::is_string) {
                team = record.get("teamId").cloned();
            }
            let id = record.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            FOLLOW_UPS.delete(store, &id, author);
        }
    }
    for _ in present.len()..round.per_day {
        let mut sent = Map::new();
        sent.insert("date".to_owned(), json!(dates::iso(day)));
        sent.insert("statusId".to_owned(), json!(NOT_PERFORMED));
        sent.insert("targeted".to_owned(), json!(round.targeted));
        if let Some(team) = team.clone().filter(Value::is_string) {
            sent.insert("teamId".to_owned(), team);
        }
        created.push(FOLLOW_UPS.create(store, &person.outbreak, person, sent, author)?);
    }
    Ok(())
}
