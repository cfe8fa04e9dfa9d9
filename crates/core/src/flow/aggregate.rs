//! The keys of an aggregate flow: `aggregate:`, and what `to:` and `deletes:` mean there.
//!
//! The cells of an aggregate are records of a flow like any other: their key is the key of a data value, their sheet carries each field over as it is.

use serde_json::Value;

use super::check::Checker;
use super::spec::{DetectWord, ThenWord};
use super::{Deletes, Detect, From, Leaves, Missing, TargetRecord, Then, To};
use crate::aggregate::spec::{AggregateSpec, DrillWord};
use crate::aggregate::{self, Aggregate, Crosswalk, OrgUnitRule, PeriodRule, Reading};
use crate::catalogue::{project, sheet};
use crate::codes::Sides;
use crate::connector::Declaration;
use crate::error::Problem;
use crate::mapping::sheet::{Column, Row, Sheet};
use crate::mapping::{self, Around, Mapping, RecordShape};
use crate::path::Path;
use crate::yaml::one_of;

/// What numbers are written into.
const DATA_VALUES: &str = "dataValueSets";

/// What finds a data value in the target.
const KEY: [&str; 5] = ["dataElement", "period", "orgUnit", "categoryOptionCombo", "attributeOptionCombo"];

impl Checker<'_, '_> {
    /// `to:` of an aggregate flow: one record, whose key is that of a data value.
    pub(super) fn numbers(&mut self, declaration: Option<&Declaration>, options: Value) -> Option<To> {
        let spec = &self.spec.to;
        let not_here = [
            ("key", spec.key.is_some(), "the key of a data value is always the same"),
            ("records", spec.records.is_some(), "there is one number for each cell"),
            ("scope", spec.scope.is_some(), "the org unit of a number says where it belongs"),
            ("match", spec.match_.is_some(), "numbers are no people"),
            ("missing", spec.missing.is_some(), "a number that is not there is written"),
            ("duplicates", spec.duplicates.is_some(), "a cell has one number"),
        ];
        for (key, _, why) in not_here.into_iter().filter(|(_, there, _)| *there) {
            let message = format!("an aggregate flow has no `{key}`: {why}");
            self.error(project::NOT_IN_AGGREGATES, &["to", key], message, format!("no `{key}`"));
        }
        let Some(resource) = &spec.resource else {
            self.error(project::MISSING_KEY, &["to"], "`to` lacks the key `resource`", format!("`resource: {DATA_VALUES}`"));
            return None;
        };
        if resource != DATA_VALUES {
            let message = format!("numbers cannot be written into `{resource}`");
            self.error(project::NOT_IN_AGGREGATES, &["to", "resource"], message, format!("`{DATA_VALUES}`"));
        }
        if let Some(declaration) = declaration {
            self.resource(declaration, &["to", "resource"], resource);
        }
        let record = TargetRecord {
            name: String::new(),
            resource: resource.clone(),
            key: KEY.into_iter().map(Path::field).collect(),
            of: None,
            each: None,
            when: None,
            matching: None,
            missing: Missing::default(),
        };
        Some(To { system: spec.system.clone(), scope: None, records: vec![record], duplicates_accept: false, options })
    }

    /// `deletes:` of an aggregate flow: what a record counted for is taken back. Left out: what the source says was deleted.
    pub(super) fn taken_back(&mut self) -> Deletes {
        let spec = self.spec.deletes.as_ref();
        if spec.and_then(|spec| spec.then).is_some_and(|then| then != ThenWord::Ignore) {
            let message = "what a deleted record counted for is always taken back: `then` would change nothing";
            let warning = Problem::warning(project::NO_EFFECT, self.node.place(&["deletes", "then"]), message);
            self.problems.push(warning.expected("no `then`"));
        }
        let detect = match spec.and_then(|spec| spec.detect) {
            Some(DetectWord::Absence) => Detect::Absence,
            Some(DetectWord::Tombstone) | None => Detect::Tombstone,
        };
        // A file that arrives cut short must not empty the numbers; single deletions are what a source says.
        let stop_above = self.stop_above(detect == Detect::Absence);
        Deletes { detect, then: Then::Delete, stop_above }
    }

    /// `aggregate:` with its sheet.
    pub(super) fn aggregate(&mut self, spec: &AggregateSpec, from: Option<&From>, to: Option<&To>, sides: &Sides) -> Option<Aggregate> {
        if self.spec.from.leaves == Some(Leaves::Keep) {
            let message = "a record that no longer matches `where` is no longer counted, whatever `leaves` says";
            let warning = Problem::warning(project::NO_EFFECT, self.node.place(&["from", "leaves"]), message);
            self.problems.push(warning.expected("no `leaves`"));
        }
        if !spec.period.period_type.has_identifiers() {
            let message = format!("periods of the type {} have no names in DHIS2", spec.period.period_type);
            self.error(project::BAD_VALUE, &["aggregate", "period", "type"], message, "another type, such as `Yearly`");
        }
        let date = self.reading(&["aggregate", "period", "date"], &spec.period.date);
        let place = self.reading(&["aggregate", "org_unit", "path"], &spec.org_unit.path);
        let crosswalk = spec.org_unit.crosswalk.as_ref().map(|name| self.crosswalk(name.trim(), sides));
        let sheet = self.sheet(&["aggregate", "sheet"], "aggregates", &spec.sheet, self.around.aggregates);
        let complete = to.and_then(|to| to.options.get("complete")).and_then(Value::as_bool).unwrap_or(false);
        let around = aggregate::Around {
            period: PeriodRule { period_type: spec.period.period_type, date: date?, restate: spec.period.restate },
            org_unit: OrgUnitRule {
                path: place?,
                crosswalk: match crosswalk {
                    None => None,
                    Some(crosswalk) => Some(crosswalk?),
                },
                level: spec.org_unit.level,
            },
            zeros: spec.zeros.unwrap_or_default(),
            small_cells: spec.small_cells.unwrap_or(0),
            drill: spec.drill.unwrap_or_default() == DrillWord::On,
            complete,
            codes: self.around.codes,
            sides,
            flow_file: self.file,
            flow: &self.spec.flow,
            flows: self.around.flows,
            reads: Self::own_reads(from),
        };
        Some(aggregate::compile(sheet?, around, self.problems))
    }

    fn reading(&mut self, keys: &[&str], text: &str) -> Option<Reading> {
        match Reading::parse(text, None) {
            Ok(reading) => {
                for map in reading.pipeline().into_iter().flat_map(crate::transform::Pipeline::code_maps) {
                    self.known_code_map(keys, map);
                }
                Some(reading)
            }
            Err(misread) => {
                self.inside(misread.code, keys, &misread.error);
                None
            }
        }
    }

    fn known_code_map(&mut self, keys: &[&str], name: &str) -> bool {
        let maps = self.around.codes;
        if maps.get(name).is_some() {
            return true;
        }
        let known: Vec<&str> = maps.0.keys().map(String::as_str).collect();
        let problem = Problem::error(sheet::UNKNOWN_CODE_MAP, self.node.place(keys), format!("there is no code map `{name}`"));
        let expected = if known.is_empty() { format!("a file `codes/{name}.csv`") } else { one_of(&known) };
        self.problems.push(problem.expected(expected).nearest(name, known.iter().copied()));
        false
    }

    fn crosswalk(&mut self, name: &str, sides: &Sides) -> Option<Crosswalk> {
        let maps = self.around.codes;
        if !self.known_code_map(&["aggregate", "org_unit", "crosswalk"], name) {
            return None;
        }
        // With an unknown system its column cannot be known either; that is a problem of the flow.
        if sides.source.kind.is_empty() || sides.target.kind.is_empty() {
            return None;
        }
        match maps.get(name)?.direction(sides) {
            Ok(direction) => Some(Crosswalk { map: name.to_owned(), direction }),
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    /// The sheet of the cells: each field of a data value is that of the cell.
    pub(super) fn cells(&mut self, aggregate: &Aggregate, sides: &Sides) -> Mapping {
        let mut sheet =
            Sheet { file: aggregate.file.clone(), columns: vec![Column::Target, Column::Source, Column::Personal], rows: Vec::new() };
        for (number, field) in (2..).zip(KEY.into_iter().chain(["value"])) {
            let mut row = Row::new(number);
            row.set(Column::Target, field);
            row.set(Column::Source, field);
            row.set(Column::Personal, "no");
            sheet.rows.push(row);
        }
        let records = vec![RecordShape { name: "", each: None, has_parent: false }];
        mapping::compile(sheet, &Around { records, codes: self.around.codes, sides, reads: Vec::new() }, self.problems)
    }
}
