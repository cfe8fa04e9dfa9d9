//! The target asked before anything is read: `check --online` holds the sheet against the data set, and who adds to a crosswalk hears whether the org unit is there.

use std::collections::BTreeMap;
use std::sync::Arc;

use kivuko_core::catalogue::aggregate;
use kivuko_core::error::{Cause, Error};
use kivuko_core::flow::Flow;
use kivuko_core::numbers::Frame;

use crate::engine::Engine;
use crate::run::target_spec;

impl Engine {
    /// Everything of an aggregate sheet that does not fit the data set which it is counted into; nothing for other flows.
    pub(crate) async fn misfits(&self, flow: &Flow, target: &dyn kivuko_core::connector::Target) -> Result<Vec<Cause>, Error> {
        let Some(own) = &flow.aggregate else { return Ok(Vec::new()) };
        let (frame, places) = self.frame_of(flow, target).await?;
        Ok(own.bind(&frame, &self.codes_of(flow).await?, places.as_ref()).err().unwrap_or_default())
    }

    /// The org units that a new row of a code map names, each with a flow that counts by them: none where no flow does.
    pub fn org_units_among<'r>(&self, name: &str, cells: &[(&str, &'r str)]) -> Result<Vec<(Arc<Flow>, &'r str)>, Error> {
        let (map, _) = self.code_map(name)?;
        let named = |flow: &Arc<Flow>| {
            let crosswalk = flow.aggregate.as_ref()?.org_unit.crosswalk.as_ref().filter(|crosswalk| crosswalk.map == name)?;
            let column = crosswalk.org_units(map);
            let (_, written) = cells.iter().find(|(given, _)| given.trim().eq_ignore_ascii_case(column))?;
            let written = written.trim();
            let says_what = ["", "*", "reject", "keep", "drop"].contains(&written);
            (!says_what).then(|| (Arc::clone(flow), written))
        };
        Ok(self.project.flows.values().filter_map(named).collect())
    }

    /// Whether these are org units of the target. The systems that could not be asked, and why.
    ///
    /// # Errors
    /// One of them is none: with the nearest.
    pub async fn check_org_units(&self, named: &[(Arc<Flow>, &str)]) -> Result<BTreeMap<String, Cause>, Error> {
        let mut silent = BTreeMap::new();
        for (flow, written) in named {
            let system = &flow.to.system;
            if silent.contains_key(system) {
                continue;
            }
            match self.frame_there(flow).await {
                Ok(frame) if frame.units.find(written).one().is_none() => {
                    let near = frame.units.near(written).map(|near| format!(" ({near})")).unwrap_or_default();
                    let message = format!("{system} has no org unit `{written}`{near}; the flow `{}` counts by it", flow.name);
                    return Err(Error::configuration(aggregate::UNKNOWN_ORG_UNIT, message));
                }
                Ok(_) => {}
                Err(error) => _ = silent.insert(system.clone(), error.cause),
            }
        }
        Ok(silent)
    }

    async fn frame_there(&self, flow: &Flow) -> Result<Arc<Frame>, Error> {
        let target = self.system(&flow.to.system)?.target(&target_spec(flow, &flow.to.records[0]))?;
        target.prepare().await?;
        Ok(self.frame_of(flow, &*target).await?.0)
    }
}
