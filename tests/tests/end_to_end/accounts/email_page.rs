//! The page of a link that verifies an address: it works without scripts, and only its buttons change data.

use reqwest::Method;
use serde_json::json;
use tessera_tests::{
    api::{Answer, Api},
    database::Backend,
    mail::ReceivedMail,
    on_both, on_sqlite,
    pages::{is_private, rejects_forms_of_other_sites, submit_form},
    process::Installation,
    test_org::{PASSWORD, Person, Service, sign_in},
};

use crate::accounts::{
    email_changes::{requested, verified},
    email_verification::{STATUS, verification_of, verify},
    registration_modes::{register, registered_mail},
};

pub(crate) const PAGE: &str = "/email/verify";

async fn show(api: &Api, token: &str) -> Answer {
    api.get_root(&format!("{PAGE}?token={token}")).await
}

async fn submit(api: &Api, fields: &[(&str, &str)]) -> Answer {
    submit_form(api, PAGE, fields).await
}

async fn with_mail(backend: Backend) -> (Service, Person, ReceivedMail) {
    let (service, person) = Service::with_person(backend).await;
    let mail = verification_of(&service, &person.email, 1).await;
    (service, person, mail)
}

on_both! {
    the_page_verifies_an_address_with_the_password
    the_page_creates_the_account_of_a_registration
    the_page_confirms_or_declines_a_change
}

on_sqlite! {
    a_thousand_gets_and_heads_change_nothing_s118
    a_form_of_another_site_is_rejected_s117
    an_invalid_link_is_reported_on_the_page
}

async fn a_thousand_gets_and_heads_change_nothing_s118(backend: Backend) {
    let (service, person, mail) = with_mail(backend).await;
    let path = format!("{PAGE}?token={}", mail.token());
    for _ in 0..500 {
        service.api().get_root(&path).await.is(200);
        service.api().call(Method::HEAD, &path, None).await.is(200);
    }
    assert_eq!(person.get(STATUS).await.expecting(200)["email_verified"], false);
    verify(&person, json!({"token": mail.token()})).await.is(200);
}

async fn the_page_verifies_an_address_with_the_password(backend: Backend) {
    let (service, person, mail) = with_mail(backend).await;
    let (api, token) = (service.api(), mail.token());
    let page = show(&api, &token).await;
    page.is(200);
    is_private(&page);
    for part in ["autocomplete=\"current-password\"", &person.email, "<label for=\"password\">"] {
        assert!(page.text().contains(part), "{part} in {}", page.text());
    }
    for (password, said) in [("", "Your password is missing."), ("wrong-lantern-17", "The link is still valid.")] {
        let page = submit(&api, &[("token", &token), ("password", password)]).await;
        page.is(409);
        assert!(page.text().contains(said) && !page.text().contains("wrong-lantern"), "{}", page.text());
    }
    let done = submit(&api, &[("token", &token), ("password", PASSWORD)]).await;
    done.is(200);
    assert!(done.text().contains("Your email address is verified") && done.header("set-cookie").is_none());
    assert_eq!(person.get(STATUS).await.expecting(200)["email_verified"], true);
    submit(&api, &[("token", &token), ("password", PASSWORD)]).await.is(400);
}

async fn the_page_creates_the_account_of_a_registration(backend: Backend) {
    let service = Service::on(Installation::new(backend).await.set("TESSERA_REGISTRATION", "verified"));
    let api = service.api();
    register(&api, "ada@example.com").await.is(202);
    let token = registered_mail(&service, "ada@example.com", 1).await.token();
    assert!(show(&api, &token).await.text().contains("Create your account"));
    submit(&api, &[("token", &token), ("password", "wrong-lantern-17")]).await.is(409);
    let done = submit(&api, &[("token", &token), ("password", PASSWORD)]).await;
    done.is(200);
    assert!(done.text().contains("Your account is ready"), "{}", done.text());
    assert!(!sign_in(&api, "ada@example.com").await.is_empty());
}

async fn the_page_confirms_or_declines_a_change(backend: Backend) {
    let service = Service::start(backend).await;
    let api = service.api();
    for declines in [false, true] {
        let person = verified(&service).await;
        let email = format!("new-{}", person.email);
        let (_, old) = requested(&service, &person, &email).await;
        let token = old.token();
        let page = show(&api, &token).await;
        page.is(200);
        assert!(page.text().contains(&email) && page.text().contains("Decline the change"), "{}", page.text());
        let mut fields = vec![("token", token.as_str())];
        fields.extend(declines.then_some(("decline", "true")));
        let done = submit(&api, &fields).await;
        done.is(200);
        let said = if declines { "The change is cancelled" } else { "The change is confirmed" };
        assert!(done.text().contains(said), "{}", done.text());
        person.get(STATUS).await.is(if declines { 401 } else { 200 });
    }
}

async fn a_form_of_another_site_is_rejected_s117(backend: Backend) {
    let (service, person, mail) = with_mail(backend).await;
    let token = mail.token();
    rejects_forms_of_other_sites(&service.api(), PAGE, &[("token", &token), ("password", PASSWORD)]).await;
    assert_eq!(person.get(STATUS).await.expecting(200)["email_verified"], false);
}

async fn an_invalid_link_is_reported_on_the_page(backend: Backend) {
    let (service, ..) = with_mail(backend).await;
    for token in ["", "none", &"A".repeat(43), "%22%3E%3Cscript%3E"] {
        let page = show(&service.api(), token).await;
        page.is(400);
        assert!(page.text().contains("The verification is not valid") && !page.text().contains("<script"));
    }
    submit(&service.api(), &[]).await.is(400);
}
