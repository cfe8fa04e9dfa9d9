//! `check --online`: the sheet held against the data set, before anything is read.

use kivuko_core::error::{Cause, Error};
use kivuko_core::flow::Flow;

use crate::engine::Engine;

impl Engine {
    /// Everything of an aggregate sheet that does not fit the data set which it is counted into; nothing for other flows.
    pub(crate) async fn misfits(&self, flow: &Flow, target: &dyn kivuko_core::connector::Target) -> Result<Vec<Cause>, Error> {
        let Some(own) = &flow.aggregate else { return Ok(Vec::new()) };
        let (frame, places) = self.frame_of(flow, target).await?;
        Ok(own.bind(&frame, &self.codes_of(flow).await?, places.as_ref()).err().unwrap_or_default())
    }
}
