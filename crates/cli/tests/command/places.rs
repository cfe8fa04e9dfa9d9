//! `match` of a crosswalk: a table of pairs of places, and the table back with decisions into `codes/places.csv`.

use super::Folder;

const PROJECT: &str = "project: places
timezone: Africa/Freetown
systems:
  register: { kind: file, path: data }
  hmis: { kind: file, path: data }
crosswalks:
  places:
    register: { resource: register.csv, id: id, name: name, codes: [code], parent: parent, opened: opened, closed: closed }
    hmis: { resource: hmis.csv, id: id, name: name, codes: [code], parent: parent, opened: opened, closed: closed }
";
const REGISTER: &str = "id,name,code,parent,opened,closed
r0,Salone,,,,
r1,Bo District,,r0,,
r2,Kenema District,,r0,,
r3,Mattru Community Health Post,417,r1,,
r4,Mattru Hospital,,r1,,
r5,Blama Health Centre,,r2,,
r6,Talia Clinic,,r2,,
r7,Gofor Dispensary,,r2,,
";
const HMIS: &str = "id,name,code,parent,opened,closed
h0,Salone,,,,
h1,Bo,,h0,,
h2,Kenema,,h0,,
h3,Mattru CHP,417,h1,,
h4,Hosp. Mattru,,h1,,
h5,Blama HC,,h2,,
h6,Talia Cl.,,h2,,
h6x,Talia Clinic,,h2,,
h8,Sumbuya MCHP,,h2,,
";

fn folder() -> Folder {
    let folder = Folder::empty();
    write(&folder, "kivuko.yaml", PROJECT);
    write(&folder, "data/register.csv", REGISTER);
    write(&folder, "data/hmis.csv", HMIS);
    folder
}

fn write(folder: &Folder, file: &str, text: &str) {
    let path = folder.path().join(file);
    std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder");
    std::fs::write(path, text).expect("it can be written");
}

fn read(folder: &Folder, file: &str) -> String {
    std::fs::read_to_string(folder.path().join(file)).expect("it is there")
}

/// The table with something written into `decision` of the row of these two.
fn decided(table: &str, one: &str, two: &str, decision: &str) -> String {
    let mut found = 0;
    let lines = table.lines().map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        // From the end: reasons may have commas.
        if !(cells[cells.len() - 8] == one && cells[cells.len() - 5] == two) {
            return line.to_owned();
        }
        found += 1;
        format!("{},{decision},", line.strip_suffix(",,").expect("the cells to fill in are empty"))
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    assert_eq!(found, 1, "there is no row of {one} and {two}: {table}");
    text
}

#[test]
fn places_are_proposed_decided_and_not_asked_again() {
    let folder = folder();
    let printed = folder.run(&["match", "places", "--out", "open.csv"]);
    printed.expect(0, &[], &["same", "match places --decide open.csv", "match places --accept-clear"]);
    let table = read(&folder, "open.csv");
    assert!(
        table.starts_with("says,score,reasons,register,register_name,register_within,hmis,hmis_name,hmis_within,decision,why\n"),
        "{table}"
    );
    let row = |one: &str| table.lines().filter(|line| line.split(',').nth(3) == Some(one)).collect::<Vec<_>>();
    assert!(row("r3")[0].starts_with("same,") && row("r3")[0].contains("Salone / Bo District") && row("r3")[0].contains(",h3,"), "{table}");
    assert_eq!(row("r6").len(), 2, "both copies are shown: {table}");
    assert!(row("r6").iter().all(|line| line.starts_with("unclear,")), "{table}");
    assert!(row("r7")[0].starts_with("none,"), "{table}");
    assert!(table.lines().any(|line| line.starts_with("none,,,,,,h8,Sumbuya MCHP,Salone / Kenema,")), "{table}");
    assert!(!folder.path().join("codes/places.csv").exists(), "nothing is decided by itself");

    // What cannot be meant is refused with its row, and nothing of the file is kept.
    for (text, wanted) in [
        (decided(&table, "r6", "h6", "perhaps"), "column decision: `perhaps`"),
        (decided(&decided(&table, "r6", "h6", "accept"), "r6", "h6x", "accept"), "K0935"),
        (decided(&table, "r6", "h6", "accept").replace(",h6,", ",h77,"), "K0933"),
        (decided(&table, "r6", "h6", "keep"), "`accept`, `refuse` or `none`"),
    ] {
        write(&folder, "open.csv", &text);
        folder.run(&["match", "places", "--decide", "open.csv"]).expect(2, &[], &[wanted, "nothing was kept"]);
        assert!(!folder.path().join("codes/places.csv").exists());
    }

    let mut filled = table.clone();
    for (one, two, decision) in [("r6", "h6", "accept"), ("r6", "h6x", "refuse"), ("r7", "", "none"), ("", "h8", "none")] {
        filled = decided(&filled, one, two, decision);
    }
    write(&folder, "open.csv", &filled);
    folder.run(&["match", "places", "--decide", "open.csv", "--reason", "seen on site"]).expect(
        0,
        &["kept: 4 decisions in codes/places.csv"],
        &[],
    );
    let kept = read(&folder, "codes/places.csv");
    assert_eq!(
        kept,
        "register,hmis,register_name,hmis_name,decision,valid_from,valid_to,note,by\n\
         r6,h6,Talia Clinic,Talia Cl.,,,,seen on site,Fatu\n\
         r6,h6x,Talia Clinic,Talia Clinic,refuse,,,seen on site,Fatu\n\
         r7,,Gofor Dispensary,,none,,,seen on site,Fatu\n\
         ,h8,,Sumbuya MCHP,none,,,seen on site,Fatu\n"
    );
    folder.run(&["match", "places", "--decide", "open.csv"]).expect(0, &["kept: 0 decisions", "4 held already"], &[]);
    assert_eq!(read(&folder, "codes/places.csv"), kept);
    folder.run(&["check"]).expect(0, &[], &[]);

    // Only what is open is proposed again, and the clear ones are taken with one command.
    let (document, _) = folder.json(&["match", "places"]);
    let open = document["matches"].as_array().expect("a list");
    assert!(open.iter().all(|row| row["one"]["id"] != "r6" && row["one"]["id"] != "r7"), "{document}");
    assert!(open.iter().all(|row| row["two"]["id"] != "h6x" || row["says"] == "none"), "{document}");
    let clear = open.iter().filter(|row| row["says"] == "same").count();
    let (document, code) = folder.json(&["match", "places", "--accept-clear"]);
    assert_eq!((code, document["kept"].as_u64()), (0, Some(clear as u64)), "{document}");
    assert!(
        read(&folder, "codes/places.csv")
            .lines()
            .any(|line| line.starts_with("r3,h3,") && line.contains("matched 20") && line.contains("score 0.9"))
    );
    let (document, _) = folder.json(&["match", "places"]);
    assert!(document["matches"].as_array().expect("a list").iter().all(|row| row["says"] == "none"), "{document}");
}

#[test]
fn what_has_changed_since_is_a_task() {
    let folder = folder();
    let header = "\u{feff}register;hmis;register_name;hmis_name;note\r\n";
    write(&folder, "codes/places.csv", &format!("{header}r3;h3;Mattru CHP;Mattru CHP;\r\nr5;h5;;Blama HC;\r\n"));
    write(
        &folder,
        "data/hmis.csv",
        &HMIS.replace("h5,Blama HC,,h2,,\n", "h5,Blama HC,,h2,,2026-01-31\n").replace("h3,Mattru CHP,", "h3,Mattru CHC,"),
    );
    folder.run(&["match", "places", "--out", "open.csv"]).expect(0, &[], &["2 changed"]);
    let table = read(&folder, "open.csv");
    assert!(table.contains("register: renamed, it was Mattru CHP; hmis: renamed, it was Mattru CHP"), "{table}");
    assert!(table.contains("hmis: closed on 2026-01-31, and open in register"), "{table}");
    write(&folder, "open.csv", &decided(&decided(&table, "r3", "h3", "keep"), "r5", "h5", "end 2026-01-31"));
    folder.run(&["match", "places", "--decide", "open.csv"]).expect(0, &["kept: 2 decisions"], &[]);
    let kept = read(&folder, "codes/places.csv");
    assert_eq!(
        kept,
        "\u{feff}register;hmis;register_name;hmis_name;note;by;valid_to;decision;valid_from\r\n\
         r3;h3;Mattru Community Health Post;Mattru CHC;;Fatu;;;\r\n\
         r5;h5;Blama Health Centre;Blama HC;;Fatu;2026-01-31;;\r\n\
         r5;h5;Blama Health Centre;Blama HC;;Fatu;;refuse;2026-02-01\r\n"
    );
    let (document, _) = folder.json(&["match", "places"]);
    assert!(document["matches"].as_array().expect("a list").iter().all(|row| row["says"] != "changed"), "{document}");
}

/// Pairs of which something has changed, one of them closed in the HMIS.
fn changed() -> Folder {
    let folder = folder();
    write(&folder, "codes/places.csv", "register,hmis,note\nr5,h5,\nr3,h3,by phone\n");
    write(&folder, "data/hmis.csv", &HMIS.replace("h5,Blama HC,,h2,,\n", "h5,Blama HC,,h2,,2026-01-31\n"));
    folder
}

/// What the questions on places say has changed.
fn asked(folder: &Folder) -> Vec<String> {
    let (document, _) = folder.json(&["review", "list", "places"]);
    let questions = document["places"].as_array().expect("a list");
    let of = |question: &serde_json::Value| format!("{} {}", question["places"][0]["id"], question["reasons"]).replace('"', "");
    questions.iter().map(of).collect()
}

#[test]
fn what_has_changed_is_asked_until_it_is_decided_and_again_when_it_changes_again() {
    let folder = changed();
    folder.run(&["review", "list"]).expect(0, &[], &["no question is open"]);
    folder.run(&["match", "places", "--out", "open.csv"]).expect(0, &[], &["1 changed", "review list places"]);
    let closed = "r5 [hmis: closed on 2026-01-31, and open in register]";
    assert_eq!(asked(&folder), [closed]);
    folder.run(&["review"]).expect(0, &["register r5, hmis h5", "hmis: closed on 2026-01-31"], &["review show 1"]);
    folder.run(&["review", "show", "1"]).expect(
        0,
        &["Salone / Kenema District / Blama Health Centre", "Salone / Kenema / Blama HC", "closed on 2026-01-31"],
        &["review keep 1", "review end 1 DAY", "review refuse 1"],
    );
    // It is one question however often it is looked at, and none of the answers for people fit it.
    folder.run(&["match", "places", "--out", "open.csv"]).expect(0, &[], &[]);
    let (document, _) = folder.json(&["review", "list"]);
    assert_eq!((document["places"][0]["id"].as_i64(), document["questions"].as_array().map(Vec::len)), (Some(1), Some(0)), "{document}");
    for answer in [["review", "accept", "1", "1"].as_slice(), &["review", "new", "1"], &["review", "discard", "1"]] {
        folder.run(answer).expect(2, &[], &["K0955", "keep, end or refuse"]);
    }
    folder.run(&["review", "keep", "7"]).expect(2, &[], &["K0930"]);
    folder.run(&["review", "show", "7"]).expect(2, &[], &["K0930", "no open question 7", "review list"]);
    folder.run(&["review", "end", "1", "31/01/2026"]).expect(2, &[], &["K1051", "`31/01/2026` is no day; write 2026-01-31"]);
    folder.run(&["review", "history", "places"]).expect(0, &["places", "register r3, hmis h3", "accept", "by phone"], &[]);

    // What was not shown cannot be kept unseen, by a question or by a table.
    let later = HMIS.replace("h5,Blama HC,,h2,,\n", "h5,Blama HC,,h2,,2026-02-28\n");
    let first = read(&folder, "data/hmis.csv");
    write(&folder, "data/hmis.csv", &later);
    let table = decided(&read(&folder, "open.csv"), "r5", "h5", "keep");
    write(&folder, "open.csv", &table);
    for decision in [["review", "keep", "1"].as_slice(), &["match", "places", "--decide", "open.csv"]] {
        folder.run(decision).expect(2, &[], &["K0956", "closed on 2026-02-28", "nothing was kept"]);
    }
    write(&folder, "data/hmis.csv", &first);
    folder.run(&["review", "keep", "1", "--reason", "only the building", "--by", "Sia"]).expect(0, &["kept: 1 decision"], &[]);
    assert_eq!(
        read(&folder, "codes/places.csv"),
        "register,hmis,note,kept,register_name,hmis_name,by\n\
         r5,h5,only the building,\"hmis closed on 2026-01-31, register open\",Blama Health Centre,Blama HC,Sia\n\
         r3,h3,by phone,,,,\n"
    );
    folder.run(&["check"]).expect(0, &[], &[]);
    let nothing: [&str; 0] = [];
    assert_eq!(asked(&folder), nothing);
    folder.run(&["review", "history"]).expect(0, &["register r5 (Blama Health Centre), hmis h5 (Blama HC)", "Sia  only the building"], &[]);
    let (document, _) = folder.json(&["review", "history", "places", "--limit", "1"]);
    assert_eq!((document["places"].as_array().map(Vec::len), &document["places"][0]["row"]), (Some(1), &3.into()), "{document}");
    folder.run(&["match", "places", "--decide", "open.csv"]).expect(0, &["kept: 0 decisions", "1 held already"], &[]);
    let (document, _) = folder.json(&["match", "places"]);
    assert!(document["matches"].as_array().expect("a list").iter().all(|row| row["says"] != "changed"), "{document}");
    assert_eq!(asked(&folder), nothing);

    // Closed on another day, and open again: each is asked anew, and goes when it is no longer so.
    write(&folder, "data/hmis.csv", &later);
    folder.json(&["match", "places"]);
    assert_eq!(asked(&folder), ["r5 [hmis: closed on 2026-02-28, and open in register]"]);
    write(&folder, "data/hmis.csv", HMIS);
    folder.json(&["match", "places"]);
    assert_eq!(asked(&folder), ["r5 [it is no longer so that it is closed in hmis and open in register]"]);
    let (document, _) = folder.json(&["review", "list"]);
    let question = document["places"][0]["id"].to_string();
    folder.run(&["review", "keep", &question]).expect(0, &["kept: 1 decision"], &[]);
    assert!(
        read(&folder, "codes/places.csv").contains("r5,h5,only the building,,Blama Health Centre,Blama HC,\"Sia; Fatu\""),
        "{}",
        read(&folder, "codes/places.csv")
    );
    assert_eq!(asked(&folder), nothing);
    write(&folder, "data/hmis.csv", &first);
    folder.json(&["match", "places"]);
    assert_eq!(asked(&folder), [closed]);
}

#[test]
fn a_pair_is_ended_or_refused_by_the_number_of_its_question() {
    let header = "register,hmis,note";
    for (answer, kept) in [
        (
            ["review", "end", "1", "2026-01-31"].as_slice(),
            format!(
                "{header},valid_to,register_name,hmis_name,by,decision,valid_from\nr5,h5,,2026-01-31,Blama Health Centre,Blama HC,Fatu,,\nr3,h3,by phone,,,,,,\n\
                 r5,h5,,,Blama Health Centre,Blama HC,Fatu,refuse,2026-02-01\n"
            ),
        ),
        (
            &["review", "refuse", "1"],
            format!("{header},decision,register_name,hmis_name,by\nr5,h5,,refuse,Blama Health Centre,Blama HC,Fatu\nr3,h3,by phone,,,,\n"),
        ),
    ] {
        let folder = changed();
        folder.json(&["match", "places"]);
        folder.run(answer).expect(0, &["kept: 1 decision"], &[]);
        assert_eq!(read(&folder, "codes/places.csv"), kept);
        folder.run(&["check"]).expect(0, &[], &[]);
        folder.json(&["match", "places"]);
        let nothing: [&str; 0] = [];
        assert_eq!(asked(&folder), nothing);
    }
}

#[test]
fn who_keeps_a_pair_that_ends_is_told() {
    let folder = changed();
    folder.run(&["match", "places", "--out", "open.csv"]).expect(0, &[], &["1 changed"]);
    let table = read(&folder, "open.csv");
    let row = table.lines().find(|line| line.starts_with("changed")).expect("the pair").to_owned();
    // One table says both.
    let kept = decided(&table, "r5", "h5", "keep");
    let ended = row.strip_suffix(",,").expect("the cells to fill in are empty").to_owned() + ",end 2099-12-31,";
    write(&folder, "both.csv", &format!("{kept}\n{ended}\n"));
    folder.run(&["match", "places", "--decide", "both.csv"]).expect(2, &[], &["K0935", "`r5` and `h5`", "nothing was kept"]);
    assert_eq!(read(&folder, "codes/places.csv"), "register,hmis,note\nr5,h5,\nr3,h3,by phone\n");
    write(&folder, "days.csv", &decided(&table, "r5", "h5", "end 31/12/2099"));
    folder.run(&["match", "places", "--decide", "days.csv"]).expect(2, &[], &["K1051", "write 2099-12-31"]);
    // One after the other.
    folder.run(&["review", "end", "1", "2099-12-31"]).expect(0, &["kept: 1 decision"], &[]);
    let file = read(&folder, "codes/places.csv");
    write(&folder, "open.csv", &kept);
    folder.run(&["match", "places", "--decide", "open.csv"]).expect(2, &[], &["K0934", "ends on 2099-12-31", "nothing was kept"]);
    assert_eq!(read(&folder, "codes/places.csv"), file);
}

/// Both were asked about the pair as it was before either answered.
#[test]
fn an_answer_is_about_what_is_decided_by_then() {
    let folder = changed();
    folder.json(&["match", "places"]);
    let refused = "register,hmis,decision,note\nr5,h5,refuse,two buildings\nr3,h3,,by phone\n";
    let second = folder.second(&["review", "end", "1", "2026-01-31"], || write(&folder, "codes/places.csv", refused));
    second.expect(2, &[], &["K0934", "is not a pair (any more)"]);
    assert_eq!(read(&folder, "codes/places.csv"), refused);
}

#[test]
fn a_place_that_is_gone_is_not_offered_to_be_kept() {
    let folder = changed();
    write(&folder, "data/hmis.csv", &HMIS.replace("h5,Blama HC,,h2,,\n", ""));
    folder.json(&["match", "places"]);
    assert_eq!(asked(&folder), ["r5 [hmis: it is not there any more]"]);
    let shown = folder.run(&["review", "show", "1"]);
    shown.expect(0, &["not there any more"], &["review end 1 DAY", "review refuse 1"]);
    assert!(!shown.err.contains("review keep"), "{}", shown.err);
    folder.run(&["review", "keep", "1"]).expect(2, &[], &["K0933"]);
}

#[test]
fn a_question_is_one_whichever_side_is_named_first() {
    let folder = changed();
    folder.json(&["match", "places"]);
    let turned: Vec<&str> = PROJECT.lines().collect();
    let (last, rest) = turned.split_last().expect("lines");
    let (before, head) = rest.split_last().expect("lines");
    write(&folder, "kivuko.yaml", &format!("{}\n{last}\n{before}\n", head.join("\n")));
    folder.run(&["check"]).expect(0, &[], &[]);
    // The old question can be answered still, and after another look it is one, not two.
    let questions = |folder: &Folder| {
        let (document, _) = folder.json(&["review", "list", "places"]);
        document["places"].as_array().expect("a list").iter().map(|one| one["id"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(questions(&folder), ["1"]);
    folder.json(&["match", "places"]);
    assert_eq!(questions(&folder), ["2"]);
    write(&folder, "kivuko.yaml", PROJECT);
    folder.run(&["review", "keep", "2", "--reason", "the building"]).expect(0, &["kept: 1 decision"], &[]);
    let nothing: [&str; 0] = [];
    assert_eq!(questions(&folder), nothing);
    assert!(read(&folder, "codes/places.csv").contains("r5,h5,the building"), "{}", read(&folder, "codes/places.csv"));
}

#[test]
fn places_that_are_not_in_use_on_either_side_are_no_news() {
    let folder = changed();
    let told = |folder: &Folder| {
        let (document, _) = folder.json(&["match", "places"]);
        let rows = document["matches"].as_array().expect("a list").iter().filter(|row| row["says"] == "changed");
        rows.map(|row| row["reasons"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(told(&folder).len(), 1, "closed in the HMIS alone");
    write(&folder, "kivuko.yaml", &PROJECT.replace("register.csv,", "register.csv, active: in_use,"));
    for (word, news) in [("no", 0), ("yes", 1), ("", 1)] {
        let rows = REGISTER.lines().map(|line| match line.split(',').next() {
            Some("id") => format!("{line},in_use\n"),
            Some("r5") => format!("{line},{word}\n"),
            _ => format!("{line},yes\n"),
        });
        write(&folder, "data/register.csv", &rows.collect::<String>());
        assert_eq!(told(&folder).len(), news, "{word}");
    }
}

#[test]
fn the_clear_ones_are_not_doubted_once_they_are_taken() {
    let folder = folder();
    // Entered twice: the code says which of the two it is.
    write(&folder, "data/hmis.csv", &HMIS.replace("h4,", "h3x,Mattru CHP,,h1,,\nh4,"));
    let (document, _) = folder.json(&["match", "places"]);
    let open = document["matches"].as_array().expect("a list");
    let row = open.iter().find(|row| row["one"]["id"] == "r3").expect("it is open");
    assert_eq!(row["says"], "same", "{row}");
    folder.run(&["match", "places", "--accept-clear"]).expect(0, &[], &[]);
    assert!(read(&folder, "codes/places.csv").contains("r3,h3"), "{}", read(&folder, "codes/places.csv"));
    let (document, _) = folder.json(&["match", "places"]);
    assert!(document["matches"].as_array().expect("a list").iter().all(|row| row["says"] != "changed"), "{document}");
    // A third one is news.
    write(&folder, "data/hmis.csv", &HMIS.replace("h4,", "h3x,Mattru CHP,,h1,,\nh3y,Mattru CHP,,h1,,\nh4,"));
    folder.json(&["match", "places"]);
    assert_eq!(asked(&folder), ["r3 [hmis: another place of that name stands beside it, h3y]"]);
}

#[test]
fn names_and_options_that_do_not_fit() {
    let folder = folder();
    folder.run(&["match", "place"]).expect(2, &[], &["K0936", "did you mean `places`?"]);
    folder.run(&["match", "places", "--limit", "3"]).expect(2, &[], &["is a crosswalk", "--limit"]);
    folder.run(&["match", "places", "--between", "register,godata"]).expect(2, &[], &["K0936", "no system `godata`"]);
}

/// A register and an HMIS whose places make pairs, and a flow that carries names and closing days from `list` into the HMIS.
fn carried_from(list: &str) -> Folder {
    let folder = folder();
    let project = PROJECT.lines().take(5).collect::<Vec<_>>().join("\n");
    let sides = "crosswalks:\n  places:\n    register: { resource: register.csv, id: id, name: name }\n    hmis: { resource: hmis.csv, id: code, name: name, closed: closed }\n";
    write(&folder, "kivuko.yaml", &format!("{project}\n{sides}"));
    write(
        &folder,
        "flows/names.yaml",
        &format!(
            "flow: names\nfrom: {{ system: register, resource: {list}, id: id }}\nmapping: names.csv\nto: {{ system: hmis, resource: hmis.csv, key: code }}\n"
        ),
    );
    write(
        &folder,
        "mappings/names.csv",
        "target,source,transform,empty,personal\ncode,id,,reject,no\nname,name,,reject,no\nclosed,closed,,,no\n",
    );
    std::fs::remove_file(folder.path().join("data/hmis.csv")).expect("it was there");
    folder
}

/// A register whose names and closing days a flow carries into the HMIS.
#[test]
fn what_a_flow_renamed_and_closed_is_not_asked() {
    let folder = carried_from("register.csv");
    write(&folder, "data/register.csv", "id,name,closed\n1,Mattru HC,\n2,Blama HC,\n3,Talia HC,\n4,Gofor HC,\n");
    folder.run(&["run", "names"]).expect(0, &["4 created"], &[]);
    let rows: String =
        ["1,1,Mattru HC", "2,2,Blama HC", "3,3,Talia HC", "4,4,Gofor HC"].map(|row| format!("{row},{}\n", &row[4..])).concat();
    write(&folder, "codes/places.csv", &format!("register,hmis,register_name,hmis_name\n{rows}"));
    let asked = || {
        folder.json(&["match", "places"]);
        asked(&folder)
    };
    let nothing: [&str; 0] = [];
    assert_eq!(asked(), nothing);

    // Renamed and closed in the register, and carried over.
    write(&folder, "data/register.csv", "id,name,closed\n1,Mattru CHC,\n2,Blama HC,2026-01-31\n3,Talia HC,\n4,Gofor HC,\n");
    assert_eq!(asked(), ["1 [register: renamed, it was Mattru HC]"], "no flow has carried it yet");
    folder.run(&["run", "names"]).expect(0, &["2 updated"], &[]);
    assert!(read(&folder, "data/hmis.csv").contains("Mattru CHC"), "{}", read(&folder, "data/hmis.csv"));
    assert_eq!(asked(), nothing);

    // Renamed once more, and not carried: what the HMIS holds is still what the flow sent, and the register says something else by now.
    let register = read(&folder, "data/register.csv");
    write(&folder, "data/register.csv", &register.replace("Mattru CHC", "Mattru Polyclinic"));
    assert_eq!(asked(), ["1 [register: renamed, it was Mattru HC]"]);
    write(&folder, "data/register.csv", &register);
    assert_eq!(asked(), nothing);

    // What people write in the HMIS is another matter, also where a flow had written before.
    let hmis = read(&folder, "data/hmis.csv")
        .replace("Mattru CHC", "Mattru Hospital")
        .replace("Talia HC", "Talia CHP")
        .replace("2026-01-31", "2025-12-31");
    write(&folder, "data/hmis.csv", &hmis);
    assert_eq!(
        asked(),
        [
            "1 [register: renamed, it was Mattru HC,hmis: renamed, it was Mattru HC]",
            "2 [hmis: closed on 2025-12-31, and open in register]",
            "3 [hmis: renamed, it was Talia HC]",
        ]
    );
}

/// A master list that a flow carries into the HMIS, while the places of the HMIS are paired with those of a register.
#[test]
fn what_the_flow_of_a_third_system_renamed_and_closed_is_asked() {
    // Another list of the same system is as much of a third party as another system.
    let folder = carried_from("master.csv");
    write(&folder, "data/register.csv", "id,name\n1,Mattru HC\n2,Blama HC\n");
    write(&folder, "data/master.csv", "id,name,closed\n1,Mattru HC,\n2,Blama HC,\n");
    folder.run(&["run", "names"]).expect(0, &["2 created"], &[]);
    write(&folder, "codes/places.csv", "register,hmis,register_name,hmis_name\n1,1,Mattru HC,Mattru HC\n2,2,Blama HC,Blama HC\n");
    write(&folder, "data/master.csv", "id,name,closed\n1,Mattru CHC,\n2,Blama HC,2026-01-31\n");
    folder.run(&["run", "names"]).expect(0, &["2 updated"], &[]);
    folder.json(&["match", "places"]);
    assert_eq!(asked(&folder), ["1 [hmis: renamed, it was Mattru HC]", "2 [hmis: closed on 2026-01-31, and open in register]"]);
}
