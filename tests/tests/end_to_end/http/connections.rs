//! Slow clients, silent clients and too many clients.

use std::time::Instant;

use tessera_tests::{
    database::Backend,
    process::Installation,
    raw::{connect, read_to_end, status_of},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

const LIVE: &str = "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n";

async fn send(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap_or_else(|error| panic!("not sent: {error}"));
}

/// Sends a request and reads its response. The connection stays open.
async fn ask_live(stream: &mut TcpStream) {
    send(stream, LIVE).await;
    let mut response = Vec::new();
    while !response.ends_with(b"{\"status\":\"live\"}") {
        response.push(stream.read_u8().await.unwrap_or_else(|error| panic!("no response: {error}")));
    }
}

const BODY: &str = "{\"key\":\"x\"}";

/// Sends the head of a request and waits until the service has read it.
async fn begin(stream: &mut TcpStream) {
    let head =
        "POST /api/v1/apikeys/verify HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n";
    send(stream, &format!("{head}Expect: 100-continue\r\nContent-Length: {}\r\n\r\n", BODY.len())).await;
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap_or_else(|error| panic!("no response: {error}"));
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
}

/// A connection from another loopback address.
async fn connect_from(address: &str, authority: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap_or_else(|error| panic!("no socket: {error}"));
    let (from, to) = (format!("{address}:0").parse(), authority.parse());
    let (Ok(from), Ok(to)) = (from, to) else { panic!("no addresses: {address}, {authority}") };
    socket.bind(from).unwrap_or_else(|error| panic!("not bound: {error}"));
    socket.connect(to).await.unwrap_or_else(|error| panic!("no connection: {error}"))
}

/// The response, and the seconds until the service closed the connection.
async fn ended(mut stream: TcpStream) -> (String, u64) {
    let start = Instant::now();
    let response = read_to_end(&mut stream).await;
    (response, start.elapsed().as_secs())
}

/// The exact deadlines are tested in `http-guard`, where the time can be paused.
#[tokio::test]
async fn slow_clients_are_disconnected_s212() {
    let node = Installation::new(Backend::Sqlite).await.start();
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(connect(node.authority()).await);
    }
    let [mut first, mut second, mut body, silent] =
        <[TcpStream; 4]>::try_from(clients).unwrap_or_else(|_| panic!("not four"));
    send(&mut first, "GET /health/live HTTP/1.1\r\nHost: a\r\n").await;
    ask_live(&mut second).await;
    send(&mut second, "G").await;
    let head =
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{";
    send(&mut body, head).await;

    let (first, second, body, silent) = tokio::join!(ended(first), ended(second), ended(body), ended(silent));
    for (response, seconds) in [&first, &second] {
        assert!(status_of(response) == 408 && (9..14).contains(seconds), "{seconds}: {response}");
    }
    assert!(silent.0.is_empty() && (9..14).contains(&silent.1), "{silent:?}");
    let (response, seconds) = body;
    assert!(status_of(&response) == 408 && (4..9).contains(&seconds), "{seconds}: {response}");
    assert!(response.contains("\"code\":\"request_timeout\"") && response.contains("x-request-id: "), "{response}");
    assert!(response.contains("connection: close\r\n"), "{response}");
}

#[tokio::test]
async fn an_upgrade_request_is_handled_as_a_normal_request() {
    let node = Installation::new(Backend::Sqlite).await.start();
    let mut client = connect(node.authority()).await;
    let head = "POST /api/v1/apikeys/verify HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    send(&mut client, &format!("{head}{upgrade}Content-Length: {}\r\n\r\n{BODY}", BODY.len())).await;
    let (response, seconds) = ended(client).await;
    assert!(status_of(&response) == 200 && seconds < 4, "{seconds}: {response}");
    assert!(response.contains("connection: close\r\n"), "{response}");
}

#[tokio::test]
async fn connections_per_address_are_limited_s212() {
    let installation = Installation::new(Backend::Sqlite).await;
    let node = installation.set("TESSERA_MAX_CONNECTIONS_PER_ADDRESS", "3").start();
    let mut idle = Vec::new();
    for _ in 0..3 {
        let mut client = connect(node.authority()).await;
        ask_live(&mut client).await;
        idle.push(client);
    }
    // The oldest idle connection is closed for the new one.
    let mut next = connect(node.authority()).await;
    ask_live(&mut next).await;
    assert_eq!(read_to_end(&mut idle.remove(0)).await, "");

    // Incomplete requests hold no place either: the client that was silent for longest gets 408.
    for client in idle.iter_mut().chain([&mut next]) {
        begin(client).await;
    }
    let mut other = connect_from("127.0.0.2", node.authority()).await;
    ask_live(&mut other).await;
    let mut newest = connect(node.authority()).await;
    ask_live(&mut newest).await;
    assert_eq!(status_of(&read_to_end(&mut idle.remove(0)).await), 408);
    for client in idle.iter_mut().chain([&mut next]) {
        send(client, BODY).await;
        assert_eq!(status_of(&read_to_end(client).await), 200);
    }
}
