//! Listening sockets of a service manager, and the messages to it.
//!
//! `TEST_RESTARTS` is the number of restarts.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::{
        fd::AsFd as _,
        unix::net::{UnixDatagram, UnixListener},
    },
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tessera_tests::{
    database::Backend,
    eventually, on_both,
    process::{Installation, free_port},
    raw::{exchange, json_request, status_of},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};

pub(super) const PATIENCE: Duration = Duration::from_mins(1);

const LIVE: &[u8] = b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// How many restarts are tried: 1, or `TEST_RESTARTS` for a longer run.
#[expect(clippy::disallowed_methods, reason = "only the server binary reads settings, and this is none")]
pub(super) fn restarts() -> usize {
    let number = std::env::var("TEST_RESTARTS").unwrap_or_else(|_| "1".to_owned());
    number.parse().unwrap_or_else(|error| panic!("TEST_RESTARTS: {error}"))
}

/// A listening socket that outlives the processes of the service, and its address.
fn socket() -> (TcpListener, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap_or_else(|error| panic!("no socket: {error}"));
    let address = listener.local_addr().unwrap_or_else(|error| panic!("no address: {error}"));
    (listener, address.to_string())
}

on_both! {
    a_restart_behind_a_socket_that_stays_open_fails_no_request
}

/// Sends requests, each on a connection of its own, until the end. Each must be answered.
async fn keep_asking(address: String, ended: Arc<AtomicBool>, done: Arc<AtomicUsize>) {
    let request = json_request("POST", "/api/v1/apikeys/verify", b"{\"key\":\"x\"}");
    while !ended.load(Ordering::SeqCst) {
        let asking = async {
            let mut stream = TcpStream::connect(&address).await?;
            stream.write_all(&request).await?;
            let mut response = String::new();
            stream.read_to_string(&mut response).await.map(|_| response)
        };
        let response = timeout(PATIENCE, asking).await.unwrap_or_else(|late| panic!("no response: {late}"));
        let response = response.unwrap_or_else(|error| panic!("a request has failed: {error}"));
        assert_eq!(status_of(&response), 200, "{response}");
        done.fetch_add(1, Ordering::SeqCst);
    }
}

async fn a_restart_behind_a_socket_that_stays_open_fails_no_request(backend: Backend) {
    let installation = Installation::new(backend).await.set("TESSERA_THROTTLE", "off");
    let (listener, address) = socket();
    let start = || installation.spawn_activated(&[listener.as_fd()], &[]);
    let (ended, done) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
    let mut clients = JoinSet::new();
    for _ in 0..4 {
        clients.spawn(keep_asking(address.clone(), Arc::clone(&ended), Arc::clone(&done)));
    }
    let go_on = async || {
        let before = done.load(Ordering::SeqCst);
        eventually("requests are answered", PATIENCE, || {
            std::future::ready((done.load(Ordering::SeqCst) >= before + 50).then_some(()))
        })
        .await;
    };
    let mut node = start().ready();
    for _ in 0..restarts() {
        go_on().await;
        node.terminate();
        assert_eq!(node.wait(PATIENCE).await.code(), Some(0), "{}", node.log());
        node = start().ready();
    }
    go_on().await;
    ended.store(true, Ordering::SeqCst);
    clients.join_all().await;
    assert_eq!(node.authority(), address);
    let log = node.log();
    assert!(log.contains("(LISTEN_FDS) is used instead of TESSERA_LISTEN"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_with_the_name_metrics_has_the_metrics() {
    let installation = Installation::new(Backend::Sqlite).await;
    let ((clients, address), (metrics, metrics_address)) = (socket(), socket());
    for (sockets, names) in
        [([&clients, &metrics], "tessera.socket:metrics"), ([&metrics, &clients], "metrics:tessera.socket")]
    {
        let sockets = sockets.map(|socket| socket.as_fd());
        let mut node = installation.spawn_activated(&sockets, &[("LISTEN_FDNAMES", names)]).ready();
        assert_eq!(node.authority(), address);
        assert_eq!(node.read_metrics_url(), format!("http://{metrics_address}"));
        assert_eq!(status_of(&exchange(&address, LIVE).await), 200);
        let metrics = "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        assert_eq!(status_of(&exchange(&metrics_address, metrics.as_bytes()).await), 200);
        assert_eq!(status_of(&exchange(&address, metrics.as_bytes()).await), 404);
        node.terminate();
        assert_eq!(node.wait(PATIENCE).await.code(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_that_cannot_be_used_is_rejected() {
    let installation = Installation::new(Backend::Sqlite).await;
    let ((one, address), (two, _)) = (socket(), socket());
    let unix = UnixListener::bind(installation.home().join("socket")).unwrap_or_else(|error| panic!("{error}"));
    // `Accept=yes` passes a connection.
    let connection = std::net::TcpStream::connect(&address).unwrap_or_else(|error| panic!("{error}"));
    for (sockets, said) in [
        (vec![unix.as_fd()], "socket 1 of LISTEN_FDS is no TCP listener: set ListenStream="),
        (vec![connection.as_fd()], "socket 1 of LISTEN_FDS is no TCP listener: set ListenStream="),
        (vec![one.as_fd(), two.as_fd()], "socket 2 of LISTEN_FDS has no purpose: one is for clients"),
    ] {
        let log = match installation.spawn_activated(&sockets, &[]).ready_or_ended() {
            Ok(node) => panic!("it is ready at {}", node.url()),
            Err(log) => log,
        };
        assert!(log.contains(said), "{log}");
    }
    // The sockets of another process.
    let node = installation.spawn_with(&[("LISTEN_FDS", "1"), ("LISTEN_PID", "1")]).ready();
    assert_eq!(status_of(&exchange(node.authority(), LIVE).await), 200);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_connection_that_starts_the_service_is_served() {
    let installation = Installation::new(Backend::Sqlite).await;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let starting = installation.spawn_on_demand(address);
    let mut first =
        eventually("the socket is open", PATIENCE, || async { TcpStream::connect(address).await.ok() }).await;
    first.write_all(LIVE).await.unwrap_or_else(|error| panic!("not sent: {error}"));
    let mut response = String::new();
    let read = timeout(PATIENCE, first.read_to_string(&mut response)).await;
    assert!(read.is_ok_and(|read| read.is_ok()), "{}", starting.log());
    assert_eq!(status_of(&response), 200, "{response}");
    let mut node = starting.ready();
    assert_eq!(node.authority(), address.to_string());
    node.terminate();
    assert_eq!(node.wait(PATIENCE).await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_manager_learns_when_the_service_is_ready_and_when_it_stops() {
    let installation = Installation::new(Backend::Sqlite).await;
    let path = installation.home().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap_or_else(|error| panic!("no socket: {error}"));
    manager.set_read_timeout(Some(PATIENCE)).unwrap_or_else(|error| panic!("{error}"));
    let receive = || {
        let mut room = [0; 64];
        let size = manager.recv(&mut room).unwrap_or_else(|error| panic!("no message: {error}"));
        String::from_utf8_lossy(&room[..size]).into_owned()
    };
    let path = path.display().to_string();
    let mut node = installation.spawn_with(&[("NOTIFY_SOCKET", &path)]).ready();
    assert_eq!(receive(), "READY=1\n");
    node.terminate();
    assert_eq!(receive(), "STOPPING=1\n");
    assert_eq!(node.wait(PATIENCE).await.code(), Some(0));
    // A manager that has gone does not prevent a start.
    drop(manager);
    let node = installation.spawn_with(&[("NOTIFY_SOCKET", &path)]).ready();
    eventually("it is logged", PATIENCE, || {
        std::future::ready(node.log().contains("the service manager can't be notified").then_some(()))
    })
    .await;
}
