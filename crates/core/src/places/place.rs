//! A place as the matcher sees it.

use jiff::civil::Date;

/// A point on the earth, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub lat: f64,
    pub lng: f64,
}

/// A place of one system: an area, a facility, a village.
#[derive(Debug, Clone, Default, PartialEq)]
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
    pub opened: Option<Date>,
    pub closed: Option<Date>,
}
