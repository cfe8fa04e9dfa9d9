//! Which texts are values of which type, and what the server makes of them before it stores them.
//!
//! Rules of section "Value validity" of releases 2.38 to 2.43; an empty value is not judged here.

use std::sync::LazyLock;

use jiff::civil::{Date, DateTime, Time};
use regex::Regex;

use super::super::uid::Uid;

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant")
}

static NUMERIC: LazyLock<Regex> = LazyLock::new(|| pattern(r"^-?\d+(\.\d+)?([eE]-?\d+)?$"));
static INTEGER: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(0|-?[1-9]\d*)$"));
static EMAIL: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[^@\s]+@[^@\s]+\.[^@\s]+$"));
static PHONE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[0-9+()#.\s/ext-]{6,50}$"));
static URL: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(https?|ftp)://\S+$"));
static USERNAME: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[a-zA-Z0-9][a-zA-Z0-9._@+-]{3,254}$"));
static COORDINATE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\[\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*\]$"));

/// Whether the values of a type are numbers.
pub fn is_numeric_type(value_type: &str) -> bool {
    value_type.starts_with("INTEGER") || matches!(value_type, "NUMBER" | "UNIT_INTERVAL" | "PERCENTAGE")
}

/// Zero in any form, of a type whose values are numbers.
pub fn is_zero(value: &str, value_type: &str) -> bool {
    is_numeric_type(value_type) && value.parse::<f64>().is_ok_and(|number| number == 0.0)
}

/// What is stored: the variants of yes and no become `true` and `false`. From 2.43 whole numbers lose `.0`.
pub fn normalised(value: &str, value_type: &str, release: u32) -> String {
    match value_type {
        "BOOLEAN" | "TRUE_ONLY" => match value.to_ascii_lowercase().as_str() {
            "true" | "t" | "1" => "true".to_owned(),
            "false" | "f" | "0" => "false".to_owned(),
            _ => value.to_owned(),
        },
        _ if release >= 43 && value_type.starts_with("INTEGER") => {
            let whole = value.split_once('.').filter(|(_, fraction)| !fraction.is_empty() && fraction.bytes().all(|byte| byte == b'0'));
            whole.map_or(value, |(whole, _)| whole).to_owned()
        }
        _ => value.to_owned(),
    }
}

/// Why a normalised value is none of its type: the key of the server's message.
pub fn fault(value: &str, value_type: &str) -> Option<&'static str> {
    let number = || NUMERIC.is_match(value).then(|| value.parse::<f64>().ok()).flatten();
    let integer = || INTEGER.is_match(value);
    let negative = value.starts_with('-');
    let (good, key) = match value_type {
        "NUMBER" => (number().is_some(), "value_not_numeric"),
        "UNIT_INTERVAL" => (number().is_some_and(|number| (0.0..=1.0).contains(&number)), "value_not_unit_interval"),
        "PERCENTAGE" => (number().is_some_and(|number| (0.0..=100.0).contains(&number)), "value_not_percentage"),
        "INTEGER" => (integer(), "value_not_integer"),
        "INTEGER_POSITIVE" => (integer() && !negative && value != "0", "value_not_positive_integer"),
        "INTEGER_NEGATIVE" => (integer() && negative, "value_not_negative_integer"),
        "INTEGER_ZERO_OR_POSITIVE" => (integer() && !negative, "value_not_zero_or_positive_integer"),
        "BOOLEAN" => (matches!(value, "true" | "false"), "value_not_bool"),
        "TRUE_ONLY" => (value == "true", "value_not_true_only"),
        "DATE" | "AGE" => (is_date(value), "value_not_valid_date"),
        "DATETIME" => (is_date_time(value), "value_not_valid_datetime"),
        "TIME" => (value.len() == 5 && value.parse::<Time>().is_ok(), "value_not_valid_time"),
        "COORDINATE" => (is_coordinate(value), "value_not_coordinate"),
        "URL" => (URL.is_match(value), "value_not_url"),
        "EMAIL" => (EMAIL.is_match(value), "value_not_email"),
        "PHONE_NUMBER" => (PHONE.is_match(value), "value_not_phone_number"),
        "LETTER" => (value.chars().count() == 1 && value.chars().all(char::is_alphabetic), "value_not_valid_letter"),
        "USERNAME" => (USERNAME.is_match(value), "value_not_valid_username"),
        "ORGANISATION_UNIT" => (Uid::parse(value).is_some(), "value_not_valid_org_unit_uid"),
        "FILE_RESOURCE" | "IMAGE" => (Uid::parse(value).is_some(), "value_not_valid_file_resource_uid"),
        _ => (true, ""),
    };
    (!good).then_some(key)
}

/// A day as a client may write it: `yyyy-MM-dd`.
pub fn is_date(text: &str) -> bool {
    text.len() == 10 && text.is_ascii() && text.parse::<Date>().is_ok()
}

fn is_date_time(text: &str) -> bool {
    let local = text.strip_suffix('Z').unwrap_or(text);
    text.contains('T') && (local.parse::<DateTime>().is_ok() || text.parse::<jiff::Timestamp>().is_ok())
}

fn is_coordinate(text: &str) -> bool {
    let Some(found) = COORDINATE.captures(text) else {
        return false;
    };
    let at = |n: usize| found[n].parse::<f64>().unwrap_or(f64::NAN);
    at(1).abs() <= 180.0 && at(2).abs() <= 90.0
}

#[cfg(test)]
mod tests {
    use super::{fault, is_zero, normalised};

    #[test]
    fn what_is_a_value_of_which_type() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("NUMBER", &["1", "-1", "0.5", "12.0", "1E-3", "0"], &["1,000", "1.", ".5", "abc", "1 000", "+1", "NaN"]),
            ("INTEGER", &["1", "-1", "0"], &["1.0", "01", "-0", "1.5", "x"]),
            ("INTEGER_POSITIVE", &["1"], &["0", "-1", "1.0"]),
            ("INTEGER_NEGATIVE", &["-1"], &["0", "1"]),
            ("INTEGER_ZERO_OR_POSITIVE", &["0", "7"], &["-7", "7.0", "007"]),
            ("PERCENTAGE", &["0", "99.5", "100"], &["101", "-1"]),
            ("UNIT_INTERVAL", &["0", "0.5", "1"], &["1.1"]),
            ("BOOLEAN", &["true", "false"], &["yes", "TRUE"]),
            ("TRUE_ONLY", &["true"], &["false"]),
            ("DATE", &["2024-02-29"], &["2023-02-29", "2024-2-1", "29/02/2024"]),
            ("AGE", &["2024-02-29"], &["34"]),
            ("DATETIME", &["2024-02-29T10:00", "2024-02-29T10:00:00Z"], &["2024-02-29"]),
            ("TIME", &["10:00"], &["25:00", "10", "10:00:00"]),
            ("COORDINATE", &["[-11.2, 7.1]"], &["-11.2,7.1", "[200,1]"]),
            ("LETTER", &["a"], &["ab", "1"]),
            ("EMAIL", &["a@b.example"], &["a@b"]),
            ("URL", &["https://a.example/x"], &["a.example"]),
            ("ORGANISATION_UNIT", &["DiszpKrYNg8"], &["1iszpKrYNg8"]),
            ("LONG_TEXT", &["anything, at all"], &[]),
        ];
        for (value_type, good, bad) in cases {
            for value in *good {
                assert_eq!(fault(value, value_type), None, "{value_type} {value}");
            }
            for value in *bad {
                assert!(fault(value, value_type).is_some(), "{value_type} {value}");
            }
        }
    }

    #[test]
    fn what_is_stored_of_a_value() {
        let check = |value: &str, value_type: &str, release: u32, stored: &str| {
            assert_eq!(normalised(value, value_type, release), stored, "{value} {value_type} {release}");
        };
        check("T", "BOOLEAN", 42, "true");
        check("0", "BOOLEAN", 42, "false");
        check("False", "TRUE_ONLY", 42, "false");
        check("not true", "BOOLEAN", 42, "not true");
        check("12.0", "INTEGER", 42, "12.0");
        check("12.0", "INTEGER", 43, "12");
        check("12.5", "INTEGER", 43, "12.5");
        check("12.0", "NUMBER", 43, "12.0");
        assert!(is_zero("0.0", "NUMBER") && is_zero("-0", "INTEGER") && !is_zero("0", "TEXT"));
    }
}
