//! `checks/*.yaml` of flows that count.

use super::*;
use crate::project::run_checks;

const SHEET: &str = "=== aggregates/weekly.csv
indicator,data_element,each,where,value,date,by
cases,Cases,,,count,,\"sex: sex | codes(sex); age: age(0-4,5-14,15+)\"
deaths,Deaths,,{ outcome == 'DECEASED' },count,died,
rate,Rate,,,{ deaths / cases * 100 },,
by_sex,Rate by sex,,,{ 100 / cases },,sex
tests,Tests,labs[],,sum(item.n),item.taken,
twice,,,,{ rate * 2 },,
";

const SAMPLES: &str = "=== samples/cases.json
[
  { \"reported\": \"2024-03-04\", \"place\": \"L-NORTH\", \"sex\": \"GENDER_FEMALE\", \"age\": { \"years\": 30 } },
  { \"reported\": \"2024-03-05\", \"place\": \"L-NORTH\", \"sex\": \"GENDER_MALE\", \"age\": { \"months\": 3 }, \"outcome\": \"DECEASED\", \"died\": \"2024-03-08\" },
  { \"reported\": \"2024-03-05\", \"place\": \"L-NORTH\", \"sex\": \"GENDER_MALE\", \"age\": { \"months\": 3 }, \"deleted\": true }
]
=== samples/two.csv
reported,place,sex,age
2024-03-04,L-NORTH,GENDER_FEMALE,30
2024-03-11,L-NORTH,GENDER_FEMALE,30
";

fn differences(checks: &str) -> Vec<String> {
    let text = format!("{KIVUKO}{FLOW}{SHEET}{PLACES}{SEX}{SAMPLES}=== checks/weekly.yaml\nflow: weekly-cases\nchecks:\n{checks}");
    let loaded = load_text(&text);
    let Some(project) = loaded.project else { return vec![shown(&loaded.problems)] };
    run_checks(&project).into_iter().flat_map(|result| result.differences).collect()
}

#[test]
fn numbers_that_are_as_expected() {
    let none: [&str; 0] = [];
    assert_eq!(
        differences(
            "  - name: a file is counted whole, formulas too
    sample: samples/cases.json
    counted:
      - { indicator: cases, period: 2024W10, org_unit: OU_NORTH, by: { sex: F, Age: 15+ }, value: 1 }
      - { indicator: cases, period: 2024W10, org_unit: OU_NORTH, by: { sex: M, age: 0-4 }, value: 1 }
      - { indicator: deaths, period: 2024W10, org_unit: OU_NORTH, value: 1 }
      - { indicator: rate, period: 2024W10, org_unit: OU_NORTH, value: 50 }
      - { indicator: by_sex, period: 2024W10, org_unit: OU_NORTH, by: { sex: F }, value: 100 }
      - { indicator: by_sex, period: 2024W10, org_unit: OU_NORTH, by: { sex: M }, value: 100 }
      - { indicator: twice, period: 2024W10, org_unit: OU_NORTH, value: 100 }
  - name: one of a file
    sample: samples/cases.json
    row: 3
    skipped: true
  - name: a record with items, of which one indicator is refused
    record: { reported: \"2024-03-04\", place: L-NORTH, labs: [{ n: 2, taken: \"2024-03-11\" }, { n: 0.5, taken: \"2024-03-12\" }] }
    rejected: [K1135]
    counted:
      - { indicator: tests, period: 2024W11, org_unit: OU_NORTH, value: 2.5 }
  - name: a place that is not listed itself
    record: { reported: \"2024-03-04\", place: L-VILLAGE, sex: GENDER_MALE, age: 3 }
    rejected: [K1132]
    counted: []
"
        ),
        none
    );
}

#[test]
fn numbers_that_are_not() {
    insta::assert_snapshot!(
        differences(
            "  - name: another number, none, one too many
    sample: samples/two.csv
    counted:
      - { indicator: cases, period: 2024W10, org_unit: OU_NORTH, by: { sex: F, age: 15+ }, value: 2 }
      - { indicator: deaths, period: 2024W10, org_unit: OU_NORTH, value: 1 }
  - name: left out
    sample: samples/cases.json
    row: 3
    counted: []
  - name: not left out
    sample: samples/two.csv
    skipped: true
  - name: refused
    record: { reported: soon, place: L-NORTH, sex: GENDER_MALE, age: 3 }
    counted: []
"
        )
        .join("\n")
    );
}

#[test]
fn what_is_wrong_with_a_check_of_a_flow_that_counts() {
    insta::assert_snapshot!(
        differences(
            "  - { name: nothing, sample: samples/two.csv }
  - { name: records, sample: samples/two.csv, create: { a: 1 }, counted: [] }
  - { name: an indicator, sample: samples/two.csv, counted: [{ indicator: case, period: 2024W10, org_unit: a, value: 1 }] }
  - { name: a period, sample: samples/two.csv, counted: [{ indicator: cases, period: 202403, org_unit: a, value: 1 }] }
  - name: each in its own line
    sample: samples/two.csv
    counted:
      - { indicator: cases, period: 2024W10, org_unit: a, value: 1 }
      - { indicator: case, period: 2024W10, org_unit: a, value: 1 }
      - { indicator: cases, period: 202403, org_unit: a, value: 1 }
  - name: also codes
    sample: samples/two.csv
    rejected:
      - K0301
      - E1
"
        )
        .join("\n")
    );
    let number =
        "  - { name: a number, sample: samples/two.csv, counted: [{ indicator: cases, period: 2024W10, org_unit: a, value: one }] }\n";
    assert!(differences(number).join("\n").contains("`checks[0].counted[0].value` is a text"));
}
