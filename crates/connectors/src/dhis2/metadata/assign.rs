//! Memberships, which belong to the other side: org units are put into groups, data sets, programs, and among the account's own. Only added.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kivuko_core::catalogue::dhis2;
use kivuko_core::error::{Cause, Consequence, Error};
use serde_json::json;

use super::super::client::{Client, Me, Reference};
use super::super::errors::WebMessage;
use crate::http::{Method, Safety};

/// The collections of org units that an account has: where it captures, whose data it sees, where it searches people.
const OWN: [&str; 3] = ["organisationUnits", "dataViewOrganisationUnits", "teiSearchOrganisationUnits"];

/// The org units of the account, as they are and as this run changes them.
#[derive(Debug, Default)]
pub struct Own {
    id: String,
    lists: Mutex<[Vec<String>; 3]>,
}

impl Own {
    /// Of an account.
    pub fn new(me: &Me) -> Self {
        let ids = |list: &[Reference]| list.iter().map(|unit| unit.id.clone()).collect();
        let lists = [&me.organisation_units, &me.data_view_organisation_units, &me.tei_search_organisation_units].map(|list| ids(list));
        Self { id: me.id.clone(), lists: Mutex::new(lists) }
    }

    /// The account.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The collections in which an org unit with these ancestors and itself is missing. One that is empty stays so, but for the first: an account without org
    /// units to see or to search has those where it captures, and one of its own would take all others away.
    fn missing(lists: &[Vec<String>; 3], path: &[&str]) -> Vec<usize> {
        let lacks = |at: &usize| {
            let list = &lists[*at];
            let stays_empty = *at > 0 && list.is_empty();
            !stays_empty && !list.iter().any(|unit| path.contains(&unit.as_str()))
        };
        (0..OWN.len()).filter(lacks).collect()
    }

    /// Whether an org unit lies among them.
    pub fn covers(&self, path: &[&str]) -> bool {
        Self::missing(&self.lists(), path).is_empty()
    }

    fn lists(&self) -> MutexGuard<'_, [Vec<String>; 3]> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes org units that the server has put into a collection, if it is one of the account's own.
    fn note(&self, resource: &str, owner: &str, collection: &str, units: &[&String]) {
        let at = OWN.iter().position(|name| resource == "users" && owner == self.id && *name == collection);
        if let Some(at) = at {
            self.lists()[at].extend(units.iter().copied().cloned());
        }
    }
}

/// Which org units go into which collection: resource and id of its owner, name of the collection.
pub type Additions = BTreeMap<(String, String, String), Vec<String>>;

/// Finds where org units are to be put among the account's own. `units` are their paths, parents first: what lies below one that was just put there is not put
/// there itself.
pub fn among_own(own: &Own, units: &mut [Vec<String>], additions: &mut Additions) {
    units.sort_by_key(Vec::len);
    // As they will be if the server agrees.
    let mut lists = own.lists().clone();
    for path in units.iter() {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let Some(unit) = path.last() else { continue };
        for at in Own::missing(&lists, &path) {
            lists[at].push((*unit).to_owned());
            additions.entry(("users".to_owned(), own.id.clone(), OWN[at].to_owned())).or_default().push((*unit).to_owned());
        }
    }
}

/// Why an org unit was not put somewhere.
pub type Refusals = BTreeMap<String, Cause>;

/// Adds, a request for each collection. What was refused comes back by org unit.
///
/// # Errors
/// The server could not be reached, or failed.
pub async fn add(client: &Client, own: &Own, additions: &Additions) -> Result<Refusals, Error> {
    let mut refusals = Refusals::new();
    for ((resource, owner, collection), units) in additions {
        let units: Vec<&String> = units.iter().collect();
        let mut waiting = vec![units];
        while let Some(mut units) = waiting.pop() {
            let additions: Vec<_> = units.iter().map(|unit| json!({ "id": unit })).collect();
            let body = json!({ "additions": additions, "deletions": [] }).to_string().into_bytes();
            // Adding what is there already does nothing: it is safe to send again.
            let request = client.request(Method::Post, [resource.as_str(), owner, collection], Safety::Safe).json(body);
            let answer = client.send(request).await?;
            if answer.is_success() {
                own.note(resource, owner, collection, &units);
                continue;
            }
            if units.len() > 1 && matches!(answer.status, 404 | 409) {
                let second = units.split_off(units.len() / 2);
                waiting.extend([second, units]);
                continue;
            }
            let code =
                WebMessage::read(&answer.body).as_ref().and_then(WebMessage::code).map(|code| format!(", {code}")).unwrap_or_default();
            let why = match answer.status {
                403 => "the account may not change it",
                404 => "it is not there, or the account may not see it",
                _ => "DHIS2 refused it",
            };
            let message =
                format!("the org unit was written, and not put into {resource} {owner} ({collection}): {why} ({}{code})", answer.status);
            for unit in units {
                refusals.entry(unit.clone()).or_insert_with(|| Cause::new(dhis2::NOT_ASSIGNED_TO, message.clone()).field(resource.clone()));
            }
        }
    }
    Ok(refusals)
}

/// What a failure to add means for a record that was itself written: it is sent again when that can help.
pub fn failed(error: &Error) -> Cause {
    let again = if error.consequence == Consequence::Retry { "; send it again" } else { "" };
    let message = format!("the org unit was written, and not put where the flow asks for: {}{again}", error.cause.message);
    Cause::new(dhis2::NOT_ASSIGNED_TO, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(lists: [&[&str]; 3]) -> Own {
        let units = |list: &[&str]| list.iter().map(|id| Reference { id: (*id).to_owned() }).collect();
        Own::new(&Me {
            id: "me".to_owned(),
            organisation_units: units(lists[0]),
            data_view_organisation_units: units(lists[1]),
            tei_search_organisation_units: units(lists[2]),
            ..Me::default()
        })
    }

    #[test]
    fn only_what_lies_outside_is_put_among_the_accounts_own() {
        let check = |lists: [&[&str]; 3], units: &[&[&str]], expected: &[(&str, &[&str])]| {
            let mut additions = Additions::new();
            let mut units: Vec<Vec<String>> = units.iter().map(|path| path.iter().map(|id| (*id).to_owned()).collect()).collect();
            among_own(&own(lists), &mut units, &mut additions);
            let found: Vec<(&str, Vec<&str>)> = additions
                .iter()
                .map(|((.., collection), units)| (collection.as_str(), units.iter().map(String::as_str).collect()))
                .collect();
            let expected: Vec<(&str, Vec<&str>)> = expected.iter().map(|(collection, units)| (*collection, units.to_vec())).collect();
            assert_eq!(found, expected, "{lists:?}");
        };
        check([&["a"], &[], &[]], &[&["a", "b"]], &[]);
        check([&["x"], &[], &[]], &[&["a", "b"], &["a"]], &[("organisationUnits", &["a"])]);
        check([&["a"], &["x"], &["x"]], &[&["a", "b"]], &[("dataViewOrganisationUnits", &["b"]), ("teiSearchOrganisationUnits", &["b"])]);
        check([&[], &[], &[]], &[&["a"]], &[("organisationUnits", &["a"])]);
    }
}
