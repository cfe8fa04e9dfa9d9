//! Masks of visual ids: which ids fit, and how the sequence in them is rewritten.
//!
//! `9` is a digit of the sequence, `0` a digit, `YYYY` a year, `@` a letter, `&` any character, `*` any text. A sent id
//! is escaped as if it were a regular expression before it is matched and stored: `A.B` becomes `A\.B`. That is a
//! defect of the backend, kept here on purpose.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use regex::Regex;

use super::error::{Error, Result};

/// Compiled masks.
#[derive(Debug, Default)]
pub struct Masks {
    compiled: Mutex<HashMap<String, Option<Arc<Mask>>>>,
}

#[derive(Debug)]
struct Mask {
    /// Groups: what stands before the sequence, the digits of the sequence, what stands after it.
    groups: Regex,
    sequence: usize,
}

impl Masks {
    fn get(&self, mask: &str) -> Option<Arc<Mask>> {
        let mut compiled = self.compiled.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(known) = compiled.get(mask) {
            return known.clone();
        }
        let made = is_valid(mask).then(|| Mask::compile(mask)).flatten().map(Arc::new);
        compiled.insert(mask.to_owned(), made.clone());
        made
    }

    /// The id that is stored when `sent` is sent under `mask`, given the ids of the outbreak (deleted people's too).
    pub fn resolve<T>(&self, mask: &str, sent: &str, taken: &BTreeMap<String, T>) -> Result<String> {
        let refusal = || {
            Error::coded(
                422,
                "INVALID_VISUAL_ID_MASK",
                format!("Provided Visual ID template `{sent}` does not match Visual ID mask set on outbreak level `{mask}`"),
            )
        };
        let known = self.get(mask).ok_or_else(refusal)?;
        let escaped = escape(sent);
        let found = known.groups.captures(&escaped).ok_or_else(refusal)?;
        if known.sequence == 0 {
            return Ok(escaped);
        }
        let (before, after) = (&found[1], &found[3]);
        let next = highest(&known, before, after, taken) + 1;
        let digits = next.to_string();
        if next > 1 && digits.len() > known.sequence {
            return Err(Error {
                name: "MASK_TOO_SHORT",
                code: Some("MASK_TOO_SHORT".to_owned()),
                ..Error::internal("Cannot resolve mask. The numeric value is too big for current mask.")
            });
        }
        Ok(format!("{before}{digits:0>width$}{after}", width = known.sequence))
    }
}

impl Mask {
    fn compile(mask: &str) -> Option<Self> {
        let mut pattern = escape(mask).replace('0', "[0-9]");
        // Only now, because the replacements bring in characters with a meaning of their own.
        let sequence = mask.bytes().filter(|byte| *byte == b'9').count();
        pattern = mark_sequence(&pattern);
        pattern = pattern.replace("YYYY", "[0-9]{4}").replace('@', "[a-zA-Z]").replace('&', ".").replace("\\*", "\\\\?.+");
        let (before, digits, after) = match pattern.split_once(SEQUENCE) {
            None => (String::new(), String::new(), pattern),
            Some((before, rest)) => (before.to_owned(), format!("[0-9]{{{sequence}}}"), rest.replace(SEQUENCE, "")),
        };
        let groups = Regex::new(&format!("^({before})({digits})({after})$")).ok()?;
        Some(Self { groups, sequence })
    }
}

/// Stands for one digit of the sequence while a mask is translated; it cannot occur in a mask.
const SEQUENCE: &str = "\u{1}";

/// Digits of character classes that the translation itself brought in (`[0-9]`) are not digits of the sequence.
fn mark_sequence(pattern: &str) -> String {
    pattern.split("[0-9]").map(|part| part.replace('9', SEQUENCE)).collect::<Vec<_>>().join("[0-9]")
}

/// One run of `9` and no parentheses.
pub fn is_valid(mask: &str) -> bool {
    let after_first = mask.trim_start_matches(|c| c != '9').trim_start_matches('9');
    !after_first.contains('9') && !mask.contains(['(', ')'])
}

/// The number of the greatest id (by text) of the pattern, 0 when there is none.
fn highest<T>(mask: &Mask, before: &str, after: &str, taken: &BTreeMap<String, T>) -> u64 {
    let prefix = unescape(before);
    let suffix = unescape(after);
    let past_the_last = format!("{prefix}{}", char::MAX);
    taken
        .range(prefix.clone()..past_the_last)
        .rev()
        .find_map(|(id, _)| {
            let digits = id.strip_prefix(prefix.as_str())?.strip_suffix(suffix.as_str())?;
            (digits.len() == mask.sequence && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
        })
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

/// Puts a backslash before every character that means something in a regular expression.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if ".*+?^${}()|[]\\".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(if character == '\\' { characters.next().unwrap_or(character) } else { character });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::zero_sized_map_values, reason = "a mask looks at the keys only")]
    fn check(mask: &str, taken: &[&str], sent: &str, expected: std::result::Result<&str, &str>) {
        let taken: BTreeMap<String, ()> = taken.iter().map(|id| ((*id).to_owned(), ())).collect();
        let found = Masks::default().resolve(mask, sent, &taken);
        let found = found.as_deref().map_err(|error| error.code.as_deref().unwrap_or_default());
        assert_eq!(found, expected, "{sent} under {mask}");
    }

    #[test]
    fn sent_ids_under_masks() {
        check("CA-9999999999", &[], "CA-0000000042", Ok("CA-0000000001"));
        check("CA-9999999999", &["CA-0000000007"], "CA-9999999999", Ok("CA-0000000008"));
        check("CA-9999999999", &[], "CA-42", Err("INVALID_VISUAL_ID_MASK"));
        check("CA-99", &["CA-99"], "CA-99", Err("MASK_TOO_SHORT"));
        check("*", &[], "SLE-1", Ok("SLE-1"));
        check("*", &[], "A.B", Ok("A\\.B"));
        check("*", &[], "*", Ok("\\*"));
        check("YYYY-99", &["2024-03"], "2024-00", Ok("2024-04"));
        check("YYYY-99", &["2024-03"], "2025-00", Ok("2025-01"));
        check("YYYY-99", &[], "YYYY-99", Err("INVALID_VISUAL_ID_MASK"));
        check("X@&0", &[], "Xaz7", Ok("Xaz7"));
        check("X@&0", &[], "X1z7", Err("INVALID_VISUAL_ID_MASK"));
        check("A.99", &[], "A.01", Err("INVALID_VISUAL_ID_MASK"));
        check("9-9", &[], "1-1", Err("INVALID_VISUAL_ID_MASK"));
        check("99/A", &["07/A", "09/B"], "00/A", Ok("08/A"));
    }
}
