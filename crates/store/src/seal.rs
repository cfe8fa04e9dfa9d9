//! How values are encrypted: XChaCha20-Poly1305 under a key for the purpose, a random nonce, and the row that they belong to as associated data.
//!
//! A sealed value is one byte for the form (1), 24 bytes of nonce, then the cipher text with its tag.

use std::fmt;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use kivuko_core::catalogue::store as codes;
use kivuko_core::error::Error;

use crate::key::Key;

const FORM: u8 = 1;
const NONCE: usize = 24;

/// What is sealed, and so under which key and for which rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    Rejection,
    Kept,
    Plan,
    Session,
    Secret,
    Spill,
    Person,
    Meta,
}

impl Table {
    const fn name(self) -> &'static str {
        match self {
            Self::Rejection => "rejection",
            Self::Kept => "kept",
            Self::Plan => "plan",
            Self::Session => "session",
            Self::Secret => "secret",
            Self::Spill => "spill",
            Self::Person => "person",
            Self::Meta => "meta",
        }
    }
}

/// The keys that a store works with.
#[derive(Clone)]
pub struct Keys {
    payload: XChaCha20Poly1305,
    session: XChaCha20Poly1305,
    /// The key for hashes. It outlives a rotation: with another one every hash of what was last sent would be wrong, and everything would be written again.
    pub hash: [u8; 32],
    /// How often the store's key has been changed.
    pub generation: i64,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("generation", &self.generation).finish_non_exhaustive()
    }
}

impl Keys {
    /// The keys that follow from the project's key, for a new store.
    pub fn new(key: &Key) -> Self {
        Self {
            payload: XChaCha20Poly1305::new(&key.derive("kivuko-store 2026 payloads").into()),
            session: XChaCha20Poly1305::new(&key.derive("kivuko-store 2026 sessions and secrets").into()),
            hash: key.derive("kivuko-store 2026 hashes"),
            generation: 0,
        }
    }

    /// The keys of the store after a change to `key`.
    pub fn followed_by(&self, key: &Key) -> Self {
        Self { hash: self.hash, generation: self.generation + 1, ..Self::new(key) }
    }

    const fn cipher(&self, table: Table) -> &XChaCha20Poly1305 {
        match table {
            Table::Rejection | Table::Kept | Table::Plan | Table::Spill | Table::Person => &self.payload,
            Table::Session | Table::Secret | Table::Meta => &self.session,
        }
    }

    /// Encrypts a value for the row that `owner` names.
    pub fn seal(&self, table: Table, owner: &[&str], value: &[u8]) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce)
            .map_err(|error| Error::stop(codes::UNEXPECTED, format!("this machine has no randomness to encrypt with: {error}")))?;
        let payload = Payload { msg: value, aad: &associated(table, owner) };
        let encrypted = self
            .cipher(table)
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::bug(codes::UNEXPECTED, format!("a value for the table {} is too long to be encrypted", table.name())))?;
        let mut sealed = Vec::with_capacity(1 + NONCE + encrypted.len());
        sealed.push(FORM);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&encrypted);
        Ok(sealed)
    }

    /// Decrypts the value of the row that `owner` names.
    pub fn unseal(&self, table: Table, owner: &[&str], sealed: &[u8]) -> Result<Vec<u8>, Error> {
        self.try_unseal(table, owner, sealed).ok_or_else(|| {
            Error::configuration(
                codes::FOREIGN_VALUE,
                format!(
                    "an encrypted value in the table {} is damaged or belongs to another row: restore a backup, or discard the record",
                    table.name()
                ),
            )
        })
    }

    fn try_unseal(&self, table: Table, owner: &[&str], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, encrypted) = sealed.strip_prefix(&[FORM])?.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: encrypted, aad: &associated(table, owner) };
        self.cipher(table).decrypt(&XNonce::from(*nonce), payload).ok()
    }
}

/// Lengths stand before the parts, so that `ab`, `c` is not `a`, `bc`.
fn associated(table: Table, owner: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in std::iter::once(table.name()).chain(owner.iter().copied()) {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

/// Bytes as SQLite's `unhex` reads them: how sealed values travel in JSON.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(table: Table, owner: &[&str], change: impl Fn(&mut Vec<u8>), expected: Option<&[u8]>) {
        let keys = Keys::new(&Key::from_bytes([1; 32]));
        let mut sealed = keys.seal(Table::Rejection, &["cases", "17"], b"record").unwrap();
        change(&mut sealed);
        let got = keys.unseal(table, owner, &sealed);
        assert_eq!(got.as_deref().ok(), expected, "{table:?} {owner:?}");
        if let Err(error) = got {
            assert_eq!(error.cause.code, codes::FOREIGN_VALUE);
        }
    }

    #[test]
    fn a_value_is_read_from_its_own_row_only() {
        check(Table::Rejection, &["cases", "17"], |_| {}, Some(b"record"));
        check(Table::Rejection, &["cases", "18"], |_| {}, None);
        check(Table::Rejection, &["case", "s17"], |_| {}, None);
        check(Table::Rejection, &["cases", "17", ""], |_| {}, None);
        check(Table::Kept, &["cases", "17"], |_| {}, None);
        check(Table::Secret, &["cases", "17"], |_| {}, None);
    }

    #[test]
    fn a_changed_value_is_not_read() {
        check(Table::Rejection, &["cases", "17"], |sealed| sealed[0] = 2, None);
        check(Table::Rejection, &["cases", "17"], |sealed| sealed[1] ^= 1, None);
        check(Table::Rejection, &["cases", "17"], |sealed| *sealed.last_mut().unwrap() ^= 1, None);
        check(Table::Rejection, &["cases", "17"], |sealed| sealed.truncate(20), None);
        check(Table::Rejection, &["cases", "17"], Vec::clear, None);
    }

    #[test]
    fn nothing_is_sealed_the_same_way_twice() {
        let keys = Keys::new(&Key::from_bytes([1; 32]));
        assert_ne!(keys.seal(Table::Plan, &[], b"x").unwrap(), keys.seal(Table::Plan, &[], b"x").unwrap());
    }

    #[test]
    fn hex_is_what_it_is() {
        assert_eq!(hex(&[0, 1, 0xab, 0xff]), "0001abff");
    }
}
