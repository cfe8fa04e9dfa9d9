//! A place out of a record.

use jiff::civil::Date;
use serde_json::Value;

use super::{Place, PlacePaths};
use crate::geometry::{Point, Shape};
use crate::path::SourcePath;
use crate::value::{text, truth};

impl PlacePaths {
    /// What a record says of its place. What cannot be read (a geometry that is none, a day that is none) is not known.
    pub fn read(&self, id: &str, record: &Value) -> Place {
        let one = |path: &SourcePath| texts(path, record).into_iter().next();
        let shape = |path: &Option<SourcePath>| path.as_ref()?.one(record).and_then(|value| Shape::parse(value).ok().flatten());
        let drawn = shape(&self.area);
        // A path that serves for both holds a point or an area, and says itself which.
        let point = shape(&self.point).filter(|shape| shape.area().is_none()).and_then(|shape| shape.point().ok());
        let point = point.or_else(|| lat_lng(&one(self.point.as_ref()?)?));
        let day = |path: &Option<SourcePath>| one(path.as_ref()?).and_then(|text| text.get(..10)?.parse::<Date>().ok());
        Place {
            id: id.to_owned(),
            name: one(&self.name).unwrap_or_default(),
            other_names: self.other_names.iter().flat_map(|path| texts(path, record)).collect(),
            codes: self.codes.iter().flat_map(|path| texts(path, record)).collect(),
            parent: self.parent.as_ref().and_then(one),
            level: self.level.as_ref().and_then(one),
            point,
            area: drawn.and_then(|shape| shape.area().cloned()),
            opened: day(&self.opened),
            closed: day(&self.closed),
            active: self.active.as_ref().and_then(|path| truth(&one(path)?)),
        }
    }
}

/// A latitude and a longitude in one text, as the transform `point` reads them.
fn lat_lng(text: &str) -> Option<Point> {
    let numbers: Vec<f64> = text.split([',', ';', ' ']).filter(|part| !part.is_empty()).map(str::parse).collect::<Result<_, _>>().ok()?;
    let [lat, lng] = numbers.as_slice() else { return None };
    Point::new(*lat, *lng).ok()
}

fn texts(path: &SourcePath, record: &Value) -> Vec<String> {
    let mut found = Vec::new();
    path.read(record, &mut found);
    found.into_iter().filter_map(text).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Known;
    use super::*;

    #[test]
    fn a_point_is_a_geometry_or_a_text_of_two_numbers() {
        for (text, expected) in [
            ("7.9, -11.2", Some((7.9, -11.2))),
            ("7.9 -11.2", Some((7.9, -11.2))),
            ("[-11.2, 7.9]", Some((7.9, -11.2))),
            (r#"{"type":"Point","coordinates":[-11.2,7.9]}"#, Some((7.9, -11.2))),
            ("7.9", None),
            ("0, 0", None),
            ("north of Bo", None),
            ("1e999, NaN", None),
        ] {
            let paths = PlacePaths::of(&Known { id: "id", name: "name", point: "at", ..Known::default() });
            let place = paths.read("a", &serde_json::json!({ "name": "Bo", "at": text }));
            assert_eq!(place.point.map(|point| (point.lat, point.lng)), expected, "{text}");
        }
    }
}
