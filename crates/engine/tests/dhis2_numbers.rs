//! The project of the template `dhis2-numbers` between two simulated DHIS2, for each release: numbers of one into the other, into files, and from a file.

mod support;

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use kivuko_core::connector::Cancel;
use kivuko_core::outcome::Status;
use kivuko_engine::{RunOptions, RunReport, Unwatched, Workspace};
use kivuko_sims::dhis2::{Change, Dhis2Sim, Options, default};
use kivuko_sims::faults;
use serde_json::{Value, json};
use support::{PACE, problems, template};

const TEMPLATE: &str = "dhis2-numbers";
const RELEASES: [&str; 5] = ["2.38", "2.40", "2.41", "2.42", "2.43"];
const FLOWS: [&str; 5] = ["copy", "values-to-csv", "values-to-adx", "analytics-to-ndjson", "adx-to-dhis2"];
/// Base64 of `admin:district`, the person who enters data in the simulated systems.
const ADMIN: &str = "YWRtaW46ZGlzdHJpY3Q=";
const PASSWORD: &str = "correct horse battery";

/// Two simulated DHIS2 with what the template's `simulator` folder says, and the template's project between them.
struct World {
    from: Dhis2Sim,
    into: Dhis2Sim,
    folder: tempfile::TempDir,
}

impl World {
    async fn new(release: &str) -> Self {
        let from = start(release, "from").await;
        let into = start(release, "into").await;
        let folder = tempfile::tempdir().expect("there is room for a project");
        let world = Self { from, into, folder };
        world.copy(&template::folder(TEMPLATE), "");
        let values = std::fs::read_to_string(template::folder(TEMPLATE).join("simulator/from-values.json")).expect("there are values");
        world.enter("CREATE_AND_UPDATE", &values);
        world
    }

    /// Copies a folder of the template. Only the addresses and the waiting differ from what `init` writes.
    fn copy(&self, from: &Path, inside: &str) {
        for entry in std::fs::read_dir(from).expect("a template is a folder") {
            let path = entry.expect("it can be read").path();
            let own = path.file_name().and_then(|name| name.to_str()).expect("names are plain").to_owned();
            let name = format!("{inside}{own}");
            if path.is_dir() {
                if own != "simulator" {
                    self.copy(&path, &format!("{name}/"));
                }
                continue;
            }
            if own == "README.md" || own.starts_with("dot.") {
                continue;
            }
            let mut text = std::fs::read_to_string(&path).expect("a template is text");
            if own == "kivuko.yaml" {
                let address = |sim: &Dhis2Sim| format!("{}\n    settle_secs: 0.25\n    timeout_secs: 2", sim.url());
                text = text
                    .replace("PROJECT", "template")
                    .replace("TIMEZONE", "UTC")
                    .replace("http://127.0.0.1:8085", &address(&self.from))
                    .replace("http://127.0.0.1:8086", &address(&self.into))
                    .replace("${FROM_PASSWORD}", PASSWORD)
                    .replace("${INTO_PASSWORD}", PASSWORD);
            }
            self.write(&name, &text);
        }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder can be made");
        std::fs::write(path, text).expect("the file can be written");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// One run by a process of its own.
    async fn run(&self, flow: &str) -> RunReport {
        let workspace = Workspace::read(self.folder.path(), "test").expect("the project can be read");
        assert!(workspace.is_sound(), "the project has problems: {}", problems(&workspace.problems));
        let engine = workspace.open(Cancel::default(), PACE).await.unwrap_or_else(|error| panic!("the engine does not open: {error}"));
        let report = engine.run(flow, &RunOptions::default(), &Unwatched).await.expect("the run begins");
        assert!(report.counts.adds_up(), "{flow}: the account does not add up: {:?}", report.counts);
        report
    }

    /// A run that must reach its end.
    async fn run_whole(&self, flow: &str) -> RunReport {
        let report = self.run(flow).await;
        assert!(report.error.is_none() && report.status == Status::Complete, "{flow}: {:?} {:?}", report.error, report.causes);
        report
    }

    /// Somebody enters values into the DHIS2 that is read.
    fn enter(&self, strategy: &str, values: &str) {
        let (status, answer) = post(&self.from, &format!("/api/dataValueSets?importStrategy={strategy}"), values);
        assert_eq!(status, 200, "{answer}");
        // The night has passed.
        self.from.build_analytics();
    }

    /// What the DHIS2 that is written to holds, as `element period unit combo = value`, in the words of the DHIS2 that is read.
    fn arrived(&self) -> BTreeSet<String> {
        let named = |id: &str| id.strip_prefix("Nat").map_or_else(|| id.to_owned(), str::to_owned);
        let row = |row: &kivuko_sims::dhis2::DataValue| {
            format!(
                "{} {} {} {} = {}",
                named(&row.data_element),
                row.period,
                named(&row.org_unit),
                named(&row.category_option_combo),
                row.value
            )
        };
        self.into.data_values().iter().filter(|row| !row.deleted).map(row).collect()
    }
}

async fn start(release: &str, side: &str) -> Dhis2Sim {
    let read = Options::from_dir(&template::folder(TEMPLATE).join("simulator").join(side)).expect("the simulator's folder can be read");
    let options = Options { users: read.users, metadata: read.metadata, ..Options::for_tests(release) };
    Dhis2Sim::start(options).await.expect("the simulator starts")
}

/// A request of the person who enters data.
fn post(sim: &Dhis2Sim, path: &str, body: &str) -> (u16, String) {
    let url = sim.url();
    let host = url.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(host).expect("the simulator listens");
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {ADMIN}\r\nContent-Type: application/json\r\nAccept: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it is answered");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, answer)
}

/// One value of the data set that is read.
fn value(element: &str, period: &str, unit: &str, combo: &str, value: &str) -> String {
    let one = json!({ "dataElement": element, "period": period, "orgUnit": unit, "categoryOptionCombo": combo,
        "attributeOptionCombo": default::OPTION_COMBO, "value": value });
    json!({ "dataSet": "MalMonthly1", "dataValues": [one] }).to_string()
}

/// What the first copy brings: everything but the value of the place that nobody has placed.
const COPIED: [&str; 12] = [
    "Confirm1 202602 Kitara01 FemOvr01 = 3",
    "Confirm1 202602 Kitara01 FemUnd01 = 4",
    "Confirm1 202602 Kitara01 MalOvr01 = 0",
    "Confirm1 202602 Kitara01 MalUnd01 = 5",
    "Confirm1 202603 Kitara01 FemUnd01 = 2",
    "Confirm1 202603 Tosa0001 MalOvr01 = 9",
    "Remark01 202603 Mbeko001 HllvX50cXC0 = 12",
    "Remark01 202603 Tosa0001 HllvX50cXC0 = Stock-out of tests <5 days & late report",
    "Tested01 202602 Kitara01 HllvX50cXC0 = 41",
    "Tested01 202603 Kitara01 HllvX50cXC0 = 38",
    "Tested01 202603 Mbeko001 HllvX50cXC0 = 17",
    "Tested01 202603 Tosa0001 HllvX50cXC0 = 120",
];

/// What the supply system's document brings.
const SUPPLIED: [&str; 5] = [
    "NetsOut1 202603 Kitara01 FemUnd01 = 14",
    "NetsOut1 202603 Kitara01 MalUnd01 = 11",
    "Stock001 202603 Kitara01 HllvX50cXC0 = 220",
    "Stock001 202603 Tosa0001 HllvX50cXC0 = 0",
    "StockRm1 202603 Tosa0001 HllvX50cXC0 = truck delayed by rain",
];

fn set<'a>(rows: impl IntoIterator<Item = &'a &'a str>) -> BTreeSet<String> {
    rows.into_iter().map(|row| (*row).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_flow_brings_what_there_is_and_nothing_a_second_time() {
    for release in RELEASES {
        let world = World::new(release).await;
        // Read, created, rejected: the place that nobody has placed is told of, and the others go.
        let expected = [(13, 12, 1), (13, 12, 1), (13, 12, 1), (6, 6, 0), (6, 5, 1)];
        for (flow, expected) in FLOWS.into_iter().zip(expected) {
            let report = world.run_whole(flow).await;
            let counts = report.counts;
            assert_eq!((counts.read, counts.created, counts.rejected), expected, "{release} {flow}: {:?}", report.causes);
            let codes: Vec<String> = report.causes.iter().map(|group| group.code.to_string()).collect();
            assert_eq!(codes, if expected.2 == 0 { vec![] } else { vec!["K0306".to_owned()] }, "{release} {flow}");
        }
        assert_eq!(world.arrived(), set(COPIED.iter().chain(&SUPPLIED)), "{release}");
        let files = ["values.csv", "values.adx", "analytics.ndjson"].map(|name| world.read(&format!("exchange/{name}")));
        check_files(release, &files);

        world.into.log().clear();
        world.into.clear_data_writes();
        for flow in FLOWS {
            let report = world.run_whole(flow).await;
            let counts = report.counts;
            assert_eq!((counts.created, counts.updated, counts.deleted), (0, 0, 0), "{release} {flow}: {:?}", report.causes);
        }
        assert_eq!(world.into.log().writes(), [], "{release}: the second runs wrote");
        assert_eq!(world.into.data_writes(), [], "{release}: the second runs wrote");
        let again = ["values.csv", "values.adx", "analytics.ndjson"].map(|name| world.read(&format!("exchange/{name}")));
        assert_eq!(again, files, "{release}: the second runs wrote files");
        assert_eq!(world.from.log().writes().len(), 1, "{release}: only the person who entered the values wrote to the DHIS2 that is read");
    }
}

/// The files hold what DHIS2 held.
fn check_files(release: &str, [csv, adx, ndjson]: &[String; 3]) {
    assert_eq!(csv.lines().count(), 13, "{release}: {csv}");
    assert!(csv.contains("MAL_TEST,202603,KITARA,default,2026-03-01,38,two days without tests,"), "{release}: {csv}");

    assert_eq!(adx.matches("<dataValue ").count(), 12, "{release}: {adx}");
    assert_eq!(
        adx.matches("period=\"2026-02-01/P1M\"").count() + adx.matches("period=\"2026-03-01/P1M\"").count(),
        adx.matches("<group ").count(),
        "{release}"
    );
    for part in [
        "Stock-out of tests &lt;5 days &amp; late report</annotation>",
        ">12</annotation>",
        "categoryOptionCombo=\"M.O5\"",
        "value=\"120\"",
    ] {
        assert!(adx.contains(part), "{release}: `{part}` is not in {adx}");
    }

    let mut rows: Vec<String> = ndjson
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a line is an object"))
        .map(|row| {
            format!("{} {} {} {}", row["elementName"], row["period"], row["placeName"], row["value"].as_f64().expect("a number"))
                .replace('"', "")
        })
        .collect();
    rows.sort();
    let expected = [
        "Malaria: confirmed 202602 North 12",
        "Malaria: confirmed 202603 North 2",
        "Malaria: confirmed 202603 South 9",
        "Malaria: tested 202602 North 41",
        "Malaria: tested 202603 North 55",
        "Malaria: tested 202603 South 126",
    ];
    assert_eq!(rows, expected, "{release}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_deleted_and_placed_travels_and_nothing_else() {
    for release in RELEASES {
        let world = World::new(release).await;
        for flow in FLOWS {
            world.run_whole(flow).await;
        }
        world.into.clear_data_writes();
        world.enter("CREATE_AND_UPDATE", &value("MalTested01", "202603", "KitaraClini", default::OPTION_COMBO, "39"));
        world.enter("DELETE", &value("MalConfirm1", "202602", "KitaraClini", "MalMalUnd01", "5"));
        let places = world.read("codes/org-units.csv");
        world.write("codes/org-units.csv", &format!("{places}DumaPost001,NatDuma0001,DUMA,\n"));

        let expected = [(1, 1, 1), (1, 1, 1), (1, 1, 1), (0, 2, 0), (1, 0, 0)];
        for (flow, expected) in FLOWS.into_iter().zip(expected) {
            let report = world.run_whole(flow).await;
            let counts = report.counts;
            assert_eq!((counts.created, counts.updated, counts.deleted), expected, "{release} {flow}: {counts:?} {:?}", report.causes);
            assert_eq!(counts.rejected, 0, "{release} {flow}: {:?}", report.causes);
        }
        let mut values = set(COPIED.iter().chain(&SUPPLIED));
        assert!(values.remove("Confirm1 202602 Kitara01 MalUnd01 = 5") && values.remove("Tested01 202603 Kitara01 HllvX50cXC0 = 38"));
        values.extend(set(&[
            "Tested01 202603 Kitara01 HllvX50cXC0 = 39",
            "Tested01 202603 Duma0001 HllvX50cXC0 = 6",
            "Stock001 202603 Duma0001 HllvX50cXC0 = 35",
        ]));
        assert_eq!(world.arrived(), values, "{release}");
        let mut writes: Vec<(Change, String)> =
            world.into.data_writes().into_iter().map(|(change, row)| (change, format!("{} {}", row.data_element, row.org_unit))).collect();
        writes.sort_by(|one, other| one.1.cmp(&other.1));
        let expected = [
            (Change::Deleted, "NatConfirm1 NatKitara01"),
            (Change::Created, "NatStock001 NatDuma0001"),
            (Change::Created, "NatTested01 NatDuma0001"),
            (Change::Updated, "NatTested01 NatKitara01"),
        ];
        assert_eq!(writes, expected.map(|(change, row)| (change, row.to_owned())), "{release}");
        let comments: Vec<Option<String>> =
            world.into.data_values().into_iter().filter(|row| row.value == "39").map(|row| row.comment).collect();
        assert_eq!(comments, [None], "{release}: the comment is not there any more");
        for name in ["values.csv", "values.adx"] {
            let text = world.read(&format!("exchange/{name}"));
            assert!(text.contains("DUMA") && text.contains("39") && !text.contains("M.U5"), "{release}: {text}");
        }
        let sums = world.read("exchange/analytics.ndjson");
        let sum = |line: &str| serde_json::from_str::<Value>(line).ok().and_then(|row| row["value"].as_f64());
        let sums: Vec<f64> = sums.lines().filter_map(sum).collect();
        assert_eq!(sums, [7.0, 2.0, 9.0, 41.0, 56.0, 126.0], "{release}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_on_the_way_is_written_once() {
    let faults = [
        // The values are stored, but nobody says so.
        "- { on: { method: POST, path: /api/dataValueSets, nth: 1 }, do: { drop: after } }",
        "- { on: { path: /api/*, from: 4, to: 7 }, do: { status: 503 } }",
        "- { on: { method: POST, path: /api/dataValueSets, to: 2 }, do: { status: 503 } }",
        "- { on: { method: POST, path: /api/dataValueSets, nth: 1 }, do: { drop: before } }",
        "- { on: { method: POST, path: /api/dataValueSets, nth: 1 }, do: { truncate: true } }",
    ];
    for (release, faults) in [("2.38", &faults[..2]), ("2.42", &faults[..]), ("2.43", &faults[..2])] {
        for &fault in faults {
            let world = World::new(release).await;
            for sim in [&world.from, &world.into] {
                sim.set_faults(faults::parse(fault).unwrap_or_else(|error| panic!("{fault}: {error}")));
            }
            for flow in ["copy", "adx-to-dhis2"] {
                // A run that could not end is followed by another one, as a person would do it.
                let mut report = world.run(flow).await;
                for _ in 0..3 {
                    if report.status == Status::Complete && report.counts.failed == 0 {
                        break;
                    }
                    report = world.run(flow).await;
                }
                assert!(report.status == Status::Complete && report.counts.failed == 0, "{release} {fault} {flow}: {report:?}");
            }
            assert_eq!(world.arrived(), set(COPIED.iter().chain(&SUPPLIED)), "{release} {fault}");
            let writes: Vec<Change> = world.into.data_writes().into_iter().map(|(change, _)| change).collect();
            assert_eq!(writes, vec![Change::Created; COPIED.len() + SUPPLIED.len()], "{release} {fault}: each value is written once");
        }
    }
}
