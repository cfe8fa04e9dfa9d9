//! Who gets in, where the API is, and what the server says about itself.

#[path = "support/dhis2.rs"]
mod dhis2;

use std::time::Duration;

use dhis2::{releases, start, token};
use kivuko_sims::dhis2::{Options, Token, User};
use serde_json::json;

fn basic(pair: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

#[tokio::test]
async fn only_known_credentials_get_in() {
    let expired = Token { key: "d2pat_old".to_owned(), expire: Some(1), methods: Vec::new() };
    let reading = Token { key: "d2pat_read".to_owned(), expire: None, methods: vec!["GET".to_owned()] };
    let mut clerk = User::new("clerk", "Ward-7", &[]);
    clerk.tokens = vec![expired, reading];
    let mut gone = User::new("gone", "x", &[]);
    gone.disabled = true;
    let mut careful = User::new("careful", "x", &[]);
    careful.two_factor = true;
    let options = Options::for_tests("2.42").with_user(clerk).with_user(gone).with_user(careful);
    let (_sim, user) = start(options).await;
    let cases = [
        (token(Options::TOKEN), 200, ""),
        (basic("admin:district"), 200, ""),
        (basic("clerk:Ward-7"), 200, ""),
        (basic("clerk:ward-7"), 401, "Unauthorized"),
        (basic("nobody:x"), 401, "Unauthorized"),
        (basic("nocolon"), 401, "Unauthorized"),
        ("Basic ***".to_owned(), 401, "Unauthorized"),
        (basic("gone:x"), 401, "Account disabled"),
        (basic("careful:x"), 401, "Unauthorized"),
        (token("d2pat_old"), 401, "Unauthorized"),
        (token("d2pat_read"), 200, ""),
        (token("d2pat_none"), 401, "Unauthorized"),
        (format!("Bearer {}", Options::TOKEN), 401, "Unauthorized"),
    ];
    for (credentials, status, message) in cases {
        let answer = user.other(&credentials).get("/me").await;
        assert_eq!(answer.status, status, "{credentials} {answer:?}");
        if status == 401 {
            let body = answer.refused(401);
            assert_eq!((&body["message"], &body["status"]), (&json!(message), &json!("ERROR")), "{credentials}");
        }
    }
    let answer = user.other(&token("d2pat_read")).post("/systemSettings/x", json!(1)).await;
    answer.refused(401);
}

#[tokio::test]
async fn without_credentials_the_way_leads_to_the_login_page() {
    let (sim, user) = start(Options::for_tests("2.42")).await;
    let nobody = user.other("");
    let answer = nobody.get("/me").await;
    assert_eq!((answer.status, answer.header("location")), (302, Some(format!("{}/dhis-web-login/", sim.url()).as_str())));
    let page = nobody.client.get(format!("{}/dhis-web-login/", sim.url())).send().await.expect("a page");
    assert!(page.headers()["content-type"].to_str().expect("text").starts_with("text/html"));
    assert_eq!(page.status().as_u16(), 200);
    let script = nobody.request("GET", "/me").header("x-requested-with", "XMLHttpRequest");
    nobody.answer(script).await.refused(401);
    let xml = nobody.other(&token("d2pat_none"));
    let xml = xml.answer(xml.request("GET", "/me").header("accept", "application/xml")).await;
    assert!(xml.body.as_str().expect("XML").starts_with("<webMessage httpStatus=\"Unauthorized\" httpStatusCode=\"401\""), "{xml:?}");
}

#[tokio::test]
async fn a_cookie_saves_the_password() {
    let (sim, user) = start(Options::for_tests("2.42")).await;
    let login = user.other(&basic("admin:district")).get("/me").await;
    let cookie = login.header("set-cookie").and_then(|header| header.split(';').next()).expect("a cookie").to_owned();
    assert!(user.get("/me").await.header("set-cookie").is_none());
    let nobody = user.other("");
    let with_cookie = || nobody.request("GET", "/me").header("cookie", &cookie);
    assert_eq!(nobody.answer(with_cookie()).await.status, 200);
    sim.expire_tokens();
    assert_eq!(nobody.answer(with_cookie()).await.status, 302);
    user.get("/me").await.refused(401);
}

#[tokio::test]
async fn four_failures_lock_an_account_where_the_server_does_that() {
    for locks in [true, false] {
        let options = Options { lock_after_failures: locks, ..Options::for_tests("2.42") };
        let (sim, user) = start(options).await;
        for _ in 0..4 {
            assert_eq!(user.other(&basic("admin:wrong")).get("/me").await.refused(401)["message"], "Unauthorized");
        }
        let right = user.other(&basic("admin:district"));
        let answer = right.get("/me").await;
        if locks {
            assert_eq!(answer.refused(401)["message"], "Account locked");
            sim.clock().advance(Duration::from_mins(15));
            right.get("/me").await.ok();
        } else {
            answer.ok();
        }
    }
}

#[tokio::test]
async fn the_path_may_carry_the_versions_that_a_release_knows() {
    let cases = [("2.38", 28..=38), ("2.40", 28..=40), ("2.41", 28..=42), ("2.42", 28..=42), ("2.43", 28..=43)];
    for (release, accepted) in cases {
        let (_sim, user) = start(Options::for_tests(release)).await;
        for version in 26..=45 {
            let status = user.get(&format!("/{version}/system/ping")).await.status;
            assert_eq!(status, if accepted.contains(&version) { 200 } else { 404 }, "{release} {version}");
        }
    }
}

#[tokio::test]
async fn the_server_says_who_it_is() {
    let versions = [("2.38", "2.38.7"), ("2.40", "2.40.12"), ("2.41", "2.41.9.1"), ("2.42", "2.42.5.2"), ("2.43", "2.43.1")];
    assert_eq!(versions.map(|(release, _)| release).to_vec(), releases().collect::<Vec<_>>());
    for (release, version) in versions {
        let options = Options { timezone: "Africa/Freetown".to_owned(), clock_skew: -90_000, ..Options::for_tests(release) };
        let (_sim, user) = start(options).await;
        let info = user.get("/system/info").await.ok();
        assert_eq!(info["version"], version);
        assert_eq!(info["serverDate"], "2026-06-15T08:58:30.000");
        assert_eq!(info["serverTimeZoneId"], "Africa/Freetown");
        assert_eq!(info["calendar"], "iso8601");
        assert_eq!(info["systemId"].as_str().map(str::len), Some(36));
        let some = user.get("/system/info?fields=version,calendar").await.ok();
        assert_eq!(
            some.as_object().map(serde_json::Map::len),
            Some(if release == "2.38" { info.as_object().expect("an object").len() } else { 2 })
        );
        assert_eq!(user.get("/system/ping").await.ok(), "pong");
    }
}

#[tokio::test]
async fn identifiers_are_made_on_demand() {
    let (_sim, user) = start(Options::for_tests("2.42")).await;
    let check = async |query: &str, expected: usize| {
        let body = user.get(&format!("/system/id{query}")).await.ok();
        let codes = body["codes"].as_array().expect("codes").clone();
        assert_eq!(codes.len(), expected, "{query}");
        assert!(codes.iter().all(|code| code.as_str().is_some_and(|code| code.len() == 11)));
    };
    check("", 1).await;
    check("?limit=25", 25).await;
    check("?limit=20000", 10_000).await;
    check(".json?limit=2", 2).await;
    user.get("/system/id?limit=many").await.refused(400);
}

#[tokio::test]
async fn an_account_sees_itself_and_its_authorities() {
    let clerk = User::new("clerk", "x", &["F_DATAVALUE_ADD"]).capturing(&["Clinic00001"]).with_token("d2pat_clerk");
    let (_sim, user) = start(Options::for_tests("2.42").with_user(clerk)).await;
    let clerk = user.other(&token("d2pat_clerk"));
    let me = clerk.get("/me").await.ok();
    assert_eq!(me["username"], "clerk");
    assert_eq!(me["organisationUnits"], json!([{"id": "Clinic00001"}]));
    assert_eq!(me["authorities"], json!(["F_DATAVALUE_ADD"]));
    let some = clerk.get("/me?fields=username,authorities,organisationUnits[id,name]").await.ok();
    assert_eq!(some, json!({"username": "clerk", "authorities": ["F_DATAVALUE_ADD"], "organisationUnits": [{"id": "Clinic00001"}]}));
    let check = async |who: &dhis2::User, authority: &str, expected: bool| {
        assert_eq!(who.get(&format!("/me/authorization/{authority}")).await.ok(), json!(expected), "{authority}");
    };
    check(&clerk, "F_DATAVALUE_ADD", true).await;
    check(&clerk, "F_EDIT_EXPIRED", false).await;
    check(&user, "F_EDIT_EXPIRED", true).await;
    clerk.post("/systemSettings/keyX", json!(true)).await.refused(403);
    user.post("/systemSettings/keyX?value=true", json!(null)).await.ok();
    assert_eq!(user.get("/systemSettings/keyX").await.ok(), json!({"keyX": true}));
}

#[tokio::test]
async fn what_is_not_simulated_says_so() {
    let (_sim, user) = start(Options::for_tests("2.42")).await;
    for path in
        ["/tracker/trackedEntities", "/events", "/dataStore/x/y", "/programStages", "/me/dashboard", "/constants", "/optionGroups/x"]
    {
        user.get(path).await.refused(501);
    }
    user.get("/noSuchThing").await.refused(404);
}
