//! Which release answers, and what differs from one to the next, as data.

use kivuko_core::catalogue::dhis2;
use kivuko_core::error::Error;

/// The oldest release that Kivuko speaks to.
pub const OLDEST: u16 = 38;
/// The newest release that it was tried with.
pub const NEWEST: u16 = 43;

/// What differs between releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// `43` for 2.43.1.
    pub release: u16,
    /// A fault in one value refuses all values of its group: what was refused is sent again in parts, until only the guilty values are left (2.43).
    pub refuses_groups: bool,
    /// A 0 of an element whose zero is not significant is not kept: it deletes (before 2.43).
    pub drops_zeros: bool,
    /// The answer's form is chosen by `format=`; before, by `Accept` (from 2.42 both, from 2.43 this alone).
    pub format_parameter: bool,
    /// The longest comment, in characters.
    pub longest_comment: usize,
    /// What a category option combination of a data set's own category combination is written as in ADX (before 2.43 the reader looks at the
    /// element's own categories only).
    pub adx_overrides: bool,
    /// What opens and closes of org units is checked by an import (2.43).
    pub checks_unit_dates: bool,
}

impl Profile {
    /// What a release does. One that is newer than all that are known does as the newest.
    pub fn of(release: u16) -> Self {
        let pipeline = release >= 43;
        Self {
            release,
            refuses_groups: pipeline,
            drops_zeros: !pipeline,
            format_parameter: release >= 42,
            longest_comment: if pipeline { 5_000 } else { 50_000 },
            adx_overrides: pipeline,
            checks_unit_dates: pipeline,
        }
    }
}

/// Reads `2.42.5.2`, `2.44-SNAPSHOT` and the new form `v42.1`.
///
/// # Errors
/// No release can be read, or it is too old.
pub fn release(version: &str) -> Result<u16, Error> {
    let trimmed = version.trim().trim_start_matches(['v', 'V']);
    let numbers = trimmed.split('-').next().unwrap_or_default();
    let mut parts = numbers.split('.').map(|part| part.parse::<u16>().ok());
    let release = match (parts.next().flatten(), parts.next().flatten()) {
        (Some(2), second) => second,
        (first, _) => first,
    };
    match release {
        Some(release) if release >= OLDEST => Ok(release),
        Some(release) => {
            let message = format!("this is DHIS2 2.{release}; Kivuko speaks to 2.{OLDEST} and later");
            Err(Error::configuration(dhis2::UNSUPPORTED_RELEASE, message))
        }
        None => Err(Error::configuration(dhis2::UNSUPPORTED_RELEASE, "the server does not say which release of DHIS2 it is")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_version_are_read() {
        let check = |version: &str, expected: Option<u16>| assert_eq!(release(version).ok(), expected, "{version}");
        check("2.42.5.2", Some(42));
        check("2.44-SNAPSHOT", Some(44));
        check("v41.6", Some(41));
        check("43.1", Some(43));
        check("2.38", Some(38));
        check("2.37.10", None);
        check("36", None);
        check("", None);
        check("2", None);
        check("two", None);
    }

    #[test]
    fn releases_differ_where_they_do() {
        assert!(!Profile::of(42).refuses_groups && Profile::of(43).refuses_groups && Profile::of(44).refuses_groups);
        assert!(Profile::of(38).drops_zeros && !Profile::of(43).drops_zeros);
        assert!(!Profile::of(41).format_parameter && Profile::of(42).format_parameter);
    }
}
