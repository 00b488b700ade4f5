//! Limits on what anonymous callers and browsers can start in single sign-on.

use std::sync::Arc;

use actix_web::test::TestRequest;
use serde_json::json;
use tessera_kernel::RateLimit;
use tessera_testkit::{expectations::some, fakes::MemoryStore};

use crate::{
    full_limits::FullLimits,
    sso::{CHALLENGE, RETURN, SsoFlow},
    support::{Answer, TestReadiness, TestServer, get, post},
};

/// Applies `Set-Cookie` to the cookies of a browser, in the order of arrival.
fn keep(jar: &mut Vec<(String, String)>, answer: &Answer) {
    for cookie in answer.headers.get_all("set-cookie").filter_map(|value| value.to_str().ok()) {
        let (name, value) = some(some(cookie.split(';').next()).split_once('='));
        jar.retain(|(known, _)| known != name);
        if !cookie.contains("Max-Age=0") {
            jar.push((name.to_owned(), value.to_owned()));
        }
    }
}

fn sent(jar: &[(String, String)]) -> String {
    jar.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
}

#[actix_web::test]
async fn a_browser_keeps_the_cookies_of_its_five_latest_sign_ins() {
    let flow = SsoFlow::at("https://example.com/accounts").await;
    let (mut jar, mut ids) = (Vec::new(), Vec::new());
    for number in 1..=12 {
        let request = get(&format!("/sso/web3/initiate?{}", flow.query(&[]))).insert_header(("Cookie", sent(&jar)));
        let answer = flow.server.send(request).await;
        answer.expecting(302);
        ids.push(some(some(answer.header("location")).split_once("session_id=")).1.to_owned());
        for cookie in answer.headers.get_all("set-cookie").filter_map(|value| value.to_str().ok()) {
            assert!(cookie.contains("; Path=/accounts/api/v1/sso/web3; ") && cookie.ends_with("; Secure"), "{cookie}");
        }
        keep(&mut jar, &answer);
        assert_eq!(jar.len(), number.min(5));
    }
    for (number, id) in ids.iter().enumerate() {
        let answer = flow.page(id, &sent(&jar)).await;
        answer.expecting(if number < 7 { 404 } else { 200 });
    }
}

#[actix_web::test]
async fn every_faulty_parameter_is_named_and_all_together_are_bounded() {
    let flow = SsoFlow::new().await;
    let (long, longer) = ("x".repeat(1025), format!("https://game.example/{}", "x".repeat(2048)));
    let changes =
        [("state", Some(long.as_str())), ("nonce", Some(&*long)), ("redirect_uri", Some(&*longer)), ("app_id", None)];
    let problem = flow.initiate(&changes).await.problem(400, "invalid_query");
    let detail = problem["detail"].as_str().unwrap_or_default().to_owned();
    for name in ["state", "nonce", "redirect_uri", "app_id"] {
        assert!(detail.contains(&format!("query parameter {name} ")), "{name}: {detail}");
    }
    assert!(!detail.contains("code_challenge"), "{detail}");
    // The size of the other parameters of a valid request. The rest of the limit remains for one more parameter.
    let others: usize = [
        ("app_id", flow.app.as_str()),
        ("redirect_uri", RETURN),
        ("state", "xyz"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("other", ""),
    ]
    .iter()
    .map(|(name, value)| name.len() + value.len())
    .sum();
    let fits = "x".repeat(4096 - others);
    flow.initiate(&[("other", Some(&fits))]).await.expecting(302);
    let problem = flow.initiate(&[("other", Some(&format!("{fits}x")))]).await.problem(400, "invalid_query");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("4096 bytes")), "{problem}");
}

#[actix_web::test]
async fn challenges_and_sign_ins_are_limited_by_network() {
    let store = MemoryStore::new();
    let mut flow = SsoFlow::on(TestServer::with(store.stores(), TestReadiness::Ready, "http://localhost:8080")).await;
    let full = Arc::new(FullLimits::default());
    flow.server.services_mut().node_limits = full.clone();
    let wallet = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
    let session = json!({ "session_id": "0".repeat(32), "wallet_address": wallet, "chain_id": 1 });
    let start = format!("/sso/web3/initiate?{}", flow.query(&[]));
    let from = |request: TestRequest| request.peer_addr(([192, 0, 2, 9], 4711).into());
    let requests = [
        post("/auth/web3/challenge").set_json(json!({ "wallet_address": wallet, "chain_type": "base" })),
        post("/sso/web3/challenge").set_json(session),
        get(&start),
    ];
    for request in requests {
        let answer = flow.server.send(from(request)).await;
        assert_eq!(answer.problem(429, "rate_limited")["limit"], "challenge");
        assert_eq!(answer.header("retry-after"), Some("17"));
    }
    // A browser gets a page with the same content.
    let answer = flow.server.send(from(get(&start)).insert_header(("Accept", "text/html"))).await;
    answer.expecting(429);
    assert_eq!(answer.header("retry-after"), Some("17"));
    let asked = full.asked();
    let expected = RateLimit::new("challenge", 60, 60);
    assert_eq!(asked, vec![(expected, "192.0.2.9".to_owned()); 4]);
    assert_eq!(store.stored_sign_ins(), 0);
}
