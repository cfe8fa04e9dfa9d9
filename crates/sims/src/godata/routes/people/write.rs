//! What writes people: one by one, in an array, in bulk; and the next visual id.

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::{Call, refusal};
use super::{allowed, one};
use crate::godata::cases::Author;
use crate::godata::error::{Error, Result};
use crate::godata::person_types::PersonType;
use crate::godata::store::Store;
use crate::godata::{follow_up_window, merge, person};
use crate::server::Reply;

/// One person, or an array of them: one by one, so that the ones before an invalid one are stored and stay.
pub fn create(call: &Call<'_>, outbreak: &str, person_type: &'static PersonType) -> Result<Reply> {
    let user = allowed(call, outbreak, &format!("{}_create", person_type.permission))?;
    let author = call.author(&user);
    match call.body()? {
        Value::Object(sent) => {
            let mut store = call.server.write();
            let id = person::create(&mut store, person_type, outbreak, sent, &author)?;
            let person = one(&store, outbreak, person_type, &id, false)?;
            drop(store);
            if call.request.argument("retrieveCreatedUpdatedBy").is_some() {
                return Ok(call.record(person.record()).wrote_ids(vec![id]));
            }
            Ok(Reply::json(200, person.text).wrote_ids(vec![id]))
        }
        Value::Array(items) => {
            let mut texts = Vec::with_capacity(items.len());
            let mut ids = Vec::with_capacity(items.len());
            let mut store = call.server.write();
            for item in items {
                let stored = match item {
                    Value::Object(sent) => person::create(&mut store, person_type, outbreak, sent, &author),
                    _ => Err(Error::plain(400, "Value is not an object.")),
                };
                match stored.and_then(|id| Ok((one(&store, outbreak, person_type, &id, false)?.text, id))) {
                    Ok((text, id)) => {
                        texts.push(text);
                        ids.push(id);
                    }
                    Err(error) => {
                        return Ok(refusal(&error, call.request).wrote_ids(ids));
                    }
                }
            }
            Ok(Reply::elements(texts).wrote_ids(ids))
        }
        _ => Err(Error::plain(400, "Value is not an object.")),
    }
}

/// Changes what was sent.
pub fn change(call: &Call<'_>, outbreak: &str, person_type: &'static PersonType, id: &str) -> Result<Reply> {
    let user = allowed(call, outbreak, &format!("{}_modify", person_type.permission))?;
    let mut sent = call.object()?;
    let mut store = call.server.write();
    let person = one(&store, outbreak, person_type, id, false)?;
    if sent.contains_key("followUp") {
        follow_up_window::guard(&person.record(), &mut sent);
    }
    person::update(&mut store, id, sent, &call.author(&user))?;
    let person = one(&store, outbreak, person_type, id, false)?;
    drop(store);
    if call.request.argument("retrieveCreatedUpdatedBy").is_some() {
        return Ok(call.record(person.record()).wrote_ids(vec![id.to_owned()]));
    }
    Ok(Reply::json(200, person.text).wrote_ids(vec![id.to_owned()]))
}

/// `PUT /cases/bulk` and its like. Like the backend, it looks for the id among the people of all outbreaks.
pub fn bulk(call: &Call<'_>, outbreak: &str, person_type: &'static PersonType) -> Result<Reply> {
    let user = allowed(call, outbreak, &format!("{}_bulk_modify", person_type.permission))?;
    let author = call.author(&user);
    let Value::Array(items) = call.body()? else {
        return Err(Error::plain(400, "Items must be an array: {}"));
    };
    let mut succeeded = Vec::new();
    let mut failed = Vec::new();
    let mut changed = Vec::new();
    let mut store = call.server.write();
    for (number, item) in items.into_iter().enumerate() {
        match change_one(&mut store, person_type, item, &author) {
            Ok((id, text)) => {
                changed.push(id);
                let mut row = format!("{{\"recordNo\":{number},\"contact\":").into_bytes();
                row.extend_from_slice(&text);
                row.push(b'}');
                succeeded.push(Bytes::from(row));
            }
            Err(error) => failed.push(json!({"recordNo": number, "error": error.body()})),
        }
    }
    drop(store);
    if failed.is_empty() {
        return Ok(Reply::elements(succeeded).wrote_ids(changed));
    }
    let message = "Multiple contacts update partial success. Some contact instances failed to be updated.";
    let parse = |row: &Bytes| serde_json::from_slice::<Value>(row).unwrap_or_default();
    let success: Vec<Value> = succeeded.iter().map(parse).collect();
    let error =
        Error::coded(422, "MULTIPLE_CONTACTS_UPDATE_PARTIAL_SUCCESS", message).details(json!({"failed": failed, "success": success}));
    Ok(refusal(&error, call.request).wrote_ids(changed))
}

fn change_one(store: &mut Store, person_type: &PersonType, item: Value, author: &Author) -> Result<(String, Bytes)> {
    let Value::Object(sent) = item else {
        return Err(Error::plain(400, "Value is not an object."));
    };
    let Some(id) = sent.get("id").and_then(Value::as_str).map(str::to_owned) else {
        return Err(Error::coded(422, "CONTACT_ID_REQUIRED", "Contact ID is required"));
    };
    if store.people.live(&id).is_none_or(|person| person.kind != person_type.id) {
        return Err(Error::not_found(person_type.model.name, &id));
    }
    person::update(store, &id, sent, author)?;
    let text = store.people.get(&id).map(|person| person.text.clone()).ok_or_else(|| Error::not_found(person_type.model.name, &id))?;
    Ok((id, text))
}

/// `POST /people/merge`: `{type, ids, model}`.
pub fn merge(call: &Call<'_>, outbreak: &str) -> Result<Reply> {
    let mut body = call.object()?;
    let required = |name: &str| Error::plain(400, format!("{name} is a required argument"));
    let person_type = body.get("type").and_then(Value::as_str).and_then(PersonType::of).ok_or_else(|| required("type"))?;
    let user = allowed(call, outbreak, &format!("duplicate_merge_{}", person_type.path.replace('-', "_")))?;
    let ids = body.get("ids").and_then(Value::as_array).ok_or_else(|| required("ids"))?;
    let ids: Vec<String> = ids.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let Some(Value::Object(model)) = body.remove("model") else {
        return Err(required("model"));
    };
    let mut store = call.server.write();
    merge::merge(&mut store, outbreak, person_type, &ids, model, &call.author(&user))?;
    let person = one(&store, outbreak, person_type, &ids[0], false)?;
    Ok(call.record(person.record()).wrote_ids(ids))
}

/// The next visual id of a mask; nothing is reserved.
pub fn generate_visual_id(call: &Call<'_>, outbreak: &str, person_type: &PersonType) -> Result<Reply> {
    allowed(call, outbreak, &format!("{}_generate_visual_id", person_type.permission))?;
    let body = call.object()?;
    let Some(template) = body.get("visualIdMask").and_then(Value::as_str) else {
        return Err(Error::plain(400, "visualIdMask is a required argument"));
    };
    let store = call.server.read();
    let person = body.get("personId").and_then(Value::as_str);
    let owner = store.people.owner_of(outbreak, template);
    let id = match owner {
        Some(owner) if person == Some(&*owner.id) => template.to_owned(),
        Some(_) => {
            let message = format!("The visual identifier `{template}` is not unique.");
            return Err(Error::coded(409, "DUPLICATE_VISUAL_ID", message).details(json!({"id": template})));
        }
        None => {
            let none = std::collections::BTreeMap::new();
            let taken = store.people.visual_ids(outbreak).unwrap_or(&none);
            store.masks.resolve(&store.mask(outbreak, person_type), template, taken)?
        }
    };
    Ok(Reply::json(200, json!(id).to_string()))
}
