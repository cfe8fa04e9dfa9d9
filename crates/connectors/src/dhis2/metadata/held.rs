//! An object that DHIS2 holds, in the form in which the engine compares it.

use std::collections::BTreeSet;

use kivuko_core::connector::{Candidate, Standing};
use serde_json::{Map, Value, json};

use super::key::attribute_value;
use super::shape::{ATTRIBUTE_VALUES, Holds, ME, Shape};

/// An object with everything that it owns.
pub type Object = Map<String, Value>;

/// How objects are shown to the engine.
#[derive(Debug, Clone, Copy)]
pub struct Showing<'a> {
    pub shape: &'a Shape,
    /// The attributes that the flow writes: where one has no value it is shown as empty, so that clearing it changes nothing.
    pub attributes: &'a BTreeSet<String>,
    /// The account, when org units are put among its own and this one lies there; the engine sees it as a member.
    pub me: Option<&'a str>,
}

/// The identifier of an object.
pub fn id_of(object: &Object) -> Option<&str> {
    object.get("id").and_then(Value::as_str)
}

/// The ids from the root to the object itself.
pub fn path_of(object: &Object) -> impl Iterator<Item = &str> {
    object.get("path").and_then(Value::as_str).unwrap_or_default().split('/').filter(|id| !id.is_empty())
}

/// The ids in a list of references.
pub fn members(object: &Object, name: &str) -> Vec<String> {
    let list = object.get(name).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|item| item.get("id").and_then(Value::as_str)).map(str::to_owned).collect()
}

/// As the engine sees it.
pub fn candidate(showing: Showing<'_>, object: &Object) -> Option<Candidate> {
    let id = id_of(object)?.to_owned();
    let version = object.get("lastUpdated").and_then(Value::as_str).map(str::to_owned);
    Some(Candidate { id, version, deleted: false, body: Value::Object(body(showing, object)), standing: Standing::Usual })
}

fn body(showing: Showing<'_>, object: &Object) -> Object {
    let mut body = Object::new();
    for field in showing.shape.fields {
        let value = object.get(field.name).filter(|value| !value.is_null());
        let shown = match (field.holds, value) {
            (Holds::AttributeValues, _) => Some(attribute_values(showing, object)),
            (_, None) => None,
            (Holds::Day, Some(value)) => value.as_str().and_then(|text| text.get(..10)).map(Value::from),
            (Holds::Reference(_), Some(value)) => value.get("id").map(|id| json!({ "id": id })),
            (Holds::Members(_), Some(_)) => Some(members(object, field.name).iter().map(|id| json!({ "id": id })).collect()),
            (_, Some(value)) => Some(value.clone()),
        };
        if let Some(shown) = shown {
            body.insert(field.name.to_owned(), shown);
        }
    }
    if let Some(me) = showing.me {
        body.insert(ME.to_owned(), json!([{ "id": me }]));
    }
    body
}

fn attribute_values(showing: Showing<'_>, object: &Object) -> Value {
    let list = object.get(ATTRIBUTE_VALUES).and_then(Value::as_array).into_iter().flatten();
    let there = list.filter_map(|item| Some(json!({ "attribute": { "id": item.pointer("/attribute/id")? }, "value": item.get("value")? })));
    let missing = showing.attributes.iter().filter(|attribute| attribute_value(object, attribute).is_none());
    there.chain(missing.map(|attribute| json!({ "attribute": { "id": attribute } }))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::shape::shape;
    use super::*;

    #[test]
    fn an_object_is_shown_as_it_would_be_sent() {
        let object = json!({ "id": "ClinicOneaa", "name": "Clinic", "openingDate": "2010-01-01T00:00:00.000", "lastUpdated": "2024-01-01T00:00:00.000",
            "path": "/CountryAaaa/ClinicOneaa", "parent": { "id": "CountryAaaa", "name": "X" }, "translations": [1], "dataSets": [{ "id": "setMonthlya", "x": 1 }],
            "attributeValues": [{ "created": "2020", "attribute": { "id": "Registry001", "name": "R" }, "value": "7" }] });
        let attributes = BTreeSet::from(["Registry002".to_owned()]);
        let showing = Showing { shape: shape("organisationUnits").expect("it is one"), attributes: &attributes, me: Some("meeeeeeeeee") };
        let found = candidate(showing, object.as_object().expect("it is one")).expect("it has an id");
        assert_eq!((found.id.as_str(), found.version.as_deref()), ("ClinicOneaa", Some("2024-01-01T00:00:00.000")));
        let expected = json!({ "id": "ClinicOneaa", "name": "Clinic", "openingDate": "2010-01-01", "parent": { "id": "CountryAaaa" },
            "dataSets": [{ "id": "setMonthlya" }], "users": [{ "id": "meeeeeeeeee" }],
            "attributeValues": [{ "attribute": { "id": "Registry001" }, "value": "7" }, { "attribute": { "id": "Registry002" } }] });
        assert_eq!(found.body, expected);
    }
}
