//! Teams: who follows contacts up, and where.

use serde_json::{Value, json};
use uuid::Uuid;

use super::cases::Author;
use super::coerce;
use super::error::{Error, Result};
use super::schema::TEAM;
use super::store::Store;

/// Adds a team as a deployment has it.
pub fn seed(store: &mut Store, team: &Value, author: &Author) -> Result<()> {
    let mut record = team.as_object().cloned().ok_or_else(|| Error::plain(400, "Value is not an object."))?;
    coerce::record(&TEAM, &mut record)?;
    record.entry("userIds").or_insert_with(|| json!([]));
    record.entry("locationIds").or_insert_with(|| json!([]));
    let missing = TEAM.missing(&record);
    if !missing.is_empty() {
        return Err(Error::validation(TEAM.name, &missing));
    }
    record.entry("id").or_insert_with(|| json!(Uuid::new_v4().to_string()));
    author.stamp_new(&mut record);
    store.teams.put(record);
    Ok(())
}
