//! Geometries as they are written.

use serde_json::{Map, Value};

use super::area::Polygon;
use super::ring::Ring;
use super::{Area, Flaw, Point, Shape};

/// How deep collections may stand in one another; RFC 7946 advises against any nesting.
const NESTED: usize = 8;

/// What was found so far.
#[derive(Default)]
struct Found {
    polygons: Vec<Polygon>,
    lines: Vec<Vec<Point>>,
    points: Vec<Point>,
}

pub fn shape(value: &Value) -> Result<Option<Shape>, Flaw> {
    let mut found = Found::default();
    found.any(value, 0)?;
    let Found { polygons, lines, points } = found;
    if polygons.is_empty() && lines.iter().all(Vec::is_empty) && points.is_empty() {
        return Ok(None);
    }
    Ok(Some(Shape { area: Area::of(polygons), lines, points }))
}

impl Found {
    fn any(&mut self, value: &Value, nested: usize) -> Result<(), Flaw> {
        match value {
            Value::Null => Ok(()),
            Value::String(text) if text.trim().is_empty() => Ok(()),
            Value::String(text) => match serde_json::from_str(text) {
                Ok(inner @ (Value::Object(_) | Value::Array(_))) => self.any(&inner, nested),
                _ => Err(Flaw::NotGeometry("a text")),
            },
            Value::Array(_) => self.by_depth(value),
            Value::Object(members) => self.object(members, nested),
            other => Err(Flaw::NotGeometry(crate::value::kind(other))),
        }
    }

    /// Coordinates alone: how deep the first number stands says what they are.
    fn by_depth(&mut self, value: &Value) -> Result<(), Flaw> {
        match depth(value) {
            None => Ok(()),
            Some(1) => self.point(value),
            Some(3) => self.polygon(value),
            Some(4) => each(value, |polygon| self.polygon(polygon)),
            // A list of positions: nobody says whether it is a line, a ring or several points.
            Some(_) => Err(Flaw::Depth),
        }
    }

    fn object(&mut self, members: &Map<String, Value>, nested: usize) -> Result<(), Flaw> {
        if nested > NESTED {
            return Err(Flaw::Depth);
        }
        let Some(kind) = members.get("type").and_then(Value::as_str) else {
            return match (members.get("lat"), members.get("lng")) {
                (None, None) => Err(Flaw::NotGeometry("an object")),
                (lat, lng) => self.lat_lng(lat, lng),
            };
        };
        let member = |name: &str| members.get(name).unwrap_or(&Value::Null);
        let coordinates = member("coordinates");
        match kind {
            "Feature" => self.any(member("geometry"), nested + 1),
            "FeatureCollection" => each(member("features"), |feature| self.any(feature, nested + 1)),
            "GeometryCollection" => each(member("geometries"), |geometry| self.any(geometry, nested + 1)),
            _ if depth(coordinates).is_none() && matches!(coordinates, Value::Null | Value::Array(_)) && TYPES.contains(&kind) => Ok(()),
            "Point" => self.point(coordinates),
            "MultiPoint" => each(coordinates, |point| self.point(point)),
            "LineString" => self.line(coordinates),
            "MultiLineString" => each(coordinates, |line| self.line(line)),
            "Polygon" => self.polygon(coordinates),
            "MultiPolygon" => each(coordinates, |polygon| self.polygon(polygon)),
            _ => Err(Flaw::UnknownType),
        }
    }

    fn lat_lng(&mut self, lat: Option<&Value>, lng: Option<&Value>) -> Result<(), Flaw> {
        match (lat.unwrap_or(&Value::Null), lng.unwrap_or(&Value::Null)) {
            (Value::Null, Value::Null) => {}
            (Value::Number(lat), Value::Number(lng)) => {
                let number = |number: &serde_json::Number| number.as_f64().ok_or(Flaw::Position);
                self.points.push(Point::new(number(lat)?, number(lng)?)?);
            }
            _ => return Err(Flaw::Position),
        }
        Ok(())
    }

    fn point(&mut self, value: &Value) -> Result<(), Flaw> {
        let (lng, lat) = position(value)?;
        self.points.push(Point::new(lat, lng)?);
        Ok(())
    }

    fn line(&mut self, value: &Value) -> Result<(), Flaw> {
        let mut line = Vec::new();
        each(value, |point| {
            let (lng, lat) = position(point)?;
            line.push(on_earth(lng, lat)?);
            Ok(())
        })?;
        self.lines.push(line);
        Ok(())
    }

    /// Rings: the first is the outline, the others are holes. An outline without any area leaves its corners.
    fn polygon(&mut self, value: &Value) -> Result<(), Flaw> {
        let mut rings = Vec::new();
        each(value, |ring| {
            let mut corners = Vec::new();
            each(ring, |point| {
                let (lng, lat) = position(point)?;
                on_earth(lng, lat)?;
                corners.push((lng, lat));
                Ok(())
            })?;
            rings.push(corners);
            Ok(())
        })?;
        let mut rings = rings.into_iter();
        let Some(outline) = rings.next().filter(|outline| !outline.is_empty()) else { return Ok(()) };
        match Ring::new(&outline) {
            Some(outline) => self.polygons.push(Polygon::new(outline, rings.filter_map(|hole| Ring::new(&hole)).collect())),
            None => {
                for (lng, lat) in outline {
                    self.points.push(on_earth(lng, lat)?);
                }
            }
        }
        Ok(())
    }
}

const TYPES: &[&str] = &["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"];

/// How deep the first number stands; `None` where there is none.
fn depth(value: &Value) -> Option<usize> {
    match value {
        Value::Array(items) => items.iter().find_map(depth).map(|depth| depth + 1),
        Value::Null => None,
        _ => Some(0),
    }
}

fn each(value: &Value, mut show: impl FnMut(&Value) -> Result<(), Flaw>) -> Result<(), Flaw> {
    match value {
        Value::Null => Ok(()),
        Value::Array(items) => items.iter().try_for_each(&mut show),
        _ => Err(Flaw::Depth),
    }
}

/// Longitude and latitude; a third number is a height.
fn position(value: &Value) -> Result<(f64, f64), Flaw> {
    let Value::Array(numbers) = value else { return Err(Flaw::Depth) };
    match numbers.as_slice() {
        [Value::Array(_), ..] => Err(Flaw::Depth),
        [Value::Number(lng), Value::Number(lat), ..] => match (lng.as_f64(), lat.as_f64()) {
            (Some(lng), Some(lat)) => Ok((lng, lat)),
            _ => Err(Flaw::Position),
        },
        _ => Err(Flaw::Position),
    }
}

/// A corner of a line or a ring. Some programs go on counting beyond 180 instead of cutting in two; a corner may also lie at 0, 0.
fn on_earth(lng: f64, lat: f64) -> Result<Point, Flaw> {
    if lat.abs() <= 90.0 && lng.abs() <= 360.0 {
        Ok(Point { lat, lng: super::ring::nearest_turn(lng, 0.0) })
    } else {
        Err(Flaw::OffTheEarth)
    }
}
