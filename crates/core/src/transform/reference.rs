//! References: the id that another flow's record has in the target.
//!
//! A list that names a person does not always say in which other list that person stands. `ref("cases, contacts")` asks these flows; the record waits until
//! one of them has written the other record, and a record that two of them wrote as two different ones is a rejection: which is meant, a person says.

use serde_json::Value;

use super::{Arguments, Family, Step, Takes, Transform, example, optional, required, text_of};
use crate::catalogue::{record, run, target};
use crate::error::Cause;
use crate::expr::ExprError;
use crate::store::Reference;

pub(super) static ALL: &[&Transform] = &[&Transform {
    name: "ref",
    family: Family::Reference,
    about: "The id in the target of the record that another flow wrote, found by its id in the source. As long as that record has not arrived, this one \
            waits, and is taken up when it does. Several flows, with commas between, where it is not known which of them writes the other record.",
    parameters: &[
        required("flow", "the flow that writes the other record, or several with commas between"),
        optional("path", "the path of the other record's id; without it the value is the id"),
    ],
    examples: &[
        example("ref(\"contacts\")", "\"C-1\"", "\"5c1d0d6e\""),
        example("ref(\"contacts\")", "\"C-2\"", "rejected K0901"),
        example("ref(\"cases, contacts\")", "\"C-1\"", "\"5c1d0d6e\""),
        example("ref(\"contacts\")", "\"\"", "null"),
    ],
    takes: Takes::One,
    in_expressions: true,
    make: |arguments| {
        let flows = flows(arguments)?;
        let path = arguments.path(1)?;
        let others = flows.clone();
        let mut step = match path {
            None => Step::one(arguments, move |value, scope| resolve(&others, value, scope)),
            Some(path) => {
                let read = path.clone();
                // The path is the value, so what the source cell holds does not matter.
                Step::two(arguments, move |_, scope| {
                    let mut found = Vec::new();
                    read.read(scope.record, &mut found);
                    match found.as_slice() {
                        [] => Ok(Value::Null),
                        [id] => resolve(&others, (*id).clone(), scope),
                        ids => Err(Cause::new(
                            record::SEVERAL_VALUES,
                            format!("`{}` has {} values where `ref` wants one", read.text(), ids.len()),
                        )),
                    }
                })
                .reading([path])
            }
        };
        step.references = flows;
        Ok(step)
    },
}];

fn flows(arguments: &Arguments<'_>) -> Result<Vec<String>, ExprError> {
    let flows: Vec<String> = arguments.required_text(0)?.split(',').map(|flow| flow.trim().to_owned()).collect();
    if flows.iter().any(String::is_empty) {
        return Err(arguments.error(0, "`ref` names no flow", "the name of a flow, or several with commas between"));
    }
    Ok(flows)
}

fn resolve(flows: &[String], value: Value, scope: &crate::expr::Scope<'_>) -> Result<Value, Cause> {
    let id = text_of("ref", value)?;
    let id = id.trim();
    // All are asked, so that what has to be looked up is known at once, and two answers do not go unseen.
    let mut found: Vec<String> = flows.iter().filter_map(|flow| scope.env.references.resolve(flow, id)).collect();
    found.sort();
    found.dedup();
    match found.as_slice() {
        [target] => Ok(Value::String(target.clone())),
        [] => {
            let words = if flows.len() > 1 { "any of the flows" } else { "the flow" };
            let flows = Reference::flows(flows);
            Err(Cause::new(run::WAITING, format!("the record that it refers to has not arrived through {words} {flows}"))
                .unlisted(flows, id))
        }
        several => Err(Cause::new(
            target::SEVERAL_MATCHES,
            format!(
                "the flows {} wrote what it refers to as {} different records: {}",
                flows.join(", "),
                several.len(),
                several.join(", ")
            ),
        )),
    }
}
