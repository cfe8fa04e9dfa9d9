//! The fields of the resources, as data: what they are, where their codes come from, what the server keeps for itself, and what it replaces whole.

use kivuko_core::connector::{FieldDescription, ReplacedWhole};

use serde_json::Value;

use super::persons::PersonKind;
use super::relationship;
use super::resources::RESOURCES;

/// A field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    /// The server asks for it on creation.
    pub required: bool,
    /// The server sets it; what is sent is dropped.
    pub read_only: bool,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Text,
    Number,
    Boolean,
    Date,
    /// An item of this category of reference data.
    Code(&'static str),
    /// A category of reference data.
    Category,
    /// The id of a location.
    Place,
    /// The id of a record of this list, which is short enough to be read whole.
    Id(&'static str),
    /// `{lat, lng}`.
    Point,
    Object(&'static [Field]),
    List(&'static [Field]),
    /// A list of texts.
    Texts,
    /// A list of location ids.
    Places,
    /// Answers of a questionnaire, by variable.
    Answers,
    /// Anything; not looked into.
    Any,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Text | Self::Id(_) => "text",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Code(_) | Self::Category => "code",
            Self::Place => "place",
            Self::Point | Self::Object(_) | Self::Answers | Self::Any => "object",
            Self::List(_) | Self::Texts | Self::Places => "array",
        }
    }
}

/// The identity of texts in a list: each is itself, so that what others put there stays.
pub(super) const ITSELF: &[&str] = &[""];

/// A resource, as data: whatever differs from one to the next is said here, and the code asks for it.
#[derive(Debug, Clone, Copy)]
pub struct Resource {
    pub name: &'static str,
    pub about: &'static str,
    /// What its records are to the rest of the connector.
    pub role: Role,
    /// Its records belong to an outbreak.
    pub in_outbreak: bool,
    /// It can be a target.
    pub writes: bool,
    /// Its fields, those that every record has among them: made with [`fields!`].
    pub fields: &'static [Field],
    /// Paths that a PUT replaces whole, with what makes two items the same one.
    pub replaced_whole: &'static [(&'static str, &'static [&'static str])],
    /// Lists among them of which what a flow had put there goes when it says something else.
    pub former_goes: &'static [&'static str],
    /// Lists that can be searched: the list, the member that chooses the item, the member that is searched.
    pub nested_keys: &'static [(&'static str, &'static str, &'static str)],
    /// Fields that cannot be searched though they look so, and why.
    pub no_keys: &'static [(&'static str, &'static str)],
    /// Of a key of several paths, the one that is asked for; the others are compared in the answer. For lists of which few records share its value.
    pub asked_by: Option<&'static str>,
    /// Fields whose value no two records of it may share.
    pub unique: &'static [&'static str],
    /// Whether the field `active` can be switched off.
    pub deactivates: bool,
    pub deletes: bool,
    /// The fields of the outbreak that hold the questionnaires of its records.
    pub questionnaires: &'static [&'static str],
    /// Where and how its records are listed.
    pub list: List,
    /// It can be read through an export.
    pub exports: bool,
    /// New ones can be brought in by a file.
    pub imports: Imports,
    /// Several are created by an array in one request.
    pub creates_together: bool,
    /// Several are changed in one request: `PUT /NAME/bulk`.
    pub changes_together: bool,
    /// Other records name its ids: what is made counts as known from then on.
    pub is_named: bool,
    /// Never two of them at the same moment.
    pub one_by_one: bool,
}

/// Whether new records of a resource can be brought in by a file that Go.Data imports.
#[derive(Debug, Clone, Copy)]
pub enum Imports {
    /// As rows of this model.
    As(&'static str),
    /// As a tree, in the one file that Go.Data has for it.
    Tree,
    /// Not, and this is why.
    Not(&'static str),
}

/// What the records of a resource are to the rest of the connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Someone, or an event: one collection with four lists.
    Person(PersonKind),
    /// Somewhere.
    Place,
    /// An item of a code list.
    Item,
    /// Two people, one of whom may have infected the other.
    Relationship,
    /// Something that one person has, and that lives below that person.
    Child(&'static Child),
    /// A word in a language: listed below its language, without an id or a time of change.
    Token,
    /// Nothing special.
    Plain,
}

/// What a person can have: lab results, follow-ups.
#[derive(Debug, PartialEq, Eq)]
pub struct Child {
    /// Who can get new ones, each with the field of the outbreak that has to allow it.
    pub kinds: &'static [(PersonKind, Option<&'static str>)],
    /// New ones need the time of follow-up of their person, which Go.Data works out from exposures or from the onset.
    pub in_follow_up: bool,
}

/// Where and how the records of a resource are listed.
#[derive(Debug, Clone, Copy)]
pub struct List {
    /// The address of the list below its outbreak, or below `/api`; empty for the name of the resource.
    pub path: &'static [&'static str],
    /// It can be asked with `POST .../filter` in the place of a long address.
    pub by_post: bool,
    /// Made by aggregation: the id is sorted by as `_id`, and `order` must be an array.
    pub aggregated: bool,
    /// The field in which each row carries the whole record of someone else.
    pub joined: Option<&'static str>,
}

impl List {
    /// The list of most resources.
    pub const PLAIN: Self = Self { path: &[], by_post: false, aggregated: false, joined: None };
    /// The one order in which reading can go on behind a record: by time of change, then id.
    pub const fn id(&self) -> &'static str {
        if self.aggregated { "_id" } else { "id" }
    }
}

impl Resource {
    /// What most resources have in common.
    pub const PLAIN: Self = Self {
        name: "",
        about: "",
        role: Role::Plain,
        in_outbreak: false,
        writes: true,
        fields: &[],
        replaced_whole: &[],
        former_goes: &[],
        nested_keys: &[],
        no_keys: &[],
        asked_by: None,
        unique: &[],
        deactivates: false,
        deletes: true,
        questionnaires: &[],
        list: List::PLAIN,
        exports: false,
        imports: Imports::Not("Kivuko does not write imports of them: most cannot be repeated without making records twice"),
        creates_together: false,
        changes_together: false,
        is_named: false,
        one_by_one: false,
    };

    /// The resource of a name.
    pub fn find(name: &str) -> Option<&'static Self> {
        RESOURCES.iter().find(|resource| resource.name == name)
    }

    /// The address of its list.
    pub fn list_path(&'static self) -> &'static [&'static str] {
        if self.list.path.is_empty() { std::slice::from_ref(&self.name) } else { self.list.path }
    }

    /// What kind of person its records are.
    pub const fn person(&self) -> Option<PersonKind> {
        match self.role {
            Role::Person(kind) => Some(kind),
            _ => None,
        }
    }

    /// A record in the form in which it is compared and handed on: without what only the server's own view of it adds.
    pub fn as_compared(&self, body: Value) -> Value {
        match self.role {
            Role::Relationship => relationship::as_compared(body),
            Role::Person(_) | Role::Place | Role::Item | Role::Child(_) | Role::Token | Role::Plain => body,
        }
    }

    /// What is asked for of a row that is only compared: all but the record of someone else that it carries.
    pub fn own_fields(&self) -> Option<Vec<&'static str>> {
        let joined = self.list.joined?;
        Some(self.fields.iter().map(|field| field.name).filter(|name| *name != joined).collect())
    }

    /// A top-level field.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        find(self.fields, name)
    }

    /// What the engine is told.
    pub fn replaced_whole(&self) -> Vec<ReplacedWhole> {
        let whole = |(path, identity): &(&str, &[&str])| ReplacedWhole {
            path: (*path).to_owned(),
            identity: identity.iter().map(|field| (*field).to_owned()).collect(),
        };
        self.replaced_whole.iter().map(whole).collect()
    }

    /// All fields in the path grammar.
    pub fn describe(&self) -> Vec<FieldDescription> {
        let mut described = Vec::new();
        describe(self.fields, "", false, &mut described);
        described
    }
}

/// The field of a name.
pub fn find(fields: &'static [Field], name: &str) -> Option<&'static Field> {
    fields.iter().find(|field| field.name == name)
}

fn describe(fields: &[Field], prefix: &str, read_only: bool, into: &mut Vec<FieldDescription>) {
    for field in fields {
        let read_only = read_only || field.read_only;
        let path = format!("{prefix}{}", field.name);
        let codes = if let Kind::Code(category) = field.kind { Some(category.to_owned()) } else { None };
        match field.kind {
            Kind::Object(nested) => describe(nested, &format!("{path}."), read_only, into),
            Kind::List(nested) => describe(nested, &format!("{path}[]."), read_only, into),
            kind => into.push(FieldDescription { path, kind: kind.word(), codes, required: field.required, read_only }),
        }
    }
}

pub(super) const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false, read_only: false }
}

pub(super) const fn required(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: true, read_only: false }
}

pub(super) const fn kept(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false, read_only: true }
}

macro_rules! code {
    ($category:literal) => {
        Kind::Code(concat!("LNG_REFERENCE_DATA_CATEGORY_", $category))
    };
}

/// The type of an address; the current one is special.
pub const ADDRESS_TYPE: &str = "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE";
/// The current address.
pub const CURRENT_ADDRESS: &str = "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE";
/// A former address.
pub const PREVIOUS_ADDRESS: &str = "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_PREVIOUS_USUAL_PLACE_OF_RESIDENCE";
/// The type of a document.
pub const DOCUMENT_TYPE: &str = "LNG_REFERENCE_DATA_CATEGORY_DOCUMENT_TYPE";
/// Where the visual id of a deleted person goes.
pub const ARCHIVED_ID: &str = "LNG_REFERENCE_DATA_CATEGORY_DOCUMENT_TYPE_ARCHIVED_ID";

/// What every record has and no client can set.
const STAMPS: [Field; 9] = [
    kept("id", Kind::Text),
    kept("createdAt", Kind::Date),
    kept("createdBy", Kind::Text),
    kept("updatedAt", Kind::Date),
    kept("updatedBy", Kind::Text),
    kept("dbUpdatedAt", Kind::Date),
    kept("deleted", Kind::Boolean),
    kept("deletedAt", Kind::Date),
    kept("createdOn", Kind::Text),
];

/// How many fields these parts and the stamps have.
pub(super) const fn total(parts: &[&[Field]]) -> usize {
    let mut total = STAMPS.len();
    let mut part = 0;
    while part < parts.len() {
        total += parts[part].len();
        part += 1;
    }
    total
}

/// Puts parts and the stamps behind each other, at compile time.
pub(super) const fn joined<const N: usize>(parts: &[&[Field]]) -> [Field; N] {
    let mut all = [STAMPS[0]; N];
    let mut position = 0;
    let mut part = 0;
    while part < parts.len() {
        let mut at = 0;
        while at < parts[part].len() {
            all[position] = parts[part][at];
            position += 1;
            at += 1;
        }
        part += 1;
    }
    let mut at = 0;
    while at < STAMPS.len() {
        all[position] = STAMPS[at];
        position += 1;
        at += 1;
    }
    all
}

/// The fields of a resource: parts that several share, and what every record has.
macro_rules! fields {
    ($($part:expr),+ $(,)?) => {{
        const ALL: [crate::godata::schema::Field; crate::godata::schema::total(&[$($part),+])] = crate::godata::schema::joined(&[$($part),+]);
        &ALL
    }};
}

pub(super) use {code, fields};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_there_once_and_what_is_replaced_whole_is_a_field() {
        for resource in RESOURCES {
            let mut seen = std::collections::BTreeSet::new();
            for field in resource.fields {
                assert!(seen.insert(field.name), "{} twice in {}", field.name, resource.name);
            }
            for (path, identity) in resource.replaced_whole {
                let field = resource.field(path).expect(path);
                match field.kind {
                    Kind::Texts | Kind::Places => assert_eq!(identity, &ITSELF, "{path}"),
                    Kind::List(nested) => identity.iter().for_each(|name| assert!(find(nested, name).is_some(), "{path}.{name}")),
                    _ => assert!(identity.is_empty(), "{path} is no list"),
                }
            }
            for list in resource.former_goes {
                assert!(resource.replaced_whole.iter().any(|(path, identity)| path == list && !identity.is_empty()), "{list} is merged");
            }
        }
    }
}
