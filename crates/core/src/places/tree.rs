//! The places of one side as a tree. Parents that are not there, and places that are their own ancestors, begin a tree of their own.

use std::collections::{HashMap, HashSet};

use crate::geometry::Point;
use crate::hierarchy::circles;
use crate::token::SLIP;

use super::name::{PlaceName, set_apart};
use super::place::Place;

/// Many places at one point: somebody gave them the middle of their area.
const CROWD: usize = 4;

/// One side.
#[derive(Debug)]
pub(super) struct Tree {
    /// By id, so that no order of reading matters.
    pub places: Vec<Place>,
    /// The name and the other names of each.
    pub names: Vec<Vec<PlaceName>>,
    /// Where each is, when that can be relied on.
    pub points: Vec<Option<Point>>,
    pub parent: Vec<Option<usize>>,
    pub children: Vec<Vec<usize>>,
    /// 0 for those that have no parent.
    pub depth: Vec<usize>,
    /// Where each stands when parents come before their children and branches stay together, and where its branch ends.
    pub order: Vec<usize>,
    pub end: Vec<usize>,
    /// The places in that order.
    pub sequence: Vec<usize>,
    pub by_id: HashMap<String, usize>,
    /// Which places of one parent have one name, whatever their kinds.
    namesakes: HashMap<(Option<usize>, String), Vec<usize>>,
    /// For each depth, how many places stand there or higher.
    pub down_to: Vec<usize>,
}

impl Tree {
    pub fn new(mut places: Vec<Place>) -> Self {
        places.sort_by(|one, two| one.id.cmp(&two.id));
        places.dedup_by(|one, two| one.id == two.id);
        let by_id: HashMap<String, usize> = places.iter().enumerate().map(|(at, place)| (place.id.clone(), at)).collect();
        let mut parent: Vec<Option<usize>> =
            places.iter().map(|place| place.parent.as_ref().and_then(|id| by_id.get(id)).copied()).collect();
        cut_circles(&mut parent);
        let mut children = vec![Vec::new(); places.len()];
        for (at, above) in parent.iter().enumerate() {
            if let Some(above) = above {
                children[*above].push(at);
            }
        }
        let (mut depth, mut order, mut end) = (vec![0; places.len()], vec![0; places.len()], vec![0; places.len()]);
        let mut sequence = Vec::with_capacity(places.len());
        let mut stack: Vec<(usize, bool)> = (0..places.len()).rev().filter(|&at| parent[at].is_none()).map(|at| (at, false)).collect();
        while let Some((at, done)) = stack.pop() {
            if done {
                end[at] = sequence.len();
                continue;
            }
            order[at] = sequence.len();
            sequence.push(at);
            stack.push((at, true));
            for &child in children[at].iter().rev() {
                depth[child] = depth[at] + 1;
                stack.push((child, false));
            }
        }
        let mut down_to = vec![0; depth.iter().max().map_or(1, |deepest| deepest + 1)];
        for &at in &depth {
            down_to[at] += 1;
        }
        for at in 1..down_to.len() {
            down_to[at] += down_to[at - 1];
        }
        let mut names: Vec<Vec<PlaceName>> = vec![Vec::new(); places.len()];
        for &at in &sequence {
            names[at] = self::names(&places[at], parent[at].map(|above| names[above].as_slice()));
        }
        let points = points(&places);
        let mut namesakes: HashMap<(Option<usize>, String), Vec<usize>> = HashMap::new();
        for (at, names) in names.iter().enumerate() {
            namesakes.entry((parent[at], names[0].village())).or_default().push(at);
        }
        Self { places, names, points, parent, children, depth, order, end, sequence, by_id, namesakes, down_to }
    }

    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// The places above one, the nearest first.
    pub fn above(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.parent[at], |above| self.parent[*above])
    }

    /// Whether a place lies below another one.
    pub fn is_below(&self, at: usize, above: usize) -> bool {
        at != above && (self.order[above]..self.end[above]).contains(&self.order[at])
    }

    /// How many places a branch has below its top.
    pub fn below(&self, at: usize) -> usize {
        self.end[at] - self.order[at] - 1
    }

    /// Whether another place of the same parent has its name: a village and its facilities.
    pub fn has_namesake(&self, at: usize) -> bool {
        self.namesakes_of(at).len() > 1
    }

    /// Places of the same parent with the same name and kind, without itself. Of those without a parent none is said to stand beside another.
    pub fn beside(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        let is_like = move |other: &usize| *other != at && self.names[*other][0].key() == self.names[at][0].key();
        let all = if self.parent[at].is_some() { self.namesakes_of(at) } else { &[] };
        all.iter().copied().filter(is_like)
    }

    fn namesakes_of(&self, at: usize) -> &[usize] {
        self.namesakes.get(&(self.parent[at], self.names[at][0].village())).map_or(&[], Vec::as_slice)
    }

    pub fn is_leaf(&self, at: usize) -> bool {
        self.children[at].is_empty()
    }
}

/// The names of a place. The name of the place above, where it is put behind for clearness, is no part of it.
fn names(place: &Place, above: Option<&[PlaceName]>) -> Vec<PlaceName> {
    let of_above = |part: &str| {
        let part = PlaceName::new(part);
        let stands = |above: &PlaceName| {
            part.tokens.len() == above.tokens.len() && part.tokens.iter().zip(&above.tokens).all(|(one, two)| one.likeness(two) >= SLIP)
        };
        !part.tokens.is_empty() && above.into_iter().flatten().any(stands)
    };
    let read = |text: &str| match set_apart(text) {
        Some((name, part)) if of_above(part) => PlaceName::new(&name),
        _ => PlaceName::new(text),
    };
    let mut names = vec![read(&place.name)];
    for other in place.other_names.iter().take(8) {
        let name = read(other);
        if !name.tokens.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Places that are above themselves have no parent.
fn cut_circles(parent: &mut [Option<usize>]) {
    for last in circles(parent).iter().filter_map(|circle| circle.last()) {
        parent[*last] = None;
    }
}

/// Points that can be relied on: on the earth, not zero, and not shared by a crowd.
fn points(places: &[Place]) -> Vec<Option<Point>> {
    let usable = |point: &Point| {
        let (lat, lng) = (point.lat, point.lng);
        let on_earth = lat.is_finite() && lng.is_finite() && lat.abs() <= 180.0 && lng.abs() <= 180.0;
        // Nobody lives where both are nothing: it is an empty field.
        on_earth && !(lat.abs() < 0.01 && lng.abs() < 0.01)
    };
    let bits = |point: &Point| (point.lat.to_bits(), point.lng.to_bits());
    let mut shared: HashMap<(u64, u64), usize> = HashMap::new();
    let drawn: Vec<Option<Point>> =
        places.iter().map(|place| place.point.or_else(|| place.area.as_ref().map(crate::geometry::Area::interior_point))).collect();
    drawn.iter().flatten().for_each(|point| *shared.entry(bits(point)).or_default() += 1);
    let crowded: HashSet<(u64, u64)> = shared.into_iter().filter(|(_, many)| *many >= CROWD).map(|(point, _)| point).collect();
    drawn.into_iter().map(|point| point.filter(|point| usable(point) && !crowded.contains(&bits(point)))).collect()
}
