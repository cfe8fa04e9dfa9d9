//! What a person sees of what is wrong with an aggregate flow and its sheet.

use super::*;

const SHEET: &str = "=== aggregates/weekly.csv
indicator,data_element,each,where,value,date,org_unit,by,category_option_combo,attribute_option_combo,note
cases,Cases,,{ status == \"CONFIRMED\" },count,,,sex: sex | codes(sex); age: age,,,
deaths,Deaths,,{ outcome == \"DECEASED\" },count,died,,,,,
rate,Rate,,,{ deaths / cases * 100 },,,,,,
";

/// The problems after one change, under a heading.
fn wrong(what: &str, replaced: &str, by: &str) -> String {
    let text = format!("{KIVUKO}{FLOW}{SHEET}{PLACES}{SEX}");
    assert!(text.contains(replaced), "{what}: `{replaced}` is not there");
    let loaded = load_text(&text.replacen(replaced, by, 1));
    format!("# {what}\n{}\n", shown(&loaded.problems))
}

#[test]
fn what_is_wrong_with_a_sheet() {
    let cases = [
        ("nothing", "cases,Cases", "cases,Cases"),
        ("an unknown column", "data_element,each", "data_elment,each"),
        ("no column value", ",value,date", ",note2,date"),
        ("an indicator without a name", "cases,Cases", ",Cases"),
        ("a name that formulas cannot use", "cases,Cases", "New cases,Cases"),
        ("a word of the language as a name", "cases,Cases", "in,Cases"),
        ("the same name twice", "deaths,Deaths", "cases,Deaths"),
        ("a bad path", "cases,Cases,,", "cases,Cases,a[,"),
        ("each without brackets", "deaths,Deaths,,", "deaths,Deaths,labs,"),
        ("a condition without braces", "{ outcome == \"DECEASED\" }", "outcome"),
        ("a bad condition", "{ outcome == \"DECEASED\" }", "{ outcome = \"DECEASED\" }"),
        ("an unknown measure", "},count,died", "},cuont,died"),
        ("nothing is counted", "},count,died", "},,died"),
        ("a sum of nothing", "},count,died", "},sum,died"),
        ("a count of something", "},count,died", "},count(id),died"),
        ("an open bracket", "},count,died", "},sum(doses,died"),
        ("an unknown transform", "},count,died", "},sum(doses | numbr),died"),
        ("a formula that names nothing", "{ deaths / cases * 100 }", "{ 100 }"),
        ("a formula with an unknown indicator", "{ deaths / cases * 100 }", "{ deaths / case * 100 }"),
        ("a formula that needs itself", "{ deaths / cases * 100 }", "{ rate + deaths }"),
        ("a formula with an unknown flow", "{ deaths / cases * 100 }", "{ deaths / monthly.cases }"),
        ("a formula with its own flow", "{ deaths / cases * 100 }", "{ deaths / weekly_cases.cases }"),
        ("a formula with a date", "100 },,,", "100 },died,,"),
        ("a formula that is not closed", "{ deaths / cases * 100 }", "{ deaths / cases"),
        ("a formula with paths in by", "100 },,,,", "100 },,,sex: sex,"),
        ("two transforms without a bar", "},count,died", "},count,died | date(\"dd/MM/yyyy\") trim"),
        ("several paths and nothing that says which", "},count,died", "},count,died ; reported"),
        ("a category without a path", "sex: sex | codes(sex); age: age", "sex"),
        ("a category twice", "sex: sex | codes(sex); age: age", "sex: sex; Sex: other"),
        ("bad bands", "sex: sex | codes(sex); age: age", "age: age.years(0-4+5-14)"),
        ("an unknown code map", "codes(sex)", "codes(gender)"),
        ("by and a fixed combination", "codes(sex); age: age,", "codes(sex); age: age,default"),
        ("a reference", "{ outcome == \"DECEASED\" }", "\"{ ref('weekly-cases', id) != null }\""),
    ];
    let found: Vec<String> = cases.iter().map(|(what, replaced, by)| wrong(what, replaced, by)).collect();
    insta::assert_snapshot!(found.concat());
}

#[test]
fn what_is_wrong_with_the_keys_of_an_aggregate_flow() {
    let cases = [
        ("a mapping too", "aggregate:\n", "mapping: x.csv\naggregate:\n"),
        (
            "neither",
            "aggregate:\n  sheet: weekly.csv\n  period: { type: Weekly, date: reported, restate: 4 }\n  org_unit: { path: place, crosswalk: places, level: 2 }\n  zeros: report\n",
            "",
        ),
        ("an unknown sheet", "sheet: weekly.csv", "sheet: weakly.csv"),
        ("an unknown period type", "type: Weekly", "type: Weakly"),
        ("a type without identifiers", "type: Weekly", "type: TwoYearly"),
        ("a bad path of the day", "date: reported", "date: \"reported[\""),
        ("an unknown transform of the day", "date: reported", "date: \"reported | dat('dd/MM/yyyy')\""),
        ("an unknown crosswalk", "crosswalk: places", "crosswalk: place"),
        ("a level that there cannot be", "level: 2", "level: 0"),
        ("a bad word", "zeros: report", "zeros: yes"),
        ("drill: off goes with counts", "zeros: report", "drill: off"),
        ("a key", "resource: dataValueSets", "resource: dataValueSets, key: period"),
        ("several records", "resource: dataValueSets", "records: { a: { resource: dataValueSets, key: period } }"),
        ("another resource", "resource: dataValueSets", "resource: events"),
        ("no resource", "resource: dataValueSets, ", ""),
        ("a system that takes no numbers", "system: hmis", "system: godata"),
        ("what happens to deleted records", "to: {", "deletes: { detect: tombstone, then: delete }\nto: {"),
        ("what happens to records that leave", "cases, where", "cases, leaves: keep, where"),
        ("a label without a language", "path: place", "path: \"place | label\""),
    ];
    let found: Vec<String> = cases.iter().map(|(what, replaced, by)| wrong(what, replaced, by)).collect();
    insta::assert_snapshot!(found.concat());
}

#[test]
fn distinct_needs_drill() {
    let text = |drill: &str| {
        let flow = FLOW.replace("zeros: report", &format!("drill: {drill}"));
        let sheet = "=== aggregates/weekly.csv\nindicator,data_element,value\npeople,Deaths,distinct(person)\n";
        shown(&load_text(&format!("{KIVUKO}{flow}{sheet}{PLACES}")).problems)
    };
    assert_eq!(text("on"), "");
    let problem = "aggregates/weekly.csv, row 2, column value: error K1106: `distinct` needs to know who else has a value, and with `drill: off` nothing is kept of \
                   single records\n    expected `drill: on`\n";
    assert_eq!(text("off"), problem);
}

/// Two more flows whose formulas use each other's indicators.
fn flows(changes: &[(&str, &str)]) -> String {
    let other = "=== flows/monthly.yaml
flow: second
from: { system: godata, resource: cases }
aggregate:
  sheet: second.csv
  period: { type: Weekly, date: reported }
  org_unit: { path: place }
to: { system: hmis, resource: dataValueSets, data_set: weekly }
=== aggregates/second.csv
indicator,data_element,value
tests,Tests,count
positive,,count
share,Rate,{ weekly_cases.deaths / tests * 100 }
none,,{ positive / tests }
used,,{ none + 1 }
";
    let mut text = format!("{KIVUKO}{FLOW}{SHEET}{other}{PLACES}{SEX}");
    for (replaced, by) in changes {
        assert!(text.contains(replaced), "`{replaced}` is not there");
        text = text.replacen(replaced, by, 1);
    }
    shown(&load_text(&text).problems)
}

#[test]
fn formulas_over_several_flows() {
    let cases: [(&str, &[(&str, &str)]); 7] = [
        ("right, and one that nobody needs", &[]),
        ("an unknown indicator", &[("weekly_cases.deaths", "weekly_cases.death")]),
        ("other periods", &[("type: Weekly, date: reported }", "type: Monthly, date: reported }")]),
        ("another system", &[("path: place }\nto: { system: hmis", "path: place }\nto: { system: other")]),
        ("nothing is kept there", &[("zeros: report", "drill: off")]),
        ("a circle", &[("{ deaths / cases * 100 }", "{ deaths / second.share }"), ("weekly_cases.deaths", "weekly_cases.rate")]),
        ("a flow that is wrong itself", &[("{ path: place, crosswalk", "{ path: \"[\", crosswalk")]),
    ];
    let found: Vec<String> = cases.iter().map(|(what, changes)| format!("# {what}\n{}\n", flows(changes))).collect();
    insta::assert_snapshot!(found.concat());
}

#[test]
fn an_aggregate_flow_is_a_flow_of_cells() {
    let bench = Bench::new("indicator,data_element,value\ndeaths,Deaths,count\n");
    let flow = bench.flow();
    assert_eq!(flow.source_paths(), ["deleted", "reported", "place"]);
    let [record] = flow.to.records.as_slice() else { panic!("one record") };
    assert_eq!(record.resource, "dataValueSets");
    let key: Vec<String> = record.key.iter().map(ToString::to_string).collect();
    assert_eq!(key, ["dataElement", "period", "orgUnit", "categoryOptionCombo", "attributeOptionCombo"]);
    let cell = json!({ "dataElement": "a", "period": "2024W10", "orgUnit": "b", "categoryOptionCombo": "c", "attributeOptionCombo": "d", "value": "3" });
    let labels = Labels::default();
    let env = Env {
        timezone: &TimeZone::UTC,
        today: date(2024, 3, 20),
        codes: &bench.project.codes,
        sides: &flow.sides,
        references: &NoReferences,
        labels: &labels,
        secret: &[0; 32],
    };
    assert_eq!(flow.mapping.apply("", &cell, None, &[], &env).map(|mapped| mapped.create), Ok(cell));
    assert!(["dataElement", "orgUnit", "value"].into_iter().all(|path| flow.mapping.is_seen("", path)));
    assert_eq!((flow.deletes.detect, flow.deletes.stop_above), (crate::flow::Detect::Tombstone, None));
    assert!(flow.version.texts.contains_key("aggregates/weekly.csv") && flow.version.texts.contains_key("codes/places.csv"));
}

#[test]
fn late_periods_and_those_with_zeros() {
    let bench = Bench::new("indicator,data_element,value\ndeaths,Deaths,count\n");
    let own = bench.own();
    let period = |text: &str| Period::parse(text).expect("a period");
    let today = date(2024, 3, 20);
    for (id, late) in [("2024W12", false), ("2024W8", false), ("2024W7", true), ("2023W52", true), ("2024W30", false)] {
        assert_eq!(own.is_late(period(id), today), late, "{id}");
    }
    let ids: Vec<String> = own.zero_periods(today).into_iter().map(Period::id).collect();
    assert_eq!(ids, ["2024W8", "2024W9", "2024W10", "2024W11"]);

    let always = Bench::of(&format!(
        "{KIVUKO}{}=== aggregates/weekly.csv\nindicator,data_element,value\ndeaths,Deaths,count\n{PLACES}",
        FLOW.replace(", restate: 4", "")
    ));
    assert!(!always.own().is_late(period("1999W1"), today));
    assert_eq!(always.own().zero_periods(today).into_iter().map(Period::id).collect::<Vec<_>>(), ["2024W11"]);
}
