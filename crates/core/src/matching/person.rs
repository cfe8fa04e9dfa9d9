//! What is known of a person, as far as people are told apart by it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::birth::{Age, age_at};
use super::document;
use super::name::Name;
use crate::path::SourcePath;
use crate::token;
use crate::value;

/// What a field says of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Field {
    /// Given names, or the whole name where it is one field.
    Name,
    /// The name of the family.
    Surname,
    /// The date of birth.
    Dob,
    /// The age in years.
    Age,
    /// The sex.
    Sex,
    /// Where the person lives.
    Place,
    /// Telephone numbers.
    Phone,
    /// Numbers of documents.
    Document,
}

impl Field {
    /// The word for it in a flow.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Surname => "surname",
            Self::Dob => "dob",
            Self::Age => "age",
            Self::Sex => "sex",
            Self::Place => "place",
            Self::Phone => "phone",
            Self::Document => "document",
        }
    }
}

/// Which paths of a record hold what is known of its person.
#[derive(Debug, Clone, Default)]
pub struct Fields(pub Vec<(Field, SourcePath)>);

impl Fields {
    /// Whether anything says it.
    pub fn has(&self, field: Field) -> bool {
        self.0.iter().any(|(known, _)| *known == field)
    }
}

/// Male or female, as far as a code says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sex {
    Female,
    Male,
}

/// What is known of one person, in the form in which it is compared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Person {
    #[serde(default, skip_serializing_if = "Name::is_empty")]
    pub name: Name,
    #[serde(default, skip_serializing_if = "Name::is_empty")]
    pub surname: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dob: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<Sex>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<String>,
    /// The day that the record is about (a report, a sample): ages count at it, and a window of dates is measured from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Date>,
}

impl Person {
    /// Reads a person out of a record.
    pub fn read(fields: &Fields, record: &Value, day: Option<&SourcePath>) -> Self {
        let mut person = Self::default();
        let (mut names, mut surnames) = (Vec::new(), Vec::new());
        for (field, path) in &fields.0 {
            let mut found = Vec::new();
            path.read(record, &mut found);
            let mut texts = found.into_iter().filter_map(value::text);
            match field {
                Field::Name => names.extend(texts),
                Field::Surname => surnames.extend(texts),
                Field::Dob => person.dob = person.dob.or(texts.find_map(|text| date(&text))),
                Field::Age => person.age = person.age.or(texts.find_map(|text| text.trim().parse().ok())),
                Field::Sex => person.sex = person.sex.or(texts.find_map(|text| sex(&text))),
                Field::Place => person.places.extend(texts.map(|text| token::words(&text).join(" "))),
                Field::Phone => person.phones.extend(texts.filter_map(|text| document::phone(&text))),
                Field::Document => person.documents.extend(texts.filter_map(|text| document::normal(&text))),
            }
        }
        person.name = Name::new(names.iter().map(String::as_str));
        person.surname = Name::new(surnames.iter().map(String::as_str));
        person.day = day.and_then(|path| path.one(record)).and_then(value::text).and_then(|text| date(&text));
        for list in [&mut person.places, &mut person.phones, &mut person.documents] {
            list.retain(|entry| !entry.is_empty());
            list.sort();
            list.dedup();
        }
        person
    }

    /// Whether there is enough to look for somebody: a document, or a name.
    pub fn is_blank(&self) -> bool {
        self.name.is_empty() && self.surname.is_empty() && self.documents.is_empty()
    }

    /// The age, if need be from the date of birth at a day.
    pub(super) fn age_at(&self, day: Option<Date>) -> Option<Age> {
        match (self.age, self.dob) {
            (Some(years), _) if years >= 0.0 => Some(Age { years, at: self.day }),
            (_, Some(born)) => self.day.or(day).map(|day| age_at(born, day)),
            _ => None,
        }
    }
}

/// A day out of a date or an instant as systems write them: `2017-01-09`, `2017-01-09T00:00:00.000Z`.
pub fn date(text: &str) -> Option<Date> {
    text.trim().get(..10)?.parse().ok()
}

/// The sex out of a code or a word, as `LNG_REFERENCE_DATA_CATEGORY_GENDER_FEMALE`, `F`, `male`.
fn sex(text: &str) -> Option<Sex> {
    let words = token::words(text);
    let last = words.last()?.as_str();
    match last {
        "f" | "female" | "woman" | "girl" | "femme" | "feminin" | "femenino" | "feminino" | "mujer" | "mulher" => Some(Sex::Female),
        "m" | "male" | "man" | "boy" | "homme" | "masculin" | "masculino" | "hombre" | "homem" => Some(Sex::Male),
        _ => None,
    }
}
