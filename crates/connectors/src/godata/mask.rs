//! Masks of visual ids: `CA-9999999999`, `YYYY-@@-000`, `*`.
//!
//! `9` is a digit of the outbreak's own sequence, `0` a digit, `YYYY` a year, `@` a letter, `&` any character, `*` any text; everything else is itself.

/// What Go.Data stores with a backslash in front.
const ESCAPED: &str = ".*+?^${}()|[]\\";

/// A mask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Literal(char),
    Sequence,
    Digit,
    Letter,
    Any,
    Text,
}

/// What is wrong with a visual id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    /// It has a character that is stored changed.
    Escaped(char),
    /// It has not the form of the mask.
    Form,
    /// Its digits would be replaced by the next number of the outbreak.
    Rewritten,
    /// The mask has a character that nothing can match.
    UnusableMask(char),
}

impl Mask {
    /// Reads a mask.
    pub fn parse(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix("YYYY") {
                parts.extend([Part::Digit; 4]);
                rest = after;
                continue;
            }
            parts.push(match character {
                '9' => Part::Sequence,
                '0' => Part::Digit,
                '@' => Part::Letter,
                '&' => Part::Any,
                '*' => Part::Text,
                literal => Part::Literal(literal),
            });
            rest = &rest[character.len_utf8()..];
        }
        Self { text: text.to_owned(), parts }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the digits of a sent id are replaced, so that it is no key.
    pub fn rewrites(&self) -> bool {
        self.parts.contains(&Part::Sequence)
    }

    /// Whether an id is stored as it is sent.
    ///
    /// # Errors
    /// Why it is not.
    pub fn keeps(&self, id: &str) -> Result<(), Misfit> {
        self.fits(id)?;
        if self.rewrites() { Err(Misfit::Rewritten) } else { Ok(()) }
    }

    /// Whether an id is accepted, perhaps with other digits.
    ///
    /// # Errors
    /// Why it is not.
    pub fn fits(&self, id: &str) -> Result<(), Misfit> {
        let unusable = self.parts.iter().find_map(|part| match part {
            Part::Literal(literal) if ESCAPED.contains(*literal) => Some(*literal),
            _ => None,
        });
        if let Some(literal) = unusable {
            return Err(Misfit::UnusableMask(literal));
        }
        if let Some(character) = id.chars().find(|character| ESCAPED.contains(*character)) {
            return Err(Misfit::Escaped(character));
        }
        let characters: Vec<char> = id.chars().collect();
        if matches(&self.parts, &characters) { Ok(()) } else { Err(Misfit::Form) }
    }
}

/// Whether the characters fit the parts. `reached[n]` says that the parts so far can end after `n` characters; one pass for each part, however many
/// free texts a mask has.
fn matches(parts: &[Part], characters: &[char]) -> bool {
    let mut reached = vec![false; characters.len() + 1];
    reached[0] = true;
    for part in parts {
        let mut next = vec![false; characters.len() + 1];
        for (position, character) in characters.iter().enumerate() {
            let from_here = reached[position] || (*part == Part::Text && next[position]);
            next[position + 1] = from_here && part.takes(*character);
        }
        reached = next;
    }
    reached.last() == Some(&true)
}

impl Part {
    fn takes(self, character: char) -> bool {
        match self {
            Self::Literal(literal) => literal == character,
            Self::Sequence | Self::Digit => character.is_ascii_digit(),
            Self::Letter => character.is_ascii_alphabetic(),
            Self::Any | Self::Text => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quirk_05_masks_with_a_sequence_rewrite_others_keep() {
        let check = |mask: &str, id: &str, expected: Result<(), Misfit>| assert_eq!(Mask::parse(mask).keeps(id), expected, "{mask} {id}");
        check("*", "X-1", Ok(()));
        check("*", "", Err(Misfit::Form));
        check("CA-9999", "CA-0042", Err(Misfit::Rewritten));
        check("CA-9999", "CA-42", Err(Misfit::Form));
        check("CA-9999", "CA-9999", Err(Misfit::Rewritten));
        check("CA-0000", "CA-0042", Ok(()));
        check("YYYY-@@-&", "2026-ab-é", Ok(()));
        check("YYYY-@@-&", "YYYY-ab-1", Err(Misfit::Form));
        check("SN*/00", "SN123/45", Ok(()));
        check("SN*/00", "SN/45", Err(Misfit::Form));
        check("*a*", "bab", Ok(()));
        check("*a*", "ab", Err(Misfit::Form));
    }

    #[test]
    fn quirk_28_punctuation_is_stored_escaped() {
        for character in ESCAPED.chars() {
            assert_eq!(Mask::parse("*").fits(&format!("A{character}B")), Err(Misfit::Escaped(character)));
        }
        assert_eq!(Mask::parse("A.0").fits("A11"), Err(Misfit::UnusableMask('.')), "such a mask never matches");
        assert_eq!(Mask::parse("*").fits("A B-C_D/E"), Ok(()));
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_made_from_a_mask_fits_it(mask in "[A-C09@&-]{1,12}") {
            let id: String = mask.chars().map(|character| match character { '9' | '0' => '7', '@' => 'q', '&' => '~', other => other }).collect();
            proptest::prop_assert_eq!(Mask::parse(&mask).fits(&id), Ok(()));
        }
    }
}
