//! What a plan would change: parts that go and parts that come, by cell. A run puts the same down in the store instead.

use std::collections::HashMap;

use kivuko_core::cells::{CellNumber, CountedPart};

/// Parts that go and parts that come.
#[derive(Debug, Default)]
pub(crate) struct Changes(HashMap<CellNumber, Change>);

/// Of one cell.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub gone: Vec<String>,
    pub new: Vec<String>,
}

impl Changes {
    /// What a record counted for goes, and what it counts for now comes.
    pub fn replace(&mut self, before: &[CountedPart], after: &[CountedPart]) {
        for CountedPart(cell, part) in before {
            self.0.entry(*cell).or_default().gone.push(part.clone());
        }
        for CountedPart(cell, part) in after {
            self.0.entry(*cell).or_default().new.push(part.clone());
        }
    }

    pub fn of(&self, cell: CellNumber) -> Option<&Change> {
        self.0.get(&cell)
    }

    /// A cell is looked at although nothing of it changes.
    pub fn touch(&mut self, cell: CellNumber) {
        self.0.entry(cell).or_default();
    }

    /// The cells that change, in the order of their numbers.
    pub fn cells(&self) -> Vec<CellNumber> {
        let mut cells: Vec<CellNumber> = self.0.keys().copied().collect();
        cells.sort_unstable();
        cells
    }
}
