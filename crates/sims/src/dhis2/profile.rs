//! The releases that are simulated, as data: which behaviour each has.

use std::ops::RangeInclusive;

/// A release of DHIS2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// How it is called on the command line: `2.42`.
    pub name: &'static str,
    /// What `system/info` says.
    pub version: &'static str,
    /// The API version of its own: 42.
    pub number: u32,
    /// The API versions that a path may carry.
    pub paths: RangeInclusive<u32>,
    /// A path with a version below 38 answers writes with the unwrapped body, and status 200 for conflicts (until 2.41).
    pub path_selects_shape: bool,
    /// `system/info` takes `fields` (from 2.40).
    pub system_info_fields: bool,
    /// The data entry pipeline of 2.43: group rejection, E80xx and E81xx, everything counted as updated, always strict, strategies but DELETE ignored.
    pub pipeline: bool,
    /// A value that is sent unchanged is counted as ignored, and not written (2.38.6 to 2.42).
    pub unchanged_is_ignored: bool,
    /// `GET dataValueSets` looks at `Accept` (until 2.42).
    pub export_reads_accept: bool,
    /// `GET dataValueSets` takes `format=` (from 2.42).
    pub export_format_argument: bool,
    /// `GET dataValueSets` in JSON repeats period and org unit on each value (until 2.42); from 2.43 what is common stands once at the top.
    pub export_repeats: bool,
    /// ADX is read with UID as the id scheme when none is given (from 2.43), and with CODE before.
    pub adx_defaults_to_uid: bool,
    /// The longest comment of a value, in characters.
    pub comment_limit: usize,
    /// A CSV must have its header (from 2.43), whose names count.
    pub csv_by_header: bool,
    /// Financial years from September (from 2.42).
    pub financial_september: bool,
    /// Financial years from February and August, weeks from Friday (from 2.43).
    pub period_types_of_43: bool,
    /// A started job is announced as `Initiated DATAVALUE_IMPORT`; before 2.40 as `Initiated dataValueImport`.
    pub job_named_by_type: bool,
    /// A wrong property or operator in a filter is refused with 400 (from 2.42), and with 409 before.
    pub bad_filter_status: u16,
}

const BEFORE_42: Profile = Profile {
    name: "2.38",
    version: "2.38.7",
    number: 38,
    paths: 28..=38,
    path_selects_shape: true,
    system_info_fields: false,
    pipeline: false,
    unchanged_is_ignored: true,
    export_reads_accept: true,
    export_format_argument: false,
    export_repeats: true,
    adx_defaults_to_uid: false,
    comment_limit: 50_000,
    csv_by_header: false,
    financial_september: false,
    period_types_of_43: false,
    job_named_by_type: false,
    bad_filter_status: 409,
};

const FROM_42: Profile = Profile {
    name: "2.42",
    version: "2.42.5.2",
    number: 42,
    paths: 28..=42,
    path_selects_shape: false,
    system_info_fields: true,
    export_format_argument: true,
    financial_september: true,
    job_named_by_type: true,
    bad_filter_status: 400,
    ..BEFORE_42
};

static PROFILES: [Profile; 5] = [
    BEFORE_42,
    Profile {
        name: "2.40",
        version: "2.40.12",
        number: 40,
        paths: 28..=40,
        system_info_fields: true,
        job_named_by_type: true,
        ..BEFORE_42
    },
    Profile {
        name: "2.41",
        version: "2.41.9.1",
        number: 41,
        paths: 28..=42,
        system_info_fields: true,
        job_named_by_type: true,
        ..BEFORE_42
    },
    FROM_42,
    Profile {
        name: "2.43",
        version: "2.43.1",
        number: 43,
        paths: 28..=43,
        pipeline: true,
        unchanged_is_ignored: false,
        export_reads_accept: false,
        export_repeats: false,
        adx_defaults_to_uid: true,
        comment_limit: 5_000,
        csv_by_header: true,
        period_types_of_43: true,
        ..FROM_42
    },
];

impl Profile {
    /// The one that is simulated unless another is asked for.
    pub const DEFAULT: &'static str = "2.42";

    /// All of them, oldest first.
    pub fn all() -> &'static [Profile] {
        &PROFILES
    }

    /// The release with a name; `42` and `2.42.5.2` are names of 2.42 too.
    pub fn named(name: &str) -> Option<&'static Profile> {
        let wanted = name.strip_prefix("2.").unwrap_or(name);
        let wanted = wanted.split('.').next().unwrap_or_default();
        PROFILES.iter().find(|profile| profile.number.to_string() == wanted)
    }

    /// Whether the answer to a write is wrapped in a WebMessage, by the version in the request's path.
    pub fn wraps(&self, path_version: Option<u32>) -> bool {
        !self.path_selects_shape || path_version.unwrap_or(self.number) >= 38
    }
}

#[cfg(test)]
mod tests {
    use super::Profile;

    #[test]
    fn a_release_is_found_by_all_its_names() {
        let check = |name: &str, expected: Option<u32>| assert_eq!(Profile::named(name).map(|profile| profile.number), expected, "{name}");
        check("2.42", Some(42));
        check("42", Some(42));
        check("2.42.5.2", Some(42));
        check("2.38", Some(38));
        check("2.43", Some(43));
        check("2.39", None);
        check("", None);
    }

    #[test]
    fn only_old_paths_of_old_releases_are_unwrapped() {
        let check = |name: &str, path: Option<u32>, expected: bool| {
            assert_eq!(Profile::named(name).unwrap().wraps(path), expected, "{name} {path:?}");
        };
        check("2.38", None, true);
        check("2.38", Some(37), false);
        check("2.40", Some(38), true);
        check("2.41", Some(37), false);
        check("2.42", Some(37), true);
        check("2.43", Some(30), true);
    }
}
