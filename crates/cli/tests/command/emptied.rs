//! A target that has lost what was written to it: what is told, planned, and written again.

use super::{Folder, simulator};

#[test]
fn what_the_target_has_lost_is_told_planned_and_written_again() {
    let (_runtime, sim) = simulator();
    let folder = Folder::against(&sim.url());
    folder.fill(3);
    folder.run(&["run", "cases"]).expect(0, &["3 created"], &[]);
    for case in sim.state().cases(kivuko_sims::godata::Options::OUTBREAK) {
        sim.forget(case["id"].as_str().expect("it has an id"));
    }
    let told = folder.run(&["run", "cases"]);
    told.expect(0, &["3 read = 3 unchanged", "\n  warning  K0951\n  3 of 3 linked records"], &["kivuko plan cases --again"]);
    assert!(!told.out.contains("unchanged with a warning"), "{}", told.out);
    folder.run(&["runs", "list"]).expect(0, &["3 read = 3 unchanged; K0951: the target has lost much of what was sent"], &[]);
    let (listed, _) = folder.json(&["runs", "list"]);
    assert_eq!(listed["runs"][0]["warnings"][0]["code"], "K0951", "{listed}");
    let writes = sim.log().writes().len();
    folder.run(&["plan", "cases"]).expect(0, &["3 read = 3 unchanged", "warning  K0951"], &["kivuko plan cases --again"]);
    folder.run(&["plan", "cases", "--again"]).expect(
        0,
        &["3 read = 3 created", "would be written: 3 created"],
        &["kivuko run cases --again"],
    );
    let (document, code) = folder.json(&["plan", "cases", "--again", "--save", "--only", "N-0,N-1"]);
    assert_eq!((code, &document["created"]), (0, &2.into()), "{document}");
    assert_eq!(sim.log().writes().len(), writes, "a plan has written");
    let saved = document["plan"].to_string();
    folder.run(&["run", "cases", "--plan", &saved]).expect(0, &["2 created"], &[]);
    folder.run(&["run", "cases", "--again"]).expect(0, &["3 read = 1 created + 2 unchanged"], &[]);
}

/// What a plan shows is what the next step does, and no more.
#[test]
fn the_step_after_a_plan_does_what_it_shows() {
    let (_runtime, sim) = simulator();
    let folder = Folder::against(&sim.url());
    folder.run(&["plan", "cases", "--live", "--limit", "2"]).expect(0, &["2 created"], &["kivuko run cases --limit 2 --force"]);
    folder.run(&["plan", "cases", "--only", "C-001,C-002"]).expect(0, &["2 created"], &["kivuko run cases --only C-001,C-002"]);
}

/// Nothing comes of what was dealt with before; it was read all the same.
#[test]
fn what_was_read_again_in_vain_is_told() {
    let (_runtime, sim) = simulator();
    let folder = Folder::against(&sim.url());
    folder.fill(3);
    folder.run(&["run", "cases"]).expect(0, &["3 created"], &[]);
    for (file, text) in [
        (
            "flows/out.yaml",
            "flow: out\nfrom: { system: godata, resource: cases }\nmapping: out.csv\nto: { system: registers, resource: out.csv, key: id }\n",
        ),
        ("mappings/out.csv", "target,source,empty\nid,id,reject\nnumber,visualId,\n"),
    ] {
        std::fs::write(folder.path().join(file), text).expect("it can be written");
    }
    folder.run(&["run", "out"]).expect(0, &["3 read = 3 created"], &[]);
    folder.run(&["cursor", "rewind", "out", "--reason", "a look"]).expect(0, &[], &[]);
    let told = "nothing new: 3 records were read again and have not changed";
    folder.run(&["plan", "out"]).expect(0, &[told], &[]);
    let ran = folder.run(&["run", "out"]);
    ran.expect(0, &[told], &[]);
    assert!(!ran.out.contains("nothing read"), "{}", ran.out);
    folder.run(&["runs", "list", "--flow", "out"]).expect(0, &[told], &[]);
    folder.run(&["runs", "show", "3"]).expect(0, &[told], &[]);
    let (document, _) = folder.json(&["runs", "show", "3"]);
    assert_eq!((&document["run"]["repeated"], &document["run"]["counts"]["read"]), (&3.into(), &0.into()), "{document}");
}
