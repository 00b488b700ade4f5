//! Device tokens, and what still works while others guess a password.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tessera_tests::{
    api::{Answer, Api, BASE, send, text_of},
    authenticator::Authenticator,
    database::Backend,
    mail::{in_directory, last_of},
    on_both,
    process::Installation,
    test_org::{PASSWORD, Person, Service},
    wallet::EvmWallet,
};

use super::limits::{WRONG, correct, guess, limit_of, limited};
use crate::wallets::sign_in::VERIFY;

on_both! {
    every_other_way_in_works_while_fifty_networks_guess_s29
    wrong_passwords_with_a_device_token_are_limited_for_the_device
    an_invalid_device_token_is_like_none
    a_password_reset_ends_the_device_tokens_s115
    a_hundred_wrong_passwords_are_notified_once_s200
}

fn login(service: &Service, network: &str, body: &Value) -> RequestBuilder {
    let request = Api::new(service.node.url()).request(Method::POST, &format!("{BASE}/auth/login"));
    request.header("X-Forwarded-For", network).json(body)
}

async fn with_token(service: &Service, network: &str, email: &str, password: &str, token: &str) -> Answer {
    send(login(service, network, &json!({"email": email, "password": password, "device_token": token}))).await
}

/// The device token that a sign-in from the network returns.
async fn token_from(service: &Service, network: &str, email: &str) -> String {
    let login = correct(service, network, email).await.expecting(200);
    let token = text_of(&login, "device_token");
    assert!(token.starts_with("dt_") && token.len() == 52, "{login}");
    token
}

async fn every_other_way_in_works_while_fifty_networks_guess_s29(backend: Backend) {
    let service = Service::on(limited(backend).await);
    let (person, wallet) = (Person::register(&service.api()).await, EvmWallet::new());
    let challenge = person.post("/users/me/wallets/challenge", &wallet.named("base")).await.expecting(200);
    person.post("/users/me/wallets", &wallet.proof("base", &challenge)).await.is(201);
    let token = token_from(&service, "198.51.100.7", &person.email).await;
    // A second account has a passkey, because a password alone would no longer sign the first one in.
    let holder = Person::register(&service.api()).await;
    let mut phone = Authenticator::of(&holder).await;
    for network in 1..=50 {
        guess(&service, &format!("2001:db8:0:{network:x}::1"), &person.email).await;
        guess(&service, &format!("2001:db8:0:{network:x}::1"), &holder.email).await;
    }
    // From an unknown network, only the token helps. It is also accepted in a network that guesses.
    assert_eq!(limit_of(&correct(&service, "203.0.113.5", &person.email).await), "sign-in");
    for network in ["203.0.113.6", "2001:db8:0:1::2"] {
        let login = with_token(&service, network, &person.email, PASSWORD, &token).await.expecting(200);
        assert_eq!(login["device_token"], Value::Null);
    }
    correct(&service, "198.51.100.7", &person.email).await.is(200);
    let challenge = service.api().post("/auth/web3/challenge", &wallet.named("ethereum")).await.expecting(200);
    let mut proof = wallet.proof("ethereum", &challenge);
    proof["device_token"] = json!(token);
    let login = service.api().post(VERIFY, &proof).await.expecting(200);
    assert_eq!((&login["user"]["id"], &login["device_token"]), (&json!(person.id), &Value::Null));
    person.get("/users/me").await.is(200);
    assert_eq!(limit_of(&correct(&service, "203.0.113.5", &holder.email).await), "sign-in");
    let login = phone.sign_in(&service.api()).await.expecting(200);
    assert_eq!(login["user"]["id"], holder.id);
    holder.get("/users/me").await.is(200);
}

async fn wrong_passwords_with_a_device_token_are_limited_for_the_device(backend: Backend) {
    let service = Service::on(limited(backend).await);
    let person = Person::register(&service.api()).await;
    let token = token_from(&service, "198.51.100.7", &person.email).await;
    for left in (0..10).rev() {
        let answer = with_token(&service, "198.51.100.7", &person.email, WRONG, &token).await;
        answer.problem(401, "invalid_credentials");
        assert_eq!(answer.header("ratelimit-policy"), Some("\"sign-in-device\";q=10;w=900"));
        let shown = answer.header("ratelimit").unwrap_or_default().to_owned();
        assert!(shown.starts_with(&format!("\"sign-in-device\";r={left};t=")), "{shown}");
    }
    // The device has one limit in all networks, and the correct password is rejected too.
    for network in ["198.51.100.7", "203.0.113.5"] {
        let rejected = with_token(&service, network, &person.email, PASSWORD, &token).await;
        assert_eq!(limit_of(&rejected), "sign-in-device");
    }
    // It did not count elsewhere, and another device of the user has a limit of its own.
    let other = token_from(&service, "198.51.100.7", &person.email).await;
    with_token(&service, "198.51.100.7", &person.email, PASSWORD, &other).await.is(200);
}

async fn an_invalid_device_token_is_like_none(backend: Backend) {
    let service = Service::on(limited(backend).await.set("TESSERA_LIMIT_SIGN_IN", "3/900"));
    let (person, other) = (Person::register(&service.api()).await, Person::register(&service.api()).await);
    let foreign = token_from(&service, "198.51.100.7", &other.email).await;
    let unknown = "dt_OfHTVt3rKFnZ0qDvYmpXNfjAoNh3QJ6nS9hdkwQgkpg0ySE7K";
    for (number, token) in (0..).zip([foreign.as_str(), unknown, "dt_x"]) {
        let answer = with_token(&service, "192.0.2.1", &person.email, WRONG, token).await;
        answer.problem(401, "invalid_credentials");
        assert_eq!(answer.header("ratelimit-policy"), Some("\"sign-in\";q=3;w=900"), "{number}");
    }
    let rejected = with_token(&service, "192.0.2.1", &person.email, PASSWORD, unknown).await;
    assert_eq!(limit_of(&rejected), "sign-in");
    // A valid token is not needed, and an invalid one is replaced.
    for token in [foreign.as_str(), unknown, ""] {
        let login = with_token(&service, "192.0.2.2", &person.email, PASSWORD, token).await.expecting(200);
        assert_ne!(text_of(&login, "device_token"), token);
    }
    let body = json!({"email": person.email, "password": PASSWORD, "device_token": 7});
    assert_eq!(send(login(&service, "192.0.2.2", &body)).await.faults(), ["/device_token"]);
}

async fn a_password_reset_ends_the_device_tokens_s115(backend: Backend) {
    let service = Service::on(limited(backend).await);
    let person = Person::register(&service.api()).await;
    let token = token_from(&service, "198.51.100.7", &person.email).await;
    service.api().post("/auth/password/forgot", &json!({"email": person.email})).await.is(202);
    // The first mail is about the new device.
    let link = last_of(&service.installation, &person.email, 2).await.token();
    service.api().post("/auth/password/reset", &json!({"token": link, "new_password": PASSWORD})).await.is(204);
    let login = with_token(&service, "198.51.100.7", &person.email, PASSWORD, &token).await.expecting(200);
    assert_ne!(text_of(&login, "device_token"), token);
}

async fn a_hundred_wrong_passwords_are_notified_once_s200(backend: Backend) {
    let service = Service::on(Installation::new(backend).await.set("TESSERA_THROTTLE", "off"));
    let (person, other) = (Person::register(&service.api()).await, Person::register(&service.api()).await);
    for _ in 0..110 {
        guess(&service, "192.0.2.1", &person.email).await.is(401);
    }
    let mail = last_of(&service.installation, &person.email, 1).await;
    assert_eq!(mail.subject, "Wrong passwords for your account");
    assert!(mail.text.contains("100 wrong passwords"), "{}", mail.text);
    // Mails are sent in their order: there is no second one before that of the other user.
    let change = json!({"current_password": PASSWORD, "new_password": "granite-orchard-58-kettle"});
    other.put("/users/me/password", &change).await.is(204);
    last_of(&service.installation, &other.email, 1).await;
    let mails = in_directory(&service.installation.mail_directory());
    assert_eq!(mails.iter().filter(|mail| mail.to == person.email).count(), 1);
}
