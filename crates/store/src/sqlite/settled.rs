//! What need not be looked for among the keys of records. While a flow is read for the first time nearly none of its records is there, and looking for each one would read the
//! whole table of keys again for every page.
//!
//! It is a field of bits of a fixed size, which says of some keys that are not there that they may be. Its mark stands in the store since the table was changed last: where
//! another process has changed it since, or a transaction was given up, it is another one, and everything is looked for.

use std::sync::{Mutex, PoisonError};

/// 2 MiB: of a million keys one in four hundred is looked for in vain.
const WORDS: usize = 1 << 18;
/// How many bits each key has.
const BITS: u32 = 4;

#[derive(Debug)]
struct Field {
    mark: i64,
    words: Box<[u64]>,
}

impl Field {
    /// Where the bits of a key are. A key is a hash already.
    fn places(key: i64) -> impl Iterator<Item = (usize, u64)> {
        let key = key.cast_unsigned();
        let (first, step) = (key, (key >> 32) | 1);
        (0..u64::from(BITS)).map(move |turn| {
            let place = first.wrapping_add(turn.wrapping_mul(step));
            ((place >> 6) as usize % WORDS, 1 << (place & 63))
        })
    }
}

/// The keys that are in the table, as far as this process has put them there.
#[derive(Debug, Default)]
pub struct Settled(Mutex<Option<Field>>);

impl Settled {
    /// Leaves out those keys that are known not to be in the table that has this mark.
    pub fn maybe_there(&self, mark: i64, wanted: &[(i64, usize)]) -> Vec<(i64, usize)> {
        let field = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(field) = field.as_ref().filter(|field| field.mark == mark) else { return wanted.to_vec() };
        let maybe = |(key, _): &&(i64, usize)| Field::places(*key).all(|(word, bit)| field.words[word] & bit != 0);
        wanted.iter().filter(maybe).copied().collect()
    }

    /// These keys come into a table that has `before` as its mark (`None`: it is empty), and then has `after`.
    pub fn add(&self, before: Option<i64>, after: i64, keys: &[i64]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let words = match (kept.take(), before) {
            (_, None) => vec![0; WORDS].into_boxed_slice(),
            (Some(field), Some(mark)) if field.mark == mark => field.words,
            _ => return,
        };
        let mut field = Field { mark: after, words };
        for key in keys {
            Field::places(*key).for_each(|(word, bit)| field.words[word] |= bit);
        }
        *kept = Some(field);
    }
}

#[cfg(test)]
mod tests {
    use super::Settled;

    /// Well mixed, as a hash is.
    fn key(number: u64) -> i64 {
        let mixed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9).cast_signed()
    }

    fn wanted(numbers: std::ops::Range<u64>) -> Vec<(i64, usize)> {
        numbers.zip(0..).map(|(number, position)| (key(number), position)).collect()
    }

    #[test]
    fn what_is_there_is_always_looked_for_and_hardly_anything_else() {
        let settled = Settled::default();
        let keys: Vec<i64> = (0..200_000).map(key).collect();
        settled.add(None, 1, &keys[..100_000]);
        settled.add(Some(1), 2, &keys[100_000..]);
        assert_eq!(settled.maybe_there(2, &wanted(0..200_000)).len(), 200_000);
        let in_vain = settled.maybe_there(2, &wanted(200_000..300_000)).len();
        assert!(in_vain < 100, "{in_vain}");
    }

    #[test]
    fn with_another_mark_everything_is_looked_for() {
        let settled = Settled::default();
        assert_eq!(settled.maybe_there(1, &wanted(0..3)).len(), 3);
        settled.add(Some(7), 8, &[key(1)]);
        assert_eq!(settled.maybe_there(8, &wanted(0..3)).len(), 3, "what was there before is not known");
        settled.add(None, 8, &[key(1)]);
        assert_eq!(settled.maybe_there(8, &wanted(0..3)), [(key(1), 1)]);
        assert_eq!(settled.maybe_there(9, &wanted(0..3)).len(), 3);
        settled.add(Some(9), 10, &[key(2)]);
        assert_eq!(settled.maybe_there(10, &wanted(0..3)).len(), 3);
    }
}
