//! What happens to the world of a scenario: its files, and what people do in Go.Data and in DHIS2.

use kivuko_sims::faults;
use kivuko_sims::godata::{Options, Pace};
use serde_json::{Value, json};

use crate::Telling;
use crate::support::{numbers, shuffle, stored};
use crate::words::{list, merge, plain, text};

impl Telling {
    /// A file of many rows: `{ FILE: { head: ..., row: "C-{n},...", from: 1, to: 300 } }`.
    pub(super) fn rows(&self, what: &Value) -> Result<(), String> {
        for (file, made) in what.as_object().into_iter().flatten() {
            let (head, row) = (text(made, "head")?, text(made, "row")?);
            let (Some(from), Some(to)) = (made["from"].as_u64(), made["to"].as_u64()) else {
                return Err("rows go `from` a number `to` a number".to_owned());
            };
            let rows: String = (from..=to).map(|number| row.replace("{n}", &number.to_string()) + "\n").collect();
            self.world.write(file, &format!("{head}\n{rows}"));
        }
        Ok(())
    }

    /// Replaces a text in a file of the project: `{ file: ..., this: ..., by: ... }`.
    pub(super) fn replace(&self, what: &Value) -> Result<(), String> {
        let (file, this, by) = (text(what, "file")?, text(what, "this")?, text(what, "by")?);
        let path = self.world.path(file);
        let before = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
        if !before.contains(this) {
            return Err(format!("{file} does not contain `{this}`"));
        }
        std::fs::write(path, before.replace(this, by)).map_err(|error| error.to_string())
    }

    /// Other orders of files: `{ FILE: seed }`.
    pub(super) fn shuffle(&self, what: &Value) -> Result<(), String> {
        for (file, seed) in what.as_object().into_iter().flatten() {
            let path = self.world.path(file);
            let before = std::fs::read_to_string(&path).map_err(|error| format!("{file}: {error}"))?;
            let seed = seed.as_u64().ok_or("a seed is a number")?;
            std::fs::write(path, shuffle::text(file, &before, seed)).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Other names of files: `{ OLD: NEW }`; a file without a new name is removed.
    pub(super) fn rename(&self, what: &Value) -> Result<(), String> {
        for (old, new) in what.as_object().into_iter().flatten() {
            let path = self.world.path(old);
            let done = match new.as_str() {
                Some(new) => std::fs::rename(path, self.world.path(new)),
                None => std::fs::remove_file(path),
            };
            done.map_err(|error| format!("{old}: {error}"))?;
        }
        Ok(())
    }

    /// What a person does in Go.Data.
    pub(super) fn godata(&self, what: &Value) -> Result<(), String> {
        let sim = &self.world.sim;
        for (deed, detail) in what.as_object().into_iter().flatten() {
            match deed.as_str() {
                "insert" => {
                    let mut person = detail.clone();
                    let list = person.as_object_mut().and_then(|person| person.remove("list"));
                    let list = list.as_ref().and_then(Value::as_str).unwrap_or("cases").to_owned();
                    sim.insert(Options::OUTBREAK, &list, person);
                }
                "relate" => {
                    let (source, target) = (self.id_of(text(detail, "source")?)?, self.id_of(text(detail, "target")?)?);
                    sim.relate(&source, json!({ "persons": [{ "id": target }], "contactDate": detail["contactDate"] }));
                }
                "convert" => sim.convert(&self.id_of(text(detail, "who")?)?, text(detail, "to")?),
                "merge" => {
                    let ids: Result<Vec<String>, String> =
                        list(&detail["people"]).iter().map(|name| self.id_of(name.as_str().unwrap_or_default())).collect();
                    let ids = ids?;
                    sim.merge(&ids.iter().map(String::as_str).collect::<Vec<_>>(), detail["into"].clone());
                }
                "forget" => sim.forget(&self.id_of(detail.as_str().unwrap_or_default())?),
                "restore" => sim.restore(&self.id_of(detail.as_str().unwrap_or_default())?),
                "edit" => {
                    let id = self.id_of(text(detail, "case")?)?;
                    let set = detail["set"].clone();
                    sim.edit(&id, move |case| merge(case, &set));
                }
                "place" => {
                    let mut place = detail.clone();
                    let around = place.as_object_mut().and_then(|place| place.remove("in"));
                    let called = place.as_object_mut().and_then(|place| place.remove("called"));
                    if let Some(name) = called {
                        let places = stored::records(sim, "location");
                        let called = places.iter().find(|place| place["name"] == name).ok_or_else(|| format!("there is no {name}"))?;
                        place["id"] = called["id"].clone();
                    }
                    if let Some(name) = around {
                        let places = stored::records(sim, "location");
                        let around = places.iter().find(|place| place["name"] == name).ok_or_else(|| format!("there is no {name}"))?;
                        place["parentLocationId"] = around["id"].clone();
                    }
                    sim.put_location(place);
                }
                "delete" => sim.delete(&self.id_of(detail.as_str().unwrap_or_default())?),
                "backup" if detail == "places" => {
                    *self.backup.lock().map_err(|error| error.to_string())? = sim.state().collection("location");
                }
                "put_back" if detail == "places" => {
                    sim.put_back_locations(&self.backup.lock().map_err(|error| error.to_string())?);
                }
                "empty" if detail == "places" => sim.put_back_locations(&[]),
                "expire_tokens" => sim.expire_tokens(),
                "slow_imports" => {
                    let polls = detail.as_u64().and_then(|polls| usize::try_from(polls).ok()).ok_or("imports are slow by a number")?;
                    sim.set_pace(Pace { polls, late: polls > 0, ..Pace::default() });
                }
                "break_import_after" => {
                    sim.break_import_after(detail.as_u64().and_then(|rows| usize::try_from(rows).ok()).unwrap_or_default());
                }
                "restart" => sim.restart_jobs(),
                _ => return Err(format!("nobody can `{deed}` in Go.Data here")),
            }
        }
        Ok(())
    }

    /// A person imports a file of the project in Go.Data, which takes it as a whole.
    pub(super) fn imported(&self, what: &Value) -> Result<(), String> {
        let file = std::fs::read_to_string(self.world.path(text(what, "file")?)).map_err(|error| error.to_string())?;
        let imported = self.world.sim.import_locations(&file).map_err(|body| format!("Go.Data refuses the file: {body}"))?;
        let expected = &what["locations"];
        if *expected == imported.len() {
            Ok(())
        } else {
            Err(format!("expected {expected} locations in the file, there are {}", imported.len()))
        }
    }

    /// What happens to DHIS2: other `metadata`, `settings`, `faults`, what somebody enters.
    pub(super) fn dhis2(&self, what: &Value) -> Result<(), String> {
        let dhis2 = self.world.hmis();
        for (deed, detail) in what.as_object().into_iter().flatten() {
            match deed.as_str() {
                "metadata" => dhis2.put_metadata(detail),
                "enter" => detail.as_object().into_iter().flatten().for_each(|(name, value)| numbers::enter(dhis2, name, &plain(value))),
                "complete" => detail
                    .as_object()
                    .into_iter()
                    .flatten()
                    .for_each(|(name, completed)| numbers::complete_data_set(dhis2, name, completed.as_bool())),
                "approve" => list(detail).iter().filter_map(Value::as_str).for_each(|name| numbers::approve(dhis2, name)),
                "settings" => detail.as_object().into_iter().flatten().for_each(|(key, value)| dhis2.set_setting(key, value.clone())),
                "faults" => dhis2.set_faults(faults::parse(&detail.to_string()).map_err(|error| error.to_string())?),
                "edit" => {
                    // A moment later than what was written before.
                    dhis2.clock().advance(std::time::Duration::from_secs(1));
                    for (kind, edits) in detail.as_object().into_iter().flatten() {
                        for (code, set) in edits.as_object().into_iter().flatten() {
                            let found = dhis2.objects(kind).into_iter().find(|object| object["code"] == *code);
                            let mut object = found.ok_or_else(|| format!("DHIS2 has none of {kind} with the code {code}"))?;
                            merge(&mut object, set);
                            for stamp in ["lastUpdated", "lastUpdatedBy"] {
                                object.as_object_mut().and_then(|object| object.remove(stamp));
                            }
                            dhis2.put_metadata(&json!({ kind: [object] }));
                        }
                    }
                }
                "empty" if detail == "numbers" => dhis2.lose_data(),
                "empty" => {
                    // All but the one at the top, to which accounts belong.
                    let units = dhis2.objects("organisationUnits");
                    for unit in units.iter().filter(|unit| detail == "places" && !unit["parent"].is_null()) {
                        dhis2.remove("organisationUnits", text(unit, "id")?);
                    }
                }
                "remove" => {
                    for (kind, ids) in detail.as_object().into_iter().flatten() {
                        list(ids).iter().filter_map(Value::as_str).for_each(|id| dhis2.remove(kind, id));
                    }
                }
                _ => return Err(format!("nobody can `{deed}` in DHIS2 here")),
            }
        }
        Ok(())
    }

    /// The id of the person with this external number or visual id, or with this id.
    pub(super) fn id_of(&self, number: &str) -> Result<String, String> {
        if self.world.sim.state().person(number).is_some() {
            return Ok(number.to_owned());
        }
        list(&json!(self.world.sim.state().people()))
            .iter()
            .find(|case| case["visualId"] == number || list(&case["documents"]).iter().any(|document| document["number"] == number))
            .and_then(|case| case["id"].as_str().map(str::to_owned))
            .ok_or_else(|| format!("Go.Data has no case {number}"))
    }
}
