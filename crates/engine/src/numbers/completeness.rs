//! Completeness: a data set is marked complete for a period and an org unit when no number of it is left to be sent, whichever of the project's flows sends it.
//!
//! A mark is a cell of its own, due until the target has it; before it is written it is looked for, so that it is written once.

use std::collections::BTreeSet;

use kivuko_core::cells::{Cell, CellFilter, CellNumber, CellRow, CellUpdate};
use kivuko_core::connector::{Action, Key, TargetSpec, Write, Written};
use kivuko_core::error::Error;
use kivuko_core::flow::Flow;
use kivuko_core::outcome::Outcome;
use kivuko_core::period::Period;
use serde_json::json;

use super::{Numbers, cells_partition};
use crate::run::{Execution, misfit_of};

/// The name of the cells that stand for marks. No indicator is called so.
pub(super) const MARK: &str = "(complete)";
const RESOURCE: &str = "completeDataSetRegistrations";

impl Execution<'_> {
    pub(super) async fn mark_complete(&mut self, numbers: &mut Numbers<'_>) -> Result<(), Error> {
        let others = self.flows_of_data_set();
        let engine = self.engine;
        // Each of them has to have been there after the period ended.
        let mut ready_since = self.began;
        for flow in others.iter().filter(|flow| flow.name != self.flow.name) {
            let Some(last) = engine.last_whole_run(flow).await? else { return Ok(()) };
            ready_since = ready_since.min(last);
        }
        let day = ready_since.to_zoned(engine.project.timezone.clone()).date();
        let data_set = numbers.bound.frame().data_set.clone();
        let (mut whole, mut open) = (BTreeSet::<(String, String, String)>::new(), BTreeSet::new());
        for flow in &others {
            for row in engine.all_cells(&flow.name, &CellFilter::default()).await? {
                let CellRow { cell, due, .. } = row;
                if cell.indicator == MARK || cell.element.is_empty() {
                    continue;
                }
                let place = (cell.period, cell.org_unit, cell.attribute_option_combo);
                if due {
                    open.insert(place);
                } else {
                    whole.insert(place);
                }
            }
        }
        let ended = |period: &str| Period::parse_as(numbers.own.period.period_type, period).is_ok_and(|period| period.end() < day);
        let marks: Vec<Cell> = whole
            .into_iter()
            .filter(|place| !open.contains(place) && ended(&place.0))
            .map(|(period, org_unit, attribute_option_combo)| Cell {
                indicator: MARK.to_owned(),
                element: String::new(),
                period,
                org_unit,
                option_combo: String::new(),
                attribute_option_combo,
            })
            .collect();
        let known: BTreeSet<Cell> = self
            .all_cells(&CellFilter { indicator: Some(MARK.to_owned()), ..CellFilter::default() })
            .await?
            .into_iter()
            .filter(|row| row.value.is_some())
            .map(|row| row.cell)
            .collect();
        let new: Vec<Cell> = marks.into_iter().filter(|mark| !known.contains(mark)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let numbers = engine.numbers_of_cells(&self.flow.name, &new).await?;
        self.register(&data_set.id, &new, &numbers).await
    }

    /// The flows of the project that count into the same data set.
    fn flows_of_data_set(&self) -> Vec<std::sync::Arc<Flow>> {
        let data_set = |flow: &Flow| flow.to.options.get("data_set").cloned();
        let same = |flow: &&std::sync::Arc<Flow>| {
            flow.aggregate.is_some() && flow.to.system == self.flow.to.system && data_set(flow) == data_set(&self.flow)
        };
        self.engine.project.flows.values().filter(same).cloned().collect()
    }

    async fn register(&mut self, data_set: &str, marks: &[Cell], numbers: &[CellNumber]) -> Result<(), Error> {
        let key = ["dataSet", "period", "organisationUnit", "attributeOptionCombo"];
        let spec = TargetSpec {
            resource: RESOURCE.to_owned(),
            key: key.map(str::to_owned).to_vec(),
            paths: key.into_iter().chain(["completed"]).map(str::to_owned).collect(),
            options: json!({ "data_set": data_set }),
            ..TargetSpec::default()
        };
        let target = self.engine.system(&self.flow.to.system)?.target(&spec)?;
        misfit_of(&target.prepare().await?)?;
        let capabilities = target.capabilities();
        target.begin().await?;
        let keys: Vec<Key> = marks.iter().map(|mark| key_of(data_set, mark)).collect();
        let mut there = Vec::with_capacity(keys.len());
        for keys in keys.chunks(capabilities.lookup_size.max(1)) {
            let found = target.lookup(keys).await?;
            there.extend(found.into_iter().map(|found| found.iter().any(|one| one.stands() && one.body["completed"] != json!(false))));
        }
        let mut done: Vec<CellNumber> = numbers.iter().zip(&there).filter(|(_, there)| **there).map(|(number, _)| *number).collect();
        let mut refused = 0;
        let missing: Vec<usize> = there.iter().enumerate().filter(|(_, there)| !**there).map(|(position, _)| position).collect();
        for positions in missing.chunks(capabilities.batch_size.max(1)) {
            let batch: Vec<Write> = positions.iter().map(|position| write_of(data_set, &marks[*position], &keys[*position])).collect();
            let answers = target.write(&batch).await?;
            for (position, answer) in positions.iter().zip(answers) {
                let place = format!("complete, {}, {}", marks[*position].period, marks[*position].org_unit);
                match answer {
                    Written::Done { .. } => {
                        self.completed += 1;
                        done.push(numbers[*position]);
                    }
                    Written::Refused(cause) | Written::NotYet(cause) => {
                        refused += 1;
                        self.groups.add(Outcome::Rejected, &cause, &place);
                    }
                    // The next run looks whether it is there.
                    Written::Failed(error) => {
                        self.put_marks(&done, refused).await?;
                        return Err(error);
                    }
                }
            }
        }
        self.put_marks(&done, refused).await
    }

    async fn put_marks(&mut self, done: &[CellNumber], refused: u64) -> Result<(), Error> {
        let update = |number: &CellNumber| CellUpdate { number: *number, value: Some("true".to_owned()), due: false, late: false };
        let mut commit = self.empty_commit(&cells_partition(), None);
        commit.cells.updates = done.iter().map(update).collect();
        commit.counts.writes.rejected = refused;
        self.counts.merge(&commit.counts);
        self.engine.store.commit_page(&commit).await
    }
}

fn key_of(data_set: &str, mark: &Cell) -> Key {
    Key([data_set, &mark.period, &mark.org_unit, &mark.attribute_option_combo].map(str::to_owned).to_vec())
}

fn write_of(data_set: &str, mark: &Cell, key: &Key) -> Write {
    let body = json!({
        "dataSet": data_set,
        "period": mark.period,
        "organisationUnit": mark.org_unit,
        "attributeOptionCombo": mark.attribute_option_combo,
        "completed": true,
    });
    Write { action: Action::Create, key: key.clone(), id: None, body: body.into(), parent: None }
}
