//! From the rows of a sheet to indicators. All that is wrong is collected, each with its row and column.

use std::collections::{BTreeMap, BTreeSet};

use super::by::By;
use super::measure::Measure;
use super::reading::{Misread, Reading, condition};
use super::sheet::{Column, Row, Sheet};
use super::{Aggregate, Indicator, OrgUnitRule, PeriodRule, Zeros};
use crate::catalogue::{aggregate, sheet};
use crate::codes::{CodeMaps, Sides};
use crate::error::{Code, Problem, nearest};
use crate::expr::Expr;
use crate::flow::words::braces;
use crate::fold::Kind;
use crate::path::SourcePath;
use crate::projection::Projection;
use crate::transform::{self, Pipeline};
use crate::yaml::one_of;

/// What a sheet has to know of the flow that it belongs to.
pub(crate) struct Around<'a> {
    pub period: PeriodRule,
    pub org_unit: OrgUnitRule,
    pub zeros: Zeros,
    pub small_cells: u64,
    pub drill: bool,
    pub complete: bool,
    pub codes: &'a CodeMaps,
    pub sides: &'a Sides,
    /// The file of the flow.
    pub flow_file: &'a str,
    /// The name of the flow, and those of all flows.
    pub flow: &'a str,
    pub flows: &'a BTreeSet<String>,
    /// Paths that the flow reads beside the sheet.
    pub reads: Vec<SourcePath>,
}

/// Compiles a sheet. The aggregate holds what could be compiled; it may run only when there were no problems.
pub(crate) fn compile(sheet: Sheet, around: Around<'_>, problems: &mut Vec<Problem>) -> Aggregate {
    let mut compiler = Compiler {
        sheet: &sheet,
        around: &around,
        problems,
        paths: around.reads.clone(),
        code_maps: around.org_unit.crosswalk.iter().map(|crosswalk| crosswalk.map.clone()).collect(),
        uses_labels: false,
    };
    for reading in [&around.period.date, &around.org_unit.path] {
        compiler.reads(reading);
    }
    let mut indicators: Vec<Indicator> = Vec::new();
    for row in &sheet.rows {
        if let Some(indicator) = compiler.row(row, &indicators) {
            indicators.push(indicator);
        }
    }
    if sheet.rows.is_empty() {
        let place = crate::error::Place { file: sheet.file.clone(), line: Some(1), ..Default::default() };
        compiler.problems.push(Problem::error(aggregate::BAD_INDICATOR, place, "the sheet has no indicator").expected("at least one row"));
    }
    let formulas = compiler.formulas(&indicators);
    let Compiler { mut paths, code_maps, uses_labels, .. } = compiler;
    let mut seen = BTreeSet::new();
    paths.retain(|path| seen.insert(path.text().to_owned()));
    let projection = if paths.is_empty() { Projection::everything() } else { Projection::new(&paths) };
    let Around { period, org_unit, zeros, small_cells, drill, complete, flow_file, sides, .. } = around;
    let file = sheet.file.clone();
    Aggregate {
        flow_file: flow_file.to_owned(),
        sides: sides.clone(),
        file,
        sheet,
        period,
        org_unit,
        zeros,
        small_cells,
        drill,
        complete,
        indicators,
        formulas,
        paths,
        projection,
        code_maps,
        uses_labels,
    }
}

struct Compiler<'a, 'p> {
    sheet: &'a Sheet,
    around: &'a Around<'a>,
    problems: &'p mut Vec<Problem>,
    paths: Vec<SourcePath>,
    code_maps: BTreeSet<String>,
    uses_labels: bool,
}

impl Compiler<'_, '_> {
    fn error(&mut self, code: Code, row: &Row, column: Column, message: impl Into<String>, expected: impl Into<String>) {
        let problem = Problem::error(code, self.sheet.place(row, column), message).expected(expected);
        self.problems.push(problem);
    }

    /// A problem at a character of a cell.
    fn misread(&mut self, row: &Row, column: Column, Misread { code, error }: Misread) {
        let message = format!("character {}: {}", error.column, error.message);
        let mut problem = Problem::error(code, self.sheet.place(row, column), message);
        if code == sheet::BAD_TRANSFORM {
            let rest = row.cell(column).chars().skip(error.column.saturating_sub(1));
            let word: String = rest.take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
            let near = nearest(&word, transform::all().iter().map(|known| known.name));
            problem.nearest = near.filter(|near| *near != word).map(str::to_owned);
        }
        self.problems.push(problem.expected(error.expected));
    }

    fn row(&mut self, row: &Row, before: &[Indicator]) -> Option<Indicator> {
        let until_here = self.problems.len();
        let name = row.cell(Column::Indicator);
        self.name(row, name, before);
        let each = self.each(row);
        let where_ = self.condition(row, each.as_ref());
        let value = self.value(row, each.as_ref());
        let is_formula = matches!(value, Some(Measure::Formula(_)));
        if is_formula {
            self.formula_alone(row);
        }
        let date = self.reading(row, Column::Date, each.as_ref());
        let org_unit = self.reading(row, Column::OrgUnit, each.as_ref());
        let by = self.by(row, Column::By, each.as_ref(), is_formula);
        let text = |column: Column| Some(row.cell(column).to_owned()).filter(|text| !text.is_empty());
        let (data_element, option_combo) = (text(Column::DataElement), text(Column::CategoryOptionCombo));
        if option_combo.is_some() && !row.cell(Column::By).is_empty() {
            let message = "the row has `by` and also a fixed category option combo";
            self.error(aggregate::BAD_INDICATOR, row, Column::CategoryOptionCombo, message, "one of them");
        }
        if option_combo.is_some() && data_element.is_none() {
            let message = "the row has a category option combo but no data element that it could be of";
            self.error(aggregate::BAD_INDICATOR, row, Column::CategoryOptionCombo, message, "a data element, or `by`");
        }
        // An attribute option combo is fixed, or decided by categories as in `by`.
        let attributes_vary = super::text::split_once(row.cell(Column::AttributeOptionCombo), ':').is_some();
        let attributes = if attributes_vary { self.by(row, Column::AttributeOptionCombo, each.as_ref(), is_formula) } else { Vec::new() };
        let attribute_option_combo = text(Column::AttributeOptionCombo).filter(|_| !attributes_vary);
        if matches!(value, Some(Measure::Fold(Kind::Distinct, _))) && !self.around.drill {
            let message = "`distinct` needs to know who else has a value, and with `drill: off` nothing is kept of single records";
            self.error(aggregate::NEEDS_DRILL, row, Column::Value, message, "`drill: on`");
        }
        if self.problems.len() > until_here {
            return None;
        }
        Some(Indicator {
            row: row.number,
            name: name.to_owned(),
            data_element,
            each,
            where_,
            value: value?,
            date,
            org_unit,
            by,
            option_combo,
            attribute_option_combo,
            attributes,
        })
    }

    fn name(&mut self, row: &Row, name: &str, before: &[Indicator]) {
        let letters = name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        // What expressions read as something else (`in`, `value`, `true`) could not be named by a formula.
        let usable = letters && Expr::compile_stage(name).is_ok_and(|expr| matches!(expr.paths(), [path] if path.text() == name));
        if !usable {
            let message = if name.is_empty() { "the indicator has no name".to_owned() } else { format!("`{name}` cannot be its name") };
            self.error(
                aggregate::BAD_INDICATOR,
                row,
                Column::Indicator,
                message,
                "small letters, digits and `_`, such as `confirmed_cases`",
            );
        } else if let Some(first) = before.iter().find(|indicator| indicator.name == name) {
            let message = format!("`{name}` is already the indicator of row {}", first.row);
            self.error(aggregate::BAD_INDICATOR, row, Column::Indicator, message, "another name");
        }
    }

    fn each(&mut self, row: &Row) -> Option<SourcePath> {
        let cell = row.cell(Column::Each);
        if cell.is_empty() {
            return None;
        }
        match SourcePath::parse(cell) {
            Err(error) => {
                self.misread(row, Column::Each, Misread::new(sheet::BAD_PATH, error));
                None
            }
            Ok(path) if path.each_prefix().is_some_and(|(_, rest)| rest.segments().is_empty()) => {
                self.paths.push(path.clone());
                Some(path)
            }
            Ok(_) => {
                let message = format!("`{cell}` does not end with its only `[]`");
                self.error(sheet::BAD_PATH, row, Column::Each, message, "a path to a list, such as `labResults[]`");
                None
            }
        }
    }

    fn condition(&mut self, row: &Row, each: Option<&SourcePath>) -> Option<Expr> {
        let cell = row.cell(Column::Where);
        if cell.is_empty() {
            return None;
        }
        let Some((inner, before)) = braces(cell) else {
            let expected = "an expression such as `{ classification == \"CONFIRMED\" }`";
            self.error(sheet::BAD_EXPRESSION, row, Column::Where, "the condition does not stand in braces", expected);
            return None;
        };
        match condition(inner, each) {
            Ok((expr, paths)) => {
                self.paths.extend(paths);
                self.uses(row, Column::Where, expr.code_maps().to_vec(), expr.references(), expr.uses_labels());
                Some(expr)
            }
            Err(error) => {
                self.misread(row, Column::Where, Misread::new(sheet::BAD_EXPRESSION, error.shifted(before)));
                None
            }
        }
    }

    fn value(&mut self, row: &Row, each: Option<&SourcePath>) -> Option<Measure> {
        let flows = self.around.flows;
        let own = self.around.flow;
        // CEL would read the hyphens of a flow's name as minus signs.
        let find = |written: &str| {
            let named = |flow: &&String| flow.as_str() == written || flow.replace('-', "_") == written;
            flows.iter().find(|flow| flow.as_str() == written).or_else(|| flows.iter().find(named)).cloned()
        };
        match Measure::parse(row.cell(Column::Value), each, &find) {
            Ok(measure) => {
                if let Measure::Fold(_, Some(reading)) = &measure {
                    self.cell_reads(row, Column::Value, reading);
                }
                if measure.inputs().iter().any(|input| input.flow.as_deref() == Some(own)) {
                    let message = "the formula names its own flow";
                    self.error(aggregate::UNKNOWN_INPUT, row, Column::Value, message, "the name of the indicator alone");
                }
                Some(measure)
            }
            Err(misread) => {
                self.misread(row, Column::Value, misread);
                None
            }
        }
    }

    /// A formula has no records, so nothing that reads one has a meaning in its row.
    fn formula_alone(&mut self, row: &Row) {
        for column in [Column::Each, Column::Where, Column::Date, Column::OrgUnit] {
            if !row.cell(column).is_empty() {
                let message = format!("a formula is made of other indicators and has no `{}` of its own", column.name());
                self.error(aggregate::BAD_INDICATOR, row, column, message, "an empty cell");
            }
        }
    }

    fn reading(&mut self, row: &Row, column: Column, each: Option<&SourcePath>) -> Option<Reading> {
        let cell = row.cell(column);
        if cell.is_empty() {
            return None;
        }
        match Reading::parse(cell, each) {
            Ok(reading) => {
                self.cell_reads(row, column, &reading);
                Some(reading)
            }
            Err(misread) => {
                self.misread(row, column, misread);
                None
            }
        }
    }

    fn by(&mut self, row: &Row, column: Column, each: Option<&SourcePath>, is_formula: bool) -> Vec<By> {
        let cell = row.cell(column);
        match if is_formula { By::names(cell) } else { By::parse(cell, each) } {
            Ok(found) => {
                for by in &found {
                    self.paths.extend(by.paths().cloned());
                    for pipeline in by.pipelines() {
                        self.pipeline(row, column, pipeline);
                    }
                }
                found
            }
            Err(misread) => {
                self.misread(row, column, misread);
                Vec::new()
            }
        }
    }

    fn cell_reads(&mut self, row: &Row, column: Column, reading: &Reading) {
        self.paths.extend(reading.paths().iter().cloned());
        if let Some(pipeline) = reading.pipeline() {
            self.pipeline(row, column, pipeline);
        }
    }

    /// A reading of the flow, whose code maps the flow has checked.
    fn reads(&mut self, reading: &Reading) {
        self.paths.extend(reading.paths().iter().cloned());
        if let Some(pipeline) = reading.pipeline() {
            self.code_maps.extend(pipeline.code_maps().into_iter().map(str::to_owned));
            self.uses_labels |= pipeline.uses_labels();
        }
    }

    fn pipeline(&mut self, row: &Row, column: Column, pipeline: &Pipeline) {
        let maps = pipeline.code_maps().into_iter().map(str::to_owned).collect();
        let references: Vec<String> = pipeline.references().into_iter().map(str::to_owned).collect();
        self.uses(row, column, maps, &references, pipeline.uses_labels());
    }

    fn uses(&mut self, row: &Row, column: Column, maps: Vec<String>, references: &[String], labels: bool) {
        let known: Vec<&str> = self.around.codes.0.keys().map(String::as_str).collect();
        for map in maps {
            if !known.contains(&map.as_str()) {
                let problem =
                    Problem::error(sheet::UNKNOWN_CODE_MAP, self.sheet.place(row, column), format!("there is no code map `{map}`"));
                let expected = if known.is_empty() { format!("a file `codes/{map}.csv`") } else { one_of(&known) };
                self.problems.push(problem.expected(expected).nearest(&map, known.iter().copied()));
            }
            self.code_maps.insert(map);
        }
        if !references.is_empty() {
            let message = "`ref` looks for records that other flows wrote, and an aggregate writes none";
            self.error(sheet::BAD_EXPRESSION, row, column, message, "a field of the record");
        }
        self.uses_labels |= labels;
    }

    /// The positions of the formulas, each after those that it needs.
    fn formulas(&mut self, indicators: &[Indicator]) -> Vec<usize> {
        let names: BTreeMap<&str, usize> =
            indicators.iter().enumerate().map(|(position, indicator)| (indicator.name.as_str(), position)).collect();
        let mut needs: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (position, indicator) in indicators.iter().enumerate() {
            if !matches!(indicator.value, Measure::Formula(_)) {
                continue;
            }
            let mut own = Vec::new();
            for input in indicator.value.inputs().iter().filter(|input| input.flow.is_none()) {
                match names.get(input.indicator.as_str()) {
                    Some(found) => own.push(*found),
                    // A row that is wrong itself is not among them; what is wrong with it is said already.
                    None if self.sheet.rows.iter().any(|row| row.cell(Column::Indicator) == input.indicator) => {}
                    None => {
                        let place = self.sheet.place_at(indicator.row, Column::Value);
                        let message = format!("there is no indicator `{}`", input.indicator);
                        let known: Vec<&str> = names.keys().copied().filter(|name| *name != indicator.name).collect();
                        let mut expected = one_of(&known);
                        if known.is_empty() {
                            "another row of the sheet".clone_into(&mut expected);
                        }
                        let problem = Problem::error(aggregate::UNKNOWN_INPUT, place, message).expected(expected);
                        self.problems.push(problem.nearest(&input.indicator, known.iter().copied()));
                    }
                }
            }
            needs.insert(position, own);
        }
        let mut sorted: Vec<usize> = Vec::new();
        while sorted.len() < needs.len() {
            let is_due = |input: &usize| needs.contains_key(input) && !sorted.contains(input);
            let ready = needs.iter().find(|(position, own)| !sorted.contains(position) && !own.iter().any(is_due));
            let Some((position, _)) = ready else {
                let circle: Vec<usize> = needs.keys().copied().filter(|position| !sorted.contains(position)).collect();
                let listed: Vec<&str> = circle.iter().map(|position| indicators[*position].name.as_str()).collect();
                let place = self.sheet.place_at(indicators[circle[0]].row, Column::Value);
                let message = format!("these formulas need each other: {}", listed.join(", "));
                let expected = "a formula that is made of counted indicators only";
                self.problems.push(Problem::error(aggregate::FORMULA_CYCLE, place, message).expected(expected));
                return sorted;
            };
            sorted.push(*position);
        }
        sorted
    }
}
