//! One word of a name, of a person or a place, in three forms, and how alike two of them are.
//!
//! Nothing is bound to one language: letters of any script are written in Latin ones first, then spellings of one sound are folded together
//! (`Mohammed`, `Muhamad`), and the consonants alone are what a word is looked up by.

use any_ascii::any_ascii;
use unicode_normalization::UnicodeNormalization as _;

/// One word of a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Token {
    /// Small Latin letters.
    pub text: String,
    /// The same with spellings of one sound folded together.
    pub fold: String,
    /// The consonants of `fold`, and its first letter: what similar names share.
    pub sound: String,
    /// Which letters stand in `text` and in `fold`, a bit for each: most words are told apart by these alone.
    letters: [u32; 2],
}

/// The likeness of two words, from 0 to 1. Only these values are given.
pub(crate) const EQUAL: f64 = 1.0;
/// Two spellings of one sound.
pub(crate) const SPELT: f64 = 0.95;
/// A slip of the pen apart.
pub(crate) const SLIP: f64 = 0.8;
/// They sound alike, or one is the short form of the other.
pub(crate) const SOUNDS: f64 = 0.45;
/// One is the first letter of the other.
pub(crate) const INITIAL: f64 = 0.4;

/// The words of a text, in small Latin letters, whatever its script. Apostrophes join, everything else that is no letter or digit divides.
pub(crate) fn words(text: &str) -> Vec<String> {
    let composed: String = text.nfkc().filter(|letter| !matches!(letter, '\'' | '’' | '‘' | 'ʼ' | 'ʻ' | '`' | '´')).collect();
    let mut words = Vec::new();
    // Whole words are written in Latin letters, so that a script without capitals does not fall apart into its letters.
    for word in composed.split(|letter: char| !letter.is_alphanumeric() && !is_mark(letter)) {
        let latin: String = any_ascii(word).chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        if !latin.is_empty() {
            words.push(latin);
        }
    }
    words
}

/// Vowel signs and the like: part of the word that they stand in.
fn is_mark(letter: char) -> bool {
    unicode_normalization::char::is_combining_mark(letter)
}

impl Token {
    pub fn new(text: &str) -> Self {
        let fold = fold(text);
        let sound = sound(&fold);
        let letters = [letters(text), letters(&fold)];
        Self { text: text.to_owned(), fold, sound, letters }
    }

    /// How alike two words are.
    pub fn likeness(&self, other: &Self) -> f64 {
        if self.text == other.text {
            return EQUAL;
        }
        let (short, long) = if self.text.len() <= other.text.len() { (self, other) } else { (other, self) };
        if short.text.len() == 1 {
            return if long.text.starts_with(&short.text) { INITIAL } else { 0.0 };
        }
        if self.fold == other.fold && short.fold.len() >= 3 {
            return SPELT;
        }
        let same_sound = self.sound == other.sound && self.sound.len() >= 2;
        // A script that writes no short vowels leaves only the consonants to compare.
        if same_sound && short.text.len() >= 3 && (is_bare(&self.text) || is_bare(&other.text)) {
            return SLIP;
        }
        let allowed = match short.text.len() {
            0..=3 => 0,
            4..=7 => 1,
            _ => 2,
        };
        let [text_apart, fold_apart] = [0, 1].map(|at| (self.letters[at] ^ other.letters[at]).count_ones() as usize);
        if within(&self.text, &other.text, text_apart, allowed) || (short.fold.len() >= 5 && within(&self.fold, &other.fold, fold_apart, 1))
        {
            return SLIP;
        }
        let short_form = short.text.len() >= 3 && long.text.starts_with(&short.text);
        // Letters that the other word has not at all bound what can agree.
        let common = |word: &Self, other: &Self| {
            let strange = (word.letters[0] & !other.letters[0]).count_ones() as usize;
            word.text.len().saturating_sub(strange) as f64
        };
        let most = common(short, long).min(common(long, short));
        let may_be_near = most / short.text.len() as f64 + most / long.text.len() as f64 >= 1.49;
        let near = within(&self.text, &other.text, text_apart, 1)
            || (short.text.len() >= 5 && may_be_near && strsim::jaro_winkler(&short.text, &long.text) >= 0.9);
        if same_sound || short_form || near { SOUNDS } else { 0.0 }
    }
}

/// Which letters stand in a word, a bit for each.
fn letters(text: &str) -> u32 {
    text.bytes().fold(0, |bits, letter| bits | 1 << (letter % 32))
}

/// Whether two words are at most so many slips apart. `letters` is how many letters stand in one of them only: a slip changes at most two.
fn within(one: &str, two: &str, letters: usize, slips: usize) -> bool {
    slips > 0 && one.len().abs_diff(two.len()) <= slips && letters <= 2 * slips && strsim::osa_distance(one, two) <= slips
}

/// Only consonants: the word comes from a script that does not write its short vowels.
fn is_bare(text: &str) -> bool {
    !text.bytes().any(|letter| matches!(letter, b'a' | b'e' | b'i' | b'o' | b'u'))
}

/// Groups of letters that are spellings of one sound somewhere, longest first. Not a language: what registries of several languages write for one name.
const GROUPS: [(&str, &str); 30] = [
    ("sch", "x"),
    ("tch", "x"),
    ("tsh", "x"),
    ("dge", "j"),
    ("sh", "x"),
    ("ch", "x"),
    ("ph", "f"),
    ("th", "t"),
    ("dh", "d"),
    ("gh", "g"),
    ("kh", "k"),
    ("rh", "r"),
    ("bh", "b"),
    ("ck", "k"),
    ("qu", "k"),
    ("dj", "j"),
    ("dz", "j"),
    ("gn", "ni"),
    ("ny", "ni"),
    ("ks", "ks"),
    ("ou", "u"),
    ("oo", "u"),
    ("ow", "u"),
    ("ee", "i"),
    ("ie", "i"),
    ("ei", "i"),
    ("ai", "i"),
    ("ue", "u"),
    ("oe", "u"),
    ("ae", "a"),
];

fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (piece, length) = GROUPS.iter().find(|(from, _)| rest.starts_with(from)).map_or_else(
            || {
                let next = rest.as_bytes().get(1).copied().unwrap_or(b' ');
                (single(first, next), 1)
            },
            |(from, to)| (*to, from.len()),
        );
        let own = [first as u8];
        let piece = if piece.is_empty() { std::str::from_utf8(&own).unwrap_or_default() } else { piece };
        for letter in piece.chars() {
            if !folded.ends_with(letter) {
                folded.push(letter);
            }
        }
        rest = &rest[length..];
    }
    // Endings that are written or not.
    if folded.len() > 3 && folded.ends_with('h') {
        folded.pop();
    }
    folded
}

/// A single letter by what it stands for; empty: itself.
const fn single(letter: char, next: u8) -> &'static str {
    let soft = matches!(next, b'e' | b'i' | b'y');
    match letter {
        'c' if soft => "s",
        'g' if soft => "j",
        'c' | 'q' => "k",
        'x' => "ks",
        'z' => "s",
        'y' | 'e' => "i",
        'o' | 'w' => "u",
        'v' => "f",
        _ => "",
    }
}

/// The first letter and the consonants after it; `h` counts only at the beginning.
fn sound(fold: &str) -> String {
    let mut sound = String::new();
    for (at, letter) in fold.chars().enumerate() {
        let vowel = matches!(letter, 'a' | 'i' | 'u');
        let silent = letter == 'h';
        if at == 0 {
            // Vowels at the beginning vary most: Aïssata, Isatu.
            sound.push(if vowel { 'a' } else { letter });
        } else if !vowel && !silent && !sound.ends_with(letter) {
            sound.push(letter);
        }
    }
    sound.truncate(6);
    sound
}
