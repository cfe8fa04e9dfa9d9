//! Keys that can be searched: their parts, the conditions that find them, and whether a record holds them.
//!
//! A key is what the mapping made; before it is asked for or compared, each part is brought into the form in which Go.Data stores its field: dates are
//! instants, codes are full ids.

use std::collections::BTreeSet;
use std::sync::Arc;

use kivuko_core::connector::Key;
use kivuko_core::path::{Path, Segment};
use kivuko_core::value;
use serde_json::{Value, json};

use super::codes::{Codes, item_id};
use super::conform::{iso, looks_like_date};
use super::schema::{ARCHIVED_ID, DOCUMENT_TYPE, Kind, Resource, Role};

/// Words that the backend replaces in the text of a condition, also where they are values.
const RESERVED: [&str; 17] =
    ["and", "or", "inq", "nin", "id", "lt", "lte", "gt", "gte", "regexp", "like", "options", "eq", "neq", "ne", "exists", "not"];

/// One part of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// `documents[type=EXTERNAL_ID].number`, or of any type; `identifiers[description=DHIS2].code`.
    Nested { list: &'static str, by: &'static str, member: &'static str, chosen: Option<String> },
    /// A field of the record.
    Field(&'static str),
    /// A field with a code of this category.
    Code(&'static str, &'static str),
    /// A field with a category of reference data.
    Category(&'static str),
    /// A field with whole dates.
    Date(&'static str),
    /// A field with a whole number.
    Number(&'static str),
}

/// A key that can be searched.
#[derive(Debug, Clone)]
pub struct Search {
    parts: Vec<Part>,
    /// The one part that is asked for; the others are compared in the answer.
    asked: Option<usize>,
    /// Of a key of several paths, all values of each are asked for together, and which belong together is told by the answer: much shorter than pair by pair, for
    /// lists that cannot be asked by POST.
    crossed: bool,
    /// `categoryId` and `value` of reference data: the id is made from them, and searching is by that.
    by_item_id: Option<(usize, usize)>,
    codes: Arc<Codes>,
}

impl Search {
    /// What can be searched with the key of a flow.
    ///
    /// # Errors
    /// Which path cannot be searched, and why.
    pub fn new(resource: &Resource, key: &[String]) -> Result<Self, String> {
        if key.is_empty() {
            return Err("there is no key".to_owned());
        }
        let position = |name: &str| key.iter().position(|path| path == name);
        if resource.role == Role::Item
            && let (Some(category), Some(label)) = (position("categoryId"), position("value"))
            && key.len() == 2
        {
            return Ok(Self {
                parts: vec![Part::Field("id")],
                asked: None,
                crossed: false,
                by_item_id: Some((category, label)),
                codes: Arc::default(),
            });
        }
        let parts = key.iter().map(|path| Part::parse(resource, path)).collect::<Result<_, _>>()?;
        let asked = resource.asked_by.and_then(position);
        Ok(Self { parts, asked, crossed: resource.list.aggregated, by_item_id: None, codes: Arc::default() })
    }

    /// With the code lists of the installation: codes in keys and types of documents are full ids from then on.
    pub fn with_codes(mut self, codes: &Arc<Codes>) -> Result<Self, kivuko_core::error::Cause> {
        for part in &mut self.parts {
            if let Part::Nested { list: "documents", chosen: Some(kind), .. } = part {
                *kind = codes.expand(DOCUMENT_TYPE, kind)?;
            }
        }
        self.codes = Arc::clone(codes);
        Ok(self)
    }

    /// The values to look for, in the form in which they are stored: those of the key, but for an item of reference data its id.
    pub fn wanted(&self, key: &Key) -> Vec<String> {
        match self.by_item_id {
            Some((category, label)) => {
                let written = text_at(key, category).trim();
                let category = self.codes.category(written).unwrap_or_else(|_| written.to_owned());
                vec![item_id(&category, text_at(key, label))]
            }
            None => key.0.iter().enumerate().map(|(position, text)| self.stored(position, text)).collect(),
        }
    }

    /// Of a key that is the category and the label of an item: both.
    pub fn labelled<'k>(&self, key: &'k Key) -> Option<(String, &'k str)> {
        let (category, label) = self.by_item_id?;
        Some((self.codes.category(text_at(key, category).trim()).ok()?, text_at(key, label).trim()))
    }

    /// A part of a key as Go.Data stores it. What has no such form is in no record, and is left as it is.
    fn stored(&self, position: usize, text: &str) -> String {
        let text = text.trim();
        let formed = match self.parts.get(position) {
            Some(Part::Date(_)) => iso(text),
            Some(Part::Number(_)) => text.parse::<i64>().ok().map(|number| number.to_string()),
            Some(Part::Code(_, category)) => self.codes.expand(category, text).ok(),
            Some(Part::Category(_)) => self.codes.category(text).ok(),
            _ => None,
        };
        formed.unwrap_or_else(|| text.to_owned())
    }

    /// Whether the record holds the key.
    pub fn holds(&self, body: &Value, key: &Key) -> bool {
        fits(&self.held(body), &self.wanted(key))
    }

    /// What a record holds for each part of the key.
    pub fn held(&self, body: &Value) -> Vec<Vec<String>> {
        self.parts.iter().map(|part| part.values(body)).collect()
    }

    /// The condition that finds the records of all these keys.
    pub fn condition(&self, keys: &[&Key]) -> Value {
        let wanted: Vec<Vec<String>> = keys.iter().map(|key| self.wanted(key)).collect();
        if self.crossed && self.parts.len() > 1 {
            let all_values = |(position, part): (usize, &Part)| {
                let texts: BTreeSet<&str> = wanted.iter().filter_map(|values| values.get(position)).map(String::as_str).collect();
                any_of(part.conditions(&texts.into_iter().collect::<Vec<_>>()))
            };
            return json!({ "$and": self.parts.iter().enumerate().map(all_values).collect::<Vec<_>>() });
        }
        let single = match self.parts.as_slice() {
            [only] => Some((0, only)),
            parts => self.asked.and_then(|position| parts.get(position).map(|part| (position, part))),
        };
        let branches: Vec<Value> = if let Some((position, part)) = single {
            let texts: BTreeSet<&str> = wanted.iter().filter_map(|values| values.get(position)).map(String::as_str).collect();
            part.conditions(&texts.into_iter().collect::<Vec<_>>())
        } else {
            let all_parts = |values: &Vec<String>| {
                let each = self.parts.iter().zip(values).map(|(part, text)| any_of(part.conditions(&[text.as_str()])));
                json!({ "$and": each.collect::<Vec<_>>() })
            };
            wanted.iter().map(all_parts).collect()
        };
        any_of(branches)
    }
}

pub fn fits(held: &[Vec<String>], wanted: &[String]) -> bool {
    held.len() == wanted.len() && held.iter().zip(wanted).all(|(values, text)| values.contains(text))
}

fn text_at(key: &Key, position: usize) -> &str {
    key.0.get(position).map_or("", String::as_str)
}

fn any_of(mut branches: Vec<Value>) -> Value {
    if branches.len() == 1 { branches.remove(0) } else { json!({ "$or": branches }) }
}

impl Part {
    fn parse(resource: &Resource, text: &str) -> Result<Self, String> {
        let path = Path::parse(text).map_err(|error| format!("`{text}` is no path: {}", error.message))?;
        let item_of = |segment: &Segment, by: &str| match segment {
            Segment::Each => Some(None),
            Segment::Item { field, value } if field.as_deref().is_none_or(|field| field == by) => Some(Some(value.to_string())),
            _ => None,
        };
        if let [Segment::Field(list), item, Segment::Field(member)] = path.segments() {
            for (name, by, searched) in resource.nested_keys.iter().filter(|(name, _, searched)| *name == &**list && *searched == &**member)
            {
                if let Some(chosen) = item_of(item, by) {
                    return Ok(Self::Nested { list: name, by, member: searched, chosen });
                }
            }
        }
        let [Segment::Field(name)] = path.segments() else { return Err(format!("`{text}` cannot be searched in {}", resource.name)) };
        let field = resource.field(name).ok_or_else(|| format!("`{text}` is no field of {}", resource.name))?;
        if let Some((_, why)) = resource.no_keys.iter().find(|(name, _)| *name == field.name) {
            return Err(format!("`{text}` {why}"));
        }
        match field.kind {
            Kind::Date => Ok(Self::Date(field.name)),
            Kind::Number => Ok(Self::Number(field.name)),
            Kind::Code(category) => Ok(Self::Code(field.name, category)),
            Kind::Category => Ok(Self::Category(field.name)),
            Kind::Text | Kind::Place => Ok(Self::Field(field.name)),
            _ => Err(format!("`{text}` cannot be searched in {}", resource.name)),
        }
    }

    /// What a record holds there.
    fn values(&self, body: &Value) -> Vec<String> {
        let items = |list: &str| body.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let member = |item: &Value, name: &str| item.get(name).and_then(value::text);
        match self {
            Self::Nested { list, by, member: searched, chosen } => {
                let fits = |item: &Value| chosen.is_none() || member(item, by) == *chosen;
                items(list).iter().filter(|item| fits(item)).filter_map(|item| member(item, searched)).collect()
            }
            Self::Field("visualId") => match member(body, "visualId").filter(|id| !id.is_empty()) {
                Some(id) => vec![id],
                // A deleted person's id was moved to the documents, and a restored one does not get it back.
                None => archived_id().values(body),
            },
            Self::Field(name) | Self::Code(name, _) | Self::Category(name) | Self::Date(name) | Self::Number(name) => {
                body.get(*name).and_then(value::text).into_iter().collect()
            }
        }
    }

    /// Conditions of which one holds for a record with one of these values.
    fn conditions(&self, values: &[&str]) -> Vec<Value> {
        match self {
            Self::Nested { list: "documents", by, member, chosen: Some(kind) } => {
                matching(values, |test| json!({ "documents": { "$elemMatch": { *by: kind, *member: test } } }))
            }
            Self::Nested { list: "persons", by, member, chosen: Some(_) } => {
                matching(values, |test| json!({ "persons": { "$elemMatch": { *member: test, *by: true } } }))
            }
            // What else is in the item is looked at in the answer.
            Self::Nested { list, member, .. } => {
                let path = format!("{list}.{member}");
                matching(values, |test| json!({ &path: test }))
            }
            Self::Field("visualId") => {
                let mut both = matching(values, |test| json!({ "visualId": test }));
                both.extend(archived_id().conditions(values));
                both
            }
            Self::Field(name) | Self::Code(name, _) | Self::Category(name) => matching(values, |test| json!({ *name: test })),
            // Dates are known by their form and compared as dates, here on purpose.
            Self::Date(name) => vec![json!({ *name: { "$in": values } })],
            Self::Number(name) => {
                let numbers: Vec<i64> = values.iter().filter_map(|value| value.parse().ok()).collect();
                vec![json!({ *name: { "$in": numbers } })]
            }
        }
    }
}

/// Where the visual id of a deleted person is.
fn archived_id() -> Part {
    Part::Nested { list: "documents", by: "type", member: "number", chosen: Some(ARCHIVED_ID.to_owned()) }
}

/// All plain values at once; those that the backend would take for an operator or a date one by one, as regular expressions, which it leaves alone.
fn matching(values: &[&str], condition: impl Fn(Value) -> Value) -> Vec<Value> {
    let (odd, plain): (Vec<&str>, Vec<&str>) =
        values.iter().partition(|value| RESERVED.contains(*value) || **value == "elemMatch" || looks_like_date(value));
    let mut conditions = Vec::new();
    match plain.as_slice() {
        [] => {}
        [one] => conditions.push(condition(json!(one))),
        several => conditions.push(condition(json!({ "$in": several }))),
    }
    conditions.extend(odd.iter().map(|value| condition(json!({ "$regex": format!("^{}$", escaped(value)) }))));
    conditions
}

fn escaped(text: &str) -> String {
    let mut pattern = String::new();
    for character in text.chars() {
        if ".*+?^${}()|[]\\/".contains(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(resource: &str, key: &[&str]) -> Result<Search, String> {
        let resource = Resource::find(resource).expect("a resource");
        Search::new(resource, &key.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn some_paths_can_be_searched_and_others_not() {
        let check = |resource: &str, key: &[&str], can: bool| assert_eq!(search(resource, key).is_ok(), can, "{resource} {key:?}");
        check("cases", &["documents[type=EXTERNAL_ID].number"], true);
        check("cases", &["documents[].number"], true);
        check("cases", &["visualId"], true);
        check("cases", &["lastName", "dob"], true);
        check("cases", &["addresses[].city"], false);
        check("cases", &["questionnaireAnswers.a"], false);
        check("cases", &["age"], false);
        check("cases", &["nickname"], false);
        check("cases", &[], false);
        check("locations", &["identifiers[].code"], true);
        check("locations", &["name", "parentLocationId"], true);
        check("reference-data", &["categoryId", "value"], true);
        check("reference-data", &["code"], true);
        check("reference-data", &["value"], false);
        check("outbreaks", &["name"], true);
    }

    #[test]
    fn quirk_30_and_31_reserved_words_and_dates_are_asked_for_as_patterns() {
        let conditions = matching(&["X1", "or", "2020-01-01", "id"], |test| json!({ "n": test }));
        assert_eq!(
            Value::Array(conditions),
            json!([{"n": "X1"}, {"n": {"$regex": "^or$"}}, {"n": {"$regex": "^2020-01-01$"}}, {"n": {"$regex": "^id$"}}])
        );
        assert_eq!(escaped("a.b/c"), "a\\.b\\/c");
    }
}
