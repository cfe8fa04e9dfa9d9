//! The simple properties of each kind, and what values they take. What leads to other objects is in [`Kind::parts`].

use super::kind::Kind;

/// What a simple property holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Text of so many characters at most.
    Text(usize),
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// true or false.
    Boolean,
    /// A date, or a date and time.
    Date,
    /// One of these words.
    Constant(&'static [&'static str]),
    /// An object or a list with a form of its own.
    Complex,
}

/// A simple property.
pub type Simple = (&'static str, Holds);

use Holds::{Boolean, Complex, Constant, Date, Integer, Number, Text};

const COMMON: &[Simple] = &[
    ("id", Text(11)),
    ("code", Text(50)),
    ("name", Text(230)),
    ("created", Date),
    ("lastUpdated", Date),
    ("lastUpdatedBy", Complex),
    ("createdBy", Complex),
    ("user", Complex),
    ("sharing", Complex),
    ("translations", Complex),
    ("displayName", Text(230)),
    ("href", Text(2000)),
    ("access", Complex),
];

const NAMEABLE: &[Simple] = &[
    ("shortName", Text(50)),
    ("description", Text(100_000)),
    ("formName", Text(230)),
    ("displayShortName", Text(50)),
    ("displayDescription", Text(100_000)),
    ("displayFormName", Text(230)),
];

/// The 28 value types.
pub const VALUE_TYPES: &[&str] = &[
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
    "TRACKER_ASSOCIATE",
    "USERNAME",
    "COORDINATE",
    "ORGANISATION_UNIT",
    "REFERENCE",
    "AGE",
    "URL",
    "FILE_RESOURCE",
    "IMAGE",
    "GEOJSON",
];

const AGGREGATION_TYPES: &[&str] = &[
    "SUM",
    "AVERAGE",
    "AVERAGE_SUM_ORG_UNIT",
    "LAST",
    "LAST_AVERAGE_ORG_UNIT",
    "LAST_LAST_ORG_UNIT",
    "LAST_IN_PERIOD",
    "LAST_IN_PERIOD_AVERAGE_ORG_UNIT",
    "FIRST",
    "FIRST_AVERAGE_ORG_UNIT",
    "FIRST_FIRST_ORG_UNIT",
    "COUNT",
    "STDDEV",
    "VARIANCE",
    "MIN",
    "MAX",
    "MIN_SUM_ORG_UNIT",
    "MAX_SUM_ORG_UNIT",
    "NONE",
    "CUSTOM",
    "DEFAULT",
];

const DIMENSION_TYPES: Holds = Constant(&["DISAGGREGATION", "ATTRIBUTE"]);
const VALUE_TYPE: Simple = ("valueType", Constant(VALUE_TYPES));

fn own(kind: &Kind) -> &'static [Simple] {
    match kind.plural {
        "organisationUnits" => &[
            ("openingDate", Date),
            ("closedDate", Date),
            ("path", Text(255)),
            ("level", Integer),
            ("leaf", Boolean),
            ("geometry", Complex),
            ("featureType", Text(50)),
            ("coordinates", Text(100_000)),
            ("comment", Text(100_000)),
            ("contactPerson", Text(255)),
            ("address", Text(255)),
            ("email", Text(150)),
            ("phoneNumber", Text(150)),
            ("url", Text(255)),
            ("ancestors", Complex),
            ("image", Complex),
        ],
        "organisationUnitLevels" => &[("level", Integer), ("offlineLevels", Integer)],
        "organisationUnitGroups" => &[("symbol", Text(255)), ("color", Text(255)), ("geometry", Complex)],
        "organisationUnitGroupSets" => &[("compulsory", Boolean), ("dataDimension", Boolean), ("includeSubhierarchyInAnalytics", Boolean)],
        "dataElements" => &[
            VALUE_TYPE,
            ("aggregationType", Constant(AGGREGATION_TYPES)),
            ("domainType", Constant(&["AGGREGATE", "TRACKER"])),
            ("zeroIsSignificant", Boolean),
            ("url", Text(255)),
            ("fieldMask", Text(255)),
            ("aggregationLevels", Complex),
            ("style", Complex),
        ],
        "dataElementGroupSets" => &[("compulsory", Boolean), ("dataDimension", Boolean)],
        "categories" => &[("dataDimensionType", DIMENSION_TYPES), ("dataDimension", Boolean), ("isDefault", Boolean)],
        "categoryOptions" => &[("startDate", Date), ("endDate", Date), ("style", Complex), ("isDefault", Boolean)],
        "categoryCombos" => &[("dataDimensionType", DIMENSION_TYPES), ("skipTotal", Boolean), ("isDefault", Boolean)],
        "categoryOptionCombos" => &[("ignoreApproval", Boolean), ("shortName", Text(50)), ("startDate", Date), ("endDate", Date)],
        "dataSets" => &[
            ("periodType", Text(50)),
            ("expiryDays", Number),
            ("openFuturePeriods", Integer),
            ("openPeriodsAfterCoEndDate", Integer),
            ("timelyDays", Number),
            ("dataInputPeriods", Complex),
            ("compulsoryFieldsCompleteOnly", Boolean),
            ("fieldCombinationRequired", Boolean),
            ("noValueRequiresComment", Boolean),
            ("validCompleteOnly", Boolean),
            ("version", Integer),
            ("formType", Text(20)),
            ("mobile", Boolean),
            ("skipOffline", Boolean),
            ("dataElementDecoration", Boolean),
            ("renderAsTabs", Boolean),
            ("renderHorizontally", Boolean),
            ("notifyCompletingUser", Boolean),
            ("dataEntryForm", Complex),
            ("notificationRecipients", Complex),
            ("interpretations", Complex),
        ],
        "sections" => &[("description", Text(255)), ("sortOrder", Integer), ("showRowTotals", Boolean), ("showColumnTotals", Boolean)],
        "options" => &[("sortOrder", Integer), ("description", Text(100_000)), ("formName", Text(230)), ("style", Complex)],
        "optionSets" => &[VALUE_TYPE, ("version", Integer), ("description", Text(100_000))],
        "attributes" => &[
            VALUE_TYPE,
            ("unique", Boolean),
            ("mandatory", Boolean),
            ("sortOrder", Integer),
            ("shortName", Text(50)),
            ("description", Text(100_000)),
            ("objectTypes", Complex),
            ("organisationUnitAttribute", Boolean),
            ("organisationUnitGroupAttribute", Boolean),
            ("organisationUnitGroupSetAttribute", Boolean),
            ("dataElementAttribute", Boolean),
            ("dataElementGroupAttribute", Boolean),
            ("dataElementGroupSetAttribute", Boolean),
            ("dataSetAttribute", Boolean),
            ("categoryAttribute", Boolean),
            ("categoryOptionAttribute", Boolean),
            ("categoryOptionComboAttribute", Boolean),
            ("categoryComboAttribute", Boolean),
            ("optionAttribute", Boolean),
            ("optionSetAttribute", Boolean),
            ("indicatorAttribute", Boolean),
            ("indicatorGroupAttribute", Boolean),
            ("userAttribute", Boolean),
            ("userGroupAttribute", Boolean),
            ("legendSetAttribute", Boolean),
            ("sectionAttribute", Boolean),
            ("validationRuleAttribute", Boolean),
        ],
        "indicators" => &[
            ("numerator", Text(100_000)),
            ("numeratorDescription", Text(100_000)),
            ("denominator", Text(100_000)),
            ("denominatorDescription", Text(100_000)),
            ("annualized", Boolean),
            ("decimals", Integer),
            ("url", Text(255)),
            ("style", Complex),
        ],
        "indicatorTypes" => &[("factor", Integer), ("number", Boolean)],
        "dataApprovalLevels" => &[("level", Integer), ("orgUnitLevel", Integer)],
        "dataApprovalWorkflows" => &[("periodType", Text(50))],
        "users" => &[
            ("username", Text(255)),
            ("firstName", Text(160)),
            ("surname", Text(160)),
            ("email", Text(160)),
            ("phoneNumber", Text(80)),
            ("disabled", Boolean),
            ("externalAuth", Boolean),
            ("userCredentials", Complex),
            ("password", Text(255)),
            ("lastLogin", Date),
        ],
        "programs" => &[("programType", Constant(&["WITH_REGISTRATION", "WITHOUT_REGISTRATION"])), ("version", Integer)],
        "userRoles" => &[("authorities", Complex), ("description", Text(255))],
        _ => &[],
    }
}

/// All simple properties of a kind.
pub fn simple(kind: &Kind) -> impl Iterator<Item = &'static Simple> {
    let nameable: &[Simple] = if kind.nameable { NAMEABLE } else { &[] };
    COMMON.iter().chain(nameable).chain(own(kind))
}

/// What a property of a kind holds; nothing when there is no such simple property.
pub fn holds(kind: &Kind, name: &str) -> Option<Holds> {
    simple(kind).find(|(known, _)| *known == name).map(|(_, holds)| *holds)
}
