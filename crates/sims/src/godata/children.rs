//! Records that belong to a person, lab results and follow-ups: what a create, a change, a delete and a restore do to
//! each. None of it touches the person, not even its `updatedAt`.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::cases::Author;
use super::coerce;
use super::error::{Error, Result};
use super::parents;
use super::people::Person;
use super::records::{Record, Records};
use super::schema::Model;
use super::store::Store;

/// A model of such records.
#[derive(Debug)]
pub struct Child {
    /// Its fields.
    pub model: &'static Model,
    /// Where they are.
    pub records: fn(&Store) -> &Records,
    /// The same, to be changed.
    pub records_mut: fn(&mut Store) -> &mut Records,
    /// What a new one gets from its person; it may refuse.
    pub begin: fn(&mut Map<String, Value>, &Person, &Author) -> Result<()>,
    /// What the server keeps by itself, at every save.
    pub derive: fn(&Store, &mut Map<String, Value>),
}

impl Child {
    /// A record, deleted or not.
    pub fn get<'s>(&self, store: &'s Store, id: &str) -> Option<&'s Record> {
        (self.records)(store).get(id)
    }

    /// Creates a record of a person and returns its id. Outbreak and person are those of the path, whatever was sent.
    pub fn create(
        &self,
        store: &mut Store,
        outbreak: &str,
        person: &Person,
        mut sent: Map<String, Value>,
        author: &Author,
    ) -> Result<String> {
        let chosen = sent.get("id").and_then(Value::as_str).filter(|id| author.custom_ids && !id.is_empty()).map(str::to_owned);
        self.model.strip(&mut sent);
        coerce::record(self.model, &mut sent)?;
        let id = chosen.unwrap_or_else(|| Uuid::new_v4().to_string());
        if self.get(store, &id).is_some() {
            return Err(Error::coded(409, "MODEL_CONFLICT", format!("Model with id `{id}` already exists")));
        }
        let mut record = sent;
        record.insert("id".to_owned(), json!(id));
        record.insert("outbreakId".to_owned(), json!(outbreak));
        record.insert("personId".to_owned(), json!(&*person.id));
        (self.begin)(&mut record, person, author)?;
        (self.derive)(store, &mut record);
        author.stamp_new(&mut record);
        (self.records_mut)(store).put(&record);
        Ok(id)
    }

    /// Changes the fields that were sent, also `outbreakId` and `personId`: the API keeps a client from neither.
    pub fn update(&self, store: &mut Store, id: &str, mut sent: Map<String, Value>, author: &Author) -> Result<()> {
        self.model.strip(&mut sent);
        coerce::record(self.model, &mut sent)?;
        let mut record = self.get(store, id).ok_or_else(|| Error::no_instance(self.model.name, id))?.record();
        record.extend(sent);
        (self.derive)(store, &mut record);
        author.stamp(&mut record);
        (self.records_mut)(store).put(&record);
        Ok(())
    }

    /// Soft-deletes a record.
    pub fn delete(&self, store: &mut Store, id: &str, author: &Author) {
        if let Some(record) = self.get(store, id).map(Record::record) {
            (self.records_mut)(store).put(&parents::deleted(record, None, author));
        }
    }

    /// Brings a deleted record back.
    pub fn restore(&self, store: &mut Store, id: &str, author: &Author) {
        if let Some(record) = self.get(store, id).map(Record::record) {
            (self.records_mut)(store).put(&parents::restored(record, author));
        }
    }

    /// Adds a record that a server starts with; its outbreak is its person's when it names none.
    pub fn seed(&self, store: &mut Store, record: &Value, author: &Author) -> Result<()> {
        let sent = record.as_object().cloned().ok_or_else(|| Error::plain(400, "Value is not an object."))?;
        let id = sent.get("personId").and_then(Value::as_str).unwrap_or_default();
        let person = store.people.get(id).cloned().ok_or_else(|| Error::not_found("person", id))?;
        let outbreak = sent.get("outbreakId").and_then(Value::as_str).unwrap_or(&person.outbreak).to_owned();
        self.create(store, &outbreak, &person, sent, author).map(drop)
    }
}
