//! How far a reading has come, for lists that come as one answer in no order that can be relied on.
//!
//! A list is asked for from a time on and comes whole, as a stream. In the middle of it the cursor holds the identity of the last record that was handed on:
//! who goes on from there asks the same again and passes over what comes before it. If that record is no longer in the answer, everything is handed on again;
//! what was seen before has its version and is dropped by the engine. At the end the cursor holds the moment at which the reading began, by the server's clock.

use jiff::Timestamp;
use kivuko_core::catalogue::network;
use kivuko_core::error::Error;
use kivuko_core::record::Cursor;
use serde::{Deserialize, Serialize};

/// How far a reading has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Changes from here on are asked for; `None`: everything there is.
    pub since: Option<Timestamp>,
    /// When the reading began; `None` once it has come to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<Timestamp>,
    /// The last record that was handed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

impl Progress {
    /// Reads a cursor.
    ///
    /// # Errors
    /// It was not made by such a reading.
    pub fn parse(cursor: &Cursor) -> Result<Self, Error> {
        serde_json::from_str(&cursor.value).map_err(|_| {
            let message = "the cursor was not made by this source of DHIS2; set it again: kivuko cursor rewind";
            Error::configuration(network::UNEXPECTED_ANSWER, message)
        })
    }

    /// As a cursor.
    pub fn cursor(&self) -> Cursor {
        let value = serde_json::to_string(self).expect("times and a text have a JSON form");
        Cursor { value, time: self.since }
    }

    /// In the middle of a reading.
    #[must_use]
    pub fn in_the_middle(&self, began: Timestamp, after: &str) -> Self {
        Self { since: self.since, began: Some(began), after: Some(after.to_owned()) }
    }

    /// At its end.
    pub const fn at_the_end(began: Timestamp) -> Self {
        Self { since: Some(began), began: None, after: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back() {
        let time = |text: &str| text.parse::<Timestamp>().expect("it is a time");
        let start = Progress { since: None, began: None, after: None };
        let middle = start.in_the_middle(time("2024-03-01T10:00:00Z"), "abc");
        assert_eq!(Progress::parse(&middle.cursor()), Ok(middle.clone()));
        assert_eq!(middle.cursor().value, r#"{"since":null,"began":"2024-03-01T10:00:00Z","after":"abc"}"#);
        let end = Progress::at_the_end(time("2024-03-01T10:00:00Z"));
        assert_eq!((end.cursor().value.as_str(), end.cursor().time), (r#"{"since":"2024-03-01T10:00:00Z"}"#, end.since));
        assert!(Progress::parse(&Cursor { value: "row 7".to_owned(), time: None }).is_err());
    }
}
