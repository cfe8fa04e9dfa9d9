//! What `check --online` asks: each system whether it answers, and each target whether its flow can work.

use std::collections::BTreeMap;
use std::sync::Arc;

use kivuko_core::catalogue::{file, sheet};
use kivuko_core::connector::{Health, SourceSpec, TargetSpec};
use kivuko_core::error::{Cause, Consequence, Error, nearest};
use kivuko_core::flow::Flow;
use serde::Serialize;

use crate::columns;
use crate::engine::Engine;
use crate::report::exit_code;
use crate::run::target_spec;

/// The exit code of what a system is the reason of: it could not be reached, or refused us.
const SYSTEM: u8 = 3;

/// What a system or a flow came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    /// `system godata`, `flow cases`, `crosswalk places`.
    pub what: String,
    pub health: Option<Health>,
    /// What will not work.
    pub wrong: Vec<Cause>,
    /// What could not be looked at yet, and why that is no mistake; a line each.
    pub later: Vec<String>,
    /// The exit code of it: 3 when a system could not be reached or refused us.
    pub exit_code: u8,
}

impl Checked {
    /// A system that answers.
    pub fn answered(what: String, health: Health) -> Self {
        Self { what, health: Some(health), wrong: Vec::new(), later: Vec::new(), exit_code: 0 }
    }

    /// What could not be asked.
    pub fn failed(what: String, error: Error) -> Self {
        Self { what, health: None, exit_code: exit_code(&error), wrong: vec![error.cause], later: Vec::new() }
    }
}

impl Engine {
    /// Asks everything that a run would need. Changes nothing. What needs a system that does not answer has the error of that system.
    pub async fn check_online(&self) -> Vec<Checked> {
        let mut checked = Vec::new();
        // Who does not let us in is not asked a second time: it would lock the account.
        let mut silent: BTreeMap<&str, Error> = BTreeMap::new();
        for name in self.project.systems.keys() {
            checked.push(match self.test(name).await {
                Ok(mut health) => {
                    self.leave_what_concerns_flows(name, &mut health);
                    Checked::answered(format!("system {name}"), health)
                }
                Err(error) => {
                    if exit_code(&error) == SYSTEM {
                        silent.insert(name, error.clone());
                    }
                    Checked::failed(format!("system {name}"), error)
                }
            });
        }
        for (name, flow) in &self.project.flows {
            let what = format!("flow {name}");
            if let Some(error) = [&flow.from.system, &flow.to.system].into_iter().find_map(|system| silent.get(system.as_str())) {
                checked.push(Checked::failed(what, error.clone()));
                continue;
            }
            let mut later = Vec::new();
            checked.push(match self.check_flow(name, &mut later).await {
                Ok(wrong) => {
                    let exit_code = if wrong.is_empty() { 0 } else { 2 };
                    Checked { what, health: None, wrong, later, exit_code }
                }
                Err(error) => Checked::failed(what, error),
            });
        }
        checked.extend(self.check_crosswalks(&silent).await);
        checked
    }

    /// Of the warnings of a system, those that concern what the flows do there. Of a system that no flow names nobody knows yet what it is for, and all are told.
    fn leave_what_concerns_flows(&self, system: &str, health: &mut Health) {
        let flows = || self.project.flows.values();
        let reads = |resource: &str| flows().any(|flow| flow.from.system == system && flow.from.resource == resource);
        let writes = |resource: &str| {
            let writes = |flow: &Flow| flow.to.system == system && flow.to.records.iter().any(|record| record.resource == resource);
            flows().any(|flow| writes(flow))
        };
        if flows().any(|flow| flow.from.system == system || flow.to.system == system) {
            health.warnings.retain(|warning| warning.concerns(reads, writes));
        }
    }

    /// Reaches one system and logs in.
    pub async fn test(&self, name: &str) -> Result<Health, Error> {
        self.system(name)?.test().await
    }

    /// Source fields that the sheet names and the source does not have: each record would come without them, and nobody would notice.
    async fn unknown_columns(&self, flow: &Flow) -> Result<Vec<Cause>, Error> {
        let from = &flow.from;
        let system = self.system(&from.system)?;
        let spec =
            SourceSpec { resource: from.resource.clone(), id: from.id.clone(), cursor: from.cursor.clone(), options: from.options.clone() };
        let source = system.source(&spec)?;
        // Read as the flow reads it: its own encoding, separator and header.
        if let Some(columns) = columns::of(&*source, &source.partitions().await?).await? {
            return Ok(columns::missing(flow, &columns));
        }
        self.unknown_fields(flow).await
    }

    /// The same of a source that says of its records as such which fields they have.
    pub(crate) async fn unknown_fields(&self, flow: &Flow) -> Result<Vec<Cause>, Error> {
        let described = self.system(&flow.from.system)?.describe().await?;
        let Some(resource) = described.iter().find(|resource| resource.name == flow.from.resource) else { return Ok(Vec::new()) };
        let fields: Vec<&str> = resource.fields.iter().map(|field| field.path.as_str()).collect();
        let top = |path: &str| path.split(['.', '[']).next().unwrap_or_default().to_owned();
        let known = |path: &str| fields.iter().any(|field| *field == path || top(field) == top(path));
        if fields.is_empty() {
            return Ok(Vec::new());
        }
        let unknown = flow.source_paths().into_iter().filter(|path| !path.starts_with('$') && !known(path));
        Ok(unknown
            .map(|path| {
                let near = nearest(&path, fields.iter().copied()).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                let message = format!("`{}` has no field `{path}`, so every record comes without it{near}", flow.from.resource);
                Cause::new(sheet::UNKNOWN_SOURCE_FIELD, message).cell(flow.mapping.file())
            })
            .collect())
    }

    /// The flow of the project that makes what this one reads, when none of them has made anything yet: then it is no mistake that it is missing.
    async fn made_by(&self, flow: &Flow) -> Result<Option<&str>, Error> {
        let makes = |other: &&Arc<Flow>| {
            other.to.system == flow.from.system && other.to.records.iter().any(|record| record.resource == flow.from.resource)
        };
        let mut maker = None;
        for other in self.project.flows.values().filter(makes) {
            if self.store.count_links(&other.name).await? > 0 {
                return Ok(None);
            }
            maker = maker.or(Some(other.name.as_str()));
        }
        Ok(maker)
    }

    /// Says of a file that is not there which flow of the project makes it.
    pub(crate) async fn tell_maker(&self, flow: &Flow, error: &mut Error) {
        if error.cause.code == file::FILE_MISSING
            && let Ok(Some(maker)) = self.made_by(flow).await
        {
            error.cause.message = format!("{}; it comes with the first run of the flow `{maker}`: run that before", error.cause.message);
        }
    }

    async fn check_flow(&self, name: &str, later: &mut Vec<String>) -> Result<Vec<Cause>, Error> {
        let flow = self.flow(name)?;
        let system = self.system(&flow.to.system)?;
        let mut wrong = match self.unknown_columns(&flow).await {
            Ok(wrong) => wrong,
            Err(error) if error.cause.code == file::FILE_MISSING => match self.made_by(&flow).await? {
                Some(maker) => {
                    let resource = &flow.from.resource;
                    later.push(format!(
                        "`{resource}` comes with the first run of the flow `{maker}`; what it holds is looked at after that"
                    ));
                    Vec::new()
                }
                None => return Err(error),
            },
            Err(error) => return Err(error),
        };
        self.labels(&flow).await?;
        if let Some(rule) = &flow.to.scope {
            // An expression tells only when a record is there.
            for scope in rule.known(&self.codes_of(&flow).await?) {
                for target in &flow.to.records {
                    let spec = TargetSpec { scope: Some(scope.clone()), ..target_spec(&flow, target) };
                    match async { system.target(&spec)?.prepare().await }.await {
                        Ok(causes) => wrong.extend(causes),
                        Err(error) if error.consequence == Consequence::FixConfiguration => wrong.push(error.cause),
                        Err(error) => return Err(error),
                    }
                }
            }
            wrong.dedup();
            return Ok(wrong);
        }
        for target in &flow.to.records {
            let target = system.target(&target_spec(&flow, target))?;
            let unfit = target.prepare().await?;
            if unfit.is_empty() {
                wrong.extend(self.misfits(&flow, &*target).await?);
            }
            wrong.extend(unfit);
        }
        Ok(wrong)
    }
}
