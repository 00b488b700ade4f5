//! The client address: the peer, or the client that trusted proxies report in `X-Forwarded-For`.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use actix_web::{
    http::{Method, header::HeaderValue},
    test::TestRequest,
};
use serde_json::json;
use tessera_api::CorsOrigins;
use tessera_kernel::{Counted, NodeLimits, PageRequest, RateLimit, RateLimited, Unlimited, limit};
use tessera_testkit::expectations::{ok, parsed, some};

use crate::support::{PASSWORD, TestServer, WithCredentials, post, text};

const PEER: &str = "10.0.0.9:4711";
const PROXIES: [&str; 3] = ["10.0.0.0/8", "192.0.2.1", "2001:db8:ffff::/48"];

fn from(peer: &str, request: TestRequest) -> TestRequest {
    request.peer_addr(parsed::<SocketAddr>(peer))
}

/// The request with one header line for each element.
fn forwarded(request: TestRequest, lines: &[&str]) -> TestRequest {
    lines.iter().fold(request, |request, line| request.append_header(("X-Forwarded-For", *line)))
}

fn registration() -> TestRequest {
    post("/auth/register").set_json(json!({ "email": "ada@example.com", "password": PASSWORD }))
}

/// The address of the last audit entry that belongs to no organization, if there is an entry.
async fn audited(server: &TestServer) -> Option<String> {
    let events = ok(server.services.audit.list_events(None, PageRequest::default()).await).items;
    events.last().and_then(|event| event.origin.address).map(|address| address.to_string())
}

/// The address in the audit entry of a registration.
async fn address_of(proxies: &[&str], peer: &str, lines: &[&str]) -> String {
    let server = TestServer::new().behind(proxies);
    server.send(from(peer, forwarded(registration(), lines))).await.expecting(201);
    audited(&server).await.unwrap_or_default()
}

/// Checks that a registration is rejected and does nothing, and returns the detail.
async fn rejected(lines: &[&str]) -> String {
    let server = TestServer::new().behind(&PROXIES);
    let answer = server.send(from(PEER, forwarded(registration(), lines))).await;
    assert_eq!(answer.status, 400, "{lines:?}");
    assert_eq!(audited(&server).await, None, "{lines:?}");
    text(&answer.problem(400, "invalid_forwarded_for")["detail"])
}

#[actix_web::test]
async fn the_header_of_a_peer_that_is_not_trusted_is_ignored_s30() {
    for (proxies, peer) in
        [(&[][..], "10.0.0.9:1"), (&PROXIES[..], "11.0.0.9:1"), (&["10.0.0.8", "10.0.0.10/31"], "10.0.0.9:1")]
    {
        for lines in [&["198.51.100.7"][..], &["10.1.1.1, 198.51.100.7"], &["garbage"], &[""]] {
            assert_eq!(format!("{}:1", address_of(proxies, peer, lines).await), peer, "{proxies:?} {lines:?}");
        }
    }
}

#[actix_web::test]
async fn the_client_is_the_last_entry_that_is_not_a_trusted_proxy_s30() {
    for (lines, client) in [
        (&["198.51.100.7"][..], "198.51.100.7"),
        // What a client sends stays before the address that the proxy adds.
        (&["203.0.113.66, 198.51.100.7"], "198.51.100.7"),
        (&["10.1.1.1, 198.51.100.7"], "198.51.100.7"),
        (&["garbage, ,198.51.100.7"], "198.51.100.7"),
        (&["203.0.113.66, 198.51.100.7, 10.1.1.1, 192.0.2.1"], "198.51.100.7"),
        (&["203.0.113.66,198.51.100.7\t,  10.1.1.1 "], "198.51.100.7"),
        (&["2001:db8::7, 2001:db8:ffff::1"], "2001:db8::7"),
        // Several lines are one list.
        (&["203.0.113.66", "198.51.100.7"], "198.51.100.7"),
        (&["203.0.113.66, 198.51.100.7", "10.1.1.1", "10.2.2.2, 10.3.3.3"], "198.51.100.7"),
        // If all are trusted, the client is the first one.
        (&["10.3.3.3, 10.1.1.1"], "10.3.3.3"),
        (&["192.0.2.1", "10.3.3.3, 10.1.1.1"], "192.0.2.1"),
        (&["10.3.3.3"], "10.3.3.3"),
        (&[], "10.0.0.9"),
    ] {
        assert_eq!(address_of(&PROXIES, PEER, lines).await, client, "{lines:?}");
    }
}

#[actix_web::test]
async fn an_entry_may_have_a_port() {
    for (entry, client) in [
        ("198.51.100.7:1234", "198.51.100.7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("198.51.100.7:65535, 10.1.1.1:1, [2001:db8:ffff::1]:0", "198.51.100.7"),
    ] {
        assert_eq!(address_of(&PROXIES, PEER, &[entry]).await, client, "{entry}");
    }
}

#[actix_web::test]
async fn mapped_addresses_count_as_ipv4() {
    let mapped = "[::ffff:10.0.0.9]:4711";
    assert_eq!(address_of(&PROXIES, mapped, &["198.51.100.7"]).await, "198.51.100.7");
    assert_eq!(address_of(&["::ffff:10.0.0.0/104"], PEER, &["198.51.100.7"]).await, "198.51.100.7");
    assert_eq!(address_of(&PROXIES, PEER, &["198.51.100.7, ::ffff:10.1.1.1"]).await, "198.51.100.7");
    assert_eq!(address_of(&PROXIES, PEER, &["::ffff:198.51.100.7"]).await, "198.51.100.7");
    assert_eq!(address_of(&PROXIES, PEER, &["[::ffff:198.51.100.7]:1"]).await, "198.51.100.7");
    // Also of a peer that is not a proxy.
    assert_eq!(address_of(&[], mapped, &[]).await, "10.0.0.9");
    // A network of IPv6 does not contain them.
    assert_eq!(address_of(&["::/0"], mapped, &["198.51.100.7"]).await, "10.0.0.9");
}

#[actix_web::test]
async fn an_invalid_entry_on_the_way_is_rejected_s30() {
    for (lines, place) in [
        (&[""][..], 1),
        (&["198.51.100.7,"], 1),
        (&["198.51.100.7", ""], 1),
        (&["198.51.100.7,, 10.1.1.1"], 2),
        (&["198.51.100.7, unknown, 10.1.1.1"], 2),
        (&["garbage", "10.2.2.2, 10.1.1.1"], 3),
        (&["client.example.com"], 1),
        (&["for=198.51.100.7"], 1),
        (&["198.51.100"], 1),
        (&["198.51.100.256"], 1),
        (&["198.51.100.7/32"], 1),
        (&["198.51.100.7 10.1.1.1"], 1),
        (&["198.51.100.7:65536"], 1),
        (&["198.51.100.7:"], 1),
        (&["[2001:db8::7"], 1),
        (&["2001:db8::7%eth0"], 1),
    ] {
        let start = format!("entry {place} of X-Forwarded-For, counted from the end, is not an IP address");
        assert!(rejected(lines).await.starts_with(&start), "{lines:?}");
    }
}

#[actix_web::test]
async fn bytes_that_are_not_text_are_invalid_only_on_the_way() {
    let server = TestServer::new().behind(&PROXIES);
    for (sent, status) in [(&b"\xff\xfe, 198.51.100.7"[..], 201), (b"198.51.100.7, \xff", 400)] {
        let request = registration().insert_header(("X-Forwarded-For", ok(HeaderValue::from_bytes(sent))));
        server.send(from(PEER, request)).await.expecting(status);
        assert_eq!(audited(&server).await.as_deref(), Some("198.51.100.7"));
    }
}

#[actix_web::test]
async fn at_most_100_entries_are_read() {
    let trusted = |count: usize| vec!["10.1.1.1"; count].join(", ");
    let behind = |client: &str, count| format!("{client}, {}", trusted(count));
    // The edge: 100 entries are read, and the last one of them is trusted or not.
    assert_eq!(address_of(&PROXIES, PEER, &[&behind("198.51.100.7", 99)]).await, "198.51.100.7");
    assert_eq!(address_of(&PROXIES, PEER, &[&behind("10.3.3.3", 99)]).await, "10.3.3.3");
    assert_eq!(address_of(&PROXIES, PEER, &["198.51.100.7", &trusted(50), &trusted(49)]).await, "198.51.100.7");
    for lines in [
        &[&*behind("198.51.100.7", 100)][..],
        &[&behind("10.3.3.3", 100)],
        &["198.51.100.7", &trusted(50), &trusted(50)],
    ] {
        assert_eq!(rejected(lines).await, "X-Forwarded-For has more than 100 entries of trusted proxies");
    }
    // A client can't be locked out by what it sends itself: these entries are not read.
    let forged = format!("{}, 198.51.100.7", trusted(1000));
    assert_eq!(address_of(&PROXIES, PEER, &[&forged]).await, "198.51.100.7");
}

#[actix_web::test]
async fn other_headers_do_not_name_the_client() {
    let server = TestServer::new().behind(&PROXIES);
    let others = [
        ("Forwarded", "for=198.51.100.7"),
        ("X-Real-IP", "198.51.100.7"),
        ("X-Client-IP", "198.51.100.7"),
        ("CF-Connecting-IP", "198.51.100.7"),
        ("True-Client-IP", "198.51.100.7"),
    ];
    let request = others.into_iter().fold(registration(), TestRequest::insert_header);
    server.send(from(PEER, request)).await.expecting(201);
    assert_eq!(audited(&server).await.as_deref(), Some("10.0.0.9"));
}

fn invalid(method: Method, path: &str) -> TestRequest {
    from(PEER, forwarded(TestRequest::with_uri(path).method(method), &["garbage"]))
}

#[actix_web::test]
async fn the_rejection_has_the_form_of_the_path_and_comes_before_all_other_problems() {
    let server = TestServer::new().behind(&PROXIES);
    for (method, path) in [
        (Method::GET, "/api/v1/users/me"),
        (Method::POST, "/api/v1/auth/login"),
        (Method::DELETE, "/api/v1/auth/login"),
        (Method::GET, "/api/v1/unknown"),
        (Method::GET, "/unknown"),
        (Method::GET, "/health/live"),
        (Method::GET, "/.well-known/jwks.json"),
        (Method::GET, "/"),
    ] {
        let answer = server.send(invalid(method, path).bearer("invalid")).await;
        answer.problem(400, "invalid_forwarded_for");
    }
    for path in ["/", "/password/forgot", "/unknown"] {
        let answer = server.send(invalid(Method::GET, path).insert_header(("Accept", "text/html"))).await;
        let html = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, 400, "{path}: {html}");
        assert!(html.contains("<h1>The forwarding header is invalid</h1>"), "{path}: {html}");
        assert!(answer.header("x-request-id").is_some_and(|id| id.len() == 36), "{path}");
    }
}

#[actix_web::test]
async fn a_page_of_another_origin_can_read_the_rejection() {
    let server = TestServer::new().behind(&PROXIES).shared_with(CorsOrigins::Any);
    let preflight = invalid(Method::OPTIONS, "/api/v1/users/me").insert_header(("Origin", "https://app.example.com"));
    let preflight = preflight.insert_header(("Access-Control-Request-Method", "PUT"));
    server.send(preflight).await.expecting(204);
    let request = invalid(Method::GET, "/api/v1/users/me").insert_header(("Origin", "https://app.example.com"));
    let answer = server.send(request).await;
    answer.problem(400, "invalid_forwarded_for");
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
}

/// Admits everything and records the keys.
#[derive(Default)]
struct Keys(Mutex<Vec<String>>);

impl NodeLimits for Keys {
    fn admit(&self, limit: RateLimit, key: &str) -> Result<Counted, RateLimited> {
        if limit == limit::CHALLENGE {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(key.to_owned());
        }
        Unlimited.admit(limit, key)
    }
}

#[actix_web::test]
async fn rate_limits_count_by_the_client_address() {
    let keys = Arc::new(Keys::default());
    let mut server = TestServer::new().behind(&PROXIES);
    server.services_mut().node_limits = keys.clone();
    let wallet = json!({ "wallet_address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "chain_type": "base" });
    for (peer, line) in [(PEER, "198.51.100.7"), (PEER, "198.51.100.8, 10.1.1.1"), ("203.0.113.5:1", "198.51.100.7")] {
        let request = post("/auth/web3/challenge").set_json(&wallet);
        server.send(from(peer, forwarded(request, &[line]))).await.expecting(200);
    }
    let counted = keys.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert_eq!(counted, ["198.51.100.7", "198.51.100.8", "203.0.113.5"]);
}

#[actix_web::test]
async fn devices_are_distinguished_by_the_client_address() {
    let server = TestServer::new().behind(&PROXIES);
    server.sign_up("ada").await;
    // A known device, whose network is the first half of its address, goes before others in the queue for hashes.
    for (peer, line, network, known) in [
        (PEER, "198.51.100.7", "198.51.100.7", false),
        (PEER, "198.51.7.8, 10.1.1.1", "198.51.7.8", true),
        (PEER, "203.0.113.5", "203.0.113.5", false),
        ("11.0.0.9:1", "198.51.100.7", "11.0.0.9", false),
    ] {
        let body = json!({ "email": "ada@example.com", "password": PASSWORD });
        server.send(from(peer, forwarded(post("/auth/login").set_json(body), &[line]))).await.expecting(200);
        let requester = some(server.hasher.last()).1;
        let seen = requester.network.map(|network| network.to_string());
        assert_eq!((seen.as_deref(), requester.known), (Some(network), known), "{peer} {line}");
    }
}
