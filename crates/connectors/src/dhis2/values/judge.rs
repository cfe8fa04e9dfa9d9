//! From the summary of an import to an outcome for each value.

use std::collections::HashSet;

use kivuko_core::catalogue::dhis2;
use kivuko_core::error::{Cause, Error};

use super::summary::{Conflict, Summary};

/// What became of one value.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// It is stored, or gone, as it was asked.
    Done,
    /// It is refused.
    Refused(Cause),
    /// It did not take effect for a reason that is not its own.
    Failed(Error),
    /// Nobody knows: it has to be looked for.
    Unknown,
}

/// What a summary says of the values that were sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// One fate for each.
    Each(Vec<Fate>),
    /// All were refused for the sake of some: to be sent again in parts.
    Apart(Cause),
    /// The same for all.
    All(Error),
}

/// What a judge has to know of what was sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// For each value the ids that name it.
    pub names: &'a [Vec<&'a str>],
    /// For each value, whether the release may drop it without counting it.
    pub may_vanish: &'a [bool],
    /// The values are deletions.
    pub deletes: bool,
    /// The release refuses whole groups.
    pub refuses_groups: bool,
    /// The document is refused whole for a fault in a part of it, without a conflict (ADX).
    pub refuses_documents: bool,
}

/// Codes that are about the account or the flow, not about a value.
const OF_THE_FLOW: &[&str] = &["E7600", "E7601", "E7622", "E8004", "E8005", "E8010"];
/// Codes about what the account may write, which some of the values meet.
const OF_ACCESS: &[&str] = &["E7614", "E7616", "E8012"];
/// Codes of 2.43 that are about single values; all others are about a group or the request.
const OF_VALUES: &[&str] = &["E8120", "E8121", "E8122", "E8123", "E8124", "E8125"];

/// Judges.
pub fn judge(summary: &Summary, sent: Sent<'_>) -> Verdict {
    let count = sent.names.len();
    if let Some(code) = summary.conflicts.iter().filter_map(Conflict::code).find(|code| OF_THE_FLOW.contains(code)) {
        return Verdict::All(not_allowed(code));
    }
    if summary.conflicts.is_empty() && summary.status == "ERROR" && sent.refuses_documents && summary.import_count.all() == 0 {
        return Verdict::Apart(Cause::new(dhis2::VALUE_REFUSED, "DHIS2 refused a document with the value in it"));
    }
    if summary.conflicts.is_empty() && summary.status == "ERROR" {
        // The import ended with an exception: what it had dealt with may be stored.
        let message = "an import ended with an error of the server; what is stored is looked for";
        return Verdict::All(Error::retry(dhis2::IMPORT_BROKE_OFF, message).with_unknown_effect().ended());
    }
    if sent.refuses_groups {
        let of_group = summary.conflicts.iter().find(|conflict| {
            let of_value = conflict.code().is_some_and(|code| OF_VALUES.contains(&code));
            !of_value || conflict.indexes.iter().any(|index| *index < 0) || conflict.indexes.is_empty()
        });
        if let Some(conflict) = of_group {
            return Verdict::Apart(cause(conflict));
        }
    }
    let mut fates = vec![Fate::Done; count];
    let mut unplaced = false;
    for conflict in &summary.conflicts {
        let places = places(conflict, sent.names);
        unplaced |= places.is_empty();
        let fate = match conflict.code() {
            Some(code) if OF_ACCESS.contains(&code) => Fate::Failed(not_allowed(code)),
            _ => Fate::Refused(cause(conflict)),
        };
        for place in places {
            if fates[place] == Fate::Done {
                fates[place] = fate.clone();
            }
        }
    }
    if !sent.deletes {
        // A rejected place without a conflict belongs to strategies that are not used here, but for deletions of what was gone already.
        for place in summary.rejected_indexes.iter().filter_map(|index| usize::try_from(*index).ok()).filter(|place| *place < count) {
            if fates[place] == Fate::Done {
                fates[place] = Fate::Unknown;
            }
        }
    }
    if unplaced || !adds_up(summary, sent, &fates) {
        for fate in fates.iter_mut().filter(|fate| **fate == Fate::Done) {
            *fate = Fate::Unknown;
        }
    }
    Verdict::Each(fates)
}

/// Which values a conflict is about: by their places, else by the names in it.
fn places(conflict: &Conflict, names: &[Vec<&str>]) -> Vec<usize> {
    let told: Vec<usize> =
        conflict.indexes.iter().filter_map(|index| usize::try_from(*index).ok()).filter(|place| *place < names.len()).collect();
    if !told.is_empty() {
        return told;
    }
    let wanted: HashSet<&str> = conflict.names().collect();
    (0..names.len()).filter(|place| names[*place].iter().any(|name| wanted.contains(name))).collect()
}

/// Whether as many values were dealt with as were sent. Unchanged values are counted as ignored, zeros that are not kept may be counted nowhere.
fn adds_up(summary: &Summary, sent: Sent<'_>, fates: &[Fate]) -> bool {
    let not_stored = |fate: &&Fate| matches!(fate, Fate::Refused(_) | Fate::Failed(_));
    let refused = fates.iter().filter(not_stored).count();
    let may_vanish = fates.iter().zip(sent.may_vanish).filter(|(fate, vanishes)| **fate == Fate::Done && **vanishes).count();
    let all = usize::try_from(summary.import_count.all()).unwrap_or(usize::MAX);
    let ignored = usize::try_from(summary.import_count.ignored).unwrap_or(usize::MAX);
    let dealt_with = all.max(all - ignored.min(all) + refused);
    dealt_with + may_vanish >= fates.len() && all <= fates.len()
}

/// What the account lacks.
fn not_allowed(code: &str) -> Error {
    let what = match code {
        "E7600" | "E8004" | "E8005" => "DHIS2 does not find the data set",
        "E7601" | "E8010" => "the account has no data write access to the data set",
        "E7622" => "the account has no org units to capture data at",
        _ => "the account has no data write access to a category option of the values",
    };
    Error::configuration(dhis2::NOT_ALLOWED, format!("{what} ({code})"))
}

/// What a conflict says of a value.
pub fn cause(conflict: &Conflict) -> Cause {
    let code = conflict.code().unwrap_or_default();
    let (ours, what, field) = match code {
        "E7610" | "E8103" | "E8104" => {
            (dhis2::NOT_IN_DATA_SET, "DHIS2 does not know the element, or the account may not see it", "dataElement")
        }
        "E7633" | "E8020" => (dhis2::NOT_IN_DATA_SET, "the element is not in the data set", "dataElement"),
        "E7611" => (dhis2::BAD_PART, "DHIS2 does not know the period", "period"),
        "E7632" | "E8021" => (dhis2::BAD_PART, "the period is not of the type of the data set", "period"),
        "E7612" | "E8106" | "E8107" => (dhis2::NOT_ASSIGNED, "DHIS2 does not know the org unit", "orgUnit"),
        "E7636" | "E8022" => (dhis2::NOT_ASSIGNED, "the data set is not assigned to the org unit", "orgUnit"),
        "E7617" | "E8011" => (dhis2::OUTSIDE_CAPTURE, "the account does not capture data at the org unit", "orgUnit"),
        "E7613" | "E7630" | "E7634" | "E8024" | "E8108" | "E8109" => {
            (dhis2::WRONG_OPTION_COMBO, "the option combination does not belong to the element", "categoryOptionCombo")
        }
        "E7615" | "E7631" | "E7635" | "E8023" | "E8110" | "E8111" => {
            (dhis2::WRONG_OPTION_COMBO, "the option combination does not belong to the data set", "attributeOptionCombo")
        }
        "E7618" | "E8120" => (dhis2::BAD_PART, "the value is empty", "value"),
        "E7619" | "E8122" => (dhis2::WRONG_VALUE, "the value is not of the type of the element", "value"),
        "E7621" | "E8123" => (dhis2::NOT_AN_OPTION, "the value is no code of the option set of the element", "value"),
        "E7620" | "E8121" | "E8124" | "E8125" => (dhis2::BAD_PART, "DHIS2 does not take the comment", "comment"),
        "E7638" | "E8032" => (dhis2::OUT_OF_TIME, "a category option of the data set is not used in the period", "attributeOptionCombo"),
        "E7639" | "E8025" => (dhis2::OUT_OF_TIME, "a category option of the data set is not used at the org unit", "attributeOptionCombo"),
        "E8031" => (dhis2::OUT_OF_TIME, "the org unit is not open in the period", "period"),
        "E7640" => (dhis2::LOCKED, "the period is locked: the days for late values are over", "period"),
        "E7642" | "E8033" => (dhis2::LOCKED, "the data of the period were approved", "period"),
        "E7643" | "E7644" => (dhis2::LOCKED, "the period lies outside the windows of the data set", "period"),
        "E8030" => (dhis2::LOCKED, "the period has expired, is not open yet, or lies outside the windows of the data set", "period"),
        "E7641" => (dhis2::NOT_YET_OPEN, "the period is not open yet", "period"),
        _ => (dhis2::VALUE_REFUSED, "DHIS2 refused the value", ""),
    };
    let named = if code.is_empty() { String::new() } else { format!(" ({code})") };
    let cause = Cause::new(ours, format!("{what}{named}"));
    if field.is_empty() { cause } else { cause.field(field) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn summary(status: &str, counts: [u64; 4], conflicts: Value, rejected: &[i64]) -> Summary {
        let [imported, updated, deleted, ignored] = counts;
        let counts = json!({ "imported": imported, "updated": updated, "deleted": deleted, "ignored": ignored });
        serde_json::from_value(json!({ "status": status, "importCount": counts, "conflicts": conflicts, "rejectedIndexes": rejected }))
            .expect("it is a summary")
    }

    fn shown(verdict: &Verdict) -> String {
        match verdict {
            Verdict::Apart(cause) => format!("apart {}", cause.code),
            Verdict::All(error) => format!("all {} {}", error.cause.code, error.effect_unknown),
            Verdict::Each(fates) => fates
                .iter()
                .map(|fate| match fate {
                    Fate::Done => "done".to_owned(),
                    Fate::Unknown => "unknown".to_owned(),
                    Fate::Refused(cause) => cause.code.to_string(),
                    Fate::Failed(error) => format!("failed {}", error.cause.code),
                })
                .collect::<Vec<_>>()
                .join(" "),
        }
    }

    fn check(summary: &Summary, groups: bool, deletes: bool, vanish: [bool; 3], expected: &str) {
        let names = [vec!["a", "x"], vec!["b", "x"], vec!["c", "y"]];
        let sent = Sent { names: &names, may_vanish: &vanish, deletes, refuses_groups: groups, refuses_documents: false };
        assert_eq!(shown(&judge(summary, sent)), expected, "{summary:?}");
    }

    #[test]
    fn quirk_01_a_warning_means_that_the_good_values_are_stored() {
        let conflicts = json!([{ "errorCode": "E7610", "indexes": [1], "object": "b" }]);
        check(&summary("WARNING", [1, 1, 0, 1], conflicts, &[1]), false, false, [false; 3], "done K1010 done");
    }

    #[test]
    fn quirk_02_a_plain_summary_without_places_is_read_by_its_names() {
        let conflicts = json!([{ "object": "x", "value": "text" }]);
        check(&summary("WARNING", [1, 0, 0, 2], conflicts, &[]), false, false, [false; 3], "K1022 K1022 done");
        let nobody = json!([{ "object": "z", "value": "text" }]);
        check(&summary("WARNING", [2, 0, 0, 1], nobody, &[]), false, false, [false; 3], "unknown unknown unknown");
    }

    #[test]
    fn quirk_03_an_unchanged_value_is_ignored_and_that_is_well() {
        check(&summary("SUCCESS", [1, 0, 0, 2], json!([]), &[]), false, false, [false; 3], "done done done");
    }

    #[test]
    fn quirk_04_everything_counted_as_updated_is_well() {
        check(&summary("SUCCESS", [0, 3, 0, 0], json!([]), &[]), true, false, [false; 3], "done done done");
    }

    #[test]
    fn quirk_05_a_group_that_is_refused_is_sent_again_in_parts() {
        let conflicts = json!([{ "errorCode": "E8022", "indexes": [0, 1, 2] }]);
        check(&summary("ERROR", [0, 0, 0, 3], conflicts, &[]), true, false, [false; 3], "apart K1011");
        let decoding = json!([{ "errorCode": "E8103", "indexes": [-1] }]);
        check(&summary("ERROR", [0, 0, 0, 0], decoding, &[]), true, false, [false; 3], "apart K1010");
        let value = json!([{ "errorCode": "E8122", "indexes": [2] }]);
        check(&summary("WARNING", [0, 2, 0, 1], value, &[2]), true, false, [false; 3], "done done K1013");
    }

    #[test]
    fn quirk_09_zeros_may_be_counted_nowhere() {
        check(&summary("SUCCESS", [2, 0, 0, 0], json!([]), &[]), false, false, [true, false, false], "done done done");
        check(&summary("SUCCESS", [2, 0, 0, 0], json!([]), &[]), false, false, [false; 3], "unknown unknown unknown");
    }

    #[test]
    fn what_is_not_told_is_looked_for() {
        check(&summary("ERROR", [0, 0, 0, 0], json!([]), &[]), false, false, [false; 3], "all K1030 true");
        check(&summary("SUCCESS", [4, 0, 0, 0], json!([]), &[]), false, false, [false; 3], "unknown unknown unknown");
        check(&summary("SUCCESS", [2, 0, 0, 1], json!([]), &[0]), false, false, [false; 3], "unknown done done");
    }

    #[test]
    fn what_was_gone_already_is_deleted() {
        check(&summary("SUCCESS", [0, 0, 2, 1], json!([]), &[1]), false, true, [false; 3], "done done done");
    }

    #[test]
    fn access_is_for_a_person_to_give() {
        let option = json!([{ "errorCode": "E7614", "indexes": [0] }]);
        check(&summary("WARNING", [2, 0, 0, 1], option, &[0]), false, false, [false; 3], "failed K1004 done done");
        let set = json!([{ "errorCode": "E7601", "property": "dataSet" }]);
        check(&summary("ERROR", [0, 0, 0, 0], set, &[]), false, false, [false; 3], "all K1004 false");
    }
}
