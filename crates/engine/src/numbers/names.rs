//! What the ids of numbers are called. A run puts it down when the data set or the places have changed, so that `runs cell` shows names without asking anybody.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kivuko_core::error::Error;
use kivuko_core::numbers::{Frame, Named};
use kivuko_core::store::Store;

/// What the data elements, org units and option combinations of a flow's numbers are called, by their ids; of a flow that has not run, nothing.
///
/// # Errors
/// The store cannot be read.
pub async fn names_of_cells(store: &dyn Store, flow: &str) -> Result<BTreeMap<String, String>, Error> {
    let kept = store.session(&key(flow)).await?;
    Ok(kept.and_then(|kept| serde_json::from_str(&kept.value).ok()).unwrap_or_default())
}

/// Puts down what the ids of a data set are called; whatever is not `news` only where nothing is put down yet.
pub(super) async fn put_names(store: &dyn Store, flow: &str, frame: &Frame, news: bool, at: Timestamp) -> Result<(), Error> {
    let key = key(flow);
    if !news && store.session(&key).await?.is_some() {
        return Ok(());
    }
    let option_combos = frame.combos.values().flat_map(|combo| &combo.option_combos).map(|combo| &combo.named);
    // Numbers lie only at org units that have the data set.
    let units = frame.assigned.iter().filter_map(|id| frame.units.get(id)).map(|unit| &unit.named);
    let named = frame.elements.iter().map(|element| &element.named).chain(option_combos).chain(units);
    let names: BTreeMap<&str, &str> = named.map(|Named { id, name, .. }| (id.as_str(), name.as_str())).collect();
    let text = serde_json::to_string(&names).expect("texts become JSON");
    store.put_session(&key, &text, at).await?;
    Ok(())
}

fn key(flow: &str) -> String {
    format!("what the numbers of {flow} are called")
}
