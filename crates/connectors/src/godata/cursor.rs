//! How far a reading has come: a time of change and an id, in the order in which lists are read.

use std::borrow::Cow;

use jiff::Timestamp;
use kivuko_core::catalogue::network;
use kivuko_core::error::Error;
use kivuko_core::record::Cursor;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The field that tells of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// When the record was changed, wherever that was.
    Updated,
    /// When this database wrote it: for servers that take part in synchronisation, where records arrive with old times of change.
    Written,
}

impl Stamp {
    pub const fn field(self) -> &'static str {
        match self {
            Self::Updated => "updatedAt",
            Self::Written => "dbUpdatedAt",
        }
    }
}

/// Where a reading stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub time: Timestamp,
    pub id: String,
}

/// How it is kept.
#[derive(Serialize, Deserialize)]
struct Kept<'a>(Cow<'a, str>, Cow<'a, str>);

impl Position {
    pub fn parse(cursor: &Cursor) -> Result<Self, Error> {
        let Kept(time, id) = serde_json::from_str(&cursor.value).map_err(|_| {
            Error::configuration(
                network::UNEXPECTED_ANSWER,
                "the cursor was not made by a Go.Data source; set it again: kivuko cursor rewind",
            )
        })?;
        let time = time.parse().map_err(|_| {
            Error::configuration(network::UNEXPECTED_ANSWER, "the cursor holds no time; set it again: kivuko cursor rewind")
        })?;
        Ok(Self { time, id: id.into_owned() })
    }

    pub fn cursor(&self) -> Cursor {
        let value = json!([stamp_text(self.time), self.id]).to_string();
        Cursor { value, time: Some(self.time) }
    }
}

/// A time in the one form that every engine of the backend takes for a date.
pub fn stamp_text(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back() {
        let position = Position { time: "2026-01-02T03:04:05.678Z".parse().expect("a timestamp"), id: "a\"b".to_owned() };
        let cursor = position.cursor();
        assert_eq!(cursor.value, r#"["2026-01-02T03:04:05.678Z","a\"b"]"#);
        assert_eq!(Position::parse(&cursor), Ok(position));
        assert!(Position::parse(&Cursor { value: "row 7".to_owned(), time: None }).is_err());
    }
}
