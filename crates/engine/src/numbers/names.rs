//! What numbers are called: their ids, and where each stands. A run puts the names of ids down when the data set or the places have changed, so that `runs cell` shows them without asking anybody.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::fast::RandomState;
use jiff::Timestamp;
use kivuko_core::cells::Cell;
use kivuko_core::error::Error;
use kivuko_core::numbers::{Frame, Named};
use kivuko_core::period::Period;
use kivuko_core::store::Store;

/// The names of a data set, by which its numbers are told.
#[derive(Debug)]
pub(crate) struct Called {
    frame: Arc<Frame>,
    /// What people call option combinations, by id; without the one that stands for "no categories".
    options: HashMap<String, String, RandomState>,
}

impl Called {
    pub fn of(frame: Arc<Frame>) -> Self {
        let combos = frame.combos.values().filter(|combo| !combo.is_default()).flat_map(|combo| &combo.option_combos);
        let options = combos.map(|combo| (combo.named.id.clone(), combo.named.name.clone())).collect();
        Self { frame, options }
    }

    /// Whether values of a data element, by its id, are numbers.
    pub fn is_numeric(&self, element: &str) -> bool {
        self.frame.elements.iter().any(|one| one.named.id == element && one.is_numeric())
    }

    /// What people call an org unit; its id where nobody knows.
    pub fn unit<'n>(&'n self, org_unit: &'n str) -> &'n str {
        self.frame.units.get(org_unit).map_or(org_unit, |unit| unit.named.name.as_str())
    }

    /// Where a number stands: what it is (its indicator), period, org unit, options.
    pub fn number(&self, what: &str, cell: &Cell) -> String {
        self.place(what, &cell.period, &cell.org_unit, [&cell.option_combo, &cell.attribute_option_combo])
    }

    /// The same of a number by its identity, under the name of its data element; `None` of what is none of the data set.
    pub fn by_id(&self, id: &str) -> Option<String> {
        let [element, period, org_unit, option_combo, attribute_option_combo] = Cell::parts_of_id(id)?;
        let element = self.frame.elements.iter().find(|one| one.named.id == element)?;
        Some(self.place(&element.named.name, period, org_unit, [option_combo, attribute_option_combo]))
    }

    fn place(&self, what: &str, period: &str, org_unit: &str, options: [&str; 2]) -> String {
        let mut place = format!("{what}, {period}, {}", self.unit(org_unit));
        for name in options.into_iter().filter_map(|id| self.options.get(id)) {
            place.push_str(", ");
            place.push_str(name);
        }
        place
    }
}

/// What the data elements, org units and option combinations of a flow's numbers are called, by their ids; of a flow that has not run, nothing.
///
/// # Errors
/// The store cannot be read.
pub async fn names_of_cells(store: &dyn Store, flow: &str) -> Result<BTreeMap<String, String>, Error> {
    let kept = store.session(&key(flow)).await?;
    Ok(kept.and_then(|kept| serde_json::from_str(&kept.value).ok()).unwrap_or_default())
}

/// Whether an identity is that of a number, by the names of its flow: its element and its options have one. (Of its org unit none is kept where that has lost the data set.)
pub fn is_number_named(names: &BTreeMap<String, String>, id: &str) -> bool {
    let Some([element, period, _, options @ ..]) = Cell::parts_of_id(id) else { return false };
    Period::parse(period).is_ok() && std::iter::once(element).chain(options).all(|part| names.contains_key(part))
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
