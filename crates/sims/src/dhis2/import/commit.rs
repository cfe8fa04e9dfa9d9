//! Writing what was found good.

use serde_json::{Value, json};

use super::{Item, Writer};
use crate::dhis2::kind::Kind;
use crate::dhis2::store::{Object, Store};

/// Kinds that everybody sees as they are: no sharing.
const WITHOUT_SHARING: &[&str] = &[
    "organisationUnits",
    "organisationUnitLevels",
    "options",
    "categoryOptionCombos",
    "sections",
    "userRoles",
    "users",
    "userGroups",
    "attributes",
    "dataApprovalLevels",
    "dataApprovalWorkflows",
];

/// Writes the objects. Each replaces the one that was there: what is not sent is gone, but for its beginning and its sharing.
pub fn all(store: &mut Store, items: Vec<Item>, writer: &Writer<'_>) {
    for item in items {
        let before = store.get(item.kind, item.uid).cloned();
        let object = stamped(item.kind, item.sent, before.as_ref(), writer);
        store.put(item.kind, item.uid, object);
    }
}

/// What is sent, with what the server writes down itself.
fn stamped(kind: &Kind, mut object: Object, before: Option<&Object>, writer: &Writer<'_>) -> Object {
    let user = json!({"id": writer.account.id.as_str(), "name": writer.account.username, "username": writer.account.username});
    let kept = |name: &str| before.and_then(|before| before.get(name)).cloned();
    object.insert("created".to_owned(), kept("created").unwrap_or_else(|| json!(writer.stamp)));
    object.insert("createdBy".to_owned(), kept("createdBy").unwrap_or_else(|| user.clone()));
    object.insert("lastUpdated".to_owned(), json!(writer.stamp));
    object.insert("lastUpdatedBy".to_owned(), user);
    if !object.contains_key("sharing") && !WITHOUT_SHARING.contains(&kind.plural) {
        // Whoever makes an object may work with it; others see it, and may not enter data for it.
        let owner = writer.account.id.as_str();
        let fresh = || json!({"public": "rw------", "external": false, "owner": owner, "users": {}, "userGroups": {}});
        object.insert("sharing".to_owned(), kept("sharing").unwrap_or_else(fresh));
    }
    // `false` and 0 are what the server has for a flag or number that was not sent; only those that others compute with are written out.
    let defaults: &[(&str, Value)] = match kind.plural {
        "dataElements" => &[("zeroIsSignificant", json!(false))],
        "dataSets" => &[("openFuturePeriods", json!(0)), ("expiryDays", json!(0)), ("timelyDays", json!(15))],
        "categoryCombos" => &[("skipTotal", json!(false)), ("dataDimensionType", json!("DISAGGREGATION"))],
        _ => &[],
    };
    for (name, value) in defaults {
        object.entry(*name).or_insert_with(|| value.clone());
    }
    if matches!(kind.plural, "dataElements" | "dataSets") {
        object.entry("categoryCombo").or_insert_with(|| json!({"id": crate::dhis2::model::default::COMBO}));
    }
    object
}
