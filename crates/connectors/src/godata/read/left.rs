//! People who left the list that is read without having been deleted: they are of another kind by now, which for the list is the same as being gone.

use kivuko_core::error::Error;
use kivuko_core::record::{Page, SourceRecord};
use serde_json::{Value, json};

use super::super::cursor::Position;
use super::super::persons::PersonKind;
use super::Pages;
use crate::http::{Method, Request, Safety};

/// The reading of those who left a list of people without having been deleted.
pub(super) struct Left {
    kind: PersonKind,
    was: &'static str,
    pub(super) reached: Option<Position>,
    ended: bool,
}

impl Left {
    pub(super) fn new(kind: PersonKind) -> Option<Self> {
        Some(Self { kind, was: kind.was()?, reached: None, ended: false })
    }
}

impl Pages {
    /// A page of those who left the list: they are of another kind now, which for this list is the same as being gone.
    pub(super) async fn left_page(&mut self) -> Result<Option<Page>, Error> {
        let Some(left) = self.left.as_ref().filter(|left| !left.ended) else { return Ok(None) };
        let (kind, was) = (left.kind, left.was);
        let others: Vec<&str> = kind.others().map(PersonKind::code).collect();
        let condition = json!({ "and": [self.condition(left.reached.as_ref()), { was: true }, { "type": { "inq": others } }] });
        let request = self.of_people(&condition, &json!(self.page_size));
        let elements = self.elements(&request).await?;
        let last = elements.len() < self.page_size;
        let mut records = Vec::with_capacity(elements.len());
        let mut reached = None;
        for element in elements {
            let (record, position) = self.record(element)?;
            reached = reached.max(position);
            records.push(SourceRecord { deleted: true, ..record });
        }
        if let Some(left) = &mut self.left {
            left.reached = left.reached.take().max(reached);
            left.ended = last;
        }
        Ok((!records.is_empty()).then(|| Page { records, next: self.next_cursor() }))
    }

    /// Of people who are asked for by id, those who are not in the list because they are in another.
    pub(super) async fn add_moved(&mut self, asked: &[String], records: &mut Vec<SourceRecord>) -> Result<(), Error> {
        let Some(kind) = self.resource.person() else { return Ok(()) };
        let missing: Vec<&String> = asked.iter().filter(|id| records.iter().all(|record| record.id.as_ref() != Some(*id))).collect();
        let others: Vec<&str> = kind.others().map(PersonKind::code).collect();
        if missing.is_empty() || others.is_empty() {
            return Ok(());
        }
        let condition = json!({ "and": [{ "id": { "inq": missing } }, { "type": { "inq": others } }] });
        for element in self.elements(&self.of_people(&condition, &Value::Null)).await? {
            let (record, _) = self.record(element)?;
            records.push(SourceRecord { deleted: true, ..record });
        }
        Ok(())
    }

    /// A question to the list that holds people of all kinds.
    fn of_people(&self, condition: &Value, limit: &Value) -> Request {
        let order = [format!("{} ASC", self.stamp.field()), "id ASC".to_owned()];
        let fields = ["id", "updatedAt", "dbUpdatedAt", "deleted", "type"];
        let mut filter = json!({ "where": condition, "deleted": true, "order": order, "fields": fields });
        if !limit.is_null() {
            filter["limit"] = limit.clone();
        }
        let path = ["outbreaks", self.partition.0.as_str(), "people"];
        self.client.request(Method::Get, path, Safety::Safe).query("filter", &filter.to_string())
    }
}
