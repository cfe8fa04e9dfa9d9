//! Logging in, the one live token, the active outbreak.

use kivuko_core::catalogue::{godata, network};
use kivuko_core::error::Consequence;
use kivuko_sims::godata::{Outbreak, User};

use super::*;

#[tokio::test]
async fn quirk_01_one_token_is_shared_and_renewed_once() {
    let world = World::new().await;
    let target = world.cases().await;
    let other = open(&world.sim, &json!({}), &world.context);
    other.test().await.expect("the same session serves both");
    assert_eq!(world.sim.log().count("POST", "/api/users/login"), 1);
    // Somebody else logs in with the account: our token is dead.
    world.sim.expire_tokens();
    let all = (0..8).map(|_| found(target.as_ref(), &["A"]));
    futures_util::future::join_all(all).await;
    assert_eq!(world.sim.log().count("POST", "/api/users/login"), 2, "eight were refused, one logged in");
}

#[tokio::test]
async fn a_token_that_runs_out_in_the_middle_of_a_write_does_no_harm() {
    let world = World::new().await;
    let target = world.cases().await;
    world.faults("- on: { method: POST, path: '*/cases', nth: 1 }\n  do: expire_token\n");
    let written = write(target.as_ref(), &[create(target.as_ref(), "A", body("A"))]).await;
    assert_eq!(words(&written), ["done"]);
    assert_eq!(world.cases_there().len(), 1);
}

#[tokio::test]
async fn tokens_that_run_out_one_right_after_the_other_end_no_run() {
    let world = World::new().await;
    let target = world.cases().await;
    world.faults("- on: { method: POST, path: '*/cases/filter', to: 3 }\n  do: expire_token\n");
    assert!(target.lookup(&[key("A")]).await.expect("the fourth token lives")[0].is_empty());
    assert_eq!(world.sim.log().count("POST", "/api/users/login"), 1 + 3);
}

#[tokio::test]
async fn quirk_02_and_60_a_refusal_after_a_fresh_login_is_final_and_the_token_is_sent_raw() {
    let world = World::new().await;
    let target = world.cases().await;
    world.faults("- on: { path: '*/cases/filter' }\n  do: { status: 401, body: '{\"error\":{\"statusCode\":401,\"code\":\"AUTHORIZATION_REQUIRED\"}}' }\n");
    let error = target.lookup(&[key("A")]).await.expect_err("it is never allowed");
    assert_eq!((error.cause.code, error.consequence), (network::FORBIDDEN, Consequence::FixConfiguration));
    assert_eq!(world.sim.log().count("POST", "*/cases/filter"), 4);
    assert_eq!(world.sim.log().count("POST", "/api/users/login"), 1 + 3, "a refusal is believed in the end");
    assert!(world.sim.log().entries().iter().all(|entry| !entry.query.contains("token")));
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_so_that_the_account_is_not_locked() {
    let world = World::with(Options::for_tests(), json!({ "password": "wrong passw0rd" })).await;
    for _ in 0..20 {
        let error = world.system.identity().await.expect_err("a wrong password");
        assert_eq!((error.cause.code, error.consequence), (network::LOGIN_REFUSED, Consequence::FixConfiguration));
        assert!(!format!("{error:?}").contains("passw0rd"));
    }
    assert_eq!(world.sim.log().count("POST", "/api/users/login"), 1);
}

#[tokio::test]
async fn a_locked_account_is_told_from_a_wrong_password() {
    let world = World::new().await;
    for _ in 0..10 {
        let stranger = open(&world.sim, &json!({ "password": "wrong" }), &context());
        stranger.identity().await.expect_err("a wrong password");
    }
    let error = world.system.identity().await.expect_err("the account is locked");
    assert_eq!(error.cause.code, godata::LOCKED_OUT);
}

#[tokio::test]
async fn a_second_factor_and_a_portal_are_configuration() {
    let world = World::new().await;
    for (answer, code) in [("{\"twoFA\":true}", godata::TWO_FACTOR), ("<html>", network::NOT_JSON), ("{}", network::UNEXPECTED_ANSWER)] {
        let server = crate::http::tests::server(vec![crate::http::tests::say(200, answer)]).await;
        let system = open(&world.sim, &json!({ "url": server.url }), &context());
        let error = system.test().await.expect_err("no log-in");
        assert_eq!((error.cause.code, error.consequence), (code, Consequence::FixConfiguration), "{error}");
    }
}

#[tokio::test]
async fn an_outbreak_is_found_by_name_or_id_and_nothing_else() {
    let options = || Options::for_tests().outbreak(Outbreak::new("o-2", "Cholera"));
    let check = |wanted: Value, expected: Result<&'static str, &'static str>| async move {
        let world = World::with(options(), json!({ "outbreak": wanted })).await;
        match (world.system.identity().await, expected) {
            (Ok(identity), Ok(id)) => assert_eq!(identity.expect("an identity").id, id),
            (Err(error), Err(word)) => {
                assert_eq!((error.cause.code, error.consequence), (godata::NO_SUCH_OUTBREAK, Consequence::FixConfiguration));
                assert!(error.cause.message.contains(word), "{error}");
            }
            (other, expected) => panic!("{wanted}: {other:?}, expected {expected:?}"),
        }
    };
    check(json!("Cholera"), Ok("o-2")).await;
    check(json!("o-2"), Ok("o-2")).await;
    check(json!("Cholra"), Err("did you mean `Cholera`")).await;
    // Without a name it is the first that was made, and of two of one moment that with the lower id.
    check(Value::Null, Ok("o-2")).await;
}

#[tokio::test]
async fn quirk_03_the_active_outbreak_is_switched_at_the_beginning_and_only_then() {
    let user = User::new(Options::EMAIL, Options::PASSWORD).active("o-2");
    let options = Options::for_tests().outbreak(Outbreak::new("o-2", "Cholera")).user(user);
    let world = World::with(options.clone(), json!({})).await;
    let target = world.target("cases", EXTERNAL_ID);
    assert_eq!(target.prepare().await, Ok(Vec::new()));
    found(target.as_ref(), &["A"]).await;
    assert_eq!(world.sim.log().writes().len(), 0, "a plan changes nothing, the active outbreak neither");
    target.begin().await.expect("it is switched");
    let written = write(target.as_ref(), &[create(target.as_ref(), "A", body("A"))]).await;
    assert_eq!(words(&written), ["done"]);
    let exclusive = target.exclusive().await.expect("a key").expect("cases are written by one at a time");
    assert!(exclusive.contains(Options::EMAIL));

    let world = World::with(options, json!({ "switch_outbreak": false })).await;
    let target = world.target("cases", EXTERNAL_ID);
    let error = target.begin().await.expect_err("it must not be switched");
    assert_eq!((error.cause.code, error.consequence), (godata::OUTBREAK_NOT_ACTIVE, Consequence::FixConfiguration));
}

#[tokio::test]
async fn an_outbreak_that_is_switched_under_us_stops_the_run() {
    let options = Options::for_tests().outbreak(Outbreak::new("o-2", "Cholera"));
    let world = World::with(options, json!({})).await;
    let target = world.cases().await;
    let other = open(&world.sim, &json!({ "outbreak": "Cholera" }), &world.context);
    let theirs =
        other.target(&TargetSpec { resource: "cases".into(), key: vec![EXTERNAL_ID.into()], ..TargetSpec::default() }).expect("a target");
    theirs.begin().await.expect("it is switched");
    let writes = [create(target.as_ref(), "A", body("A")), create(target.as_ref(), "B", body("B"))];
    let written = write(target.as_ref(), &writes).await;
    assert_eq!(words(&written), ["failed K0607", "failed K0607"]);
    assert!(world.cases_there().is_empty());
    assert_eq!(found(target.as_ref(), &["A", "B"]).await, [Vec::new(), Vec::new()], "looking goes on, by GET");
    assert_eq!(world.sim.log().count("POST", "*/cases/filter"), 1, "refused once");
}

#[tokio::test]
async fn an_outbreak_that_the_account_may_not_see_is_configuration() {
    let user = User::new(Options::EMAIL, Options::PASSWORD).outbreaks(&["o-2"]);
    let options = Options::for_tests().outbreak(Outbreak::new("o-2", "Cholera")).user(user);
    let world = World::with(options, json!({})).await;
    let error = world.target("cases", EXTERNAL_ID).prepare().await.expect_err("it is not seen");
    assert_eq!(error.cause.code, godata::NO_SUCH_OUTBREAK);
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    let permissions = ["outbreak_view", "case_list", "case_view"];
    let user = User::new(Options::EMAIL, Options::PASSWORD).permissions(&permissions).active(Options::OUTBREAK);
    let world = World::with(Options::for_tests().user(user), json!({})).await;
    let target = world.cases().await;
    let written = write(target.as_ref(), &[create(target.as_ref(), "A", body("A"))]).await;
    let [Written::Failed(error)] = written.as_slice() else { panic!("{written:?}") };
    assert_eq!((error.cause.code, error.consequence, error.effect_unknown), (network::FORBIDDEN, Consequence::FixConfiguration, false));
    assert!(error.cause.message.contains("case_create"), "{error}");
}

#[tokio::test]
async fn a_test_of_the_system_says_what_will_not_work() {
    let world = World::with(Options::default(), json!({})).await;
    let health = world.system.test().await.expect("it answers");
    assert!(health.findings.iter().any(|finding| finding.contains("CA-9999999999")), "{health:?}");
    assert!(health.warnings.iter().any(|warning| warning.contains("visualId")), "{health:?}");
    assert!(health.version.is_some_and(|version| version.starts_with("2.49 or later")));
}

#[tokio::test]
async fn a_test_says_whether_the_password_was_tried() {
    let world = World::new().await;
    let findings = async |system: &Arc<dyn System>| system.test().await.expect("it answers").findings.remove(0);
    assert!(findings(&world.system).await.contains("can log in"));
    let with_another_password = open(&world.sim, &json!({ "password": "wrong" }), &world.context);
    assert!(findings(&with_another_password).await.contains("the password was not tried"), "a run under way keeps its session");
    assert_eq!(world.sim.log().count("POST", "/api/users/login"), 1);
}
