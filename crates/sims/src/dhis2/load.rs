//! Metadata that a simulator starts with, or that a test puts in: a document in the form of `/api/metadata`.

use serde_json::{Value, json};

use super::auth::Auth;
use super::integrity;
use super::kind::Kind;
use super::store::{Object, Store, text};
use super::uid::{Maker, Uid};

/// Loads a document; `in_use` says of an option combo whether values name it. Kinds that are not simulated are left out; an object without an identifier gets one.
pub fn document(store: &mut Store, document: &Value, maker: &mut Maker, stamp: &str, in_use: impl Fn(Uid) -> bool) -> Result<(), String> {
    let members = document.as_object().ok_or("the metadata are no object")?;
    for kind in Kind::all() {
        let list = members.get(kind.plural).and_then(Value::as_array).into_iter().flatten();
        for (position, item) in list.enumerate() {
            let object = item.as_object().ok_or_else(|| format!("{}[{position}] is no object", kind.plural))?;
            let uid = match text(object, "id") {
                None => maker.uid(),
                Some(id) => Uid::parse(id).ok_or_else(|| format!("{}[{position}]: {id:?} is no identifier", kind.plural))?,
            };
            put(store, kind, uid, object.clone(), stamp);
        }
    }
    integrity::restore(store, maker, stamp, in_use);
    Ok(())
}

fn put(store: &mut Store, kind: &'static Kind, uid: Uid, mut object: Object, stamp: &str) {
    object.insert("id".to_owned(), json!(uid.as_str()));
    object.entry("created").or_insert_with(|| json!(stamp));
    object.entry("lastUpdated").or_insert_with(|| json!(stamp));
    store.put(kind, uid, integrity::owned(kind, object));
}

/// The accounts, as objects that others can refer to.
pub fn accounts(store: &mut Store, auth: &Auth, stamp: &str) {
    let kind = Kind::plural("users").expect("the kinds are listed");
    for account in auth.accounts() {
        let ids = |units: &[Uid]| units.iter().map(|unit| json!({"id": unit.as_str()})).collect::<Value>();
        let user: Value = json!({
            "id": account.id.as_str(), "username": account.username, "name": account.username, "created": stamp, "lastUpdated": stamp,
            "organisationUnits": ids(&account.org_units), "dataViewOrganisationUnits": ids(&account.data_view_org_units),
        });
        if let Value::Object(user) = user {
            store.put(kind, account.id, user);
        }
    }
}
