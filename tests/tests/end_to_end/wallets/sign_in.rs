//! Wallet sign-in.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tessera_tests::{
    api::{Answer, Api, text_of},
    database::Backend,
    on_both,
    process::Installation,
    test_org::{Person, Service},
    wallet::{EvmWallet, SolanaWallet},
};
use tokio::task::JoinSet;

pub(crate) const CHALLENGE: &str = "/auth/web3/challenge";
pub(crate) const VERIFY: &str = "/auth/web3/verify";

pub(crate) async fn challenge(api: &Api, wallet: &EvmWallet) -> Value {
    api.post(CHALLENGE, &wallet.named("ethereum")).await.expecting(200)
}

/// Signs in with a wallet.
pub(crate) async fn enter(api: &Api, wallet: &EvmWallet) -> Value {
    let challenge = challenge(api, wallet).await;
    api.post(VERIFY, &wallet.proof("ethereum", &challenge)).await.expecting(200)
}

/// Sends all requests concurrently and collects the responses.
pub(crate) async fn together(
    requests: impl IntoIterator<Item = impl Future<Output = Answer> + Send + 'static>,
) -> Vec<Answer> {
    let mut running: JoinSet<Answer> = JoinSet::new();
    for request in requests {
        running.spawn(request);
    }
    running.join_all().await
}

pub(crate) fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

/// Asserts that one request has the success status, and that all others failed with the problem.
#[track_caller]
pub(crate) fn one_succeeded(answers: &[Answer], success: u16, (status, code): (u16, &str)) {
    assert_eq!(count(answers, success), 1, "requests with status {success}");
    for loser in answers.iter().filter(|answer| answer.status != success) {
        loser.problem(status, code);
    }
}

pub(crate) fn addresses(user: &Value) -> Vec<String> {
    let wallets = user["wallets"].as_array().unwrap_or_else(|| panic!("no wallets: {user}"));
    wallets.iter().map(|wallet| text_of(wallet, "address").to_ascii_lowercase()).collect()
}

on_both! {
    a_wallet_signs_in_to_one_user_from_every_chain
    a_wallet_of_another_evm_chain_signs_in_if_the_chain_is_listed
    a_solana_wallet_signs_in
    a_challenge_is_a_message_of_erc_4361_from_the_public_url
    a_challenge_is_the_same_for_known_and_unknown_wallets_s21
    a_nonce_can_be_used_once_s83
    a_nonce_is_stored_on_the_server_and_not_in_a_cookie_s84
    an_email_in_a_wallet_sign_in_selects_no_account_s99
    first_sign_ins_of_one_wallet_at_once_make_one_user
    unreadable_values_are_reported_as_field_errors
    an_empty_or_short_signature_is_rejected_s93
    logs_contain_no_nonce_or_signature_s196
    an_unavailable_chain_node_returns_503_s97
}

async fn a_wallet_signs_in_to_one_user_from_every_chain(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, wallet) = (service.api(), EvmWallet::new());
    let mut users = Vec::new();
    for chain in ["ethereum", "polygon", "arbitrum", "optimism", "base"] {
        let challenge = api.post(CHALLENGE, &wallet.named(chain)).await.expecting(200);
        let login = api.post(VERIFY, &wallet.proof(chain, &challenge)).await.expecting(200);
        assert_eq!(login["token_type"], "Bearer");
        let me = api.bearer(&text_of(&login, "token")).get("/users/me").await.expecting(200);
        assert_eq!(me, login["user"]);
        users.push(me);
    }
    assert!(users.iter().all(|user| *user == users[0]), "{users:?}");
    assert_eq!((&users[0]["email"], &users[0]["profile_complete"]), (&Value::Null, &json!(false)));
    assert_eq!(users[0]["wallets"][0]["chain_type"], "ethereum");
    assert_eq!(addresses(&users[0]), [wallet.address()]);
    let other = enter(&api, &EvmWallet::new()).await;
    assert_ne!(other["user"]["id"], users[0]["id"]);
}

async fn a_wallet_of_another_evm_chain_signs_in_if_the_chain_is_listed(backend: Backend) {
    let service = Service::on(Installation::new(backend).await.set("TESSERA_EVM_CHAINS", "100,11155111"));
    let (api, wallet) = (service.api(), EvmWallet::new());
    let asked = api.post(CHALLENGE, &wallet.named("eip155:100")).await.expecting(200);
    assert!(text_of(&asked, "challenge").contains("\nChain ID: 100\n"), "{asked}");
    // The signature is for that chain only.
    api.post(VERIFY, &wallet.proof("eip155:11155111", &asked)).await.problem(401, "invalid_signature");
    let asked = api.post(CHALLENGE, &wallet.named("eip155:100")).await.expecting(200);
    let login = api.post(VERIFY, &wallet.proof("eip155:100", &asked)).await.expecting(200);
    assert_eq!(login["user"]["wallets"][0]["chain_type"], "eip155:100");
    // The address is the same user on a chain with a name, which may also be written by its id.
    let asked = api.post(CHALLENGE, &wallet.named("eip155:1")).await.expecting(200);
    let again = api.post(VERIFY, &wallet.proof("ethereum", &asked)).await.expecting(200);
    assert_eq!(again["user"]["id"], login["user"]["id"]);

    let another = Person::register(&api).await;
    for (caller, path) in [(&api, CHALLENGE), (&another, "/users/me/wallets/challenge")] {
        let rejected = caller.post(path, &wallet.named("eip155:5")).await;
        assert_eq!(rejected.faults(), ["/chain_type"]);
        let detail = &rejected.json()["errors"][0];
        assert_eq!(detail["code"], "unknown_value");
        assert!(text_of(detail, "detail").ends_with("solana, eip155:100, eip155:11155111"), "{detail}");
    }
}

async fn a_solana_wallet_signs_in(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, wallet) = (service.api(), SolanaWallet::new());
    let asked = api.post(CHALLENGE, &wallet.named()).await.expecting(200);
    assert_eq!(asked["challenge"], asked["nonce"]);
    let login = api.post(VERIFY, &wallet.proof(&asked)).await.expecting(200);
    assert_eq!(login["user"]["wallets"][0]["address"], wallet.address());
    assert_eq!(login["user"]["wallets"][0]["chain_type"], "solana");
    let again = api.post(CHALLENGE, &wallet.named()).await.expecting(200);
    let again = api.post(VERIFY, &wallet.proof(&again)).await.expecting(200);
    assert_eq!(again["user"], login["user"]);
}

async fn a_challenge_is_a_message_of_erc_4361_from_the_public_url(backend: Backend) {
    let installation =
        Installation::new(backend).await.set("TESSERA_PUBLIC_URL", "https://accounts.example.com:444/id/");
    let service = Service::on(installation);
    let wallet = EvmWallet::new();
    let asking =
        service.api().request(reqwest::Method::POST, "/api/v1/auth/web3/challenge").json(&wallet.named("polygon"));
    let asking = asking.header("X-Forwarded-Host", "evil.example").header("Origin", "https://evil.example");
    let asked = tessera_tests::api::send(asking).await.expecting(200);
    let message = text_of(&asked, "challenge");
    let lines: Vec<&str> = message.split('\n').collect();
    assert_eq!(lines[0], "accounts.example.com:444 wants you to sign in with your Ethereum account:");
    assert_eq!(lines[1].to_ascii_lowercase(), wallet.address());
    assert_eq!(lines[5..8], ["URI: https://accounts.example.com:444/id", "Version: 1", "Chain ID: 137"]);
    assert_eq!(lines[8], format!("Nonce: {}", text_of(&asked, "nonce")));
    assert_eq!(lines[10], format!("Expiration Time: {}", text_of(&asked, "expires_at")));
    assert_eq!(lines.len(), 11);
}

async fn a_challenge_is_the_same_for_known_and_unknown_wallets_s21(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, known, unknown) = (service.api(), EvmWallet::new(), EvmWallet::new());
    enter(&api, &known).await;
    let shape = |answer: &Answer, wallet: &EvmWallet| {
        let body = answer.expecting(200);
        let text = text_of(&body, "challenge").to_ascii_lowercase();
        let text = text.replace(&wallet.address(), "").replace(&text_of(&body, "nonce").to_ascii_lowercase(), "");
        let lines: Vec<String> = text
            .lines()
            .filter(|line| !line.contains(" time: ") && !line.contains(" at: "))
            .map(str::to_owned)
            .collect();
        let names: BTreeSet<String> = answer.headers.keys().map(ToString::to_string).collect();
        (lines, names, body.as_object().map(serde_json::Map::len))
    };
    let one = api.post(CHALLENGE, &known.named("ethereum")).await;
    let other = api.post(CHALLENGE, &unknown.named("ethereum")).await;
    assert_eq!(shape(&one, &known), shape(&other, &unknown));
}

async fn a_nonce_can_be_used_once_s83(backend: Backend) {
    let service = Service::start(backend).await;
    let other = service.installation.start_another();
    let (api, wallet) = (service.api(), EvmWallet::new());
    let proof = wallet.proof("ethereum", &challenge(&api, &wallet).await);
    let answers = together((0..50).map(|number| {
        let api = if number % 2 == 0 { api.clone() } else { api.at(other.url()) };
        let proof = proof.clone();
        async move { api.post(VERIFY, &proof).await }
    }));
    let answers = answers.await;
    one_succeeded(&answers, 200, (401, "invalid_signature"));
}

async fn a_nonce_is_stored_on_the_server_and_not_in_a_cookie_s84(backend: Backend) {
    let service = Service::start(backend).await;
    let other = service.installation.start_another();
    let (api, wallet) = (service.api(), EvmWallet::new());
    let asked = api.post(CHALLENGE, &wallet.named("ethereum")).await;
    assert_eq!(asked.header("set-cookie"), None);
    let proof = wallet.proof("ethereum", &asked.expecting(200));
    // Requested on one node, verified on the other, and replayed on both.
    api.at(other.url()).post(VERIFY, &proof).await.is(200);
    api.post(VERIFY, &proof).await.problem(401, "invalid_signature");
    api.at(other.url()).post(VERIFY, &proof).await.problem(401, "invalid_signature");
}

async fn an_email_in_a_wallet_sign_in_selects_no_account_s99(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, wallet) = (service.api(), EvmWallet::new());
    let person = Person::register(&api).await;
    let mut proof = wallet.proof("ethereum", &challenge(&api, &wallet).await);
    for (name, value) in [("email", &person.email), ("user_id", &person.id), ("sub", &person.id)] {
        proof[name] = value.as_str().into();
    }
    let login = api.post(VERIFY, &proof).await.expecting(200);
    assert_ne!(login["user"]["id"], person.id);
    assert_eq!((&login["user"]["email"], &login["user"]["email_verified"]), (&Value::Null, &json!(false)));
    assert_eq!(person.get("/users/me/wallets").await.expecting(200), json!([]));
}

async fn first_sign_ins_of_one_wallet_at_once_make_one_user(backend: Backend) {
    let service = Service::start(backend).await;
    let other = service.installation.start_another();
    let (api, wallet) = (service.api(), EvmWallet::new());
    let mut proofs = Vec::new();
    for chain in ["ethereum", "base"].into_iter().cycle().take(20) {
        let asked = api.post(CHALLENGE, &wallet.named(chain)).await.expecting(200);
        proofs.push(wallet.proof(chain, &asked));
    }
    let answers = together(proofs.into_iter().enumerate().map(|(number, proof)| {
        let api = if number % 2 == 0 { api.clone() } else { api.at(other.url()) };
        async move { api.post(VERIFY, &proof).await }
    }));
    let users: Vec<Value> = answers.await.iter().map(|answer| answer.expecting(200)["user"]["id"].clone()).collect();
    assert!(users.iter().all(|user| *user == users[0]), "{users:?}");
}

async fn unreadable_values_are_reported_as_field_errors(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, wallet) = (service.api(), EvmWallet::new());
    assert_eq!(api.post(CHALLENGE, &json!({})).await.faults(), ["/chain_type", "/wallet_address"]);
    let all = ["/chain_type", "/nonce", "/signature", "/wallet_address"];
    assert_eq!(api.post(VERIFY, &json!({})).await.faults(), all);
    assert_eq!(
        api.post(VERIFY, &json!({"chain_type": 1, "wallet_address": [], "signature": {}, "nonce": 7})).await.faults(),
        all
    );
    let body = json!({"wallet_address": wallet.address(), "chain_type": "bitcoin"});
    assert_eq!(api.post(CHALLENGE, &body).await.faults(), ["/chain_type"]);
    for address in ["", "0x", "vitalik.eth", "0xg", &"a".repeat(50_000)] {
        let body = json!({"wallet_address": address, "chain_type": "ethereum"});
        assert_eq!(api.post(CHALLENGE, &body).await.faults(), ["/wallet_address"]);
    }
    for signature in ["", "0x0", "0xzz", "nothing", &"00".repeat(65)] {
        let mut body = wallet.named("ethereum");
        body["signature"] = signature.into();
        body["nonce"] = "x".into();
        assert_eq!(api.post(VERIFY, &body).await.faults(), ["/signature"], "{signature}");
    }
}

async fn an_empty_or_short_signature_is_rejected_s93(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, wallet) = (service.api(), EvmWallet::new());
    enter(&api, &wallet).await;
    for signature in ["0x", "0x00", &format!("0x{}", "00".repeat(31))] {
        let mut proof = wallet.proof("ethereum", &challenge(&api, &wallet).await);
        proof["signature"] = signature.into();
        api.post(VERIFY, &proof).await.problem(401, "invalid_signature");
    }
}

async fn logs_contain_no_nonce_or_signature_s196(backend: Backend) {
    let service = Service::on(Installation::new(backend).await.set("TESSERA_LOG", "debug"));
    let (api, wallet) = (service.api(), EvmWallet::new());
    let asked = challenge(&api, &wallet).await;
    let proof = wallet.proof("ethereum", &asked);
    api.post(VERIFY, &proof).await.is(200);
    api.post(VERIFY, &proof).await.is(401);
    let log = service.node.log();
    assert!(log.contains("/api/v1/auth/web3/verify"), "{log}");
    for secret in [text_of(&asked, "nonce"), text_of(&proof, "signature")] {
        assert!(!log.contains(&secret), "{secret} is in the log");
    }
}

async fn an_unavailable_chain_node_returns_503_s97(backend: Backend) {
    let service = Service::on(Installation::new(backend).await.set("TESSERA_RPC_ETHEREUM", "http://127.0.0.1:1/"));
    let (api, wallet) = (service.api(), EvmWallet::new());
    let asked = challenge(&api, &wallet).await;
    let mut proof = wallet.proof("ethereum", &asked);
    proof["signature"] = "0x00".into();
    let answer = api.post(VERIFY, &proof).await;
    answer.problem(503, "unavailable");
    assert!(answer.header("retry-after").is_some());
    // The nonce is consumed nevertheless. Externally owned accounts and chains without an RPC node need no call.
    api.post(VERIFY, &wallet.proof("ethereum", &asked)).await.problem(401, "invalid_signature");
    enter(&api, &wallet).await;
    let asked = api.post(CHALLENGE, &wallet.named("base")).await.expecting(200);
    let mut proof = wallet.proof("base", &asked);
    proof["signature"] = "0x00".into();
    api.post(VERIFY, &proof).await.problem(401, "invalid_signature");
}
