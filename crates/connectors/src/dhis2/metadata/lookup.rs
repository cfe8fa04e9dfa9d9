//! Asks for objects by one property, in questions that an address can hold.

use std::collections::HashMap;

use kivuko_core::catalogue::network;
use kivuko_core::error::Error;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::client::Client;
use super::held::{Object, id_of};
use super::uid::is_uid;

/// A server takes a request line with headers of 8 kB.
const LONGEST: usize = 6_000;

/// Asks for objects of one resource.
#[derive(Debug, Clone, Copy)]
pub struct Lookup<'a> {
    pub client: &'a Client,
    pub resource: &'static str,
    /// The `fields` of the questions.
    pub fields: &'a str,
}

/// An element of a list.
#[derive(Deserialize)]
#[serde(transparent)]
struct List(Map<String, Value>);

impl Lookup<'_> {
    /// The objects with these identifiers that are there, by identifier.
    ///
    /// # Errors
    /// They cannot be asked for.
    pub async fn by_ids(&self, ids: &[String]) -> Result<HashMap<String, Object>, Error> {
        let ids: Vec<&str> = ids.iter().map(String::as_str).filter(|id| is_uid(id)).collect();
        let found = self.by("id", &ids).await?;
        Ok(found.into_iter().filter_map(|object| Some((id_of(&object)?.to_owned(), object))).collect())
    }

    /// The objects that have one of these values in a property.
    ///
    /// # Errors
    /// They cannot be asked for.
    pub async fn by(&self, property: &str, values: &[&str]) -> Result<Vec<Object>, Error> {
        let (listed, single): (Vec<&str>, Vec<&str>) =
            values.iter().copied().filter(|value| !value.is_empty()).partition(|value| may_be_listed(value));
        let mut found = Vec::new();
        let mut rest = listed.as_slice();
        while !rest.is_empty() {
            let fitting = fitting(rest, LONGEST);
            let (now, later) = rest.split_at(fitting);
            found.extend(self.ask(&format!("{property}:in:[{}]", now.join(","))).await?);
            rest = later;
        }
        for value in single {
            found.extend(self.ask(&format!("{property}:eq:{value}")).await?);
        }
        Ok(found)
    }

    async fn ask(&self, filter: &str) -> Result<Vec<Object>, Error> {
        let request = self.client.get([self.resource]).query("paging", "false").query("fields", self.fields).query("filter", filter);
        let List(mut answer) = self.client.ask(request).await?;
        match answer.remove(self.resource).map(serde_json::from_value::<Vec<Object>>) {
            Some(Ok(objects)) => Ok(objects),
            // A list without members is left out by some releases; what is no list at all is not an answer.
            None if answer.is_empty() => Ok(Vec::new()),
            _ => {
                let message = format!("the list of {} has not the form of DHIS2", self.resource);
                Err(Error::stop(network::UNEXPECTED_ANSWER, message))
            }
        }
    }
}

/// Whether a value can stand in a list: what would end it, or be cut off at its ends, is asked for by itself.
fn may_be_listed(value: &str) -> bool {
    value.trim() == value && !value.contains([',', '[', ']', ':'])
}

/// How many of the values make a text of that length at most, at least one.
fn fitting(values: &[&str], longest: usize) -> usize {
    let mut length = 0;
    let fitting = values.iter().take_while(|value| {
        // In an address everything but letters and digits takes three signs, as does the comma.
        length += 3 + value.bytes().map(|byte| if byte.is_ascii_alphanumeric() { 1 } else { 3 }).sum::<usize>();
        length <= longest
    });
    fitting.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_hold_what_they_can() {
        let check = |value: &str, expected: bool| assert_eq!(may_be_listed(value), expected, "{value:?}");
        check("C-1 / North", true);
        check("A,B", false);
        check("[A]", false);
        check("a:b", false);
        check(" A", false);
        assert_eq!(fitting(&["abcd", "abcd", "abcd"], 14), 2);
        assert_eq!(fitting(&["éé", "a"], 15), 1);
        assert_eq!(fitting(&["a long one"], 1), 1);
    }
}
