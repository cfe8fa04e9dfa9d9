//! What a simulated Go.Data has stored, for tests to look at.

use serde_json::{Map, Value};

use super::Server;
use super::person_types::{CASE, PersonType};
use super::records::Record;
use super::rows::Row;

/// Looks into a running simulator.
#[derive(Debug, Clone, Copy)]
pub struct State<'a> {
    server: &'a Server,
}

/// What two equal runs do not have in common.
const GENERATED: [&str; 9] =
    ["id", "createdAt", "createdBy", "createdOn", "updatedAt", "updatedBy", "dbUpdatedAt", "deletedAt", "outbreakId"];

impl<'a> State<'a> {
    pub(super) fn new(server: &'a Server) -> Self {
        Self { server }
    }

    /// All people with their `type`, deleted ones too, in the order of their creation.
    pub fn people(&self) -> Vec<Value> {
        self.server.read().people.all().iter().map(Row::typed_record).map(Value::Object).collect()
    }

    /// The cases of an outbreak that are not deleted, in the order of their creation.
    pub fn cases(&self, outbreak: &str) -> Vec<Value> {
        self.of(outbreak, "cases")
    }

    /// The `cases`, `contacts`, `contacts-of-contacts`, `events` or `relationships` of an outbreak that are not
    /// deleted, in the order of their creation; empty for another name.
    pub fn of(&self, outbreak: &str, path: &str) -> Vec<Value> {
        let store = self.server.read();
        let rows = if path == "relationships" { store.relationships.all() } else { store.people.all() };
        let kind = PersonType::at(path).map(|person_type| person_type.id);
        let wanted = |row: &&Row| *row.outbreak == *outbreak && !row.deleted && kind.is_none_or(|kind| kind == row.kind);
        if kind.is_none() && path != "relationships" {
            return Vec::new();
        }
        rows.iter().filter(wanted).map(Row::record).map(Value::Object).collect()
    }

    /// A person, deleted or not.
    pub fn person(&self, id: &str) -> Option<Value> {
        self.server.read().people.get(id).map(|person| Value::Object(person.typed_record()))
    }

    /// All records of `outbreak`, `template`, `location`, `referenceData`, `relationship`, `cluster`, `team`, `labResult`,
    /// `followUp` or `user`, deleted
    /// ones too; empty for another name.
    pub fn collection(&self, name: &str) -> Vec<Value> {
        let store = self.server.read();
        let records: Vec<Map<String, Value>> = match name {
            "outbreak" => store.outbreaks.all().to_vec(),
            "template" => store.templates.all().to_vec(),
            "location" => store.locations.all().to_vec(),
            "referenceData" => store.reference_data.all().to_vec(),
            "followUp" => store.follow_ups.all().iter().map(Record::record).collect(),
            "labResult" => store.lab_results.all().iter().map(Record::record).collect(),
            "cluster" => store.clusters.all().iter().map(Row::record).collect(),
            "team" => store.teams.all().to_vec(),
            "relationship" => store.relationships.all().iter().map(Row::record).collect(),
            "user" => self.server.auth().users().iter().map(|user| user.record.clone()).collect(),
            _ => Vec::new(),
        };
        records.into_iter().map(Value::Object).collect()
    }

    /// The cases of an outbreak, deleted ones too, without ids and stamps and in an order of their own: what two runs
    /// with the same result have in common.
    pub fn content(&self, outbreak: &str) -> Vec<Value> {
        let store = self.server.read();
        let of_outbreak = store.people.all().iter().filter(|person| person.kind == CASE.id && *person.outbreak == *outbreak);
        let mut texts: Vec<(String, Value)> = of_outbreak
            .map(|person| {
                let mut record = person.record();
                record.retain(|field, _| !GENERATED.contains(&field.as_str()));
                if let Some(Value::Array(rows)) = record.get_mut("classificationHistory") {
                    for row in rows.iter_mut().filter_map(Value::as_object_mut) {
                        row.retain(|field, _| field == "classification");
                    }
                }
                let value = Value::Object(record);
                (value.to_string(), value)
            })
            .collect();
        texts.sort_by(|a, b| a.0.cmp(&b.0));
        texts.into_iter().map(|(_, value)| value).collect()
    }
}
