//! Languages, and what tokens say in each: labels of reference data, texts of questions.
//!
//! A token is known in all languages from the moment it is made, with the text that its maker gave it; a change is made
//! in the language of the account that makes it, and the others keep what they had.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::dates;

/// The language of an account that names none.
pub const DEFAULT: &str = "english_us";

/// A text and when it was set, in milliseconds.
#[derive(Debug, Clone)]
struct Translation {
    text: String,
    updated: i64,
}

#[derive(Debug)]
struct Language {
    id: String,
    name: String,
    /// Built in: cannot be changed.
    read_only: bool,
    tokens: BTreeMap<String, Translation>,
}

/// All languages.
#[derive(Debug)]
pub struct Languages {
    languages: Vec<Language>,
}

impl Default for Languages {
    /// English and French, without any token.
    fn default() -> Self {
        let built_in =
            |id: &str, name: &str| Language { id: id.to_owned(), name: name.to_owned(), read_only: true, tokens: BTreeMap::new() };
        Self { languages: vec![built_in(DEFAULT, "English"), built_in("french_fr", "Français")] }
    }
}

impl Languages {
    /// Adds a language, with what English says, until it is told otherwise.
    pub fn add(&mut self, id: &str, name: &str) {
        if self.get(id).is_none() {
            let tokens = self.get(DEFAULT).map(|english| english.tokens.clone()).unwrap_or_default();
            self.languages.push(Language { id: id.to_owned(), name: name.to_owned(), read_only: false, tokens });
        }
    }

    fn get(&self, id: &str) -> Option<&Language> {
        self.languages.iter().find(|language| language.id == id)
    }

    /// What a token says in a language; nothing when it is not known.
    pub fn text(&self, language: &str, token: &str) -> Option<&str> {
        self.get(language)?.tokens.get(token).map(|translation| translation.text.as_str())
    }

    /// Sets what a token says in one language; in the others too, when they do not know it. An unknown language is
    /// that of an account that names none.
    pub fn set(&mut self, language: &str, token: &str, text: &str, now: i64) {
        let own = if self.get(language).is_some() { language } else { DEFAULT }.to_owned();
        let translation = Translation { text: text.to_owned(), updated: now };
        for language in &mut self.languages {
            if language.id == own {
                language.tokens.insert(token.to_owned(), translation.clone());
            } else {
                language.tokens.entry(token.to_owned()).or_insert_with(|| translation.clone());
            }
        }
    }

    /// The languages, as the API lists them.
    pub fn list(&self) -> Vec<Map<String, Value>> {
        self.languages.iter().map(record).collect()
    }

    /// A language, as the API shows it.
    pub fn one(&self, id: &str) -> Option<Map<String, Value>> {
        self.get(id).map(record)
    }

    /// The tokens of a language that were set since then, as the API answers them.
    pub fn tokens(&self, id: &str, since: i64) -> Option<Value> {
        let language = self.get(id)?;
        let changed = language.tokens.iter().filter(|(_, translation)| translation.updated >= since);
        let tokens: Vec<Value> = changed.map(|(token, translation)| json!({"token": token, "translation": translation.text})).collect();
        let last = language.tokens.values().map(|translation| translation.updated).max().unwrap_or_default();
        Some(json!({"languageId": id, "lastUpdateDate": dates::iso(last), "tokens": tokens}))
    }
}

fn record(language: &Language) -> Map<String, Value> {
    let mut record = Map::new();
    record.insert("id".to_owned(), json!(language.id));
    record.insert("name".to_owned(), json!(language.name));
    record.insert("readOnly".to_owned(), json!(language.read_only));
    record.insert("deleted".to_owned(), json!(false));
    record
}
