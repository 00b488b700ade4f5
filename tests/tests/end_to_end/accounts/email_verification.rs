//! Verification of an address: with the mail and the account, once.

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::{Answer, Api, BASE, send, text_of},
    database::Backend,
    mail::{ReceivedMail, all_in_directory, last_that},
    on_both,
    process::Installation,
    test_org::{PASSWORD, Person, Service},
    wallet::EvmWallet,
};

use crate::{
    accounts::password_resets::{NEW, link_to, login, reset},
    audit::trail,
    wallets::sign_in::{addresses, enter, one_succeeded, together},
};

pub(crate) const VERIFY: &str = "/auth/email/verify";
pub(crate) const RESEND: &str = "/auth/email/resend";
pub(crate) const STATUS: &str = "/users/me/email";

/// The mail number `count` that proves the address of an account.
pub(crate) async fn verification_of(service: &Service, to: &str, count: usize) -> ReceivedMail {
    last_that(&service.installation, to, count, ReceivedMail::is_verification).await
}

pub(crate) async fn verify(api: &Api, body: Value) -> Answer {
    api.post(VERIFY, &body).await
}

/// A code that is not the one in the mail.
pub(crate) fn wrong_code(mail: &ReceivedMail) -> String {
    if mail.code() == "000000" { "000001".to_owned() } else { "000000".to_owned() }
}

async fn is_verified(person: &Person) -> Value {
    person.get("/users/me").await.expecting(200)["email_verified"].clone()
}

on_both! {
    an_address_is_verified_by_token_or_code_with_the_account
    a_token_without_the_account_is_409_and_stays_valid
    one_of_twenty_concurrent_uses_of_a_token_or_a_code_succeeds_s191
    five_wrong_codes_invalidate_code_and_token
    a_mail_that_is_sent_again_replaces_the_first_one_s191
    wrong_codes_and_mails_are_limited
    the_owner_of_a_mailbox_gets_the_account_without_what_another_person_has_left_s115
}

async fn an_address_is_verified_by_token_or_code_with_the_account(backend: Backend) {
    let service = Service::start(backend).await;
    for way in ["token", "password", "code"] {
        let person = Person::register(&service.api()).await;
        let mail = verification_of(&service, &person.email, 1).await;
        assert!(mail.link().starts_with("http://localhost:8080/email/verify?token="), "{}", mail.link());
        let unverified = json!({"email": person.email, "email_verified": false, "pending": null});
        assert_eq!(person.get(STATUS).await.expecting(200), unverified);
        let body = match way {
            "token" => json!({"token": mail.token()}),
            "password" => json!({"token": mail.token(), "password": PASSWORD}),
            _ => json!({"code": mail.code()}),
        };
        let caller = if way == "password" { service.api() } else { Api::clone(&person) };
        let status = json!({"email": person.email, "email_verified": true, "pending": null});
        assert_eq!(verify(&caller, body.clone()).await.expecting(200), status);
        assert_eq!(person.get(STATUS).await.expecting(200), status);
        assert_eq!(is_verified(&person).await, true);
        verify(&caller, body).await.problem(400, "invalid_verification_token");
    }
}

async fn a_token_without_the_account_is_409_and_stays_valid(backend: Backend) {
    let service = Service::start(backend).await;
    let (person, other) = (Person::register(&service.api()).await, Person::register(&service.api()).await);
    let mail = verification_of(&service, &person.email, 1).await;
    let token = mail.token();
    for (caller, body) in [
        (service.api(), json!({"token": token})),
        (service.api(), json!({"token": token, "password": NEW})),
        (Api::clone(&other), json!({"token": token})),
    ] {
        verify(&caller, body).await.problem(409, "email_not_verified");
    }
    verify(&service.api(), json!({"code": mail.code()})).await.problem(401, "authentication_required");
    verify(&other, json!({"code": mail.code()})).await.problem(400, "invalid_verification_token");
    for unknown in ["none", "", &"A".repeat(43), &"x".repeat(5000)] {
        verify(&person, json!({"token": unknown})).await.problem(400, "invalid_verification_token");
    }
    let registration = json!({"registration": "A".repeat(43), "code": mail.code()});
    verify(&service.api(), registration).await.problem(400, "invalid_verification_token");
    assert_eq!(is_verified(&person).await, false);
    verify(&person, json!({"token": token})).await.is(200);
}

async fn one_of_twenty_concurrent_uses_of_a_token_or_a_code_succeeds_s191(backend: Backend) {
    let installation = Installation::new(backend).await.set("TESSERA_LIMIT_FACTOR", "100/900");
    let service = Service::on(installation);
    let second = service.installation.start_another();
    for by_code in [false, true] {
        let person = Person::register(&service.api()).await;
        let mail = verification_of(&service, &person.email, 1).await;
        let body = if by_code { json!({"code": mail.code()}) } else { json!({"token": mail.token()}) };
        let uses = (0..20).map(|number| {
            let node = if number % 2 == 0 { &service.node } else { &second };
            let (caller, body) = (person.at_node(node), body.clone());
            async move { verify(&caller, body).await }
        });
        one_succeeded(&together(uses).await, 200, (400, "invalid_verification_token"));
        let entries = trail(&service.installation, None).await;
        let of_person = entries.iter().filter(|entry| {
            entry.name == "user.email_verified" && entry.subject.is_some_and(|id| id.to_string() == person.id)
        });
        assert_eq!(of_person.count(), 1);
    }
}

async fn five_wrong_codes_invalidate_code_and_token(backend: Backend) {
    let service = Service::start(backend).await;
    let person = Person::register(&service.api()).await;
    let mail = verification_of(&service, &person.email, 1).await;
    for _ in 0..5 {
        let wrong = json!({"code": wrong_code(&mail)});
        verify(&person, wrong).await.problem(400, "invalid_verification_token");
    }
    verify(&person, json!({"code": mail.code()})).await.problem(400, "invalid_verification_token");
    verify(&person, json!({"token": mail.token()})).await.problem(400, "invalid_verification_token");
    person.post(RESEND, &json!({})).await.is(202);
    let mail = verification_of(&service, &person.email, 2).await;
    verify(&person, json!({"code": mail.code()})).await.is(200);
}

async fn a_mail_that_is_sent_again_replaces_the_first_one_s191(backend: Backend) {
    let service = Service::start(backend).await;
    let person = Person::register(&service.api()).await;
    let first = verification_of(&service, &person.email, 1).await;
    service.api().post(RESEND, &json!({})).await.problem(401, "authentication_required");
    // A user needs no body.
    send(person.request(Method::POST, &format!("{BASE}{RESEND}"))).await.is(202);
    let second = verification_of(&service, &person.email, 2).await;
    verify(&person, json!({"token": first.token()})).await.problem(400, "invalid_verification_token");
    verify(&person, json!({"token": second.token()})).await.is(200);
    // Nothing is pending any more, which the response does not show.
    person.post(RESEND, &json!({})).await.is(202);
    service.api().post(RESEND, &json!({"registration": "A".repeat(43)})).await.is(202);
    let other = Person::register(&service.api()).await;
    verification_of(&service, &other.email, 1).await;
    let mails = all_in_directory(&service.installation.mail_directory());
    assert_eq!(mails.iter().filter(|mail| mail.to == person.email).count(), 2);
}

async fn wrong_codes_and_mails_are_limited(backend: Backend) {
    let service = Service::on(Installation::new(backend).await.with_default_limits());
    let second = service.installation.start_another();
    let person = Person::register(&service.api()).await;
    for _ in 0..4 {
        person.post(RESEND, &json!({})).await.is(202);
    }
    let limited = person.at_node(&second).post(RESEND, &json!({})).await;
    assert_eq!(limited.problem(429, "rate_limited")["limit"], "mail");
    let guesses = (0..40).map(|number| {
        let caller = person.at_node(if number % 2 == 0 { &service.node } else { &second });
        async move { verify(&caller, json!({"code": "000000"})).await }
    });
    let answers = together(guesses).await;
    let counted = answers.iter().filter(|answer| answer.status == 400).count();
    assert_eq!(counted, 10, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    let limited = answers.iter().find(|answer| answer.status == 429);
    assert_eq!(limited.map(|answer| answer.problem(429, "rate_limited")["limit"].clone()), Some(json!("factor")));
    // Reset links are another kind.
    link_to(&service, &person.email, 1).await;
}

/// A person registers the address of another one, and leaves what could be a way back in.
async fn the_owner_of_a_mailbox_gets_the_account_without_what_another_person_has_left_s115(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, wallet) = (service.api(), EvmWallet::new());
    let squatter = Person::register(&api).await;
    let challenge = squatter.post("/users/me/wallets/challenge", &wallet.named("base")).await.expecting(200);
    squatter.post("/users/me/wallets", &wallet.proof("base", &challenge)).await.is(201);
    let theirs = format!("theirs-{}", squatter.email);
    squatter.post(STATUS, &json!({"email": theirs})).await.is(202);
    let change = last_that(&service.installation, &theirs, 1, |_| true).await;
    let first = verification_of(&service, &squatter.email, 1).await;
    let token = link_to(&service, &squatter.email, 2).await.token();
    reset(&api, &token, NEW).await.is(204);
    squatter.get(STATUS).await.problem(401, "invalid_token");
    login(&api, &squatter.email, PASSWORD).await.problem(401, "invalid_credentials");
    for mail in [&change, &first] {
        for password in [PASSWORD, NEW] {
            let body = json!({"token": mail.token(), "password": password});
            verify(&api, body).await.problem(400, "invalid_verification_token");
        }
    }
    let owner = api.bearer(&text_of(&login(&api, &squatter.email, NEW).await.expecting(200), "token"));
    let status = json!({"email": squatter.email, "email_verified": true, "pending": null});
    assert_eq!(owner.get(STATUS).await.expecting(200), status);
    assert_eq!(addresses(&owner.get("/users/me").await.expecting(200)), Vec::<String>::new());
    assert_ne!(enter(&api, &wallet).await["user"]["id"], json!(squatter.id));
}
