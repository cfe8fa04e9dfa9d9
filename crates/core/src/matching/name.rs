//! The name of a person on one side of a record: given names, or surnames.

use serde::{Deserialize, Serialize};

use crate::token::{SLIP, SPELT, Token, words};

/// Words that stand in names and tell nobody apart; they count only when a name has nothing else.
const PARTICLES: [&str; 41] = [
    "ag", "al", "alhaja", "alhaji", "alhadji", "ben", "bin", "bint", "da", "das", "de", "del", "della", "den", "der", "di", "do", "dos",
    "dr", "du", "el", "elhadj", "hadja", "ibn", "la", "le", "les", "mr", "mrs", "ms", "ould", "ter", "ul", "um", "van", "vel", "von", "wa",
    "wo", "y", "zu",
];
/// So many words of a name are compared; nobody has more.
const MOST_WORDS: usize = 6;

/// One side of a name, ready to be compared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Name {
    /// All words, in their order.
    all: Vec<String>,
    /// The words that tell people apart, in the order of the alphabet, so that no order of writing matters.
    tokens: Vec<Token>,
    /// All words as one, for names that are written together or apart.
    joined: Option<Token>,
}

impl Name {
    /// Reads a name as it was written, in whatever script.
    pub fn new<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        Self::from(texts.into_iter().flat_map(words).collect::<Vec<_>>())
    }

    /// Whether there is no name.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    pub(super) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Both sides as one name.
    pub(super) fn with(&self, other: &Self) -> Self {
        Self::from(self.all.iter().chain(&other.all).cloned().collect::<Vec<_>>())
    }

    /// How alike two sides are, from 0 to 1: the best pairing of the words of the shorter one, less a little for words that the other has more.
    pub(super) fn likeness(&self, other: &Self) -> f64 {
        let (paired, more) = pair(&self.tokens, &other.tokens);
        let apart = if paired.is_empty() {
            0.0
        } else {
            let mean = paired.iter().sum::<f64>() / paired.len() as f64;
            // One word that is quite another makes another name: Marie Claire is not Marie Louise.
            let worst = paired.iter().copied().fold(1.0, f64::min);
            (mean.min(worst + 0.3) - 0.07 * (more.min(2) as f64)).max(0.0)
        };
        let together = match (&self.joined, &other.joined) {
            (Some(one), Some(two)) if self.all.len() > 1 || other.all.len() > 1 => match one.likeness(two) {
                alike if alike >= SLIP => alike.min(SPELT),
                _ => 0.0,
            },
            _ => 0.0,
        };
        apart.max(together)
    }

    /// Whether two sides have the same words.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        !self.is_empty() && self.tokens.iter().map(|token| &token.text).eq(other.tokens.iter().map(|token| &token.text))
    }
}

impl From<Vec<String>> for Name {
    fn from(mut all: Vec<String>) -> Self {
        all.truncate(MOST_WORDS);
        let telling: Vec<&String> = all.iter().filter(|word| !PARTICLES.contains(&word.as_str())).collect();
        let mut tokens: Vec<Token> =
            if telling.is_empty() { all.iter().collect() } else { telling }.into_iter().map(|word| Token::new(word)).collect();
        tokens.sort();
        let joined = (!all.is_empty()).then(|| Token::new(&all.concat()));
        Self { all, tokens, joined }
    }
}

impl From<Name> for Vec<String> {
    fn from(name: Name) -> Self {
        name.all
    }
}

/// The best pairing of two lists of words: the likeness of each word of the shorter one, and how many words the longer one has more.
pub(super) fn pair(one: &[Token], two: &[Token]) -> (Vec<f64>, usize) {
    let (short, long) = if one.len() <= two.len() { (one, two) } else { (two, one) };
    let mut best: (f64, Vec<f64>) = (-1.0, Vec::new());
    let mut used = vec![false; long.len()];
    let mut chosen = Vec::with_capacity(short.len());
    try_all(short, long, &mut used, &mut chosen, &mut best);
    best.1.sort_by(f64::total_cmp);
    (best.1, long.len() - short.len())
}

fn try_all(short: &[Token], long: &[Token], used: &mut [bool], chosen: &mut Vec<f64>, best: &mut (f64, Vec<f64>)) {
    let Some(token) = short.get(chosen.len()) else {
        // Of two pairings with one sum the more even one, so that the answer does not depend on which comes first.
        let sum: f64 = chosen.iter().sum::<f64>() + 1e-3 * chosen.iter().copied().fold(1.0, f64::min);
        if sum > best.0 {
            *best = (sum, chosen.clone());
        }
        return;
    };
    for at in 0..long.len() {
        if used[at] {
            continue;
        }
        used[at] = true;
        chosen.push(token.likeness(&long[at]));
        try_all(short, long, used, chosen, best);
        chosen.pop();
        used[at] = false;
    }
}
