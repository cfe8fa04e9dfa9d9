//! Where a record of a place (a location, an org unit, a facility) says what it is called and where it lies.

use crate::path::SourcePath;

/// The paths of a record of a place. What a kind of system says of its own resources comes from [`crate::connector::System::place_paths`]; a project may write others
/// under `crosswalks:`.
#[derive(Debug, Clone)]
pub struct PlacePaths {
    /// Its identity.
    pub id: SourcePath,
    /// Its name.
    pub name: SourcePath,
    /// Other names of it: synonyms, the short name.
    pub other_names: Vec<SourcePath>,
    /// Codes that others know it by: P-codes, numbers of a facility list.
    pub codes: Vec<SourcePath>,
    /// The identity of the place that it lies in.
    pub parent: Option<SourcePath>,
    /// How deep it lies in the hierarchy: a number, or the word that the system has for it.
    pub level: Option<SourcePath>,
    /// Where it is: GeoJSON, `{lat, lng}`, or `lat, lng`.
    pub point: Option<SourcePath>,
    /// Its area: GeoJSON.
    pub area: Option<SourcePath>,
    /// The day on which it opened.
    pub opened: Option<SourcePath>,
    /// The day on which it closed.
    pub closed: Option<SourcePath>,
    /// Whether it is in use: false means that it is closed, from whatever day on.
    pub active: Option<SourcePath>,
}

impl PlacePaths {
    /// The paths that a kind of system knows; a text that is empty is no path.
    ///
    /// # Panics
    /// A path that cannot be read: a mistake in a connector, which its tests find.
    pub fn of(known: &Known<'_>) -> Self {
        let path = |text: &str| SourcePath::parse(text).expect("a connector's own path can be read");
        let several = |texts: &[&str]| texts.iter().map(|text| path(text)).collect();
        let maybe = |text: &str| (!text.is_empty()).then(|| path(text));
        Self {
            id: path(known.id),
            name: path(known.name),
            other_names: several(known.other_names),
            codes: several(known.codes),
            parent: maybe(known.parent),
            level: maybe(known.level),
            point: maybe(known.point),
            area: maybe(known.area),
            opened: maybe(known.opened),
            closed: maybe(known.closed),
            active: maybe(known.active),
        }
    }

    /// All of them, as a reading asks for them.
    pub fn all(&self) -> Vec<String> {
        let single = [&self.parent, &self.level, &self.point, &self.area, &self.opened, &self.closed, &self.active];
        let paths = [&self.id, &self.name].into_iter().chain(&self.other_names).chain(&self.codes).chain(single.into_iter().flatten());
        paths.map(|path| path.text().to_owned()).collect()
    }
}

/// The same as a connector writes it down.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub other_names: &'a [&'a str],
    pub codes: &'a [&'a str],
    pub parent: &'a str,
    pub level: &'a str,
    pub point: &'a str,
    pub area: &'a str,
    pub opened: &'a str,
    pub closed: &'a str,
    pub active: &'a str,
}
