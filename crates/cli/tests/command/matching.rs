//! `match`: a table of what the matcher says, and the table back with decisions.

use super::review::{laboratory, personal};

/// The table with something written into `decision`, in the row of this record and candidate.
fn decided(table: &str, record: &str, candidate: &str, decision: &str) -> String {
    let mut found = false;
    let lines = table.lines().map(|line| {
        if !(line.starts_with(&format!("{record},")) && line.contains(&format!(",{candidate},"))) {
            return line.to_owned();
        }
        found = true;
        let row = line.strip_suffix(",,").unwrap_or_else(|| panic!("the cells to fill in are empty: {line}"));
        format!("{row},{decision},")
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    assert!(found, "there is no row for {record} and {candidate}: {table}");
    text
}

#[test]
fn a_table_of_proposals_is_filled_in_and_given_back() {
    let (_runtime, sim, folder) = laboratory();
    let file = folder.path().join("proposals.csv");
    let read = || std::fs::read_to_string(&file).expect("it was written");
    let write = |text: &str| std::fs::write(&file, text).expect("it can be written");
    let writes = || sim.log().writes().len();

    let printed = folder.run(&["match", "results", "--out", "proposals.csv"]);
    printed.expect(0, &[], &["6 records: 4 same, 1 unclear, 1 nobody", "match results --decide proposals.csv"]);
    let table = read();
    assert!(table.starts_with("source,part,place,says,candidate,score,reasons,decision,why\n"), "{table}");
    assert_eq!(table.lines().filter(|line| line.starts_with("LA-26-0304,person,")).count(), 2, "{table}");
    assert!(table.lines().any(|line| line.starts_with("LA-26-0303,") && line.contains(",same,case-lab-03,")), "{table}");
    assert!(table.lines().skip(1).all(|line| line.ends_with(",,")), "nothing is decided by itself: {table}");
    assert!(!personal(&table) && !table.contains("Eshwena"), "{table}");
    folder.run(&["match", "results", "--show-values", "--only", "LA-26-0304"]).expect(
        0,
        &["record firstName", "candidate firstName", "Zilah,Zilah", "1980-02-09"],
        &["1 record: 1 unclear"],
    );
    let (document, code) = folder.json(&["match", "results"]);
    assert_eq!((code, document["matches"].as_array().map(Vec::len)), (0, Some(6)), "{document}");
    assert!(!personal(&document.to_string()), "{document}");
    assert_eq!(writes(), 0);

    // What does not fit is refused with its line, and nothing of the file is kept.
    write(&table);
    folder.run(&["match", "results", "--decide", "proposals.csv"]).expect(0, &["kept: 0 decisions"], &["nothing is written into"]);
    write(&decided(&table, "LA-26-0304", "case-lab-05", "perhaps"));
    folder.run(&["match", "results", "--decide", "proposals.csv"]).expect(
        2,
        &[],
        &["proposals.csv, line", "`perhaps`", "nothing was kept"],
    );
    write(&decided(&decided(&table, "LA-26-0304", "case-lab-05", "accept"), "LA-26-0304", "case-lab-04", "accept"));
    folder.run(&["match", "results", "--decide", "proposals.csv"]).expect(2, &[], &["K0932", "contradicts the one at proposals.csv, line"]);
    let wrong = decided(&table, "LA-26-0304", "case-lab-05", "accept").replace(",case-lab-05,", ",case-lab-01,");
    let fine = decided(&wrong, "LA-26-0303", "case-lab-03", "accept");
    write(&fine);
    folder.run(&["match", "results", "--decide", "proposals.csv"]).expect(2, &[], &["K0932", "`case-lab-01`, who is not a candidate now"]);
    folder.run(&["review", "history"]).expect(0, &[], &["nothing was decided yet"]);

    let chosen = decided(&table, "LA-26-0304", "case-lab-05", "accept");
    let chosen = decided(&chosen, "LA-26-0303", "case-lab-03", "discard");
    write(&decided(&chosen, "LA-26-0302", "case-lab-02", "new"));
    let arguments = ["match", "results", "--decide", "proposals.csv", "--by", "Data Desk", "--reason", "compared with the forms"];
    folder.run(&arguments).expect(0, &["kept: 3 decisions"], &["run results", "review history results"]);
    folder.run(&arguments).expect(0, &["kept: 0 decisions; 3 held already"], &[]);
    folder.run(&["review", "history"]).expect(0, &["compared with the forms", "Data Desk", "link", "discard", "new"], &[]);

    // Only what is open is proposed again.
    folder.run(&["match", "results"]).expect(0, &["LA-26-0301,", "LA-26-0305,", "LA-26-0306,"], &["3 records: 2 same, 1 nobody"]);
    assert_eq!(writes(), 0);
    let (ran, code) = folder.json(&["run", "results"]);
    assert_eq!((code, ran["created"].as_u64(), ran["skipped"].as_u64(), ran["rejected"].as_u64()), (1, Some(3), Some(1), Some(2)), "{ran}");
    let results = sim.state().collection("labResult");
    let of = |sample: &str| results.iter().find(|result| result["sampleIdentifier"] == sample).map(|result| result["personId"].clone());
    assert_eq!(of("LA-26-0304"), Some("case-lab-05".into()));
    assert_eq!((of("LA-26-0303"), of("LA-26-0302")), (None, None));
    folder.run(&["match", "results"]).expect(0, &["LA-26-0305,person,"], &["1 record: 1 nobody"]);
    // A record that is linked by now is not decided on by an old table.
    write(&decided(&table, "LA-26-0301", "case-lab-01", "new"));
    folder.run(&["match", "results", "--decide", "proposals.csv"]).expect(2, &[], &["K0932", "not asked for"]);
    folder.run(&["match", "samples"]).expect(2, &[], &["K0931", "no `match`"]);
}
