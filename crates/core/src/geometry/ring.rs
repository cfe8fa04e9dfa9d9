//! Rings: a closed line around an area, in a form that does not depend on how it was drawn.

use std::cmp::Ordering;

/// Longitude and latitude in degrees; the longitude may go beyond 180, so that a ring over the antimeridian hangs together.
pub type Corner = (f64, f64);

/// The longitude, full turns added or taken away, that is nearest to another.
pub fn nearest_turn(lng: f64, to: f64) -> f64 {
    if (lng - to).abs() <= 180.0 { lng } else { lng - 360.0 * ((lng - to) / 360.0).round() }
}

/// The longitude within one turn, more than -180 and at most 180.
pub fn once_around(lng: f64) -> f64 {
    let lng = nearest_turn(lng, 0.0);
    if lng <= -180.0 { lng + 360.0 } else { lng }
}

/// A ring with an area: at least three corners, without the repeated last one, counter-clockwise, beginning at the corner farthest west (of
/// several the one farthest south).
#[derive(Debug, Clone, PartialEq)]
pub struct Ring {
    corners: Vec<Corner>,
    /// In square degrees, more than nothing unless the ring crosses itself.
    area: f64,
}

impl Ring {
    /// `None` where the corners lie on one line or one point.
    pub fn new(written: &[Corner]) -> Option<Self> {
        let unwrapped = over_the_antimeridian(written);
        unwrapped.and_then(Self::plain).or_else(|| Self::plain(written.to_vec()))
    }

    fn plain(mut corners: Vec<Corner>) -> Option<Self> {
        corners.dedup();
        while corners.len() > 1 && corners.first() == corners.last() {
            corners.pop();
        }
        let first = *corners.first()?;
        // Of three corners in a line also the rounding of the product is no area.
        let flat = corners.iter().zip(corners.iter().skip(1)).all(|(a, b)| {
            let (product, size) = cross(first, *a, *b);
            product.abs() <= size * 1e-14
        });
        if corners.len() < 3 || flat {
            return None;
        }
        let mut ring = Self { area: 0.0, corners };
        ring.area = ring.signed_area();
        if ring.area < 0.0 {
            ring.corners.reverse();
            ring.area = -ring.area;
        }
        ring.begin_in_the_west();
        // Summed up again in the one order, so that not even the last digit depends on where it began.
        ring.area = ring.signed_area().abs();
        Some(ring)
    }

    /// Turns the list so that it begins at the smallest corner; where the line goes through that one several times, at the time after which the
    /// smallest corners follow.
    fn begin_in_the_west(&mut self) {
        let count = self.corners.len();
        let smallest = self.corners.iter().copied().min_by(order).expect("a ring has three corners");
        let starts = (0..count).filter(|place| self.corners[*place] == smallest);
        let from = |start: usize| self.corners[start..].iter().chain(&self.corners[..start]);
        let start =
            starts.min_by(|a, b| from(*a).zip(from(*b)).map(|(a, b)| order(a, b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal));
        self.corners.rotate_left(start.unwrap_or_default());
    }

    pub fn corners(&self) -> &[Corner] {
        &self.corners
    }

    pub fn area(&self) -> f64 {
        self.area
    }

    /// From each corner to the next.
    pub fn sides(&self) -> impl Iterator<Item = (Corner, Corner)> {
        self.corners.iter().copied().zip(self.corners.iter().copied().cycle().skip(1))
    }

    fn signed_area(&self) -> f64 {
        let first = self.corners[0];
        self.sides().map(|(a, b)| cross(first, a, b).0).sum::<f64>() / 2.0
    }

    /// The area times its centroid, the centroid taken from a corner near by so that little is lost in rounding.
    pub fn moment(&self, origin: Corner) -> Corner {
        let mut moment = (0.0, 0.0);
        for (a, b) in self.sides() {
            let product = cross(origin, a, b).0;
            moment.0 += product * (a.0 + b.0 - 2.0 * origin.0);
            moment.1 += product * (a.1 + b.1 - 2.0 * origin.1);
        }
        (moment.0 / 6.0, moment.1 / 6.0)
    }

    pub fn shifted(mut self, by: f64) -> Self {
        for corner in &mut self.corners {
            corner.0 += by;
        }
        self
    }

    /// How often a ray eastwards meets the line, or `None` where the point lies on it.
    pub fn crossings(&self, at: Corner) -> Option<usize> {
        let mut count = 0;
        for (a, b) in self.sides() {
            let (low, high) = if a.1 <= b.1 { (a, b) } else { (b, a) };
            if at.1 < low.1 || at.1 > high.1 {
                continue;
            }
            let (product, size) = cross(low, high, at);
            if product.abs() <= size * 1e-15 && at.0 >= a.0.min(b.0) && at.0 <= a.0.max(b.0) {
                return None;
            }
            // Each corner belongs to the side above it.
            if low.1 <= at.1 && at.1 < high.1 && product > 0.0 {
                count += 1;
            }
        }
        Some(count)
    }
}

/// Twice the area of a triangle, and how large the products are of which it is the difference.
fn cross(origin: Corner, a: Corner, b: Corner) -> (f64, f64) {
    let left = (a.0 - origin.0) * (b.1 - origin.1);
    let right = (b.0 - origin.0) * (a.1 - origin.1);
    (left - right, left.abs() + right.abs())
}

pub fn order(a: &Corner, b: &Corner) -> Ordering {
    a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
}

/// The ring with steps of more than half the earth taken the short way; `None` where there is no such step, where the ring goes around a pole and does not
/// close that way, and where it runs along a pole, which on a map is the edge from one end to the other.
fn over_the_antimeridian(written: &[Corner]) -> Option<Vec<Corner>> {
    let mut steps = written.iter().zip(written.iter().skip(1)).filter(|(a, b)| (a.0 - b.0).abs() > 180.0).peekable();
    steps.peek()?;
    if steps.any(|(a, b)| a.1.abs() >= 90.0 && b.1.abs() >= 90.0) {
        return None;
    }
    let mut before = written.first()?.0;
    let unwrapped: Vec<Corner> = written
        .iter()
        .map(|corner| {
            before = nearest_turn(corner.0, before);
            (before, corner.1)
        })
        .collect();
    let (first, last) = (unwrapped.first()?, unwrapped.last()?);
    ((first.0 - last.0).abs() <= 180.0).then_some(unwrapped)
}
