//! One-time tokens are consumed by every complete request, even if it fails.

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::{Answer, Api, BASE, send, text_of},
    database::Backend,
    on_both,
    sso::{BrowserSession, RETURN, VERIFIER, redeem},
    test_org::{Person, Service, TestOrg},
    wallet::{EvmWallet, SolanaWallet},
};

use crate::wallets::sign_in::{CHALLENGE, VERIFY, challenge, count, enter, together};

on_both! {
    a_malformed_signature_consumes_the_nonce_s83
    an_incomplete_body_does_not_consume_the_nonce
    a_malformed_signature_of_a_link_request_consumes_the_nonce_s83
    a_malformed_signature_of_an_application_sign_in_consumes_the_nonce_s83
    a_malformed_code_verifier_consumes_the_authorization_code_s105
    an_unreadable_body_does_not_consume_the_nonce
    concurrent_valid_and_invalid_bodies_use_a_nonce_at_most_once_s83
    concurrent_valid_and_invalid_bodies_redeem_a_code_at_most_once_s105
}

/// Texts that are not a signature of an Ethereum wallet.
const MALFORMED: [&str; 3] = ["0xzz", "0x0", ""];

/// Possible errors of a proof besides a malformed signature: a member with another value, or without a value.
const INCOMPLETE: [(&str, Option<&str>); 5] = [
    ("nonce", None),
    ("signature", None),
    ("wallet_address", None),
    ("wallet_address", Some("0x00")),
    ("chain_type", Some("bitcoin")),
];

/// The body with another value of the member, or without it.
fn changed(body: &Value, member: &str, value: Option<&str>) -> Value {
    let others = body.as_object().into_iter().flatten().filter(|(name, _)| *name != member);
    let others = others.map(|(name, value)| (name.clone(), value.clone()));
    others.chain(value.map(|value| (member.to_owned(), value.into()))).collect()
}

/// Sends a body as raw text.
async fn post_text(api: &Api, body: String) -> Answer {
    let request = api.request(Method::POST, &format!("{BASE}{VERIFY}"));
    send(request.header("Content-Type", "application/json").body(body)).await
}

/// The body with an unknown member that occurs twice.
fn with_a_double(body: &Value) -> String {
    body.to_string().replacen('{', "{\"x\":1,\"x\":2,", 1)
}

async fn a_malformed_signature_consumes_the_nonce_s83(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, wallet) = (service.api(), EvmWallet::new());
    for signature in MALFORMED {
        let proof = wallet.proof("ethereum", &challenge(&api, &wallet).await);
        let answer = api.post(VERIFY, &changed(&proof, "signature", Some(signature))).await;
        assert_eq!(answer.faults(), ["/signature"]);
        api.post(VERIFY, &proof).await.problem(401, "invalid_signature");
    }
    // A wallet of another namespace, with a signature of an Ethereum wallet.
    let solana = SolanaWallet::new();
    let proof = solana.proof(&api.post(CHALLENGE, &solana.named()).await.expecting(200));
    assert_eq!(api.post(VERIFY, &changed(&proof, "signature", Some("0x00"))).await.faults(), ["/signature"]);
    api.post(VERIFY, &proof).await.problem(401, "invalid_signature");
    enter(&api, &wallet).await;
}

async fn an_incomplete_body_does_not_consume_the_nonce(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, wallet) = (service.api(), EvmWallet::new());
    let proof = wallet.proof("ethereum", &challenge(&api, &wallet).await);
    for (member, value) in INCOMPLETE {
        assert_eq!(api.post(VERIFY, &changed(&proof, member, value)).await.faults(), [format!("/{member}")]);
    }
    let all = api.post(VERIFY, &json!({ "nonce": proof["nonce"] })).await.faults();
    assert_eq!(all, ["/chain_type", "/signature", "/wallet_address"]);
    assert_eq!(post_text(&api, with_a_double(&proof)).await.faults(), ["/x"]);
    api.post(VERIFY, &proof).await.is(200);
}

async fn a_malformed_signature_of_a_link_request_consumes_the_nonce_s83(backend: Backend) {
    let service = Service::start(backend).await;
    let (person, wallet) = (Person::register(&service.api()).await, EvmWallet::new());
    let prove = async || {
        let asked = person.post("/users/me/wallets/challenge", &wallet.named("base")).await.expecting(200);
        wallet.proof("base", &asked)
    };
    for signature in MALFORMED {
        let proof = prove().await;
        let malformed = changed(&proof, "signature", Some(signature));
        // An unauthenticated caller consumes nothing.
        service.api().post("/users/me/wallets", &malformed).await.problem(401, "authentication_required");
        assert_eq!(person.post("/users/me/wallets", &malformed).await.faults(), ["/signature"]);
        person.post("/users/me/wallets", &proof).await.problem(401, "invalid_signature");
    }
    assert_eq!(person.get("/users/me/wallets").await.expecting(200), json!([]));
    let proof = prove().await;
    for (member, value) in INCOMPLETE {
        let incomplete = changed(&proof, member, value);
        assert_eq!(person.post("/users/me/wallets", &incomplete).await.faults(), [format!("/{member}")]);
    }
    person.post("/users/me/wallets", &proof).await.is(201);
}

async fn a_malformed_signature_of_an_application_sign_in_consumes_the_nonce_s83(backend: Backend) {
    let (acme, wallet) = (TestOrg::open(backend).await, EvmWallet::new());
    let session = BrowserSession::begin(&acme).await;
    for signature in MALFORMED {
        let proof = session.proof(&acme.api(), &wallet).await;
        let malformed = changed(&proof, "signature", Some(signature));
        assert_eq!(session.verify(&acme.api(), &malformed).await.faults(), ["/signature"]);
        session.verify(&acme.api(), &proof).await.problem(401, "invalid_signature");
    }
    let proof = session.proof(&acme.api(), &wallet).await;
    for (member, value) in [("message", None), ("signature", None), ("session_id", None), ("session_id", Some("x"))] {
        let incomplete = changed(&proof, member, value);
        assert_eq!(session.verify(&acme.api(), &incomplete).await.faults(), [format!("/{member}")]);
    }
    // A caller with the session id but without its cookie consumes nothing, and neither does a request of another site
    // from the browser that has the cookie.
    let malformed = changed(&proof, "signature", Some("0xzz"));
    assert_eq!(acme.api().post("/sso/web3/verify", &malformed).await.faults(), ["/signature"]);
    let browser = acme.api().with_cookie(&session.cookie);
    for body in [&malformed, &proof] {
        let foreign = browser.request(Method::POST, &format!("{BASE}/sso/web3/verify")).json(body);
        send(foreign.header("Origin", "https://evil.example")).await.problem(403, "cross_site");
    }
    session.verify(&acme.api(), &proof).await.is(200);
}

fn presented(code: &str) -> Value {
    json!({ "code": code, "redirect_uri": RETURN, "code_verifier": VERIFIER })
}

async fn code_of(acme: &TestOrg) -> String {
    text_of(&BrowserSession::begin(acme).await.sign_in(&acme.api(), &EvmWallet::new()).await, "code")
}

async fn a_malformed_code_verifier_consumes_the_authorization_code_s105(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for verifier in ["short", ""] {
        let code = code_of(&acme).await;
        let malformed = changed(&presented(&code), "code_verifier", Some(verifier));
        assert_eq!(acme.api().post("/sso/token", &malformed).await.faults(), ["/code_verifier"]);
        redeem(&acme.api(), &code).await.problem(400, "invalid_grant");
    }
    let trail = crate::audit::trail(&acme.service.installation, Some(&acme.org)).await;
    let refused = trail.iter().filter(|event| event.name == "sso.code_refused");
    let reasons: Vec<&str> = refused.filter_map(|event| Some(event.details.last()?.1.as_str())).collect();
    assert_eq!(reasons, ["verifier", "used"].repeat(2));
    // An incomplete request consumes nothing.
    let code = code_of(&acme).await;
    for member in ["code", "redirect_uri", "code_verifier"] {
        let incomplete = changed(&presented(&code), member, None);
        assert_eq!(acme.api().post("/sso/token", &incomplete).await.faults(), [format!("/{member}")]);
    }
    redeem(&acme.api(), &code).await.is(200);
}

async fn an_unreadable_body_does_not_consume_the_nonce(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, wallet) = (service.api(), EvmWallet::new());
    let proof = wallet.proof("ethereum", &challenge(&api, &wallet).await);
    let text = proof.to_string();
    for unreadable in [format!("{text}x"), text[..text.len() - 1].to_owned(), format!("[{text}]")] {
        assert_eq!(post_text(&api, unreadable).await.status, 400);
    }
    let nonce = text_of(&proof, "nonce");
    for other in [json!(null), json!([nonce]), json!(format!(" {nonce}")), json!("x"), json!({ "nonce": nonce })] {
        let mut body = changed(&proof, "signature", Some("0xzz"));
        body["nonce"] = other;
        assert_eq!(api.post(VERIFY, &body).await.status, 400, "{body}");
    }
    let request = api.request(Method::POST, &format!("{BASE}{VERIFY}")).header("Content-Type", "text/plain");
    assert_eq!(send(request.body(text)).await.status, 415);
    api.post(VERIFY, &proof).await.is(200);
}

/// Sends a valid body ten times and an invalid body ten times, concurrently over two nodes.
async fn good_and_faulty(service: &Service, path: &'static str, good: &Value, faulty: &Value) -> Vec<Answer> {
    let other = service.installation.start_another();
    let nodes = [service.api(), other.api()];
    let all = (0..20).map(|number| {
        let (api, body) = (nodes[number / 2 % 2].clone(), if number % 2 == 0 { good } else { faulty }.clone());
        async move { api.post(path, &body).await }
    });
    together(all).await
}

async fn concurrent_valid_and_invalid_bodies_use_a_nonce_at_most_once_s83(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, wallet) = (service.api(), EvmWallet::new());
    let good = wallet.proof("ethereum", &challenge(&api, &wallet).await);
    let answers = good_and_faulty(&service, VERIFY, &good, &changed(&good, "signature", Some("0xzz"))).await;
    let won = count(&answers, 200);
    assert!(won <= 1, "{won}");
    assert_eq!((count(&answers, 400), count(&answers, 401)), (10, 10 - won));
    api.post(VERIFY, &good).await.problem(401, "invalid_signature");
}

async fn concurrent_valid_and_invalid_bodies_redeem_a_code_at_most_once_s105(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let good = presented(&code_of(&acme).await);
    let faulty = changed(&good, "code_verifier", Some("short"));
    let answers = good_and_faulty(&acme.service, "/sso/token", &good, &faulty).await;
    let won = count(&answers, 200);
    assert!(won <= 1, "{won}");
    assert_eq!(count(&answers, 400), 20 - won);
    acme.api().post("/sso/token", &good).await.problem(400, "invalid_grant");
}
