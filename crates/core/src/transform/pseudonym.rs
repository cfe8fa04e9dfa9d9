//! Pseudonyms: a word that stands for a person's value and leads back to it only for who has the store.
//!
//! The same value has the same pseudonym in every run of an environment, so that tables can be joined on it; two purposes and two environments have different
//! ones, so that what was passed on for one cannot be put together with what was passed on for the other. It is a keyed hash: trying out all telephone
//! numbers does not help who does not have the key.

use serde_json::Value;

use super::{Family, Step, Takes, Transform, example, required, text_of};

/// Letters that nobody mistakes for one another, small, so that a spreadsheet takes none of the words for a number.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
/// 80 bits: among ten million values the chance that two have one pseudonym is one in ten thousand million.
const LENGTH: usize = 16;

pub(super) static ALL: &[&Transform] = &[&Transform {
    name: "pseudonym",
    family: Family::Privacy,
    about: "A word of 17 characters that stands for the value: the same for the same value in every run of this environment, and nobody who lacks the store can \
            lead it back. What has different pseudonyms for different purposes cannot be put together. Bring the value into one form first \
            (`collapse | lower`): other letters make another pseudonym. In the examples, and in `checks`, the key is a fixed one.",
    parameters: &[required("purpose", "what the pseudonyms are for, such as the name of who gets them")],
    examples: &[
        example("pseudonym(\"university\")", "\"0b7e1f4c-5d0a\"", "\"pv46ztn26s5kaxh56\""),
        example("pseudonym(\"ministry\")", "\"0b7e1f4c-5d0a\"", "\"pysf6s6m0ead7aqes\""),
    ],
    takes: Takes::One,
    in_expressions: true,
    make: |arguments| {
        let purpose = arguments.required_text(0)?;
        if purpose.trim().is_empty() {
            return Err(arguments.error(0, "the pseudonyms have no purpose", "what they are for, such as the name of who gets them"));
        }
        Ok(Step::one(arguments, move |value, scope| {
            let text = text_of("pseudonym", value)?;
            Ok(Value::String(word(scope.env.secret, &purpose, text.trim())))
        }))
    },
}];

fn word(secret: &[u8; 32], purpose: &str, text: &str) -> String {
    let key = blake3::derive_key("Kivuko 2026 pseudonyms", secret);
    let mut hasher = blake3::Hasher::new_keyed(&key);
    // The length in front keeps purpose and value from running into each other.
    hasher.update(&(purpose.len() as u64).to_le_bytes());
    hasher.update(purpose.as_bytes());
    hasher.update(text.as_bytes());
    let hash = hasher.finalize();
    let letters = hash.as_bytes().iter().take(LENGTH).map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    std::iter::once('p').chain(letters).collect()
}
