//! What a run told beside the counts of its account is kept with it, so that `runs show` tells what the screen told: marks of completeness, what was late, what was switched off and not deleted, and causes, also those that are of no
//! record. It goes with the outcomes of the run (`history: outcomes`).

use kivuko_core::error::Error;
use kivuko_core::store::{RunId, Store};
use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::report::{CauseGroup, NumbersReport, RunReport};

/// What a run told beside the counts of its account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// See [`RunReport::rows`].
    pub rows: Option<u64>,
    /// See [`RunReport::numbers`].
    pub numbers: Option<NumbersReport>,
    /// See [`RunReport::switched_off`].
    #[serde(default)]
    pub switched_off: u64,
    /// See [`RunReport::repeated`].
    #[serde(default)]
    pub repeated: u64,
    /// See [`RunReport::causes`].
    pub causes: Vec<CauseGroup>,
}

impl Told {
    /// What a report tells beside the counts of its account; numbers that are all 0 tell nothing, but that those were numbers which were rejected.
    pub fn of(report: &RunReport) -> Self {
        let is_told = |numbers: &NumbersReport| *numbers != NumbersReport::default() || report.counts.writes.rejected > 0;
        let numbers = report.numbers.filter(is_told);
        Self { rows: report.rows, numbers, switched_off: report.switched_off, repeated: report.repeated, causes: report.causes.clone() }
    }
}

/// What a run told; `None` of one that had nothing to tell, that was cut off, or whose outcomes are no longer kept; or of one of
/// another version of Kivuko that put it down in another way.
///
/// # Errors
/// The store cannot be read.
pub async fn told(store: &dyn Store, run: RunId) -> Result<Option<Told>, Error> {
    let kept = store.session(&run.told_key()).await?;
    Ok(kept.and_then(|kept| serde_json::from_str(&kept.value).ok()))
}

impl Engine {
    /// Keeps what a run that has ended told.
    pub(crate) async fn keep_told(&self, report: &RunReport) {
        let told = Told::of(report);
        if told == Told::default() {
            return;
        }
        let text = serde_json::to_string(&told).expect("texts and counts become JSON");
        if let Err(error) = self.store.put_session(&report.run.told_key(), &text, self.clock.now()).await {
            // The run is over and accounted for; what became of each record is with its outcomes.
            tracing::warn!(code = %error.cause.code, flow = %report.flow, "what the run told could not be kept");
        }
    }
}
