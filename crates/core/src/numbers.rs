//! What a target of numbers says of itself: the data set with its elements, categories, org units and periods. Pure data.
//!
//! What people write in sheets and code maps is looked up by id, then by code, then by name, as it stands; only when nothing answers to it, by code and name
//! without regard to case. What fits several things is never one of them: [`Found::Several`] is an error for whoever asked.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;

use crate::error::{Code, nearest};
use crate::period::PeriodType;

/// With this code a target refuses a number whose period it has locked: later is as bad as now, unless somebody opens it.
pub const LOCKED: Code = Code(1020);
/// With this code a target refuses a number whose period is not open yet: a later run may bring it.
pub const NOT_YET_OPEN: Code = Code(1021);

/// Something that has an id, perhaps a code, and a name.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    pub id: String,
    pub code: Option<String>,
    pub name: String,
}

impl Named {
    /// With an id, a code (empty is none) and a name.
    pub fn new(id: impl Into<String>, code: Option<&str>, name: impl Into<String>) -> Self {
        Self { id: id.into(), code: code.filter(|code| !code.is_empty()).map(str::to_owned), name: name.into() }
    }
}

impl AsRef<Named> for Named {
    fn as_ref(&self) -> &Named {
        self
    }
}

/// What an id, code or name leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<T> {
    /// This and nothing else.
    One(T),
    /// So many things.
    Several(usize),
    /// Nothing.
    Nothing,
}

impl<T> Found<T> {
    /// The one thing, where it is one.
    pub fn one(self) -> Option<T> {
        match self {
            Self::One(found) => Some(found),
            Self::Several(_) | Self::Nothing => None,
        }
    }

    fn of(mut all: impl Iterator<Item = T>) -> Self {
        match (all.next(), all.count()) {
            (None, _) => Self::Nothing,
            (Some(one), 0) => Self::One(one),
            (Some(_), others) => Self::Several(others + 1),
        }
    }
}

/// Looks for what a person wrote among things with names.
pub fn find<'t, T: AsRef<Named>>(among: &'t [T], written: &str) -> Found<&'t T> {
    let written = written.trim();
    let all = |fits: &dyn Fn(&Named) -> bool| Found::of(among.iter().filter(|thing| fits((*thing).as_ref())));
    let lower = written.to_lowercase();
    let ways: [&dyn Fn(&Named) -> bool; 4] =
        [&|named| named.id == written, &|named| named.code.as_deref() == Some(written), &|named| named.name == written, &|named| {
            named.name.to_lowercase() == lower || named.code.as_deref().is_some_and(|code| code.to_lowercase() == lower)
        }];
    if written.is_empty() {
        return Found::Nothing;
    }
    ways.into_iter().map(all).find(|found| !matches!(found, Found::Nothing)).unwrap_or(Found::Nothing)
}

/// What a data set is, with everything that a sheet can name. Read once, after `prepare`.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    pub data_set: Named,
    pub period_type: PeriodType,
    /// The elements of the data set.
    pub elements: Vec<Element>,
    /// The category combination of the data set, by its id: what an attribute option combination is one of.
    pub attribute_combo: String,
    /// Category combinations by their ids: at least those of the elements and of the data set.
    pub combos: BTreeMap<String, Combo>,
    /// All org units that can be seen, those outside the data set too: places are rolled up through them.
    pub units: Units,
    /// The ids of the org units to which the data set is assigned.
    pub assigned: BTreeSet<String>,
    /// Elements outside the data set: id, code and name, each with the name. Only for messages.
    pub other_elements: BTreeMap<String, String>,
}

impl Frame {
    /// The category combination that stands for "no categories".
    pub fn default_combo(&self) -> Option<&Combo> {
        self.combos.values().find(|combo| combo.is_default())
    }
}

/// Whether a text is a number as people write one. (`inf` and `nan` are none.)
pub fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// An element of a data set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    pub named: Named,
    /// DHIS2's `valueType`: `INTEGER_ZERO_OR_POSITIVE`, `NUMBER`, `TEXT`, ...
    pub value_type: String,
    /// Whether a 0 is kept as a value. Where it is not, a 0 is sent as a deletion.
    pub zero_is_significant: bool,
    /// DHIS2's `aggregationType`.
    pub aggregation: String,
    /// The id of its category combination in this data set.
    pub combo: String,
    /// The codes that its value may have, where it has an option set.
    pub option_codes: Option<Vec<String>>,
}

impl Element {
    /// Whether its values are numbers.
    pub fn is_numeric(&self) -> bool {
        matches!(self.value_type.as_str(), "NUMBER" | "UNIT_INTERVAL" | "PERCENTAGE") || self.value_type.starts_with("INTEGER")
    }
}

impl AsRef<Named> for Element {
    fn as_ref(&self) -> &Named {
        &self.named
    }
}

/// A category combination.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Combo {
    pub named: Named,
    /// Its categories, in their order.
    pub categories: Vec<Category>,
    /// All its option combinations.
    pub option_combos: Vec<OptionCombo>,
    /// It is the one that stands for "no categories".
    pub default: bool,
}

impl Combo {
    /// Whether it stands for "no categories".
    pub fn is_default(&self) -> bool {
        self.default
    }

    /// The option combination that has exactly these category options (ids, in any order).
    pub fn with_options(&self, options: &[&str]) -> Option<&OptionCombo> {
        self.option_combos.iter().find(|combo| {
            combo.options.len() == options.len() && options.iter().all(|option| combo.options.iter().any(|own| own == option))
        })
    }
}

impl AsRef<Named> for Combo {
    fn as_ref(&self) -> &Named {
        &self.named
    }
}

/// A category, such as sex, with its options.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Category {
    pub named: Named,
    pub options: Vec<Named>,
}

impl AsRef<Named> for Category {
    fn as_ref(&self) -> &Named {
        &self.named
    }
}

/// One option of each category of a combination.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OptionCombo {
    pub named: Named,
    /// The ids of its category options.
    pub options: Vec<String>,
}

impl AsRef<Named> for OptionCombo {
    fn as_ref(&self) -> &Named {
        &self.named
    }
}

/// An org unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unit {
    pub named: Named,
    /// The ids from the root down to itself: `/ImspTQPwCqd/O6uvpzGd5pu`.
    pub path: String,
    /// The first day on which it may have data.
    pub opening: Option<Date>,
    /// The day on which it was closed.
    pub closed: Option<Date>,
}

impl Unit {
    /// How deep it lies: the root is 1.
    pub fn level(&self) -> u32 {
        u32::try_from(self.ids().count()).unwrap_or(u32::MAX)
    }

    /// The id of the unit above it.
    pub fn parent(&self) -> Option<&str> {
        self.ids().rev().nth(1)
    }

    /// The id of the unit at a level, itself at its own.
    pub fn ancestor_at(&self, level: u32) -> Option<&str> {
        self.ids().nth(usize::try_from(level).ok()?.checked_sub(1)?)
    }

    fn ids(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.path.split('/').filter(|id| !id.is_empty())
    }
}

impl AsRef<Named> for Unit {
    fn as_ref(&self) -> &Named {
        &self.named
    }
}

/// Org units, found by id, code and name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Units {
    all: Vec<Unit>,
    ids: HashMap<String, u32>,
    codes: HashMap<String, Vec<u32>>,
    names: HashMap<String, Vec<u32>>,
}

impl Units {
    /// Puts them in order of their paths, so that a unit comes before those below it.
    pub fn new(mut all: Vec<Unit>) -> Self {
        all.sort_by(|a, b| a.path.cmp(&b.path));
        let mut units = Self { all, ..Self::default() };
        for (position, unit) in (0u32..).zip(&units.all) {
            units.ids.insert(unit.named.id.clone(), position);
            if let Some(code) = &unit.named.code {
                units.codes.entry(code.clone()).or_default().push(position);
            }
            units.names.entry(unit.named.name.clone()).or_default().push(position);
        }
        units
    }

    /// All of them; their positions are those of [`Units::position`].
    pub fn all(&self) -> &[Unit] {
        &self.all
    }

    /// How deep the deepest lies; 0 when there are none.
    pub fn deepest(&self) -> u32 {
        self.all.iter().map(Unit::level).max().unwrap_or(0)
    }

    /// By id.
    pub fn get(&self, id: &str) -> Option<&Unit> {
        self.at(self.position(id)?)
    }

    /// The position of an id.
    pub fn position(&self, id: &str) -> Option<u32> {
        self.ids.get(id).copied()
    }

    /// The unit at a position.
    pub fn at(&self, position: u32) -> Option<&Unit> {
        self.all.get(usize::try_from(position).ok()?)
    }

    /// By id, else by code, else by name.
    pub fn find(&self, written: &str) -> Found<&Unit> {
        let written = written.trim();
        if let Some(unit) = self.get(written) {
            return Found::One(unit);
        }
        for index in [&self.codes, &self.names] {
            if let Some(positions) = index.get(written) {
                return Found::of(positions.iter().filter_map(|position| self.at(*position)));
            }
        }
        Found::Nothing
    }

    /// What there is to say of a text that is no org unit: that several are called so, or the nearest name or code. All org units are gone through for that.
    pub fn near(&self, written: &str) -> Option<String> {
        if let Found::Several(many) = self.find(written) {
            return Some(format!("{many} org units are called so"));
        }
        let known = self.all().iter().flat_map(|unit| [Some(unit.named.name.as_str()), unit.named.code.as_deref()]);
        nearest(written, known.flatten()).map(|near| format!("the nearest is `{near}`"))
    }

    /// The id of the unit above one (or itself) at a level; none where it lies higher than that.
    pub fn ancestor_at(&self, id: &str, level: u32) -> Option<&str> {
        self.get(id)?.ancestor_at(level)
    }
}

/// The places of a source, as far as who lies in whom: what is rolled up to the next place that is known elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Places {
    all: HashMap<String, Place>,
}

#[derive(Debug, Clone)]
struct Place {
    parent: Option<String>,
    name: String,
}

/// How deep places may lie in each other: data of others may go in a circle.
const DEEPEST: usize = 64;

impl Places {
    /// Puts down a place: its id, the id of the place that it lies in, its name.
    pub fn insert(&mut self, id: impl Into<String>, parent: Option<&str>, name: impl Into<String>) {
        let parent = parent.filter(|parent| !parent.is_empty()).map(str::to_owned);
        self.all.insert(id.into(), Place { parent, name: name.into() });
    }

    /// Everything that is known of them, in order of their ids: the same places give the same list.
    pub fn in_order(&self) -> Vec<(&str, Option<&str>, &str)> {
        let mut all: Vec<_> = self.all.iter().map(|(id, place)| (id.as_str(), place.parent.as_deref(), place.name.as_str())).collect();
        all.sort_unstable();
        all
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The name of a place.
    pub fn name(&self, id: &str) -> Option<&str> {
        self.all.get(id).map(|place| place.name.as_str())
    }

    /// The id of the place that it lies in.
    pub fn parent(&self, id: &str) -> Option<&str> {
        self.all.get(id)?.parent.as_deref()
    }

    /// The place itself, or the nearest one around it, for which `known` says something. A place that is not listed has no place around it.
    pub fn nearest<'p, T>(&'p self, id: &'p str, mut known: impl FnMut(&str) -> Option<T>) -> Option<T> {
        let mut at = Some(id);
        for _ in 0..DEEPEST {
            let here = at?;
            if let Some(found) = known(here) {
                return Some(found);
            }
            at = self.parent(here);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(path: &str, code: Option<&str>, name: &str) -> Unit {
        let id = path.rsplit('/').next().unwrap_or_default();
        Unit { named: Named::new(id, code, name), path: path.to_owned(), ..Unit::default() }
    }

    #[test]
    fn what_a_person_wrote_is_found_by_id_code_and_name() {
        let things = [
            Named::new("a1", Some("F"), "Female"),
            Named::new("b2", Some("M"), "Male"),
            Named::new("c3", None, "F"),
            Named::new("d4", Some(""), "Twice"),
            Named::new("e5", None, "Twice"),
            Named::new("f6", None, "TWICE"),
        ];
        let check = |written: &str, expected: Found<&str>| {
            let found = match find(&things, written) {
                Found::One(thing) => Found::One(thing.id.as_str()),
                Found::Several(count) => Found::Several(count),
                Found::Nothing => Found::Nothing,
            };
            assert_eq!(found, expected, "{written}");
        };
        check("b2", Found::One("b2"));
        check("F", Found::One("a1"));
        check(" Male ", Found::One("b2"));
        check("female", Found::One("a1"));
        check("f", Found::Several(2));
        check("Twice", Found::Several(2));
        check("TWICE", Found::One("f6"));
        check("twice", Found::Several(3));
        check("", Found::Nothing);
        check("other", Found::Nothing);
    }

    #[test]
    fn units_know_their_levels_and_who_is_above_them() {
        let units = Units::new(vec![
            unit("/r/d1/f1", Some("F-1"), "Clinic"),
            unit("/r", Some("R"), "Country"),
            unit("/r/d1", None, "District"),
            unit("/r/d2", None, "Clinic"),
        ]);
        assert_eq!(units.all().iter().map(|unit| unit.named.id.as_str()).collect::<Vec<_>>(), ["r", "d1", "f1", "d2"]);
        assert_eq!(units.deepest(), 3);
        let clinic = units.get("f1").expect("it is there");
        assert_eq!((clinic.level(), clinic.parent()), (3, Some("d1")));
        assert_eq!(units.get("r").map(|unit| (unit.level(), unit.parent())), Some((1, None)));
        for (level, expected) in [(0, None), (1, Some("r")), (2, Some("d1")), (3, Some("f1")), (4, None)] {
            assert_eq!(units.ancestor_at("f1", level), expected, "{level}");
        }
        assert_eq!(units.find("F-1").one().map(|unit| unit.named.id.as_str()), Some("f1"));
        assert_eq!(units.find("District").one().map(|unit| unit.named.id.as_str()), Some("d1"));
        assert_eq!(units.find("Clinic"), Found::Several(2));
        assert_eq!(units.find("nowhere"), Found::Nothing);
    }

    #[test]
    fn the_nearest_place_is_looked_for_upwards_and_circles_end() {
        let mut places = Places::default();
        places.insert("country", None, "Country");
        places.insert("district", Some("country"), "District");
        places.insert("village", Some("district"), "Village");
        places.insert("a", Some("b"), "A");
        places.insert("b", Some("a"), "B");
        places.insert("island", Some(""), "Island");
        let known = |id: &str| ["country", "district"].contains(&id).then(|| id.to_owned());
        for (id, expected) in
            [("village", Some("district")), ("district", Some("district")), ("country", Some("country")), ("a", None), ("x", None)]
        {
            assert_eq!(places.nearest(id, known).as_deref(), expected, "{id}");
        }
        assert_eq!(places.parent("island"), None);
        assert_eq!(places.nearest("unlisted", |id| (id == "unlisted").then_some(1)), Some(1));
    }

    #[test]
    fn an_option_combination_is_found_by_its_options_in_any_order() {
        let combo = Combo {
            option_combos: vec![
                OptionCombo { named: Named::new("x", None, "0-4, F"), options: vec!["young".to_owned(), "f".to_owned()] },
                OptionCombo { named: Named::new("y", None, "0-4, M"), options: vec!["young".to_owned(), "m".to_owned()] },
            ],
            ..Combo::default()
        };
        let found = |options: &[&str]| combo.with_options(options).map(|found| found.named.id.as_str());
        assert_eq!(found(&["f", "young"]), Some("x"));
        assert_eq!(found(&["young", "m"]), Some("y"));
        assert_eq!(found(&["young"]), None);
        assert_eq!(found(&["young", "old"]), None);
    }
}
