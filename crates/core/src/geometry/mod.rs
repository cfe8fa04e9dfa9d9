//! Where something is: points, areas and what connects them, in degrees of WGS 84.
//!
//! A geometry is read from what GeoJSON calls one (RFC 7946), from the text that DHIS2 kept before it had GeoJSON (`coordinates`, up to 2.29:
//! `"[lng,lat]"`, `"[[[[lng,lat],...]]]"`; how deep the lists stand says what it is, the `featureType` beside them is often wrong) and from the
//! `{lat, lng}` of Go.Data. [`Shape::point`] makes one point of any of them, and of an area a point that lies in it.
//!
//! Nothing here panics on what a survey team drew. Rings may be open, run either way, begin anywhere, cross themselves or the antimeridian; none of
//! that changes what comes out. A ring without any area counts as its corners. Degrees are taken as a plane, as DHIS2 and PostGIS take them: fine
//! for saying which district a place lies in, not for measuring one.

mod area;
mod read;
mod ring;
#[cfg(test)]
mod tests;

use std::fmt;

pub use area::{Area, Bounds};
use serde_json::{Value, json};

/// The mean radius of the earth in kilometres (IUGG).
const EARTH_RADIUS_KM: f64 = 6_371.008_8;

/// A position in degrees.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Point {
    /// North of the equator, -90 to 90.
    pub lat: f64,
    /// East of Greenwich, -180 to 180.
    pub lng: f64,
}

impl Point {
    /// A position on the earth. At 0, 0 there is none: that is how most systems say that a position is missing.
    pub fn new(lat: f64, lng: f64) -> Result<Self, Flaw> {
        if !(lat.abs() <= 90.0 && lng.abs() <= 180.0) {
            return Err(Flaw::OffTheEarth);
        }
        if lat == 0.0 && lng == 0.0 {
            return Err(Flaw::Zero);
        }
        Ok(Self { lat, lng })
    }

    /// The way to another point over the surface of a round earth, in kilometres; at most half a percent off.
    pub fn distance_km(self, other: Self) -> f64 {
        let (lat, other_lat) = (self.lat.to_radians(), other.lat.to_radians());
        let half_lat = ((other_lat - lat) / 2.0).sin();
        let half_lng = ((other.lng - self.lng).to_radians() / 2.0).sin();
        let chord = half_lat * half_lat + lat.cos() * other_lat.cos() * half_lng * half_lng;
        2.0 * EARTH_RADIUS_KM * chord.sqrt().min(1.0).asin()
    }

    /// As Go.Data writes it: `{"lat": 8.46, "lng": -11.78}`.
    pub fn lat_lng(self) -> Value {
        json!({"lat": self.lat, "lng": self.lng})
    }

    /// As a GeoJSON Point, longitude first.
    pub fn geojson(self) -> Value {
        json!({"type": "Point", "coordinates": [self.lng, self.lat]})
    }
}

/// What is drawn on a map: areas, and what has no area.
#[derive(Debug, Clone, Default)]
pub struct Shape {
    area: Option<Area>,
    lines: Vec<Vec<Point>>,
    points: Vec<Point>,
}

impl Shape {
    /// Reads a geometry; one without any position is `None`.
    pub fn parse(value: &Value) -> Result<Option<Self>, Flaw> {
        read::shape(value)
    }

    /// Its areas together, where it has any.
    pub fn area(&self) -> Option<&Area> {
        self.area.as_ref()
    }

    /// One point that stands for it: of areas one that lies in them ([`Area::interior_point`]), of lines the middle of the longest, of points
    /// their mean.
    pub fn point(&self) -> Result<Point, Flaw> {
        if let Some(area) = &self.area {
            return Ok(area.interior_point());
        }
        match self.lines.iter().map(|line| (length(line), line)).max_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((whole, line)) if whole > 0.0 => middle(line, whole / 2.0),
            _ => mean(&self.points, &self.lines),
        }
    }
}

fn length(line: &[Point]) -> f64 {
    line.windows(2).map(|pair| pair[0].distance_km(pair[1])).sum()
}

/// The point of a line after so many kilometres.
fn middle(line: &[Point], mut left: f64) -> Result<Point, Flaw> {
    for pair in line.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let step = from.distance_km(to);
        if step >= left && step > 0.0 {
            let part = left / step;
            let lng = ring::nearest_turn(to.lng, from.lng);
            return rounded(from.lat + (to.lat - from.lat) * part, from.lng + (lng - from.lng) * part);
        }
        left -= step;
    }
    line.last().copied().ok_or(Flaw::NoPosition)
}

/// The mean of all different corners.
fn mean(points: &[Point], lines: &[Vec<Point>]) -> Result<Point, Flaw> {
    let mut corners: Vec<Point> = points.iter().chain(lines.iter().flatten()).copied().collect();
    corners.sort_by(|a, b| a.lng.total_cmp(&b.lng).then(a.lat.total_cmp(&b.lat)));
    corners.dedup();
    match corners.as_slice() {
        [] => Err(Flaw::NoPosition),
        [only] => Ok(*only),
        [first, ..] => {
            let count = corners.len() as f64;
            let lat = corners.iter().map(|corner| corner.lat).sum::<f64>() / count;
            let lng = corners.iter().map(|corner| ring::nearest_turn(corner.lng, first.lng)).sum::<f64>() / count;
            rounded(lat, lng)
        }
    }
}

/// A point that was worked out: to a centimetre, and once around the earth at most.
fn rounded(lat: f64, lng: f64) -> Result<Point, Flaw> {
    Point::new(area::round(lat), area::round(ring::once_around(lng)))
}

/// Why something is no geometry; it never says a coordinate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// It is neither GeoJSON nor one of the other forms; with what it is in words.
    NotGeometry(&'static str),
    /// A geometry of a type that GeoJSON does not have.
    UnknownType,
    /// The coordinates do not stand as deep as their type has them.
    Depth,
    /// A position that is not two numbers.
    Position,
    /// A position outside of the range of the earth.
    OffTheEarth,
    /// The position 0, 0.
    Zero,
    /// There is no position in it.
    NoPosition,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::NotGeometry(kind) => {
                write!(f, "{kind} that is no geometry; GeoJSON, the coordinates of DHIS2 or an object of lat and lng is expected")
            }
            Flaw::UnknownType => f.write_str("a geometry whose type GeoJSON does not have"),
            Flaw::Depth => f.write_str("a geometry whose coordinates are lists within lists otherwise than its type has them"),
            Flaw::Position => f.write_str("a geometry with a position that is not two numbers, longitude first"),
            Flaw::OffTheEarth => {
                f.write_str("a geometry with a position outside of the range of the earth; is it written with the latitude first?")
            }
            Flaw::Zero => f.write_str("a geometry at 0, 0, which says that the position is missing"),
            Flaw::NoPosition => f.write_str("a geometry without a position"),
        }
    }
}

impl std::error::Error for Flaw {}
