//! One folder for each kind of system that Kivuko speaks to, and the registry of them.
//!
//! Every folder has the same file names: `config.rs` (what a person writes), `client.rs` (the wire), `read.rs`, `write.rs`, `errors.rs` (what a refusal
//! means), `tests.rs`; a missing file is a missing capability. A connector is a folder plus one line in [`all`]: if it needs more, the design is wrong.

pub mod adx;
pub mod dhis2;
pub mod file;
pub mod godata;
pub mod http;
#[cfg(test)]
mod suite;

use kivuko_core::connector::Connector;

/// All kinds of system, in the order in which lists show them.
pub fn all() -> Vec<Box<dyn Connector>> {
    vec![Box::new(file::Connector), Box::new(godata::Connector), Box::new(dhis2::Connector)]
}

/// The connector of a `kind:`.
pub fn find(kind: &str) -> Option<Box<dyn Connector>> {
    all().into_iter().find(|connector| connector.declaration().kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_by_their_word_and_are_declared_once() {
        let mut seen = std::collections::BTreeSet::new();
        for connector in all() {
            let declaration = connector.declaration();
            assert!(seen.insert(declaration.kind), "{} is declared twice", declaration.kind);
            assert!(find(declaration.kind).is_some());
            let options = declaration.options["properties"].as_object().expect("the schema of the options has properties");
            for (name, property) in options {
                assert!(property["description"].is_string(), "option {name} of {} has no sentence", declaration.kind);
            }
            for secret in declaration.secrets {
                assert!(options.contains_key(*secret), "{secret} is no option of {}", declaration.kind);
            }
        }
        assert!(find("abacus").is_none());
    }
}
