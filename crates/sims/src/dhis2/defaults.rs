//! What a new server makes by itself: the `default` category, option, combo and option combo.

use serde_json::{Value, json};

use super::kind::Kind;
use super::model::default;
use super::store::Store;
use super::uid::Uid;

/// Puts the `default` objects that are not there yet.
pub fn put(store: &mut Store, stamp: &str) {
    let id = |id: &str| json!({ "id": id });
    let objects = [
        ("categoryOptions", default::OPTION, json!({})),
        (
            "categories",
            default::CATEGORY,
            json!({"dataDimensionType": "DISAGGREGATION", "dataDimension": false, "categoryOptions": [id(default::OPTION)]}),
        ),
        (
            "categoryCombos",
            default::COMBO,
            json!({"dataDimensionType": "DISAGGREGATION", "skipTotal": false, "categories": [id(default::CATEGORY)]}),
        ),
        (
            "categoryOptionCombos",
            default::OPTION_COMBO,
            json!({"ignoreApproval": false, "categoryCombo": id(default::COMBO), "categoryOptions": [id(default::OPTION)]}),
        ),
    ];
    for (plural, uid, mut object) in objects {
        let kind = Kind::plural(plural).expect("the kinds are listed");
        let members = object.as_object_mut().expect("an object is written above");
        for (name, value) in [("id", uid), ("code", "default"), ("name", "default"), ("created", stamp), ("lastUpdated", stamp)] {
            members.insert(name.to_owned(), json!(value));
        }
        if kind.nameable {
            members.insert("shortName".to_owned(), json!("default"));
        }
        let sharing = json!({"public": "rwrw----", "external": false, "users": {}, "userGroups": {}});
        members.insert("sharing".to_owned(), sharing);
        let uid = Uid::literal(uid);
        if let Value::Object(object) = object
            && store.get(kind, uid).is_none()
        {
            store.put(kind, uid, object);
        }
    }
}
