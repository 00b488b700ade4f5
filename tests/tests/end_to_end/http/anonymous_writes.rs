//! Storage writes that callers without a credential can cause.

use serde_json::json;
use tessera_tests::{
    api::text_of,
    database::Backend,
    on_both,
    process::Installation,
    sso::{BrowserSession, redeem},
    test_org::{Person, TestOrg},
    wallet::EvmWallet,
};

use crate::{audit::trail, wallets::sign_in::VERIFY};

on_both! {
    anonymous_callers_write_few_rows
}

async fn anonymous_callers_write_few_rows(backend: Backend) {
    let acme = TestOrg::open_on(Installation::new(backend).await).await;
    let (api, wallet) = (acme.api(), EvmWallet::new());
    let person = Person::register(&api).await;
    let before = trail(&acme.service.installation, None).await.len();
    let session = BrowserSession::begin(&acme).await;
    let invented = json!({ "challenge": "x", "nonce": "0".repeat(22) });
    let unknown = BrowserSession { session: "0".repeat(32), ..session.clone() };
    let never_asked = json!({ "session_id": unknown.session, "message": "x", "signature": "0x00" });
    for _ in 0..20 {
        api.post(VERIFY, &wallet.proof("ethereum", &invented)).await.problem(401, "invalid_signature");
        unknown.verify(&api, &never_asked).await.problem(401, "invalid_signature");
        redeem(&api, &"0".repeat(64)).await.problem(400, "invalid_grant");
    }
    // None of these objects ever existed, so nothing was written.
    assert_eq!(trail(&acme.service.installation, None).await.len(), before);
    for _ in 0..6 {
        api.post("/auth/login", &json!({ "email": person.email, "password": "wrong" })).await.is(401);
        let exchange = json!({ "organization_id": acme.org, "audience": "urn:nobody" });
        person.post("/auth/token/exchange", &exchange).await.is(403);
    }
    // A new minute may begin during the requests. Then there is one entry per minute, and the entries count all
    // attempts.
    let entries = trail(&acme.service.installation, None).await.split_off(before);
    for name in ["session.refused", "token.refused"] {
        let attempts: Vec<u64> =
            entries.iter().filter(|entry| entry.name == name).map(|entry| entry.attempts).collect();
        assert!(attempts.len() <= 2 && attempts.iter().sum::<u64>() == 6, "{name}: {attempts:?}");
    }
    // The limit `challenge` counts challenges and sign-ins of a network together. One was used above.
    let mut admitted = 0;
    let rejected = loop {
        let answer = api.post("/auth/web3/challenge", &wallet.named("ethereum")).await;
        if answer.status != 200 {
            break answer;
        }
        admitted += 1;
        assert!(admitted <= 120, "the limit must reject at last");
    };
    assert!(admitted >= 59, "{admitted}");
    let problem = rejected.problem(429, "rate_limited");
    assert_eq!(text_of(&problem, "limit"), "challenge");
    assert!(rejected.header("retry-after").is_some());
    assert_eq!(rejected.header("ratelimit-policy"), Some("\"challenge\";q=60;w=60"));
}
