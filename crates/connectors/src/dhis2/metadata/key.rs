//! By what an object is found: its id, its code, a unique attribute, or its code or name within what it lies in.

use kivuko_core::catalogue::target;
use kivuko_core::connector::Key;
use kivuko_core::error::Cause;
use kivuko_core::path::{Path, Segment};
use serde_json::{Map, Value};

use super::index::{By, Index};
use super::shape::{ATTRIBUTE_VALUES, Shape};

/// One path of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Own(By),
    Attribute(String),
    Container(By),
}

/// The paths of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPaths {
    parts: Vec<Part>,
    /// The part that is asked for; the others narrow what comes back.
    main: usize,
}

/// The attribute in `attributeValues[attribute.id=UID].value`.
pub fn attribute_of(path: &Path) -> Option<&str> {
    match path.segments() {
        [Segment::Field(list), Segment::Item { field: Some(by), value }, Segment::Field(member)]
            if &**list == ATTRIBUTE_VALUES && &**by == "attribute.id" && &**member == "value" =>
        {
            Some(value)
        }
        _ => None,
    }
}

impl KeyPaths {
    /// Reads the paths.
    ///
    /// # Errors
    /// One of them cannot be searched.
    pub fn read(shape: &Shape, paths: &[String]) -> Result<Self, Cause> {
        let wrong = |path: &str| {
            let keys: Vec<String> = shape.keys.iter().map(|key| key.join(" + ")).collect();
            let message = format!(
                "{} cannot be found by `{path}`: it is found by {}, or by a unique attribute (attributeValues[attribute.id=UID].value)",
                shape.named,
                keys.join(", by ")
            );
            Cause::new(target::KEY_NOT_SEARCHABLE, message).field(path)
        };
        let mut parts = Vec::with_capacity(paths.len());
        for text in paths {
            let path = Path::parse(text).map_err(|_| wrong(text))?;
            let part = match path.segments() {
                [Segment::Field(name)] => By::parse(name).map(Part::Own),
                [Segment::Field(name), Segment::Field(by)] if Some(&**name) == shape.container => By::parse(by).map(Part::Container),
                _ => attribute_of(&path).map(|attribute| Part::Attribute(attribute.to_owned())),
            };
            parts.push(part.ok_or_else(|| wrong(text))?);
        }
        let rank = |part: &Part| match part {
            Part::Own(By::Id) => 0,
            Part::Own(By::Code) => 1,
            Part::Attribute(_) => 2,
            Part::Own(By::Name) => 3,
            Part::Container(_) => 9,
        };
        let main = (0..parts.len()).min_by_key(|at| rank(&parts[*at])).ok_or_else(|| wrong(""))?;
        if rank(&parts[main]) == 9 { Err(wrong(&paths[main])) } else { Ok(Self { parts, main }) }
    }

    /// Whether it finds one object at most. A unique attribute does; whether an attribute is unique is not looked at here.
    pub fn is_unique(&self, shape: &Shape) -> bool {
        let has = |name: &str| {
            self.parts.iter().any(|part| match part {
                Part::Own(By::Id) => name == "id",
                Part::Own(By::Code) => name == "code",
                Part::Own(By::Name) => name == "name",
                Part::Container(_) => Some(name) == shape.container,
                Part::Attribute(_) => false,
            })
        };
        self.attribute().is_some() || shape.keys.iter().any(|key| key.iter().all(|name| has(name)))
    }

    /// The attribute that it goes by.
    pub fn attribute(&self) -> Option<&str> {
        self.parts.iter().find_map(|part| if let Part::Attribute(attribute) = part { Some(attribute.as_str()) } else { None })
    }

    /// Whether it needs to be known what containers are called.
    pub fn names_containers(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Container(By::Code | By::Name)))
    }

    /// The property that is asked for.
    pub fn property(&self) -> &str {
        match &self.parts[self.main] {
            Part::Own(By::Code) => "code",
            Part::Own(By::Name) => "name",
            Part::Attribute(attribute) => attribute,
            Part::Own(By::Id) | Part::Container(_) => "id",
        }
    }

    /// The value of that property in a key.
    pub fn asked<'k>(&self, key: &'k Key) -> Option<&'k str> {
        key.0.get(self.main).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// Whether an object as DHIS2 tells it has a key.
    pub fn fits(&self, shape: &Shape, key: &Key, object: &Map<String, Value>, containers: &Index) -> bool {
        let own = |name: &str| object.get(name).and_then(Value::as_str);
        let container = shape.container.and_then(|name| object.get(name)?.get("id")?.as_str());
        self.parts.len() == key.0.len()
            && self.parts.iter().zip(&key.0).all(|(part, wanted)| {
                let held = match part {
                    Part::Own(By::Id) => own("id"),
                    Part::Own(By::Code) => own("code"),
                    Part::Own(By::Name) => own("name"),
                    Part::Attribute(attribute) => attribute_value(object, attribute),
                    Part::Container(By::Id) => container,
                    Part::Container(by) => container.and_then(|id| containers.called(*by, id)),
                };
                held == Some(wanted.as_str())
            })
    }
}

/// The value of an attribute of an object.
pub fn attribute_value<'o>(object: &'o Map<String, Value>, attribute: &str) -> Option<&'o str> {
    let values = object.get(ATTRIBUTE_VALUES)?.as_array()?;
    let value = values.iter().find(|one| one.pointer("/attribute/id").and_then(Value::as_str) == Some(attribute))?;
    value.get("value")?.as_str()
}

#[cfg(test)]
mod tests {
    use super::super::shape::shape;
    use super::*;
    use serde_json::json;

    fn key(resource: &str, paths: &[&str]) -> Result<KeyPaths, Cause> {
        KeyPaths::read(shape(resource).expect("it is one"), &paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn keys_are_searchable_and_unique_or_not() {
        let check = |resource: &str, paths: &[&str], expected: Option<(&str, bool)>| {
            let found = key(resource, paths).ok();
            let found = found.as_ref().map(|key| (key.property(), key.is_unique(shape(resource).expect("it is one"))));
            assert_eq!(found, expected, "{resource} {paths:?}");
        };
        check("organisationUnits", &["code"], Some(("code", true)));
        check("organisationUnits", &["parent.code", "name"], Some(("name", true)));
        check("organisationUnits", &["name"], Some(("name", false)));
        check("organisationUnits", &["attributeValues[attribute.id=Registry001].value"], Some(("Registry001", true)));
        check("organisationUnits", &["parent.id"], None);
        check("organisationUnits", &["shortName"], None);
        check("organisationUnits", &["attributeValues[].value"], None);
        check("organisationUnits", &[], None);
        check("options", &["optionSet.id", "code"], Some(("code", true)));
        check("options", &["code"], Some(("code", false)));
        check("optionSets", &["name"], Some(("name", true)));
    }

    #[test]
    fn an_object_has_a_key_in_all_its_parts() {
        let shape = shape("organisationUnits").expect("it is one");
        let mut index = Index::default();
        index.note("p1", Some("D1"), Some("North"));
        let object = json!({ "id": "u1", "code": "C1", "name": "Clinic", "parent": { "id": "p1" },
            "attributeValues": [{ "attribute": { "id": "Registry001" }, "value": "7" }] });
        let object = object.as_object().expect("it is one");
        let check = |paths: &[&str], values: &[&str], expected: bool| {
            let values = Key(values.iter().map(|value| (*value).to_owned()).collect());
            assert_eq!(
                key("organisationUnits", paths).expect("a key").fits(shape, &values, object, &index),
                expected,
                "{paths:?} {values}"
            );
        };
        check(&["code"], &["C1"], true);
        check(&["code"], &["c1"], false);
        check(&["name", "parent.code"], &["Clinic", "D1"], true);
        check(&["name", "parent.code"], &["Clinic", "D2"], false);
        check(&["name", "parent.id"], &["Clinic", "p1"], true);
        check(&["attributeValues[attribute.id=Registry001].value"], &["7"], true);
        check(&["attributeValues[attribute.id=Registry002].value"], &["7"], false);
    }
}
