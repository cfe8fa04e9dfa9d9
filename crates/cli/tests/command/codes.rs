//! Code maps and crosswalks as commands: what they list, what they add to a file, what they write out.

use kivuko_sims::godata::Sim;

use super::{Folder, simulator};

/// A project that links places of a register to those of Go.Data, and carries cases that name them.
fn places() -> (tokio::runtime::Runtime, Sim, Folder) {
    let (runtime, sim) = simulator();
    let folder = Folder::against(&sim.url());
    folder.change(
        "kivuko.yaml",
        "\nsystems:\n",
        "\ncrosswalks:\n  places: { registers: { resource: places.csv, id: code, name: name }, godata: locations }\nsystems:\n",
    );
    for (name, text) in [
        ("data/places.csv", "code,name\nP-1,Barimba\nP-2,Dokuni\n"),
        (
            "flows/places.yaml",
            "flow: places\nfrom: { system: registers, resource: places.csv, id: code }\nmapping: places.csv\nto: { system: godata, resource: locations, key: \"identifiers[description=REGISTER].code\" }\n",
        ),
        (
            "mappings/places.csv",
            "target,source,transform,empty,personal\nname,name,,reject,no\nactive,,{ true },,no\nidentifiers[description=REGISTER].code,code,,reject,no\n",
        ),
        ("data/stays.csv", "id,reported,place\nS-1,2026-11-02,P-1\nS-2,2026-11-02,P-3\nS-3,2026-11-02,P-3\n"),
        (
            "flows/stays.yaml",
            "flow: stays\nfrom: { system: registers, resource: stays.csv, id: id }\nmapping: stays.csv\nto: { system: godata, resource: cases, key: \"documents[type=EXTERNAL_ID].number\" }\n",
        ),
        (
            "mappings/stays.csv",
            "target,source,transform,codes,empty,personal\ndocuments[type=EXTERNAL_ID].number,id,,,reject,no\nfirstName,id,,,,no\ndateOfReporting,reported,\"date(\"\"yyyy-MM-dd\"\")\",,reject,no\nclassification,,{ \"SUSPECT\" },,,no\naddresses[typeId=USUAL_PLACE_OF_RESIDENCE].locationId,place,,places,,no\n",
        ),
    ] {
        std::fs::write(folder.path().join(name), text.replace("{ \"SUSPECT\" }", "\"{ \"\"SUSPECT\"\" }\"")).expect("it can be written");
    }
    (runtime, sim, folder)
}

#[test]
fn what_is_missing_is_shown_added_and_sent_again() {
    let (_runtime, sim, folder) = places();
    folder.run(&["check"]).expect(0, &["well"], &[]);
    folder.run(&["codes", "unmapped"]).expect(0, &[], &["no record is rejected"]);
    folder.run(&["run", "places"]).expect(0, &[], &[]);
    folder.run(&["run", "stays"]).expect(1, &["K0306"], &[]);
    folder.run(&["codes"]).expect(0, &["places", "crosswalk", "registers, godata", "stays"], &["codes unmapped"]);
    let (listed, _) = folder.json(&["codes", "list"]);
    let list =
        listed["lists"].as_array().and_then(|lists| lists.iter().find(|list| list["name"] == "places")).expect("it is listed").clone();
    assert_eq!(
        (&list["links"], &list["rows"], &list["unlisted_values"], &list["rejected"]),
        (&2.into(), &0.into(), &1.into(), &2.into()),
        "{list}"
    );
    folder.run(&["codes", "unmapped", "places"]).expect(0, &["P-3", "stays", "K0306", "2"], &["codes add places registers=... godata=..."]);
    folder.run(&["codes", "unmapped", "plces"]).expect(2, &[], &["did you mean `places`?"]);

    let location = location(&sim, "Dokuni");
    folder.run(&["codes", "add", "places", "registers", "godata=x"]).expect(2, &[], &["has no `=`"]);
    folder.run(&["codes", "add", "places", "regsters=P-3", "godata=x"]).expect(2, &[], &["K0220", "registers"]);
    let to = format!("godata={location}");
    let (added, code) = folder.json(&["codes", "add", "places", "registers=P-3", &to, "--note", "moved in, 2025", "--retry"]);
    assert_eq!((code, &added["added"], &added["row"]), (0, &true.into(), &2.into()), "{added}");
    assert_eq!(added["runs"][0]["created"], 2, "{added}");
    assert_eq!(added["names"], serde_json::json!({ "godata": "Dokuni" }), "nobody has P-3: {added}");
    let file = folder.path().join("codes/places.csv");
    let text = std::fs::read_to_string(&file).expect("it was made");
    assert_eq!(
        text,
        format!(
            "registers,godata,registers_name,godata_name,decision,valid_from,valid_to,note,by\nP-3,{location},,Dokuni,,,,\"moved in, 2025\",Fatu\n"
        )
    );
    folder.run(&["codes", "add", "places", "registers=P-3", &to]).expect(0, &["row 2: there already"], &[]);
    folder.run(&["codes", "add", "places", "registers=P-3", "godata=another"]).expect(2, &[], &["K0226"]);
    // Nobody asks for places that nobody has: neither side knows P-9, and a slip or a name in the place of an id is told with what is meant.
    folder.run(&["codes", "add", "places", "registers=P-9", "--none"]).expect(
        2,
        &[],
        &["K0933", "registers has no place `P-9`", "did you mean `P-", "nothing was added", "--offline"],
    );
    let slip = format!("godata={}", location.replacen(|letter: char| letter.is_ascii_alphanumeric(), "", 1));
    folder.run(&["codes", "add", "places", "registers=P-2", &slip]).expect(
        2,
        &[],
        &["K0933", &format!("did you mean `{location}` (Dokuni)?")],
    );
    let named = format!("the place that is called so is `{location}`");
    folder.run(&["codes", "add", "places", "registers=P-2", "godata=dokuni"]).expect(2, &[], &["K0933", &named]);
    folder.run(&["codes", "add", "places", "registers=P-3", &to, "--refuse"]).expect(2, &[], &["K0224"]);
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), text, "what was refused is not written");
    folder.run(&["codes", "add", "places", "registers=P-9", "--none", "--offline"]).expect(
        0,
        &["row 3: added"],
        &["the systems were not asked", "codes export places --out codes/places.csv"],
    );
    let day = ["codes", "add", "places", "registers=P-1", "--none", "--valid-to", "30/06/2026"];
    folder.run(&day).expect(2, &[], &["K1051", "--valid-to: `30/06/2026` is no day; write 2026-06-30"]);
    // Nobody knows P-9 and P-3, and the other place is there.
    folder.run(&["check", "--online"]).expect(0, &["crosswalk places", "K0227", "row 2, column registers", "row 3, column registers"], &[]);
}

/// The id of a location that a flow has made.
fn location(sim: &Sim, name: &str) -> String {
    let state = sim.state();
    let one = state.collection("location").into_iter().find(|one| one["name"] == name).expect("the flow made it");
    one["id"].as_str().expect("it has an id").to_owned()
}

#[test]
fn a_pair_that_is_added_by_hand_is_known_by_its_names() {
    let (_runtime, sim, folder) = places();
    folder.run(&["run", "places"]).expect(0, &[], &[]);
    // Half a pair says nothing: it would look decided, and stay open.
    let half = folder.run(&["codes", "add", "places", "registers=P-2"]);
    half.expect(2, &[], &["K0223", "`registers=P-2` names one place, and nothing is said of it", "godata=ID", "`none`"]);
    assert!(!folder.path().join("codes/places.csv").exists(), "nothing was added");
    let to = format!("godata={}", location(&sim, "Dokuni"));
    folder.run(&["codes", "add", "places", "registers=P-2", "registers=P-1", &to]).expect(2, &[], &["`registers` is given twice"]);
    folder.run(&["codes", "add", "places", "registers=P-2", &to]).expect(0, &["row 2: added"], &[]);
    let file = std::fs::read_to_string(folder.path().join("codes/places.csv")).expect("it was made");
    assert!(file.ends_with(",Dokuni,Dokuni,,,,,Fatu\n"), "{file}");
    // What it is called later is seen against that.
    folder.change("data/places.csv", "Dokuni", "Kambama");
    let (open, _) = folder.json(&["match", "places"]);
    let changed: Vec<_> =
        open["matches"].as_array().unwrap_or_else(|| panic!("{open}")).iter().filter(|row| row["says"] == "changed").collect();
    assert!(changed.len() == 1 && changed[0]["reasons"].to_string().contains("renamed, it was Dokuni"), "{open}");
}

#[test]
fn a_system_that_cannot_be_asked_leaves_its_name_empty() {
    let (_runtime, sim, folder) = places();
    folder.run(&["run", "places"]).expect(0, &[], &[]);
    folder.run(&["run", "stays"]).expect(1, &["K0306"], &[]);
    std::fs::rename(folder.path().join("data/places.csv"), folder.path().join("data/elsewhere.csv")).expect("it can be moved");
    let to = format!("godata={}", location(&sim, "Dokuni"));
    folder.run(&["codes", "add", "places", "registers=P-2", &to]).expect(2, &[], &["places.csv", "nothing was added"]);
    // Records are rejected for P-3, so it is there; only its name is not known.
    let added = folder.run(&["codes", "add", "places", "registers=P-3", &to]);
    added.expect(
        0,
        &["row 2: added"],
        &["the name of the place in registers is left empty", "places.csv", "codes export places --out codes/places.csv"],
    );
    let file = std::fs::read_to_string(folder.path().join("codes/places.csv")).expect("it was made");
    assert!(file.contains(",,Dokuni,"), "{file}");
}

#[test]
fn a_link_that_a_person_refused_is_not_shown_as_a_pair() {
    let (_runtime, sim, folder) = places();
    folder.run(&["run", "places"]).expect(0, &[], &[]);
    folder.run(&["find", "P-2"]).expect(0, &["→  godata locations", "created, last seen in run 1"], &[]);
    let dokuni = location(&sim, "Dokuni");
    folder.run(&["codes", "add", "places", "registers=P-2", &format!("godata={dokuni}"), "--refuse", "--note", "seen on site"]).expect(
        0,
        &[],
        &[],
    );
    let found = folder.run(&["find", "P-2"]);
    found.expect(0, &["≠  godata locations", "refused in codes/places.csv, row 2 (seen on site); created, last seen in run 1"], &[]);
    folder.run(&["find", "P-1"]).expect(0, &["→  godata locations"], &[]);
    folder.run(&["codes"]).expect(0, &["links  decided against"], &["kivuko find P-2", "in which row"]);
    let (listed, _) = folder.json(&["codes"]);
    let list = listed["lists"].as_array().and_then(|lists| lists.iter().find(|list| list["name"] == "places")).expect("it is listed");
    let parted = serde_json::json!([{
        "one": { "system": "registers", "id": "P-2" }, "other": { "system": "godata", "id": dokuni }, "row": 2, "decision": "refuse",
    }]);
    assert_eq!((&list["links"], &list["parted"]), (&1.into(), &parted), "{list}");
    let (found, _) = folder.json(&["find", "P-2"]);
    let link = found["found"].as_array().and_then(|found| found.iter().find(|one| one["in"] == "link")).expect("it is linked").clone();
    assert_eq!((&link["decided_against"]["file"], &link["decided_against"]["row"]), (&"codes/places.csv".into(), &2.into()), "{link}");
}

#[test]
fn an_export_in_the_place_of_the_file_changes_nothing() {
    let (_runtime, _sim, folder) = places();
    folder.run(&["run", "places"]).expect(0, &[], &[]);
    folder.run(&["codes", "export", "places"]).expect(0, &["P-1,", ",Barimba,Barimba,", "P-2,"], &[]);
    let open = folder.run(&["codes", "export", "places", "--all", "--out", "codes/places.csv"]);
    open.expect(0, &[], &[]);
    let first = std::fs::read(folder.path().join("codes/places.csv")).expect("it was written");
    folder.run(&["check"]).expect(0, &["well"], &[]);
    folder.run(&["run", "places"]).expect(0, &[], &[]);
    folder.run(&["codes", "export", "places", "--all", "--out", "again.csv"]).expect(0, &[], &[]);
    assert_eq!(std::fs::read(folder.path().join("again.csv")).expect("it was written"), first);
    let (document, code) = folder.json(&["codes", "export", "places"]);
    assert_eq!((code, &document["crosswalk"], document["rows"][0]["registers"].as_str()), (0, &true.into(), Some("P-1")), "{document}");
    folder.run(&["codes", "export", "sex"]).expect(0, &[], &[]);
}

/// Whoever is second waits, and adds to what the first one has left.
#[test]
fn two_who_add_at_one_time_lose_nothing() {
    let folder = Folder::new();
    let file = folder.path().join("codes/sex.csv");
    let ran = folder.second(&["codes", "add", "sex", "registers=SECOND", "godata=LNG_REFERENCE_DATA_CATEGORY_GENDER_MALE"], || {
        let before = std::fs::read_to_string(&file).expect("the template has it");
        std::fs::write(&file, before + "FIRST,LNG_REFERENCE_DATA_CATEGORY_GENDER_FEMALE,\n").expect("it can be written");
    });
    ran.expect(0, &["added"], &[]);
    let after = std::fs::read_to_string(&file).expect("it is there");
    assert!(after.contains("FIRST,") && after.contains("SECOND,"), "{after}");
}

/// An export asks the systems first; what is decided meanwhile is not overwritten.
#[test]
fn an_export_does_not_replace_what_was_decided_meanwhile() {
    let (_runtime, _sim, folder) = places();
    let file = folder.path().join("codes/places.csv");
    let decided = "registers,godata,decision\nP-2,,none\n";
    let ran = folder.second(&["codes", "export", "places", "--out", "codes/places.csv"], || {
        std::fs::write(&file, decided).expect("it can be written");
    });
    ran.expect(2, &[], &["K1052", "was left as it is"]);
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), decided);
}

/// Of a code map half a row would say that the value becomes empty, which nobody has said.
#[test]
fn a_value_alone_is_no_row_of_a_code_map() {
    let folder = Folder::new();
    let file = folder.path().join("codes/sex.csv");
    let before = std::fs::read_to_string(&file).expect("the template has it");
    let half = folder.run(&["codes", "add", "sex", "registers=X"]);
    half.expect(2, &[], &["K0223", "`registers=X` names one value, and nothing is said of it", "godata=CODE", "`none`"]);
    folder.run(&["codes", "add", "sex", "registers=X", "godata=Y", "--none"]).expect(2, &[], &["K0223", "`none` is about one value"]);
    folder.run(&["codes", "add", "sex", "registers=X", "--refuse"]).expect(2, &[], &["is a code map"]);
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), before, "nothing was added");
    folder.run(&["codes", "add", "sex", "registers=X", "--none"]).expect(0, &["added"], &[]);
    folder.run(&["codes", "add", "sex", "registers=X", "--none"]).expect(0, &["there already"], &[]);
    folder.run(&["codes", "add", "sex", "registers=X", "godata=LNG_REFERENCE_DATA_CATEGORY_GENDER_MALE"]).expect(2, &[], &["K0226"]);
    let after = std::fs::read_to_string(&file).expect("it is there");
    assert!(
        after.starts_with(&before) && after.lines().last().is_some_and(|line| line.starts_with("X,") && line.trim_matches(',') == "X"),
        "{after}"
    );
    folder.run(&["check"]).expect(0, &[], &[]);
}
