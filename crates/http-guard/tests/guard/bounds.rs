//! Bounds on connections.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::{
    SLACK,
    harness::{GET, LARGE, LARGE_SIZE, SLOW, Server, is_closed, post, status_of},
};

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
        assert!(unread.read_to_end().await.len() < LARGE_SIZE);
        read.read_some(LARGE_SIZE - 100).await;
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
