//! What Go.Data holds by what people know it by: two histories make up other ids for the same people.

use std::collections::BTreeMap;

use kivuko_sims::godata::Sim;
use serde_json::Value;

/// What every record is known by, by its id: a number or a name of a person, who and whom of a relationship, the sample of a result.
pub fn names(sim: &Sim) -> BTreeMap<String, String> {
    let state = sim.state();
    let mut names = BTreeMap::new();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for person in state.people() {
        let number = person["documents"].as_array().and_then(|documents| documents.iter().find_map(|document| document["number"].as_str()));
        let name = number.or(person["visualId"].as_str()).map_or_else(|| text(&person["firstName"]), str::to_owned);
        names.insert(text(&person["id"]), name);
    }
    let known = |id: &Value, names: &BTreeMap<String, String>| names.get(&text(id)).cloned().unwrap_or_default();
    for result in state.collection("labResult") {
        let name = format!("{} of {}", text(&result["sampleIdentifier"]), known(&result["personId"], &names));
        names.insert(text(&result["id"]), name);
    }
    for relationship in state.collection("relationship") {
        let who: Vec<String> =
            relationship["persons"].as_array().into_iter().flatten().map(|person| known(&person["id"], &names)).collect();
        names.insert(text(&relationship["id"]), who.join(" to "));
    }
    names
}

/// Takes the fields out that are `left_out`, the ids of the records too, and writes names in the place of ids.
pub fn plain(value: &mut Value, names: &BTreeMap<String, String>, left_out: &[&str]) {
    match value {
        Value::Object(members) => {
            // The id of a participant is who it is.
            let participant = members.contains_key("source") || members.contains_key("target");
            members.retain(|name, _| (participant && name == "id") || (name != "id" && !left_out.contains(&name.as_str())));
            for member in members.values_mut() {
                plain(member, names, left_out);
            }
        }
        Value::Array(items) => {
            for item in &mut *items {
                plain(item, names, left_out);
            }
            items.sort_by_key(ToString::to_string);
        }
        Value::String(text) => {
            if let Some(name) = names.get(text) {
                name.clone_into(text);
            }
        }
        _ => {}
    }
}
