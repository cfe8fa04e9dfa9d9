//! Identifiers of new objects, made from what they are: the same key always gets the same one.

const LETTERS: &[u8; 52] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SIGNS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The identifier of the object of a resource that has a key: 11 characters, the first a letter. `system` is what makes the server this one and no other.
pub fn derived(system: &str, resource: &str, key: &[String]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in ["kivuko dhis2 uid", system, resource].into_iter().chain(key.iter().map(String::as_str)) {
        // Each part with its length, so that no two lists run into one text.
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    let mut number = u128::from_le_bytes(bytes);
    let mut take = |signs: &[u8]| {
        let count = signs.len() as u128;
        let place = usize::try_from(number % count).expect("it is less than the number of signs");
        number /= count;
        char::from(signs[place])
    };
    std::iter::once(take(LETTERS)).chain((1..11).map(|_| take(SIGNS))).collect()
}

/// Whether a text has the form of an identifier.
pub fn is_uid(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 11 && bytes[0].is_ascii_alphabetic() && bytes.iter().all(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_has_one_identifier_and_another_has_another() {
        let of = |system: &str, resource: &str, key: &[&str]| {
            derived(system, resource, &key.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>())
        };
        let first = of("a", "organisationUnits", &["C1"]);
        assert!(is_uid(&first), "{first}");
        assert_eq!(first, of("a", "organisationUnits", &["C1"]));
        for other in [
            of("b", "organisationUnits", &["C1"]),
            of("a", "options", &["C1"]),
            of("a", "organisationUnits", &["C2"]),
            of("a", "organisationUnits", &["C", "1"]),
        ] {
            assert!(is_uid(&other) && other != first);
        }
        let many: std::collections::BTreeSet<String> =
            (0..5_000).map(|number| of("a", "organisationUnits", &[&number.to_string()])).collect();
        assert!(many.len() == 5_000 && many.iter().all(|uid| is_uid(uid)));
    }

    #[test]
    fn what_an_identifier_looks_like() {
        let check = |text: &str, expected: bool| assert_eq!(is_uid(text), expected, "{text}");
        check("DiszpKrYNg8", true);
        check("1iszpKrYNg8", false);
        check("DiszpKrYNg", false);
        check("DiszpKrYNgé", false);
        check("(new)", false);
    }
}
