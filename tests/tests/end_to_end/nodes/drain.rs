//! `TESSERA_DRAIN_SECONDS`: the time between SIGTERM and the stop, in which load balancers learn that the node is not ready.

use std::time::{Duration, Instant};

use tessera_tests::{
    api::Api,
    database::Backend,
    eventually, on_both,
    process::Installation,
    raw::{connect, status_of},
    test_org::{Person, Service},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const DRAIN: Duration = Duration::from_secs(4);

const PATIENCE: Duration = Duration::from_secs(30);

on_both! {
    a_draining_node_is_not_ready_and_serves_until_the_time_is_over
}

/// The response to a request on a new connection. `None` if the node does not accept one.
async fn ask(authority: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(authority).await.ok()?;
    let head = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    stream.write_all(head.as_bytes()).await.ok()?;
    let mut response = Vec::new();
    let _reset_after_the_response = stream.read_to_end(&mut response).await;
    Some(String::from_utf8_lossy(&response).into_owned()).filter(|response| !response.is_empty())
}

async fn a_draining_node_is_not_ready_and_serves_until_the_time_is_over(backend: Backend) {
    let installation = Installation::new(backend).await;
    let installation = installation.set("TESSERA_DRAIN_SECONDS", &DRAIN.as_secs().to_string());
    let Service { mut node, installation: _installation } =
        Service::on(installation.set("TESSERA_METRICS_LISTEN", "127.0.0.1:0"));
    let (person, metrics) = (Person::register(&node.api()).await, Api::new(&node.read_metrics_url()));
    let kept = connect(node.authority()).await;
    node.terminate();
    let start = Instant::now();
    eventually("the node is not ready", PATIENCE, || async {
        (node.api().get_root("/health/ready").await.status == 503).then_some(())
    })
    .await;
    metrics.get_root("/health/ready").await.is(503);
    person.get("/users/me").await.is(200);
    let mut served = 0;
    // The node serves every connection of this time. The clock of the node started later than that of the test.
    while let Some(response) = ask(node.authority(), "/health/live").await {
        assert_eq!(status_of(&response), 200, "{response}");
        assert!(response.contains("connection: close\r\n"), "{response}");
        served += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(start.elapsed() >= DRAIN, "it stopped after {:?}", start.elapsed());
    assert!(served > 0);
    drop(kept);
    assert_eq!(node.wait(PATIENCE).await.code(), Some(0));
    let log = node.log();
    assert!(log.contains("not ready any more") && !log.contains("\"ERROR\""), "{log}");
}
