//! SIGTERM: requests in progress are completed, then the process ends with status 0.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tessera_tests::{
    database::Backend,
    eventually, on_both,
    process::Node,
    raw::{connect, read_to_end, status_of},
    test_org::{PASSWORD, Service, TestOrg},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};

/// Timeout for a stop.
const STOP: Duration = Duration::from_secs(10);

/// A request whose head was read by the service, which now waits for the body.
async fn begin(authority: &str, path: &str, body: &str) -> TcpStream {
    let mut stream = connect(authority).await;
    let length = body.len();
    let head = format!(
        "POST /api/v1{path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Expect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap_or_else(|error| panic!("not sent: {error}"));
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap_or_else(|error| panic!("no answer: {error}"));
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

/// Whether a response is complete: its body is as long as its head announces.
fn is_whole(answer: &str) -> bool {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return false };
    let length = head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ").map(str::to_owned));
    length.and_then(|length| length.parse::<usize>().ok()) == Some(body.len())
}

/// The response to one request on its own connection.
async fn one_request(authority: String, request: String) -> Option<String> {
    let mut stream = TcpStream::connect(&authority).await.ok()?;
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    let _reset_after_the_answer = stream.read_to_end(&mut answer).await;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

/// Waits until a terminated node has ended without an error.
async fn ends_cleanly(node: &mut Node) {
    assert_eq!(node.wait(STOP).await.code(), Some(0));
    let log = node.log();
    assert!(log.contains("stopped") && !log.contains("\"ERROR\""), "{log}");
}

on_both! {
    requests_that_have_begun_are_answered
    under_load_no_answer_is_cut_off_and_nothing_acknowledged_is_lost
    an_idle_client_does_not_hold_up_the_end
    the_last_uses_of_keys_are_written_before_the_end
}

async fn requests_that_have_begun_are_answered(backend: Backend) {
    let TestOrg { service, owner, .. } = TestOrg::open(backend).await;
    let Service { mut node, .. } = service;
    let body = json!({"email": owner.email, "password": PASSWORD}).to_string();
    let mut begun = Vec::new();
    for _ in 0..6 {
        begun.push(begin(node.authority(), "/auth/login", &body).await);
    }
    node.terminate();
    eventually("new connections are refused", STOP, || async {
        TcpStream::connect(node.authority()).await.is_err().then_some(())
    })
    .await;
    for stream in &mut begun {
        stream.write_all(body.as_bytes()).await.unwrap_or_else(|error| panic!("cut off: {error}"));
    }
    for stream in &mut begun {
        let answer = read_to_end(stream).await;
        assert!(status_of(&answer) == 200 && is_whole(&answer), "{answer}");
    }
    ends_cleanly(&mut node).await;
}

async fn under_load_no_answer_is_cut_off_and_nothing_acknowledged_is_lost(backend: Backend) {
    let TestOrg { service, owner, app, .. } = TestOrg::open(backend).await;
    let Service { installation, mut node } = service;
    let key = owner.make_key(&app, &json!({})).await.raw;
    let done = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for client in 0..12 {
        clients.spawn(load(node.authority().to_owned(), app.clone(), key.clone(), client, Arc::clone(&done)));
    }
    eventually("a load", Duration::from_secs(30), || {
        std::future::ready((done.load(Ordering::Relaxed) >= 100).then_some(()))
    })
    .await;
    node.terminate();
    ends_cleanly(&mut node).await;
    let written: Vec<Value> = clients.join_all().await.into_iter().flatten().collect();

    let node = installation.start();
    let server = node.api().key(&key);
    for item in written {
        let again = server.post(&format!("/apps/{app}/inventory"), &json!({"sku": item["sku"]})).await.expecting(200);
        assert_eq!((&again["id"], &again["version"]), (&item["id"], &json!(2)));
    }
}

async fn an_idle_client_does_not_hold_up_the_end(backend: Backend) {
    // The log of the node is in the directory of the installation.
    let Service { installation: _installation, mut node } = Service::start(backend).await;
    let mut kept = connect(node.authority()).await;
    kept.write_all(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap_or_else(|error| panic!("{error}"));
    let mut first = [0; 12];
    kept.read_exact(&mut first).await.unwrap_or_else(|error| panic!("{error}"));
    let _silent = connect(node.authority()).await;
    let _half = begin(node.authority(), "/apikeys/verify", "{}").await;
    node.terminate();
    ends_cleanly(&mut node).await;
}

async fn the_last_uses_of_keys_are_written_before_the_end(backend: Backend) {
    let TestOrg { service, owner, app, .. } = TestOrg::open(backend).await;
    let Service { installation, mut node } = service;
    let key = owner.make_key(&app, &json!({})).await;
    node.api().key(&key.raw).get(&format!("/apps/{app}/inventory")).await.is(200);
    node.terminate();
    ends_cleanly(&mut node).await;
    let node = installation.start();
    let keys = owner.at_node(&node).get(&format!("/apps/{app}/apikeys")).await.expecting(200);
    assert!(keys[0]["last_used"].is_string(), "{keys}");
}

/// Creates items until the service stops, and returns the acknowledged items.
async fn load(authority: String, app: String, key: String, client: usize, done: Arc<AtomicUsize>) -> Vec<Value> {
    let mut written = Vec::new();
    for number in 0..100_000 {
        let body = json!({"sku": format!("c{client}-{number}")}).to_string();
        let request = format!(
            "POST /api/v1/apps/{app}/inventory HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-API-Key: {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        match one_request(authority.clone(), request).await {
            // The connection was rejected, or closed before it was accepted.
            None => break,
            Some(answer) if answer.is_empty() => break,
            Some(answer) => {
                assert!(is_whole(&answer), "cut off: {answer}");
                assert_eq!(status_of(&answer), 201, "{answer}");
                let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
                written.push(serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}")));
                done.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
    written
}
