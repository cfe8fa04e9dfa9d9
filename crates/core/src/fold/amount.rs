//! Exact decimal numbers: adding them in any order gives the same sum, to the last digit.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::catalogue::record;
use crate::error::Cause;

/// How many decimals are kept. Further ones are rounded when a number is read, a half away from zero, which also takes off what a float adds to `0.3`.
pub const DECIMALS: u32 = 12;

/// How many decimals an average and the result of a formula have at most.
pub const SHOWN_DECIMALS: u32 = 10;

/// Numbers from this one on are refused: a sum of them could not be kept exactly.
const LIMIT: i128 = 1_000_000_000_000_000;

const ONE: i128 = 10i128.pow(DECIMALS);

/// A decimal number of at most [`DECIMALS`] decimals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(i128);

/// Why a value is no amount. The value itself is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoAmount {
    #[error("the value is not a number such as 12 or 12.5, with a point and without anything between the digits")]
    NotANumber,
    #[error("the number is too large: it has to lie below 1000000000000000")]
    TooLarge,
}

impl NoAmount {
    /// As the cause of a rejection.
    pub fn cause(self) -> Cause {
        Cause::new(record::BAD_NUMBER, self.to_string())
    }
}

impl Amount {
    /// A whole number.
    pub fn whole(number: i64) -> Result<Self, NoAmount> {
        Self::within(i128::from(number) * ONE)
    }

    /// A number written as `12`, `-0.5`, `+3`, `1.5e-7`; white space around it is left away.
    ///
    /// # Errors
    /// Anything else, also digits of other scripts and groups of digits; a number that is too large.
    pub fn parse(text: &str) -> Result<Self, NoAmount> {
        let text = text.trim();
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| NoAmount::NotANumber)?),
            None => (text, 0),
        };
        let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(whole) || !plain(fraction) || (whole.is_empty() && fraction.is_empty()) {
            return Err(NoAmount::NotANumber);
        }
        let digits = format!("{whole}{fraction}");
        let digits = digits.trim_start_matches('0');
        // Where the digits stand once the number is counted in units of its last decimal.
        let Ok(decimals) = i64::try_from(fraction.len()) else { return Err(NoAmount::NotANumber) };
        let shift = i64::from(exponent) - decimals + i64::from(DECIMALS);
        let scaled = if digits.is_empty() {
            0
        } else if shift >= 0 {
            let power = u32::try_from(shift).ok().and_then(|shift| 10i128.checked_pow(shift)).ok_or(NoAmount::TooLarge)?;
            digits.parse::<i128>().ok().and_then(|digits| digits.checked_mul(power)).ok_or(NoAmount::TooLarge)?
        } else {
            rounded_digits(digits, shift.unsigned_abs())?
        };
        Self::within(if mantissa.starts_with('-') { -scaled } else { scaled })
    }

    /// The number that a value is or writes.
    ///
    /// # Errors
    /// As [`Amount::parse`]; also truth values, lists, objects and what is empty.
    pub fn of(value: &Value) -> Result<Self, NoAmount> {
        match value {
            Value::Number(number) => Self::parse(&number.to_string()),
            Value::String(text) => Self::parse(text),
            _ => Err(NoAmount::NotANumber),
        }
    }

    /// The number that an expression gave, rounded to [`SHOWN_DECIMALS`].
    ///
    /// # Errors
    /// What is no number (0 / 0) and what is too large.
    pub fn of_float(float: f64) -> Result<Self, NoAmount> {
        if float.is_nan() {
            return Err(NoAmount::NotANumber);
        }
        if float.is_infinite() {
            return Err(NoAmount::TooLarge);
        }
        Self::parse(&float.to_string()).map(Self::shown)
    }

    /// The number as a float, for expressions.
    pub fn float(self) -> f64 {
        // The text of a number is read to the nearest float, which a division of two rounded floats would not be.
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// Rounded to [`SHOWN_DECIMALS`], a half away from zero.
    #[must_use]
    pub fn shown(self) -> Self {
        let unit = 10i128.pow(DECIMALS - SHOWN_DECIMALS);
        Self(divided(self.0, unit) * unit)
    }

    fn within(scaled: i128) -> Result<Self, NoAmount> {
        if scaled.abs() < LIMIT * ONE { Ok(Self(scaled)) } else { Err(NoAmount::TooLarge) }
    }

    /// A count, of any size.
    pub fn count(count: u64) -> Self {
        Self(i128::from(count) * ONE)
    }

    pub(super) fn plus(self, other: Self) -> Self {
        // Each amount is below 10^27, so that it takes more than 10^11 of them to go beyond 10^38.
        Self(self.0.checked_add(other.0).expect("no reading has a hundred thousand million parts of the largest size"))
    }

    /// The part of it that falls on one of `count`, rounded to [`SHOWN_DECIMALS`].
    pub(super) fn over(self, count: u64) -> Option<Self> {
        let unit = 10i128.pow(DECIMALS - SHOWN_DECIMALS);
        (count > 0).then(|| Self(divided(self.0, i128::from(count) * unit) * unit))
    }
}

/// Divided, with a half away from zero.
fn divided(number: i128, by: i128) -> i128 {
    let (quotient, rest) = (number / by, number % by);
    if rest.abs() >= by - rest.abs() { quotient + number.signum() } else { quotient }
}

/// The digits without the last `dropped` of them, rounded.
fn rounded_digits(digits: &str, dropped: u64) -> Result<i128, NoAmount> {
    let kept = usize::try_from(dropped).ok().and_then(|dropped| digits.len().checked_sub(dropped));
    let Some(kept) = kept else { return Ok(0) };
    let whole = match &digits[..kept] {
        "" => 0,
        kept if kept.len() > 38 => return Err(NoAmount::TooLarge),
        kept => kept.parse::<i128>().map_err(|_| NoAmount::TooLarge)?,
    };
    Ok(whole + i128::from(digits.as_bytes()[kept] >= b'5'))
}

/// As DHIS2 takes numbers: no exponent, no zeros at the end, no minus before zero.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0.unsigned_abs() / ONE.unsigned_abs(), self.0.unsigned_abs() % ONE.unsigned_abs());
        let sign = if self.0 < 0 { "-" } else { "" };
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        let decimals = format!("{fraction:0width$}", width = DECIMALS as usize);
        write!(f, "{sign}{whole}.{}", decimals.trim_end_matches('0'))
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A sum may be larger than a number that is read; it is written as text.
impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        Self::kept(&text).ok_or_else(|| serde::de::Error::custom("it is not a kept sum"))
    }
}

impl Amount {
    /// Reads what [`fmt::Display`] wrote, of any size.
    fn kept(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if fraction.len() > DECIMALS as usize || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let scaled = whole.parse::<i128>().ok()?.checked_mul(ONE)?;
        let fraction = format!("{fraction:0<width$}", width = DECIMALS as usize).parse::<i128>().ok()?;
        Some(Self(if whole.starts_with('-') { scaled.checked_sub(fraction)? } else { scaled.checked_add(fraction)? }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_read_and_how_it_is_written() {
        let cases = [
            ("12", "12"),
            ("012", "12"),
            (" 12.50 ", "12.5"),
            ("+3", "3"),
            ("-0.0", "0"),
            ("-0.5", "-0.5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1e3", "1000"),
            ("1.5E-7", "0.00000015"),
            ("0.30000000000000004", "0.3"),
            ("36.666666666666664", "36.666666666667"),
            ("0.0000000000005", "0.000000000001"),
            ("-0.0000000000005", "-0.000000000001"),
            ("0.00000000000049999", "0"),
            ("1e-400", "0"),
            ("0e999", "0"),
            ("999999999999999.999999999999", "999999999999999.999999999999"),
            ("000000000000000000000000000000000000000000000000000000012", "12"),
        ];
        for (text, written) in cases {
            assert_eq!(Amount::parse(text).map(|amount| amount.to_string()), Ok(written.to_owned()), "{text}");
        }
        for text in [
            "",
            " ",
            "-",
            ".",
            "+-1",
            "1,5",
            "1 000",
            "1_000",
            "0x1",
            "NaN",
            "inf",
            "1e",
            "e3",
            "1e1.5",
            "٣",
            "12a",
            "--1",
            "1.2.3",
            "1e99999999999",
        ] {
            assert_eq!(Amount::parse(text), Err(NoAmount::NotANumber), "{text}");
        }
        for text in ["1000000000000000", "-1e15", "1e400", "999999999999999.9999999999995", "123456789012345678901234567890123456789012345"]
        {
            assert_eq!(Amount::parse(text), Err(NoAmount::TooLarge), "{text}");
        }
    }

    #[test]
    fn values() {
        assert_eq!(Amount::of(&json!(2.5)).map(|amount| amount.to_string()), Ok("2.5".to_owned()));
        assert_eq!(Amount::of(&json!("7")), Amount::whole(7));
        assert_eq!(Amount::of(&json!(1e-7)).map(|amount| amount.to_string()), Ok("0.0000001".to_owned()));
        assert_eq!(Amount::of(&json!(u64::MAX)), Err(NoAmount::TooLarge));
        for value in [json!(null), json!(true), json!([1]), json!({"a": 1}), json!("")] {
            assert_eq!(Amount::of(&value), Err(NoAmount::NotANumber), "{value}");
        }
        assert_eq!(Amount::of_float(1000.0 / 3.0).map(|amount| amount.to_string()), Ok("333.3333333333".to_owned()));
        assert_eq!((Amount::of_float(f64::NAN), Amount::of_float(f64::NEG_INFINITY)), (Err(NoAmount::NotANumber), Err(NoAmount::TooLarge)));
        assert_eq!(Amount::of_float(0.1 + 0.2).map(Amount::float), Ok(0.3));
    }

    proptest! {
        #[test]
        fn reading_what_was_written_leads_back(scaled in -(LIMIT * ONE - 1)..LIMIT * ONE, sum in any::<i128>()) {
            let amount = Amount(scaled);
            prop_assert_eq!(Amount::parse(&amount.to_string()), Ok(amount));
            for amount in [amount, Amount(sum)] {
                let json = serde_json::to_string(&amount).expect("JSON");
                prop_assert_eq!(serde_json::from_str::<Amount>(&json).expect("it was written"), amount);
            }
        }

        #[test]
        fn rounding_goes_to_the_nearest(scaled in -(LIMIT * ONE - 1)..LIMIT * ONE) {
            let (amount, shown) = (Amount(scaled), Amount(scaled).shown());
            prop_assert!((amount.0 - shown.0).abs() <= 50);
            prop_assert_eq!(shown.0 % 100, 0);
        }

        #[test]
        fn no_text_breaks_it(text in "[-+0-9.eE ]{0,60}") {
            let _ = Amount::parse(&text);
        }
    }
}
