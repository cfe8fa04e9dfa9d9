//! The model as it is read from what is stored.

use jiff::civil::Date;
use serde_json::Value;

use super::types::{
    Attribute, Category, CategoryCombo, CategoryOption, DataElement, DataSet, DataSetElement, Group, Identity, InputPeriod, OptionCombo,
    OptionSet, OrgUnit, Sharing,
};
use super::{Identified, Model, Table, default};
use crate::dhis2::kind::{self, Kind};
use crate::dhis2::store::{Object, Store, text};
use crate::dhis2::time;
use crate::dhis2::uid::Uid;

impl Model {
    /// Reads the store.
    pub(in crate::dhis2) fn of(store: &Store) -> Self {
        let default_combo = by_name(store, "categoryCombos", "default").unwrap_or_else(|| Uid::literal(default::COMBO));
        let default_option_combo = by_name(store, "categoryOptionCombos", "default").unwrap_or_else(|| Uid::literal(default::OPTION_COMBO));
        let option_combos = table(store, "categoryOptionCombos", |identity, object| OptionCombo {
            combo: one(object, "categoryCombo").unwrap_or(default_combo),
            options: many(object, "categoryOptions").into_iter().collect(),
            identity,
        });
        let by_options = option_combos.iter().map(|one| ((one.combo, one.options.clone()), one.identity.id)).collect();
        Self {
            org_units: table(store, "organisationUnits", |identity, object| org_unit(store, identity, object)),
            org_unit_groups: table(store, "organisationUnitGroups", |identity, object| group(identity, object, "organisationUnits")),
            data_elements: table(store, "dataElements", |identity, object| DataElement {
                value_type: word(object, "valueType"),
                aggregation_type: word(object, "aggregationType"),
                domain_type: word(object, "domainType"),
                combo: one(object, "categoryCombo").unwrap_or(default_combo),
                option_set: one(object, "optionSet"),
                comment_option_set: one(object, "commentOptionSet"),
                zero_is_significant: flag(object, "zeroIsSignificant"),
                data_sets: store.referring("dataSets", "dataSetElements", identity.id),
                identity,
            }),
            data_element_groups: table(store, "dataElementGroups", |identity, object| group(identity, object, "dataElements")),
            categories: table(store, "categories", |identity, object| Category {
                options: many(object, "categoryOptions"),
                dimension_type: word(object, "dataDimensionType"),
                identity,
            }),
            category_options: table(store, "categoryOptions", |identity, object| CategoryOption {
                start: date(object, "startDate"),
                end: date(object, "endDate"),
                org_units: many(object, "organisationUnits").into_iter().collect(),
                identity,
            }),
            category_combos: table(store, "categoryCombos", |identity, object| CategoryCombo {
                categories: many(object, "categories"),
                option_combos: store.referring("categoryOptionCombos", "categoryCombo", identity.id),
                identity,
            }),
            data_sets: table(store, "dataSets", |identity, object| data_set(identity, object, default_combo)),
            option_sets: table(store, "optionSets", |identity, object| OptionSet {
                codes: option_codes(store, object),
                value_type: word(object, "valueType"),
                identity,
            }),
            attributes: table(store, "attributes", |identity, object| Attribute { unique: flag(object, "unique"), identity }),
            option_combos,
            default_combo,
            default_option_combo,
            by_options,
        }
    }
}

fn table<T: Identified>(store: &Store, plural: &str, make: impl Fn(Identity, &Object) -> T) -> Table<T> {
    let kind = Kind::plural(plural).expect("the kinds are listed");
    Table::new(store.of(kind).map(|(uid, object)| make(identity(uid, object), object)))
}

fn by_name(store: &Store, plural: &str, name: &str) -> Option<Uid> {
    let kind = Kind::plural(plural).expect("the kinds are listed");
    store.of(kind).find(|(_, object)| text(object, "name") == Some(name)).map(|(uid, _)| uid)
}

fn identity(id: Uid, object: &Object) -> Identity {
    let values = object.get("attributeValues").and_then(Value::as_array).into_iter().flatten();
    let attributes = values.filter_map(|one| {
        let attribute = Uid::parse(kind::reference(one.get("attribute")?)?)?;
        Some((attribute, one.get("value")?.as_str()?.to_owned()))
    });
    Identity {
        id,
        code: text(object, "code").map(str::to_owned),
        name: word(object, "name"),
        attributes: attributes.collect(),
        sharing: Sharing::of(object),
    }
}

fn org_unit(store: &Store, identity: Identity, object: &Object) -> OrgUnit {
    let kind = Kind::plural("organisationUnits").expect("the kinds are listed");
    let parent = one(object, "parent").filter(|parent| store.get(kind, *parent).is_some());
    let mut path = vec![identity.id];
    let mut above = parent;
    while let Some(next) = above.filter(|next| !path.contains(next)) {
        path.push(next);
        above = store.get(kind, next).and_then(|object| one(object, "parent"));
    }
    path.reverse();
    OrgUnit {
        parent,
        path,
        children: store.referring("organisationUnits", "parent", identity.id),
        opening: date(object, "openingDate"),
        closed: date(object, "closedDate"),
        identity,
    }
}

fn data_set(identity: Identity, object: &Object, default_combo: Uid) -> DataSet {
    let list = |name: &str| object.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let uid = |item: &Value, name: &str| item.get(name).and_then(kind::reference).and_then(Uid::parse);
    let element = |item: &Value| Some(DataSetElement { element: uid(item, "dataElement")?, combo: uid(item, "categoryCombo") });
    let input = |item: &Value| {
        let day = |name: &str| item.get(name).and_then(Value::as_str).and_then(time::day);
        let period = item.get("period")?;
        let period = period.as_str().or_else(|| kind::reference(period))?;
        Some(InputPeriod { period: period.to_owned(), opening: day("openingDate"), closing: day("closingDate") })
    };
    DataSet {
        period_type: word(object, "periodType"),
        combo: one(object, "categoryCombo").unwrap_or(default_combo),
        elements: list("dataSetElements").iter().filter_map(element).collect(),
        org_units: many(object, "organisationUnits").into_iter().collect(),
        expiry_days: number(object, "expiryDays"),
        open_future_periods: number(object, "openFuturePeriods") as i32,
        open_periods_after_co_end_date: number(object, "openPeriodsAfterCoEndDate") as i32,
        timely_days: number(object, "timelyDays"),
        input_periods: list("dataInputPeriods").iter().filter_map(input).collect(),
        workflow: one(object, "workflow"),
        no_value_requires_comment: flag(object, "noValueRequiresComment"),
        compulsory_fields_complete_only: flag(object, "compulsoryFieldsCompleteOnly"),
        compulsory: list("compulsoryDataElementOperands")
            .iter()
            .filter_map(|item| Some((uid(item, "dataElement")?, uid(item, "categoryOptionCombo"))))
            .collect(),
        identity,
    }
}

fn option_codes(store: &Store, object: &Object) -> Vec<String> {
    let kind = Kind::plural("options").expect("the kinds are listed");
    let options = many(object, "options").into_iter().filter_map(|uid| store.get(kind, uid));
    options.filter_map(|option| text(option, "code").map(str::to_owned)).collect()
}

fn group(identity: Identity, object: &Object, members: &str) -> Group {
    Group { members: many(object, members).into_iter().collect(), identity }
}

fn word(object: &Object, name: &str) -> String {
    text(object, name).unwrap_or_default().to_owned()
}

fn flag(object: &Object, name: &str) -> bool {
    object.get(name).and_then(Value::as_bool).unwrap_or_default()
}

fn number(object: &Object, name: &str) -> f64 {
    object.get(name).and_then(Value::as_f64).unwrap_or_default()
}

fn date(object: &Object, name: &str) -> Option<Date> {
    text(object, name).and_then(time::day)
}

fn one(object: &Object, name: &str) -> Option<Uid> {
    object.get(name).and_then(kind::reference).and_then(Uid::parse)
}

fn many(object: &Object, name: &str) -> Vec<Uid> {
    let list = object.get(name).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|item| kind::reference(item).and_then(Uid::parse)).collect()
}
