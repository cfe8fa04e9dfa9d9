//! A place as the matcher sees it.

use jiff::civil::Date;

use crate::geometry::{Area, Point};

/// A place of one system: an area, a facility, a village.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// Its identity in its system.
    pub id: String,
    pub name: String,
    /// Short names, synonyms, former names.
    pub other_names: Vec<String>,
    /// Codes and identifiers, also those of other systems.
    pub codes: Vec<String>,
    /// The id of the place that it lies in.
    pub parent: Option<String>,
    /// Its level in the words of its system.
    pub level: Option<String>,
    pub point: Option<Point>,
    /// What it covers, where it is drawn.
    pub area: Option<Area>,
    pub opened: Option<Date>,
    pub closed: Option<Date>,
    /// Whether its system says that it is in use; `None`: the system does not say.
    pub active: Option<bool>,
}

impl Place {
    /// Whether it is closed on a day, by its date or because its system says that it is not in use.
    pub fn is_closed(&self, on: Date) -> bool {
        self.active == Some(false) || self.closed.is_some_and(|closed| closed <= on)
    }
}
