//! Periods of DHIS2: of a day, and back.

use jiff::civil::Date;
use serde_json::Value;

use super::date::{day_of, day_text};
use super::{Arguments, Family, Step, Takes, Transform, example, required, text_of};
use crate::error::Cause;
use crate::expr::ExprError;
use crate::period::{Period, PeriodError, PeriodType};

const fn period(name: &'static str, about: &'static str, make: fn(&Arguments<'_>) -> Result<Step, ExprError>) -> Transform {
    Transform { name, family: Family::Date, about, parameters: &[], examples: &[], takes: Takes::One, in_expressions: true, make }
}

pub(super) static ALL: &[&Transform] = &[
    &Transform {
        parameters: &[required(
            "type",
            "a period type by the name that DHIS2 gives it: Daily, Weekly, WeeklySunday (and the other days but Monday and Tuesday), BiWeekly, Monthly, BiMonthly, \
             Quarterly, QuarterlyNov, SixMonthly, SixMonthlyApril, SixMonthlyNov, Yearly, FinancialFeb (April, July, Aug, Sep, Oct, Nov)",
        )],
        examples: &[
            example("period(\"Weekly\")", "\"2024-03-06\"", "\"2024W10\""),
            example("period(\"Weekly\")", "\"2024-12-30\"", "\"2025W1\""),
            example("period(\"Monthly\")", "\"2024-03-06T22:30:00.000Z\"", "\"202403\""),
            example("period(\"FinancialNov\")", "\"2023-11-05\"", "\"2024Nov\""),
            example("date(\"dd/MM/yyyy\") | period(\"Daily\")", "\"6/3/2024\"", "\"20240306\""),
            example("period(\"Weekly\")", "\"week 10\"", "rejected K0304"),
        ],
        ..period("period", "The period of DHIS2 in which a day lies, by its identifier.", |arguments| {
            let name = arguments.required_text(0)?;
            let period_type = PeriodType::parse(&name).map_err(|error| unknown(arguments, &error))?;
            if !period_type.has_identifiers() {
                let error = PeriodError::NoIdentifiers { period_type };
                return Err(arguments.error(0, error.to_string(), "another period type, such as \"Yearly\""));
            }
            Ok(Step::one(arguments, move |value, scope| {
                let day = day_of("period", value, scope.env)?;
                Period::of(period_type, day).map(|period| Value::String(period.id())).map_err(|error| refused("period", &error))
            }))
        })
    },
    &Transform {
        examples: &[
            example("period_start", "\"2024W10\"", "\"2024-03-04\""),
            example("period_start", "\"2024Nov\"", "\"2023-11-01\""),
            example("period_start", "202402", "\"2024-02-01\""),
            example("period_start", "\"2024W53\"", "rejected K0315"),
        ],
        ..period("period_start", "The first day of a period of DHIS2.", |arguments| Ok(border(arguments, Period::start)))
    },
    &Transform {
        examples: &[example("period_end", "\"2024W10\"", "\"2024-03-10\""), example("period_end", "\"202402B\"", "\"2024-04-30\"")],
        ..period("period_end", "The last day of a period of DHIS2, which still belongs to it.", |arguments| {
            Ok(border(arguments, Period::end))
        })
    },
];

fn unknown(arguments: &Arguments<'_>, error: &PeriodError) -> ExprError {
    let nearest = match error {
        PeriodError::UnknownType { nearest: Some(nearest) } => nearest.as_str(),
        _ => PeriodType::Weekly.name(),
    };
    arguments.error(0, "there is no such period type in DHIS2", format!("\"{nearest}\""))
}

fn border(arguments: &Arguments<'_>, day: fn(Period) -> Date) -> Step {
    let name = arguments.name();
    Step::one(arguments, move |value, _| {
        let text = text_of(name, value)?;
        Period::parse(text.trim()).map(|period| Value::String(day_text(day(period)))).map_err(|error| refused(name, &error))
    })
}

fn refused(name: &str, error: &PeriodError) -> Cause {
    let mut cause = error.cause();
    cause.message = format!("`{name}` is refused: {}", cause.message);
    cause
}

#[cfg(test)]
mod tests {
    use crate::transform::Pipeline;

    #[test]
    fn a_type_that_is_none_is_told_with_its_column() {
        let cases = [
            ("period(\"weekly\")", 8, "\"Weekly\""),
            ("trim | period(\"Fortnightly\")", 15, "\""),
            ("period(\"TwoYearly\")", 8, "another period type"),
            ("period", 1, "period(type)"),
        ];
        for (cell, column, expected) in cases {
            let error = Pipeline::parse(cell).expect_err(cell);
            assert!(error.column == column && error.expected.contains(expected), "`{cell}`: {error:?}");
        }
    }
}
