//! Wallet sign-in to an application over HTTP, from the first redirect to the redeemed code.

use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::{Answer, BASE, send, text_of},
    database::Backend,
    jose, on_both,
    process::Installation,
    sso::{BrowserSession, RETURN, VERIFIER, redeem, register},
    test_org::{TestOrg, sign_in},
    wallet::EvmWallet,
};
use tokio::task::JoinSet;

on_both! {
    a_wallet_signs_in_to_an_application
    the_message_contains_all_documented_fields
    the_response_redirects_with_code_state_and_issuer
    a_wallet_is_the_same_user_in_applications_and_in_the_service
    a_sign_in_requires_the_cookie_of_its_browser_s110
    requests_of_other_sites_are_rejected_s117
    one_of_50_concurrent_verifications_succeeds_s83
    of_two_tabs_the_second_fails_because_the_sign_in_is_used
    an_sso_session_can_be_used_once
    a_wrong_signature_is_rejected_and_uses_the_challenge
    only_offered_chains_are_accepted_s88
    one_of_50_concurrent_redemptions_succeeds_s105
    a_code_requires_its_redirect_uri_and_code_verifier_s106
    a_deleted_application_ends_its_sign_ins_and_codes_s112
    an_application_can_be_deleted_during_sign_ins_s112
    a_removed_redirect_uri_ends_its_sign_ins_and_codes
    no_code_is_redeemed_after_its_redirect_uri_is_removed_s112
    a_token_for_an_application_is_rejected_by_the_service_s56
    application_sign_ins_are_audited_s198
}

/// The claims of a token, verified as the application would do it.
pub(super) async fn claims(acme: &TestOrg, token: &Value) -> Value {
    let keys = acme.api().get_root("/.well-known/jwks.json").await.expecting(200);
    let token = token.as_str().unwrap_or_else(|| panic!("no token: {token}"));
    let (_, claims) = jose::verify(&keys, token).unwrap_or_else(|error| panic!("{error}"));
    claims
}

/// All responses to the same request, sent concurrently several times over two nodes.
async fn at_once(acme: &TestOrg, cookie: &str, path: &'static str, body: &Value, times: usize) -> Vec<Answer> {
    let other = acme.service.installation.start_another();
    let mut running = JoinSet::new();
    for number in 0..times {
        let api = if number % 2 == 0 { acme.api() } else { other.api() };
        let (api, body) = (api.with_cookie(cookie), body.clone());
        running.spawn(async move { api.post(path, &body).await });
    }
    running.join_all().await
}

async fn a_wallet_signs_in_to_an_application(backend: Backend) {
    let (acme, wallet) = (TestOrg::open(backend).await, EvmWallet::new());
    let done = BrowserSession::begin(&acme).await.sign_in(&acme.api(), &wallet).await;
    assert_eq!((&done["token_type"], &done["expires_in"]), (&json!("Bearer"), &json!(300)));
    let redeemed = redeem(&acme.api(), &text_of(&done, "code")).await.expecting(200);
    assert_eq!((&redeemed["token_type"], &redeemed["expires_in"]), (&json!("Bearer"), &json!(300)));
    for token in [&done["token"], &redeemed["token"]] {
        let claims = claims(&acme, token).await;
        assert_eq!((&claims["aud"], &claims["iss"]), (&json!(acme.app), &json!("http://localhost:8080")));
        assert_eq!(claims["chain_id"], 1);
        let address = claims["wallet_address"].as_str().unwrap_or_default();
        assert!(address != wallet.address() && address.eq_ignore_ascii_case(&wallet.address()), "{address}");
        assert_eq!(claims["exp"].as_i64(), claims["iat"].as_i64().map(|at| at + 300));
        assert!(claims["sub"].is_string() && claims["jti"].is_string(), "{claims}");
        assert!(claims["nonce"].is_null() && claims["roles"].is_null() && claims["organization_id"].is_null());
    }
    assert_ne!(done["token"], redeemed["token"]);
}

async fn the_message_contains_all_documented_fields(backend: Backend) {
    let (acme, wallet) = (TestOrg::open(backend).await, EvmWallet::new());
    let name = json!({ "name": "Dungeon \"Ä\" & Co" });
    acme.owner.put(&format!("/apps/{}", acme.app), &name).await.is(200);
    let session = BrowserSession::begin(&acme).await;
    let challenge = session.challenge(&acme.api(), &wallet).await.expecting(200);
    let message = text_of(&challenge, "message");
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines[0], "localhost:8080 wants you to sign in with your Ethereum account:");
    assert_eq!(lines[3], "Sign in at game.example to the application [Dungeon ??? & Co].");
    let nonce = text_of(&challenge, "nonce");
    for line in ["URI: http://localhost:8080", "Version: 1", "Chain ID: 1"].map(str::to_owned).into_iter().chain([
        format!("Nonce: {nonce}"),
        format!("Request ID: {}", session.session),
        format!("Expiration Time: {}", text_of(&challenge, "expires_at")),
    ]) {
        assert!(lines.contains(&line.as_str()), "{line}: {message}");
    }
    let again = session.challenge(&acme.api(), &wallet).await.expecting(200);
    assert_ne!(again["nonce"], challenge["nonce"]);
}

async fn the_response_redirects_with_code_state_and_issuer(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let done = BrowserSession::begin(&acme).await.sign_in(&acme.api(), &EvmWallet::new()).await;
    let code = text_of(&done, "code");
    let expected = format!("{RETURN}&code={code}&state=af0ifjsldkj&iss=http%3A%2F%2Flocalhost%3A8080");
    assert_eq!((&done["redirect_uri"], &done["state"]), (&json!(expected), &json!("af0ifjsldkj")));
    // S108
    assert!(!expected.contains(&text_of(&done, "token")));
}

async fn a_wallet_is_the_same_user_in_applications_and_in_the_service(backend: Backend) {
    let (acme, wallet) = (TestOrg::open(backend).await, EvmWallet::new());
    let first = BrowserSession::begin(&acme).await.sign_in(&acme.api(), &wallet).await;
    let second = BrowserSession::begin(&acme).await.sign_in(&acme.api(), &wallet).await;
    let challenge = acme.api().post("/auth/web3/challenge", &wallet.named("polygon")).await.expecting(200);
    let login = acme.api().post("/auth/web3/verify", &wallet.proof("polygon", &challenge)).await.expecting(200);
    let sub = claims(&acme, &first["token"]).await["sub"].clone();
    assert_eq!(claims(&acme, &second["token"]).await["sub"], sub);
    assert_eq!(login["user"]["id"], sub);
}

async fn a_sign_in_requires_the_cookie_of_its_browser_s110(backend: Backend) {
    let (acme, wallet) = (TestOrg::open(backend).await, EvmWallet::new());
    let (victim, attacker) = (BrowserSession::begin(&acme).await, BrowserSession::begin(&acme).await);
    let proof = attacker.proof(&acme.api(), &wallet).await;
    for cookie in ["", "a=b", &victim.cookie, &victim.cookie.replace(&victim.session, &attacker.session)] {
        let foreign = BrowserSession { cookie: cookie.to_owned(), ..attacker.clone() };
        foreign.challenge(&acme.api(), &wallet).await.problem(404, "sso_session_not_found");
        foreign.verify(&acme.api(), &proof).await.problem(401, "invalid_signature");
    }
    // The attempts of other callers have consumed nothing.
    attacker.verify(&acme.api(), &proof).await.is(200);
    let unknown = BrowserSession { session: "0".repeat(32), ..victim };
    unknown.challenge(&acme.api(), &wallet).await.problem(404, "sso_session_not_found");
}

async fn requests_of_other_sites_are_rejected_s117(backend: Backend) {
    let (acme, wallet) = (TestOrg::open(backend).await, EvmWallet::new());
    let session = BrowserSession::begin(&acme).await;
    let proof = session.proof(&acme.api(), &wallet).await;
    let post = |path: &str, header: (&str, &str), body: &Value| {
        let request = acme.api().with_cookie(&session.cookie).request(Method::POST, &format!("{BASE}{path}"));
        send(request.header(header.0, header.1).json(body))
    };
    for header in [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Origin", "http://localhost:8081"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Sec-Fetch-Site", "none"),
    ] {
        post("/sso/web3/challenge", header, &session.named(&wallet)).await.problem(403, "cross_site");
        post("/sso/web3/verify", header, &proof).await.problem(403, "cross_site");
    }
    post("/sso/web3/verify", ("Origin", "http://localhost:8080"), &proof).await.is(200);
}

async fn one_of_50_concurrent_verifications_succeeds_s83(backend: Backend) {
    let (acme, wallet) = (TestOrg::open(backend).await, EvmWallet::new());
    let session = BrowserSession::begin(&acme).await;
    let proof = session.proof(&acme.api(), &wallet).await;
    let answers = at_once(&acme, &session.cookie, "/sso/web3/verify", &proof, 50).await;
    let mut good = 0;
    for answer in &answers {
        match answer.status {
            200 => good += 1,
            // A request during the sign-in and a request after its end get the same problem.
            _ => drop(answer.problem(409, "sso_session_used")),
        }
    }
    assert_eq!(good, 1);
}

async fn of_two_tabs_the_second_fails_because_the_sign_in_is_used(backend: Backend) {
    let (acme, wallet) = (TestOrg::open(backend).await, EvmWallet::new());
    for _ in 0..20 {
        let session = BrowserSession::begin(&acme).await;
        let proof = session.proof(&acme.api(), &wallet).await;
        let api = acme.api();
        let (one, other) = tokio::join!(session.verify(&api, &proof), session.verify(&api, &proof));
        let (won, lost) = if one.status == 200 { (one, other) } else { (other, one) };
        won.is(200);
        lost.problem(409, "sso_session_used");
    }
}

async fn an_sso_session_can_be_used_once(backend: Backend) {
    let (acme, wallet) = (TestOrg::open(backend).await, EvmWallet::new());
    let session = BrowserSession::begin(&acme).await;
    let proof = session.proof(&acme.api(), &wallet).await;
    session.verify(&acme.api(), &proof).await.is(200);
    session.verify(&acme.api(), &proof).await.problem(409, "sso_session_used");
    session.challenge(&acme.api(), &wallet).await.problem(404, "sso_session_not_found");
    let browser = acme.api().with_cookie(&session.cookie);
    let page = browser.get_root(&format!("/api/v1/sso/web3/sign-in?session_id={}", session.session)).await;
    page.is(200);
    assert!(page.text().contains("This sign-in was already used"), "{}", page.text());
}

async fn a_wrong_signature_is_rejected_and_uses_the_challenge(backend: Backend) {
    let (acme, wallet, other) = (TestOrg::open(backend).await, EvmWallet::new(), EvmWallet::new());
    let session = BrowserSession::begin(&acme).await;
    let with = |proof: &Value, member: &str, value: String| {
        let mut proof = proof.clone();
        proof[member] = value.into();
        proof
    };
    for case in 0..4 {
        let proof = session.proof(&acme.api(), &wallet).await;
        let message = text_of(&proof, "message");
        let changed = message.replace("Version: 1", "Version: 2");
        let bad = match case {
            0 => with(&proof, "signature", other.sign(&message)),
            1 => with(&proof, "signature", wallet.sign(&changed)),
            2 => with(&with(&proof, "message", changed.clone()), "signature", wallet.sign(&changed)),
            _ => with(&proof, "signature", "0x00".to_owned()),
        };
        session.verify(&acme.api(), &bad).await.problem(401, "invalid_signature");
        session.verify(&acme.api(), &proof).await.problem(401, "invalid_signature");
    }
    session.sign_in(&acme.api(), &wallet).await;
}

async fn only_offered_chains_are_accepted_s88(backend: Backend) {
    let (acme, wallet) = (TestOrg::open(backend).await, EvmWallet::new());
    let session = BrowserSession::begin(&acme).await;
    let api = acme.api().with_cookie(&session.cookie);
    for chain in [1_u64, 137, 42161, 10, 8453] {
        let mut body = session.named(&wallet);
        body["chain_id"] = chain.into();
        let message = text_of(&api.post("/sso/web3/challenge", &body).await.expecting(200), "message");
        assert!(message.contains(&format!("\nChain ID: {chain}\n")), "{message}");
    }
    for chain in [json!(0), json!(2), json!("1"), json!(1.5), json!(-1), json!(u64::MAX), json!(null)] {
        let mut body = session.named(&wallet);
        body["chain_id"] = chain;
        assert_eq!(api.post("/sso/web3/challenge", &body).await.faults(), ["/chain_id"]);
    }
    let empty = api.post("/sso/web3/challenge", &json!({})).await.faults();
    assert_eq!(empty, ["/chain_id", "/session_id", "/wallet_address"]);
}

async fn one_of_50_concurrent_redemptions_succeeds_s105(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let done = BrowserSession::begin(&acme).await.sign_in(&acme.api(), &EvmWallet::new()).await;
    let body = json!({ "code": done["code"], "redirect_uri": RETURN, "code_verifier": VERIFIER });
    let answers = at_once(&acme, "", "/sso/token", &body, 50).await;
    let good = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(good, 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.problem(400, "invalid_grant");
    }
}

async fn a_code_requires_its_redirect_uri_and_code_verifier_s106(backend: Backend) {
    let (acme, wallet) = (TestOrg::open(backend).await, EvmWallet::new());
    for (member, value) in [
        ("redirect_uri", "https://game.example/back"),
        ("redirect_uri", ""),
        ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl"),
    ] {
        let done = BrowserSession::begin(&acme).await.sign_in(&acme.api(), &wallet).await;
        let mut body = json!({ "code": done["code"], "redirect_uri": RETURN, "code_verifier": VERIFIER });
        body[member] = value.into();
        acme.api().post("/sso/token", &body).await.problem(400, "invalid_grant");
        // The code is consumed by the first attempt. A caller who has the code without the other values has stolen it.
        redeem(&acme.api(), &text_of(&done, "code")).await.problem(400, "invalid_grant");
    }
    redeem(&acme.api(), &"0".repeat(64)).await.problem(400, "invalid_grant");
    let without = json!({ "code": "x", "redirect_uri": RETURN });
    assert_eq!(acme.api().post("/sso/token", &without).await.faults(), ["/code_verifier"]);
}

async fn a_deleted_application_ends_its_sign_ins_and_codes_s112(backend: Backend) {
    let (acme, wallet) = (TestOrg::open(backend).await, EvmWallet::new());
    let (begun, asked) = (BrowserSession::begin(&acme).await, BrowserSession::begin(&acme).await);
    let proof = asked.proof(&acme.api(), &wallet).await;
    let done = BrowserSession::begin(&acme).await.sign_in(&acme.api(), &wallet).await;
    acme.owner.delete(&format!("/apps/{}", acme.app)).await.is(204);
    begun.challenge(&acme.api(), &wallet).await.problem(404, "sso_session_not_found");
    asked.verify(&acme.api(), &proof).await.problem(401, "invalid_signature");
    redeem(&acme.api(), &text_of(&done, "code")).await.problem(400, "invalid_grant");
}

async fn a_removed_redirect_uri_ends_its_sign_ins_and_codes(backend: Backend) {
    let (acme, wallet) = (TestOrg::open(backend).await, EvmWallet::new());
    let (begun, asked) = (BrowserSession::begin(&acme).await, BrowserSession::begin(&acme).await);
    let proof = asked.proof(&acme.api(), &wallet).await;
    let done = BrowserSession::begin(&acme).await.sign_in(&acme.api(), &wallet).await;
    register(&acme, "https://game.example/elsewhere").await;
    begun.challenge(&acme.api(), &wallet).await.problem(404, "sso_session_not_found");
    asked.verify(&acme.api(), &proof).await.problem(401, "invalid_signature");
    redeem(&acme.api(), &text_of(&done, "code")).await.problem(400, "invalid_grant");
}

/// A code is either redeemed before the application removes the redirect URI, or it is invalid. No request is blocked,
/// and no request that starts after the acknowledged change succeeds.
async fn no_code_is_redeemed_after_its_redirect_uri_is_removed_s112(backend: Backend) {
    let (acme, wallet) = (TestOrg::open(backend).await, EvmWallet::new());
    let other = acme.service.installation.start_another();
    let mut codes = Vec::new();
    for _ in 0..24 {
        let done = BrowserSession::begin(&acme).await.sign_in(&acme.api(), &wallet).await;
        codes.push(text_of(&done, "code"));
    }
    let mut running = JoinSet::new();
    // Eight tasks redeem one code after the other, alternating between the nodes.
    for own in codes.chunks(3).map(<[String]>::to_vec) {
        let nodes = [acme.api(), other.api()];
        running.spawn(async move {
            let mut redeemed = Vec::new();
            for (code, api) in own.iter().zip(nodes.iter().cycle()) {
                let begun = Instant::now();
                redeemed.push((begun, redeem(api, code).await));
            }
            redeemed
        });
    }
    register(&acme, "https://game.example/elsewhere").await;
    let given_up = Instant::now();
    for (begun, answer) in running.join_all().await.into_iter().flatten() {
        if begun > given_up || answer.status != 200 {
            answer.problem(400, "invalid_grant");
        }
    }
}

async fn a_token_for_an_application_is_rejected_by_the_service_s56(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let done = BrowserSession::begin(&acme).await.sign_in(&acme.api(), &EvmWallet::new()).await;
    acme.api().bearer(&text_of(&done, "token")).get("/users/me").await.problem(401, "invalid_token");
    // S49: the identifiers of the sign-in session do not authorize requests either.
    acme.api().bearer(&text_of(&done, "code")).get("/users/me").await.problem(401, "invalid_token");
    assert!(!sign_in(&acme.api(), &acme.owner.email).await.is_empty());
}

async fn application_sign_ins_are_audited_s198(backend: Backend) {
    let acme = TestOrg::open_on(Installation::new(backend).await).await;
    let wallet = EvmWallet::new();
    let session = BrowserSession::begin(&acme).await;
    let mut bad = session.proof(&acme.api(), &wallet).await;
    bad["signature"] = "0x00".into();
    session.verify(&acme.api(), &bad).await.is(401);
    let code = text_of(&session.sign_in(&acme.api(), &wallet).await, "code");
    redeem(&acme.api(), &code).await.is(200);
    redeem(&acme.api(), &code).await.is(400);
    let trail = crate::audit::trail(&acme.service.installation, Some(&acme.org)).await;
    let names: Vec<&str> =
        trail.iter().map(|event| event.name.as_str()).filter(|name| name.starts_with("sso.")).collect();
    assert_eq!(names, ["sso.signed_in", "sso.code_redeemed", "sso.code_refused"]);
    let told = format!("{trail:?}");
    assert!(told.contains("(\"reason\", \"used\")") && !told.contains(&code), "{told}");
    let outside = crate::audit::trail(&acme.service.installation, None).await;
    assert!(outside.iter().any(|event| event.name == "sso.refused"), "{outside:?}");
}

/// Concurrent sign-ins do not block the deletion of an application.
async fn an_application_can_be_deleted_during_sign_ins_s112(backend: Backend) {
    // More sign-ins than one network may begin in a minute.
    let unlimited = Installation::new(backend).await.set("TESSERA_THROTTLE", "off");
    let mut acme = TestOrg::open_on(unlimited).await;
    for _ in 0..3 {
        acme.app = acme.owner.make_app(&acme.org).await;
        let mut running = JoinSet::new();
        for _ in 0..12 {
            let (api, wallet, session) = (acme.api(), EvmWallet::new(), BrowserSession::begin(&acme).await);
            let proof = session.proof(&api, &wallet).await;
            running.spawn(async move { session.verify(&api, &proof).await });
        }
        let (owner, path) = (acme.owner.clone(), format!("/apps/{}", acme.app));
        running.spawn(async move { owner.delete(&path).await });
        let statuses: Vec<u16> = running.join_all().await.iter().map(|answer| answer.status).collect();
        assert!(statuses.contains(&204) && statuses.iter().all(|status| *status < 500), "{statuses:?}");
    }
}
