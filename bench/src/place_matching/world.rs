//! An invented country, and two registers of it that disagree as registers do.

use std::collections::{HashMap, HashSet};

use jiff::civil::date;
use kivuko_core::geometry::Point;
use kivuko_core::places::Place;

use crate::people::Dice;

use super::names::{Kind, TRADITIONS, Tradition, area, written};
use super::slips::{bare, respelt, slip};

/// Two registers of one country.
#[derive(Debug)]
pub struct World {
    pub one: Vec<Place>,
    pub two: Vec<Place>,
    /// Which place of the first is which of the second; copies are nobody's counterpart.
    pub pairs: HashMap<String, String>,
}

/// A place as it is.
#[derive(Debug, Clone)]
struct Unit {
    /// The village, the saint or the area, without its kind.
    name: String,
    kind: Option<Kind>,
    /// 0 country, 1 region, 2 district, 3 chiefdom, 4 village or facility.
    level: usize,
    parent: Option<usize>,
    point: Point,
    code: String,
    opened: (i16, i8, i8),
}

/// How one register writes.
struct Register {
    language: usize,
    /// The kind comes first: `CS Kindia`.
    kind_first: bool,
    /// It leaves one level out.
    without: Option<usize>,
    /// In percent: how many places have a code and a point.
    codes: f64,
    points: f64,
    prefix: &'static str,
    /// Other spellings, slips and all the rest; the first register has few of them.
    untidy: f64,
}

/// A country of about `size` places and its two registers.
pub fn world(seed: u64, size: usize) -> World {
    let mut dice = Dice::new(seed);
    let which = dice.below(TRADITIONS.len());
    let tradition = &TRADITIONS[which];
    let units = country(tradition, size, &mut dice);
    let language = [0, 1, 0, 2, 3][which];
    let other = if dice.percent(70.0) { language } else { dice.below(4) };
    let one = Register { language, kind_first: language != 0, without: None, codes: 45.0, points: 65.0, prefix: "a", untidy: 0.25 };
    let without = dice.percent(30.0).then_some(1);
    let two = Register {
        language: other,
        kind_first: other != 0 && dice.percent(80.0),
        without,
        codes: 35.0,
        points: 60.0,
        prefix: "b",
        untidy: 1.0,
    };
    let both: Vec<bool> = units.iter().map(|_| dice.percent(30.0)).collect();
    let (one, ids_one) = register(&units, &one, tradition, &both, &mut dice);
    let (two, ids_two) = register(&units, &two, tradition, &both, &mut dice);
    let pairs = ids_one.into_iter().filter_map(|(unit, id)| Some((id, ids_two.get(&unit)?.clone()))).collect();
    World { one, two, pairs }
}

fn country(tradition: &Tradition, size: usize, dice: &mut Dice) -> Vec<Unit> {
    let common = tradition.common(dice);
    let (lat, lng) = (dice.below(20) as f64 - 8.0, dice.below(40) as f64 - 10.0);
    let mut units: Vec<Unit> = Vec::with_capacity(size + 20);
    let put =
        |units: &mut Vec<Unit>, name: String, kind: Option<Kind>, level: usize, parent: Option<usize>, point: Point, dice: &mut Dice| {
            let code = format!("{}{:05}", ["CO", "RE", "DI", "CH", "PL"][level], units.len());
            let mut number = |end: usize| i8::try_from(dice.below(end)).unwrap_or(0);
            let opened = (1960 + i16::from(number(60)), 1 + number(12), 1 + number(28));
            units.push(Unit { name, kind, level, parent, point, code, opened });
            units.len() - 1
        };
    let near = |point: Point, degrees: f64, dice: &mut Dice| Point {
        lat: point.lat + (dice.below(2_000) as f64 / 1_000.0 - 1.0) * degrees,
        lng: point.lng + (dice.below(2_000) as f64 / 1_000.0 - 1.0) * degrees,
    };
    let top = put(&mut units, tradition.village(&common, dice), None, 0, None, Point { lat, lng }, dice);
    let mut taken: HashSet<(usize, String)> = HashSet::new();
    while units.len() < size {
        let region_point = near(units[top].point, 3.0, dice);
        let region = put(&mut units, tradition.village(&common, dice), None, 1, Some(top), region_point, dice);
        for _ in 0..3 + dice.below(6) {
            let point = near(units[region].point, 0.8, dice);
            let district = put(&mut units, tradition.village(&common, dice), None, 2, Some(region), point, dice);
            for _ in 0..8 + dice.below(10) {
                let point = near(units[district].point, 0.3, dice);
                // A chiefdom often has the name of its district or of its main village.
                let name = if dice.percent(6.0) { units[district].name.clone() } else { tradition.village(&common, dice) };
                let chiefdom = put(&mut units, name, None, 3, Some(district), point, dice);
                for number in 0..6 + dice.below(16) {
                    let point = near(units[chiefdom].point, 0.12, dice);
                    let name =
                        if number == 0 && dice.percent(50.0) { units[chiefdom].name.clone() } else { tradition.village(&common, dice) };
                    let village = (chiefdom, name.clone());
                    if !taken.insert(village) {
                        continue;
                    }
                    for kind in facilities(dice) {
                        let spot = near(point, 0.006, dice);
                        put(&mut units, name.clone(), kind, 4, Some(chiefdom), spot, dice);
                    }
                    if dice.percent(3.0) {
                        let (spot, kind) = (near(point, 0.01, dice), [Kind::Hospital, Kind::Clinic, Kind::Dispensary][dice.below(3)]);
                        let saint = tradition.saint(dice);
                        if taken.insert((chiefdom, saint.clone())) {
                            put(&mut units, saint, Some(kind), 4, Some(chiefdom), spot, dice);
                        }
                    }
                    if units.len() >= size {
                        return units;
                    }
                }
            }
        }
    }
    units
}

/// What a village has; `None` is the village itself.
fn facilities(dice: &mut Dice) -> Vec<Option<Kind>> {
    let post = [Kind::Post, Kind::CommunityPost, Kind::MotherPost, Kind::Dispensary][dice.below(4)];
    match dice.below(100) {
        0..=49 => vec![Some(post)],
        50..=69 => vec![Some(Kind::Centre)],
        70..=77 => vec![Some(post), Some(Kind::Centre)],
        78..=80 => vec![Some(post), Some(Kind::Hospital)],
        81..=83 => vec![Some(Kind::Centre), Some(Kind::Hospital), Some(Kind::Clinic)],
        84..=93 => vec![None],
        _ => vec![None, Some(post)],
    }
}

fn register(
    units: &[Unit],
    how: &Register,
    tradition: &Tradition,
    coded_on_both: &[bool],
    dice: &mut Dice,
) -> (Vec<Place>, HashMap<usize, String>) {
    let mut kept: HashMap<usize, String> = HashMap::new();
    for (at, unit) in units.iter().enumerate() {
        let gone = unit.level == 4 && dice.percent(6.0) || how.without == Some(unit.level);
        if !gone {
            kept.insert(at, format!("{}{:03}{at:05}", how.prefix, dice.below(1_000)));
        }
    }
    // Areas that this register calls by quite another name.
    let renamed: HashMap<usize, String> = units
        .iter()
        .enumerate()
        .filter(|(_, unit)| unit.level > 0)
        .filter(|_| dice.percent(2.0 * how.untidy))
        .map(|(at, _)| at)
        .collect::<Vec<_>>()
        .into_iter()
        .map(|at| (at, tradition.village(&[String::from("Kolu")], dice)))
        .collect();
    let chiefdoms: Vec<usize> = (0..units.len()).filter(|at| units[*at].level == 3).collect();
    let mut places = Vec::new();
    for (at, unit) in units.iter().enumerate() {
        let Some(id) = kept.get(&at) else { continue };
        let mut parent = unit.parent;
        if unit.level == 4 && dice.percent(3.0 * how.untidy) {
            // Moved: mostly to a neighbour.
            let own = unit.parent.and_then(|chiefdom| units[chiefdom].parent);
            let near: Vec<usize> = chiefdoms.iter().copied().filter(|one| units[*one].parent == own).collect();
            let among = if dice.percent(70.0) { &near } else { &chiefdoms };
            parent = Some(among[dice.below(among.len())]);
        }
        while let Some(above) = parent.filter(|above| !kept.contains_key(above)) {
            parent = units[above].parent;
        }
        let parent_name = parent.map(|above| units[above].name.clone()).unwrap_or_default();
        let place =
            write(unit, how, (id, parent.map(|above| kept[&above].clone())), renamed.get(&at), &parent_name, coded_on_both[at], dice);
        if unit.level == 4 && dice.percent(1.5) {
            let mut copy = write(unit, how, (&format!("{id}x"), place.parent.clone()), None, &parent_name, false, dice);
            if dice.percent(50.0) {
                copy.point = place.point;
            }
            places.push(copy);
        }
        places.push(place);
    }
    // Codes that stand at the wrong place.
    let coded: Vec<usize> = (0..places.len()).filter(|at| !places[*at].codes.is_empty()).collect();
    for _ in 0..coded.len() / 200 {
        let (first, second) = (coded[dice.below(coded.len())], coded[dice.below(coded.len())]);
        if first != second {
            let codes = std::mem::take(&mut places[first].codes);
            places[first].codes = std::mem::replace(&mut places[second].codes, codes);
        }
    }
    (places, kept)
}

fn write(
    unit: &Unit,
    how: &Register,
    (id, parent): (&str, Option<String>),
    renamed: Option<&String>,
    parent_name: &str,
    coded_on_both: bool,
    dice: &mut Dice,
) -> Place {
    let untidy = how.untidy;
    let mut name = renamed.unwrap_or(&unit.name).clone();
    if dice.percent(12.0 * untidy) {
        name = respelt(&name, dice);
    }
    if dice.percent(8.0 * untidy) {
        name = slip(&name, dice);
    }
    if dice.percent(1.0 * untidy) {
        name = slip(&name, dice);
    }
    if dice.percent(25.0 * untidy) {
        name = bare(&name);
    }
    let words: Vec<&str> = name.split(' ').collect();
    if words.len() == 2 && dice.percent(4.0 * untidy) {
        name = if dice.percent(50.0) { format!("{} {}", words[1], words[0]) } else { words.concat() };
    } else if words.len() == 2 && words[1].len() > 2 && dice.percent(3.0 * untidy) {
        let first = words[0].to_owned();
        name = first;
    }
    if dice.percent(30.0 * untidy) {
        for (from, to) in [(" 1", " I"), (" 2", " II"), (" 3", " III")] {
            if name.ends_with(from) {
                name = name.replace(from, to);
            }
        }
    }
    if dice.percent(30.0 * untidy) {
        name = name.replace("St. ", "Saint ").replace("St ", "St. ");
    }
    let kind = match unit.kind {
        // Upgraded since.
        Some(Kind::Post | Kind::CommunityPost) if dice.percent(1.0 * untidy) => Some(Kind::Centre),
        other => other,
    };
    if let Some(kind) = kind.filter(|_| !dice.percent(6.0 * untidy)) {
        let forms = written(kind, how.language);
        let form = if dice.percent(100.0 - 50.0 * untidy) { forms[0] } else { forms[dice.below(forms.len())] };
        let other_way_round = dice.percent(5.0 * untidy);
        name = if how.kind_first == other_way_round {
            format!("{name} {form}")
        } else {
            // French says whose it is.
            let of = if how.language > 0 && dice.percent(30.0) { "de " } else { "" };
            format!("{form} {of}{name}")
        };
    } else if (1..4).contains(&unit.level) && dice.percent(40.0) {
        name = if how.kind_first {
            format!("{} de {name}", area(unit.level, how.language))
        } else {
            format!("{name} {}", area(unit.level, how.language))
        };
    }
    if unit.level == 4 && dice.percent(3.0 * untidy) {
        name = format!("{name} ({parent_name})");
    }
    if dice.percent(10.0 * untidy) {
        name = name.to_uppercase();
    }
    let other_names = if renamed.is_some() && dice.percent(50.0) { vec![unit.name.clone()] } else { Vec::new() };
    let codes = if (coded_on_both || dice.percent(10.0)) && dice.percent(how.codes * 2.0) { vec![unit.code.clone()] } else { Vec::new() };
    let closed = (unit.level == 4 && dice.percent(3.0 * untidy)).then(|| date(2024, 6, 30));
    let opened = dice.percent(30.0).then(|| {
        let (year, month, day) = unit.opened;
        if dice.percent(30.0) { date(year, 1, 1) } else { date(year, month, day) }
    });
    let point = (unit.level >= 3 && dice.percent(how.points)).then(|| misplaced(unit, dice));
    let level = if how.without.is_some() && unit.level > 1 { unit.level - 1 } else { unit.level };
    Place {
        id: id.to_owned(),
        name,
        other_names,
        codes,
        parent,
        level: Some(level.to_string()),
        point,
        area: None,
        opened,
        closed,
        active: None,
    }
}

/// Where somebody wrote a place down.
fn misplaced(unit: &Unit, dice: &mut Dice) -> Point {
    let reach = match dice.below(100) {
        0..=69 => 0.002,
        70..=89 => 0.01,
        _ => 0.05,
    };
    let off = |dice: &mut Dice| (dice.below(2_000) as f64 / 1_000.0 - 1.0) * reach;
    let (lat, lng) = (unit.point.lat + off(dice), unit.point.lng + off(dice));
    match dice.below(200) {
        0 | 1 => Point { lat: 0.0, lng: 0.0 },
        2..=4 => Point { lat: lng, lng: lat },
        5 | 6 => Point { lat: -lat, lng },
        7..=12 => Point { lat: lat.round(), lng: lng.round() },
        _ => Point { lat, lng },
    }
}
