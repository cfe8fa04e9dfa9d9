//! Every code that Kivuko can show, with its page. A code is never given to another meaning and never reused.
//!
//! The hundreds say where an error comes from: 01 the project, 02 sheets and code maps, 03 a record on its way, 04 the target, 05 the network,
//! 06 Go.Data, 07 files, 08 the store, 09 a run, 10 DHIS2,
//! 11 aggregates; 1051 to 1059 what was given to a command. A page has a title line and the sections *What happened*, *Check*, *Cure*.

use crate::error::Code;

/// Declares codes with their pages: `NAME = 401` expects `pages/K0401.md`.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $page:literal;)*) => {
        $($(#[$doc])* pub const $name: crate::error::Code = crate::error::Code($number);)*
        /// The pages of these codes.
        pub const PAGES: &[(crate::error::Code, &str, &str)] = &[$(($name, stringify!($name), include_str!(concat!("pages/", $page, ".md"))),)*];
    };
}

pub mod aggregate;
pub mod command;
pub mod dhis2;
pub mod file;
pub mod godata;
pub mod network;
pub mod project;
pub mod record;
pub mod run;
pub mod sheet;
pub mod store;
pub mod target;

const ALL: [&[(Code, &str, &str)]; 12] = [
    project::PAGES,
    sheet::PAGES,
    record::PAGES,
    target::PAGES,
    network::PAGES,
    godata::PAGES,
    file::PAGES,
    store::PAGES,
    run::PAGES,
    dhis2::PAGES,
    aggregate::PAGES,
    command::PAGES,
];

/// The page of a code, in Markdown.
pub fn page(code: Code) -> Option<&'static str> {
    pages().find(|(known, _)| *known == code).map(|(_, page)| page)
}

/// All codes with their pages, in order.
pub fn pages() -> impl Iterator<Item = (Code, &'static str)> {
    ALL.iter().flat_map(|group| group.iter().map(|(code, _, page)| (*code, *page)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_declared_once_and_its_page_is_complete() {
        let mut seen = std::collections::BTreeSet::new();
        for (code, page) in pages() {
            assert!(seen.insert(code), "{code} is declared twice");
            let title = page.lines().next().unwrap_or_default();
            assert!(title.starts_with(&format!("# {code}: ")), "the page of {code} begins with `{title}`");
            for section in ["## What happened", "## Check", "## Cure"] {
                assert!(page.contains(section), "the page of {code} lacks the section {section}");
            }
        }
    }

    #[test]
    fn every_page_has_its_code() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/catalogue/pages");
        for entry in std::fs::read_dir(folder).expect("the folder of pages is there") {
            let name = entry.expect("it can be read").file_name().into_string().expect("page names are ASCII");
            let code = Code::try_from(name.trim_end_matches(".md").to_owned()).expect("a page is named by its code");
            assert!(page(code).is_some(), "{name} belongs to no code");
        }
    }
}
