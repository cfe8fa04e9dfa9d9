//! Cases of Go.Data as the weekly numbers of a DHIS2: the project, the cases, and the process in which both systems are simulated.
//!
//! 400 places in 20 districts, 26 weeks, three numbers split by sex and age.

use std::error::Error;
use std::fs;
use std::io::{self, BufRead as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::{SignedDuration, Timestamp};
use kivuko_sims::clock::Clock;
use kivuko_sims::dhis2::{self, Dhis2Sim};
use kivuko_sims::godata::{Options, Sim};
use serde_json::{Value, json};

use crate::canned::Canned;
use crate::sample;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The flow.
pub const FLOW: &str = "weekly";
/// Of so many cases one is another one on the next day.
pub const ONE_CHANGED_OF: u64 = 100;

const DISTRICTS: u64 = 20;
const PLACES: u64 = 400;
const DAYS: u64 = 26 * 7;
/// When the first case was last changed; the others follow in steps.
const BEGIN: &str = "2026-05-01T00:00:00Z";
const STEP: SignedDuration = SignedDuration::from_secs(10);
/// When the changes of the next day begin: after the millionth case.
const NEXT_DAY: &str = "2026-09-01T00:00:00Z";

const KIVUKO: &str = "\
project: numbers
timezone: UTC
systems:
  godata:
    kind: godata
    url: {godata}
    email: {email}
    password: ${GODATA_PASSWORD}
    outbreak: {outbreak}
  hmis:
    kind: dhis2
    url: {dhis2}
    username: {username}
    password: ${DHIS2_PASSWORD}
";

const WEEKLY: &str = "\
flow: weekly
from: { system: godata, resource: cases }
aggregate:
  sheet: weekly.csv
  period: { type: Weekly, date: dateOfReporting }
  org_unit: { path: usualPlaceOfResidenceLocationId, crosswalk: places }
  drill: {drill}
to: { system: hmis, resource: dataValueSets, data_set: WEEKLY }
";

const SHEET: &str = r#"indicator,data_element,where,value,date,by
cases,VHF_CASES,,count,,"sex: gender | codes(sex); age: age(0-4,5-14,15-49,50+) | codes(ages)"
confirmed,VHF_CONFIRMED,"{ classification == ""LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_CONFIRMED"" }",count,,"sex: gender | codes(sex); age: age(0-4,5-14,15-49,50+) | codes(ages)"
deaths,VHF_DEATHS,"{ outcomeId == ""LNG_REFERENCE_DATA_CATEGORY_OUTCOME_DECEASED"" }",count,dateOfOutcome,"sex: gender | codes(sex); age: age(0-4,5-14,15-49,50+) | codes(ages)"
"#;

const SEX: &str = "godata,hmis\nLNG_REFERENCE_DATA_CATEGORY_GENDER_FEMALE,F\nLNG_REFERENCE_DATA_CATEGORY_GENDER_MALE,M\n";
const AGES: &str = "source,target\n0-4,AGE_0_4\n5-14,AGE_5_14\n15-49,AGE_15_49\n50+,AGE_50_PLUS\n";

/// Writes the project.
pub fn write_project(root: &Path, godata: &str, dhis2: &str, drill: bool) -> io::Result<()> {
    for folder in ["flows", "aggregates", "codes"] {
        fs::create_dir_all(root.join(folder))?;
    }
    let kivuko = KIVUKO
        .replace("{godata}", godata)
        .replace("{email}", Options::EMAIL)
        .replace("{outbreak}", Options::OUTBREAK)
        .replace("{dhis2}", dhis2)
        .replace("{username}", dhis2::Options::INTEGRATION);
    fs::write(root.join("kivuko.yaml"), kivuko)?;
    let passwords = format!("GODATA_PASSWORD=\"{}\"\nDHIS2_PASSWORD=\"{}\"\n", Options::PASSWORD, dhis2::Options::INTEGRATION_PASSWORD);
    fs::write(root.join(".env"), passwords)?;
    fs::write(root.join("flows/weekly.yaml"), WEEKLY.replace("{drill}", if drill { "on" } else { "off" }))?;
    fs::write(root.join("aggregates/weekly.csv"), SHEET)?;
    fs::write(root.join("codes/sex.csv"), SEX)?;
    fs::write(root.join("codes/ages.csv"), AGES)?;
    let crosswalk: Vec<String> = (0..DISTRICTS).map(|number| format!("{},F{:04}\n", district(number), number + 1)).collect();
    fs::write(root.join("codes/places.csv"), format!("godata,hmis\n{}", crosswalk.concat()))
}

fn district(number: u64) -> String {
    format!("DISTRICT-{number:02}")
}

fn locations() -> Vec<Value> {
    let level = |number: u8| format!("LNG_REFERENCE_DATA_CATEGORY_LOCATION_GEOGRAPHICAL_LEVEL_ADMIN_LEVEL_{number}");
    let districts = (0..DISTRICTS)
        .map(|number| json!({ "id": district(number), "name": format!("District {number}"), "parentLocationId": null, "geographicalLevelId": level(1) }));
    let places = (0..PLACES).map(|number| {
        json!({
            "id": format!("PLACE-{number:03}"), "name": format!("Place {number}"), "parentLocationId": district(number % DISTRICTS),
            "geographicalLevelId": level(2),
        })
    });
    districts.chain(places).collect()
}

/// As Go.Data makes them: in no order.
fn id(number: u64) -> String {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{:08x}-{:04x}-4000-a000-{number:012x}", mixed >> 32, mixed >> 16 & 0xffff)
}

/// When a case was last changed, in the form of the API.
fn updated(number: u64, changed: bool) -> String {
    let (begin, row, step) =
        if changed { (NEXT_DAY, number / ONE_CHANGED_OF, SignedDuration::from_secs(1)) } else { (BEGIN, number, STEP) };
    let begin: Timestamp = begin.parse().expect("it is a time");
    format!("{:.3}", begin + step * i32::try_from(row).expect("there are not so many cases"))
}

/// A case of about 1.5 KB; on the next day every hundredth is confirmed, and was suspected before.
pub fn case(number: u64, changed: bool) -> Value {
    let mut case = sample::case(number);
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let day: jiff::civil::Date =
        jiff::civil::date(2026, 3, 2) + SignedDuration::from_hours(24 * i64::try_from(mixed % DAYS).unwrap_or_default());
    let dead = mixed.is_multiple_of(5);
    let word = match (number.is_multiple_of(ONE_CHANGED_OF), changed) {
        (true, true) => "CONFIRMED",
        (true, false) => "SUSPECT",
        (false, _) => ["CONFIRMED", "PROBABLE", "SUSPECT"][(mixed >> 9) as usize % 3],
    };
    let place = format!("PLACE-{:03}", (mixed >> 12) % PLACES);
    let record = case.as_object_mut().expect("a case is an object");
    for left_out in ["questionnaireAnswers", "followUp", "documents", "classificationHistory", "responsibleUserId", "occupation"] {
        record.remove(left_out);
    }
    record["id"] = json!(id(number));
    record["gender"] =
        json!(format!("LNG_REFERENCE_DATA_CATEGORY_GENDER_{}", if (mixed >> 3).is_multiple_of(2) { "FEMALE" } else { "MALE" }));
    record["age"] = json!({ "years": (mixed >> 5) % 90, "months": 0 });
    record["classification"] = json!(format!("LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_{word}"));
    record["dateOfReporting"] = json!(format!("{day}T00:00:00.000Z"));
    record["dateOfOutcome"] = if dead { json!(format!("{day}T00:00:00.000Z")) } else { Value::Null };
    record["outcomeId"] = json!(format!("LNG_REFERENCE_DATA_CATEGORY_OUTCOME_{}", if dead { "DECEASED" } else { "ALIVE" }));
    record["addresses"][0]["locationId"] = json!(place);
    record["usualPlaceOfResidenceLocationId"] = json!(place);
    record["updatedAt"] = json!(updated(number, changed && number.is_multiple_of(ONE_CHANGED_OF)));
    case
}

/// Both systems. With `canned`, the list of cases comes from texts that lie ready; else from the simulated Go.Data.
///
/// It prints where they are, then does what it is told on its standard input: `change` is the next day, `log` says what was asked since the last time.
pub async fn simulate(cases: u64, canned: bool) -> Outcome<()> {
    let clock = if canned { Clock::system() } else { Clock::at(BEGIN) };
    let godata = Sim::start(Options { locations: locations(), clock: clock.clone(), ..Options::for_tests() }).await?;
    let dhis2 = Dhis2Sim::start(dhis2::Options::default().with_country()).await?;
    let list = Arc::new(Canned::default());
    for number in 0..cases {
        if canned {
            list.put(None, updated(number, false), id(number), case(number, false).to_string());
        } else {
            godata.insert_case(Options::OUTBREAK, entered(case(number, false)));
            clock.advance(STEP.unsigned_abs());
        }
    }
    if !canned {
        clock.advance(SignedDuration::from_millis(Clock::system().now() - clock.now()).unsigned_abs());
    }
    let url = if canned { Arc::clone(&list).listen(godata.url().trim_start_matches("http://").to_owned())? } else { godata.url() };
    println!("{url} {}", dhis2.url());
    // Reading a line blocks its thread; the simulators serve on the others.
    let (said, mut heard) = tokio::sync::mpsc::channel::<String>(1);
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if said.blocking_send(line).is_err() {
                return;
            }
        }
    });
    while let Some(line) = heard.recv().await {
        if line == "change" {
            for number in (0..cases).step_by(usize::try_from(ONE_CHANGED_OF)?) {
                if canned {
                    list.put(Some(&updated(number, false)), updated(number, true), id(number), case(number, true).to_string());
                } else {
                    godata.edit(&id(number), |record| record["classification"] = case(number, true)["classification"].clone());
                }
            }
            continue;
        }
        let mut entries = godata.log().entries();
        entries.extend(dhis2.log().entries());
        godata.log().clear();
        dhis2.log().clear();
        let writes: Vec<_> = entries.iter().filter(|entry| entry.write).collect();
        let records: usize = writes.iter().map(|entry| entry.records).sum();
        let requests = entries.len() as u64 + list.requests.swap(0, Ordering::Relaxed);
        let bytes = list.bytes.swap(0, Ordering::Relaxed);
        println!("{}", json!({ "requests": requests, "writes": writes.len(), "records": records, "bytes": bytes }));
    }
    Ok(())
}

/// A case as a person enters it: without what Go.Data itself puts in.
fn entered(mut case: Value) -> Value {
    const KEPT: [&str; 13] = [
        "id",
        "visualId",
        "firstName",
        "lastName",
        "gender",
        "age",
        "addresses",
        "classification",
        "dateOfOnset",
        "dateOfReporting",
        "dateOfOutcome",
        "outcomeId",
        "dateRanges",
    ];
    if let Some(record) = case.as_object_mut() {
        record.retain(|field, _| KEPT.contains(&field.as_str()));
    }
    case
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_has_the_size_that_the_budget_states() {
        for number in 0..200 {
            let length = case(number, false).to_string().len();
            assert!((1_400..=1_600).contains(&length), "case {number} has {length} bytes");
        }
    }

    #[test]
    fn a_hundredth_is_another_on_the_next_day() {
        let changed = (0..1_000).filter(|number| case(*number, false) != case(*number, true)).count();
        assert_eq!(changed, 10);
        assert!(updated(999_999, false) < updated(0, true), "changes come after everything else");
    }
}
