//! What `check --online` asks, and of whom it asks no more.

use super::{Folder, simulator};

/// An account is locked by too many wrong log-ins, so one is enough, and it is told once.
#[test]
fn who_does_not_let_us_in_is_asked_once() {
    let (_runtime, sim) = simulator();
    let folder = Folder::against(&sim.url());
    std::fs::write(folder.path().join(".env"), "GODATA_PASSWORD=not-this-one\n").expect("it can be written");
    let flow = std::fs::read_to_string(folder.path().join("flows/cases.yaml")).expect("it is there");
    for other in ["more", "others"] {
        let text = flow.replace("flow: cases", &format!("flow: {other}"));
        std::fs::write(folder.path().join(format!("flows/{other}.yaml")), text).expect("it can be written");
    }
    let checked = folder.run(&["check", "--online"]);
    checked.expect(
        3,
        &["well   system registers", "error  system godata", "so these were not asked: flow cases, flow more, flow others"],
        &["K0507"],
    );
    assert_eq!(checked.out.matches("K0507").count(), 1, "{}", checked.out);
    assert_eq!(sim.log().count("POST", "/api/users/login"), 1, "an account is locked that way");
    let (document, code) = folder.json(&["check", "--online"]);
    let failed = document["online"].as_array().expect("a list").iter().filter(|one| one["wrong"][0]["code"] == "K0507").count();
    assert_eq!((code, failed), (3, 4), "{document}");
}
