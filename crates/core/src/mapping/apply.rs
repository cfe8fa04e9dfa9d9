//! A plan applied to a record. This is the hot path: values are borrowed from the record until they are written.

use serde_json::Value;

use super::{Empty, Fallback, Field, List, Mapped, Mapping, Row, Source, Step};
use crate::catalogue::record;
use crate::error::Cause;
use crate::expr::Scope;
use crate::path::Path;
use crate::transform::Env;
use crate::value;

impl Mapping {
    /// What a source record becomes.
    ///
    /// `item` is the item of `each`, `vars` are values that expressions can name (`parent`). Rows with `on` = `create` are only in
    /// [`Mapped::create`], rows with `on` = `update` only in [`Mapped::update`]. A field whose rows say `empty` = `clear` is null in `update`
    /// and left out of `create`, where there is nothing to clear.
    ///
    /// # Errors
    /// All causes for which this record cannot go through, each with its target field and its cell.
    pub fn apply(
        &self,
        record_name: &str,
        source: &Value,
        item: Option<&Value>,
        vars: &[(&str, &Value)],
        env: &Env<'_>,
    ) -> Result<Mapped, Vec<Cause>> {
        let Some(plan) = self.plans.get(record_name) else {
            return Ok(Mapped { create: object(), update: None, warnings: Vec::new() });
        };
        let mut applier = Applier {
            file: &self.file,
            two_sided: plan.two_sided,
            vars,
            env,
            causes: Vec::new(),
            warnings: Vec::new(),
            scratch: Vec::new(),
        };
        let mut sides = Sides { create: object(), update: object() };
        match item {
            None => applier.steps(&plan.steps, &[source], &mut sides),
            Some(item) => applier.steps(&plan.steps, &[source, item], &mut sides),
        }
        if !applier.causes.is_empty() {
            return Err(applier.causes);
        }
        let update = (plan.two_sided && sides.update != sides.create).then_some(sides.update);
        Ok(Mapped { create: sides.create, update, warnings: applier.warnings })
    }
}

fn object() -> Value {
    Value::Object(serde_json::Map::new())
}

/// The content for a creation, and that for an update; the second is only built when it may differ.
struct Sides {
    create: Value,
    update: Value,
}

struct Applier<'a, 'v> {
    file: &'a str,
    two_sided: bool,
    vars: &'a [(&'a str, &'a Value)],
    env: &'a Env<'a>,
    causes: Vec<Cause>,
    warnings: Vec<Cause>,
    scratch: Vec<&'v Value>,
}

impl<'a, 'v: 'a> Applier<'a, 'v> {
    /// `around` is the source record and the items inside of which we are, outermost first.
    fn steps(&mut self, steps: &'a [Step], around: &[&'v Value], sides: &mut Sides) {
        for step in steps {
            match step {
                Step::Field(field) => self.field(field, around, sides),
                Step::List(list) => self.list(list, around, sides),
            }
        }
    }

    fn field(&mut self, field: &'a Field, around: &[&'v Value], sides: &mut Sides) {
        let (mut create_due, mut update_due) = (true, self.two_sided);
        // What the rows that applied say of an empty value: to reject is more than to clear.
        let (mut reject, mut clear) = (None, false);
        for row in &field.rows {
            let (creates, updates) = (create_due && row.on.creates(), update_due && row.on.updates());
            if !creates && !updates {
                continue;
            }
            let found = match self.row(row, around) {
                Ok(found) => found,
                Err((column, cause)) => {
                    self.causes.push(self.placed(cause, row, column));
                    return;
                }
            };
            match found {
                None => {}
                Some(Value::Null) => {
                    if row.empty == Empty::Reject {
                        reject = reject.or(Some(row));
                    }
                    clear |= row.empty == Empty::Clear && updates;
                }
                Some(found) => {
                    let set = match (creates, updates) {
                        (true, true) => {
                            field.target.set(&mut sides.create, found.clone()).and_then(|()| field.target.set(&mut sides.update, found))
                        }
                        (true, false) => field.target.set(&mut sides.create, found),
                        (false, _) => field.target.set(&mut sides.update, found),
                    };
                    if let Err(error) = set {
                        self.causes.push(self.placed(Cause::new(record::WRONG_TYPE, error.to_string()), row, "target"));
                        return;
                    }
                    create_due &= !creates;
                    update_due &= !updates;
                }
            }
            if !create_due && !update_due {
                return;
            }
        }
        if let Some(row) = reject {
            let cause = Cause::new(record::REQUIRED_EMPTY, format!("`{}` is required and has no value", row.target));
            self.causes.push(self.placed(cause, row, "empty"));
        } else if clear && update_due {
            self.clear(&field.target, &mut sides.update, field.rows.first());
        }
    }

    fn clear(&mut self, target: &Path, update: &mut Value, row: Option<&Row>) {
        if let (Err(error), Some(row)) = (target.set(update, Value::Null), row) {
            self.causes.push(self.placed(Cause::new(record::WRONG_TYPE, error.to_string()), row, "target"));
        }
    }

    /// The value of a row: `None` when its `when` does not hold, null when it is empty. An error comes with the column that it is about.
    fn row(&mut self, row: &'a Row, around: &[&'v Value]) -> Result<Option<Value>, (&'static str, Cause)> {
        let env = self.env;
        let scope = Scope { record: around[0], item: if around.len() > 1 { around.last().copied() } else { None }, vars: self.vars, env };
        if let Some(when) = &row.when
            && !when.truth(&scope).map_err(|cause| ("when", cause))?
        {
            return Ok(None);
        }
        let mut found = match (&row.pipeline, row.sources.as_slice()) {
            (None, []) => Value::Null,
            (None, [source, ..]) => self.read_one(source, around, false)?,
            (Some(pipeline), [source]) => {
                let value = self.read_one(source, around, pipeline.takes_several())?;
                pipeline.apply_to_one(value, &scope).map_err(|cause| ("transform", cause))?
            }
            (Some(pipeline), sources) => {
                let mut values = Vec::with_capacity(sources.len());
                for source in sources {
                    values.push(self.read_one(source, around, pipeline.takes_several())?);
                }
                pipeline.apply(values, &scope).map_err(|cause| ("transform", cause))?
            }
        };
        if value::is_empty(&found) {
            found = Value::Null;
        } else if let Some(codes) = &row.codes {
            let mut dropped = Vec::new();
            found = env
                .codes
                .expect(&codes.map)
                .and_then(|map| map.translate_value(codes.direction, found, env.today, &mut |cause| dropped.push(cause)))
                .map_err(|cause| ("codes", cause))?;
            for cause in dropped {
                let warning = self.placed(cause, row, "codes");
                self.warnings.push(warning);
            }
        }
        if found.is_null() {
            found = match &row.default {
                None => Value::Null,
                Some(Fallback::Value(value)) => value.clone(),
                Some(Fallback::Expr(expr)) => expr.eval(&scope).map_err(|cause| ("default", cause))?,
            };
            if value::is_empty(&found) {
                found = Value::Null;
            }
        }
        Ok(Some(found))
    }

    fn read(&mut self, source: &Source, around: &[&'v Value]) {
        self.scratch.clear();
        match source {
            Source::Record(path) => path.read(around[0], &mut self.scratch),
            // One more than the depth, because the record itself comes first.
            Source::Item { depth, path } => path.read(around[depth + 1], &mut self.scratch),
        }
    }

    /// The value at a source; all of them as a list where `several` are welcome.
    fn read_one(&mut self, source: &Source, around: &[&'v Value], several: bool) -> Result<Value, (&'static str, Cause)> {
        self.read(source, around);
        match self.scratch.as_slice() {
            [] => Ok(Value::Null),
            [one] => Ok((*one).clone()),
            all if several => Ok(Value::Array(all.iter().map(|value| (*value).clone()).collect())),
            all => Err(("source", several_values(all.len()))),
        }
    }

    fn list(&mut self, list: &'a List, around: &[&'v Value], sides: &mut Sides) {
        self.read(&list.items, around);
        let items = std::mem::take(&mut self.scratch);
        let (mut create, mut update) = (Vec::with_capacity(items.len()), Vec::new());
        for item in &items {
            let mut inner: Vec<&'v Value> = Vec::with_capacity(around.len() + 1);
            inner.extend_from_slice(around);
            inner.push(item);
            let mut built = Sides { create: Value::Null, update: Value::Null };
            self.steps(&list.steps, &inner, &mut built);
            if !value::is_empty(&built.create) {
                create.push(built.create);
            }
            if self.two_sided && !value::is_empty(&built.update) {
                update.push(built.update);
            }
        }
        self.scratch = items;
        self.scratch.clear();
        let mut written = Ok(());
        if !create.is_empty() {
            written = list.target.set(&mut sides.create, Value::Array(create));
        }
        if self.two_sided && written.is_ok() {
            if !update.is_empty() {
                written = list.target.set(&mut sides.update, Value::Array(update));
            } else if list.clears {
                written = list.target.set(&mut sides.update, Value::Null);
            }
        }
        if let Err(error) = written {
            self.causes.push(Cause::new(record::WRONG_TYPE, error.to_string()).field(list.target.to_string()));
        }
    }

    /// Names the field and the cell, where the cause does not already do so.
    fn placed(&self, mut cause: Cause, row: &Row, column: &str) -> Cause {
        cause.field.get_or_insert_with(|| row.target.clone());
        cause.cell.get_or_insert_with(|| format!("{}, row {}, column {column}", self.file, row.number));
        cause
    }
}

fn several_values(count: usize) -> Cause {
    Cause::new(record::SEVERAL_VALUES, format!("the path gives {count} values where one is wanted; `first` takes the first of them"))
}
