//! Each fault, seen from a client; and requests that are held.

mod support;

use std::time::Duration;

use kivuko_sims::clock::Clock;
use kivuko_sims::faults;
use kivuko_sims::godata::{Options, Sim};
use kivuko_sims::pause::{Pause, Phase};
use reqwest::Method;
use serde_json::json;
use support::{Answer, OUTBREAK, User, cases, start, tests};

/// A simulator whose next `POST .../cases` meets a fault. Its clock stands still.
async fn with(action: &str) -> (Sim, User) {
    let (sim, user) = start(Options { clock: Clock::at("2026-03-02T08:00:00Z"), ..Options::for_tests() }).await;
    let rule = format!("- {{ on: {{ method: POST, path: \"*/cases\", nth: 1 }}, do: {action} }}");
    sim.set_faults(faults::parse(&rule).unwrap());
    (sim, user)
}

async fn post(user: &User) -> reqwest::Result<String> {
    let response = user.try_send(Method::POST, &cases(), Some(&json!({"firstName": "Ada"}))).await?;
    response.text().await
}

fn stored(sim: &Sim) -> usize {
    sim.state().cases(OUTBREAK).len()
}

#[tokio::test]
async fn a_status_is_refused_without_effect() {
    for (action, status) in
        [("{ status: 429, retry_after: 7 }", 429), ("{ status: 503 }", 503), ("{ status: 500 }", 500), ("{ status: 502 }", 502)]
    {
        let (sim, user) = with(action).await;
        let response = user.try_send(Method::POST, &cases(), Some(&json!({}))).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.headers().contains_key("retry-after"), status == 429);
        assert_eq!(stored(&sim), 0);
        let entry = sim.log().writes().remove(0);
        assert_eq!((entry.status, entry.applied, entry.fault), (status, false, Some(format!("status: {status}"))));
        post(&user).await.unwrap();
        assert_eq!(stored(&sim), 1, "only the first request is spoilt");
    }
}

#[tokio::test]
async fn a_connection_breaks_before_or_after_the_effect() {
    for (action, effect) in [("{ drop: before }", 0), ("{ drop: after }", 1)] {
        let (sim, user) = with(action).await;
        assert!(post(&user).await.is_err(), "{action}");
        let entry = sim.log().writes().remove(0);
        assert_eq!((stored(&sim), entry.records, entry.applied, entry.status), (effect, effect, effect == 1, 0), "{action}");
    }
}

#[tokio::test]
async fn a_late_effect_comes_after_the_connection_broke() {
    let (sim, user) = with("{ drop: after, late: 150 }").await;
    assert!(post(&user).await.is_err());
    sim.clock().waiting(1).await;
    sim.clock().advance(Duration::from_millis(149));
    assert_eq!(stored(&sim), 0);
    sim.clock().advance(Duration::from_millis(1));
    sim.clock().waiting(0).await;
    assert_eq!(stored(&sim), 1);
    assert_eq!(sim.log().writes()[0].after, 150);
    assert!(sim.log().writes()[0].applied);
}

#[tokio::test]
async fn a_truncated_body_is_an_error_of_the_transfer() {
    let (sim, user) = with("truncate").await;
    let response = user.try_send(Method::POST, &cases(), Some(&json!({}))).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.text().await.is_err());
    assert_eq!(stored(&sim), 1);
}

#[tokio::test]
async fn html_comes_instead_of_json() {
    let (sim, user) = with("html").await;
    assert!(post(&user).await.unwrap().starts_with("<!doctype html>"));
    assert_eq!(stored(&sim), 0);
}

#[tokio::test]
async fn answers_are_late_or_slow() {
    for (action, while_waiting) in [("{ latency: 120 }", 0), ("{ slow_body: 120 }", 1)] {
        let (sim, user) = with(action).await;
        let answer = tokio::spawn(async move { post(&user).await });
        sim.clock().waiting(1).await;
        assert_eq!(stored(&sim), while_waiting, "{action}");
        sim.clock().advance(Duration::from_millis(119));
        assert!(!answer.is_finished(), "{action}");
        sim.clock().advance(Duration::from_millis(1));
        answer.await.unwrap().unwrap();
        assert_eq!(stored(&sim), 1);
    }
}

#[tokio::test]
async fn a_token_runs_out_in_mid_run() {
    let (sim, user) = with("expire_token").await;
    user.post(&cases(), json!({})).await.refused(401, "INVALID_TOKEN");
    user.post(&cases(), json!({})).await.refused(401, "AUTHORIZATION_REQUIRED");
    assert_eq!(stored(&sim), 0);
}

#[tokio::test]
async fn a_held_request_has_no_effect_when_its_client_goes() {
    let (sim, user) = tests().await;
    let mut held = sim.pause_at(Pause::nth(2, Phase::BeforeApply).on("POST", "*/cases"));
    post(&user).await.unwrap();
    let client = tokio::spawn(async move { post(&user).await.map(|_| ()) });
    assert!(held.reached().await);
    client.abort();
    assert!(client.await.unwrap_err().is_cancelled());
    held.abandoned().await;
    // There is nothing left that could go on.
    held.resume();
    let user = support::login(&sim, Options::EMAIL, Options::PASSWORD).await;
    user.get(&cases()).await.ok();
    assert_eq!(stored(&sim), 1);
    let last = sim.log().writes().pop().unwrap();
    assert!(!last.applied);
}

#[tokio::test]
async fn a_held_request_goes_on_when_it_is_let_go() {
    let (sim, user) = tests().await;
    let mut held = sim.pause_at(Pause::nth(1, Phase::AfterApply).on("POST", "*/cases"));
    let client = tokio::spawn(async move { post(&user).await.map(|_| ()) });
    assert!(held.reached().await);
    assert_eq!(stored(&sim), 1, "it has taken effect and is not answered");
    held.resume();
    client.await.unwrap().unwrap();
}

#[tokio::test]
async fn gzip_is_for_those_who_ask() {
    let (sim, user) = start(Options { gzip: true, ..Options::for_tests() }).await;
    for n in 0..50 {
        sim.insert_case(OUTBREAK, json!({"firstName": format!("N{n}")}));
    }
    // The client asks for gzip by itself, and unpacks it.
    let list = Answer::of(user.try_send(Method::GET, &cases(), None).await.unwrap()).await.ok();
    assert_eq!(list.as_array().unwrap().len(), 50);
    let plain = user.client.get(format!("{}{}", user.base, cases())).header("x-access-token", &user.token);
    let plain = plain.header("accept-encoding", "identity").send().await.unwrap();
    assert!(!plain.headers().contains_key("content-encoding"));
}

#[tokio::test]
async fn users_of_the_server_change_things_too() {
    let (sim, user) = tests().await;
    let id = sim.insert_case(OUTBREAK, json!({"firstName": "Ada", "visualId": "V-1"}));
    sim.edit(&id, |case| case["firstName"] = json!("Grace"));
    assert_eq!(user.get(&format!("{}/{id}", cases())).await.ok()["firstName"], "Grace");
    sim.delete(&id);
    assert_eq!(user.get(&format!("{}/{id}", cases())).await.status, 404);
    assert!(sim.log().writes().is_empty());
}
