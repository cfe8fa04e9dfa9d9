//! Areas: what lies in them, and a point that stands for them.

use super::ring::{Corner, Ring, nearest_turn, once_around, order};
use super::{Flaw, Point, Shape};

/// How many lines across an area are tried for a point inside.
const LINES: usize = 15;

/// One or several polygons with their holes. Where they overlap, it is one area.
#[derive(Debug, Clone)]
pub struct Area {
    /// The largest first.
    polygons: Vec<Polygon>,
    bounds: Bounds,
}

/// The box around an area, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    pub south: f64,
    pub north: f64,
    /// -540 to 180; `east` is never smaller, so over the antimeridian one of the two goes beyond 180 degrees.
    pub west: f64,
    pub east: f64,
}

impl Bounds {
    /// Whether a point lies in the box or on its edge.
    pub fn contains(&self, point: Point) -> bool {
        self.longitude(point).is_some() && (self.south..=self.north).contains(&point.lat)
    }

    /// The longitude of a point in the turn in which the box lies.
    fn longitude(&self, point: Point) -> Option<f64> {
        [0.0, 360.0, -360.0].into_iter().map(|turn| point.lng + turn).find(|lng| (self.west..=self.east).contains(lng))
    }

    fn around(polygons: &[Polygon]) -> Self {
        let mut bounds = Self { south: f64::INFINITY, north: f64::NEG_INFINITY, west: f64::INFINITY, east: f64::NEG_INFINITY };
        for polygon in polygons {
            bounds.south = bounds.south.min(polygon.bounds.south);
            bounds.north = bounds.north.max(polygon.bounds.north);
            bounds.west = bounds.west.min(polygon.bounds.west);
            bounds.east = bounds.east.max(polygon.bounds.east);
        }
        bounds
    }
}

/// An outline with its holes.
#[derive(Debug, Clone)]
pub struct Polygon {
    outline: Ring,
    holes: Vec<Ring>,
    bounds: Bounds,
}

impl Polygon {
    pub fn new(outline: Ring, holes: Vec<Ring>) -> Self {
        let mut holes: Vec<Ring> = holes
            .into_iter()
            .map(|hole| {
                let by = turn(&hole, &outline);
                hole.shifted(by)
            })
            .collect();
        holes.sort_by(|a, b| lexicographic(a.corners(), b.corners()));
        let (mut bounds, corners) = (Bounds { south: 90.0, north: -90.0, west: f64::INFINITY, east: f64::NEG_INFINITY }, outline.corners());
        for (lng, lat) in corners {
            bounds.south = bounds.south.min(*lat);
            bounds.north = bounds.north.max(*lat);
            bounds.west = bounds.west.min(*lng);
            bounds.east = bounds.east.max(*lng);
        }
        Self { outline, holes, bounds }
    }

    fn rings(&self) -> impl Iterator<Item = &Ring> {
        std::iter::once(&self.outline).chain(&self.holes)
    }

    fn area(&self) -> f64 {
        self.outline.area() - self.holes.iter().map(Ring::area).sum::<f64>()
    }

    fn shifted(self, by: f64) -> Self {
        if by == 0.0 {
            return self;
        }
        Self::new(self.outline.shifted(by), self.holes.into_iter().map(|hole| hole.shifted(by)).collect())
    }

    /// Where a point lies: `None` on the edge.
    fn inside(&self, at: Corner) -> Option<bool> {
        let bounds = &self.bounds;
        if !(bounds.south..=bounds.north).contains(&at.1) || !(bounds.west..=bounds.east).contains(&at.0) {
            return Some(false);
        }
        let mut crossings = 0;
        for ring in self.rings() {
            crossings += ring.crossings(at)?;
        }
        Some(crossings % 2 == 1)
    }
}

/// How many degrees a ring has to be shifted to lie in the turn of another.
fn turn(ring: &Ring, other: &Ring) -> f64 {
    let (lng, to) = (middle_of(ring), middle_of(other));
    nearest_turn(lng, to) - lng
}

fn middle_of(ring: &Ring) -> f64 {
    let (west, east) =
        ring.corners().iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(west, east), corner| (west.min(corner.0), east.max(corner.0)));
    f64::midpoint(west, east)
}

fn lexicographic(a: &[Corner], b: &[Corner]) -> std::cmp::Ordering {
    a.iter().zip(b).map(|(a, b)| order(a, b)).find(|order| order.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// To seven digits, which is a centimetre.
pub fn round(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}

impl Area {
    /// Reads the areas of a geometry (forms: [`Shape::parse`]); `None` where it has none, as a point has none.
    pub fn parse(value: &serde_json::Value) -> Result<Option<Self>, Flaw> {
        Ok(Shape::parse(value)?.and_then(|shape| shape.area))
    }

    pub(super) fn of(mut polygons: Vec<Polygon>) -> Option<Self> {
        polygons.sort_by(|a, b| b.area().total_cmp(&a.area()).then_with(|| lexicographic(a.outline.corners(), b.outline.corners())));
        // Islands on the other side of the antimeridian belong to the mainland on this one.
        let mainland = polygons.first()?.outline.clone();
        let polygons: Vec<Polygon> = polygons
            .into_iter()
            .map(|polygon| {
                let by = turn(&polygon.outline, &mainland);
                polygon.shifted(by)
            })
            .collect();
        let bounds = Bounds::around(&polygons);
        Some(Self { polygons, bounds })
    }

    /// The box around it.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Whether a point lies in it. The edge belongs to it, so a point on a border lies in both areas.
    pub fn contains(&self, point: Point) -> bool {
        self.bounds.longitude(point).is_some_and(|lng| self.polygons.iter().any(|polygon| polygon.inside((lng, point.lat)) != Some(false)))
    }

    /// The centre of its area, holes left out; it may lie outside. `None` where the area adds up to nothing, as of a ring that crosses itself may.
    pub fn centroid(&self) -> Option<Point> {
        let (lng, lat) = centroid(&self.polygons)?;
        Some(Point { lat, lng: once_around(lng) })
    }

    /// A point that lies in it and not on its edge: the centroid where that is one; else, as of a crescent or of islands, the centroid of the largest
    /// polygon; else the middle of the longest of several lines from west to east within that polygon.
    pub fn interior_point(&self) -> Point {
        let found = [centroid(&self.polygons), centroid(&self.polygons[..1])]
            .into_iter()
            .flatten()
            .find(|at| self.surrounds(*at))
            .or_else(|| self.polygons.iter().find_map(across));
        let Some(at) = found else {
            // No line has room for a point between two sides: thinner than a number can say.
            let (lng, lat) = self.polygons[0].outline.corners()[0];
            return Point { lat, lng: once_around(lng) };
        };
        let short = (round(at.0), round(at.1));
        let (lng, lat) = if self.surrounds(short) { short } else { at };
        Point { lat, lng: once_around(lng) }
    }

    /// Whether a point lies in it, and not on the edge.
    #[cfg(test)]
    pub(super) fn surrounds_point(&self, point: Point) -> bool {
        self.bounds.longitude(point).is_some_and(|lng| self.surrounds((lng, point.lat)))
    }

    fn surrounds(&self, at: Corner) -> bool {
        self.polygons.iter().any(|polygon| polygon.inside(at) == Some(true))
    }
}

fn centroid(polygons: &[Polygon]) -> Option<Corner> {
    let origin = polygons.first()?.outline.corners()[0];
    let (mut area, mut lng, mut lat) = (0.0, 0.0, 0.0);
    for polygon in polygons {
        for (place, ring) in polygon.rings().enumerate() {
            let sign = if place == 0 { 1.0 } else { -1.0 };
            let moment = ring.moment(origin);
            area += sign * ring.area();
            lng += sign * moment.0;
            lat += sign * moment.1;
        }
    }
    let at = (origin.0 + lng / area, origin.1 + lat / area);
    (area > 0.0 && at.0.is_finite() && at.1.is_finite()).then_some(at)
}

/// The middle of the widest stretch of land on some lines from west to east.
fn across(polygon: &Polygon) -> Option<Corner> {
    let mut latitudes: Vec<f64> = polygon.rings().flat_map(Ring::corners).map(|corner| corner.1).collect();
    latitudes.sort_by(f64::total_cmp);
    latitudes.dedup();
    // No line goes through a corner: it lies in the middle between the corners next to it.
    let between = |place: usize| f64::midpoint(latitudes[place - 1], latitudes[place]);
    let (south, north) = (*latitudes.first()?, *latitudes.last()?);
    let some = (1..=LINES).map(|line| south + (north - south) * line as f64 / (LINES + 1) as f64).map(|lat| {
        let place = latitudes.partition_point(|corner| *corner <= lat).clamp(1, latitudes.len() - 1);
        between(place)
    });
    let widest = |found: Option<(f64, Corner)>, lat: f64| match stretch(polygon, lat) {
        Some(new) if found.as_ref().is_none_or(|old| new.0 > old.0) => Some(new),
        _ => found,
    };
    some.fold(None, widest).or_else(|| (1..latitudes.len()).map(between).fold(None, widest)).map(|(_, at)| at)
}

/// The widest stretch of a line, with its middle, where that lies inside.
fn stretch(polygon: &Polygon, lat: f64) -> Option<(f64, Corner)> {
    let mut borders: Vec<f64> = polygon
        .rings()
        .flat_map(Ring::sides)
        .filter(|(a, b)| (a.1 < lat) != (b.1 < lat))
        .map(|(a, b)| a.0 + (b.0 - a.0) * ((lat - a.1) / (b.1 - a.1)))
        .collect();
    borders.sort_by(f64::total_cmp);
    let stretches = borders.chunks_exact(2).map(|pair| (pair[1] - pair[0], (f64::midpoint(pair[0], pair[1]), lat)));
    stretches.filter(|(_, at)| polygon.inside(*at) == Some(true)).max_by(|a, b| a.0.total_cmp(&b.0))
}
