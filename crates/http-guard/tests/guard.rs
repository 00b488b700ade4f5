//! Deadlines and bounds, tested exactly: with paused time, the dispatcher of actix-http and a stream in memory.

#[path = "guard/harness.rs"]
mod harness;

use std::time::Duration;

use actix_http::{
    Request, Response,
    body::{BoxBody, MessageBody as _},
};
use actix_service::fn_service;
use harness::{GET, LARGE, SLOW, Server, is_closed, post, status_of};
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

#[tokio::test(start_paused = true)]
async fn the_oldest_idle_connection_of_a_peer_makes_room_for_its_next() {
    Server::bounded(10, 2, async |server| {
        let (mut one, mut two) = (server.connect(), server.connect());
        for client in [&mut one, &mut two] {
            client.send(GET).await;
            client.response().await;
        }
        // The first connection is used again, so the second has been idle for longer.
        one.send(GET).await;
        one.response().await;
        let mut three = server.connect();
        assert!(is_closed(&mut two).await);
        for client in [&mut one, &mut three] {
            client.send(GET).await;
            assert_eq!(status_of(&client.response().await), 200);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_at_its_bound_with_requests_in_progress_gets_no_more_and_others_do() {
    Server::bounded(10, 2, async |server| {
        let mut busy = [server.connect(), server.connect()];
        for client in &mut busy {
            client.send(SLOW).await;
        }
        sleep(Duration::from_secs(1)).await;
        assert!(server.admit([127, 0, 0, 1]).is_none());
        let mut other = server.connect_from([127, 0, 0, 2]);
        other.send(GET).await;
        assert_eq!(status_of(&other.response().await), 200);
        for client in &mut busy {
            assert_eq!(status_of(&client.response().await), 200);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_total_is_bounded_and_a_place_is_free_again_after_its_connection() {
    Server::bounded(3, 2, async |server| {
        let mut busy = Vec::new();
        for last in 1..=3 {
            let mut client = server.connect_from([127, 0, 0, last]);
            client.send(SLOW).await;
            busy.push(client);
        }
        sleep(Duration::from_secs(1)).await;
        assert!(server.admit([127, 0, 0, 4]).is_none());
        let mut gone = busy.remove(0);
        gone.end().await;
        gone.served().await;
        assert!(server.admit([127, 0, 0, 4]).is_some());
    })
    .await;
}

/// Otherwise a few addresses with incomplete requests occupy all places for as long as the deadlines allow.
#[tokio::test(start_paused = true)]
async fn an_incomplete_request_makes_room_for_a_new_connection() {
    let body = post("Content-Length: 5\r\n");
    for (incomplete, rest, response) in [("G", &GET[1..], ""), (body.as_str(), "hello", "HTTP/1.1 408 ")] {
        Server::bounded(3, 3, async |server| {
            let mut clients = [server.connect(), server.connect(), server.connect()];
            for client in &mut clients {
                client.send(incomplete).await;
                sleep(Duration::from_millis(10)).await;
            }
            let mut new = server.connect();
            new.send(GET).await;
            assert_eq!(status_of(&new.response().await), 200);
            let [oldest, others @ ..] = &mut clients;
            let start = Instant::now();
            let last = oldest.read_to_end().await;
            assert!(last.starts_with(response) && last.is_empty() == response.is_empty(), "{last}");
            assert!(start.elapsed() < SLACK, "{:?}", start.elapsed());
            for client in others {
                client.send(rest).await;
                assert_eq!(status_of(&client.response().await), 200);
            }
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_client_that_was_silent_for_longest_makes_room() {
    Server::bounded(2, 2, async |server| {
        let (mut one, mut two) = (server.connect(), server.connect());
        for client in [&mut one, &mut two] {
            client.send("G").await;
            sleep(Duration::from_millis(10)).await;
        }
        one.send("E").await;
        sleep(Duration::from_millis(10)).await;
        let _new = server.admit([127, 0, 0, 1]).unwrap_or_else(|| panic!("not admitted"));
        assert!(is_closed(&mut two).await);
        one.send(&GET[2..]).await;
        assert_eq!(status_of(&one.response().await), 200);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_response_that_its_client_does_not_read_makes_room_for_a_new_connection() {
    Server::bounded(2, 2, async |server| {
        let (mut unread, mut read) = (server.connect(), server.connect());
        for client in [&mut unread, &mut read] {
            client.send(LARGE).await;
            sleep(Duration::from_millis(10)).await;
        }
        // A client that reads continues, so it is not the one that has been silent for longest.
        read.read_some(100).await;
        sleep(Duration::from_millis(10)).await;
        let start = Instant::now();
        let _new = server.admit([127, 0, 0, 1]).unwrap_or_else(|| panic!("not admitted"));
        unread.served().await;
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        assert!(unread.read_to_end().await.len() < harness::LARGE_SIZE);
        read.read_some(harness::LARGE_SIZE - 100).await;
    })
    .await;
}

#[tokio::test]
async fn an_ipv6_network_of_64_bits_is_one_peer() {
    let connections = tessera_http_guard::Connections::new(10, 1);
    let admit = |address: &str| connections.admit(address.parse().unwrap_or_else(|error| panic!("{address}: {error}")));
    // The older connection is idle, so it is closed to make room. The total shows whether that happened.
    let connections_of = |addresses: &[&str]| addresses.iter().filter_map(|address| admit(address)).collect::<Vec<_>>();
    let one = connections_of(&["2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::1"]);
    assert_eq!((one.len(), connections.len()), (3, 1));
    let other = connections_of(&["2001:db8:0:1::1", "192.0.2.1", "::ffff:192.0.2.1"]);
    assert_eq!((other.len(), connections.len()), (3, 3));
    drop((one, other));
    assert_eq!(connections.len(), 0);
}
