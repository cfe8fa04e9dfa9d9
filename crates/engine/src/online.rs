//! What `check --online` asks: each system whether it answers, and each target whether its flow can work.

use kivuko_core::connector::Health;
use kivuko_core::error::{Cause, Error};
use serde::Serialize;

use crate::engine::Engine;
use crate::report::exit_code;
use crate::run::target_spec;

/// What a system or a flow came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    /// `system godata`, `flow cases`.
    pub what: String,
    pub health: Option<Health>,
    /// What will not work.
    pub wrong: Vec<Cause>,
    /// The exit code of it: 3 when a system could not be reached or refused us.
    pub exit_code: u8,
}

impl Checked {
    /// What could not be asked.
    pub fn failed(what: String, error: Error) -> Self {
        Self { what, health: None, exit_code: exit_code(&error), wrong: vec![error.cause] }
    }
}

impl Engine {
    /// Asks everything that a run would need. Changes nothing.
    pub async fn check_online(&self) -> Vec<Checked> {
        let mut checked = Vec::new();
        for name in self.project.systems.keys() {
            checked.push(match self.test(name).await {
                Ok(health) => Checked { what: format!("system {name}"), health: Some(health), wrong: Vec::new(), exit_code: 0 },
                Err(error) => Checked::failed(format!("system {name}"), error),
            });
        }
        for name in self.project.flows.keys() {
            checked.push(match self.check_flow(name).await {
                Ok(wrong) => {
                    let exit_code = if wrong.is_empty() { 0 } else { 2 };
                    Checked { what: format!("flow {name}"), health: None, wrong, exit_code }
                }
                Err(error) => Checked::failed(format!("flow {name}"), error),
            });
        }
        checked
    }

    /// Reaches one system and logs in.
    pub async fn test(&self, name: &str) -> Result<Health, Error> {
        self.system(name)?.test().await
    }

    async fn check_flow(&self, name: &str) -> Result<Vec<Cause>, Error> {
        let flow = self.flow(name)?;
        let system = self.system(&flow.to.system)?;
        let mut wrong = Vec::new();
        for target in &flow.to.records {
            wrong.extend(system.target(&target_spec(&flow, target))?.prepare().await?);
        }
        Ok(wrong)
    }
}
