//! Identifiers of DHIS2: eleven letters and digits, a letter first.

use std::fmt;
use std::str::FromStr;

/// An identifier. It is eleven ASCII characters, so a copy costs no more than a reference.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid([u8; Uid::LENGTH]);

/// A text that is no identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an identifier has eleven letters and digits, and begins with a letter")]
pub struct NotUid;

impl Uid {
    /// How many characters it has.
    pub const LENGTH: usize = 11;

    /// The identifier that a text is.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; Self::LENGTH] = text.as_bytes().try_into().ok()?;
        (bytes[0].is_ascii_alphabetic() && bytes.iter().all(u8::is_ascii_alphanumeric)).then_some(Self(bytes))
    }

    /// An identifier that stands in the code; panics when it is none.
    pub(crate) fn literal(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|| panic!("{text:?} is no identifier"))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII is taken in")
    }
}

impl FromStr for Uid {
    type Err = NotUid;

    fn from_str(text: &str) -> Result<Self, NotUid> {
        Self::parse(text).ok_or(NotUid)
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Makes identifiers and other random texts, always the same ones from the same seed.
#[derive(Debug)]
pub struct Maker {
    state: u64,
}

impl Maker {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number (SplitMix64).
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.number() % limit as u64) as usize
    }

    /// The next identifier.
    pub fn uid(&mut self) -> Uid {
        const LETTERS: &[u8; 52] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        const ALL: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut text = [LETTERS[self.below(LETTERS.len())]; Uid::LENGTH];
        for place in &mut text[1..] {
            *place = ALL[self.below(ALL.len())];
        }
        Uid(text)
    }

    /// The next UUID.
    pub fn uuid(&mut self) -> String {
        let bits = (u128::from(self.number()) << 64) | u128::from(self.number());
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{Maker, Uid};

    #[test]
    fn an_identifier_has_eleven_letters_and_digits() {
        let check = |text: &str, expected: bool| assert_eq!(Uid::parse(text).is_some(), expected, "{text}");
        check("HllvX50cXC0", true);
        check("FFFFFFFFFFF", true);
        check("1llvX50cXC0", false);
        check("HllvX50cXC", false);
        check("HllvX50cXC00", false);
        check("HllvX50cX-0", false);
        check("HllvX50cXé", false);
        check("", false);
    }

    #[test]
    fn the_same_seed_gives_the_same_identifiers() {
        let made = |seed| {
            let mut maker = Maker::new(seed);
            (0..200).map(|_| maker.uid()).collect::<Vec<_>>()
        };
        assert_eq!(made(7), made(7));
        assert_ne!(made(7), made(8));
        assert!(made(7).iter().all(|uid| Uid::parse(uid.as_str()) == Some(*uid)));
    }
}
