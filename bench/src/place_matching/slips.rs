//! What happens to names when somebody else writes them down. It knows nothing of the matcher: other spellings are pairs of letters that people exchange,
//! slips are letters left out, doubled, exchanged or struck beside.

use crate::people::Dice;

const SPELLINGS: [(&str, &str); 16] = [
    ("ou", "u"),
    ("u", "ou"),
    ("k", "c"),
    ("c", "k"),
    ("ny", "gn"),
    ("y", "i"),
    ("w", "ou"),
    ("dj", "j"),
    ("j", "dj"),
    ("tch", "ch"),
    ("é", "e"),
    ("gb", "b"),
    ("ss", "s"),
    ("s", "ss"),
    ("i", "ee"),
    ("l", "ll"),
];
const KEYS: &str = "qwertyuiopasdfghjklzxcvbnm";

/// Another spelling of a name.
pub fn respelt(name: &str, dice: &mut Dice) -> String {
    for _ in 0..6 {
        let (from, to) = SPELLINGS[dice.below(SPELLINGS.len())];
        let places: Vec<usize> = name.match_indices(from).map(|(at, _)| at).filter(|at| *at > 0).collect();
        if !places.is_empty() {
            let at = places[dice.below(places.len())];
            return format!("{}{to}{}", &name[..at], &name[at + from.len()..]);
        }
    }
    name.to_owned()
}

/// A slip of the pen.
pub fn slip(name: &str, dice: &mut Dice) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    let usable: Vec<usize> = (1..letters.len()).filter(|&at| letters[at].is_alphabetic()).collect();
    if usable.len() < 3 {
        return name.to_owned();
    }
    let at = usable[dice.below(usable.len())];
    match dice.below(4) {
        0 => drop(letters.remove(at)),
        1 => letters.insert(at, letters[at]),
        2 if at + 1 < letters.len() && letters[at + 1].is_alphabetic() => letters.swap(at, at + 1),
        _ => {
            let key = KEYS.find(letters[at].to_ascii_lowercase()).unwrap_or(0);
            let beside = if key + 1 < KEYS.len() { key + 1 } else { key - 1 };
            letters[at] = KEYS.as_bytes()[beside] as char;
        }
    }
    letters.into_iter().collect()
}

/// Without accents.
pub fn bare(name: &str) -> String {
    let plain = |letter: char| match letter {
        'á' | 'à' | 'â' | 'ã' => 'a',
        'é' | 'è' | 'ê' => 'e',
        'í' => 'i',
        'ó' | 'ô' | 'õ' => 'o',
        'ú' | 'ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        other => other,
    };
    name.chars().map(plain).collect()
}
