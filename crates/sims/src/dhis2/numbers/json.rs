//! Data value sets in JSON, as the two generations of the import read them.

use serde_json::{Map, Value};

use super::id_scheme::Schemes;
use super::payload::{Combo, Deletion, Group, Payload, Sent, filled};

/// Reads a body. Releases up to 2.42 take numbers and booleans for texts; 2.43 wants texts. The error says what is wrong.
pub fn read(text: &str, release: u32) -> Result<Payload, String> {
    let document: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let Value::Object(set) = document else {
        return Err("a data value set is an object".to_owned());
    };
    let reader = Reader { release };
    let schemes = Schemes::read(|name| set.get(name).and_then(Value::as_str).map(str::to_owned))?;
    let mut group = Group {
        data_set: reader.text(&set, "dataSet")?,
        complete_date: reader.text(&set, "completeDate")?,
        period: reader.text(&set, "period")?,
        org_unit: reader.text(&set, "orgUnit")?,
        attribute_option_combo: reader.combo(&set, "attributeOptionCombo")?,
        ..Group::default()
    };
    if release <= 42 {
        let options = set.get("attributeCategoryOptions").and_then(Value::as_array);
        group.attribute_category_options = options.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    } else if let Some(Value::Object(deletion)) = set.get("deletion") {
        group.deletion = Some(reader.deletion(deletion)?);
    }
    match set.get("dataValues") {
        None | Some(Value::Null) => {}
        Some(Value::Array(values)) => {
            for value in values {
                let Value::Object(value) = value else {
                    return Err("a data value is an object".to_owned());
                };
                group.values.push(reader.value(value)?);
            }
        }
        Some(_) => return Err("dataValues is an array".to_owned()),
    }
    Ok(Payload {
        schemes,
        dry_run: set.get("dryRun").and_then(Value::as_bool),
        strategy: set.get("strategy").and_then(Value::as_str).map(str::to_owned),
        ..Payload::of(group)
    })
}

struct Reader {
    release: u32,
}

impl Reader {
    fn text(&self, object: &Map<String, Value>, key: &str) -> Result<Option<String>, String> {
        match object.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(filled(Some(text))),
            Some(scalar @ (Value::Number(_) | Value::Bool(_))) if self.release <= 42 => Ok(Some(scalar.to_string())),
            Some(_) => Err(format!("{key} is not a string")),
        }
    }

    /// From 2.43 also as an object of category and option.
    fn combo(&self, object: &Map<String, Value>, key: &str) -> Result<Option<Combo>, String> {
        match object.get(key) {
            Some(Value::Object(options)) if self.release >= 43 => {
                let pair = |(category, option): (&String, &Value)| {
                    let option = option.as_str().ok_or_else(|| format!("{key}.{category} is not a string"))?;
                    Ok((category.clone(), option.to_owned()))
                };
                Ok(Some(Combo::Options(options.iter().map(pair).collect::<Result<_, String>>()?)))
            }
            _ => Ok(self.text(object, key)?.map(Combo::Id)),
        }
    }

    fn value(&self, value: &Map<String, Value>) -> Result<Sent, String> {
        let followup = if self.release <= 42 { "followup" } else { "followUp" };
        let flag = |key: &str| match value.get(key) {
            Some(Value::Bool(flag)) => Some(*flag),
            Some(Value::String(flag)) => Some(flag == "true"),
            _ => None,
        };
        Ok(Sent {
            data_element: self.text(value, "dataElement")?,
            period: self.text(value, "period")?,
            org_unit: self.text(value, "orgUnit")?,
            category_option_combo: self.combo(value, "categoryOptionCombo")?,
            attribute_option_combo: self.combo(value, "attributeOptionCombo")?,
            value: self.text(value, "value")?,
            comment: self.text(value, "comment")?,
            followup: flag(followup),
            deleted: flag("deleted").unwrap_or(false),
            stored_by: self.text(value, "storedBy")?,
        })
    }

    fn deletion(&self, deletion: &Map<String, Value>) -> Result<Deletion, String> {
        let list = |key: &str| -> Vec<String> {
            deletion.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let mut elements = Vec::new();
        for element in deletion.get("elements").and_then(Value::as_array).into_iter().flatten() {
            let Value::Object(element) = element else {
                return Err("an element of a deletion is an object".to_owned());
            };
            let id = self.text(element, "dataElement")?.ok_or("an element of a deletion needs its dataElement")?;
            elements.push((id, self.text(element, "categoryOptionCombo")?, self.text(element, "attributeOptionCombo")?));
        }
        Ok(Deletion { org_units: list("orgUnits"), periods: list("periods"), elements })
    }
}
