//! Deletes objects one by one, the deepest first, and says of each what became of it.

use std::collections::HashMap;

use kivuko_core::catalogue::{dhis2, network};
use kivuko_core::connector::{Inside, Written};
use kivuko_core::error::{Cause, Consequence, Error};
use serde::Deserialize;

use super::super::client::Client;
use super::super::errors::{WebMessage, unreadable};
use super::held::{id_of, path_of};
use super::lookup::Lookup;
use super::shape::Shape;
use crate::http::{Answer, Method, Safety};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Told {
    message: String,
}

/// Deletes these objects; an outcome for each, in its place.
pub async fn delete(client: &Client, shape: &'static Shape, ids: &[String]) -> Result<Vec<Written>, Error> {
    let mut order: Vec<(usize, usize)> = (0..ids.len()).map(|at| (0, at)).collect();
    if shape.is_tree() && ids.len() > 1 {
        let found = Lookup { client, resource: shape.resource, fields: "id,path" }.by_ids(ids).await?;
        for (depth, at) in &mut order {
            *depth = found.get(&ids[*at]).map_or(0, |object| path_of(object).count());
        }
    }
    order.sort_by(|a, b| b.cmp(a));
    let mut outcomes: Vec<Option<Written>> = vec![None; ids.len()];
    let mut stopped: Option<Error> = None;
    for (_, at) in order {
        let written = match &stopped {
            Some(error) => Written::Failed(error.clone()),
            None => one(client, shape, &ids[at]).await,
        };
        if let Written::Failed(error) = &written
            && error.consequence != Consequence::RejectRecord
            && !error.effect_unknown
        {
            stopped = Some(error.clone());
        }
        outcomes[at] = Some(written);
    }
    let forgotten = || Written::Failed(Error::bug(network::UNEXPECTED_ANSWER, "an object of a batch was not dealt with"));
    Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(forgotten)).collect())
}

/// What lies in each of these objects, by id.
///
/// # Errors
/// It cannot be asked.
pub async fn inside(client: &Client, shape: &'static Shape, ids: &[String]) -> Result<Vec<Vec<Inside>>, Error> {
    let Some((resource, field)) = shape.inside else { return Ok(vec![Vec::new(); ids.len()]) };
    let asked: Vec<&str> = ids.iter().map(String::as_str).collect();
    let fields = format!("id,{field}[id]");
    let mut found: HashMap<String, Vec<Inside>> = HashMap::new();
    for object in (Lookup { client, resource, fields: &fields }).by(&format!("{field}.id"), &asked).await? {
        let container = object.get(field).and_then(|container| container.get("id")?.as_str());
        if let (Some(id), Some(container)) = (id_of(&object), container) {
            // DHIS2 closes what has open ones in it.
            found.entry(container.to_owned()).or_default().push(Inside { id: id.to_owned(), active: false });
        }
    }
    Ok(ids.iter().map(|id| found.remove(id).unwrap_or_default()).collect())
}

async fn one(client: &Client, shape: &Shape, id: &str) -> Written {
    let request = client.request(Method::Delete, [shape.resource, id], Safety::Write);
    let answer = match client.send(request).await {
        Ok(answer) => answer,
        Err(error) => return Written::Failed(error),
    };
    match answer.status {
        // A page of something else says nothing about the object.
        404 if WebMessage::read(&answer.body).is_none() => Written::Failed(unreadable(&answer)),
        // What is gone is gone, whoever took it away.
        404 => Written::Done { id: id.to_owned(), version: None, returned: None },
        _ if answer.is_success() => Written::Done { id: id.to_owned(), version: None, returned: None },
        403 => {
            let message = format!("{}: the account may not delete {} (403)", answer.request(), shape.named);
            Written::Failed(Error::configuration(dhis2::METADATA_NOT_ALLOWED, message))
        }
        409 => Written::Refused(in_use(&answer, shape)),
        status => Written::Failed(Error::stop(network::UNEXPECTED_ANSWER, format!("{}: answered with {status}", answer.request()))),
    }
}

/// Why it was not deleted: what refers to it, by its kind. DHIS2 also writes the name of that, which is not shown.
fn in_use(answer: &Answer, shape: &Shape) -> Cause {
    let code = WebMessage::read(&answer.body).and_then(|message| message.code().map(str::to_owned)).unwrap_or_default();
    let named = if code.is_empty() { String::new() } else { format!(" ({code})") };
    if code != "E4030" {
        return Cause::new(dhis2::OBJECT_REFUSED, format!("DHIS2 did not delete {}{named}", shape.named));
    }
    let told = serde_json::from_slice::<Told>(&answer.body).unwrap_or_default().message;
    match user(&told) {
        Some("OrganisationUnit") => {
            Cause::new(dhis2::IN_USE, format!("DHIS2 did not delete {}: there are org units below it{named}", shape.named))
        }
        Some(user) => {
            Cause::new(dhis2::IN_USE, format!("DHIS2 did not delete {}: it is used by something of the kind {user}{named}", shape.named))
        }
        None => Cause::new(dhis2::IN_USE, format!("DHIS2 did not delete {}: it is in use{named}", shape.named)),
    }
}

/// The kinds that may be shown; any other word could be a name.
const KINDS: [&str; 22] = [
    "Attribute",
    "CategoryOption",
    "CompleteDataSetRegistration",
    "DataApproval",
    "DataElement",
    "DataSet",
    "DataValue",
    "DataValueAudit",
    "Enrollment",
    "Event",
    "Interpretation",
    "LockException",
    "MinMaxDataElement",
    "OptionGroup",
    "OrganisationUnit",
    "OrganisationUnitGroup",
    "Program",
    "TrackedEntity",
    "TrackedEntityAttribute",
    "User",
    "ValidationResult",
    "Visualization",
];

/// The kind of what uses an object: the first word after the last colon.
fn user(message: &str) -> Option<&'static str> {
    let (_, rest) = message.rsplit_once(": ")?;
    let word = rest.split(|sign: char| !sign.is_ascii_alphanumeric()).next()?;
    KINDS.into_iter().find(|kind| *kind == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_kind_of_what_uses_it_is_told() {
        let check = |message: &str, expected: Option<&str>| assert_eq!(user(message), expected, "{message}");
        check("Object could not be deleted because it is associated with another object: DataValue", Some("DataValue"));
        check("Object could not be deleted because it is associated with another object: User (amina)", Some("User"));
        check("Object could not be deleted because it is associated with another object: Amina", None);
        check("no", None);
    }
}
