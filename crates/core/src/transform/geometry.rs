//! Geometry: points on the map.

use serde_json::{Value, json};

use super::{Family, Step, Takes, Transform, ascii_digits, example, optional};
use crate::catalogue::record;
use crate::error::Cause;
use crate::geometry::{Flaw, Point, Shape};

pub(super) static ALL: &[&Transform] = &[
    &Transform {
        name: "point",
        family: Family::Geometry,
        about: "A point {lat, lng} of a latitude and a longitude (`lat ; lng` in the source), of a list of both, or of one text with both. Outside of the range of \
                the earth, with one of the two missing, or at 0, 0 - which is a missing position in most systems - it is rejected.",
        parameters: &[optional("order", "\"lat lng\" where it is left out, or \"lng lat\", as GeoJSON has it")],
        examples: &[
            example("point", "[8.46, \"-11.78\"]", "{\"lat\":8.46,\"lng\":-11.78}"),
            example("point(\"lng lat\")", "[91.84, 22.85]", "{\"lat\":22.85,\"lng\":91.84}"),
            example("point", "[\"8.46, -11.78\"]", "{\"lat\":8.46,\"lng\":-11.78}"),
            example("point", "[91.84, 22.85]", "rejected K0311"),
            example("point", "[8.46, null]", "rejected K0311"),
            example("point", "[null, null]", "null"),
        ],
        takes: Takes::Two,
        in_expressions: true,
        make: |arguments| {
            let swapped = match arguments.text(0)?.as_deref() {
                None | Some("lat lng") => false,
                Some("lng lat") => true,
                Some(_) => return Err(arguments.error(0, "this is no order of coordinates", "\"lat lng\" or \"lng lat\"")),
            };
            Ok(Step::two(arguments, move |values, _| point(values, swapped)))
        },
    },
    &Transform {
        name: "swap",
        family: Family::Geometry,
        about: "A list of two the other way round: [lng, lat] of GeoJSON becomes [lat, lng].",
        parameters: &[],
        examples: &[example("swap", "[91.84, 22.85]", "[22.85,91.84]"), example("swap", "[1]", "rejected K0311")],
        takes: Takes::Several,
        in_expressions: true,
        make: |arguments| {
            Ok(Step::several(arguments, |mut values, _| match values.len() {
                2 => {
                    values.reverse();
                    Ok(Value::Array(values))
                }
                count => Err(Cause::new(record::WRONG_TYPE, format!("`swap` wants two values, but there are {count}"))),
            }))
        },
    },
    &Transform {
        name: "geo_point",
        family: Family::Geometry,
        about: "One point {lat, lng}, as Go.Data has it, of any geometry: GeoJSON (also in a text), the coordinates of DHIS2 before it had GeoJSON, or {lat, lng}. Of an area it \
                is the centre of gravity of the whole, holes left out, and where that lies outside (a crescent, islands) a point inside; of a line its middle; of several points \
                their mean. A geometry without a position is empty.",
        parameters: &[],
        examples: &[
            example("geo_point", "{\"type\": \"Point\", \"coordinates\": [-11.78, 8.46]}", "{\"lat\":8.46,\"lng\":-11.78}"),
            example("geo_point", "\"[-6.550319,33.292467]\"", "{\"lat\":33.292467,\"lng\":-6.550319}"),
            example("geo_point", "\"[[[[2.0,1.0],[6.0,1.0],[6.0,3.0],[2.0,3.0],[2.0,1.0]]]]\"", "{\"lat\":2.0,\"lng\":4.0}"),
            example(
                "geo_point",
                "{\"type\": \"Polygon\", \"coordinates\": [[[0,0],[9,0],[9,9],[8,9],[8,1],[1,1],[1,9],[0,9],[0,0]]]}",
                "{\"lat\":0.5,\"lng\":4.5}",
            ),
            example("geo_point", "{\"type\": \"Polygon\", \"coordinates\": []}", "null"),
            example("geo_point", "{\"type\": \"Point\", \"coordinates\": [8.46, 191.78]}", "rejected K0320"),
            example("geo_point", "\"Freetown\"", "rejected K0320"),
        ],
        takes: Takes::One,
        in_expressions: true,
        make: |arguments| Ok(Step::whole(arguments, |value, _| Ok(place("geo_point", &value)?.map_or(Value::Null, Point::lat_lng)))),
    },
    &Transform {
        name: "geojson_point",
        family: Family::Geometry,
        about: "A GeoJSON Point, as DHIS2 has it, of the {lat, lng} of Go.Data, or of any other geometry that `geo_point` reads.",
        parameters: &[],
        examples: &[
            example("geojson_point", "{\"lat\": 8.46, \"lng\": -11.78}", "{\"coordinates\":[-11.78,8.46],\"type\":\"Point\"}"),
            example("geojson_point", "{\"lat\": null, \"lng\": null}", "null"),
            example("geojson_point", "{\"lat\": 8.46}", "rejected K0320"),
        ],
        takes: Takes::One,
        in_expressions: true,
        make: |arguments| Ok(Step::whole(arguments, |value, _| Ok(place("geojson_point", &value)?.map_or(Value::Null, Point::geojson)))),
    },
];

/// The point of any geometry; `None` of one without a position.
fn place(name: &str, value: &Value) -> Result<Option<Point>, Cause> {
    let refused = |flaw: Flaw| Cause::new(record::BAD_GEOMETRY, format!("`{name}` cannot make a point of {flaw}"));
    Shape::parse(value).map_err(refused)?.map(|shape| shape.point().map_err(refused)).transpose()
}

fn point(values: Vec<Value>, swapped: bool) -> Result<Value, Cause> {
    if values.iter().all(crate::value::is_empty) {
        return Ok(Value::Null);
    }
    let parts = match values.as_slice() {
        [Value::String(both)] => both.split([',', ';', ' ']).filter(|part| !part.is_empty()).map(Value::from).collect(),
        [Value::Array(both)] => both.clone(),
        _ => values,
    };
    let [first, second] = parts.as_slice() else {
        return Err(refused(format!("a latitude and a longitude, but there are {} values", parts.len())));
    };
    let (lat, lng) = if swapped { (second, first) } else { (first, second) };
    let (lat, lng) = (coordinate(lat, "latitude", 90.0)?, coordinate(lng, "longitude", 180.0)?);
    if lat == 0.0 && lng == 0.0 {
        return Err(refused("a position, but both numbers are 0".to_owned()));
    }
    Ok(json!({"lat": lat, "lng": lng}))
}

fn coordinate(value: &Value, name: &str, limit: f64) -> Result<f64, Cause> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => ascii_digits(text.trim()).parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    };
    let number = number.ok_or_else(|| refused(format!("a {name} as a number, but it is {}", crate::value::kind(value))))?;
    if number.abs() > limit {
        return Err(refused(format!("a {name} between -{limit} and {limit}; is the order \"lng lat\"?")));
    }
    Ok(number)
}

fn refused(wanted: String) -> Cause {
    Cause::new(record::WRONG_TYPE, format!("`point` wants {wanted}"))
}
