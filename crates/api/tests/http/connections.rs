//! Behaviour that only a socket shows.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::Duration,
};

use actix_web::{HttpServer, dev::ServerHandle, rt};
use tessera_api::Api;
use tessera_testkit::{
    expectations::{ok, some},
    fakes::MemoryStore,
};

use crate::support::{TestReadiness, TestServer};

fn serve(server: &TestServer) -> (SocketAddr, ServerHandle) {
    let api = Api::new(server.services.clone());
    let server = ok(HttpServer::new(move || api.app())
        .workers(1)
        .keep_alive(Duration::from_mins(1))
        .disable_signals()
        .bind(("127.0.0.1", 0)));
    let address = some(server.addrs().first().copied());
    let server = server.run();
    let handle = server.handle();
    rt::spawn(server);
    (address, handle)
}

/// Sends the request and reads until the service closes the connection.
async fn talk(address: SocketAddr, request: impl Into<Vec<u8>>) -> String {
    let request = request.into();
    let client = thread::spawn(move || {
        let mut stream = ok(TcpStream::connect(address));
        ok(stream.set_read_timeout(Some(Duration::from_secs(20))));
        // The service may stop reading before it has received the whole request.
        let _written = stream.write_all(&request);
        let mut answer = Vec::new();
        match stream.read_to_end(&mut answer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("the connection stays open"),
            Ok(_) | Err(_) => {}
        }
        String::from_utf8_lossy(&answer).into_owned()
    });
    while !client.is_finished() {
        rt::time::sleep(Duration::from_millis(5)).await;
    }
    client.join().unwrap_or_else(|_| panic!("the client failed"))
}

fn ready(connection: &str) -> String {
    format!("GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\n\r\n")
}

#[actix_web::test]
async fn the_answer_to_a_head_has_the_length_and_no_body() {
    let (address, handle) = serve(&TestServer::new());
    let answer = talk(address, "HEAD /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
    assert!(answer.to_lowercase().contains("content-length: 17\r\n"), "{answer}");
    handle.stop(false).await;
}

#[actix_web::test]
async fn a_panic_costs_one_request() {
    let server =
        TestServer::with(MemoryStore::new().stores(), TestReadiness::Panicking, "https://accounts.example.com");
    let (address, handle) = serve(&server);
    for _ in 0..3 {
        let answer = talk(address, ready("close")).await;
        assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
        assert!(answer.contains("\"code\":\"internal_error\"") && answer.contains("x-request-id: "), "{answer}");
        assert!(
            answer.contains("application/problem+json") && answer.contains("strict-transport-security"),
            "{answer}"
        );
        // A page of another origin can read this response too.
        assert!(answer.contains("access-control-allow-origin: *\r\n"), "{answer}");
        assert!(!answer.contains("as the test wants it"), "{answer}");
    }
    let answer = talk(address, "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    handle.stop(false).await;
}

#[actix_web::test]
async fn a_service_that_is_to_end_lets_go_of_its_connections() {
    let server = TestServer::new();
    let (address, handle) = serve(&server);
    server.drain();
    // The connection ends although the client asks to keep it alive.
    let answer = talk(address, ready("keep-alive")).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("connection: close\r\n"), "{answer}");
    handle.stop(false).await;
}

#[actix_web::test]
async fn a_body_without_a_length_is_counted_while_it_comes() {
    let (address, handle) = serve(&TestServer::new());
    let head =
        "POST /api/v1/apikeys/verify HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n";
    let mut request = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    for _ in 0..33 {
        request.extend(b"8000\r\n");
        request.extend(vec![b' '; 0x8000]);
        request.extend(b"\r\n");
    }
    request.extend(b"0\r\n\r\n");
    let answer = talk(address, request).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("\"code\":\"body_too_large\""), "{answer}");
    let short = format!("{head}Transfer-Encoding: chunked\r\n\r\nb\r\n{{\"key\":\"k\"}}\r\n0\r\n\r\n");
    assert!(talk(address, short).await.starts_with("HTTP/1.1 200 "));
    handle.stop(false).await;
}
