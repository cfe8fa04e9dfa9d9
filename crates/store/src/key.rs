//! The key of a store: 32 bytes that are never in it. Where they come from is the caller's matter; a file and a text are offered.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use kivuko_core::catalogue::store as codes;
use kivuko_core::error::Error;

/// The key of a project's environment. Everything that is encrypted or hashed goes back to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl Key {
    /// A new key.
    ///
    /// # Errors
    /// The machine has no source of randomness.
    pub fn generate() -> Result<Self, Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)
            .map_err(|error| Error::stop(codes::BAD_KEY, format!("this machine has no randomness to make a key of: {error}")))?;
        Ok(Self(bytes))
    }

    /// The key in these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key in the text of an environment variable: 64 hexadecimal digits, or base64 of 32 bytes.
    ///
    /// # Errors
    /// The text is neither. It is not repeated in the error.
    pub fn from_text(text: &str) -> Result<Self, Error> {
        let trimmed = text.trim();
        if let Ok(hash) = blake3::Hash::from_hex(trimmed) {
            return Ok(Self(*hash.as_bytes()));
        }
        let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        [&alphabet::STANDARD, &alphabet::URL_SAFE]
            .into_iter()
            .filter_map(|alphabet| GeneralPurpose::new(alphabet, config).decode(trimmed).ok())
            .find_map(|bytes| <[u8; 32]>::try_from(bytes).ok())
            .map(Self)
            .ok_or_else(|| {
                let length = trimmed.chars().count();
                Error::configuration(
                    codes::BAD_KEY,
                    format!("the key of the store is not usable: expected 64 hexadecimal digits or base64 of 32 bytes, got {length} characters that are neither"),
                )
            })
    }

    /// The key in this file. If there is no such file, a new key is made and is on the disk before it is returned, readable for its owner only.
    ///
    /// # Errors
    /// The file cannot be read or written, or holds no key.
    pub fn from_file_or_create(path: &Path) -> Result<Self, Error> {
        match fs::read_to_string(path) {
            Ok(text) => {
                warn_if_others_may_read(path);
                Self::from_text(&text)
                    .map_err(|error| Error::configuration(error.cause.code, format!("{}: {}", path.display(), error.cause.message)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = Self::generate()?;
                if key.write_new(path).map_err(|error| unusable(path, &error))? { Ok(key) } else { Self::from_file_or_create(path) }
            }
            Err(error) => Err(unusable(path, &error)),
        }
    }

    /// The key as it is written into its file and into an environment variable. A secret: for files and for the person who asked, never for a log.
    pub fn to_text(&self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }

    /// A key for one purpose.
    pub(crate) fn derive(&self, purpose: &str) -> [u8; 32] {
        blake3::derive_key(purpose, &self.0)
    }

    /// Writes the key into a new file; `false` when someone else was faster. The file appears with all of its content or not at all.
    fn write_new(&self, path: &Path) -> io::Result<bool> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let draft = folder.join(format!(".key-{:016x}", u64::from_le_bytes(random)));
        let mut file = private_file().create_new(true).open(&draft)?;
        let linked = writeln!(file, "{}", self.to_text()).and_then(|()| file.sync_all()).and_then(|()| fs::hard_link(&draft, path));
        fs::remove_file(&draft)?;
        match linked {
            Ok(()) => {
                // A key that a power cut takes away takes all payloads with it: the name of the file must be on the disk, too.
                #[cfg(unix)]
                fs::File::open(folder)?.sync_all()?;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// A key is never shown by accident.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(secret)")
    }
}

/// Options for a file that only its owner may read and write.
pub(crate) fn private_file() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn unusable(path: &Path, error: &io::Error) -> Error {
    Error::configuration(codes::BAD_KEY, format!("the key file {} cannot be read or written: {error}", path.display()))
}

#[cfg(unix)]
fn warn_if_others_may_read(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    if fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0) {
        tracing::warn!(file = %path.display(), "the key file can be read by others; `chmod 600` keeps it private");
    }
}

#[cfg(not(unix))]
fn warn_if_others_may_read(_path: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<[u8; 32]>) {
        let got = Key::from_text(text);
        assert_eq!(got.as_ref().ok(), expected.map(Key).as_ref(), "{text}");
        if let Err(error) = got {
            assert_eq!(error.cause.code, codes::BAD_KEY);
            assert!(text.is_empty() || !error.to_string().contains(text), "the error repeats the key");
        }
    }

    #[test]
    fn a_key_is_read_from_hex_and_from_both_forms_of_base64() {
        let mut bytes = [0xfb; 32];
        bytes[31] = 0xef;
        check(&"fb".repeat(31).tap_push("ef"), Some(bytes));
        check(&"FB".repeat(31).tap_push("EF"), Some(bytes));
        check("  +/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7++8=\n", Some(bytes));
        check("-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7--8", Some(bytes));
        check("", None);
        check("secret", None);
        check(&"f".repeat(63), None);
        check(&"é".repeat(32), None);
    }

    trait TapPush {
        fn tap_push(self, more: &str) -> Self;
    }

    impl TapPush for String {
        fn tap_push(mut self, more: &str) -> Self {
            self.push_str(more);
            self
        }
    }

    #[test]
    fn a_key_file_is_made_once_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/inside/key");
        let made = Key::from_file_or_create(&path).unwrap();
        assert_eq!(Key::from_file_or_create(&path).unwrap(), made);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "a draft was left behind");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::write(&path, "").unwrap();
        assert_eq!(Key::from_file_or_create(&path).unwrap_err().cause.code, codes::BAD_KEY);
        assert_eq!(Key::from_file_or_create(folder.path()).unwrap_err().cause.code, codes::BAD_KEY);
    }

    #[test]
    fn whoever_makes_the_key_file_first_wins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let keys: Vec<Key> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| Key::from_file_or_create(&path).unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn a_key_is_not_shown() {
        assert_eq!(format!("{:?}", Key([7; 32])), "Key(secret)");
    }
}
