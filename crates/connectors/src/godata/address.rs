//! Where each record of a batch is written.
//!
//! Most records have an address of their own. A relationship lies below one of its two people, and which one decides its direction; what belongs to one
//! person lies below that person, in the list of the kind that the person is of now. All that has to be known for it is asked for the whole batch at once.

use std::collections::HashMap;

use kivuko_core::catalogue::{godata, network};
use kivuko_core::connector::{Action, Write, Written};
use kivuko_core::error::{Cause, Error};
use serde_json::Value;

use super::child;
use super::lookup::Place;
use super::persons::PersonKind;
use super::relationship;
use super::schema::Role;

/// Where one record is written.
#[derive(Debug, Default)]
pub struct Address {
    /// Below the outbreak, or below `/api`: the list for a creation, the record for everything else.
    pub path: Vec<String>,
    /// What is sent, where it is not what the engine handed over.
    pub body: Option<Value>,
    /// What is sent before it.
    pub first: Option<Vec<Step>>,
    /// The people that it touches: Go.Data saves them in several steps, so never two writes that touch one of them at the same time.
    pub people: Vec<String>,
}

/// A request that is made before a record can be written.
#[derive(Debug)]
pub struct Step {
    pub path: Vec<String>,
    pub body: Value,
}

impl Address {
    pub fn segments(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }
}

/// A record of a batch with its address.
#[derive(Debug)]
pub struct Addressed<'b> {
    pub position: usize,
    pub write: &'b Write,
    pub address: Address,
}

/// The addresses of a batch; a record that has none gets its outcome.
pub async fn of(place: &Place<'_>, batch: &[Write]) -> Result<Vec<Result<Address, Written>>, Error> {
    match place.resource.role {
        Role::Person(kind) => Ok(batch.iter().map(|write| person(place, write, kind)).collect()),
        Role::Relationship => relationship::addresses(place, batch).await,
        Role::Child(kind) => child::addresses(place, kind, batch).await,
        Role::Place | Role::Item | Role::Token | Role::Plain => Ok(batch.iter().map(|write| own(place, write)).collect()),
    }
}

fn own(place: &Place<'_>, write: &Write) -> Result<Address, Written> {
    let list = [place.resource.name.to_owned()];
    let path = match (&write.id, write.action) {
        (_, Action::Create) => list.to_vec(),
        (Some(id), _) => list.into_iter().chain([id.clone()]).collect(),
        (None, action) => {
            let message = format!("{action:?} without an id");
            return Err(Written::Failed(Error::bug(network::UNEXPECTED_ANSWER, message)));
        }
    };
    Ok(Address { path, ..Address::default() })
}

/// Someone who stands elsewhere is brought here first. What is to be deleted is not: it is another record by now.
fn person(place: &Place<'_>, write: &Write, here: PersonKind) -> Result<Address, Written> {
    let mut address = own(place, write)?;
    let Some(lift) = write.id.as_deref().and_then(|id| place.lifts.of(id).map(|lift| lift.step(id, here))) else { return Ok(address) };
    if write.action == Action::Delete {
        let message = format!("the person is not in the list of {} any more, so it is not deleted", here.resource());
        return Err(Written::Refused(Cause::new(godata::OTHER_KIND, message)));
    }
    address.first = Some(vec![lift]);
    Ok(address)
}

/// The writes in groups that go one after the other: within one, a person is touched from one address only. An array below one person is one request, so
/// it may touch that person often.
pub fn waves<'w, 'b>(writes: &'w [Addressed<'b>]) -> Vec<Vec<&'w Addressed<'b>>> {
    let mut waves: Vec<Wave<'w, 'b>> = Vec::new();
    for one in writes {
        let wave = waves.iter().position(|wave| wave.fits(one)).unwrap_or_else(|| {
            waves.push(Wave::default());
            waves.len() - 1
        });
        waves[wave].add(one);
    }
    waves.into_iter().map(|wave| wave.members).collect()
}

#[derive(Default)]
struct Wave<'w, 'b> {
    /// From where each person is touched.
    touched: HashMap<&'w str, &'w [String]>,
    members: Vec<&'w Addressed<'b>>,
}

impl<'w, 'b> Wave<'w, 'b> {
    fn fits(&self, one: &Addressed<'b>) -> bool {
        one.address.people.iter().all(|person| self.touched.get(person.as_str()).is_none_or(|path| *path == one.address.path))
    }

    fn add(&mut self, one: &'w Addressed<'b>) {
        self.touched.extend(one.address.people.iter().map(|person| (person.as_str(), one.address.path.as_slice())));
        self.members.push(one);
    }
}

#[cfg(test)]
mod tests {
    use kivuko_core::connector::Key;
    use serde_json::Value;

    use super::*;

    #[test]
    fn no_person_is_touched_from_two_addresses_at_a_time() {
        let write = Write { action: Action::Create, key: Key(Vec::new()), id: None, body: Value::Null.into(), parent: None };
        let check = |given: &[(&str, &[&str])], expected: &[&[usize]]| {
            let writes: Vec<Addressed<'_>> = given
                .iter()
                .enumerate()
                .map(|(position, (path, people))| {
                    let people = people.iter().map(|person| (*person).to_owned()).collect();
                    let address = Address { path: vec![(*path).to_owned()], people, ..Address::default() };
                    Addressed { position, write: &write, address }
                })
                .collect();
            let found: Vec<Vec<usize>> = waves(&writes).iter().map(|wave| wave.iter().map(|one| one.position).collect()).collect();
            assert_eq!(found, expected, "{given:?}");
        };
        check(&[("cases", &[]), ("cases", &[])], &[&[0, 1]]);
        check(&[("a", &["A", "X"]), ("a", &["A", "Y"]), ("b", &["B", "Z"])], &[&[0, 1, 2]]);
        check(&[("a", &["A", "X"]), ("b", &["B", "X"]), ("b", &["B", "Y"])], &[&[0, 2], &[1]]);
    }
}
