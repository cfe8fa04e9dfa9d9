//! Which names two records that lie beside each other must not share.
//!
//! Go.Data takes no two locations of one parent that have one name, or a synonym in common; whether a name is a synonym of the other does not matter, and neither do
//! capitals (Go.Data backend 2.50, `Location`: before it is saved, and in the look through a file that is imported).

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

/// The rule: by which field a record says where it lies, and in which fields (texts, or lists of texts) those that lie beside each other differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Siblings<'r, N = &'r str> {
    pub parent: &'r str,
    pub differ_in: &'r [N],
}

/// What of one record no sibling may have. Empty texts are as many as there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// The id of the record that it lies in; `None` at the top.
    pub parent: Option<String>,
    /// In small letters, each with the position of its field in the rule.
    words: BTreeSet<(usize, String)>,
}

impl<N: AsRef<str>> Siblings<'_, N> {
    /// The names of a record.
    pub fn names(&self, record: &Value) -> Names {
        let mut words = BTreeSet::new();
        for (field, name) in self.differ_in.iter().enumerate() {
            let texts = match record.get(name.as_ref()) {
                Some(Value::Array(items)) => items.as_slice(),
                Some(single) => std::slice::from_ref(single),
                None => &[],
            };
            let texts = texts.iter().filter_map(Value::as_str).filter(|text| !text.is_empty());
            words.extend(texts.map(|text| (field, text.to_lowercase())));
        }
        let parent = record.get(self.parent).and_then(Value::as_str).filter(|parent| !parent.is_empty());
        Names { parent: parent.map(str::to_owned), words }
    }
}

impl Names {
    /// Whether both cannot lie where they say that they lie.
    pub fn clash(&self, other: &Self) -> bool {
        self.shared(other).is_some()
    }

    /// The position in the rule of the first field in which two that lie beside each other have something in common.
    pub fn shared(&self, other: &Self) -> Option<usize> {
        let mut common = self.words.intersection(&other.words);
        if self.parent == other.parent { common.next().map(|(field, _)| *field) } else { None }
    }

    /// The same names in another place.
    #[must_use]
    pub fn below(&self, parent: Option<String>) -> Self {
        Self { parent, words: self.words.clone() }
    }

    /// The same place without any name.
    #[must_use]
    pub fn nameless(&self) -> Self {
        Self { parent: self.parent.clone(), words: BTreeSet::new() }
    }
}

/// Who has which name. `T` tells who.
#[derive(Debug, Clone)]
pub struct Roster<T>(HashMap<Option<String>, Words<T>>);

/// Who has a word, in its folded form with its length.
type Words<T> = HashMap<(usize, String), Vec<T>>;

impl<T> Default for Roster<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Clone + PartialEq> Roster<T> {
    /// Somebody else who has one of these names, and the position of the field in the rule in which it is.
    pub fn holder(&self, names: &Names, own: &T) -> Option<(&T, usize)> {
        let there = self.0.get(&names.parent)?;
        names.words.iter().find_map(|word| Some((there.get(word)?.iter().find(|holder| *holder != own)?, word.0)))
    }

    /// Puts somebody's names down.
    pub fn add(&mut self, names: &Names, own: &T) {
        let there = self.0.entry(names.parent.clone()).or_default();
        for word in &names.words {
            let holders = there.entry(word.clone()).or_default();
            if !holders.contains(own) {
                holders.push(own.clone());
            }
        }
    }

    /// Strikes them out.
    pub fn remove(&mut self, names: &Names, own: &T) {
        let Some(there) = self.0.get_mut(&names.parent) else { return };
        for word in &names.words {
            if let Some(holders) = there.get_mut(word) {
                holders.retain(|holder| holder != own);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const RULE: Siblings<'_> = Siblings { parent: "in", differ_in: &["name", "also"] };

    #[test]
    fn what_two_that_lie_beside_each_other_must_not_share() {
        let check = |one: Value, two: Value, clash: bool| {
            let (first, second) = (RULE.names(&one), RULE.names(&two));
            assert_eq!((first.clash(&second), second.clash(&first)), (clash, clash), "{one} {two}");
            let mut roster = Roster::default();
            roster.add(&first, &"one");
            assert_eq!(roster.holder(&second, &"two").is_some(), clash, "{one} {two}");
            assert_eq!(roster.holder(&second, &"one"), None, "nobody is in their own way");
            roster.remove(&first, &"one");
            assert_eq!(roster.holder(&second, &"two"), None);
        };
        check(json!({ "in": "A", "name": "Kori" }), json!({ "in": "A", "name": "KORI" }), true);
        check(json!({ "in": "A", "name": "Péla" }), json!({ "in": "A", "name": "PÉLA" }), true);
        check(json!({ "in": "A", "name": "Kori" }), json!({ "in": "B", "name": "Kori" }), false);
        check(json!({ "name": "Kori" }), json!({ "in": null, "name": "kori" }), true);
        check(json!({ "name": "Kori", "also": ["K", "L"] }), json!({ "name": "Bandu", "also": ["l"] }), true);
        check(json!({ "name": "Kori", "also": ["Bandu"] }), json!({ "name": "Bandu", "also": ["Kori"] }), false);
        check(json!({ "name": "", "also": [] }), json!({ "name": "", "also": [""] }), false);
    }

    #[test]
    fn the_field_is_told() {
        let mut roster = Roster::default();
        roster.add(&RULE.names(&json!({ "name": "Kori", "also": ["K"] })), &1);
        assert_eq!(roster.holder(&RULE.names(&json!({ "name": "Bandu", "also": ["k"] })), &2), Some((&1, 1)));
        assert_eq!(roster.holder(&RULE.names(&json!({ "name": "kori" })), &2), Some((&1, 0)));
    }
}
