//! Which org unit a place of a record counts for.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, RwLock};

use jiff::civil::Date;

use super::{Aggregate, Zeros};
use crate::catalogue::aggregate;
use crate::codes::{CodeMap, CodeMaps, Direction, Translated};
use crate::error::Cause;
use crate::numbers::{Found, Frame, Places, Unit};
use crate::period::Period;

/// How many places are remembered: a text that is no place must not fill the memory.
const MOST_PLACES: usize = 200_000;

/// What became of a place.
#[derive(Debug, Clone)]
pub(super) enum Spot {
    /// The org unit at this position.
    Unit(u32),
    /// A person decided that what lies there is not counted.
    Dropped,
    /// It cannot be counted, and this is why.
    Refused(Arc<Cause>),
}

/// Finds org units. What was found is remembered where it does not depend on the day.
#[derive(Debug)]
pub(super) struct Resolver<'a> {
    frame: &'a Frame,
    map: Option<(&'a CodeMap, Direction)>,
    places: Option<&'a Places>,
    level: Option<u32>,
    seen: Option<RwLock<HashMap<Box<str>, Spot>>>,
    /// The org units that records can count for, in their order.
    reachable: Vec<u32>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(own: &'a Aggregate, frame: &'a Frame, codes: &'a CodeMaps, places: Option<&'a Places>) -> Self {
        let rule = &own.org_unit;
        let map = rule.crosswalk.as_ref().and_then(|crosswalk| codes.get(&crosswalk.map).map(|map| (map, crosswalk.direction)));
        let seen = if map.is_some_and(|(map, _)| map.has_days()) { None } else { Some(RwLock::default()) };
        let mut resolver = Self { frame, map, places, level: rule.level, seen, reachable: Vec::new() };
        if own.zeros == Zeros::Report {
            resolver.reachable = resolver.reach();
        }
        resolver
    }

    /// The org units that people wrote into the crosswalk and that the target does not have, or has several of, each after the first row that says so, in the order of the rows. Of those
    /// that flows linked, each record says it for itself.
    pub(super) fn strangers(&self) -> Vec<(usize, &'a str)> {
        let Some((map, direction)) = self.map else { return Vec::new() };
        let is_strange = |written: &str| self.frame.units.find(written).one().is_none();
        let strange = map.written(direction).into_iter().filter(|(written, _)| is_strange(written));
        let mut strangers: Vec<(usize, &str)> = strange.map(|(written, row)| (row, written)).collect();
        strangers.sort_unstable();
        strangers
    }

    /// Why one of these is none. All org units are gone through for it, so nobody asks for more than are shown.
    pub(super) fn why_strange(&self, (row, written): (usize, &str)) -> String {
        let near = self.frame.units.near(written).map(|near| format!(" ({near})"));
        format!("`{written}` in row {row}{}", near.unwrap_or_default())
    }

    /// Whether a value is one of the places that the source itself lists.
    pub(super) fn is_listed(&self, value: &str) -> bool {
        self.places.is_some_and(|places| places.name(value).is_some())
    }

    /// The org unit for which a place counts.
    pub(super) fn find(&self, place: &str, day: Date) -> Spot {
        let Some(seen) = &self.seen else { return self.look(place, day) };
        // What a thread that failed left behind is whole all the same: entries are only ever added.
        let known = seen.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(place).cloned();
        if let Some(known) = known {
            return known;
        }
        let found = self.look(place, day);
        let mut seen = seen.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if seen.len() < MOST_PLACES {
            seen.insert(place.into(), found.clone());
        }
        found
    }

    fn look(&self, place: &str, day: Date) -> Spot {
        let refused = |cause: Cause| Spot::Refused(Arc::new(cause));
        let unit = match self.map {
            None => {
                let known = |id: &str| Some(self.frame.units.find(id)).filter(|found| *found != Found::Nothing);
                self.nearest(place, known)
            }
            Some((map, direction)) => {
                let listed = |id: &str| match map.listed(direction, id, day) {
                    Some(Translated::To(written)) => Some(Ok(written)),
                    // What nobody can tell of a place is not told by the place around it.
                    Some(Translated::Several(_)) => Some(Err(map.disagreement(direction, id, day))),
                    // Listed without a counterpart is not mapped itself: the place around it may be.
                    _ => None,
                };
                let written = match (self.nearest(place, listed), map.unlisted(direction)) {
                    (Some(Ok(written)), _) | (None, Translated::To(written)) => Some(written),
                    (Some(Err(cause)), _) => return refused(cause),
                    (None, Translated::Keep) => Some(place.to_owned()),
                    (None, Translated::Drop) => return Spot::Dropped,
                    (None, Translated::Nothing | Translated::Unlisted | Translated::Several(_)) => None,
                };
                written.map(|written| self.frame.units.find(&written))
            }
        };
        match unit {
            Some(Found::One(unit)) => self.rolled_up(unit).map_or_else(refused, Spot::Unit),
            Some(Found::Several(count)) => refused(self.unmapped(place, &format!("{count} org units are called so"))),
            Some(Found::Nothing) => refused(self.unmapped(place, "it leads to something that is no org unit of the target")),
            None => refused(self.unmapped(place, "neither it nor a place around it is listed")),
        }
    }

    fn nearest<T>(&self, place: &str, mut known: impl FnMut(&str) -> Option<T>) -> Option<T> {
        match self.places {
            Some(places) => places.nearest(place, known),
            None => known(place),
        }
    }

    fn unmapped(&self, place: &str, why: &str) -> Cause {
        let (list, whose) = match self.map {
            Some((map, _)) => (map.name(), format!("the crosswalk `{}`", map.name())),
            None => ("organisationUnits", "the org units of the target".to_owned()),
        };
        let name = self.places.and_then(|places| places.name(place)).map_or(String::new(), |name| format!(" `{name}`"));
        Cause::new(aggregate::UNMAPPED_PLACE, format!("the place{name} of the record is not found in {whose}: {why}")).unlisted(list, place)
    }

    /// The org unit at the level of the flow, if the data set is for it.
    fn rolled_up(&self, unit: &Unit) -> Result<u32, Cause> {
        let units = &self.frame.units;
        let at_level = match self.level {
            None => Some(unit.named.id.as_str()),
            Some(level) => unit.ancestor_at(level),
        };
        let Some(id) = at_level else {
            let level = self.level.unwrap_or_default();
            let message = format!("the org unit `{}` lies at level {}, above level {level}", unit.named.name, unit.level());
            return Err(Cause::new(aggregate::ABOVE_LEVEL, message));
        };
        units.position(id).filter(|_| self.frame.assigned.contains(id)).ok_or_else(|| {
            let name = units.get(id).map_or(id, |unit| &unit.named.name);
            let message = format!("the data set `{}` is not assigned to the org unit `{name}`", self.frame.data_set.name);
            Cause::new(aggregate::NOT_ASSIGNED, message)
        })
    }

    fn reach(&self) -> Vec<u32> {
        let units = &self.frame.units;
        let kept = self.map.is_none_or(|(map, direction)| map.unlisted(direction) == Translated::Keep);
        let ids: BTreeSet<&str> = match self.map {
            Some((map, direction)) if !kept => {
                let results = map.results(direction);
                let found = results.iter().filter_map(|written| units.find(written).one());
                found.filter_map(|unit| self.level.map_or(Some(unit.named.id.as_str()), |level| unit.ancestor_at(level))).collect()
            }
            _ => {
                let at_level = |unit: &&Unit| self.level.is_none_or(|level| unit.level() == level);
                units.all().iter().filter(at_level).map(|unit| unit.named.id.as_str()).collect()
            }
        };
        let assigned = ids.into_iter().filter(|id| self.frame.assigned.contains(*id));
        let mut positions: Vec<u32> = assigned.filter_map(|id| units.position(id)).collect();
        positions.sort_unstable();
        positions
    }

    /// The org units that may have data in a period and that records can count for.
    pub(super) fn open_in(&self, period: Period) -> impl Iterator<Item = u32> {
        self.reachable.iter().copied().filter(move |position| {
            self.frame.units.at(*position).is_some_and(|unit| {
                unit.opening.is_none_or(|opening| opening <= period.end()) && unit.closed.is_none_or(|closed| closed >= period.start())
            })
        })
    }
}
