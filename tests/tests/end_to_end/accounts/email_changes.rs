//! Change of address: both sides confirm, and nothing shows whether the new address has an account.

use std::time::Duration;

use serde_json::{Value, json};
use tessera_tests::{
    api::{Answer, Api},
    database::Backend,
    eventually,
    mail::{ReceivedMail, all_in_directory, last_that},
    on_both, on_sqlite,
    test_org::{PASSWORD, Person, Service, unique},
};

use crate::{
    accounts::{
        email_verification::{RESEND, STATUS, verification_of, verify},
        enumeration::shape,
        password_resets::{forgot, link_to, login, reset},
        timing::takes_the_same_time,
    },
    wallets::sign_in::{one_succeeded, together},
};

on_both! {
    both_sides_confirm_a_change_in_any_order
    the_reader_of_the_old_address_declines_a_change
    one_of_twenty_concurrent_confirmations_succeeds_s191
    a_taken_address_is_answered_like_a_free_one_s24
    a_request_takes_the_same_time_for_free_and_taken_addresses_s24
}

on_sqlite! {
    an_invalid_request_for_a_change_is_rejected
    contradictory_proofs_are_rejected
}

/// A user with a verified address.
pub(crate) async fn verified(service: &Service) -> Person {
    let person = Person::register(&service.api()).await;
    let mail = verification_of(service, &person.email, 1).await;
    verify(&person, json!({"token": mail.token()})).await.is(200);
    person
}

fn new_address() -> String {
    format!("{}@new.example.com", unique("moved"))
}

async fn request(person: &Api, email: &str) -> Answer {
    person.post(STATUS, &json!({"email": email})).await
}

/// Requests a change and returns the mails to the new and to the old address.
pub(crate) async fn requested(service: &Service, person: &Person, email: &str) -> (ReceivedMail, ReceivedMail) {
    assert_eq!(request(person, email).await.expecting(202), json!({"expires_in": 86400}));
    let confirms = |mail: &ReceivedMail| mail.subject.starts_with("Confirm the change");
    let new = last_that(&service.installation, email, 1, |_| true).await;
    (new, last_that(&service.installation, &person.email, 1, confirms).await)
}

async fn pending(person: &Person) -> Value {
    person.get(STATUS).await.expecting(200)["pending"].clone()
}

async fn both_sides_confirm_a_change_in_any_order(backend: Backend) {
    let service = Service::start(backend).await;
    for new_first in [true, false] {
        let (person, email) = (verified(&service).await, new_address());
        let reset_link = link_to(&service, &person.email, 1).await.token();
        let (new, old) = requested(&service, &person, &email).await;
        assert!(new.subject.starts_with("Verify your new email address"), "{}", new.subject);
        assert_eq!(pending(&person).await["awaiting"], json!(["new", "old"]));
        assert_eq!(pending(&person).await["email"], json!(email));
        // The new side requires the account.
        verify(&service.api(), json!({"token": new.token()})).await.problem(409, "email_not_verified");
        let confirm_new = async || verify(&person, json!({"code": new.code()})).await.expecting(200);
        let confirm_old = async || verify(&service.api(), json!({"token": old.token()})).await.is(204);
        if new_first {
            assert_eq!(confirm_new().await["pending"]["awaiting"], json!(["old"]));
            confirm_old().await;
        } else {
            confirm_old().await;
            assert_eq!(pending(&person).await["awaiting"], json!(["new"]));
            assert_eq!(confirm_new().await["email"], json!(email));
        }
        let status = json!({"email": email, "email_verified": true, "pending": null});
        assert_eq!(person.get(STATUS).await.expecting(200), status);
        login(&service.api(), &email, PASSWORD).await.is(200);
        login(&service.api(), &person.email, PASSWORD).await.problem(401, "invalid_credentials");
        reset(&service.api(), &reset_link, PASSWORD).await.problem(400, "invalid_reset_token");
        let notices = |mail: &ReceivedMail| mail.subject == "The email address of your account was changed";
        for to in [&person.email, &email] {
            last_that(&service.installation, to, 1, notices).await;
        }
        for mail in [&new, &old] {
            verify(&person, json!({"token": mail.token()})).await.problem(400, "invalid_verification_token");
        }
    }
}

async fn the_reader_of_the_old_address_declines_a_change(backend: Backend) {
    let service = Service::start(backend).await;
    let second = service.installation.start_another();
    let (person, email) = (verified(&service).await, new_address());
    let elsewhere = person.again().await.at_node(&second);
    let (new, old) = requested(&service, &person, &email).await;
    let decline = json!({"token": new.token(), "decline": true});
    verify(&service.api(), decline).await.problem(400, "invalid_verification_token");
    verify(&person, json!({"token": new.token()})).await.is(200);
    verify(&second.api(), json!({"token": old.token(), "decline": true})).await.is(204);
    for ended in [&person, &elsewhere] {
        let rejected = async || (ended.get("/users/me").await.status == 401).then_some(());
        eventually("the session has ended on every node", Duration::from_secs(1), rejected).await;
    }
    verify(&service.api(), json!({"token": old.token()})).await.problem(400, "invalid_verification_token");
    let resets = |mail: &ReceivedMail| mail.subject.starts_with("Set a new password");
    let link = last_that(&service.installation, &person.email, 1, resets).await;
    reset(&service.api(), &link.token(), PASSWORD).await.is(204);
    let again = person.again().await;
    let status = json!({"email": person.email, "email_verified": true, "pending": null});
    assert_eq!(again.get(STATUS).await.expecting(200), status);
}

async fn one_of_twenty_concurrent_confirmations_succeeds_s191(backend: Backend) {
    let service = Service::start(backend).await;
    let second = service.installation.start_another();
    let (person, email) = (verified(&service).await, new_address());
    let (new, old) = requested(&service, &person, &email).await;
    for (mail, success) in [(&old, 204), (&new, 200)] {
        let uses = (0..20).map(|number| {
            let caller = person.at_node(if number % 2 == 0 { &service.node } else { &second });
            let body = json!({"token": mail.token()});
            async move { verify(&caller, body).await }
        });
        one_succeeded(&together(uses).await, success, (400, "invalid_verification_token"));
    }
    assert_eq!(person.get(STATUS).await.expecting(200)["email"], json!(email));
}

async fn a_taken_address_is_answered_like_a_free_one_s24(backend: Backend) {
    let service = Service::start(backend).await;
    let (person, other) = (verified(&service).await, Person::register(&service.api()).await);
    let free = request(&person, &new_address()).await;
    let free_status = pending(&person).await;
    let taken = request(&person, &other.email.to_uppercase()).await;
    assert_eq!(shape(&taken), shape(&free));
    assert_eq!(pending(&person).await["awaiting"], free_status["awaiting"]);
    let notice = |mail: &ReceivedMail| mail.subject.starts_with("Your email address was entered");
    let notice = last_that(&service.installation, &other.email, 1, notice).await;
    assert!(!notice.html.contains("href=") && !notice.text.contains("token="), "{}", notice.text);
    person.post(RESEND, &json!({})).await.is(202);
    let last = Person::register(&service.api()).await;
    verification_of(&service, &last.email, 1).await;
    let mails = all_in_directory(&service.installation.mail_directory());
    let with_token = mails.iter().filter(|mail| mail.to == other.email && mail.text.contains("token="));
    // That of the registration.
    assert_eq!(with_token.count(), 1);
    request(&person, &person.email).await.problem(409, "email_unchanged");
}

async fn a_request_takes_the_same_time_for_free_and_taken_addresses_s24(backend: Backend) {
    let service = Service::start(backend).await;
    let (person, other) = (verified(&service).await, Person::register(&service.api()).await);
    takes_the_same_time(async |number, taken| {
        let email = if taken { other.email.clone() } else { format!("free-{number}@example.com") };
        request(&person, &email).await.is(202);
    })
    .await;
}

async fn an_invalid_request_for_a_change_is_rejected(backend: Backend) {
    let service = Service::start(backend).await;
    let person = Person::register(&service.api()).await;
    assert_eq!(request(&person, "no address").await.faults(), ["/email"]);
    service.api().get(STATUS).await.problem(401, "authentication_required");
    request(&service.api(), "a@example.com").await.problem(401, "authentication_required");
    // An unverified address has no say, and a later request replaces an earlier one.
    request(&person, "one@new.example.com").await.is(202);
    request(&person, "two@new.example.com").await.is(202);
    let pending = pending(&person).await;
    assert_eq!((&pending["email"], &pending["awaiting"]), (&json!("two@new.example.com"), &json!(["new"])));
    let first = last_that(&service.installation, "one@new.example.com", 1, |_| true).await;
    verify(&person, json!({"token": first.token()})).await.problem(400, "invalid_verification_token");
    forgot(&service.api(), &person.email).await.is(202);
}

async fn contradictory_proofs_are_rejected(backend: Backend) {
    let service = Service::start(backend).await;
    let person = Person::register(&service.api()).await;
    for (body, faults) in [
        (json!({}), vec!["/token"]),
        (json!({"token": "T", "code": "000000"}), vec!["/code"]),
        (json!({"token": "T", "registration": "R"}), vec!["/registration"]),
        (json!({"registration": "R"}), vec!["/code"]),
        (json!({"code": "000000", "password": "P"}), vec!["/password"]),
        (json!({"token": "T", "password": "P", "decline": true}), vec!["/password"]),
        (json!({"code": "000000", "decline": true}), vec!["/decline"]),
        (json!({"token": "T", "user": {}}), vec!["/user"]),
    ] {
        assert_eq!(verify(&person, body.clone()).await.faults(), faults, "{body}");
    }
}
