//! The kinds of metadata: what they are called, what they refer to, what they require.

use serde_json::Value;

/// A kind of metadata object.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// In paths and documents: `dataElements`.
    pub plural: &'static str,
    /// `dataElement`.
    pub singular: &'static str,
    /// Simple name of the class: `DataElement`.
    pub klass: &'static str,
    /// Has a short name that is required, and is `:nameable`.
    pub nameable: bool,
    /// Properties that must be there besides the name.
    pub required: &'static [&'static str],
    /// Properties that lead to other objects.
    pub parts: &'static [Part],
}

/// A property that leads to other objects.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// Where it leads.
    pub leads: Leads,
}

/// Where a property leads.
#[derive(Debug, PartialEq, Eq)]
pub enum Leads {
    /// To one object of a kind; stored with this object.
    One(&'static str),
    /// To several; stored with this object.
    Many(&'static str),
    /// To several that refer to this object by a property of theirs; not stored here, and what is sent for it is not looked at.
    Back {
        /// Kind of the others.
        of: &'static str,
        /// Their property.
        by: &'static str,
    },
    /// To inline objects, which have parts of their own; stored with this object.
    Inline(&'static [Part]),
    /// To inline objects of others in which this object stands under `as_`.
    BackInline {
        /// Kind of the others.
        of: &'static str,
        /// Their property.
        by: &'static str,
        /// Under which name this object stands in it.
        as_: &'static str,
    },
}

const fn one(name: &'static str, kind: &'static str) -> Part {
    Part { name, leads: Leads::One(kind) }
}

const fn many(name: &'static str, kind: &'static str) -> Part {
    Part { name, leads: Leads::Many(kind) }
}

const fn back(name: &'static str, of: &'static str, by: &'static str) -> Part {
    Part { name, leads: Leads::Back { of, by } }
}

const fn inline(name: &'static str, parts: &'static [Part]) -> Part {
    Part { name, leads: Leads::Inline(parts) }
}

/// An assignment of an attribute value, on every kind.
pub static ATTRIBUTE_VALUES: Part = inline("attributeValues", &[one("attribute", "attributes")]);

const DATA_SET_ELEMENT: &[Part] = &[one("dataSet", "dataSets"), one("dataElement", "dataElements"), one("categoryCombo", "categoryCombos")];
const OPERAND: &[Part] = &[one("dataElement", "dataElements"), one("categoryOptionCombo", "categoryOptionCombos")];

const fn plain(plural: &'static str, singular: &'static str, klass: &'static str, parts: &'static [Part]) -> Kind {
    Kind { plural, singular, klass, nameable: false, required: &[], parts }
}

const fn nameable(
    plural: &'static str,
    singular: &'static str,
    klass: &'static str,
    required: &'static [&'static str],
    parts: &'static [Part],
) -> Kind {
    Kind { plural, singular, klass, nameable: true, required, parts }
}

/// In the order in which the server imports them: what is referred to comes first.
static KINDS: &[Kind] = &[
    plain("userRoles", "userRole", "UserRole", &[back("users", "users", "userRoles")]),
    plain(
        "users",
        "user",
        "User",
        &[
            many("userRoles", "userRoles"),
            many("organisationUnits", "organisationUnits"),
            many("dataViewOrganisationUnits", "organisationUnits"),
            many("teiSearchOrganisationUnits", "organisationUnits"),
            back("userGroups", "userGroups", "users"),
        ],
    ),
    plain("userGroups", "userGroup", "UserGroup", &[many("users", "users")]),
    plain("attributes", "attribute", "Attribute", &[one("optionSet", "optionSets")]),
    nameable(
        "organisationUnits",
        "organisationUnit",
        "OrganisationUnit",
        &["openingDate"],
        &[
            one("parent", "organisationUnits"),
            back("children", "organisationUnits", "parent"),
            back("dataSets", "dataSets", "organisationUnits"),
            back("organisationUnitGroups", "organisationUnitGroups", "organisationUnits"),
            back("programs", "programs", "organisationUnits"),
            back("users", "users", "organisationUnits"),
        ],
    ),
    plain("organisationUnitLevels", "organisationUnitLevel", "OrganisationUnitLevel", &[]),
    nameable(
        "organisationUnitGroups",
        "organisationUnitGroup",
        "OrganisationUnitGroup",
        &[],
        &[many("organisationUnits", "organisationUnits"), back("groupSets", "organisationUnitGroupSets", "organisationUnitGroups")],
    ),
    nameable(
        "organisationUnitGroupSets",
        "organisationUnitGroupSet",
        "OrganisationUnitGroupSet",
        &[],
        &[many("organisationUnitGroups", "organisationUnitGroups")],
    ),
    plain("options", "option", "Option", &[one("optionSet", "optionSets")]),
    plain("optionSets", "optionSet", "OptionSet", &[many("options", "options")]),
    plain("legendSets", "legendSet", "LegendSet", &[]),
    nameable(
        "categoryOptions",
        "categoryOption",
        "CategoryOption",
        &[],
        &[
            many("organisationUnits", "organisationUnits"),
            back("categories", "categories", "categoryOptions"),
            back("categoryOptionCombos", "categoryOptionCombos", "categoryOptions"),
        ],
    ),
    nameable(
        "categories",
        "category",
        "Category",
        &["dataDimensionType"],
        &[many("categoryOptions", "categoryOptions"), back("categoryCombos", "categoryCombos", "categories")],
    ),
    plain(
        "categoryCombos",
        "categoryCombo",
        "CategoryCombo",
        &[many("categories", "categories"), back("categoryOptionCombos", "categoryOptionCombos", "categoryCombo")],
    ),
    plain(
        "categoryOptionCombos",
        "categoryOptionCombo",
        "CategoryOptionCombo",
        &[one("categoryCombo", "categoryCombos"), many("categoryOptions", "categoryOptions")],
    ),
    nameable(
        "dataElements",
        "dataElement",
        "DataElement",
        &["aggregationType", "domainType", "valueType"],
        &[
            one("categoryCombo", "categoryCombos"),
            one("optionSet", "optionSets"),
            one("commentOptionSet", "optionSets"),
            many("legendSets", "legendSets"),
            back("dataElementGroups", "dataElementGroups", "dataElements"),
            Part { name: "dataSetElements", leads: Leads::BackInline { of: "dataSets", by: "dataSetElements", as_: "dataElement" } },
        ],
    ),
    nameable(
        "dataElementGroups",
        "dataElementGroup",
        "DataElementGroup",
        &[],
        &[many("dataElements", "dataElements"), back("groupSets", "dataElementGroupSets", "dataElementGroups")],
    ),
    nameable("dataElementGroupSets", "dataElementGroupSet", "DataElementGroupSet", &[], &[many("dataElementGroups", "dataElementGroups")]),
    plain("indicatorTypes", "indicatorType", "IndicatorType", &[]),
    nameable(
        "indicators",
        "indicator",
        "Indicator",
        &["indicatorType", "numerator", "denominator"],
        &[
            one("indicatorType", "indicatorTypes"),
            many("legendSets", "legendSets"),
            back("indicatorGroups", "indicatorGroups", "indicators"),
            back("dataSets", "dataSets", "indicators"),
        ],
    ),
    plain("indicatorGroups", "indicatorGroup", "IndicatorGroup", &[many("indicators", "indicators")]),
    plain("dataApprovalLevels", "dataApprovalLevel", "DataApprovalLevel", &[]),
    plain(
        "dataApprovalWorkflows",
        "dataApprovalWorkflow",
        "DataApprovalWorkflow",
        &[
            many("dataApprovalLevels", "dataApprovalLevels"),
            one("categoryCombo", "categoryCombos"),
            back("dataSets", "dataSets", "workflow"),
        ],
    ),
    nameable(
        "dataSets",
        "dataSet",
        "DataSet",
        &["periodType"],
        &[
            one("categoryCombo", "categoryCombos"),
            one("workflow", "dataApprovalWorkflows"),
            many("organisationUnits", "organisationUnits"),
            many("indicators", "indicators"),
            many("legendSets", "legendSets"),
            inline("dataSetElements", DATA_SET_ELEMENT),
            inline("compulsoryDataElementOperands", OPERAND),
            back("sections", "sections", "dataSet"),
        ],
    ),
    plain(
        "sections",
        "section",
        "Section",
        &[one("dataSet", "dataSets"), many("dataElements", "dataElements"), many("indicators", "indicators")],
    ),
    plain("validationRules", "validationRule", "ValidationRule", &[]),
    plain("validationRuleGroups", "validationRuleGroup", "ValidationRuleGroup", &[many("validationRules", "validationRules")]),
    plain("trackedEntityTypes", "trackedEntityType", "TrackedEntityType", &[]),
    nameable("programs", "program", "Program", &["programType"], &[many("organisationUnits", "organisationUnits")]),
    plain("aggregateDataExchanges", "aggregateDataExchange", "AggregateDataExchange", &[]),
];

impl Kind {
    /// All kinds.
    pub fn all() -> &'static [Kind] {
        KINDS
    }

    /// By its name in paths.
    pub fn plural(name: &str) -> Option<&'static Kind> {
        KINDS.iter().find(|kind| kind.plural == name)
    }

    /// By its name in the singular.
    pub fn singular(name: &str) -> Option<&'static Kind> {
        KINDS.iter().find(|kind| kind.singular == name)
    }

    /// By its class, with or without its package.
    pub fn class(name: &str) -> Option<&'static Kind> {
        let simple = name.rsplit('.').next().unwrap_or(name);
        KINDS.iter().find(|kind| kind.klass == simple)
    }

    /// The full name of its class, as reports have it.
    pub fn full_class(&self) -> String {
        let package = match self.plural {
            "users" | "userRoles" | "userGroups" => "user",
            "organisationUnits" | "organisationUnitLevels" | "organisationUnitGroups" | "organisationUnitGroupSets" => "organisationunit",
            "options" | "optionSets" => "option",
            "attributes" => "attribute",
            "categories" | "categoryOptions" | "categoryCombos" | "categoryOptionCombos" => "category",
            "indicators" | "indicatorTypes" | "indicatorGroups" => "indicator",
            "dataSets" | "sections" => "dataset",
            "validationRules" | "validationRuleGroups" => "validation",
            "dataApprovalLevels" | "dataApprovalWorkflows" => "dataapproval",
            "legendSets" => "legend",
            "trackedEntityTypes" => "trackedentity",
            "programs" => "program",
            "aggregateDataExchanges" => "dataexchange.aggregate",
            _ => "dataelement",
        };
        format!("org.hisp.dhis.{package}.{}", self.klass)
    }

    /// The property of this name, when it leads to other objects.
    pub fn part(&self, name: &str) -> Option<&'static Part> {
        find(self.parts, name)
    }
}

/// The part of this name; every object also has attribute values.
pub fn find(parts: &'static [Part], name: &str) -> Option<&'static Part> {
    if name == ATTRIBUTE_VALUES.name {
        return Some(&ATTRIBUTE_VALUES);
    }
    parts.iter().find(|part| part.name == name)
}

impl Part {
    /// Whether it is stored with the object that has it.
    pub fn is_owned(&self) -> bool {
        !matches!(self.leads, Leads::Back { .. } | Leads::BackInline { .. })
    }
}

/// The identifier in a reference `{id}`.
pub fn reference(value: &Value) -> Option<&str> {
    value.get("id").and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_leads_to_a_kind_and_back() {
        fn known(owner: &str, parts: &[Part]) {
            for part in parts {
                match part.leads {
                    Leads::One(kind) | Leads::Many(kind) => assert!(Kind::plural(kind).is_some(), "{owner}.{}", part.name),
                    Leads::Back { of, by } | Leads::BackInline { of, by, .. } => {
                        assert!(Kind::plural(of).and_then(|kind| kind.part(by)).is_some(), "{owner}.{}", part.name);
                    }
                    Leads::Inline(parts) => known(owner, parts),
                }
            }
        }
        for kind in Kind::all() {
            known(kind.plural, kind.parts);
            assert_eq!(Kind::class(&kind.full_class()).map(|found| found.plural), Some(kind.plural));
        }
    }
}
