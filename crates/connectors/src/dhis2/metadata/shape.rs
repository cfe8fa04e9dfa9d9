//! What can be written of each resource, as data. Lengths and required fields are those of the schemas of DHIS2 2.38 to 2.43.

use super::super::client::Me;

/// A resource that can be written.
#[derive(Debug)]
pub struct Shape {
    /// In paths and documents: `organisationUnits`.
    pub resource: &'static str,
    /// For messages: `org unit`, with its article.
    pub named: &'static str,
    /// One of these authorities is needed to make and change objects.
    pub authorities: &'static [&'static str],
    /// This one is needed to delete them.
    pub deleting: &'static str,
    /// The resource of what lies in an object, and the field that says so: DHIS2 does not delete an object before that, or deletes it too.
    pub inside: Option<(&'static str, &'static str)>,
    /// What can be written, by top-level name.
    pub fields: &'static [Field],
    /// What a new object must have.
    pub required: &'static [&'static str],
    /// The field that refers to what an object lies in: `parent`, `optionSet`.
    pub container: Option<&'static str>,
    /// The field that says until when an object is used.
    pub ends: Option<&'static str>,
    /// The keys that find one object at most; each is a set of paths.
    pub keys: &'static [&'static [&'static str]],
}

/// A field that can be written.
#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub holds: Holds,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// The object's own identifier.
    Uid,
    /// Text of so many characters at most.
    Text(usize),
    /// One of a list of words.
    Word(&'static [&'static str]),
    /// A day.
    Day,
    /// A whole number.
    Integer,
    /// A point, polygon or multipolygon of GeoJSON.
    Geometry,
    /// One object of a resource, `{id}`.
    Reference(&'static str),
    /// Objects of a resource that have this object in a list of theirs; only added to.
    Members(&'static str),
    /// The values of the attributes that an installation gave to the type.
    AttributeValues,
}

const fn field(name: &'static str, holds: Holds) -> Field {
    Field { name, holds }
}

/// Among the org units of the account that writes. No path of a sheet: only `assign:` asks for it.
pub const ME: &str = "users";
/// Values of attributes.
pub const ATTRIBUTE_VALUES: &str = "attributeValues";

const VALUE_TYPES: &[&str] = &[
    "TEXT",
    "LONG_TEXT",
    "MULTI_TEXT",
    "LETTER",
    "PHONE_NUMBER",
    "EMAIL",
    "BOOLEAN",
    "TRUE_ONLY",
    "DATE",
    "DATETIME",
    "TIME",
    "NUMBER",
    "UNIT_INTERVAL",
    "PERCENTAGE",
    "INTEGER",
    "INTEGER_POSITIVE",
    "INTEGER_NEGATIVE",
    "INTEGER_ZERO_OR_POSITIVE",
    "USERNAME",
    "COORDINATE",
    "ORGANISATION_UNIT",
    "AGE",
    "URL",
];

const OPTION_SET_AUTHORITIES: &[&str] = &["F_OPTIONSET_PUBLIC_ADD", "F_OPTIONSET_PRIVATE_ADD"];

/// Whoever may delete option sets may delete their options.
const DELETE_OPTION_SETS: &str = "F_OPTIONSET_DELETE";

static SHAPES: [Shape; 3] = [
    Shape {
        resource: "organisationUnits",
        named: "an org unit",
        authorities: &["F_ORGANISATIONUNIT_ADD"],
        deleting: "F_ORGANISATIONUNIT_DELETE",
        inside: Some(("organisationUnits", "parent")),
        fields: &[
            field("id", Holds::Uid),
            field("code", Holds::Text(50)),
            field("name", Holds::Text(230)),
            field("shortName", Holds::Text(50)),
            field("description", Holds::Text(100_000)),
            field("openingDate", Holds::Day),
            field("closedDate", Holds::Day),
            field("parent", Holds::Reference("organisationUnits")),
            field("geometry", Holds::Geometry),
            field("comment", Holds::Text(100_000)),
            field("contactPerson", Holds::Text(255)),
            field("address", Holds::Text(255)),
            field("email", Holds::Text(150)),
            field("phoneNumber", Holds::Text(150)),
            field("url", Holds::Text(255)),
            field("organisationUnitGroups", Holds::Members("organisationUnitGroups")),
            field("dataSets", Holds::Members("dataSets")),
            field("programs", Holds::Members("programs")),
            field(ATTRIBUTE_VALUES, Holds::AttributeValues),
        ],
        required: &["name", "shortName", "openingDate"],
        container: Some("parent"),
        ends: Some("closedDate"),
        keys: &[&["id"], &["code"], &["name", "parent"]],
    },
    Shape {
        resource: "options",
        named: "an option",
        authorities: OPTION_SET_AUTHORITIES,
        deleting: DELETE_OPTION_SETS,
        inside: None,
        fields: &[
            field("id", Holds::Uid),
            field("code", Holds::Text(230)),
            field("name", Holds::Text(230)),
            field("formName", Holds::Text(230)),
            field("description", Holds::Text(100_000)),
            field("sortOrder", Holds::Integer),
            field("optionSet", Holds::Reference("optionSets")),
            field(ATTRIBUTE_VALUES, Holds::AttributeValues),
        ],
        required: &["name", "code", "optionSet"],
        container: Some("optionSet"),
        ends: None,
        keys: &[&["id"], &["code", "optionSet"], &["name", "optionSet"]],
    },
    Shape {
        resource: "optionSets",
        named: "an option set",
        authorities: OPTION_SET_AUTHORITIES,
        deleting: DELETE_OPTION_SETS,
        inside: Some(("options", "optionSet")),
        fields: &[
            field("id", Holds::Uid),
            field("code", Holds::Text(50)),
            field("name", Holds::Text(230)),
            field("description", Holds::Text(100_000)),
            field("valueType", Holds::Word(VALUE_TYPES)),
            field(ATTRIBUTE_VALUES, Holds::AttributeValues),
        ],
        required: &["name", "valueType"],
        container: None,
        ends: None,
        keys: &[&["id"], &["code"], &["name"]],
    },
];

/// The shape of a resource; nothing when it cannot be written.
pub fn shape(resource: &str) -> Option<&'static Shape> {
    SHAPES.iter().find(|shape| shape.resource == resource)
}

impl Shape {
    /// The field of a name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The fields that hold memberships, with the resources that they belong to.
    pub fn memberships(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.fields.iter().filter_map(|field| match field.holds {
            Holds::Members(resource) => Some((field.name, resource)),
            _ => None,
        })
    }

    /// What the container's objects are.
    pub fn container_resource(&self) -> Option<&'static str> {
        match self.field(self.container?)?.holds {
            Holds::Reference(resource) => Some(resource),
            _ => None,
        }
    }

    /// Whether objects lie in objects of their own kind.
    pub fn is_tree(&self) -> bool {
        self.container_resource() == Some(self.resource)
    }

    /// The authorities that an account lacks.
    pub fn lacking(&self, me: &Me) -> Vec<String> {
        let mut lacking = Vec::new();
        if !me.may("F_METADATA_IMPORT") {
            lacking.push("F_METADATA_IMPORT".to_owned());
        }
        if !self.authorities.iter().any(|authority| me.may(authority)) {
            lacking.push(self.authorities.join(" or "));
        }
        lacking
    }

    /// The paths below a top-level field that a sheet can write: what a person has to choose from.
    pub fn paths(&self) -> Vec<String> {
        let of = |field: &Field| match field.holds {
            Holds::Reference(_) => ["id", "code", "name"].map(|by| format!("{}.{by}", field.name)).to_vec(),
            Holds::Members(_) => vec![format!("{}[].id", field.name)],
            Holds::AttributeValues => vec!["attributeValues[attribute.id=UID].value".to_owned()],
            _ => vec![field.name.to_owned()],
        };
        self.fields.iter().flat_map(of).collect()
    }
}
