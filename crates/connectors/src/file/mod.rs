//! The kind `file`: CSV, JSON, NDJSON and ADX in a folder of the project, in and out; XLSX workbooks in.
//!
//! Reading streams: memory does not grow with the file. A row that cannot be read without a guess is a record with its cause, and the rows after it go through; what concerns
//! the whole file (encoding, separator, header) is asked of a person before the first row. What a source cannot see is in `read`, what a target
//! guarantees in `write`.

mod adx;
mod config;
mod content;
mod csv;
mod dates;
mod describe;
mod encoding;
mod errors;
mod flat;
mod folder;
mod formula;
mod json;
mod layout;
mod picks;
mod read;
mod replace;
mod rows;
mod table;
#[cfg(test)]
mod tests;
mod tree;
mod workbook;
mod write;

use std::path::PathBuf;
use std::sync::Arc;

use kivuko_core::BoxFuture;
use kivuko_core::clock::Clock;
use kivuko_core::connector::{
    self, Cancel, Context, Declaration, Health, Identity, ResourceDescription, Settings, SourceSpec, Status, System, TargetSpec,
};
use kivuko_core::error::{Error, Place, Problem};
use schemars::schema_for;
use serde::Deserialize;

use config::{Defaults, SourceOptions, SystemOptions, TargetOptions};

/// The kind `file`.
#[derive(Debug, Clone, Copy)]
pub struct Connector;

impl connector::Connector for Connector {
    fn declaration(&self) -> Declaration {
        Declaration {
            kind: "file",
            about: "CSV, JSON (also trees, as Go.Data imports them), NDJSON and ADX files in a folder, in and out; XLSX workbooks and GeoJSON in",
            category: "file",
            status: Status::Stable,
            reads: true,
            writes: true,
            options: schema_for!(SystemOptions).into(),
            from_options: schema_for!(SourceOptions).into(),
            to_options: schema_for!(TargetOptions).into(),
            secrets: &[],
            resources: &[],
            knows_identity: false,
            reads_whole: true,
            scope: None,
        }
    }

    fn open(&self, settings: Settings, context: Context) -> Result<Arc<dyn System>, Vec<Problem>> {
        let problem = |error: Error| {
            let place = Place { file: "kivuko.yaml".to_owned(), ..Place::default() };
            vec![Problem::error(error.cause.code, place, format!("system `{}`: {}", settings.name, error.cause.message))]
        };
        let options = SystemOptions::deserialize(&settings.options).map_err(|error| problem(config::unfit(error.to_string())))?;
        let defaults = options.check().map_err(problem)?;
        Ok(Arc::new(Files { base: settings.project.join(&options.path), defaults, cancel: context.cancel, clock: context.clock }))
    }
}

/// A folder or a file of the project.
#[derive(Debug, Clone)]
struct Files {
    base: PathBuf,
    defaults: Defaults,
    cancel: Cancel,
    clock: Arc<dyn Clock>,
}

impl System for Files {
    fn test(&self) -> BoxFuture<'_, Result<Health, Error>> {
        let files = self.clone();
        Box::pin(read::blocking(move || describe::health(&files.base, &files.defaults)))
    }

    fn identity(&self) -> BoxFuture<'_, Result<Option<Identity>, Error>> {
        Box::pin(async { Ok(None) })
    }

    fn describe(&self) -> BoxFuture<'_, Result<Vec<ResourceDescription>, Error>> {
        let files = self.clone();
        Box::pin(read::blocking(move || describe::resources(&files.base, &files.defaults)))
    }

    fn source(&self, spec: &SourceSpec) -> Result<Box<dyn connector::Source>, Error> {
        Ok(Box::new(read::Source {
            base: self.base.clone(),
            resource: spec.resource.clone(),
            id: spec.id.clone(),
            time: spec.cursor.clone(),
            options: config::Reading::check(&spec.options, &self.defaults)?,
            cancel: self.cancel.clone(),
        }))
    }

    fn target(&self, spec: &TargetSpec) -> Result<Box<dyn connector::Target>, Error> {
        Ok(Box::new(write::Target::new(&self.base, spec, config::Writing::check(&spec.options, &self.defaults)?, self.clock.clone())?))
    }
}
