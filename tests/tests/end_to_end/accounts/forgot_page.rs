//! Forgotten password page: it works without scripts and does not reveal which accounts exist.

use reqwest::Method;
use serde_json::json;
use tessera_tests::{
    api::{Answer, Api, send},
    database::Backend,
    mail::{in_directory, last_of},
    on_sqlite,
    pages::{form, is_private, rejects_forms_of_other_sites, submit_form},
    test_org::{Person, Service, TestOrg},
};

use crate::accounts::password_resets::{NEW, link_to, login, reset};

const PAGE: &str = "/password/forgot";

async fn ask(api: &Api, email: &str) -> Answer {
    submit_form(api, PAGE, &[("email", email)]).await
}

on_sqlite! {
    a_user_who_enters_their_email_receives_a_link
    the_forgot_page_is_the_same_for_known_and_unknown_addresses_s19
    the_forgot_page_sends_no_referrer_and_loads_nothing_external_s114
    another_site_cannot_request_a_reset_link_s117
    an_invalid_email_is_reported_on_the_page
    pages_that_require_a_password_link_to_the_forgot_page
}

async fn a_user_who_enters_their_email_receives_a_link(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    let api = service.api();
    let page = api.get_root(PAGE).await;
    page.is(200);
    for part in ["<label for=\"email\">", "<input id=\"email\" name=\"email\"", "autocomplete=\"username\""] {
        assert!(page.text().contains(part), "{part} in {}", page.text());
    }
    ask(&api, &format!("  {} ", person.email.to_uppercase())).await.is(202);
    let token = last_of(&service.installation, &person.email, 1).await.token();
    reset(&api, &token, NEW).await.is(204);
    login(&api, &person.email, NEW).await.is(200);
}

async fn the_forgot_page_is_the_same_for_known_and_unknown_addresses_s19(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    let api = service.api();
    let mut told = Vec::new();
    for email in [&*person.email, "unknown@example.com"] {
        let page = ask(&api, email).await;
        page.is(202);
        assert!(page.text().contains(email) && page.header("set-cookie").is_none(), "{}", page.text());
        told.push(page.text().replace(email, "…"));
    }
    assert_eq!(told[0], told[1]);
    // Opening the page with an address in the query sends no mail and does not show the address.
    let page = api.get_root(&format!("{PAGE}?email={}", person.email)).await;
    page.is(200);
    assert!(!page.text().contains(&person.email), "{}", page.text());
    let other = Person::register(&api).await;
    link_to(&service, &other.email, 1).await;
    let mails = in_directory(&service.installation.mail_directory());
    assert_eq!(mails.iter().filter(|mail| mail.to == person.email).count(), 1);
}

async fn the_forgot_page_sends_no_referrer_and_loads_nothing_external_s114(backend: Backend) {
    let service = Service::start(backend).await;
    // The page after the form has no script.
    for (page, scripts) in [
        (service.api().get_root(PAGE).await, "script-src 'self';"),
        (ask(&service.api(), "unknown@example.com").await, ""),
    ] {
        is_private(&page);
        let policy = page.header("content-security-policy").unwrap_or_default();
        assert_eq!((policy.contains("script-src"), policy.contains(scripts)), (!scripts.is_empty(), true), "{policy}");
    }
}

async fn another_site_cannot_request_a_reset_link_s117(backend: Backend) {
    let service = Service::start(backend).await;
    rejects_forms_of_other_sites(&service.api(), PAGE, &[("email", "a@example.com")]).await;
}

async fn an_invalid_email_is_reported_on_the_page(backend: Backend) {
    let service = Service::start(backend).await;
    let api = service.api();
    for (email, said) in [
        ("", "Your email address is missing."),
        ("  ", "Your email address is missing."),
        ("ada", "Your email address must be one plain address"),
        ("a@b@example.com", "Your email address must be one plain address"),
        ("\"><script>", "Your email address must be one plain address"),
    ] {
        let page = ask(&api, email).await;
        page.is(400);
        let html = page.text();
        assert!(html.contains(said) && html.contains("role=\"alert\"") && !html.contains("<script>"), "{html}");
    }
    for fields in [&[][..], &[("email", "a@example.com"), ("email", "b@example.com")], &[("mail", "a@example.com")]] {
        send(form(&api, PAGE, fields).header("Sec-Fetch-Site", "same-origin")).await.is(400);
    }
    send(api.request(Method::POST, PAGE).json(&json!({"email": "a@example.com"}))).await.is(415);
    api.call(Method::DELETE, PAGE, None).await.problem(405, "method_not_allowed");
}

async fn pages_that_require_a_password_link_to_the_forgot_page(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let person = Person::register(&acme.api()).await;
    let invitation = json!({"email": person.email, "role": "member"});
    acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &invitation).await.is(201);
    let token = last_of(&acme.service.installation, &person.email, 1).await.token();
    for path in ["/password/reset?token=none".to_owned(), format!("/invitations/accept?token={token}")] {
        let page = acme.api().get_root(&path).await;
        assert!(page.text().contains("href=\"/password/forgot\""), "{path}: {}", page.text());
    }
}
