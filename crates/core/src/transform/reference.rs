//! References: the id that another flow's record has in the target.

use serde_json::Value;

use super::{Family, Step, Takes, Transform, example, optional, required, text_of};
use crate::catalogue::{record, run};
use crate::error::Cause;

pub(super) static ALL: &[&Transform] = &[&Transform {
    name: "ref",
    family: Family::Reference,
    about: "The id in the target of the record that another flow wrote, found by its id in the source. As long as that record has not arrived, this one \
            waits, and is taken up when it does.",
    parameters: &[
        required("flow", "the flow that writes the other record"),
        optional("path", "the path of the other record's id; without it the value is the id"),
    ],
    examples: &[
        example("ref(\"contacts\")", "\"C-1\"", "\"5c1d0d6e\""),
        example("ref(\"contacts\")", "\"C-2\"", "rejected K0901"),
        example("ref(\"contacts\")", "\"\"", "null"),
    ],
    takes: Takes::One,
    in_expressions: true,
    make: |arguments| {
        let flow = arguments.required_text(0)?;
        let path = arguments.path(1)?;
        let other = flow.clone();
        let mut step = match path {
            None => Step::one(arguments, move |value, scope| resolve(&other, value, scope)),
            Some(path) => {
                let read = path.clone();
                // The path is the value, so what the source cell holds does not matter.
                Step::two(arguments, move |_, scope| {
                    let mut found = Vec::new();
                    read.read(scope.record, &mut found);
                    match found.as_slice() {
                        [] => Ok(Value::Null),
                        [id] => resolve(&other, (*id).clone(), scope),
                        ids => Err(Cause::new(
                            record::SEVERAL_VALUES,
                            format!("`{}` has {} values where `ref` wants one", read.text(), ids.len()),
                        )),
                    }
                })
                .reading([path])
            }
        };
        step.reference = Some(flow);
        Ok(step)
    },
}];

fn resolve(flow: &str, value: Value, scope: &crate::expr::Scope<'_>) -> Result<Value, Cause> {
    let id = text_of("ref", value)?;
    let id = id.trim();
    match scope.env.references.resolve(flow, id) {
        Some(target) => Ok(Value::String(target)),
        None => {
            Err(Cause::new(run::WAITING, format!("the record that it refers to has not arrived through the flow {flow}"))
                .unlisted(flow, id))
        }
    }
}
