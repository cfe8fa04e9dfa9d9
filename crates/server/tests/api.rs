//! What the HTTP face answers, asked over a socket.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use jiff::Timestamp;
use kivuko_core::outcome::Status;
use kivuko_core::store::{FlowVersion, RunStart, Store};
use kivuko_server::Server;
use kivuko_store::Key;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn get(address: SocketAddr, path: &str) -> (u16, Value) {
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it takes a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it answers");
    let status = answer.split_whitespace().nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).expect("a body");
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn runs_are_listed_and_shown() {
    let folder = tempfile::tempdir().expect("there is room");
    let key = Key::generate().expect("there is randomness");
    let store = kivuko_store::open(&folder.path().join("store.db"), &key).await.expect("a store can be made");
    let version =
        FlowVersion { hash: "v".to_owned(), flow: "cases".to_owned(), kivuko: "0".to_owned(), texts: std::collections::BTreeMap::new() };
    store.put_version(&version).await.expect("a version is put down");
    let start = RunStart {
        flow: "cases".to_owned(),
        version: "v".to_owned(),
        trigger: "manual".to_owned(),
        options: String::new(),
        started: Timestamp::UNIX_EPOCH,
    };
    let run = store.begin_run(&start).await.expect("a run begins");
    store.finish_run(run, Status::Complete, 3, None, Timestamp::UNIX_EPOCH).await.expect("a run ends");

    let server = Server::bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)).await.expect("a free port");
    let address = server.address();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve(store, async move { drop(stopped.await) }));

    assert_eq!(get(address, "/health").await, (200, json!({ "status": "ok", "last_run": run })));
    let (status, body) = get(address, "/api/runs?flow=cases").await;
    assert_eq!((status, &body["runs"][0]["status"], &body["runs"][0]["counts"]["requests"]), (200, &json!("complete"), &json!(3)));
    assert_eq!(get(address, "/api/runs?flow=other").await, (200, json!({ "runs": [] })));
    assert_eq!(get(address, &format!("/api/runs/{run}")).await.0, 200);
    assert_eq!(get(address, "/api/runs/99").await.0, 404);
    assert_eq!(get(address, "/api/rejections").await, (200, json!({ "rejections": [] })));
    assert_eq!(get(address, "/nothing").await.0, 404);

    stop.send(()).expect("it still serves");
    serving.await.expect("it ends").expect("in an orderly way");
}

#[tokio::test]
async fn an_address_that_can_be_reached_from_outside_is_refused() {
    let outside = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
    let error = Server::bind(outside).await.expect_err("it is refused");
    assert_eq!(error.cause.code.to_string(), "K0915");
}
