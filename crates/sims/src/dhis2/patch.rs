//! JSON Patch as DHIS2 has it: `add`, `remove`, `replace`, and `remove-by-id` of its own.

use serde_json::{Value, json};

use super::error::{Error, Result};
use super::kind::{Kind, Part};
use super::properties;
use super::store::Object;

/// Applies a patch to the properties of an object. A property that the kind does not have, or does not own, is refused.
pub fn apply(kind: &Kind, object: &mut Object, patch: &Value) -> Result<()> {
    let operations = patch.as_array().ok_or_else(|| Error::bad_request("a list of operations is expected"))?;
    for operation in operations {
        one(kind, object, operation)?;
    }
    Ok(())
}

fn one(kind: &Kind, object: &mut Object, operation: &Value) -> Result<()> {
    let word = |name: &str| operation.get(name).and_then(Value::as_str);
    let (Some(op), Some(path)) = (word("op"), word("path")) else {
        return Err(Error::bad_request("each operation needs `op` and `path`"));
    };
    let segments: Vec<String> =
        path.strip_prefix('/').unwrap_or(path).split('/').map(|one| one.replace("~1", "/").replace("~0", "~")).collect();
    let property = segments[0].as_str();
    let known = properties::holds(kind, property).is_some() || kind.part(property).is_some_and(Part::is_owned);
    if !known || property == "id" {
        return Err(Error::coded(400, "E4032", format!("Patch path `{path}` is not supported.")));
    }
    let value = operation.get("value").cloned();
    match op {
        "remove-by-id" => {
            let id = word("id").ok_or_else(|| Error::bad_request("`remove-by-id` needs `id`"))?;
            if let Some(Value::Array(list)) = object.get_mut(property) {
                list.retain(|item| item.get("id").and_then(Value::as_str) != Some(id));
            }
            Ok(())
        }
        "add" | "replace" | "remove" => {
            if op != "remove" && value.is_none() {
                return Err(Error::bad_request(format!("`{op}` needs `value`")));
            }
            let mut root = Value::Object(std::mem::take(object));
            let changed = change(&mut root, &segments, op, value.unwrap_or_default());
            if let Value::Object(back) = root {
                *object = back;
            }
            changed.ok_or_else(|| Error::bad_request(format!("Patch path `{path}` leads nowhere")))
        }
        _ => Err(Error::bad_request(format!("the operation `{op}` is not known"))),
    }
}

/// Walks to the last segment and changes what is there; nothing when the path leads nowhere.
fn change(target: &mut Value, segments: &[String], op: &str, value: Value) -> Option<()> {
    let (first, rest) = segments.split_first()?;
    if !rest.is_empty() {
        let next = match target {
            Value::Array(list) => list.get_mut(first.parse::<usize>().ok()?)?,
            Value::Object(members) if op == "add" && rest == ["-"] => members.entry(first.clone()).or_insert_with(|| json!([])),
            Value::Object(members) => members.get_mut(first)?,
            _ => return None,
        };
        return change(next, rest, op, value);
    }
    match target {
        Value::Object(members) => {
            if op == "remove" {
                members.remove(first);
            } else {
                members.insert(first.clone(), value);
            }
        }
        Value::Array(list) if first == "-" && op == "add" => list.push(value),
        Value::Array(list) => {
            let position = first.parse::<usize>().ok().filter(|position| *position <= list.len())?;
            match op {
                "add" => list.insert(position, value),
                "replace" => *list.get_mut(position)? = value,
                _ => {
                    list.get(position)?;
                    list.remove(position);
                }
            }
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::apply;
    use crate::dhis2::kind::Kind;

    #[test]
    fn operations_change_what_their_path_names() {
        let check = |patch: Value, expected: Option<Value>| {
            let kind = Kind::plural("organisationUnitGroups").unwrap();
            let before = json!({"name": "Posts", "organisationUnits": [{"id": "a"}, {"id": "b"}]});
            let mut object = before.as_object().unwrap().clone();
            let done = apply(kind, &mut object, &json!([patch]));
            assert_eq!(done.is_ok(), expected.is_some(), "{patch}");
            if let Some(expected) = expected {
                assert_eq!(Value::Object(object), expected, "{patch}");
            }
        };
        let units = json!([{"id": "a"}, {"id": "b"}]);
        check(json!({"op": "replace", "path": "/name", "value": "New"}), Some(json!({"name": "New", "organisationUnits": units})));
        check(json!({"op": "add", "path": "/code", "value": "P"}), Some(json!({"name": "Posts", "code": "P", "organisationUnits": units})));
        check(json!({"op": "remove", "path": "/name"}), Some(json!({"organisationUnits": units})));
        let with = |list: Value| Some(json!({"name": "Posts", "organisationUnits": list}));
        check(
            json!({"op": "add", "path": "/organisationUnits/-", "value": {"id": "c"}}),
            with(json!([{"id": "a"}, {"id": "b"}, {"id": "c"}])),
        );
        check(json!({"op": "remove", "path": "/organisationUnits/0"}), with(json!([{"id": "b"}])));
        check(json!({"op": "replace", "path": "/organisationUnits/1", "value": {"id": "c"}}), with(json!([{"id": "a"}, {"id": "c"}])));
        check(json!({"op": "remove-by-id", "path": "/organisationUnits", "id": "a"}), with(json!([{"id": "b"}])));
        check(json!({"op": "replace", "path": "/organisationUnits/7", "value": {"id": "c"}}), None);
        check(json!({"op": "replace", "path": "/nmae", "value": "x"}), None);
        check(json!({"op": "replace", "path": "/id", "value": "x"}), None);
        check(json!({"op": "replace", "path": "/groupSets", "value": []}), None);
        check(json!({"op": "swap", "path": "/name", "value": "x"}), None);
        check(json!({"op": "add", "path": "/name"}), None);
        check(json!({"path": "/name"}), None);
    }
}
