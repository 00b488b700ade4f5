//! TLS on the address for clients.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tessera_tests::{
    database::Backend,
    eventually,
    process::{Installation, Node},
    raw::{connect, exchange, json_request, read_to_end, status_of},
    test_org::PASSWORD,
    tls::Authority,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpSocket,
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::{
    client::TlsStream,
    rustls::{
        ProtocolVersion, SupportedProtocolVersion,
        version::{TLS12, TLS13},
    },
};

/// The documents promise that changed files are loaded within 60 s. The rest is for a machine whose disk stalls.
const LOADED: Duration = Duration::from_secs(60 + 15);

const BOTH: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

const READY: &[u8] = b"GET /health/ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// An installation with a certificate for `localhost`.
async fn encrypted(authority: &Authority) -> Installation {
    let installation = Installation::new(Backend::Sqlite).await;
    authority.certificate("localhost").write_to(installation.home());
    installation.set("TESSERA_TLS_CERT_FILE", "tls.crt").set("TESSERA_TLS_KEY_FILE", "tls.key")
}

async fn open(authority: &Authority, node: &Node) -> TlsStream<tokio::net::TcpStream> {
    let stream = authority.encrypt(connect(node.authority()).await, &BOTH).await;
    stream.unwrap_or_else(|error| panic!("no TLS: {error}"))
}

/// Sends a request, and returns everything until the service closes the connection.
async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), request: &[u8]) -> String {
    stream.write_all(request).await.unwrap_or_else(|error| panic!("not sent: {error}"));
    let mut response = Vec::new();
    let read = timeout(Duration::from_secs(15), stream.read_to_end(&mut response)).await;
    let text = String::from_utf8_lossy(&response).into_owned();
    let closed = read.unwrap_or_else(|late| panic!("the service did not close ({late}): {text}"));
    closed.unwrap_or_else(|error| panic!("cut off ({error}): {text}"));
    text
}

/// The first message of a client of TLS 1.1. With the extension `signature_algorithms`, only its version is a reason to reject it.
fn tls_1_1_hello() -> Vec<u8> {
    let extensions = [0, 8, 0, 13, 0, 4, 0, 2, 4, 3];
    let body = [&[3, 2][..], &[7; 32], &[0], &[0, 4, 0xc0, 0x13, 0, 0x2f], &[1, 0], &extensions].concat();
    let size = u8::try_from(body.len()).unwrap_or_else(|error| panic!("{error}"));
    [&[22, 3, 1, 0, size + 4, 1, 0, 0, size][..], &body].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_1_2_and_1_3_are_used_and_nothing_older() {
    let authority = Authority::new();
    let installation = encrypted(&authority).await;
    let node = installation.start();
    assert!(node.url().starts_with("https://"), "{}", node.url());
    for (version, protocol) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)] {
        let stream = authority.encrypt(connect(node.authority()).await, &[version]).await;
        let mut stream = stream.unwrap_or_else(|error| panic!("{protocol:?}: {error}"));
        assert_eq!(stream.get_ref().1.protocol_version(), Some(protocol));
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert_eq!(status_of(&ask(&mut stream, READY).await), 200);
    }
    let mut old = connect(node.authority()).await;
    old.write_all(&tls_1_1_hello()).await.unwrap_or_else(|error| panic!("not sent: {error}"));
    let mut alert = [0; 7];
    old.read_exact(&mut alert).await.unwrap_or_else(|error| panic!("no alert: {error}"));
    // A fatal alert, `protocol_version`.
    assert_eq!((alert[0], &alert[5..]), (21, &[2, 70][..]));
    let plain = exchange(node.authority(), READY).await;
    assert!(!plain.contains("HTTP/1.1"), "{plain}");
    let health = |arguments: &[&str]| {
        let status = installation.command(arguments).env("TESSERA_LISTEN", node.authority()).status();
        status.unwrap_or_else(|error| panic!("{error}")).success()
    };
    assert!(health(&["health"]));
    // The authority is not one of the system.
    assert!(!health(&["health", node.url()]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_address_is_that_of_the_encrypted_connection() {
    let authority = Authority::new();
    let installation = encrypted(&authority).await;
    let node = installation.start();
    let send = async |request: Vec<u8>| {
        let socket = TcpSocket::new_v4().unwrap_or_else(|error| panic!("no socket: {error}"));
        socket.bind(([127, 0, 0, 2], 0).into()).unwrap_or_else(|error| panic!("not bound: {error}"));
        let address = node.authority().parse().unwrap_or_else(|error| panic!("{}: {error}", node.authority()));
        let stream = socket.connect(address).await.unwrap_or_else(|error| panic!("no connection: {error}"));
        let stream = authority.encrypt(stream, &BOTH).await;
        ask(&mut stream.unwrap_or_else(|error| panic!("no TLS: {error}")), &request).await
    };
    let account = json!({"email": "one@example.com", "password": PASSWORD}).to_string();
    let registered = send(json_request("POST", "/api/v1/auth/register", account.as_bytes())).await;
    assert_eq!(status_of(&registered), 201, "{registered}");
    let login = send(json_request("POST", "/api/v1/auth/login", account.as_bytes())).await;
    let body = login.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    let login: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"));
    let token = login["token"].as_str().unwrap_or_else(|| panic!("no token: {login}"));
    let head = "GET /api/v1/users/me/sessions HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer ";
    let sessions = send(format!("{head}{token}\r\n\r\n").into_bytes()).await;
    assert!(sessions.contains("\"address\":\"127.0.0.2\""), "{sessions}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_are_disconnected_before_and_after_the_handshake_s212() {
    let authority = Authority::new();
    let installation = encrypted(&authority).await;
    let node = installation.start();
    let (mut silent, mut slow) = (connect(node.authority()).await, open(&authority, &node).await);
    let start = Instant::now();
    let silent = async {
        let rest = read_to_end(&mut silent).await;
        (rest, start.elapsed().as_secs())
    };
    let slow = async {
        let response = ask(&mut slow, b"GET /health/ready HTTP/1.1\r\n").await;
        (response, start.elapsed().as_secs())
    };
    let (silent, slow) = tokio::join!(silent, slow);
    assert!(silent.0.is_empty() && silent.1 >= 9, "{silent:?}");
    assert!(status_of(&slow.0) == 408 && slow.1 >= 9, "{slow:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn incomplete_handshakes_make_room_for_other_clients_s212() {
    let authority = Authority::new();
    let installation = encrypted(&authority).await.set("TESSERA_MAX_CONNECTIONS_PER_ADDRESS", "3");
    let node = installation.start();
    let start = Instant::now();
    let mut half_open = JoinSet::new();
    for _ in 0..3 {
        let mut stream = connect(node.authority()).await;
        stream.write_all(&[22]).await.unwrap_or_else(|error| panic!("not sent: {error}"));
        half_open.spawn(async move { read_to_end(&mut stream).await });
    }
    assert_eq!(status_of(&ask(&mut open(&authority, &node).await, READY).await), 200);
    // The workers may admit them in another order.
    assert_eq!(half_open.join_next().await.and_then(Result::ok).as_deref(), Some(""));
    assert!(start.elapsed() < Duration::from_secs(9), "it was not evicted: {:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_incomplete_handshake_does_not_hold_up_the_end() {
    let authority = Authority::new();
    let installation = encrypted(&authority).await.set("TESSERA_SHUTDOWN_SECONDS", "300");
    let mut node = installation.start();
    let _half_open = connect(node.authority()).await;
    assert_eq!(status_of(&ask(&mut open(&authority, &node).await, READY).await), 200);
    node.terminate();
    assert_eq!(node.wait(Duration::from_secs(30)).await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_certificate_is_used_and_an_invalid_one_is_not() {
    let authority = Authority::new();
    let installation = encrypted(&authority).await;
    let node = installation.start();
    let [second, third] = [(); 2].map(|()| authority.certificate("localhost"));
    second.write_to(installation.home());
    let is_used = |certificate| {
        let (authority, node) = (&authority, &node);
        eventually("the certificate is used", LOADED, move || async move {
            tessera_tests::tls::CertificateFiles::is_of(certificate, &open(authority, node).await).then_some(())
        })
    };
    is_used(&second).await;

    second.with_key_of(&third).write_to(installation.home());
    let fault = "the TLS certificate can't be loaded; the previous one stays in use";
    let named = "tls.key is not the key of the certificate in tls.crt";
    eventually("the fault is logged", LOADED, || {
        let log = node.log();
        std::future::ready((log.contains(fault) && log.contains(named)).then_some(()))
    })
    .await;
    let mut stream = open(&authority, &node).await;
    assert!(second.is_of(&stream));
    assert_eq!(status_of(&ask(&mut stream, READY).await), 200);

    third.write_to(installation.home());
    is_used(&third).await;
    assert!(node.log().contains("a new TLS certificate is in use"), "{}", node.log());
}

/// The result of the check `files`.
fn files_check(installation: &Installation) -> Value {
    let output = installation.run(&["doctor", "--json"]);
    let text = String::from_utf8_lossy(&output.stdout);
    let checks: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let files = checks.as_array().into_iter().flatten().find(|check| check["check"] == "files");
    files.unwrap_or_else(|| panic!("no check of files: {text}")).clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_certificate_is_announced() {
    let authority = Authority::new();
    let installation = encrypted(&authority).await;
    let soon = authority.certificate_for("localhost", Duration::from_hours(13 * 24 + 12));
    for (certificate, words, status) in [
        (soon, "in 13 days", "warn"),
        (authority.expired_certificate("localhost"), "the TLS certificate expired on 2020-01-01", "fail"),
    ] {
        certificate.write_to(installation.home());
        let node = installation.start();
        eventually(words, LOADED, || std::future::ready(node.log().contains(words).then_some(()))).await;
        let files = files_check(&installation);
        assert_eq!(files["status"], status, "{files}");
        assert!(files["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{files}");
    }
}
