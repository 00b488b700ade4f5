//! Linking and unlinking of wallets.

use serde_json::json;
use tessera_tests::{
    api::{Answer, Api, text_of},
    database::Backend,
    on_both,
    test_org::{PASSWORD, Person, Service},
    wallet::EvmWallet,
};

use crate::wallets::sign_in::{VERIFY, addresses, challenge, count, enter, together};

const WALLETS: &str = "/users/me/wallets";
const LINK_CHALLENGE: &str = "/users/me/wallets/challenge";

async fn link(person: &Api, wallet: &EvmWallet) -> Answer {
    let challenge = person.post(LINK_CHALLENGE, &wallet.named("base")).await.expecting(200);
    person.post(WALLETS, &wallet.proof("base", &challenge)).await
}

on_both! {
    a_signature_is_valid_only_for_the_purpose_of_its_challenge_s92
    a_signature_over_a_challenge_of_the_session_links_a_wallet_s98
    the_last_wallet_without_a_password_cannot_be_unlinked_s100
    one_wallet_remains_when_the_last_two_are_unlinked_at_once
    one_of_several_concurrent_links_of_a_wallet_succeeds
    every_user_response_contains_the_wallets
}

async fn a_signature_is_valid_only_for_the_purpose_of_its_challenge_s92(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, wallet) = (service.api(), EvmWallet::new());
    let person = Person::register(&api).await;
    let to_sign_in = challenge(&api, &wallet).await;
    person.post(WALLETS, &wallet.proof("ethereum", &to_sign_in)).await.problem(401, "invalid_signature");
    let to_link = person.post(LINK_CHALLENGE, &wallet.named("ethereum")).await.expecting(200);
    api.post(VERIFY, &wallet.proof("ethereum", &to_link)).await.problem(401, "invalid_signature");
    person.post(WALLETS, &wallet.proof("ethereum", &to_link)).await.problem(401, "invalid_signature");
    assert_eq!(person.get(WALLETS).await.expecting(200), json!([]));
}

async fn a_signature_over_a_challenge_of_the_session_links_a_wallet_s98(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, wallet) = (service.api(), EvmWallet::new());
    let (person, other) = (Person::register(&api).await, Person::register(&api).await);
    let challenge = person.post(LINK_CHALLENGE, &wallet.named("base")).await.expecting(200);
    let proof = wallet.proof("base", &challenge);
    // Neither another session of the same user nor another user can use the challenge. The attempt consumes it.
    person.again().await.post(WALLETS, &proof).await.problem(401, "invalid_signature");
    person.post(WALLETS, &proof).await.problem(401, "invalid_signature");
    let linked = link(&person, &wallet).await.expecting(201);
    assert_eq!((&linked["chain_type"], linked["linked_at"].is_string()), (&json!("base"), true));
    assert_eq!(person.get(WALLETS).await.expecting(200), json!([linked]));
    assert_eq!(enter(&api, &wallet).await["user"]["id"], person.id);
    for again in [&other, &person] {
        link(again, &wallet).await.problem(409, "wallet_taken");
    }
    assert_eq!(person.get(WALLETS).await.expecting(200), json!([linked]));
    assert_eq!(other.get(WALLETS).await.expecting(200), json!([]));
    other.delete(&format!("{WALLETS}/{}", wallet.address())).await.problem(404, "wallet_not_found");
    person.delete(&format!("{WALLETS}/{}", wallet.address())).await.is(204);
    link(&other, &wallet).await.is(201);
    assert_eq!(enter(&api, &wallet).await["user"]["id"], other.id);
}

async fn the_last_wallet_without_a_password_cannot_be_unlinked_s100(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, first, second) = (service.api(), EvmWallet::new(), EvmWallet::new());
    let me = api.bearer(&text_of(&enter(&api, &first).await, "token"));
    me.delete(&format!("{WALLETS}/{}", first.address())).await.problem(409, "last_sign_in_method");
    link(&me, &second).await.is(201);
    me.delete(&format!("{WALLETS}/{}", first.address())).await.is(204);
    me.delete(&format!("{WALLETS}/{}", first.address())).await.problem(404, "wallet_not_found");
    me.delete(&format!("{WALLETS}/{}", second.address())).await.problem(409, "last_sign_in_method");
    // A user with a password can unlink every wallet.
    let person = Person::register(&api).await;
    let wallet = EvmWallet::new();
    link(&person, &wallet).await.is(201);
    person.delete(&format!("{WALLETS}/{}", wallet.address())).await.is(204);
    assert_eq!(person.get(WALLETS).await.expecting(200), json!([]));
}

async fn one_wallet_remains_when_the_last_two_are_unlinked_at_once(backend: Backend) {
    let service = Service::start(backend).await;
    let other = service.installation.start_another();
    let api = service.api();
    let first = EvmWallet::new();
    let me = api.bearer(&text_of(&enter(&api, &first).await, "token"));
    let mut left = first;
    for round in 0..30 {
        let second = EvmWallet::new();
        link(&me, &second).await.is(201);
        let unlink = |wallet: &EvmWallet, url: &str| {
            let (me, path) = (me.at(url), format!("{WALLETS}/{}", wallet.address()));
            async move { me.delete(&path).await }
        };
        let answers = together([unlink(&left, service.node.url()), unlink(&second, other.url())]).await;
        assert_eq!((count(&answers, 204), count(&answers, 409)), (1, 1), "round {round}");
        let user = me.get("/users/me").await.expecting(200);
        let there = addresses(&user);
        assert_eq!(there.len(), 1, "round {round}");
        if there[0] == second.address() {
            left = second;
        }
    }
}

async fn one_of_several_concurrent_links_of_a_wallet_succeeds(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, wallet) = (service.api(), EvmWallet::new());
    let mut attempts = Vec::new();
    for _ in 0..8 {
        let person = Person::register(&api).await;
        let asked = person.post(LINK_CHALLENGE, &wallet.named("ethereum")).await.expecting(200);
        attempts.push((person, wallet.proof("ethereum", &asked)));
    }
    let linking = attempts.into_iter().map(|(person, proof)| async move { person.post(WALLETS, &proof).await });
    let answers = together(linking).await;
    assert_eq!((count(&answers, 201), count(&answers, 409)), (1, 7));
}

async fn every_user_response_contains_the_wallets(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, wallet) = (service.api(), EvmWallet::new());
    let person = Person::register(&api).await;
    let linked = link(&person, &wallet).await.expecting(201);
    let again = json!({"email": person.email, "password": PASSWORD});
    let login = api.post("/auth/login", &again).await.expecting(200);
    for user in [&login["user"], &enter(&api, &wallet).await["user"], &person.get("/users/me").await.expecting(200)] {
        assert_eq!(user["wallets"], json!([linked]));
    }
}
