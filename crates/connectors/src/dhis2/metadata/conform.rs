//! A mapped record in the form of DHIS2, or everything that is wrong with it.

use jiff::civil::Date;
use kivuko_core::catalogue::{dhis2, target};
use kivuko_core::connector::is_not_yet;
use kivuko_core::error::Cause;
use kivuko_core::value::{is_empty, text};
use serde_json::{Map, Value, json};

use super::geometry;
use super::index::{By, Index};
use super::shape::{ATTRIBUTE_VALUES, Field, Holds, Shape, shape};
use super::uid::{derived, is_uid};
use super::write::other_key;

/// What a record is brought into form with.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    pub shape: &'a Shape,
    /// What containers are called.
    pub containers: &'a Index,
    /// What makes the server this one.
    pub system: &'a str,
}

/// Brings a record into form.
///
/// # Errors
/// All that is wrong with it.
pub fn conform(rules: Rules<'_>, body: Value) -> Result<Map<String, Value>, Vec<Cause>> {
    let shape = rules.shape;
    let Value::Object(body) = body else {
        return Err(vec![Cause::new(dhis2::BAD_FIELD, format!("{} is an object with {}", shape.named, shape.required.join(", ")))]);
    };
    let mut causes = Vec::new();
    let mut out = Map::new();
    for (name, value) in body {
        let Some(field) = shape.field(&name) else {
            let message = format!("{} has no field `{name}` that can be written", shape.named);
            causes.push(Cause::new(target::UNKNOWN_FIELD, message).field(name));
            continue;
        };
        match rules.field(field, &value) {
            Ok(value) => _ = out.insert(name, value),
            Err(found) => causes.push(found),
        }
    }
    if let (Some(opening), Some(closed)) = (day_of(&out, "openingDate"), day_of(&out, "closedDate"))
        && closed < opening
    {
        causes.push(Cause::new(dhis2::BAD_FIELD, "the closing date lies before the opening date").field("closedDate"));
    }
    if causes.is_empty() { Ok(out) } else { Err(causes) }
}

/// The day in a field.
pub fn day_of(object: &Map<String, Value>, name: &str) -> Option<Date> {
    object.get(name)?.as_str()?.get(..10)?.parse().ok()
}

impl Rules<'_> {
    fn field(&self, field: &Field, value: &Value) -> Result<Value, Cause> {
        let name = field.name;
        let wrong = |message: String| Cause::new(dhis2::BAD_FIELD, message).field(name);
        let members = matches!(field.holds, Holds::Members(_));
        if is_empty(value) {
            if self.shape.required.contains(&name) || name == "id" {
                return Err(wrong(format!("`{name}` is empty, and {} needs it", self.shape.named)));
            }
            return Ok(if members { json!([]) } else { Value::Null });
        }
        match field.holds {
            Holds::Uid => match value.as_str() {
                Some(uid) if is_uid(uid) => Ok(value.clone()),
                _ => Err(wrong("an id of DHIS2 is a letter and ten letters or digits".to_owned())),
            },
            Holds::Text(most) => {
                let text = text(value).ok_or_else(|| wrong(format!("`{name}` is a text")))?;
                match text.chars().count() {
                    length if length <= most => Ok(Value::String(text)),
                    length => Err(wrong(format!("`{name}` has {length} characters, and DHIS2 takes {most}"))),
                }
            }
            Holds::Word(words) => match value.as_str().filter(|word| words.contains(word)) {
                Some(word) => Ok(Value::String(word.to_owned())),
                None => Err(wrong(format!("`{name}` is one of {}", words.join(", ")))),
            },
            Holds::Day => {
                // What follows the day is a time, which DHIS2 does not keep for it.
                let day = value.as_str().and_then(|text| text.get(..10)?.parse::<Date>().ok());
                day.map(|day| Value::String(day.to_string())).ok_or_else(|| wrong(format!("`{name}` is a day such as 2024-03-31")))
            }
            Holds::Integer => {
                let number = value.as_i64().or_else(|| text(value)?.parse().ok());
                number.map(Value::from).ok_or_else(|| wrong(format!("`{name}` is a whole number")))
            }
            Holds::Geometry => geometry::conform(value).map_err(|what| wrong(format!("`{name}` is {what}"))),
            Holds::Reference(resource) => self.reference(name, resource, value),
            Holds::Members(_) => {
                let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
                let ids: Option<Vec<Value>> =
                    items.iter().filter(|item| !is_empty(item)).map(|item| reference_to(item.get("id")?)).collect();
                ids.map(Value::Array).ok_or_else(|| wrong(format!("`{name}` names each member by its id")))
            }
            Holds::AttributeValues => attribute_values(value).ok_or_else(|| {
                wrong(format!("`{name}` has an attribute and a text for each value: attributeValues[attribute.id=UID].value"))
            }),
        }
    }

    /// What the object lies in, by its id. One that is not there yet is named by the id that it will get.
    fn reference(&self, name: &str, resource: &str, value: &Value) -> Result<Value, Cause> {
        let wrong = |code, message: String, by: &str| Cause::new(code, message).field(format!("{name}.{by}"));
        for (by, word) in [(By::Id, "id"), (By::Code, "code"), (By::Name, "name")] {
            let Some(called) = value.get(word).filter(|called| !is_empty(called)).and_then(text) else { continue };
            if by == By::Id {
                let good = is_uid(&called) || is_not_yet(&called);
                return if good {
                    Ok(json!({ "id": called }))
                } else {
                    Err(wrong(dhis2::BAD_FIELD, "an id of DHIS2 is a letter and ten letters or digits".to_owned(), word))
                };
            }
            return match (self.containers.find(by, &called), by) {
                ([one], _) => Ok(json!({ "id": one })),
                ([], By::Code) => {
                    let id = derived(self.system, resource, &[called]);
                    // One that was made for this code and has another now is not the one that is meant.
                    match self.containers.find(By::Id, &id) {
                        [] => Ok(json!({ "id": id })),
                        _ => Err(other_key(shape(resource).unwrap_or(self.shape), &id).field(format!("{name}.{word}"))),
                    }
                }
                ([], _) => Err(wrong(dhis2::NO_SUCH_REFERENCE, format!("none of {resource} in DHIS2 has the {word} of `{name}`"), word)),
                (several, _) => {
                    let message =
                        format!("{} of {resource} in DHIS2 have the {word} of `{name}`; name it by its id or code", several.len());
                    Err(wrong(dhis2::NO_SUCH_REFERENCE, message, word))
                }
            };
        }
        Ok(Value::Null)
    }
}

fn reference_to(id: &Value) -> Option<Value> {
    id.as_str().filter(|id| is_uid(id)).map(|id| json!({ "id": id }))
}

/// Attributes with their values as texts; a value of null clears.
fn attribute_values(value: &Value) -> Option<Value> {
    let one = |item: &Value| {
        let attribute = item.pointer("/attribute/id").and_then(reference_to)?;
        let value = match item.get("value") {
            Some(value) if !is_empty(value) => Value::String(text(value)?),
            _ => Value::Null,
        };
        Some(json!({ "attribute": attribute, "value": value }))
    };
    value.as_array()?.iter().filter(|item| !is_empty(item)).map(one).collect::<Option<Vec<_>>>().map(Value::Array)
}

/// The items of [`ATTRIBUTE_VALUES`] that have a value: DHIS2 takes no empty ones.
pub fn filled(object: &mut Map<String, Value>) {
    if let Some(Value::Array(values)) = object.get_mut(ATTRIBUTE_VALUES) {
        values.retain(|item| item.get("value").is_some_and(|value| !is_empty(value)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_brought_into_form_or_refused() {
        let mut index = Index::default();
        index.note("DistrictAaa", Some("D1"), Some("North"));
        index.note("ElsewhereAa", Some("D2"), Some("South"));
        index.note("ElsewhereBb", None, Some("South"));
        index.note(&derived("s", "organisationUnits", &["OLD".to_owned()]), Some("NEW"), Some("Recoded"));
        let check = |resource: &str, body: Value, expected: Result<Value, &str>| {
            let rules = Rules { shape: shape(resource).expect("it is one"), containers: &index, system: "s" };
            match (conform(rules, body.clone()), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(Value::Object(found), expected, "{body}"),
                (Err(causes), Err(part)) => assert!(causes[0].message.contains(part), "{body}: {causes:?}"),
                (found, _) => panic!("{body}: {found:?}"),
            }
        };
        let units = "organisationUnits";
        check(
            units,
            json!({ "code": 12, "openingDate": "2010-01-01T00:00:00.000", "closedDate": "", "parent": { "code": "D1" } }),
            Ok(json!({ "code": "12", "openingDate": "2010-01-01", "closedDate": null, "parent": { "id": "DistrictAaa" } })),
        );
        for stand_in in ["(new)", "(new: C-1)"] {
            check(units, json!({ "parent": { "id": stand_in } }), Ok(json!({ "parent": { "id": stand_in } })));
        }
        check(units, json!({ "parent": { "id": null } }), Ok(json!({ "parent": null })));
        let to_come = derived("s", units, &["D9".to_owned()]);
        check(units, json!({ "parent": { "code": "D9" } }), Ok(json!({ "parent": { "id": to_come } })));
        check(units, json!({ "parent": { "code": "OLD" } }), Err("was made for this key and has another one now"));
        check(units, json!({ "parent": { "name": "South" } }), Err("2 of organisationUnits"));
        check(units, json!({ "parent": { "name": "East" } }), Err("none of organisationUnits"));
        check(units, json!({ "parent": { "id": "short" } }), Err("a letter and ten"));
        check(units, json!({ "shortName": "x".repeat(51) }), Err("has 51 characters, and DHIS2 takes 50"));
        check(units, json!({ "name": " " }), Err("needs it"));
        check(units, json!({ "openingDate": "01/02/2010" }), Err("is a day such as"));
        check(units, json!({ "openingDate": "2020-01-01", "closedDate": "2019-12-31" }), Err("before the opening date"));
        check(units, json!({ "geometry": { "lat": 1 } }), Err("no Point"));
        check(units, json!({ "level": 3 }), Err("no field `level`"));
        check(
            units,
            json!({ "attributeValues": [{ "attribute": { "id": "Registry001" }, "value": 7 }, { "attribute": { "id": "Registry002" }, "value": null }] }),
            Ok(
                json!({ "attributeValues": [{ "attribute": { "id": "Registry001" }, "value": "7" }, { "attribute": { "id": "Registry002" }, "value": null }] }),
            ),
        );
        check(units, json!({ "attributeValues": [{ "value": "7" }] }), Err("has an attribute"));
        check(units, json!({ "dataSets": [{ "id": "setMonthlya" }, null] }), Ok(json!({ "dataSets": [{ "id": "setMonthlya" }] })));
        check("options", json!({ "sortOrder": "3" }), Ok(json!({ "sortOrder": 3 })));
        check("options", json!({ "optionSet": null }), Err("needs it"));
        check("optionSets", json!({ "valueType": "WHOLE" }), Err("is one of TEXT"));
        check("optionSets", json!("x"), Err("is an object with name, valueType"));
    }
}
