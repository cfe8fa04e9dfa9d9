//! The resources with their fields, as data.

use kivuko_core::catalogue::network;
use kivuko_core::connector::{FieldDescription, ResourceDescription};
use kivuko_core::error::{Error, nearest};

use super::metadata::{Holds, shape};

/// A resource.
#[derive(Debug)]
pub struct Resource {
    pub name: &'static str,
    pub about: &'static str,
    pub role: Role,
    pub fields: &'static [Field],
}

/// What a resource is to the rest of the connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A list of metadata.
    Metadata,
    /// Data values.
    Values,
    /// Which data sets are complete.
    Completeness,
    /// Aggregated numbers.
    Analytics,
}

/// A field: its path, what it holds.
#[derive(Debug)]
pub struct Field(pub &'static str, pub &'static str);

impl Resource {
    /// Whether it can be a target.
    pub fn writes(&self) -> bool {
        matches!(self.role, Role::Values | Role::Completeness) || shape(self.name).is_some()
    }

    /// Whether a field can be written; of metadata those of their shape.
    fn is_written(&self, path: &str) -> bool {
        match shape(self.name) {
            None => self.writes() && !SET_BY_SERVER.contains(&path),
            Some(shape) => {
                let top = path.split(['.', '[']).next().unwrap_or_default();
                let holds = shape.field(top).map(|field| field.holds);
                match holds {
                    Some(Holds::Reference(_)) => ["id", "code", "name"].contains(&path.rsplit('.').next().unwrap_or_default()),
                    Some(Holds::Members(_)) => path.ends_with("[].id"),
                    holds => holds.is_some(),
                }
            }
        }
    }

    /// What a new record must have.
    fn required(&self) -> &'static [&'static str] {
        shape(self.name).map_or_else(|| required(self.role), |shape| shape.required)
    }

    /// For people and drafts.
    pub fn describe(&self) -> ResourceDescription {
        let fields = self.fields.iter().map(|Field(path, kind)| FieldDescription {
            path: (*path).to_owned(),
            kind,
            codes: None,
            required: self.writes() && self.required().contains(path),
            read_only: !self.is_written(path),
        });
        ResourceDescription {
            name: self.name.to_owned(),
            about: self.about.to_owned(),
            reads: true,
            writes: self.writes(),
            fields: fields.collect(),
        }
    }

    /// The `fields` of a question: those whose first name is in `names`, or all; what tells of identity and change is always among them.
    pub fn question(&self, names: Option<&[String]>) -> String {
        let mut tree = Tree::default();
        for always in ["id", "lastUpdated"] {
            tree.add(always);
        }
        for Field(path, _) in self.fields {
            let top = path.split(['.', '[']).next().unwrap_or_default();
            let is_asked = names.map_or(!ONLY_WHEN_NAMED.contains(&top), |names| names.iter().any(|name| name == top));
            if is_asked {
                tree.add(path);
            }
        }
        for name in names.unwrap_or_default() {
            if !self.fields.iter().any(|Field(path, _)| path.split(['.', '[']).next() == Some(name)) {
                tree.add(name);
            }
        }
        tree.text()
    }
}

/// Long lists, and what is made of other fields: not part of "all fields".
const ONLY_WHEN_NAMED: &[&str] = &["lineage", "dataSets", "programs"];

const SET_BY_SERVER: &[&str] = &["created", "lastUpdated", "storedBy", "lastUpdatedBy", "deleted"];

/// What a record of a target must have.
fn required(role: Role) -> &'static [&'static str] {
    match role {
        Role::Values => &["dataElement", "period", "orgUnit"],
        Role::Completeness => &["dataSet", "period", "organisationUnit"],
        _ => &[],
    }
}

/// Fields inside fields, in the order in which they came.
#[derive(Default)]
struct Tree(Vec<(String, Tree)>);

impl Tree {
    fn add(&mut self, path: &str) {
        let path = path.replace("[]", "");
        let mut at = self;
        for name in path.split('.') {
            let place = at.0.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
                at.0.push((name.to_owned(), Tree::default()));
                at.0.len() - 1
            });
            at = &mut at.0[place].1;
        }
    }

    fn text(&self) -> String {
        let one = |(name, inner): &(String, Tree)| if inner.0.is_empty() { name.clone() } else { format!("{name}[{}]", inner.text()) };
        self.0.iter().map(one).collect::<Vec<_>>().join(",")
    }
}

/// The resource of a name.
///
/// # Errors
/// There is none.
pub fn known(name: &str) -> Result<&'static Resource, Error> {
    RESOURCES.iter().find(|resource| resource.name == name).ok_or_else(|| {
        let near = nearest(name, NAMES).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        Error::configuration(network::BAD_OPTIONS, format!("DHIS2 has no resource `{name}` here{near} There are: {}", NAMES.join(", ")))
    })
}

macro_rules! fields {
    ($($path:literal: $kind:literal),* $(,)?) => {
        &[
            Field("id", "text"), Field("code", "text"), Field("name", "text"), Field("created", "date"), Field("lastUpdated", "date"),
            $(Field($path, $kind),)*
            Field("attributeValues[].attribute.id", "text"), Field("attributeValues[].value", "text"),
        ]
    };
}

const fn metadata(name: &'static str, about: &'static str, fields: &'static [Field]) -> Resource {
    Resource { name, about, role: Role::Metadata, fields }
}

/// Everything that can be read, in the order in which lists show it.
pub static RESOURCES: [Resource; NAMES.len()] = [
    Resource {
        name: "dataValueSets",
        about: "Data values: the number of an element in a period at an org unit, by category option combination.",
        role: Role::Values,
        fields: &[
            Field("dataElement", "code"),
            Field("period", "text"),
            Field("orgUnit", "place"),
            Field("categoryOptionCombo", "code"),
            Field("attributeOptionCombo", "code"),
            Field("value", "text"),
            Field("comment", "text"),
            Field("followup", "boolean"),
            Field("storedBy", "text"),
            Field("created", "date"),
            Field("lastUpdated", "date"),
            Field("deleted", "boolean"),
        ],
    },
    Resource {
        name: "completeDataSetRegistrations",
        about: "Which data sets were reported in full, by period and org unit.",
        role: Role::Completeness,
        fields: &[
            Field("dataSet", "code"),
            Field("period", "text"),
            Field("organisationUnit", "place"),
            Field("attributeOptionCombo", "code"),
            Field("completed", "boolean"),
            Field("date", "date"),
            Field("storedBy", "text"),
            Field("lastUpdated", "date"),
            Field("lastUpdatedBy", "text"),
        ],
    },
    Resource {
        name: "analytics",
        about: "Numbers that DHIS2 aggregated: elements and indicators by period and org unit, from its nightly tables.",
        role: Role::Analytics,
        fields: &[
            Field("dx", "code"),
            Field("pe", "text"),
            Field("ou", "place"),
            Field("co", "code"),
            Field("value", "number"),
            Field("dxName", "text"),
            Field("peName", "text"),
            Field("ouName", "text"),
            Field("coName", "text"),
        ],
    },
    metadata(
        "organisationUnits",
        "Org units: facilities, districts, the country.",
        fields! {
            "shortName": "text", "path": "text", "level": "number", "leaf": "boolean", "openingDate": "date", "closedDate": "date",
            "parent.id": "place", "parent.code": "text", "parent.name": "text", "geometry": "object", "contactPerson": "text", "address": "text",
            "email": "text", "phoneNumber": "text", "url": "text", "comment": "text", "description": "text", "organisationUnitGroups[].id": "text",
            "organisationUnitGroups[].name": "text", "lineage[]": "place", "featureType": "text", "coordinates": "text", "dataSets[].id": "text",
            "programs[].id": "text",
        },
    ),
    metadata("organisationUnitLevels", "What the levels of the hierarchy are called.", fields! { "level": "number" }),
    metadata("organisationUnitGroups", "Groups of org units.", fields! { "shortName": "text", "organisationUnits[].id": "place" }),
    metadata(
        "dataElements",
        "Data elements: what is counted.",
        fields! {
            "shortName": "text", "formName": "text", "description": "text", "valueType": "text", "domainType": "text", "aggregationType": "text",
            "zeroIsSignificant": "boolean", "categoryCombo.id": "text", "categoryCombo.name": "text", "optionSet.id": "text",
            "dataSetElements[].dataSet.id": "text", "dataElementGroups[].id": "text", "dataElementGroups[].name": "text",
        },
    ),
    metadata("dataElementGroups", "Groups of data elements.", fields! { "shortName": "text", "dataElements[].id": "text" }),
    metadata(
        "categories",
        "Categories, such as sex and age.",
        fields! { "shortName": "text", "dataDimensionType": "text", "categoryOptions[].id": "text", "categoryOptions[].code": "text", "categoryOptions[].name": "text" },
    ),
    metadata(
        "categoryOptions",
        "The options of categories.",
        fields! { "shortName": "text", "startDate": "date", "endDate": "date", "organisationUnits[].id": "place" },
    ),
    metadata(
        "categoryCombos",
        "Combinations of categories.",
        fields! { "dataDimensionType": "text", "categories[].id": "text", "categories[].name": "text" },
    ),
    metadata(
        "categoryOptionCombos",
        "One option of each category of a combination.",
        fields! { "categoryCombo.id": "text", "categoryCombo.name": "text", "categoryOptions[].id": "text", "categoryOptions[].name": "text" },
    ),
    metadata(
        "dataSets",
        "Data sets: which elements are reported, how often, by whom.",
        fields! {
            "shortName": "text", "description": "text", "periodType": "text", "categoryCombo.id": "text", "expiryDays": "number",
            "openFuturePeriods": "number", "timelyDays": "number", "dataSetElements[].dataElement.id": "text",
            "dataSetElements[].categoryCombo.id": "text", "organisationUnits[].id": "place",
        },
    ),
    metadata(
        "optionSets",
        "Lists of options.",
        fields! { "valueType": "text", "description": "text", "version": "number", "options[].id": "text", "options[].code": "text", "options[].name": "text" },
    ),
    metadata(
        "options",
        "The options of option sets.",
        fields! {
            "sortOrder": "number", "formName": "text", "description": "text", "optionSet.id": "text", "optionSet.code": "text",
            "optionSet.name": "text",
        },
    ),
    metadata(
        "attributes",
        "Attributes that an installation gave to its metadata.",
        fields! { "shortName": "text", "valueType": "text", "unique": "boolean", "mandatory": "boolean" },
    ),
    metadata(
        "indicators",
        "Indicators: formulas over elements.",
        fields! {
            "shortName": "text", "description": "text", "numerator": "text", "denominator": "text", "indicatorType.id": "text",
            "indicatorType.name": "text", "annualized": "boolean",
        },
    ),
];

/// Their names.
pub const NAMES: [&str; 17] = [
    "dataValueSets",
    "completeDataSetRegistrations",
    "analytics",
    "organisationUnits",
    "organisationUnitLevels",
    "organisationUnitGroups",
    "dataElements",
    "dataElementGroups",
    "categories",
    "categoryOptions",
    "categoryCombos",
    "categoryOptionCombos",
    "dataSets",
    "optionSets",
    "options",
    "attributes",
    "indicators",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_resources_go_together() {
        assert_eq!(RESOURCES.iter().map(|resource| resource.name).collect::<Vec<_>>(), NAMES);
        assert!(known("organisationUnit").is_err_and(|error| error.to_string().contains("did you mean `organisationUnits`?")));
    }

    #[test]
    fn a_question_asks_for_what_is_read_and_no_more() {
        let check = |name: &str, names: Option<&[&str]>, expected: &str| {
            let names: Option<Vec<String>> = names.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
            assert_eq!(known(name).expect("it is one").question(names.as_deref()), expected);
        };
        check("organisationUnitLevels", None, "id,lastUpdated,code,name,created,level,attributeValues[attribute[id],value]");
        check("organisationUnits", Some(&["name", "parent"]), "id,lastUpdated,name,parent[id,code,name]");
        check("organisationUnits", Some(&["ancestors"]), "id,lastUpdated,ancestors");
    }
}
