//! The labels of a flow's source, asked for only where something in the flow uses them.
//!
//! They are read once, when a run begins. A label that someone changes is no change of the records that have its code: it arrives with their next change, or
//! when the cursor is rewound.

use kivuko_core::catalogue::record;
use kivuko_core::error::Error;
use kivuko_core::flow::Flow;
use kivuko_core::labels::Labels;

use crate::engine::Engine;

impl Engine {
    /// The labels that a flow needs; none when it uses none.
    pub(crate) async fn labels(&self, flow: &Flow) -> Result<Labels, Error> {
        let Some(language) = flow.label_language() else { return Ok(Labels::default()) };
        let labels = self.system(&flow.from.system)?.labels(language).await?;
        labels.ok_or_else(|| {
            let message =
                format!("the system `{}` has no labels, so the transform `label` has nothing to take them from", flow.from.system);
            Error::configuration(record::NO_LABELS_HERE, message)
        })
    }
}
