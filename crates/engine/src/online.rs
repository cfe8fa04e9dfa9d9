//! What `check --online` asks: each system whether it answers, and each target whether its flow can work.

use kivuko_core::connector::Health;
use kivuko_core::error::{Cause, Error};
use serde::Serialize;

use crate::engine::Engine;
use crate::run::target_spec;

/// What a system or a flow came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    /// `system godata`, `flow cases`.
    pub what: String,
    pub health: Option<Health>,
    /// What will not work.
    pub wrong: Vec<Cause>,
}

impl Engine {
    /// Asks everything that a run would need. Changes nothing.
    pub async fn check_online(&self) -> Vec<Checked> {
        let mut checked = Vec::new();
        for name in self.project.systems.keys() {
            checked.push(match self.test(name).await {
                Ok(health) => Checked { what: format!("system {name}"), health: Some(health), wrong: Vec::new() },
                Err(error) => Checked { what: format!("system {name}"), health: None, wrong: vec![error.cause] },
            });
        }
        for name in self.project.flows.keys() {
            let wrong = self.check_flow(name).await.unwrap_or_else(|error| vec![error.cause]);
            checked.push(Checked { what: format!("flow {name}"), health: None, wrong });
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
