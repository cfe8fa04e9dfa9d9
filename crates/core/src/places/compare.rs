//! What two places have in common by themselves, wherever they stand in their trees.

use crate::geometry::Point;
use crate::token::{SLIP, SOUNDS, SPELT};

use super::kinds::{self, Kind, Kinds};
use super::name::{Likeness, PlaceName};
use super::place::Place;
use super::rarity::Rarity;
use super::tree::Tree;

/// Why a person should look at a pair, however strong the evidence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Doubt {
    KindDiffers,
    NumberDiffers,
    SideDiffers,
    GradeDiffers,
    OwnerDiffers,
    NameDiffers,
    NameHasMore,
    CodeElsewhere,
    FarApart,
    ClosedBefore,
    /// Said of the place in its tree.
    OtherParent,
    NothingBacks,
    KindOpen,
    Twin,
}

impl Doubt {
    /// In words, for reasons.
    pub const fn word(self) -> &'static str {
        match self {
            Self::KindDiffers => "they are of different kinds",
            Self::NumberDiffers => "the numbers in the names are not the same",
            Self::SideDiffers => "a word such as north, new or upper is not the same",
            Self::GradeDiffers => "the grades of the facilities differ",
            Self::OwnerDiffers => "they are run by different bodies",
            Self::NameDiffers => "the names are not the same name",
            Self::NameHasMore => "one name has a word more, and nothing else says that it is the same place",
            Self::CodeElsewhere => "an identifier of one belongs to another place of the other side",
            Self::FarApart => "they are far apart",
            Self::ClosedBefore => "one was closed before the other was opened",
            Self::OtherParent => "the places above do not belong together, and no point or identifier says that it moved",
            Self::NothingBacks => "nothing but the name says so: neither parents nor a point nor an identifier",
            Self::KindOpen => "only one of them says its kind, and several places there have this name",
            Self::Twin => "another place fits as well: it may stand twice",
        }
    }
}

/// Some doubts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Doubts(u16);

impl Doubts {
    const ALL: [Doubt; 14] = [
        Doubt::KindDiffers,
        Doubt::NumberDiffers,
        Doubt::SideDiffers,
        Doubt::GradeDiffers,
        Doubt::OwnerDiffers,
        Doubt::NameDiffers,
        Doubt::NameHasMore,
        Doubt::CodeElsewhere,
        Doubt::FarApart,
        Doubt::ClosedBefore,
        Doubt::OtherParent,
        Doubt::NothingBacks,
        Doubt::KindOpen,
        Doubt::Twin,
    ];

    pub fn push(&mut self, doubt: Doubt) {
        self.0 |= 1 << doubt as u16;
    }

    pub fn take(&mut self, doubt: Doubt) {
        self.0 &= !(1 << doubt as u16);
    }

    pub const fn has(self, doubt: Doubt) -> bool {
        self.0 & (1 << doubt as u16) != 0
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn each(self) -> impl Iterator<Item = Doubt> {
        Self::ALL.into_iter().filter(move |doubt| self.has(*doubt))
    }
}

/// What two places have in common by themselves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Own {
    /// Bits of name, kind, number, dates: all but identifiers and distance.
    pub bits: f64,
    pub name: Likeness,
    /// The names of both sides that are most alike: 0 is the name itself.
    pub names: (usize, usize),
    pub kinds: Kinds,
    pub code: Code,
    /// Kilometres.
    pub apart: Option<f64>,
    /// It took an exchange of latitude and longitude, or of a sign, to bring them together.
    pub exchanged: bool,
    /// Whether the point of one lies in the area of the other, or of the place that the other lies in; `None`: nothing is drawn.
    pub inside: Option<bool>,
    pub same_opening: bool,
    pub one_closed: bool,
    pub doubts: Doubts,
}

/// How the identifiers of two places stand to each other, where those of both sides are trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    Equal,
    /// One that both sides use leads elsewhere.
    Elsewhere,
    /// There is none, or an equal one may be so by chance.
    Unsaid,
}

/// Compares two places, apart from where they stand in their trees.
pub(super) fn compare((one, at): (&Tree, usize), (two, place): (&Tree, usize), rarity: &Rarity, code: Code) -> Own {
    let nearby = |token: &crate::token::Token| {
        let stands = |tree: &Tree, at: usize| {
            tree.above(at).take(2).any(|above| tree.names[above][0].tokens.iter().any(|word| word.likeness(token) >= SPELT))
        };
        stands(one, at) || stands(two, place)
    };
    let mut best: Option<Named> = None;
    for (ours, first) in one.names[at].iter().enumerate() {
        for (theirs, second) in two.names[place].iter().enumerate() {
            let named = Named::new(first, second, (ours, theirs), rarity, &nearby);
            if best.as_ref().is_none_or(|best| named.bits > best.bits) {
                best = Some(named);
            }
        }
    }
    let Named { mut bits, name, names, kinds, mut doubts } =
        best.unwrap_or_else(|| Named::new(&PlaceName::default(), &PlaceName::default(), (0, 0), rarity, &nearby));
    let (first, second) = (&one.places[at], &two.places[place]);
    let same_opening = match (first.opened, second.opened) {
        (Some(opened), Some(other)) if opened == other => {
            // The first of January is what is written when nobody knows.
            bits += if opened.month() == 1 && opened.day() == 1 { 0.3 } else { 2.0 };
            true
        }
        _ => false,
    };
    let closed_before =
        |first: &Place, second: &Place| matches!((first.closed, second.opened), (Some(closed), Some(opened)) if closed < opened);
    if closed_before(first, second) || closed_before(second, first) {
        bits -= 3.0;
        doubts.push(Doubt::ClosedBefore);
    }
    let says_closed = |place: &Place| place.closed.is_some() || place.active == Some(false);
    let one_closed = says_closed(first) != says_closed(second);
    bits += match (one.is_leaf(at), two.is_leaf(place)) {
        (true, true) => 0.0,
        (false, false) => 0.5,
        _ => -1.5,
    };
    let (apart, exchanged) = match (one.points[at], two.points[place]) {
        (Some(here), Some(there)) => distance(here, there),
        _ => (None, false),
    };
    let inside =
        [inside((one, at), two.points[place]), inside((two, place), one.points[at])].into_iter().flatten().reduce(|one, two| one || two);
    if apart.is_some_and(|km| km > 25.0) && (one.is_leaf(at) || two.is_leaf(place)) {
        doubts.push(Doubt::FarApart);
    }
    if code == Code::Elsewhere {
        doubts.push(Doubt::CodeElsewhere);
    }
    Own { bits, name, names, kinds, code, apart, exchanged, inside, same_opening, one_closed, doubts }
}

/// Whether a point lies in the area of a place, or else in that of the place above it.
fn inside((tree, at): (&Tree, usize), point: Option<Point>) -> Option<bool> {
    let area = std::iter::once(at).chain(tree.parent[at]).find_map(|at| tree.places[at].area.as_ref())?;
    Some(area.contains(point?))
}

/// Two names side by side.
struct Named {
    bits: f64,
    name: Likeness,
    names: (usize, usize),
    kinds: Kinds,
    doubts: Doubts,
}

impl Named {
    fn new(
        first: &PlaceName,
        second: &PlaceName,
        names: (usize, usize),
        rarity: &Rarity,
        nearby: &dyn Fn(&crate::token::Token) -> bool,
    ) -> Self {
        let name = first.likeness(second, rarity, nearby);
        let kinds = kinds::compare(&first.kinds, &second.kinds);
        let mut doubts = Doubts::default();
        let mut bits = name.bits;
        if names != (0, 0) {
            bits -= 1.0;
        }
        bits += match kinds {
            Kinds::Equal if first.kinds.iter().any(|kind| !kind.is_area()) => 3.0,
            Kinds::Equal | Kinds::Fitting => 1.0,
            Kinds::Unsaid => 0.5,
            Kinds::OneSided => -2.0,
            Kinds::Different => {
                doubts.push(Doubt::KindDiffers);
                -5.0
            }
        };
        bits += several(&first.numbers, &second.numbers, (3.0, -2.5, -8.0), Doubt::NumberDiffers, &mut doubts);
        bits += several(&first.sides, &second.sides, (2.0, -3.0, -6.0), Doubt::SideDiffers, &mut doubts);
        if disjoint(&first.grades, &second.grades) {
            doubts.push(Doubt::GradeDiffers);
            bits -= 2.0;
        }
        if disjoint(&first.owners, &second.owners) {
            doubts.push(Doubt::OwnerDiffers);
            bits -= 3.0;
        } else if first.owners != second.owners {
            bits -= 0.5;
        }
        if name.worst < SOUNDS {
            // Quite another name has other words in all of its parts.
            bits = bits.max(-8.0);
        }
        if name.worst < SLIP || name.replaced {
            doubts.push(Doubt::NameDiffers);
        } else if name.more {
            doubts.push(Doubt::NameHasMore);
        }
        Self { bits, name, names, kinds, doubts }
    }
}

/// Words that tell several of one name apart: bits when they are equal, only on one side, different.
fn several<T: PartialEq>(one: &[T], two: &[T], bits: (f64, f64, f64), doubt: Doubt, doubts: &mut Doubts) -> f64 {
    if one == two {
        return if one.is_empty() { 0.0 } else { bits.0 };
    }
    doubts.push(doubt);
    if one.is_empty() || two.is_empty() { bits.1 } else { bits.2 }
}

fn disjoint<T: PartialEq>(one: &[T], two: &[T]) -> bool {
    !one.is_empty() && !two.is_empty() && !one.iter().any(|word| two.contains(word))
}

/// The kinds that a place says of itself, in words.
pub(super) fn kind_words(kinds: &[Kind]) -> String {
    kinds.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(" and ")
}

/// Bits of a distance; areas are measured from their middles, which lie further apart.
pub(super) fn distance_bits(km: f64, areas: bool) -> f64 {
    let km = if areas { km / 6.0 } else { km };
    match km {
        _ if km <= 0.3 => 9.0,
        _ if km <= 1.0 => 7.5,
        _ if km <= 3.0 => 5.5,
        _ if km <= 8.0 => 2.5,
        _ if km <= 20.0 => 0.0,
        _ if km <= 60.0 => -2.5,
        _ => -5.0,
    }
}

/// The distance of two points, and whether a usual mistake had to be put right for it.
fn distance(one: Point, two: Point) -> (Option<f64>, bool) {
    let km = one.distance_km(two);
    if km > 25.0 {
        let mistakes = [
            Point { lat: two.lng, lng: two.lat },
            Point { lat: -two.lat, lng: two.lng },
            Point { lat: two.lat, lng: -two.lng },
            Point { lat: -two.lat, lng: -two.lng },
        ];
        let nearest = mistakes.into_iter().map(|mistake| one.distance_km(mistake)).fold(f64::INFINITY, f64::min);
        if nearest <= 1.0 {
            return (Some(nearest), true);
        }
    }
    (Some(km), false)
}
