//! Dates and ages.
//!
//! A day is the text `2020-01-05`: it has no time zone and is the same day everywhere. `date` makes days; a target that wants midnight makes that
//! of them itself, and `midnight` is there for targets that do not. A moment is `2020-01-05T13:45:00.000Z`, always UTC; a text without an
//! offset is in the time zone of the project. Where a day is wanted of a moment, it is the day in that zone - but a moment at exactly midnight
//! UTC is the day that it names, since Go.Data and others keep days in that form, and they must not move by the zone.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use serde_json::{Value, json};

use super::pattern::{Misfit, Pattern, month_of};
use super::{Env, Family, Parameter, Step, Takes, Times, Transform, ascii_digits, example, optional, required, text_of, wrong_type};
use crate::catalogue::record;
use crate::error::Cause;
use crate::expr::ExprError;
use crate::path::SourcePath;

const fn date(name: &'static str, about: &'static str, make: fn(&super::Arguments<'_>) -> Result<Step, ExprError>) -> Transform {
    Transform { name, family: Family::Date, about, parameters: &[], examples: &[], takes: Takes::One, in_expressions: true, make }
}

const FORMS: &[Parameter] = &[Parameter {
    name: "form",
    about: "a pattern such as \"dd/MM/yyyy\", an order (\"dmy\", \"mdy\", \"ymd\": with / - . or spaces), or \"excel\" for the day numbers of spreadsheets; \
            without any it is 2020-01-05, also with a time. Of several forms all are tried, and a text that two of them read as different days is rejected",
    times: Times::Any,
}];

const AGE: &[Parameter] = &[optional("at", "the path of the day at which the age counts; without it the second path of the source")];

pub(super) static ALL: &[&Transform] = &[
    &Transform {
        parameters: FORMS,
        examples: &[
            example("date", "\"2020-01-05\"", "\"2020-01-05\""),
            example("date", "\"2020-07-24T08:30:00.000Z\"", "\"2020-07-24\""),
            example("date(\"dd/MM/yyyy\")", "\"14/3/1988\"", "\"1988-03-14\""),
            example("date(\"dd/MM/yyyy\")", "\"3/14/1988\"", "rejected K0304"),
            example("date(\"mdy\")", "\"2/7/2020\"", "\"2020-02-07\""),
            example("date(\"dmy\", \"mdy\")", "\"3/20/2020\"", "\"2020-03-20\""),
            example("date(\"dmy\", \"mdy\")", "\"2/7/2020\"", "rejected K0304"),
            example("date(\"d MMM yyyy\")", "\"5 févr. 2020\"", "\"2020-02-05\""),
            example("date(\"excel\")", "\"44197\"", "\"2021-01-01\""),
            example("date", "\"5/1/2020\"", "rejected K0304"),
        ],
        ..date("date", "A text as a day.", |arguments| {
            let forms = forms(arguments, false)?;
            Ok(Step::one(arguments, move |value, scope| {
                only("date", &forms, &value, |form| form.day(&value, scope.env)).map(|day| Value::String(day_text(day)))
            }))
        })
    },
    &Transform {
        parameters: FORMS,
        examples: &[
            example("datetime", "\"2020-01-05T13:45:00+03:00\"", "\"2020-01-05T10:45:00.000Z\""),
            example("datetime", "\"2020-01-05 13:45:00\"", "\"2020-01-05T10:45:00.000Z\""),
            example("datetime(\"dd/MM/yyyy HH:mm\")", "\"05/01/2020 13:45\"", "\"2020-01-05T10:45:00.000Z\""),
            example("datetime(\"MM/dd/yyyy hh:mm a\")", "\"01/05/2020 01:45 PM\"", "\"2020-01-05T10:45:00.000Z\""),
            example("datetime", "\"2020-01-05\"", "rejected K0304"),
        ],
        ..date(
            "datetime",
            "A text as a moment, in UTC. Without an offset it is in the time zone of the project (in the examples three hours east).",
            |arguments| {
                let forms = forms(arguments, true)?;
                Ok(Step::one(arguments, move |value, scope| {
                    only("datetime", &forms, &value, |form| form.moment(&value, scope.env)).map(|moment| Value::String(moment_text(moment)))
                }))
            },
        )
    },
    &Transform {
        examples: &[
            example("date_only", "\"2020-07-24T22:30:00.000Z\"", "\"2020-07-25\""),
            example("date_only", "\"1990-02-11T00:00:00.000Z\"", "\"1990-02-11\""),
            example("date_only", "\"2020-07-24\"", "\"2020-07-24\""),
        ],
        ..date(
            "date_only",
            "The day of a moment in the time zone of the project; a moment at exactly midnight UTC is a day already.",
            |arguments| {
                Ok(Step::one(arguments, |value, scope| day_of("date_only", value, scope.env).map(|day| Value::String(day_text(day)))))
            },
        )
    },
    &Transform {
        examples: &[
            example("midnight", "\"2020-01-05\"", "\"2020-01-05T00:00:00.000Z\""),
            example("date(\"dmy\") | midnight", "\"5.1.2020\"", "\"2020-01-05T00:00:00.000Z\""),
        ],
        ..date(
            "midnight",
            "A day as midnight UTC, the form in which Go.Data keeps days. The Go.Data connector does this by itself.",
            |arguments| {
                Ok(Step::one(arguments, |value, scope| {
                    day_of("midnight", value, scope.env).map(|day| Value::String(format!("{day}T00:00:00.000Z")))
                }))
            },
        )
    },
    &Transform {
        parameters: &[required("pattern", "the pattern to write it in")],
        examples: &[
            example("date_text(\"dd/MM/yyyy\")", "\"1990-02-11\"", "\"11/02/1990\""),
            example("date_text(\"dd/MM/yyyy HH:mm\")", "\"2020-01-05T10:45:00.000Z\"", "\"05/01/2020 13:45\""),
        ],
        ..date("date_text", "A day or a moment written in another form, moments in the time zone of the project.", |arguments| {
            let pattern = Pattern::parse(&arguments.required_text(0)?, false).map_err(|misfit| misplaced(arguments, 0, misfit))?;
            Ok(Step::one(arguments, move |value, scope| {
                let text = text_of("date_text", value)?;
                let (at, offset) = if let Some(day) = plain_day(text.trim()) {
                    (day.to_datetime(jiff::civil::Time::midnight()), Offset::UTC)
                } else {
                    let moment = moment(&text, scope.env.timezone).ok_or_else(|| not_a_day("date_text"))?;
                    let zoned = moment.to_zoned(scope.env.timezone.clone());
                    (zoned.datetime(), zoned.offset())
                };
                Ok(Value::String(pattern.print(at, offset)))
            }))
        })
    },
    &Transform {
        examples: &[example("year", "\"1988-03-14\"", "1988")],
        ..date(
            "year",
            "The year of a day. For an age use `age_years`: this year minus the year of birth is wrong for most of the year.",
            |arguments| Ok(Step::one(arguments, |value, scope| day_of("year", value, scope.env).map(|day| Value::from(day.year())))),
        )
    },
    &Transform {
        parameters: AGE,
        takes: Takes::Two,
        examples: &[
            example("age_years", "[\"1988-03-14\", \"2021-02-03\"]", "32"),
            example("age_years", "[\"1988-03-14\", \"2021-03-14\"]", "33"),
            example("age_years", "[\"2022-03-14\", \"2021-03-14\"]", "rejected K0304"),
            example("age_years", "[null, \"2021-03-14\"]", "null"),
        ],
        ..date(
            "age_years",
            "The completed years between a day of birth and another day (`birthdate ; dateOfReporting` in the source).",
            |arguments| age(arguments, |months| Value::from(months / 12)),
        )
    },
    &Transform {
        parameters: AGE,
        takes: Takes::Two,
        examples: &[
            example("age_months", "[\"2020-11-30\", \"2021-02-03\"]", "2"),
            example("age_months", "[\"1988-03-14\", \"2021-02-03\"]", "394"),
        ],
        ..date("age_months", "The completed months between a day of birth and another day, all of them: 394 at 32 years.", |arguments| {
            age(arguments, Value::from)
        })
    },
    &Transform {
        parameters: AGE,
        takes: Takes::Two,
        examples: &[
            example("age", "[\"1988-03-14\", \"2021-02-03\"]", "{\"months\":0,\"years\":32}"),
            example("age", "[\"2020-11-30\", \"2021-02-03\"]", "{\"months\":2,\"years\":0}"),
        ],
        ..date("age", "The age as Go.Data keeps it: completed years, and completed months only for infants.", |arguments| {
            age(arguments, |months| json!({"years": months / 12, "months": if months < 12 { months } else { 0 }}))
        })
    },
];

/// A form in which a date may be written.
enum Form {
    Iso,
    Pattern(Pattern),
    Order([Part; 3]),
    Excel,
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Day,
    Month,
    Year,
}

fn forms(arguments: &super::Arguments<'_>, needs_time: bool) -> Result<Vec<Form>, ExprError> {
    let texts = arguments.texts(0)?;
    if texts.is_empty() {
        return Ok(vec![Form::Iso]);
    }
    let mut forms = Vec::with_capacity(texts.len());
    for (position, text) in texts.iter().enumerate() {
        forms.push(match text.as_str() {
            "excel" => Form::Excel,
            "iso" => Form::Iso,
            "dmy" | "mdy" | "ymd" if needs_time => {
                return Err(arguments.error(position, "an order has no time", "a pattern such as \"dd/MM/yyyy HH:mm\""));
            }
            "dmy" => Form::Order([Part::Day, Part::Month, Part::Year]),
            "mdy" => Form::Order([Part::Month, Part::Day, Part::Year]),
            "ymd" => Form::Order([Part::Year, Part::Month, Part::Day]),
            pattern => Form::Pattern(Pattern::parse(pattern, needs_time).map_err(|misfit| misplaced(arguments, position, misfit))?),
        });
    }
    Ok(forms)
}

fn misplaced(arguments: &super::Arguments<'_>, position: usize, misfit: Misfit) -> ExprError {
    arguments.error(position, misfit.message, misfit.expected)
}

/// What the forms read, where all that can read the value agree.
fn only<T: PartialEq>(name: &str, forms: &[Form], value: &Value, read: impl Fn(&Form) -> Option<T>) -> Result<T, Cause> {
    let mut results = forms.iter().filter_map(read);
    let Some(first) = results.next() else { return Err(refused(name, forms, value)) };
    if results.any(|other| other != first) {
        return Err(Cause::new(record::BAD_DATE, format!("`{name}` can read the text in different ways; declare one form only")));
    }
    Ok(first)
}

fn refused(name: &str, forms: &[Form], value: &Value) -> Cause {
    match value {
        Value::String(_) => {
            let hint = if matches!(forms, [Form::Iso]) {
                "declare how it is written, as in date(\"dd/MM/yyyy\")"
            } else {
                "it fits none of the declared forms, or there is no such day"
            };
            Cause::new(record::BAD_DATE, format!("`{name}` cannot read the text: {hint}"))
        }
        Value::Number(_) => {
            Cause::new(record::BAD_DATE, format!("`{name}` wants a text; the day numbers of spreadsheets are read with {name}(\"excel\")"))
        }
        other => wrong_type(name, "a date as text", other),
    }
}

impl Form {
    fn day(&self, value: &Value, env: &Env<'_>) -> Option<Date> {
        let text = value.as_str().map(str::trim);
        match self {
            Form::Iso => day(text?, env.timezone),
            Form::Pattern(pattern) => {
                let read = pattern.read(text?)?;
                Some(match read.offset {
                    Some(offset) => env.timezone.to_datetime(offset.to_timestamp(read.at).ok()?).date(),
                    None => read.at.date(),
                })
            }
            Form::Order(order) => ordered(*order, text?),
            Form::Excel => excel(value).map(DateTime::date),
        }
    }

    fn moment(&self, value: &Value, env: &Env<'_>) -> Option<Timestamp> {
        let at = match self {
            Form::Iso => return moment(value.as_str()?, env.timezone),
            Form::Pattern(pattern) => {
                let read = pattern.read(value.as_str()?)?;
                if let Some(offset) = read.offset {
                    return offset.to_timestamp(read.at).ok();
                }
                read.at
            }
            Form::Order(_) => return None,
            Form::Excel => excel(value)?,
        };
        in_zone(at, env.timezone)
    }
}

fn in_zone(at: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_zoned(at).ok().map(|zoned| zoned.timestamp())
}

/// Day, month and year in an order, with one separator between or spaces; the month may be a name.
fn ordered(order: [Part; 3], text: &str) -> Option<Date> {
    let text = ascii_digits(text);
    let parts: Vec<&str> = text.split(['/', '-', '.', ' ', ',']).filter(|part| !part.is_empty()).collect();
    let [_, _, _] = parts.as_slice() else { return None };
    let (mut year, mut month, mut day) = (0, 0, 0);
    for (part, text) in order.into_iter().zip(parts) {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        match part {
            Part::Year if digits && text.len() == 4 => year = text.parse().ok()?,
            Part::Day if digits && text.len() <= 2 => day = text.parse().ok()?,
            Part::Month if digits && text.len() <= 2 => month = text.parse().ok()?,
            Part::Month if !digits => month = month_of(text)?,
            _ => return None,
        }
    }
    Date::new(year, month, day).ok()
}

/// The day number of a spreadsheet. The first sixty are left out: spreadsheets believe in a 29 February 1900.
fn excel(value: &Value) -> Option<DateTime> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => ascii_digits(text.trim()).parse().ok()?,
        _ => return None,
    };
    if !(61.0..2_958_466.0).contains(&number) {
        return None;
    }
    let seconds = (number * 86_400.0).round() as i64;
    jiff::civil::date(1899, 12, 30).to_datetime(jiff::civil::Time::midnight()).checked_add(jiff::SignedDuration::from_secs(seconds)).ok()
}

/// A day as `2020-01-05` and in no other form.
pub(crate) fn plain_day(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    let form = bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() });
    if !form {
        return None;
    }
    Date::new(text[..4].parse().ok()?, text[5..7].parse().ok()?, text[8..].parse().ok()?).ok()
}

/// A moment in ISO 8601; without an offset in the zone. A day alone is no moment.
fn moment(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let text = ascii_digits(text.trim());
    if plain_day(text.get(..10)?).is_none() || !matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' ')) {
        return None;
    }
    match text.parse::<Timestamp>() {
        Ok(moment) => Some(moment),
        // A text with an offset that is not a moment must not be read without it.
        Err(_) if text[10..].contains(['Z', 'z', '+', '-', '[']) => None,
        Err(_) => in_zone(text.parse::<DateTime>().ok()?, zone),
    }
}

/// The day of an ISO text, by the rule of the module.
pub(crate) fn day(text: &str, zone: &TimeZone) -> Option<Date> {
    if let Some(day) = plain_day(&ascii_digits(text)) {
        return Some(day);
    }
    let moment = moment(text, zone)?;
    let utc = Offset::UTC.to_datetime(moment);
    if utc.time() == jiff::civil::Time::midnight() && text.ends_with(['Z', 'z']) {
        return Some(utc.date());
    }
    Some(zone.to_datetime(moment).date())
}

/// `2020-01-05`. The way through formatting is many times as long, and dates are in every record.
pub(super) fn day_text(day: Date) -> String {
    let Ok(year) = u16::try_from(day.year()) else { return day.to_string() };
    let two = |number: i8| [b'0' + number.unsigned_abs() / 10, b'0' + number.unsigned_abs() % 10].map(char::from);
    let mut text = String::with_capacity(10);
    text.extend([1000, 100, 10, 1].map(|unit| char::from(b'0' + (year / unit % 10) as u8)));
    for part in [day.month(), day.day()] {
        text.push('-');
        text.extend(two(part));
    }
    text
}

pub(super) fn day_of(name: &str, value: Value, env: &Env<'_>) -> Result<Date, Cause> {
    match value {
        Value::String(text) => day(text.trim(), env.timezone).ok_or_else(|| not_a_day(name)),
        other => Err(wrong_type(name, "a day as text", &other)),
    }
}

fn not_a_day(name: &str) -> Cause {
    Cause::new(
        record::BAD_DATE,
        format!("`{name}` wants a day such as 2020-01-05 or a moment; put date(\"dd/MM/yyyy\") or the like before it"),
    )
}

fn moment_text(moment: Timestamp) -> String {
    let at = Offset::UTC.to_datetime(moment);
    format!("{}T{:02}:{:02}:{:02}.{:03}Z", at.date(), at.hour(), at.minute(), at.second(), at.millisecond())
}

fn age(arguments: &super::Arguments<'_>, show: impl Fn(i64) -> Value + Send + Sync + 'static) -> Result<Step, ExprError> {
    let name = arguments.name();
    let at: Option<SourcePath> = arguments.path(0)?;
    let paths = at.clone();
    let step = Step::two(arguments, move |values, scope| {
        let mut values = values.into_iter();
        let birth = values.next().unwrap_or_default();
        let other = match &at {
            Some(path) => path.one(scope.record).cloned().unwrap_or_default(),
            None => values.next().unwrap_or_default(),
        };
        if crate::value::is_empty(&birth) || crate::value::is_empty(&other) {
            return Ok(Value::Null);
        }
        let (birth, other) = (day_of(name, birth, scope.env)?, day_of(name, other, scope.env)?);
        let months = months_between(birth, other);
        if !(0..=1800).contains(&months) {
            let why = if months < 0 { "the day of birth lies after the other day" } else { "the age is above 150 years" };
            return Err(Cause::new(record::BAD_DATE, format!("`{name}` is refused: {why}")));
        }
        Ok(show(months))
    });
    Ok(step.reading(paths))
}

/// Completed months; a month is completed on the day of the same number, or on the next day where the month has no such day.
fn months_between(from: Date, to: Date) -> i64 {
    let months = (i64::from(to.year()) - i64::from(from.year())) * 12 + i64::from(to.month()) - i64::from(from.month());
    months - i64::from(to.day() < from.day())
}
