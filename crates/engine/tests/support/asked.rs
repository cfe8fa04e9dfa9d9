//! What a person asks of a flow that counts: what a plan would change, which records are behind a number, whether a flow fits its data set.

use std::collections::BTreeMap;
use std::sync::Mutex;

use kivuko_core::cells::{CellFilter, CellNumber};
use kivuko_core::connector::Action;
use kivuko_core::store::RunId;
use kivuko_engine::{Planned, Watch, counted_by_now};
use serde_json::{Value, json};

use super::{World, numbers};

/// The numbers that a plan would change: `2 > 3`, `- > 1`, `1 > -`.
#[derive(Default)]
pub struct Shown(Mutex<Vec<(String, String)>>);

impl Watch for Shown {
    fn planned(&self, planned: &Planned) {
        let value = |body: &Value| body["value"].as_str().unwrap_or("-").to_owned();
        if planned.action.is_some() {
            let change = format!("{} > {}", value(&planned.before), value(&planned.body));
            self.0.lock().expect("nobody panics here").push((planned.source_id.clone(), change));
        }
    }
}

impl Shown {
    /// What would be written, in the order in which the plan lists it.
    pub fn in_order(&self, world: &World) -> Vec<String> {
        self.0.lock().expect("nobody panics here").iter().map(|(id, _)| name_of(world, id)).collect()
    }

    pub fn by_name(self, world: &World) -> Value {
        let shown = self.0.into_inner().expect("nobody panics here");
        json!(shown.into_iter().map(|(id, change)| (name_of(world, &id), change)).collect::<BTreeMap<_, _>>())
    }
}

/// The name of a number in a world with DHIS2; of anything else its identity.
pub fn name_of(world: &World, id: &str) -> String {
    world.dhis2.as_ref().map_or_else(|| id.to_owned(), |dhis2| numbers::name_of(dhis2, id))
}

/// The records behind numbers: `{ NUMBER: [source ids] }`, those of a flow.
pub async fn behind(world: &World, flow: &str, expected: &Value) -> Result<(), String> {
    let store = world.workspace().open_store().await.map_err(|error| error.to_string())?;
    let store = store as std::sync::Arc<dyn kivuko_core::store::Store>;
    let rows = store.cells(flow, &CellFilter::default(), CellNumber(-1), 10_000).await.map_err(|error| error.to_string())?;
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        let records = store.records_of_cell(row.number, "", 1_000).await.map_err(|error| error.to_string())?;
        if !records.is_empty() {
            found.insert(name_of(world, &row.cell.id()), records.into_iter().map(|record| record.source_id).collect());
        }
    }
    if json!(found) == *expected { Ok(()) } else { Err(format!("expected to be behind the numbers: {expected}, found {}", json!(found))) }
}

/// What records come to by now in numbers that are still to be sent: `{ NUMBER: VALUE }`.
pub async fn by_now(world: &World, flow: &str, expected: &Value) -> Result<(), String> {
    let engine = world.engine().await;
    let open = engine.store().cells(flow, &CellFilter { due: true, ..CellFilter::default() }, CellNumber(-1), 10_000).await;
    let open = open.map_err(|error| error.to_string())?;
    let flow = engine.flow(flow).map_err(|error| error.to_string())?;
    let own = flow.aggregate.as_ref().ok_or("the flow does not count")?;
    let counted = counted_by_now(&**engine.store(), own, &open.iter().collect::<Vec<_>>()).await.map_err(|error| error.to_string())?;
    let found: BTreeMap<String, &Option<String>> =
        open.iter().filter_map(|row| Some((name_of(world, &row.cell.id()), counted.get(&row.number)?))).collect();
    if json!(found) == *expected { Ok(()) } else { Err(format!("expected the records to come to {expected}, found {}", json!(found))) }
}

/// What `check --online` finds: `{ flow weekly: [codes] }`; what is sound is not named.
pub async fn check(world: &World, expected: &Value) -> Result<(), String> {
    let checked = world.engine().await.check_online().await;
    let wrong = checked.iter().filter(|checked| !checked.wrong.is_empty());
    let found: BTreeMap<&str, Vec<String>> =
        wrong.map(|checked| (checked.what.as_str(), checked.wrong.iter().map(|cause| cause.code.to_string()).collect())).collect();
    if json!(found) == *expected {
        return Ok(());
    }
    let said: Vec<String> = checked.iter().flat_map(|checked| &checked.wrong).map(|cause| cause.message.clone()).collect();
    Err(format!("expected `check --online` to find {expected}, it finds {}: {said:?}", json!(found)))
}

/// What taking a run back would do to each number: `delete`, `deactivate`, `restore`, or the code with which it is left, with the message where that is expected.
pub async fn would_revert(world: &World, run: RunId, expected: &Value) -> Result<(), String> {
    let planned = world.engine().await.plan_revert(run).await.map_err(|error| error.to_string())?;
    let word = |name: &str, one: &kivuko_engine::Reverted| match one.action {
        Some(Action::Delete) => "delete".to_owned(),
        Some(Action::Deactivate) => "deactivate".to_owned(),
        Some(_) => "restore".to_owned(),
        None => {
            let is_short = expected[name].as_str().is_none_or(|expected| !expected.contains(": "));
            one.cause.as_ref().map(|cause| if is_short { cause.code.to_string() } else { cause.to_string() }).unwrap_or_default()
        }
    };
    let named = |one: &kivuko_engine::Reverted| {
        let name = name_of(world, &one.source_id);
        let word = word(&name, one);
        (name, word)
    };
    let found: BTreeMap<String, String> = planned.iter().map(named).collect();
    if json!(found) == *expected {
        Ok(())
    } else {
        Err(format!("expected taking back to come to {expected}, it comes to {}", json!(found)))
    }
}

/// A person discards a rejection, named by its record or its number.
pub async fn discard(world: &World, name: &str) -> Result<(), String> {
    let store = world.workspace().open_store().await.map_err(|error| error.to_string())?;
    let store = store as std::sync::Arc<dyn kivuko_core::store::Store>;
    let rows = store.rejections(None, 1_000).await.map_err(|error| error.to_string())?;
    let row = rows.iter().find(|row| name_of(world, &row.source_id) == name).ok_or_else(|| format!("nothing is rejected of {name}"))?;
    let now = kivuko_core::clock::Clock::now(&*world.clock);
    match store.discard_rejections(&[row.id], "a scenario", now).await.map_err(|error| error.to_string())? {
        1 => Ok(()),
        other => Err(format!("{other} rejections were discarded")),
    }
}
