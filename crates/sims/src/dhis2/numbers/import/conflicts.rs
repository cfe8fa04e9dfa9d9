//! The conflicts of the import up to 2.42, as the server words them.

use std::collections::BTreeMap;

use super::super::summary::Conflict;

/// A conflict that says which member of the payload and which objects it is about; the first object stands for it.
pub fn conflict(code: &str, property: Option<&'static str>, objects: &[(&str, &str)], message: String) -> Conflict {
    let known = objects.iter().filter(|(_, id)| !id.is_empty());
    Conflict {
        code: code.to_owned(),
        message,
        objects: known.clone().map(|(kind, id)| ((*kind).to_owned(), (*id).to_owned())).collect::<BTreeMap<_, _>>(),
        object: known.clone().next().map(|(_, id)| (*id).to_owned()).unwrap_or_default(),
        property,
        indexes: Vec::new(),
    }
}

impl Conflict {
    /// At a position.
    #[must_use]
    pub fn at(mut self, index: i64) -> Self {
        self.indexes = vec![index];
        self
    }
}
