//! The line list as a file, and as it comes again the next day.

use super::case::{self, Row};
use super::country::Country;
use super::random::Random;
use super::untidy::{self, AMONG, MISTAKES, Mistake};

/// The columns of WHO's line list, and whether their content is written in quotes.
const COLUMNS: [(&str, bool); 85] = [
    ("uuid", true),
    ("case_id", true),
    ("location_id", true),
    ("lat", false),
    ("long", false),
    ("geo_location_accurate", false),
    ("address", true),
    ("postal_code", true),
    ("city", true),
    ("firstName", true),
    ("middleName", true),
    ("lastName", true),
    ("gender", true),
    ("age", false),
    ("age_class", true),
    ("occupation", true),
    ("classification", true),
    ("telephone", true),
    ("email", true),
    ("outcome_id", true),
    ("pregnancy_status", true),
    ("date_of_reporting", false),
    ("date_of_data_entry", false),
    ("date_of_infection", false),
    ("date_of_onset", false),
    ("date_of_outcome", false),
    ("date_of_last_contact", false),
    ("date_become_case", false),
    ("date_of_followup_start", false),
    ("date_of_followup_end", false),
    ("date_of_onset_approximate", false),
    ("transfer_refused", false),
    ("risk_level", true),
    ("risk_reason", true),
    ("has_relationships", false),
    ("was_contact", false),
    ("isolation_typeid", true),
    ("isolation_centername", true),
    ("isolation_locationid", true),
    ("isolation_comments", true),
    ("isolation_startdate", false),
    ("isolation_enddate", false),
    ("isolation_status", true),
    ("hospitalization_typeid", true),
    ("hospitalization_centername", true),
    ("hospitalization_locationid", true),
    ("hospitalization_comments", true),
    ("hospitalization_startdate", false),
    ("hospitalization_enddate", false),
    ("hospitalization_status", true),
    ("admin_level", true),
    ("admin_0_location_id", true),
    ("admin_0_admin_level", true),
    ("admin_0_name", true),
    ("admin_0_code", true),
    ("admin_0_parent_location_id", true),
    ("admin_0_population_density", false),
    ("admin_0_lat", false),
    ("admin_0_long", false),
    ("admin_1_location_id", true),
    ("admin_1_admin_level", true),
    ("admin_1_name", true),
    ("admin_1_code", true),
    ("admin_1_parent_location_id", true),
    ("admin_1_population_density", false),
    ("admin_1_lat", false),
    ("admin_1_long", false),
    ("admin_2_location_id", true),
    ("admin_2_admin_level", true),
    ("admin_2_name", true),
    ("admin_2_code", true),
    ("admin_2_parent_location_id", true),
    ("admin_2_population_density", false),
    ("admin_2_lat", false),
    ("admin_2_long", false),
    ("admin_3_location_id", true),
    ("admin_3_admin_level", true),
    ("admin_3_name", true),
    ("admin_3_code", true),
    ("admin_3_parent_location_id", true),
    ("admin_3_population_density", false),
    ("admin_3_lat", false),
    ("admin_3_long", false),
    ("createdBy", true),
    ("source_visualid", true),
];
/// The last column.
const LAST: (&str, bool) = ("contacts_per_case", false);

/// What the district did to its list over night.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextDay {
    /// Cases of which more is known.
    pub changed: usize,
    /// Mistakes that were corrected.
    pub repaired: usize,
    /// New cases, none with a mistake.
    pub added: usize,
}

/// A row as it should be and as it stands in the file.
#[derive(Debug, Clone)]
struct Entry {
    right: Row,
    written: Row,
    mistake: Option<Mistake>,
    /// Another row leans on it: it has its identity or visual id.
    leaned_on: bool,
}

/// A line list.
#[derive(Debug, Clone)]
pub struct LineList {
    country: Country,
    entries: Vec<Entry>,
    random: Random,
}

impl LineList {
    /// The list of a seed, with so many rows.
    pub fn new(seed: u64, rows: usize, country: &Country) -> Self {
        let mut list = Self { country: country.clone(), entries: Vec::with_capacity(rows), random: Random::new(seed) };
        for _ in 0..rows {
            list.add();
        }
        list.make_mistakes();
        list
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The identity of a case that goes through.
    pub fn example(&self) -> Option<&str> {
        self.entries.iter().find(|entry| entry.mistake.is_none() && !entry.leaned_on).map(|entry| entry.right.get("uuid"))
    }

    fn add(&mut self) {
        let right = case::tidy(self.entries.len() + 1, &self.country, &mut self.random);
        let mut written = right.clone();
        untidy::habits(&mut written, &mut self.random);
        self.entries.push(Entry { right, written, mistake: None, leaned_on: false });
    }

    fn make_mistakes(&mut self) {
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        self.random.shuffle(&mut order);
        let mut order = order.into_iter();
        for (mistake, times) in MISTAKES {
            for _ in 0..(times * self.entries.len() + AMONG / 2) / AMONG {
                let (Some(at), Some(other)) = (order.next(), order.next()) else { return };
                let leans = matches!(mistake, Mistake::SameIdentity | Mistake::SameVisualId);
                if mistake == Mistake::SameVisualId {
                    // A blank number would be no doubled one.
                    let number = self.entries[other].right.get("case_id").to_owned();
                    self.entries[other].written.set("case_id", number);
                }
                let other_row = self.entries[other].written.clone();
                self.entries[other].leaned_on = leans;
                let entry = &mut self.entries[at];
                untidy::make(mistake, &mut entry.written, &other_row, &mut self.random);
                entry.mistake = Some(mistake);
            }
        }
    }

    /// The list as it comes the next day.
    pub fn next_day(&mut self) -> NextDay {
        let mut wrong: Vec<usize> =
            (0..self.entries.len()).filter(|&at| self.entries[at].mistake.is_some_and(|mistake| !leans(mistake))).collect();
        let mut good: Vec<usize> =
            (0..self.entries.len()).filter(|&at| self.entries[at].mistake.is_none() && !self.entries[at].leaned_on).collect();
        self.random.shuffle(&mut wrong);
        self.random.shuffle(&mut good);
        wrong.truncate(wrong.len().div_ceil(4));
        good.truncate(good.len().div_ceil(160));
        for &at in &wrong {
            let entry = &mut self.entries[at];
            entry.written = entry.right.clone();
            entry.mistake = None;
        }
        for &at in &good {
            let entry = &mut self.entries[at];
            // Something that was not so before, whatever stood there.
            let outcome = if entry.written.get("outcome_id") == "DECEASED" { "RECOVERED" } else { "DECEASED" };
            entry.written.set("outcome_id", outcome);
            entry.written.set("classification", "CONFIRMED");
        }
        let added = self.entries.len().div_ceil(80);
        for _ in 0..added {
            self.add();
        }
        NextDay { changed: good.len(), repaired: wrong.len(), added }
    }

    /// The file.
    pub fn csv(&self) -> String {
        let columns = || COLUMNS.iter().chain([&LAST]);
        let mut text = columns().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(",");
        text.push('\n');
        for entry in &self.entries {
            let cells = columns().map(|(name, quoted)| cell(entry.written.get(name), *quoted));
            text.push_str(&cells.collect::<Vec<_>>().join(","));
            text.push('\n');
        }
        text
    }
}

fn leans(mistake: Mistake) -> bool {
    matches!(mistake, Mistake::SameIdentity | Mistake::SameVisualId)
}

/// Texts in quotes, numbers and days without; what is empty is nothing at all.
fn cell(value: &str, quoted: bool) -> String {
    let special = value.contains(['"', ',', '\n']);
    if value.is_empty() || (!quoted && !special) { value.to_owned() } else { format!("\"{}\"", value.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    impl LineList {
        /// How many rows must be rejected: those with a mistake, and those whose identity or visual id another row has too.
        fn to_be_rejected(&self) -> usize {
            self.entries.iter().filter(|entry| entry.mistake.is_some() || entry.leaned_on).count()
        }
    }

    fn list(seed: u64, rows: usize) -> LineList {
        LineList::new(seed, rows, &Country::new(seed))
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        assert_eq!(list(1, 300).csv(), list(1, 300).csv());
        assert_ne!(list(1, 300).csv(), list(2, 300).csv());
    }

    #[test]
    fn it_is_a_table_of_the_form() {
        let csv = list(7, 500).csv();
        let header: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
        assert_eq!((header.len(), header[0], header[85]), (86, "\"uuid\"", "\"contacts_per_case\""));
        let distinct: BTreeSet<&&str> = header.iter().collect();
        assert_eq!(distinct.len(), header.len());
    }

    #[test]
    fn every_mistake_is_there_and_most_rows_are_good() {
        for seed in 1..20 {
            let list = list(seed, 2000);
            let made: BTreeSet<Mistake> = list.entries.iter().filter_map(|entry| entry.mistake).collect();
            assert_eq!(made.len(), MISTAKES.len(), "seed {seed}");
            assert!((40..100).contains(&list.to_be_rejected()), "seed {seed}: {}", list.to_be_rejected());
        }
    }

    #[test]
    fn small_lists_work_too() {
        for rows in 0..60 {
            let mut list = list(3, rows);
            let next = list.next_day();
            assert_eq!(list.len(), rows + next.added);
        }
    }

    #[test]
    fn the_next_day_changes_what_it_says() {
        let mut list = list(5, 2000);
        let before = list.csv();
        let rejected = list.to_be_rejected();
        let next = list.next_day();
        assert_eq!(list.to_be_rejected(), rejected - next.repaired);
        let (before, after): (BTreeSet<&str>, String) = (before.lines().collect(), list.csv());
        let different = after.lines().filter(|line| !before.contains(line)).count();
        assert!(different >= next.changed + next.repaired + next.added, "{different} lines differ: {next:?}");
    }
}
