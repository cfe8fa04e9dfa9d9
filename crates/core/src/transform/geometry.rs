//! Geometry: points on the map.

use serde_json::{Value, json};

use super::{Family, Step, Takes, Transform, ascii_digits, example, optional};
use crate::catalogue::record;
use crate::error::Cause;

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
];

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
