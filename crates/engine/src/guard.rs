//! The identity guard: a store remembers which system is behind a name, and stops when another one answers there.

use kivuko_core::catalogue::run as codes;
use kivuko_core::connector::Identity;
use kivuko_core::error::Error;

use crate::engine::Engine;

impl Engine {
    /// Compares a system with the one that the store remembers; the first one met is remembered.
    pub(crate) async fn guard(&self, name: &str) -> Result<(), Error> {
        let Some(found) = self.system(name)?.identity().await? else { return Ok(()) };
        match self.store.identity(name).await? {
            Some(known) if known.id == found.id => Ok(()),
            Some(known) => Err(Error::configuration(
                codes::IDENTITY_CHANGED,
                format!(
                    "behind the name `{name}` is now {} and no longer {}; correct the address, or, if it was really replaced: kivuko systems adopt {name}",
                    found.label, known.label
                ),
            )),
            None => self.store.adopt(name, &found, &[], self.clock.now()).await,
        }
    }

    /// Takes over the system that is behind a name now. What it was before, if it was another one; what was known of that one is forgotten, so that the
    /// next run of each flow reads everything again and finds by key what is there already.
    pub async fn adopt(&self, name: &str) -> Result<(Option<Identity>, Option<Identity>), Error> {
        let Some(found) = self.system(name)?.identity().await? else { return Ok((None, None)) };
        let before = self.store.identity(name).await?.filter(|known| known.id != found.id);
        let flows = self.project.flows.values().filter(|flow| flow.from.system == name || flow.to.system == name);
        let forget: Vec<String> = flows.map(|flow| flow.name.clone()).collect();
        self.store.adopt(name, &found, &forget, self.clock.now()).await?;
        Ok((before, Some(found)))
    }
}
