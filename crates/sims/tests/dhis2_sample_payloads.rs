//! DHIS2's public sample payloads have the outcomes that its own tests state, in each release.

#[path = "support/dhis2.rs"]
mod dhis2;
#[path = "support/dhis2_samples.rs"]
mod samples;

use dhis2::{Answer, User, releases, start, token};
use kivuko_sims::dhis2::{Dhis2Sim, Profile};
use samples::{CLERK, OPTION_A, SET, content_type, file};
use serde_json::{Value, json};

/// What an import is to come to: counts, status, conflicts as code and positions, rows and visible values in the end.
struct Expected {
    counts: [u64; 4],
    status: &'static str,
    conflicts: &'static [(&'static str, &'static [i64])],
    rows: Option<[usize; 2]>,
}

const fn counts(imported: u64, updated: u64, deleted: u64, ignored: u64) -> Expected {
    Expected { counts: [imported, updated, deleted, ignored], status: "SUCCESS", conflicts: &[], rows: None }
}

impl Expected {
    const fn with(mut self, status: &'static str, conflicts: &'static [(&'static str, &'static [i64])]) -> Self {
        self.status = status;
        self.conflicts = conflicts;
        self
    }

    const fn leaving(mut self, rows: usize, visible: usize) -> Self {
        self.rows = Some([rows, visible]);
        self
    }
}

/// A file and the query it is sent with, after others.
struct Case {
    before: &'static [&'static str],
    file: &'static str,
    query: &'static str,
    /// Up to 2.42.
    old: Expected,
    /// From 2.43; `None` where DHIS2 has no test.
    new: Option<Expected>,
}

const fn case(file: &'static str, query: &'static str, old: Expected, new: Expected) -> Case {
    Case { before: &[], file, query, old, new: Some(new) }
}

impl Case {
    const fn after(mut self, before: &'static [&'static str]) -> Self {
        self.before = before;
        self
    }
}

const ALL_3: &[i64] = &[0, 1, 2];

fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("dxf2b/dataValueSetJ.json", "", counts(1, 0, 0, 0), counts(0, 1, 0, 0)),
        case("dxf2b/dataValueSetJ.json", "importStrategy=DELETE", counts(0, 0, 1, 0).leaving(1, 0), counts(0, 0, 1, 0).leaving(1, 0))
            .after(&["dxf2b/dataValueSetJ.json"]),
        case("dxf2b/dataValueSetJDeleteNoValue.json", "importStrategy=DELETE", counts(0, 0, 1, 0), counts(0, 0, 1, 0))
            .after(&["dxf2b/dataValueSetJ.json"]),
        case("dxf2b/dataValueSetJDeleteNewValue.json", "importStrategy=DELETE", counts(0, 0, 1, 0), counts(0, 0, 1, 0))
            .after(&["dxf2b/dataValueSetJ.json"]),
        case("dxf2b/dataValueSetA.xml", "", counts(3, 0, 0, 0), counts(0, 3, 0, 0)),
        case("dxf2b/dataValueSetB.xml", "", counts(12, 0, 0, 0), counts(0, 12, 0, 0)),
        case("dxf2b/dataValueSetBUpdate.xml", "", counts(2, 4, 0, 0).leaving(14, 14), counts(0, 6, 0, 0).leaving(14, 14))
            .after(&["dxf2b/dataValueSetB.xml"]),
        case("dxf2b/dataValueSetBDeleted.xml", "", counts(12, 0, 0, 0).leaving(12, 8), counts(0, 12, 0, 0).leaving(12, 8)),
        case("dxf2b/dataValueSetBDeleted.xml", "", counts(0, 0, 4, 8).leaving(12, 8), counts(0, 12, 0, 0).leaving(12, 8))
            .after(&["dxf2b/dataValueSetB.xml"]),
        case("dxf2b/dataValueSetBNew.xml", "", counts(8, 0, 0, 4).leaving(16, 16), counts(0, 12, 0, 0).leaving(16, 16))
            .after(&["dxf2b/dataValueSetBDeleted.xml"]),
        case("dxf2/dataValueSetACode.xml", "", counts(3, 0, 0, 0), counts(0, 3, 0, 0)),
        case(
            "dxf2/dataValueSetBCode.xml",
            "idScheme=CODE&dataElementIdScheme=CODE&orgUnitIdScheme=CODE",
            counts(12, 0, 0, 0),
            counts(0, 12, 0, 0),
        ),
        case("dxf2/dataValueSetBAttributeIdScheme.xml", "", counts(12, 0, 0, 0), counts(0, 12, 0, 0)),
        case("dxf2/dataValueSetB.csv", "", counts(12, 0, 0, 0), counts(0, 12, 0, 0)),
        case("dxf2/dataValueSetWithDataSetHeader.csv", "dataSet=pBOMPrpg1QX", counts(3, 0, 0, 0), counts(0, 3, 0, 0)),
        case(
            "dxf2/dataValueSetBooleanTest.csv",
            "",
            counts(14, 0, 0, 4).with("WARNING", &[("E7619", &[10, 11]), ("E7619", &[16, 17])]),
            counts(0, 14, 0, 4).with("WARNING", &[("E8122", &[10, 11]), ("E8122", &[16, 17])]),
        ),
        case("dxf2/dataValueSetB.xml", "dryRun=true", counts(12, 0, 0, 0).leaving(0, 0), counts(0, 12, 0, 0).leaving(0, 0)),
        case("dxf2/dataValueSetB.xml", "importStrategy=UPDATE", counts(0, 0, 0, 12).leaving(0, 0), counts(0, 12, 0, 0).leaving(12, 12)),
        case("dxf2/dataValueSetC.xml", "", counts(3, 0, 0, 0), counts(0, 3, 0, 0)),
        case(
            "dxf2/dataValueSetE.xml",
            "",
            counts(1, 0, 0, 2).with("WARNING", &[("E7617", &[1, 2])]).leaving(1, 1),
            counts(0, 0, 0, 3).with("ERROR", &[("E8022", ALL_3)]).leaving(0, 0),
        ),
        case(
            "dxf2/dataValueSetF.xml",
            "",
            counts(0, 0, 0, 0).with("ERROR", &[("E7604", &[])]).leaving(0, 0),
            counts(0, 0, 0, 4).with("ERROR", &[("E8009", &[-1])]).leaving(0, 0),
        ),
        case(
            "dxf2/dataValueSetInvalid.xml",
            "",
            counts(2, 0, 0, 1).with("WARNING", &[("E7621", &[2])]).leaving(2, 2),
            counts(0, 0, 0, 3).with("ERROR", &[("E8020", ALL_3)]).leaving(0, 0),
        ),
    ];
    cases.push(Case { before: &[], file: "dxf2/dataValueSetD.xml", query: "", old: counts(3, 0, 0, 0), new: None });
    cases
}

async fn send(user: &User, name: &str, query: &str) -> Option<Answer> {
    let body = file(name)?;
    Some(user.send_as("POST", &format!("/dataValueSets?{query}"), content_type(name), body).await)
}

#[track_caller]
fn compare(sim: &Dhis2Sim, answer: &Answer, expected: &Expected, what: &str) {
    let summary = &answer.body["response"];
    let count = |name: &str| summary["importCount"][name].as_u64().unwrap_or(99);
    assert_eq!([count("imported"), count("updated"), count("deleted"), count("ignored")], expected.counts, "{what} {answer:?}");
    assert_eq!(summary["status"], expected.status, "{what} {answer:?}");
    assert_eq!(answer.status, if expected.status == "SUCCESS" { 200 } else { 409 }, "{what}");
    let conflicts: Vec<(&str, Vec<i64>)> = summary["conflicts"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|conflict| {
            let indexes = conflict["indexes"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
            (conflict["errorCode"].as_str().unwrap_or_default(), indexes)
        })
        .collect();
    let wanted: Vec<(&str, Vec<i64>)> = expected.conflicts.iter().map(|(code, indexes)| (*code, indexes.to_vec())).collect();
    assert_eq!(conflicts, wanted, "{what}");
    if let Some([rows, visible]) = expected.rows {
        assert_eq!([sim.data_values().len(), sim.cells().len()], [rows, visible], "{what}");
    }
}

fn is_new(release: &str) -> bool {
    Profile::named(release).expect("a release").pipeline
}

#[tokio::test]
async fn data_value_sets_come_to_what_the_tests_of_dhis2_state() {
    for release in releases() {
        for case in cases() {
            let Some(expected) = (if is_new(release) { case.new } else { Some(case.old) }) else {
                continue;
            };
            let (sim, user) = start(samples::data_value_sets(release)).await;
            let user = user.other(&token(CLERK));
            for name in case.before {
                let Some(answer) = send(&user, name, "").await else { return };
                answer.ok();
            }
            let Some(answer) = send(&user, case.file, case.query).await else { return };
            compare(&sim, &answer, &expected, &format!("{release} {} {} after {:?}", case.file, case.query, case.before));
        }
    }
}

#[tokio::test]
async fn an_attribute_option_that_ends_refuses_the_periods_outside() {
    for release in releases() {
        let (sim, user) = start(samples::data_value_sets(release)).await;
        sim.edit_account("clerk", |account| account.org_units = sim.model().org_units.iter().map(|unit| unit.identity.id).collect());
        sim.put_metadata(&json!({"categoryOptions": [{"id": OPTION_A, "code": "CO_A", "name": "CO_A", "shortName": "CO_A",
            "startDate": "2012-02-01", "endDate": "2012-02-29"}]}));
        let user = user.other(&token(CLERK));
        let Some(answer) = send(&user, "dxf2/dataValueSetH.xml", "").await else { return };
        let expected = if is_new(release) {
            counts(0, 0, 0, 3).with("ERROR", &[("E8023", &[0, 1, 2])]).leaving(0, 0)
        } else {
            counts(1, 0, 0, 2).with("WARNING", &[("E7638", &[0]), ("E7638", &[2])]).leaving(1, 1)
        };
        compare(&sim, &answer, &expected, release);
    }
}

#[tokio::test]
async fn a_completion_is_registered_as_the_release_does_it() {
    for release in releases() {
        let (sim, user) = start(samples::data_value_sets(release)).await;
        let Some(answer) = send(&user.other(&token(CLERK)), "dxf2/dataValueSetACode.xml", "").await else { return };
        assert_eq!(answer.ok()["response"]["dataSetComplete"], "2012-01-09", "{release}");
        let registrations = sim.registrations();
        assert_eq!(registrations.len(), 1, "{release}");
        assert_eq!(
            (registrations[0].data_set.as_str(), registrations[0].period.as_str(), registrations[0].completed),
            (SET, "201201", true)
        );
    }
}

#[tokio::test]
async fn several_hundred_values_in_bulk() {
    for release in releases() {
        let Some(body) = file("e2e/dataValues_bulk.json") else { return };
        let sent: Value = serde_json::from_slice(&body).expect("JSON");
        let values = sent["dataValues"].as_array().expect("values");
        let ids = |name: &str| {
            values
                .iter()
                .filter_map(|value| value[name].as_str())
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .collect::<Vec<_>>()
        };
        let units: Vec<Value> =
            ids("orgUnit").iter().map(|uid| json!({"id": uid, "name": uid, "shortName": uid, "openingDate": "2000-01-01"})).collect();
        let elements: Vec<Value> = ids("dataElement")
            .iter()
            .map(|uid| {
                json!({"id": uid, "name": uid, "shortName": uid, "valueType": "TEXT", "domainType": "AGGREGATE", "aggregationType": "NONE",
                    "categoryCombo": {"id": "bjDvmb4bfuf"}})
            })
            .collect();
        let options = kivuko_sims::dhis2::Options::for_tests(release)
            .with_metadata(json!({"organisationUnits": units, "dataElements": elements}))
            .with_user(kivuko_sims::dhis2::User::new("bulk", "x", &["ALL"]).with_token(CLERK).capturing(&ids("orgUnit")));
        if is_new(release) {
            // Without a data set nothing says which set is meant.
            continue;
        }
        let (sim, user) = start(options).await;
        let combos = ids("categoryOptionCombo");
        let answer = user.other(&token(CLERK)).send_as("POST", "/dataValueSets", "application/json", body).await;
        if combos == ["HllvX50cXC0"] {
            answer.ok();
            assert_eq!(sim.data_values().len(), values.len(), "{release}");
        } else {
            assert_eq!(answer.body["response"]["status"], "WARNING", "{release}");
        }
    }
}
