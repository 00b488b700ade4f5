//! Password reset page: it works without scripts, and only its button changes data.

use reqwest::Method;
use serde_json::json;
use tessera_tests::{
    api::{Answer, Api, send},
    database::Backend,
    on_sqlite,
    pages::{form, is_private, rejects_forms_of_other_sites, submit_form},
    test_org::{PASSWORD, Person, Service},
};

use crate::accounts::password_resets::{NEW, link_to, login};

pub(crate) const PAGE: &str = "/password/reset";

async fn submit(api: &Api, fields: &[(&str, &str)]) -> Answer {
    submit_form(api, PAGE, fields).await
}

async fn show(api: &Api, token: &str) -> Answer {
    api.get_root(&format!("{PAGE}?token={token}")).await
}

/// A registered user with a reset link.
async fn somebody(backend: Backend) -> (Service, Person, String) {
    let (service, person) = Service::with_person(backend).await;
    let token = link_to(&service, &person.email, 1).await.token();
    (service, person, token)
}

on_sqlite! {
    the_password_field_supports_password_managers_s14
    get_and_head_change_nothing_s118
    the_page_sends_no_referrer_and_loads_nothing_external_s114
    a_form_of_another_site_is_rejected_s117
    an_invalid_password_is_reported_and_keeps_the_link
    an_invalid_link_is_reported_on_the_page
}

async fn the_password_field_supports_password_managers_s14(backend: Backend) {
    let (service, person, token) = somebody(backend).await;
    let page = show(&service.api(), &token).await;
    page.is(200);
    let field = "<input id=\"password\" name=\"password\" type=\"password\" required spellcheck=\"false\" \
                 autocapitalize=\"none\" autocorrect=\"off\" autocomplete=\"new-password\"";
    let username = format!("value=\"{}\" autocomplete=\"username\"", person.email);
    for part in [field, &username, "<label for=\"password\">"] {
        assert!(page.text().contains(part), "{part} in {}", page.text());
    }
    assert_eq!(page.text().matches("type=\"password\"").count(), 1);
    // A pasted password is not truncated: a password that is too long is rejected.
    let page = submit(&service.api(), &[("token", &token), ("password", &"k7#Qz!m2".repeat(17))]).await;
    page.is(400);
    assert!(page.text().contains("must have at most 128 characters"), "{}", page.text());
}

async fn get_and_head_change_nothing_s118(backend: Backend) {
    let (service, person, token) = somebody(backend).await;
    for _ in 0..3 {
        show(&service.api(), &token).await.is(200);
        service.api().call(Method::HEAD, &format!("{PAGE}?token={token}"), None).await.is(200);
    }
    person.get("/users/me").await.is(200);
    login(&service.api(), &person.email, PASSWORD).await.is(200);
    submit(&service.api(), &[("token", &token), ("password", NEW)]).await.is(200);
}

async fn the_page_sends_no_referrer_and_loads_nothing_external_s114(backend: Backend) {
    let (service, _, token) = somebody(backend).await;
    for page in [show(&service.api(), &token).await, show(&service.api(), "none").await] {
        is_private(&page);
    }
}

async fn a_form_of_another_site_is_rejected_s117(backend: Backend) {
    let (service, person, token) = somebody(backend).await;
    let fields = [("token", token.as_str()), ("password", NEW)];
    rejects_forms_of_other_sites(&service.api(), PAGE, &fields).await;
    person.get("/users/me").await.is(200);
    send(form(&service.api(), PAGE, &fields).header("Origin", "http://localhost:8080")).await.is(200);
}

async fn an_invalid_password_is_reported_and_keeps_the_link(backend: Backend) {
    let (service, person, token) = somebody(backend).await;
    for (password, said) in [
        ("short", "Your password must have at least 8 characters."),
        ("password1", "Your password: "),
        (&*person.email, "Your password: "),
        ("", "Your password is missing."),
    ] {
        let page = submit(&service.api(), &[("token", &token), ("password", password)]).await;
        page.is(400);
        let html = page.text();
        assert!(html.contains(said) && html.contains("role=\"alert\""), "{html}");
        assert!(html.contains(&format!("value=\"{token}\"")), "{html}");
        assert!(!html.contains("value=\"short") && !html.contains("password1"), "{html}");
    }
    let twice = [("token", &*token), ("password", NEW), ("password", PASSWORD)];
    submit(&service.api(), &twice).await.is(400);
    let done = submit(&service.api(), &[("token", &token), ("password", NEW)]).await;
    done.is(200);
    assert!(done.text().contains("Your password is set") && done.text().contains(&person.email), "{}", done.text());
    login(&service.api(), &person.email, NEW).await.is(200);
}

async fn an_invalid_link_is_reported_on_the_page(backend: Backend) {
    let (service, _, token) = somebody(backend).await;
    let api = service.api();
    let unknown = format!("{PAGE}?token={}", "A".repeat(43));
    for path in [PAGE, &format!("{PAGE}?token=none"), &unknown, &format!("{PAGE}?token=%22%3E%3Cscript%3E")] {
        let page = api.get_root(path).await;
        page.is(400);
        assert!(page.text().contains("The link is not valid") && page.text().contains("sk for a new one"));
        assert!(!page.text().contains("<script"), "{}", page.text());
    }
    submit(&api, &[]).await.is(400);
    submit(&api, &[("token", &token), ("token", &token), ("password", NEW)]).await.is(400);
    submit(&api, &[("token", &token), ("password", NEW)]).await.is(200);
    let again = submit(&api, &[("token", &token), ("password", PASSWORD)]).await;
    again.is(400);
    assert!(again.text().contains("The link is not valid"), "{}", again.text());
    send(api.request(Method::POST, PAGE).json(&json!({"token": token}))).await.is(415);
    api.call(Method::DELETE, PAGE, None).await.problem(405, "method_not_allowed");
}
