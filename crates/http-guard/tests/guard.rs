//! Deadlines and bounds, tested exactly: with paused time, the dispatcher of actix-http and a stream in memory.

#[path = "guard/bounds.rs"]
mod bounds;
#[path = "guard/handshakes.rs"]
mod handshakes;
#[path = "guard/harness.rs"]
mod harness;

use std::time::Duration;

use actix_http::{
    Request, Response,
    body::{BoxBody, MessageBody as _},
};
use actix_service::fn_service;
use harness::{GET, LARGE, Server, post, status_of};
use tessera_http_guard::exchange;
use tokio::{
    io::AsyncReadExt as _,
    time::{Instant, sleep},
};

/// The tolerance for deadlines: timers of tokio have a resolution of one millisecond.
const SLACK: Duration = Duration::from_millis(10);

#[track_caller]
fn is_after(since: Instant, seconds: u64) {
    let (elapsed, expected) = (since.elapsed(), Duration::from_secs(seconds));
    assert!(elapsed >= expected && elapsed < expected + SLACK, "after {elapsed:?} instead of {expected:?}");
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_arrive_within_10_seconds_is_408() {
    Server::run(async |server| {
        let mut client = server.connect();
        client.send("G").await;
        let start = Instant::now();
        let response = client.read_to_end().await;
        assert_eq!(status_of(&response), 408, "{response}");
        assert!(response.contains("connection: close\r\n") && response.contains("\r\ndate: "), "{response}");
        is_after(start, 10);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_further_head_has_the_deadline_of_the_first() {
    Server::run(async |server| {
        for start_of_head in ["G", "\r\n", "GET / HTTP/1.1\r\nHost: a\r\n"] {
            let mut client = server.connect();
            client.send(&GET.repeat(2)).await;
            for _ in 0..2 {
                assert_eq!(status_of(&client.response().await), 200);
            }
            sleep(Duration::from_secs(4)).await;
            client.send(start_of_head).await;
            let start = Instant::now();
            for _ in 0..3 {
                sleep(Duration::from_secs(3)).await;
                client.send(if start_of_head == "\r\n" { "\r\n" } else { "E" }).await;
            }
            assert_eq!(status_of(&client.read_to_end().await), 408);
            is_after(start, 10);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_head_that_arrives_just_in_time_is_served() {
    Server::run(async |server| {
        let mut client = server.connect();
        for _ in 0..2 {
            let (first, last) = GET.split_at(GET.len() - 1);
            client.send(first).await;
            sleep(Duration::from_millis(9_990)).await;
            client.send(last).await;
            assert_eq!(status_of(&client.response().await), 200);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_new_connection_that_stays_silent_is_closed_without_a_response() {
    Server::run(async |server| {
        let mut client = server.connect();
        let start = Instant::now();
        assert_eq!(client.read_to_end().await, "");
        is_after(start, 10);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_times_out_after_5_seconds() {
    Server::run(async |server| {
        for framing in ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"] {
            let mut client = server.connect();
            client.send(GET).await;
            assert_eq!(status_of(&client.response().await), 200);
            client.send(&post(framing)).await;
            let start = Instant::now();
            assert_eq!(status_of(&client.read_to_end().await), 408);
            is_after(start, 5);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_body_needs_a_kibibyte_per_second_after_5_seconds() {
    Server::run(async |server| {
        let mut client = server.connect();
        client.send(&post("Content-Length: 30720\r\n")).await;
        for _ in 0..30 {
            sleep(Duration::from_secs(1)).await;
            client.send(&"x".repeat(1024)).await;
        }
        assert_eq!(status_of(&client.response().await), 200);

        client.send(&post("Content-Length: 30720\r\n")).await;
        let start = Instant::now();
        for _ in 0..9 {
            sleep(Duration::from_secs(1)).await;
            client.send(&"x".repeat(512)).await;
        }
        // At 1,024 bytes per second, 4,608 bytes add 4.5 seconds.
        assert_eq!(status_of(&client.read_to_end().await), 408);
        let elapsed = start.elapsed();
        assert!(
            elapsed >= Duration::from_millis(9_500) && elapsed < Duration::from_millis(9_500) + SLACK,
            "{elapsed:?}"
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_not_too_slow_but_breaks_off_does_not_time_out() {
    Server::run(async |server| {
        let mut client = server.connect();
        client.send(&post("Content-Length: 5\r\n")).await;
        client.end().await;
        assert_eq!(status_of(&client.read_to_end().await), 400);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_response_without_progress_for_30_seconds_is_cut_off() {
    Server::run(async |server| {
        let mut client = server.connect();
        client.send(LARGE).await;
        let start = Instant::now();
        client.served().await;
        is_after(start, 30);
        assert!(client.read_to_end().await.len() < 64 * 1024);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_read_slowly_is_complete() {
    Server::run(async |server| {
        let mut client = server.connect();
        client.send(LARGE).await;
        // Together, the pauses are longer than the deadline of a response.
        for _ in 0..3 {
            sleep(Duration::from_secs(20)).await;
            client.read_some(4096).await;
        }
        // The bytes that were read include the head of the response.
        client.read_some(harness::LARGE_SIZE - 3 * 4096).await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_next_request_waits_until_the_response_is_written() {
    Server::run(async |server| {
        let mut client = server.connect();
        client.send(&LARGE.repeat(12)).await;
        sleep(Duration::from_secs(20)).await;
        assert_eq!(server.calls(), 1);
        for _ in 0..12 {
            assert_eq!(status_of(&client.response().await), 200);
        }
        assert_eq!(server.calls(), 12);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn pipelined_requests_of_all_kinds_are_served_in_order() {
    Server::run(async |server| {
        let bodies = format!(
            "{}hello{}5\r\nhello\r\n0\r\n\r\n",
            post("Content-Length: 5\r\n"),
            post("Transfer-Encoding: chunked\r\n")
        );
        let requests = format!("{GET}{bodies}{GET}\r\n{bodies}").repeat(5);
        for size in [1, 7, 300, requests.len()] {
            let mut client = server.connect();
            let (reader, writer) = client.split();
            let send = async {
                for part in requests.as_bytes().chunks(size) {
                    writer.send_bytes(part).await;
                }
            };
            let receive = async {
                for _ in 0..5 {
                    for expected in ["ok", "5", "5", "ok", "5", "5"] {
                        let response = reader.response().await;
                        assert!(response.ends_with(&format!("\r\n\r\n{expected}")), "{size}: {response}");
                    }
                }
            };
            tokio::join!(send, receive);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_request_to_upgrade_is_served_like_any_other() {
    Server::run(async |server| {
        let (start, upgrade) = (Instant::now(), "Content-Length: 5\r\nUpgrade: websocket\r\n");
        for size in [1, 7, 300] {
            let mut client = server.connect();
            // Without the option `upgrade`, the connection stays open.
            let requests = format!("{}hello{}hello", post(upgrade), post(&format!("Connection: upgrade\r\n{upgrade}")));
            for part in requests.as_bytes().chunks(size) {
                client.send(&String::from_utf8_lossy(part)).await;
            }
            let first = client.response().await;
            assert!(first.ends_with("\r\n\r\n5") && !first.contains("connection: "), "{first}");
            let last = client.read_to_end().await;
            assert!(last.ends_with("\r\n\r\n5") && last.contains("connection: close\r\n"), "{last}");
            assert_eq!((status_of(&first), status_of(&last)), (200, 200));
        }
        assert!(start.elapsed() < SLACK, "{:?}", start.elapsed());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_response_to_a_request_to_upgrade_to_http_2_says_that_the_connection_closes() {
    Server::run(async |server| {
        let mut client = server.connect();
        let upgrade = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";
        client.send(&format!("GET / HTTP/1.1\r\nHost: a\r\n{upgrade}\r\n")).await;
        let response = client.read_to_end().await;
        assert_eq!(status_of(&response), 200);
        assert!(response.contains("connection: close\r\n") && !response.contains("upgrade"), "{response}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_cut_off_resets_its_connection() {
    Server::run(async |server| {
        let (mut client, serving) = server.connect_over_tcp(LARGE).await;
        let start = Instant::now();
        serving.await.unwrap_or_else(|error| panic!("the server failed: {error}"));
        assert!(start.elapsed() >= Duration::from_secs(30), "{:?}", start.elapsed());
        let mut received = Vec::new();
        let end = client.read_to_end(&mut received).await;
        assert_eq!(end.map_err(|error| error.kind()), Err(std::io::ErrorKind::ConnectionReset));
        assert!(!received.is_empty() && received.len() < harness::LARGE_SIZE, "{}", received.len());
    })
    .await;
}

#[tokio::test]
async fn a_response_is_given_to_the_dispatcher_in_small_pieces() {
    let service = async |_| Ok::<_, Response<BoxBody>>(Response::ok().set_body(BoxBody::new("x".repeat(100_000))));
    let service = fn_service(service);
    let response = exchange(Request::new(), &service).await.unwrap_or_else(|_| panic!("no response"));
    let mut body = std::pin::pin!(response.into_body());
    let mut sizes = Vec::new();
    while let Some(Ok(piece)) = std::future::poll_fn(|context| body.as_mut().poll_next(context)).await {
        sizes.push(piece.len());
    }
    assert_eq!(sizes, [16_384, 16_384, 16_384, 16_384, 16_384, 16_384, 1_696]);
}
