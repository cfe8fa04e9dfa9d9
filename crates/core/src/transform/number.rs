//! Numbers. How a number is written is declared, never guessed: `1,234` is rejected until the cell says what the comma is.

use serde_json::{Number, Value};

use super::{Arguments, Family, Step, Takes, Transform, ascii_digits, example, optional, required, wrong_type};
use crate::catalogue::record;
use crate::error::Cause;
use crate::expr::ExprError;

const fn number(name: &'static str, about: &'static str, make: fn(&Arguments<'_>) -> Result<Step, ExprError>) -> Transform {
    Transform { name, family: Family::Number, about, parameters: &[], examples: &[], takes: Takes::One, in_expressions: true, make }
}

pub(super) static ALL: &[&Transform] = &[
    &Transform {
        parameters: &[
            optional("decimal", "the decimal sign, \".\" where it is left out"),
            optional("grouping", "what stands between groups of three digits"),
        ],
        examples: &[
            example("number", "\" 12.50 \"", "12.5"),
            example("number", "\"1,234\"", "rejected K0305"),
            example("number(\",\")", "\"3,5\"", "3.5"),
            example("number(\",\", \".\")", "\"1.234,5\"", "1234.5"),
            example("number(\".\", \",\")", "\"12,34\"", "rejected K0305"),
            example("number", "\"twelve\"", "rejected K0305"),
        ],
        ..number("number", "A text as a number.", |arguments| {
            let form = Form::new(arguments)?;
            Ok(Step::one(arguments, move |value, _| form.read("number", &value).map(Value::Number)))
        })
    },
    &Transform {
        parameters: &[
            optional("decimal", "the decimal sign, \".\" where it is left out"),
            optional("grouping", "what stands between groups of three digits"),
        ],
        examples: &[
            example("integer", "\"32\"", "32"),
            example("integer", "\"32.0\"", "32"),
            example("integer", "\"32.5\"", "rejected K0305"),
            example("integer(\".\", \",\")", "\"12,340\"", "12340"),
        ],
        ..number(
            "integer",
            "A text as a whole number. A number that is not whole is rejected; use `round` first to round it.",
            |arguments| {
                let form = Form::new(arguments)?;
                Ok(Step::one(arguments, move |value, _| whole(&form.read("integer", &value)?)))
            },
        )
    },
    &Transform {
        parameters: &[optional("n", "how many decimals, 0 where it is left out")],
        examples: &[
            example("round", "2.5", "3"),
            example("round(1)", "\"36.66\"", "36.7"),
            example("round(2)", "2.675", "2.68"),
            example("round", "-2.5", "-3"),
        ],
        ..number("round", "Rounds, a half away from zero.", |arguments| {
            let decimals = arguments.whole(0, 0)?.unwrap_or(0);
            let decimals = i32::try_from(decimals)
                .ok()
                .filter(|n| *n <= 12)
                .ok_or_else(|| arguments.error(0, "there are too many decimals", "at most 12"))?;
            Ok(Step::one(arguments, move |value, _| {
                let number = Form::default().read("round", &value)?;
                if number.is_i64() || number.is_u64() {
                    return Ok(Value::Number(number));
                }
                let scale = 10f64.powi(decimals);
                let scaled = significant(number.as_f64().unwrap_or_default() * scale).round();
                decimal(scaled / scale)
            }))
        })
    },
    &Transform {
        examples: &[example("floor", "\"0.916666666666667\"", "0"), example("floor", "34", "34"), example("floor", "-0.5", "-1")],
        ..number("floor", "The whole number that is not above: completed years of an age with a fraction.", |arguments| {
            Ok(Step::one(arguments, |value, _| {
                let number = Form::default().read("floor", &value)?;
                if number.is_i64() || number.is_u64() {
                    return Ok(Value::Number(number));
                }
                decimal(number.as_f64().unwrap_or_default().floor())
            }))
        })
    },
    &Transform {
        parameters: &[required("factor", "the number to multiply with")],
        examples: &[example("multiply(1000)", "\"1.2\"", "1200"), example("multiply(0.1)", "3", "0.3")],
        ..number("multiply", "Changes the unit. The result has 15 digits at most, so that 3 times 0.1 is 0.3.", |arguments| {
            let factor = arguments.required_number(0)?;
            Ok(Step::one(arguments, move |value, _| {
                let number = Form::default().read("multiply", &value)?;
                decimal(significant(number.as_f64().unwrap_or_default() * factor))
            }))
        })
    },
    &Transform {
        parameters: &[required("least", "the smallest number that passes"), required("most", "the largest number that passes")],
        examples: &[
            example("between(0, 120)", "34", "34"),
            example("integer | between(0, 120)", "\"120\"", "120"),
            example("between(0, 120)", "212", "rejected K0305"),
            example("between(-90, 90)", "\"-90.5\"", "rejected K0305"),
        ],
        ..number(
            "between",
            "Rejects the record when the number is smaller or larger than it can be. The value stays as it is.",
            |arguments| {
                let (least, most) = (arguments.required_number(0)?, arguments.required_number(1)?);
                if least > most {
                    return Err(arguments.error(1, "no number passes", "the smaller number first"));
                }
                Ok(Step::one(arguments, move |value, _| {
                    let number = Form::default().read("between", &value)?.as_f64().unwrap_or_default();
                    if (least..=most).contains(&number) {
                        return Ok(value);
                    }
                    Err(Cause::new(record::BAD_NUMBER, format!("`between`: the number is not from {least} to {most}")))
                }))
            },
        )
    },
    &Transform {
        parameters: &[required(
            "bands",
            "the bands from the lowest to the highest, with commas between; the last may be open: \"0-4, 5-14, 15-49, 50+\"",
        )],
        examples: &[
            example("band(\"0-4, 5-14, 15-49, 50+\")", "14.9", "\"5-14\""),
            example("band(\"0-4, 5-14, 15-49, 50+\")", "\"50\"", "\"50+\""),
            example("band(\"0-4, 5-14\") | suffix(\" years\")", "7", "\"5-14 years\""),
            example("band(\"0-4, 5-14\")", "15", "rejected K0305"),
        ],
        ..number(
            "band",
            "The band that a number of completed units lies in: 14.9 years are in 5-14. A number outside of all bands is rejected. A spreadsheet takes 5-14 for a day \
             in May; `suffix` keeps it from that.",
            |arguments| {
                let wrong = |message| arguments.error(0, message, Bands::EXPECTED);
                let bands = Bands::parse(&arguments.required_text(0)?).map_err(wrong)?;
                Ok(Step::one(arguments, move |value, _| {
                    let position = bands.position(&value)?;
                    Ok(Value::from(bands.labels().nth(position).unwrap_or_default()))
                }))
            },
        )
    },
];

/// How a number is written.
struct Form {
    decimal: char,
    grouping: Option<char>,
}

impl Default for Form {
    fn default() -> Self {
        Self { decimal: '.', grouping: None }
    }
}

impl Form {
    fn new(arguments: &super::Arguments<'_>) -> Result<Self, crate::expr::ExprError> {
        let sign = |position: usize| -> Result<Option<char>, crate::expr::ExprError> {
            let Some(text) = arguments.text(position)? else { return Ok(None) };
            let mut letters = text.chars();
            match (letters.next(), letters.next()) {
                (Some(sign), None) if !sign.is_alphanumeric() && !"+-".contains(sign) => Ok(Some(sign)),
                _ => Err(arguments.error(position, "this is not a sign", "one character, such as \",\"")),
            }
        };
        let form = Self { decimal: sign(0)?.unwrap_or('.'), grouping: sign(1)? };
        if form.grouping == Some(form.decimal) {
            return Err(arguments.error(1, "the decimal sign and the grouping are the same", "two signs"));
        }
        Ok(form)
    }

    fn read(&self, name: &str, value: &Value) -> Result<Number, Cause> {
        match value {
            Value::Number(number) => Ok(number.clone()),
            Value::String(text) => self.parse(text).ok_or_else(|| bad(name)),
            other => Err(wrong_type(name, "a number", other)),
        }
    }

    fn parse(&self, text: &str) -> Option<Number> {
        let text = ascii_digits(text.trim());
        let (negative, digits) = match text.strip_prefix(['-', '\u{2212}']) {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(&text)),
        };
        let (whole, fraction) = match digits.split_once(self.decimal) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (digits, None),
        };
        let whole = match self.grouping {
            Some(grouping) if whole.contains(grouping) => {
                let groups: Vec<&str> = whole.split(grouping).collect();
                // 12,34 is not a number with groups: more likely the comma is the decimal sign.
                let (first, rest) = groups.split_first()?;
                if first.is_empty() || first.len() > 3 || rest.iter().any(|group| group.len() != 3) {
                    return None;
                }
                groups.concat()
            }
            _ => whole.to_owned(),
        };
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits(&whole) || fraction.is_some_and(|fraction| !all_digits(fraction)) {
            return None;
        }
        let sign = if negative { "-" } else { "" };
        match fraction {
            None => match format!("{sign}{whole}").parse::<i64>() {
                Ok(number) => Some(Number::from(number)),
                // Larger than 64 bits: such a thing is an identifier, and would lose digits as a number.
                Err(_) => None,
            },
            Some(fraction) => format!("{sign}{whole}.{fraction}").parse::<f64>().ok().and_then(Number::from_f64),
        }
    }
}

/// From a number on, up to another one and all that is not yet the next whole number.
#[derive(Debug)]
struct Band {
    text: String,
    from: f64,
    to: Option<f64>,
}

/// Bands of completed units, from the lowest to the highest: `0-4, 5-14, 15+`.
#[derive(Debug)]
pub(crate) struct Bands(Vec<Band>);

impl Bands {
    /// What a text of bands has to look like.
    pub(crate) const EXPECTED: &str = "bands from the lowest to the highest: \"0-4, 5-14, 15-49, 50+\"";

    /// Reads them; else what is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut bands: Vec<Band> = Vec::new();
        for text in text.split(',').map(str::trim) {
            let limits = match (text.strip_suffix('+'), text.split_once('-')) {
                (Some(from), _) => from.trim().parse::<u32>().ok().map(|from| (from, None)),
                (None, Some((from, to))) => from.trim().parse::<u32>().ok().zip(to.trim().parse::<u32>().ok().map(Some)),
                (None, None) => None,
            };
            let Some((from, to)) = limits.filter(|(from, to)| to.is_none_or(|to| to >= *from)) else {
                return Err(format!("`{text}` is no band"));
            };
            let (from, to) = (f64::from(from), to.map(f64::from));
            if bands.last().is_some_and(|last| last.to.is_none_or(|last| from <= last)) {
                return Err(format!("the band `{text}` begins before the one in front of it ends"));
            }
            bands.push(Band { text: text.to_owned(), from, to });
        }
        Ok(Self(bands))
    }

    /// How they are written, in their order.
    pub(crate) fn labels(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|band| band.text.as_str())
    }

    /// The position of the band that a number, or a text that is one, lies in.
    pub(crate) fn position(&self, value: &Value) -> Result<usize, Cause> {
        let number = Form::default().read("band", value)?.as_f64().unwrap_or_default();
        let within = |band: &Band| number >= band.from && band.to.is_none_or(|to| number < to + 1.0);
        let outside = || Cause::new(record::BAD_NUMBER, "`band`: the number lies in none of the bands".to_owned());
        self.0.iter().position(within).ok_or_else(outside)
    }
}

fn bad(name: &str) -> Cause {
    Cause::new(
        record::BAD_NUMBER,
        format!(
            "`{name}` cannot read the text as a number; declare the decimal sign and the grouping if it has others, as in number(\",\", \".\")"
        ),
    )
}

fn whole(number: &Number) -> Result<Value, Cause> {
    if number.is_i64() || number.is_u64() {
        return Ok(Value::Number(number.clone()));
    }
    match number.as_f64() {
        // Up to 2^53 every whole number is exact.
        Some(float) if float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0 => Ok(Value::from(float as i64)),
        _ => Err(Cause::new(record::BAD_NUMBER, "`integer` wants a whole number, but this one has decimals".to_owned())),
    }
}

/// The number with 15 significant digits, as many as every decimal keeps.
fn significant(number: f64) -> f64 {
    format!("{number:.14e}").parse().unwrap_or(number)
}

fn decimal(number: f64) -> Result<Value, Cause> {
    if number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 {
        return Ok(Value::from(number as i64));
    }
    Number::from_f64(number).map(Value::Number).ok_or_else(|| Cause::new(record::BAD_NUMBER, "the number is too large".to_owned()))
}
