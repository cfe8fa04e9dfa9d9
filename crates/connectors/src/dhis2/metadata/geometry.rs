//! Shapes of org units: GeoJSON with the longitude first, as DHIS2 keeps them.

use serde_json::Value;

/// Brings a shape into the form of DHIS2, or says what is wrong with it. A text is read as JSON.
pub fn conform(value: &Value) -> Result<Value, String> {
    let parsed;
    let value = match value {
        Value::String(text) => {
            parsed = serde_json::from_str::<Value>(text).map_err(|_| "a text that is no JSON".to_owned())?;
            &parsed
        }
        other => other,
    };
    let kind = value.get("type").and_then(Value::as_str);
    let coordinates = value.get("coordinates");
    match (kind, coordinates) {
        (Some("Point"), Some(coordinates)) => position(coordinates)?,
        (Some("Polygon"), Some(coordinates)) => each(coordinates, &ring)?,
        (Some("MultiPolygon"), Some(coordinates)) => each(coordinates, &|polygon| each(polygon, &ring))?,
        (Some("Point" | "Polygon" | "MultiPolygon"), None) => return Err("without `coordinates`".to_owned()),
        _ => return Err("no Point, Polygon or MultiPolygon of GeoJSON".to_owned()),
    }
    Ok(serde_json::json!({ "type": kind, "coordinates": coordinates }))
}

fn each(list: &Value, check: &dyn Fn(&Value) -> Result<(), String>) -> Result<(), String> {
    match list.as_array().map(Vec::as_slice) {
        None | Some([]) => Err("without rings".to_owned()),
        Some(parts) => parts.iter().try_for_each(check),
    }
}

fn ring(ring: &Value) -> Result<(), String> {
    let Some(positions) = ring.as_array() else { return Err("with a ring that is no list".to_owned()) };
    if positions.len() < 4 || positions.first() != positions.last() {
        return Err("with a ring that is not closed: it has four positions or more, and the last is the first".to_owned());
    }
    positions.iter().try_for_each(position)
}

fn position(position: &Value) -> Result<(), String> {
    let numbers: Option<Vec<f64>> = position.as_array().and_then(|parts| parts.iter().map(Value::as_f64).collect());
    match numbers.as_deref() {
        Some([longitude, latitude, ..]) if longitude.abs() <= 180.0 && latitude.abs() <= 90.0 => Ok(()),
        Some([_, _, ..]) => Err("with a position outside of the earth; the longitude comes first".to_owned()),
        _ => Err("with a position that is not a list of longitude and latitude".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn shapes_are_taken_or_refused_with_a_reason() {
        let check = |value: Value, expected: Result<(), &str>| {
            let found = conform(&value);
            match expected {
                Ok(()) => assert!(found.is_ok(), "{value}: {found:?}"),
                Err(part) => assert!(found.as_ref().is_err_and(|message| message.contains(part)), "{value}: {found:?}"),
            }
        };
        check(json!({ "type": "Point", "coordinates": [-11.78, 8.46] }), Ok(()));
        check(json!({ "type": "Point", "coordinates": [-11.78, 8.46, 120] }), Ok(()));
        check(json!(r#"{"type":"Point","coordinates":[1,2]}"#), Ok(()));
        check(json!({ "type": "Point", "coordinates": [8.46, -111.78] }), Err("longitude comes first"));
        check(json!({ "type": "Point", "coordinates": ["1", "2"] }), Err("not a list of longitude"));
        check(json!({ "type": "Point" }), Err("without `coordinates`"));
        check(json!({ "lat": 1, "lng": 2 }), Err("no Point"));
        check(json!({ "type": "LineString", "coordinates": [[1, 2], [3, 4]] }), Err("no Point"));
        check(json!("8.46, -11.78"), Err("no JSON"));
        let ring = json!([[0, 0], [0, 1], [1, 1], [0, 0]]);
        check(json!({ "type": "Polygon", "coordinates": [ring] }), Ok(()));
        check(json!({ "type": "MultiPolygon", "coordinates": [[ring], [ring]] }), Ok(()));
        check(json!({ "type": "MultiPolygon", "coordinates": [ring] }), Err("position"));
        check(json!({ "type": "Polygon", "coordinates": [] }), Err("without rings"));
        check(json!({ "type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [1, 0]]] }), Err("not closed"));
    }
}
