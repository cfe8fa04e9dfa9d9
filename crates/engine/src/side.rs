//! The records of one side of a crosswalk, read from its system as they are now.

use std::collections::BTreeMap;

use kivuko_core::connector::{PlacePaths, ReadRequest, SourceSpec};
use kivuko_core::error::Error;
use kivuko_core::project::Side;
use kivuko_core::projection::Projection;
use kivuko_core::value;
use serde_json::Value;

use crate::engine::Engine;

impl Engine {
    /// Where the records of a side say what they are.
    ///
    /// # Errors
    /// Neither the project nor the kind of system says where the identity or the name stands.
    pub(crate) fn paths_of(&self, side: &Side) -> Result<PlacePaths, Error> {
        side.paths(self.system(&side.system)?.place_paths(&side.resource))
    }

    /// What the places of a side are called, by their ids; of one without a name the text is empty. Deleted ones are not there.
    pub(crate) async fn names_of(&self, side: &Side) -> Result<BTreeMap<String, String>, Error> {
        let paths = self.paths_of(side)?;
        let mut names = BTreeMap::new();
        self.read_side(side, &[paths.id.text(), paths.name.text()], &mut |id, record| {
            let name = paths.name.one(record).and_then(value::text).unwrap_or_default();
            names.insert(id.to_owned(), name.trim().to_owned());
        })
        .await?;
        Ok(names)
    }

    /// Reads the records of a side with what these paths name of each, and hands each on with its identity. Deleted records, and those without identity or that
    /// cannot be read, are passed over: nothing can be linked to them.
    pub(crate) async fn read_side(&self, side: &Side, paths: &[&str], each: &mut (dyn FnMut(&str, &Value) + Send)) -> Result<(), Error> {
        let spec = SourceSpec {
            resource: side.resource.clone(),
            id: side.written_id().map(str::to_owned),
            cursor: None,
            options: side.options.clone(),
        };
        let source = self.system(&side.system)?.source(&spec)?;
        let parsed: Vec<_> = paths.iter().filter_map(|path| kivuko_core::path::SourcePath::parse(path).ok()).collect();
        let projection = Projection::new(&parsed);
        for partition in source.partitions().await? {
            let request = ReadRequest {
                partition,
                from: None,
                since: None,
                until: None,
                only: None,
                paths: paths.iter().map(|path| (*path).to_owned()).collect(),
                page_size: self.pace.page_size,
            };
            let mut pages = source.read(request).await?;
            while let Some(page) = pages.next().await? {
                for record in page.records.into_iter().filter(|record| !record.deleted) {
                    let (Some(id), Ok(raw)) = (&record.id, &record.body) else { continue };
                    if let Ok(body) = projection.project(raw) {
                        each(id.trim(), &body);
                    }
                }
            }
        }
        Ok(())
    }
}
