//! A simulated DHIS2 on a bad day.

#[path = "support/dhis2.rs"]
mod dhis2;

use dhis2::{start, token};
use kivuko_sims::dhis2::Options;
use kivuko_sims::faults::parse;
use kivuko_sims::pause::{Pause, Phase};
use serde_json::{Value, json};

fn unit(id: &str) -> Value {
    json!({"id": id, "name": id, "shortName": id, "openingDate": "2010-01-01"})
}

#[tokio::test]
async fn what_a_proxy_answers_has_no_effect() {
    let (sim, user) = start(Options::for_tests("2.42")).await;
    let check = async |rule: &str, status: u16, header: Option<(&str, &str)>| {
        sim.set_faults(parse(&format!("- {{ on: {{ method: POST }}, do: {rule} }}")).expect("a rule"));
        let answer = user.post("/organisationUnits", unit("Land0000001")).await;
        assert_eq!(answer.status, status, "{rule}");
        assert!(answer.body.is_string(), "{rule}: a page and no JSON");
        if let Some((name, value)) = header {
            assert_eq!(answer.header(name), Some(value), "{rule}");
        }
        assert!(sim.object("organisationUnits", "Land0000001").is_none(), "{rule}");
    };
    check("{ status: 502 }", 502, None).await;
    check("{ status: 503, retry_after: 2 }", 503, Some(("retry-after", "2"))).await;
    check("{ status: 504 }", 504, None).await;
    check("{ status: 429, retry_after: 1 }", 429, Some(("retry-after", "1"))).await;
    check("{ status: 413 }", 413, None).await;
    check("html", 200, Some(("content-type", "text/html; charset=utf-8"))).await;
}

#[tokio::test]
async fn a_broken_connection_does_not_say_whether_it_was_written() {
    let (sim, user) = start(Options::for_tests("2.42")).await;
    for (when, written) in [("before", false), ("after", true)] {
        sim.set_faults(parse(&format!("- {{ on: {{ method: POST, nth: 1 }}, do: {{ drop: {when} }} }}")).expect("a rule"));
        let id = format!("Land{when}00000000");
        let sent = user.request("POST", "/organisationUnits").header("content-type", "application/json").body(unit(&id[..11]).to_string());
        assert!(sent.send().await.is_err(), "{when}");
        assert_eq!(sim.object("organisationUnits", &id[..11]).is_some(), written, "{when}");
    }
    sim.set_faults(parse("- { on: { method: GET }, do: truncate }").expect("a rule"));
    let response = user.request("GET", "/organisationUnits").send().await.expect("the head arrives");
    assert!(response.text().await.is_err(), "the body does not");
}

#[tokio::test]
async fn a_request_can_be_held_before_and_after_its_effect() {
    let (sim, user) = start(Options::for_tests("2.42")).await;
    for (phase, id) in [(Phase::BeforeApply, "LandBefore1"), (Phase::AfterApply, "LandAfter01")] {
        let mut held = sim.pause_at(Pause::nth(1, phase).on("POST", "*/organisationUnits"));
        let sent = user.post("/organisationUnits", unit(id));
        let seen = async {
            assert!(held.reached().await);
            let there = sim.object("organisationUnits", id).is_some();
            held.resume();
            there
        };
        let (answer, there) = tokio::join!(sent, seen);
        answer.ok();
        assert_eq!(there, phase == Phase::AfterApply, "{id}");
    }
}

#[tokio::test]
async fn a_token_runs_out_when_the_test_says_so() {
    let (sim, user) = start(Options::for_tests("2.42")).await;
    sim.set_faults(parse("- { on: { nth: 2 }, do: expire_token }").expect("a rule"));
    user.get("/me").await.ok();
    let body = user.get("/me").await.refused(401);
    assert_eq!(body["devMessage"], "The API token has expired");
    user.get("/me").await.refused(401);
    user.other(&token("d2pat_none")).get("/me").await.refused(401);
}

#[tokio::test]
async fn an_address_that_is_too_long_does_not_reach_the_server() {
    let (_sim, user) = start(Options::for_tests("2.42")).await;
    let asked = async |count: usize| {
        let ids: Vec<String> = (0..count).map(|number| format!("Unit{number:07}")).collect();
        user.get(&format!("/organisationUnits?filter=id:in:[{}]", ids.join(","))).await
    };
    assert_eq!(asked(300).await.status, 200);
    let answer = asked(1000).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.as_str().is_some_and(|page| page.contains("Bad Request")), "a page of Tomcat and no WebMessage");
}

#[tokio::test]
async fn every_request_is_in_the_log() {
    let (sim, user) = start(Options::for_tests("2.42")).await;
    user.get("/organisationUnits").await.ok();
    user.post("/organisationUnits", unit("Land0000001")).await.ok();
    user.post("/organisationUnits", unit("Land0000001")).await.refused(409);
    let entries = sim.log().entries();
    let shown: Vec<(&str, u16, usize)> = entries.iter().map(|entry| (entry.method.as_str(), entry.status, entry.records)).collect();
    assert_eq!(shown, [("GET", 200, 0), ("POST", 201, 1), ("POST", 409, 0)]);
    assert_eq!(sim.log().writes().len(), 2);
}
