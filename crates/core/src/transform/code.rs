//! Codes: one value for another, by a code map of the project; and what the source itself calls them.

use super::{Family, Step, Takes, Transform, example, optional, required};
use crate::codes;

pub(super) static ALL: &[&Transform] = &[&CODES, &LABEL];

static CODES: Transform = Transform {
    name: "codes",
    family: Family::Code,
    about: "Translates a code with a code map of the project, from the column of the flow's source system to that of its target, or between \
            two columns that are named. In a sheet the column `codes` does the same after all transforms. Of a list each item is translated.",
    parameters: &[
        required("map", "the name of the code map: `sex` is codes/sex.csv"),
        optional("from", "the column to look in; with `to`"),
        optional("to", "the column to take from"),
    ],
    examples: &[
        example("codes(\"sex\")", "\"F\"", "\"GENDER_FEMALE\""),
        example("codes(sex)", "\"F\"", "\"GENDER_FEMALE\""),
        example("trim | codes(\"sex\")", "\" f \"", "\"GENDER_FEMALE\""),
        example("codes(\"sex\", \"godata\", \"register\")", "\"GENDER_MALE\"", "\"M\""),
        example("codes(\"sex\")", "\"Q\"", "rejected K0306"),
        example("split_list | codes(\"sex\")", "\"M, F\"", "[\"GENDER_MALE\",\"GENDER_FEMALE\"]"),
        example("codes(\"sex\")", "null", "null"),
    ],
    takes: Takes::One,
    in_expressions: true,
    make: |arguments| {
        let name = arguments.required_name(0)?;
        let columns = match (arguments.text(1)?, arguments.text(2)?) {
            (Some(from), Some(to)) => Some((from, to)),
            (None, None) => None,
            _ => return Err(arguments.error(1, "`codes` has one column", "two columns, from and to, or none")),
        };
        let (map, between) = (name.clone(), columns.clone());
        let mut step = Step::whole(arguments, move |value, scope| {
            codes::translate(&map, between.as_ref().map(|(from, to)| (from.as_str(), to.as_str())), value, scope.env)
        });
        step.code_map = Some(name);
        step.code_columns = columns;
        Ok(step)
    },
};

static LABEL: Transform = Transform {
    name: "label",
    family: Family::Code,
    about: "What the source calls a code, in the language that the flow names under `from: labels`; of a place its name. Of a list each item is translated. \
            A code without a label is rejected, never passed on.",
    parameters: &[],
    examples: &[
        example("label", "\"GENDER_FEMALE\"", "\"Féminin\""),
        example("label | lower", "\"GENDER_FEMALE\"", "\"féminin\""),
        example("label | join(\", \")", "[\"GENDER_FEMALE\",\"GENDER_MALE\"]", "\"Féminin, Masculin\""),
        example("label", "\"GENDER_OTHER\"", "rejected K0340"),
        example("label", "null", "null"),
    ],
    takes: Takes::One,
    in_expressions: true,
    make: |arguments| {
        let mut step = Step::whole(arguments, |value, scope| scope.env.labels.translate(value));
        step.uses_labels = true;
        Ok(step)
    },
};
