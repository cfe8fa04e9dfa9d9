//! Which texts are values of which type (DHIS2 2.38 to 2.43), and the one form in which they are sent.

use kivuko_core::catalogue::dhis2;
use kivuko_core::error::Cause;

/// The longest value, in characters.
const LONGEST: usize = 50_000;

/// Brings a value into the form in which DHIS2 keeps it.
///
/// # Errors
/// It is none of the type; the message never repeats it.
pub fn checked(value_type: &str, text: &str) -> Result<String, Cause> {
    let trimmed = text.trim();
    let wrong = |expected: &str| {
        Cause::new(dhis2::WRONG_VALUE, format!("the value is not of the type {value_type}: expected {expected}")).field("value")
    };
    let fits = |fits: bool, expected: &str| if fits { Ok(trimmed.to_owned()) } else { Err(wrong(expected)) };
    if text.chars().count() > LONGEST {
        return Err(Cause::new(dhis2::BAD_PART, format!("the value is longer than {LONGEST} characters")).field("value"));
    }
    match value_type {
        "NUMBER" => fits(is_number(trimmed), "a number with a dot, without spaces and commas"),
        "UNIT_INTERVAL" => fits(within(trimmed, 0.0, 1.0), "a number from 0 to 1"),
        "PERCENTAGE" => fits(within(trimmed, 0.0, 100.0), "a number from 0 to 100"),
        "INTEGER" => whole(trimmed, |_| true).ok_or_else(|| wrong("a whole number")),
        "INTEGER_POSITIVE" => whole(trimmed, |text| text != "0" && !text.starts_with('-')).ok_or_else(|| wrong("a whole number above 0")),
        "INTEGER_NEGATIVE" => whole(trimmed, |text| text.starts_with('-')).ok_or_else(|| wrong("a whole number below 0")),
        "INTEGER_ZERO_OR_POSITIVE" => whole(trimmed, |text| !text.starts_with('-')).ok_or_else(|| wrong("0 or a whole number above it")),
        "BOOLEAN" => truth(trimmed).map(|truth| truth.to_string()).ok_or_else(|| wrong("true or false")),
        "TRUE_ONLY" => truth(trimmed).filter(|truth| *truth).map(|_| "true".to_owned()).ok_or_else(|| wrong("true, or no value at all")),
        "DATE" | "AGE" => fits(trimmed.len() == 10 && trimmed.parse::<jiff::civil::Date>().is_ok(), "a date such as 2024-03-31"),
        "DATETIME" => fits(is_date_time(trimmed), "a date and time such as 2024-03-31T10:00"),
        "TIME" => fits(trimmed.len() == 5 && trimmed.parse::<jiff::civil::Time>().is_ok(), "a time such as 09:30"),
        "COORDINATE" => fits(is_coordinate(trimmed), "longitude and latitude such as [-13.2,8.5]"),
        "URL" => fits(
            ["http://", "https://", "ftp://"].iter().any(|scheme| trimmed.starts_with(scheme)) && !trimmed.contains(char::is_whitespace),
            "an address that begins with https://",
        ),
        "EMAIL" => fits(is_email(trimmed), "an e-mail address"),
        "LETTER" => fits(trimmed.chars().count() == 1 && trimmed.chars().all(char::is_alphabetic), "one letter"),
        "ORGANISATION_UNIT" | "FILE_RESOURCE" | "IMAGE" => fits(is_uid(trimmed), "an id of 11 letters and digits"),
        _ => Ok(text.to_owned()),
    }
}

/// An identifier of DHIS2: a letter and ten letters or digits.
pub fn is_uid(text: &str) -> bool {
    text.len() == 11 && text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Zero, however it is written.
pub fn is_zero(text: &str) -> bool {
    is_number(text) && text.parse::<f64>() == Ok(0.0)
}

fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (number, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(number, exponent)| (number, Some(exponent)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (integer, fraction) = number.split_once('.').map_or((number, None), |(integer, fraction)| (integer, Some(fraction)));
    digits(integer)
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix('-').unwrap_or(exponent)))
        && text.parse::<f64>().is_ok_and(f64::is_finite)
}

fn within(text: &str, least: f64, most: f64) -> bool {
    is_number(text) && text.parse::<f64>().is_ok_and(|number| (least..=most).contains(&number))
}

/// A whole number without leading zeros; `12.0` is 12.
fn whole(text: &str, fits: impl Fn(&str) -> bool) -> Option<String> {
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() && fraction.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let good = digits == "0" && whole == "0"
        || (!digits.is_empty() && !digits.starts_with('0') && digits.len() <= 10 && digits.bytes().all(|byte| byte.is_ascii_digit()));
    // DHIS2 keeps whole numbers of 32 bits.
    (good && whole.parse::<i32>().is_ok() && fits(whole)).then(|| whole.to_owned())
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" => Some(true),
        "false" | "f" | "0" => Some(false),
        _ => None,
    }
}

fn is_date_time(text: &str) -> bool {
    text.as_bytes().get(10) == Some(&b'T') && (text.parse::<jiff::civil::DateTime>().is_ok() || text.parse::<jiff::Timestamp>().is_ok())
}

fn is_coordinate(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else { return false };
    let Some((longitude, latitude)) = inner.split_once(',') else { return false };
    within(longitude.trim(), -180.0, 180.0) && within(latitude.trim(), -90.0, 90.0)
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    !local.is_empty()
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !text.contains(char::is_whitespace)
        && !domain.contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fit_their_types_and_have_one_form() {
        let check = |value_type: &str, text: &str, expected: Option<&str>| {
            assert_eq!(checked(value_type, text).ok().as_deref(), expected, "{value_type} {text}");
        };
        for (text, expected) in [
            ("12", Some("12")),
            (" 1.50 ", Some("1.50")),
            ("-3", Some("-3")),
            ("1e3", Some("1e3")),
            ("1,5", None),
            ("1 000", None),
            ("", None),
            ("NaN", None),
            (".5", None),
            ("+5", None),
        ] {
            check("NUMBER", text, expected);
        }
        for (text, expected) in [
            ("12", Some("12")),
            ("12.0", Some("12")),
            ("12.5", None),
            ("007", None),
            ("-0", None),
            ("0", Some("0")),
            ("-4", Some("-4")),
            ("99999999999", None),
        ] {
            check("INTEGER", text, expected);
        }
        check("INTEGER_POSITIVE", "0", None);
        check("INTEGER_POSITIVE", "3", Some("3"));
        check("INTEGER_NEGATIVE", "-3", Some("-3"));
        check("INTEGER_NEGATIVE", "0", None);
        check("INTEGER_ZERO_OR_POSITIVE", "0", Some("0"));
        check("INTEGER_ZERO_OR_POSITIVE", "-1", None);
        check("PERCENTAGE", "100.1", None);
        check("PERCENTAGE", "100", Some("100"));
        check("UNIT_INTERVAL", "0.5", Some("0.5"));
        check("UNIT_INTERVAL", "2", None);
        for (text, expected) in [("T", Some("true")), ("0", Some("false")), ("False", Some("false")), ("yes", None)] {
            check("BOOLEAN", text, expected);
        }
        check("TRUE_ONLY", "1", Some("true"));
        check("TRUE_ONLY", "false", None);
        check("DATE", "2024-02-30", None);
        check("DATE", "2024-02-29", Some("2024-02-29"));
        check("DATETIME", "2024-02-29T10:00", Some("2024-02-29T10:00"));
        check("DATETIME", "2024-02-29", None);
        check("TIME", "09:30", Some("09:30"));
        check("TIME", "9:30", None);
        check("COORDINATE", "[-13.2, 8.5]", Some("[-13.2, 8.5]"));
        check("COORDINATE", "[8.5]", None);
        check("EMAIL", "a@b.example", Some("a@b.example"));
        check("EMAIL", "a@b", None);
        check("LETTER", "é", Some("é"));
        check("LETTER", "ab", None);
        check("ORGANISATION_UNIT", "DiszpKrYNg8", Some("DiszpKrYNg8"));
        check("TEXT", " as it is ", Some(" as it is "));
    }

    #[test]
    fn zero_has_many_forms() {
        for (text, is) in [("0", true), ("0.00", true), ("-0", true), ("0e5", true), ("1", false), ("", false), ("zero", false)] {
            assert_eq!(is_zero(text), is, "{text}");
        }
    }
}
