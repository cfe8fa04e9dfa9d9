//! Codes and names of what objects lie in, for sheets that name a parent or an option set by them.

use std::collections::HashMap;

use kivuko_core::catalogue::network;
use kivuko_core::error::Error;
use serde_json::{Map, Value};

use super::super::client::Client;
use super::super::read::Object;

/// Objects of one resource by id, code and name.
#[derive(Debug, Default)]
pub struct Index {
    known: HashMap<String, (Option<String>, Option<String>)>,
    codes: HashMap<String, Vec<String>>,
    names: HashMap<String, Vec<String>>,
}

/// By what a person names an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Id,
    Code,
    Name,
}

impl By {
    /// From the last part of a path.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "id" => Some(Self::Id),
            "code" => Some(Self::Code),
            "name" => Some(Self::Name),
            _ => None,
        }
    }
}

impl Index {
    /// Reads all objects of a resource.
    ///
    /// # Errors
    /// They cannot be asked for.
    pub async fn load(client: &Client, resource: &str) -> Result<Self, Error> {
        let request = client.get([resource]).query("paging", "false").query("fields", "id,code,name");
        let answer: Map<String, Value> = client.ask(request).await?;
        let objects = answer.get(resource).cloned().unwrap_or_else(|| Value::Array(Vec::new()));
        let objects: Vec<Object> = serde_json::from_value(objects)
            .map_err(|_| Error::stop(network::UNEXPECTED_ANSWER, format!("the list of {resource} has not the expected form")))?;
        let mut index = Self::default();
        for object in objects {
            index.note(&object.id, object.code.as_deref(), object.name.as_deref());
        }
        Ok(index)
    }

    /// Puts down what an object is called now.
    pub fn note(&mut self, id: &str, code: Option<&str>, name: Option<&str>) {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let before = self.known.insert(id.to_owned(), (owned(code), owned(name)));
        let (old_code, old_name) = before.unwrap_or_default();
        for (list, old, new) in [(&mut self.codes, old_code, code), (&mut self.names, old_name, name)] {
            if let Some(ids) = old.and_then(|old| list.get_mut(&old)) {
                ids.retain(|other| other != id);
            }
            if let Some(new) = new {
                list.entry(new.to_owned()).or_default().push(id.to_owned());
            }
        }
    }

    /// The objects that are called so.
    pub fn find(&self, by: By, text: &str) -> &[String] {
        let found = match by {
            By::Id => return self.known.get_key_value(text).map(|(id, _)| std::slice::from_ref(id)).unwrap_or_default(),
            By::Code => self.codes.get(text),
            By::Name => self.names.get(text),
        };
        found.map(Vec::as_slice).unwrap_or_default()
    }

    /// What an object is called.
    pub fn called(&self, by: By, id: &str) -> Option<&str> {
        let (code, name) = self.known.get(id)?;
        match by {
            By::Id => self.known.get_key_value(id).map(|(id, _)| id.as_str()),
            By::Code => code.as_deref(),
            By::Name => name.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_renamed_is_found_by_its_new_name_only() {
        let mut index = Index::default();
        index.note("a", Some("A"), Some("North"));
        index.note("b", Some("B"), Some("North"));
        assert_eq!(index.find(By::Name, "North"), ["a", "b"]);
        index.note("a", Some("A2"), Some("Far North"));
        assert_eq!((index.find(By::Name, "North"), index.find(By::Code, "A")), (["b".to_owned()].as_slice(), [].as_slice()));
        assert_eq!((index.find(By::Code, "A2"), index.called(By::Name, "a")), (["a".to_owned()].as_slice(), Some("Far North")));
        assert_eq!((index.find(By::Id, "b"), index.called(By::Code, "c")), (["b".to_owned()].as_slice(), None));
    }
}
