//! Requests that two readers would read differently, and ones that never end.

use tessera_tests::{
    database::Backend,
    on_both,
    raw::{exchange, status_of},
    studio::Service,
};

on_both! {
    s179_header_smuggle
    s67_jwt_size
    s212_slowloris
    s212_slowloris_with_a_body_that_never_ends
}

async fn s179_header_smuggle(backend: Backend) {
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

async fn s67_jwt_size(backend: Backend) {
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
    // Far beyond all headers that are taken: closed, with or without a word.
    let answer = exchange(service.node.authority(), request(2 * 1024 * 1024).as_bytes()).await;
    assert!(answer.is_empty() || (400..500).contains(&status_of(&answer)), "{answer}");
    service.api().get_root("/health/live").await.is(200);
}

async fn s212_slowloris(backend: Backend) {
    let service = Service::start(backend).await;
    // Half a head, and then nothing: the server ends it by itself.
    let answer = exchange(service.node.authority(), b"GET /health/live HTTP/1.1\r\nHost: a\r\n").await;
    assert!(answer.is_empty() || status_of(&answer) == 408, "{answer}");
}

async fn s212_slowloris_with_a_body_that_never_ends(backend: Backend) {
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
            // It is refused at once, and then the connection does not stay open for the rest.
            let answer = exchange(service.node.authority(), request.as_bytes()).await;
            assert_eq!(status_of(&answer), status, "{path} {length}: {answer}");
        }
    }
}
