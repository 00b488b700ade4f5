//! Requests that two HTTP parsers would read differently, and requests that never end.

use tessera_tests::{
    database::Backend,
    on_sqlite,
    raw::{connect, exchange, read_to_end, status_of},
    test_org::Service,
};
use tokio::io::AsyncWriteExt as _;

on_sqlite! {
    ambiguous_requests_are_rejected_s179
    bare_line_feeds_in_headers_are_rejected_s179
    malformed_chunks_are_rejected_s179
    requests_before_a_malformed_one_get_a_response_s179
    line_feeds_in_bodies_are_accepted_s179
    valid_requests_are_served_in_any_segmentation_s179
    an_oversized_authorization_header_is_rejected_s67
    a_rejected_request_with_an_endless_body_is_disconnected_s212
    a_head_is_limited_in_its_target_and_in_its_fields
}

async fn ambiguous_requests_are_rejected_s179(backend: Backend) {
    let service = Service::start(backend).await;
    let start = "POST /api/v1/apikeys/verify HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    let wrong = [
        format!("{start}Content-Length: 11\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
        format!("{start}Content-Length: 3\r\nContent-Length: 4\r\n\r\n{{}}  "),
        format!("{start}Content-Length: +2\r\n\r\n{{}}"),
        format!("{start}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        format!("{start}X-Folded: a\r\n b\r\nContent-Length: 2\r\n\r\n{{}}"),
        "GET /health/live HTTP/1.1\r\nHost : a\r\n\r\n".to_owned(),
        "GET /health/live HTTP/9.9\r\nHost: a\r\n\r\n".to_owned(),
        "\u{0}\u{1}\u{2}\r\n\r\n".to_owned(),
    ];
    for request in wrong {
        let answer = exchange(service.node.authority(), request.as_bytes()).await;
        assert_eq!(status_of(&answer), 400, "{request:?}: {answer:?}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{request:?}: {answer:?}");
    }
    service.api().get_root("/health/live").await.is(200);
}

/// The head of a key verification request.
const VERIFY: &str = "POST /api/v1/apikeys/verify HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";

/// A body for it, with line endings of every kind.
const QUESTION: &str = "\n{\"key\":\r\n\"K\"\n\r,\n\n\"permission\":\r\"event:record\"}\r\n";

const LIVE: &str = "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n";

/// The body in chunks of three bytes, with an extension and a trailer.
fn in_chunks() -> String {
    let chunks: Vec<String> = QUESTION
        .as_bytes()
        .chunks(3)
        .map(|chunk| format!("{:X};a=b\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk)))
        .collect();
    format!("{VERIFY}Transfer-Encoding: chunked\r\n\r\n{}0\r\nX-Trailer: a\r\n\r\n", chunks.concat())
}

fn in_one() -> String {
    format!("{VERIFY}Content-Length: {}\r\n\r\n{QUESTION}", QUESTION.len())
}

/// The request with `Connection: close`, because the connection would otherwise stay open.
fn last(request: &str) -> String {
    request.replacen("Host: a\r\n", "Host: a\r\nConnection: close\r\n", 1)
}

/// The statuses of all responses.
fn statuses(answers: &str) -> Vec<u16> {
    answers.match_indices("HTTP/1.1 ").map(|(at, _)| status_of(&answers[at..])).collect()
}

/// The response to bytes that are sent one by one.
async fn byte_by_byte(service: &Service, bytes: &str) -> String {
    let mut stream = connect(service.node.authority()).await;
    stream.set_nodelay(true).unwrap_or_else(|error| panic!("no option: {error}"));
    for byte in bytes.as_bytes() {
        // The service may close the connection once it has seen the error.
        let _refused_early = stream.write_all(&[*byte]).await;
    }
    read_to_end(&mut stream).await
}

async fn bare_line_feeds_in_headers_are_rejected_s179(backend: Backend) {
    let service = Service::start(backend).await;
    for head in [
        "\nGET /health/live HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /health/live HTTP/1.1\nHost: a\r\n\r\n",
        "GET /health/live HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
        "GET /health/live HTTP/1.1\r\nHost: a\r\n\n",
        "GET /health/live HTTP/1.1\nHost: a\n\n",
        "GET /health/live HTTP/1.1\r\nHost: a\r\nX:\nY: c\r\n\r\n",
        "POST /api/v1/apikeys/verify HTTP/1.1\r\nHost: a\r\nContent-Length: 2\n\r\n{}",
        "POST /api/v1/apikeys/verify HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\n\r\n0\r\n\r\n",
    ] {
        // Bytes after the error are not a request.
        let together = exchange(service.node.authority(), format!("{head}{LIVE}").as_bytes()).await;
        for answer in [together, byte_by_byte(&service, head).await] {
            assert_eq!(statuses(&answer), [400], "{head:?}: {answer:?}");
        }
    }
    service.api().get_root("/health/live").await.is(200);
}

async fn malformed_chunks_are_rejected_s179(backend: Backend) {
    let service = Service::start(backend).await;
    let start = format!("{VERIFY}Transfer-Encoding: chunked\r\n\r\n");
    for chunks in [
        "2\n{}\r\n0\r\n\r\n",
        "2;a\n{}\r\n0\r\n\r\n",
        "2\r\n{}\n0\r\n\r\n",
        "2\r\n{}0\r\n\r\n",
        "2\r\n{}\r\n0\n\r\n",
        "2\r\n{}\r\n0\r\n\n",
        "2\r\n{}\r\n0\r\nX: a\n\r\n",
        "2\r\n{}\r\n0\r\nX: a\r\n\n",
        "two\r\n{}\r\n0\r\n\r\n",
        "-2\r\n{}\r\n0\r\n\r\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        "\r\n{}\r\n0\r\n\r\n",
        "10000000000000002\r\n{}\r\n0\r\n\r\n",
    ] {
        let request = format!("{start}{chunks}");
        let together = exchange(service.node.authority(), format!("{request}{LIVE}").as_bytes()).await;
        for answer in [together, byte_by_byte(&service, &request).await] {
            assert_eq!(statuses(&answer), [400], "{chunks:?}: {answer:?}");
            assert!(answer.contains("\"code\":\"incomplete_body\""), "{chunks:?}: {answer:?}");
            assert!(answer.to_lowercase().contains("connection: close\r\n"), "{chunks:?}: {answer:?}");
        }
    }
    // A long remainder is read and discarded, so the response is not lost.
    let long = format!("{start}2\n{}", "{}".repeat(64 * 1024));
    assert_eq!(statuses(&exchange(service.node.authority(), long.as_bytes()).await), [400]);
    service.api().get_root("/health/live").await.is(200);
}

async fn requests_before_a_malformed_one_get_a_response_s179(backend: Backend) {
    let service = Service::start(backend).await;
    let good = format!("{}{}{LIVE}", in_one(), in_chunks());
    let start = format!("{VERIFY}Transfer-Encoding: chunked\r\n\r\n");
    for fault in ["GET /health/live HTTP/1.1\nHost: a\r\n\r\n".to_owned(), format!("{start}2\n{{}}\r\n0\r\n\r\n")] {
        let answers = exchange(service.node.authority(), format!("{good}{fault}").as_bytes()).await;
        assert_eq!(statuses(&answers), [200, 200, 200, 400], "{fault:?}: {answers}");
    }
    // More requests than the service queues.
    let answers = exchange(service.node.authority(), format!("{}{LIVE}\n", LIVE.repeat(40)).as_bytes()).await;
    let statuses = statuses(&answers);
    assert_eq!((statuses.len(), statuses.last()), (42, Some(&400)), "{answers}");
}

async fn line_feeds_in_bodies_are_accepted_s179(backend: Backend) {
    let service = Service::start(backend).await;
    for request in [last(&in_one()), last(&in_chunks())] {
        for answer in
            [exchange(service.node.authority(), request.as_bytes()).await, byte_by_byte(&service, &request).await]
        {
            assert_eq!(statuses(&answer), [200], "{request:?}: {answer}");
        }
    }
}

async fn valid_requests_are_served_in_any_segmentation_s179(backend: Backend) {
    let service = Service::start(backend).await;
    let continued = in_chunks().replacen("Host: a\r\n", "Host: a\r\nExpect: 100-continue\r\n", 1);
    let before = [in_chunks(), LIVE.to_owned(), in_one(), "\r\n".to_owned(), continued, LIVE.to_owned()].concat();
    let requests = format!("{before}{}", last(&in_chunks()));
    let expected = [200, 200, 200, 100, 200, 200, 200];
    let together = exchange(service.node.authority(), requests.as_bytes()).await;
    for answers in [together, byte_by_byte(&service, &requests).await] {
        assert_eq!(statuses(&answers), expected, "{answers}");
    }
}

async fn an_oversized_authorization_header_is_rejected_s67(backend: Backend) {
    let service = Service::start(backend).await;
    let request = |bytes: usize| {
        format!(
            "GET /api/v1/users/me HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
            "x".repeat(bytes)
        )
    };
    for bytes in [8 * 1024, 10 * 1024, 60 * 1024] {
        let answer = exchange(service.node.authority(), request(bytes).as_bytes()).await;
        assert!([401, 431].contains(&status_of(&answer)), "{bytes}: {answer}");
    }
    // Far above the header limit: the connection is closed with or without a response.
    let answer = exchange(service.node.authority(), request(2 * 1024 * 1024).as_bytes()).await;
    assert!(answer.is_empty() || (400..500).contains(&status_of(&answer)), "{answer}");
    service.api().get_root("/health/live").await.is(200);
}

async fn a_rejected_request_with_an_endless_body_is_disconnected_s212(backend: Backend) {
    let service = Service::start(backend).await;
    let json = "Content-Type: application/json\r\n";
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(64 * 1024)).repeat(17);
    let refused = [
        (404, "/nothing", String::new(), String::new()),
        (401, "/api/v1/orgs", json.to_owned(), String::new()),
        (415, "/api/v1/auth/login", String::new(), String::new()),
        (413, "/api/v1/auth/login", json.to_owned(), chunk),
    ];
    for (status, path, headers, body) in refused {
        for length in ["Content-Length: 2000000", "Transfer-Encoding: chunked"] {
            let request = format!("POST {path} HTTP/1.1\r\nHost: a\r\n{headers}{length}\r\n\r\n{body}");
            // The request is rejected at once, and the connection does not stay open for the rest.
            let answer = exchange(service.node.authority(), request.as_bytes()).await;
            assert_eq!(status_of(&answer), status, "{path} {length}: {answer}");
        }
    }
}

/// The limits of docs/errors.md.
async fn a_head_is_limited_in_its_target_and_in_its_fields(backend: Backend) {
    let service = Service::start(backend).await;
    let request = |target: &str, fields: usize| {
        // Two fields beside those that are counted here.
        let more = "X-Field: a\r\n".repeat(fields - 2);
        format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{more}\r\n")
    };
    let target = |bytes: usize| format!("/health/live?{}", "x".repeat(bytes - "/health/live?".len()));
    for (status, request) in [
        (200, request(&target(65_534), 2)),
        (400, request(&target(65_535), 2)),
        (200, request("/health/live", 96)),
        (431, request("/health/live", 97)),
    ] {
        let answer = exchange(service.node.authority(), request.as_bytes()).await;
        assert_eq!(status_of(&answer), status, "{} bytes: {answer}", request.len());
    }
}
