//! Numbers that people carry: documents and telephones.

/// So many digits a number must have before one that differs by a slip is taken for it.
const LONG_ENOUGH: usize = 8;
/// The last digits of a telephone number, by which it is compared: what stands before them is written in many ways.
const TAIL: usize = 8;
/// A telephone number has at least so many digits.
const LEAST: usize = 6;

/// A document number with nothing but its letters and digits, in capitals.
pub(super) fn normal(text: &str) -> Option<String> {
    let kept: String = any_ascii::any_ascii(text).chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    (!kept.is_empty()).then_some(kept)
}

/// The end of a telephone number.
pub(super) fn phone(text: &str) -> Option<String> {
    let digits: String = any_ascii::any_ascii(text).chars().filter(char::is_ascii_digit).collect();
    (digits.len() >= LEAST).then(|| digits[digits.len().saturating_sub(TAIL)..].to_owned())
}

/// Whether one slip of the pen lies between two document numbers that are long enough for that to say something.
pub(super) fn is_slip(one: &str, two: &str) -> bool {
    is_long(one) && is_long(two) && strsim::osa_distance(one, two) == 1
}

/// Whether a slip in it can be told from another number.
pub(super) fn is_long(number: &str) -> bool {
    number.bytes().filter(u8::is_ascii_digit).count() >= LONG_ENOUGH
}
