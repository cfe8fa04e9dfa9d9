//! Marks of completeness in the target: looked for, and written where there are none.

use std::time::Duration;

use kivuko_core::cells::Cell;
use kivuko_core::connector::{Action, Candidate, Key, Target, TargetSpec, Write, Written};
use kivuko_core::error::Error;
use serde_json::json;

use crate::engine::Engine;
use crate::run::misfit_of;

const RESOURCE: &str = "completeDataSetRegistrations";
const KEY: [&str; 4] = ["dataSet", "period", "organisationUnit", "attributeOptionCombo"];

/// What the target says of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Nothing.
    Missing,
    Complete,
    /// Somebody said that it is not complete.
    TakenBack,
}

/// The registrations of one data set.
pub(super) struct Registrations {
    target: Box<dyn Target>,
    data_set: String,
}

impl Registrations {
    /// Those of a data set, by its id.
    pub async fn open(engine: &Engine, system: &str, data_set: &str) -> Result<Self, Error> {
        let spec = TargetSpec {
            resource: RESOURCE.to_owned(),
            key: KEY.map(str::to_owned).to_vec(),
            paths: KEY.into_iter().chain(["completed"]).map(str::to_owned).collect(),
            options: json!({ "data_set": data_set }),
            ..TargetSpec::default()
        };
        let target = engine.system(system)?.target(&spec)?;
        misfit_of(&target.prepare().await?)?;
        Ok(Self { target, data_set: data_set.to_owned() })
    }

    /// What the target has of these marks, in their order.
    pub async fn look(&self, marks: &[Cell]) -> Result<Vec<Mark>, Error> {
        let keys: Vec<Key> = marks.iter().map(|mark| self.key_of(mark)).collect();
        let mut seen = Vec::with_capacity(keys.len());
        for keys in keys.chunks(self.target.capabilities().lookup_size.max(1)) {
            seen.extend(self.target.lookup(keys).await?.iter().map(|found| mark_of(found)));
        }
        Ok(seen)
    }

    /// So many marks are written at a time.
    pub fn batch_size(&self) -> usize {
        self.target.capabilities().batch_size.max(1)
    }

    /// For so long a mark without an answer may still come.
    pub fn settles_within(&self) -> Duration {
        Duration::try_from_secs_f64(self.target.capabilities().settle_secs).unwrap_or_default()
    }

    pub async fn begin(&self) -> Result<(), Error> {
        self.target.begin().await
    }

    /// Marks these as complete.
    pub async fn write(&self, marks: &[&Cell]) -> Result<Vec<Written>, Error> {
        let writes: Vec<Write> = marks.iter().map(|mark| self.write_of(mark)).collect();
        self.target.write(&writes).await
    }

    fn key_of(&self, mark: &Cell) -> Key {
        Key([self.data_set.as_str(), &mark.period, &mark.org_unit, &mark.attribute_option_combo].map(str::to_owned).to_vec())
    }

    fn write_of(&self, mark: &Cell) -> Write {
        let body = json!({
            "dataSet": self.data_set,
            "period": mark.period,
            "organisationUnit": mark.org_unit,
            "attributeOptionCombo": mark.attribute_option_combo,
            "completed": true,
        });
        Write { action: Action::Create, key: self.key_of(mark), id: None, body: body.into(), parent: None }
    }
}

fn mark_of(found: &[Candidate]) -> Mark {
    let mut standing = found.iter().filter(|one| one.stands()).peekable();
    if standing.peek().is_none() {
        Mark::Missing
    } else if standing.any(|one| one.body["completed"] != json!(false)) {
        Mark::Complete
    } else {
        Mark::TakenBack
    }
}
