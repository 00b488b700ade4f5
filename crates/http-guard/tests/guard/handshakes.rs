//! Handshakes before the first request.

use std::{future::pending, io, time::Duration};

use tessera_http_guard::{Connections, handshake};
use tokio::time::{Instant, sleep};

use crate::{harness::Server, is_after};

fn silent() -> impl Future<Output = io::Result<()>> {
    pending()
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_not_complete_within_10_seconds_ends() {
    let start = Instant::now();
    let connections = Connections::new(1, 1);
    let mut slot = connections.admit([127, 0, 0, 1].into()).unwrap_or_else(|| panic!("not admitted"));
    let ended = handshake(&mut slot, silent()).await;
    assert_eq!(ended.map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut));
    is_after(start, 10);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_complete_just_in_time_is_used() {
    let connections = Connections::new(1, 1);
    let mut slot = connections.admit([127, 0, 0, 1].into()).unwrap_or_else(|| panic!("not admitted"));
    let shaking = async {
        sleep(Duration::from_millis(9_990)).await;
        Ok("stream")
    };
    assert_eq!(handshake(&mut slot, shaking).await.map_err(|error| error.kind()), Ok("stream"));
}

#[tokio::test(start_paused = true)]
async fn the_oldest_handshake_makes_room_for_a_new_connection() {
    Server::bounded(10, 2, async |server| {
        let start = Instant::now();
        let shaking = (0..2).map(|_| {
            let mut slot = server.admit([127, 0, 0, 1]).unwrap_or_else(|| panic!("not admitted"));
            tokio::task::spawn_local(async move { handshake(&mut slot, silent()).await.map_err(|error| error.kind()) })
        });
        let mut shaking: Vec<_> = shaking.collect();
        sleep(Duration::from_millis(10)).await;
        let _new = server.admit([127, 0, 0, 1]).unwrap_or_else(|| panic!("not admitted"));
        let ended = shaking.remove(0).await.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(ended, Err(io::ErrorKind::ConnectionAborted));
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
        let ended = shaking.remove(0).await.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(ended, Err(io::ErrorKind::TimedOut));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_was_evicted_before_it_began_ends_at_once() {
    let connections = Connections::new(1, 1);
    let mut slot = connections.admit([127, 0, 0, 1].into()).unwrap_or_else(|| panic!("not admitted"));
    let _new = connections.admit([127, 0, 0, 1].into()).unwrap_or_else(|| panic!("not admitted"));
    let start = Instant::now();
    let ended = handshake(&mut slot, silent()).await;
    assert_eq!(ended.map_err(|error| error.kind()), Err(io::ErrorKind::ConnectionAborted));
    assert_eq!(start.elapsed(), Duration::ZERO);
}
