//! The name of a place taken apart: which place it is, what kind of place, which of several of one name.

use crate::token::{EQUAL, INITIAL, SLIP, SOUNDS, SPELT, Token, words};

use super::kinds::Kind;
use super::rarity::Rarity;
use super::vocabulary::{self, Part, Side, Word, namesake};

/// So many words of a name are compared.
const MOST_WORDS: usize = 8;

/// A name, ready to be compared.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct PlaceName {
    /// The words that say which place it is, in the order of the alphabet.
    pub tokens: Vec<Token>,
    /// These in the order of writing, as one word.
    pub joined: Option<Token>,
    pub kinds: Vec<Kind>,
    /// Numbers, and letters that stand for one: `Sector A`.
    pub numbers: Vec<String>,
    pub sides: Vec<Side>,
    pub grades: Vec<&'static str>,
    pub owners: Vec<&'static str>,
}

/// How the names of two places compare.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Likeness {
    /// The evidence, in bits.
    pub bits: f64,
    /// Of the words of the shorter name the one that is least alike.
    pub worst: f64,
    /// A word of one name has nothing like it in the other.
    pub more: bool,
    /// Each name has a word that the other has not.
    pub replaced: bool,
}

impl PlaceName {
    pub fn new(text: &str) -> Self {
        let all = initials(divided(text));
        let mut name = Self::default();
        let mut parts: Vec<(usize, Part)> = Vec::new();
        let mut plain: Vec<usize> = Vec::new();
        let mut saint = false;
        for (at, text) in all.iter().enumerate() {
            match vocabulary::word(text) {
                _ if text.bytes().all(|letter| letter.is_ascii_digit()) => name.numbers.push(figure(text)),
                Some(Word::Kind(kind)) => name.kinds.push(kind),
                Some(Word::Part(part)) => parts.push((at, part)),
                Some(Word::Side(side)) => name.sides.push(side),
                Some(Word::Grade(grade)) => name.grades.push(grade),
                Some(Word::Owner(owner)) => name.owners.push(owner),
                // A single letter at the beginning is no number: `V. Kondoh`.
                Some(Word::Number(number)) if at > 0 => name.numbers.push(number.to_string()),
                Some(Word::Saint) => saint = true,
                Some(Word::Filler) if at + 1 < all.len() => {}
                Some(Word::Filler) | None if text.len() == 1 && at > 0 => name.numbers.push(text.clone()),
                _ => plain.push(at),
            }
        }
        for at in name.take_parts(&parts) {
            plain.push(at);
        }
        if name.kinds.iter().any(|kind| !kind.is_area()) {
            // `Mano Town Hospital` is a hospital.
            name.kinds.retain(|kind| !kind.is_area());
        } else {
            name.grades.clear();
        }
        if plain.is_empty() {
            plain = (0..all.len()).filter(|&at| !matches!(vocabulary::word(&all[at]), Some(Word::Filler))).collect();
        }
        plain.sort_unstable();
        plain.truncate(MOST_WORDS);
        let spelt = |at: &usize| if saint { namesake(&all[*at]) } else { all[*at].as_str() };
        name.joined = (!plain.is_empty()).then(|| Token::new(&plain.iter().map(spelt).collect::<String>()));
        name.tokens = plain.iter().map(|at| Token::new(spelt(at))).collect();
        name.tokens.sort();
        name.kinds.sort_unstable();
        name.kinds.dedup();
        name.numbers.sort_unstable();
        name.sides.sort_unstable();
        name.sides.dedup();
        name
    }

    /// Makes a kind of the words that are parts of one; gives back the positions of those that are part of the name.
    fn take_parts(&mut self, parts: &[(usize, Part)]) -> Vec<usize> {
        let has = |part: Part| parts.iter().any(|(_, one)| *one == part);
        let facility = self.kinds.iter().any(|kind| !kind.is_area());
        let mut known = facility;
        if has(Part::Health) || (has(Part::Mother) && has(Part::Post)) {
            let kind = if has(Part::Post) {
                Some(match (has(Part::Mother), has(Part::Community)) {
                    (true, _) => Kind::MotherChildPost,
                    (_, true) => Kind::CommunityHealthPost,
                    _ => Kind::HealthPost,
                })
            } else if has(Part::Centre) || has(Part::Unit) {
                Some(if has(Part::Community) { Kind::CommunityHealthCentre } else { Kind::HealthCentre })
            } else if has(Part::Area) {
                Some(Kind::Subdistrict)
            } else if has(Part::Zone) || has(Part::District) {
                Some(Kind::District)
            } else {
                None
            };
            if let Some(kind) = kind.filter(|_| !facility) {
                self.kinds.push(kind);
                known = true;
            }
        }
        let mut plain = Vec::new();
        for (at, part) in parts {
            match part {
                Part::District if facility || known => self.grades.push("district"),
                Part::District => self.kinds.push(Kind::District),
                Part::Health => {}
                _ if known => {}
                Part::Centre => self.sides.push(Side::Central),
                Part::Zone => self.kinds.push(Kind::District),
                Part::Area => self.kinds.push(Kind::Subdistrict),
                Part::Post | Part::Community | Part::Mother | Part::Unit | Part::Base => plain.push(*at),
            }
        }
        plain
    }

    /// One text for the whole name: equal where names are written alike.
    pub fn key(&self) -> String {
        format!("{}|{:?}", self.village(), self.kinds)
    }

    /// The same without its kind: what a village and its facilities have in common.
    pub fn village(&self) -> String {
        let mut folds: Vec<&str> = self.tokens.iter().map(|token| token.fold.as_str()).collect();
        folds.sort_unstable();
        format!("{}|{}|{:?}", folds.join(" "), self.numbers.join(" "), self.sides)
    }

    /// How alike two names are. `nearby` says whether a word stands in the name of a place above: such a word more or less says little.
    pub fn likeness(&self, other: &Self, rarity: &Rarity, nearby: &dyn Fn(&Token) -> bool) -> Likeness {
        let apart = self.apart(other, rarity, nearby);
        let (Some(one), Some(two)) = (&self.joined, &other.joined) else { return apart };
        if self.tokens.len() == 1 && other.tokens.len() == 1 {
            return apart;
        }
        let alike = one.likeness(two);
        if alike < SLIP {
            return apart;
        }
        let weight = |name: &Self| name.tokens.iter().map(|token| rarity.bits(token)).sum::<f64>();
        let together = Likeness {
            bits: evidence(alike, weight(self).min(weight(other)).min(12.0)),
            worst: alike.min(SPELT),
            more: false,
            replaced: false,
        };
        if together.bits > apart.bits { together } else { apart }
    }

    fn apart(&self, other: &Self, rarity: &Rarity, nearby: &dyn Fn(&Token) -> bool) -> Likeness {
        let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
        for (at, one) in self.tokens.iter().enumerate() {
            for (place, two) in other.tokens.iter().enumerate() {
                let alike = one.likeness(two);
                if alike > 0.0 {
                    pairs.push((alike, at, place));
                }
            }
        }
        pairs.sort_by(|one, two| two.0.total_cmp(&one.0));
        let (mut ours, mut theirs) = (vec![false; self.tokens.len()], vec![false; other.tokens.len()]);
        let mut found = Likeness { bits: 0.0, worst: 1.0, more: false, replaced: false };
        let mut equal = 0;
        for (alike, at, place) in pairs {
            if ours[at] || theirs[place] {
                continue;
            }
            (ours[at], theirs[place]) = (true, true);
            found.bits += evidence(alike, rarity.bits(&self.tokens[at]).min(rarity.bits(&other.tokens[place])));
            found.worst = found.worst.min(alike);
            equal += usize::from(alike >= SPELT);
        }
        let mut left = |tokens: &[Token], used: &[bool]| {
            let mut telling = false;
            for (token, _) in tokens.iter().zip(used).filter(|(_, used)| !**used) {
                if nearby(token) {
                    found.bits -= 0.3;
                } else {
                    let bits = rarity.bits(token);
                    found.bits -= 0.35 * bits + 0.7;
                    telling = true;
                }
            }
            telling
        };
        let (more_here, more_there) = (left(&self.tokens, &ours), left(&other.tokens, &theirs));
        found.more = more_here || more_there;
        found.replaced = more_here && more_there;
        if found.replaced {
            found.bits -= 4.0;
        }
        if !ours.contains(&true) {
            found.worst = 0.0;
        }
        // Now and then a place gets quite another name.
        found.bits = found.bits.max(-7.0);
        if equal > 0 && equal == self.tokens.len() && equal == other.tokens.len() {
            // A whole name that is equal says so much, however common it is: within one parent hardly two places have one name.
            found.bits = found.bits.max(7.0);
        }
        found
    }
}

/// Single letters that stand for a part of a kind: `C. de Saúde`, `H. Post`.
fn initials(mut all: Vec<String>) -> Vec<String> {
    let has = |all: &[String], part: Part| all.iter().any(|word| vocabulary::word(word) == Some(Word::Part(part)));
    let (health, post, centre) = (has(&all, Part::Health), has(&all, Part::Post), has(&all, Part::Centre));
    for word in &mut all {
        match word.as_str() {
            "c" if health && !post && !centre => "centre".clone_into(word),
            "p" if health && !post && !centre => "post".clone_into(word),
            "h" if !health && (post || centre) => "health".clone_into(word),
            _ => {}
        }
    }
    all
}

/// A name in which a part stands by itself, and that part: `Mano (Kailahun)`, `Mano - Kailahun`, `Mano, Kailahun`.
pub(super) fn set_apart(text: &str) -> Option<(String, &str)> {
    if let (Some(open), Some(close)) = (text.find('('), text.rfind(')'))
        && open < close
    {
        return Some((format!("{} {}", &text[..open], &text[close + 1..]), &text[open + 1..close]));
    }
    let (name, part) = text.rsplit_once(" - ").or_else(|| text.rsplit_once(", "))?;
    Some((name.to_owned(), part))
}

/// A number without leading zeros.
fn figure(text: &str) -> String {
    let figure = text.trim_start_matches('0');
    if figure.is_empty() { "0".to_owned() } else { figure.to_owned() }
}

/// What the likeness of one word is worth.
fn evidence(alike: f64, rarity: f64) -> f64 {
    if alike >= EQUAL {
        rarity
    } else if alike >= SPELT {
        0.92 * rarity - 0.2
    } else if alike >= SLIP {
        0.72 * rarity - 0.8
    } else if alike >= SOUNDS {
        0.25 * rarity - 2.5
    } else if alike >= INITIAL {
        0.15 * rarity - 1.5
    } else {
        -rarity
    }
}

/// The words of a name. `d'` and `l'` are words of their own, letters with points between are an abbreviation, figures do not stick to letters.
fn divided(text: &str) -> Vec<String> {
    let mut spaced = String::with_capacity(text.len());
    let mut before = ' ';
    for letter in text.chars() {
        let elided = matches!(letter, '\'' | '’') && matches!(before, 'd' | 'D' | 'l' | 'L') && {
            let mut back = spaced.chars().rev();
            back.next();
            back.next().is_none_or(|one| !one.is_alphanumeric())
        };
        // The elided word itself tells nothing: it goes with its apostrophe.
        if elided {
            spaced.pop();
            spaced.push(' ');
        } else {
            if letter.is_numeric() != before.is_numeric() && letter.is_alphanumeric() && before.is_alphanumeric() {
                spaced.push(' ');
            }
            spaced.push(letter);
        }
        before = letter;
    }
    let mut all: Vec<String> = Vec::new();
    let mut letters = String::new();
    let finish = |letters: &mut String, all: &mut Vec<String>| {
        if letters.len() > 1 && vocabulary::is_abbreviation(letters) {
            all.push(std::mem::take(letters));
        } else {
            all.extend(std::mem::take(letters).chars().map(String::from));
        }
    };
    for word in words(&spaced) {
        if word.len() == 1 && !word.as_bytes()[0].is_ascii_digit() {
            letters.push_str(&word);
            continue;
        }
        finish(&mut letters, &mut all);
        // `HCIV`
        match word.strip_prefix("hc").filter(|rest| !rest.is_empty() && rest.bytes().all(|letter| matches!(letter, b'i' | b'v' | b'x'))) {
            Some(figure) => all.extend(["hc".to_owned(), figure.to_owned()]),
            None => all.push(word),
        }
    }
    finish(&mut letters, &mut all);
    all
}
