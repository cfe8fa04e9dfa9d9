//! What the systems and files hold at a point of a scenario, and what was sent to them.

use std::collections::BTreeMap;

use kivuko_sims::godata::Options;
use kivuko_sims::log::Log;
use serde_json::{Value, json};

use crate::Telling;
use crate::support::stored::missing;
use crate::support::{columns, numbers, stored};
use crate::words::{list, plain};

impl Telling {
    /// Everything that DHIS2 holds: each number by its name, and no other.
    pub(super) fn values(&self, what: &Value) -> Result<(), String> {
        let found = numbers::values(self.world.hmis());
        let expected: BTreeMap<String, String> =
            what.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), plain(value))).collect();
        let lines = |here: &BTreeMap<String, String>, there: &BTreeMap<String, String>| {
            let differing = here.iter().filter(|one| there.get(one.0) != Some(one.1));
            differing.map(|(name, value)| ["\n    ", name, ": ", value].concat()).collect::<Vec<_>>().concat()
        };
        if found == expected {
            return Ok(());
        }
        Err(format!("DHIS2 holds{}\n  in the place of{}", lines(&found, &expected), lines(&expected, &found)))
    }

    /// How many numbers were written since the last time that this was asked, by the simulator's own book; or which, and how often each.
    pub(super) fn written(&self, what: &Value) -> Result<(), String> {
        let dhis2 = self.world.hmis();
        let written: BTreeMap<String, usize> = numbers::written(dhis2).into_iter().map(|(name, changes)| (name, changes.len())).collect();
        dhis2.clear_data_writes();
        let found = if what.is_u64() { json!(written.values().sum::<usize>()) } else { json!(written) };
        if found == *what { Ok(()) } else { Err(format!("expected {what} numbers to be written, DHIS2 wrote {}", json!(written))) }
    }

    pub(super) fn complete(&self, what: &Value) -> Result<(), String> {
        let found = json!(numbers::complete(self.world.hmis()));
        if found == *what { Ok(()) } else { Err(format!("expected to be complete: {what}, DHIS2 has {found}")) }
    }

    /// The org units of DHIS2: for each code the fields as they must be, `null` when there is none; `count`: how many there are.
    pub(super) fn units(&self, what: &Value) -> Result<(), String> {
        let dhis2 = self.world.hmis();
        let all: Vec<Value> = dhis2.objects("organisationUnits");
        for (code, expected) in what.as_object().into_iter().flatten() {
            let found: Vec<&Value> = all.iter().filter(|unit| unit["code"] == *code).collect();
            let wrong = match (code.as_str(), found.as_slice()) {
                ("count", _) if json!(all.len()) == *expected => None,
                ("count", _) => Some(format!("expected {expected} org units, DHIS2 has {}", all.len())),
                (_, []) if expected.is_null() => None,
                (_, [one]) if !expected.is_null() => {
                    let mut one = (*one).clone();
                    // Called as people call it.
                    let parent = one["parent"]["id"].as_str().and_then(|id| dhis2.object("organisationUnits", id));
                    one["parent"] = parent.map(|parent| parent["name"].clone()).unwrap_or_default();
                    missing(&one, expected, code)
                }
                (_, found) => Some(format!("DHIS2 has {} org units with the code {code}", found.len())),
            };
            if let Some(wrong) = wrong {
                return Err(wrong);
            }
        }
        Ok(())
    }

    /// Where the places of Go.Data lie: for each name that of the place around it; `~`: it has none.
    pub(super) fn tree(&self, what: &Value) -> Result<(), String> {
        let places = stored::records(&self.world.sim, "location");
        for (name, expected) in what.as_object().into_iter().flatten() {
            let named: Vec<&Value> = places.iter().filter(|place| place["name"] == *name).collect();
            let [place] = named.as_slice() else { return Err(format!("Go.Data has {} places called {name}", named.len())) };
            let around = places.iter().find(|other| other["id"] == place["parentLocationId"]);
            let around = around.map(|place| place["name"].clone()).unwrap_or_default();
            if around != *expected {
                return Err(format!("expected {name} in {expected}, it lies in {around}"));
            }
        }
        Ok(())
    }

    /// What a file of the project holds, row for row; its rows in the order of the alphabet, since a new one stands where it came.
    pub(super) fn file(&self, what: &Value) -> Result<(), String> {
        let sorted = |text: &str| {
            let mut rows: Vec<String> = text.lines().map(str::to_owned).collect();
            let from = rows.len().min(1);
            rows[from..].sort();
            rows
        };
        for (name, expected) in what.as_object().into_iter().flatten() {
            let found = std::fs::read_to_string(self.world.path(name)).map_err(|error| format!("{name}: {error}"))?;
            if sorted(&found) != sorted(expected.as_str().ok_or("a file is a text")?) {
                return Err(format!("{name} holds\n{found}"));
            }
        }
        Ok(())
    }

    /// What a CSV of the project holds in the columns that are named, whatever the order of its rows.
    pub(super) fn columns(&self, what: &Value) -> Result<(), String> {
        for (name, expected) in what.as_object().into_iter().flatten() {
            let found = std::fs::read(self.world.path(name)).map_err(|error| format!("{name}: {error}"))?;
            columns::compare(name, &found, expected.as_str().ok_or("a file is a text")?)?;
        }
        Ok(())
    }

    /// What Go.Data holds: a number of cases, or for each external number the fields as they must be.
    pub(super) fn holds(&self, what: &Value) -> Result<(), String> {
        let cases = json!(self.world.sim.state().cases(Options::OUTBREAK));
        let living: Vec<&Value> = list(&cases).iter().filter(|case| case["deleted"] != json!(true)).collect();
        for (number, expected) in what.as_object().into_iter().flatten() {
            if number == "cases" {
                if json!(living.len()) != *expected {
                    return Err(format!("expected {expected} cases, Go.Data holds {}", living.len()));
                }
                continue;
            }
            let own: Vec<_> =
                living.iter().filter(|case| list(&case["documents"]).iter().any(|document| document["number"] == *number)).collect();
            let [case] = own.as_slice() else { return Err(format!("Go.Data holds {} cases with the number {number}", own.len())) };
            if let Some(difference) = missing(case, expected, number) {
                return Err(difference);
            }
        }
        Ok(())
    }

    /// What Go.Data stores of any kind of record.
    pub(super) fn stored(&self, what: &Value) -> Result<(), String> {
        for (kind, expected) in what.as_object().into_iter().flatten() {
            stored::compare(kind, &stored::records(&self.world.sim, kind), expected)?;
        }
        Ok(())
    }
}

/// What was sent since the last time that this was asked, by the simulator's own log.
pub fn sent(log: &Log, what: &Value) -> Result<(), String> {
    for (name, expected) in what.as_object().into_iter().flatten() {
        let found = match name.as_str() {
            "writes" => log.writes().len(),
            "records" => log.writes().iter().map(|entry| entry.records).sum(),
            "logins" => log.count("POST", "/api/users/login"),
            other => {
                let (method, path) = other.split_once(' ').ok_or_else(|| format!("`{other}` is not METHOD PATH"))?;
                log.count(method, path)
            }
        };
        if json!(found) != *expected {
            return Err(format!("expected {name}: {expected}, the simulator's log has {found}"));
        }
    }
    log.clear();
    Ok(())
}
