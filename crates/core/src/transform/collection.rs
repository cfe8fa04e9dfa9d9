//! Collections: of several values one, or a list. Empty values never count.

use serde_json::Value;

use super::{Family, Step, Takes, Transform, example, optional, required, text_of};
use crate::catalogue::record;
use crate::error::Cause;
use crate::expr::Scope;

const fn collection(
    name: &'static str,
    about: &'static str,
    make: fn(&super::Arguments<'_>) -> Result<Step, crate::expr::ExprError>,
) -> Transform {
    Transform { name, family: Family::Collection, about, parameters: &[], examples: &[], takes: Takes::Several, in_expressions: true, make }
}

pub(super) static ALL: &[&Transform] = &[
    &Transform {
        examples: &[example("first", "[null, \"Bo\", \"Kenema\"]", "\"Bo\""), example("first", "[]", "null")],
        ..collection("first", "The first value that is not empty.", |arguments| {
            Ok(Step::several(arguments, |values, _| Ok(values.into_iter().next().unwrap_or_default())))
        })
    },
    &Transform {
        examples: &[example("last", "[\"Bo\", \"Kenema\", \"\"]", "\"Kenema\"")],
        ..collection("last", "The last value that is not empty.", |arguments| {
            Ok(Step::several(arguments, |values, _| Ok(values.into_iter().next_back().unwrap_or_default())))
        })
    },
    &Transform {
        parameters: &[optional("separator", "what stands between, \" \" where it is left out")],
        examples: &[
            example("join", "[\"Amina\", null, \"Koné\"]", "\"Amina Koné\""),
            example("join(\", \")", "[\"fever\", \"cough\"]", "\"fever, cough\""),
        ],
        ..collection("join", "One text of several values.", |arguments| {
            let separator = arguments.text(0)?.unwrap_or_else(|| " ".to_owned());
            Ok(Step::several(arguments, move |values, _| {
                let texts: Result<Vec<String>, _> =
                    values.into_iter().map(|value| text_of("join", value).map(|text| text.trim().to_owned())).collect();
                Ok(Value::String(texts?.join(&separator)))
            }))
        })
    },
    &Transform {
        examples: &[example("list", "[\"fever\", null, \"cough\"]", "[\"fever\",\"cough\"]"), example("list", "\"fever\"", "[\"fever\"]")],
        ..collection("list", "A list of the values, also of one.", |arguments| {
            Ok(Step::several(arguments, |values, _| Ok(Value::Array(values))))
        })
    },
    &Transform {
        parameters: &[optional("separator", "what stands between the parts, \",\" where it is left out")],
        examples: &[
            example("split_list", "\"fever, cough,\"", "[\"fever\",\"cough\"]"),
            example("split_list(\" \")", "\"fever cough\"", "[\"fever\",\"cough\"]"),
        ],
        ..collection(
            "split_list",
            "A list of the parts of a text, without spaces at their ends; the answers of a survey to a question with several choices.",
            |arguments| {
                let separator = arguments.text(0)?.unwrap_or_else(|| ",".to_owned());
                if separator.is_empty() {
                    return Err(arguments.error(0, "there is nothing to split at", "a text of one character at least"));
                }
                Ok(Step::several(arguments, move |values, _| {
                    let mut parts = Vec::new();
                    for value in values {
                        let text = text_of("split_list", value)?;
                        parts.extend(text.split(separator.as_str()).map(str::trim).filter(|part| !part.is_empty()).map(Value::from));
                    }
                    Ok(if parts.is_empty() { Value::Null } else { Value::Array(parts) })
                }))
            },
        )
    },
    &Transform {
        examples: &[example("count", "[\"fever\", null, \"cough\"]", "2"), example("count", "[]", "null")],
        ..collection(
            "count",
            "How many values there are that are not empty. Of nothing it is empty, as every transform; `default` can make 0 of that.",
            |arguments| Ok(Step::several(arguments, |values, _| Ok(Value::from(values.len())))),
        )
    },
    &Transform {
        examples: &[
            example("unique", "[\"fever\", \"cough\", \"fever\"]", "[\"fever\",\"cough\"]"),
            example("unique | count", "[1, 1.0, 2]", "2"),
        ],
        ..collection("unique", "Each value once, in the order of its first appearance.", |arguments| {
            Ok(Step::several(arguments, |values, _| {
                let mut seen = std::collections::HashSet::new();
                let kept = values.into_iter().filter(|value| {
                    let mut form = Vec::new();
                    crate::value::canonical(value, &mut form);
                    seen.insert(form)
                });
                Ok(Value::Array(kept.collect()))
            }))
        })
    },
    &Transform {
        examples: &[
            example("same", "[\"Bo\", null, \"Bo\"]", "\"Bo\""),
            example("same", "[\"Bo town\", \"Bo  town \"]", "\"Bo town\""),
            example("same", "[\"Bo\", \"Bo town\"]", "rejected K0308"),
        ],
        ..collection(
            "same",
            "The value that all have which are not empty; more or fewer spaces do not count. Different ones are a rejection: rows of one group that contradict each other.",
            |arguments| {
                Ok(Step::several(arguments, |values, _| {
                    let mut values = values.into_iter();
                    let first = values.next().unwrap_or_default();
                    let others = values.filter(|value| !is_same(value, &first)).count();
                    if others == 0 {
                        return Ok(first);
                    }
                    let differ = if others == 1 { "one of them differs".to_owned() } else { format!("{others} of them differ") };
                    let message = format!("the values contradict each other: {differ} from the first, and all must be the same");
                    Err(Cause::new(record::SEVERAL_VALUES, message))
                }))
            },
        )
    },
    &Transform {
        parameters: &[required("condition", "an expression in braces; `item` is the value")],
        examples: &[
            example(
                "where({ item.type == \"lab\" }) | first",
                "[{\"type\":\"x\"}, {\"type\":\"lab\",\"no\":7}]",
                "{\"no\":7,\"type\":\"lab\"}",
            ),
            example("where({ item > 1 })", "[1, 2, 3]", "[2,3]"),
        ],
        in_expressions: false,
        ..collection("where", "The values for which a condition holds.", |arguments| {
            let condition = arguments.required_expression(0)?;
            let paths = condition.paths().to_vec();
            Ok(Step::several(arguments, move |values, scope| {
                let mut kept = Vec::new();
                for value in values {
                    if condition.truth(&Scope { item: Some(&value), ..*scope })? {
                        kept.push(value);
                    }
                }
                Ok(if kept.is_empty() { Value::Null } else { Value::Array(kept) })
            })
            .reading(paths))
        })
    },
];

fn is_same(one: &Value, other: &Value) -> bool {
    match (one.as_str(), other.as_str()) {
        (Some(one), Some(other)) => one.split_whitespace().eq(other.split_whitespace()),
        _ => crate::value::same(one, other),
    }
}
