//! Invitation page: it works without scripts, and only its button changes data.

use reqwest::Method;
use serde_json::json;
use tessera_tests::{
    api::{Answer, send},
    database::Backend,
    mail::last_of,
    on_sqlite,
    pages::{form, is_private, rejects_forms_of_other_sites, submit_form},
    test_org::{PASSWORD, Person, TestOrg, sign_in, unique},
};

const PAGE: &str = "/invitations/accept";

/// Invites an address and returns the token.
async fn invited(acme: &TestOrg, email: &str) -> String {
    invited_again(acme, email, 1).await
}

/// Invites an address and returns the token of the mail with the given number.
async fn invited_again(acme: &TestOrg, email: &str, number: usize) -> String {
    let body = json!({"email": email, "role": "member"});
    acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &body).await.is(201);
    last_of(&acme.service.installation, email, number).await.token()
}

async fn submit(acme: &TestOrg, fields: &[(&str, &str)]) -> Answer {
    submit_form(&acme.api(), PAGE, fields).await
}

async fn show(acme: &TestOrg, token: &str) -> Answer {
    acme.api().get_root(&format!("{PAGE}?token={token}")).await
}

on_sqlite! {
    a_new_user_joins_by_the_page
    an_existing_user_joins_by_the_page
    the_page_requires_the_password_of_an_unverified_account_s182
    the_page_accepts_an_unverified_account_with_its_password_s182
    get_and_head_change_nothing_s118
    the_page_sends_no_referrer_and_loads_nothing_external_s114
    a_form_of_another_site_is_rejected_s117
    texts_from_users_are_escaped_in_the_page_s123
    invalid_input_is_reported_and_keeps_the_invitation
    an_invalid_invitation_is_reported_on_the_page
}

async fn a_new_user_joins_by_the_page(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let email = format!("{}@example.com", unique("guest"));
    let token = invited(&acme, &email).await;
    let page = show(&acme, &token).await;
    page.is(200);
    for part in ["as a member", "name=\"password\"", "autocomplete=\"new-password\"", &email] {
        assert!(page.text().contains(part), "{part} in {}", page.text());
    }
    let fields = [("token", &*token), ("display_name", "Grace H."), ("password", PASSWORD), ("username", &email)];
    let done = submit(&acme, &fields).await;
    done.is(200);
    assert!(done.text().contains("Welcome to"), "{}", done.text());
    let own = acme.api().bearer(&sign_in(&acme.api(), &email).await);
    assert_eq!(own.get("/users/me").await.expecting(200)["display_name"], "Grace H.");
    assert_eq!(own.get(&format!("/orgs/{}", acme.org)).await.expecting(200)["role"], "member");
}

async fn an_existing_user_joins_by_the_page(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let person = Person::register(&acme.api()).await;
    acme.prove(&person).await;
    let token = invited_again(&acme, &person.email, 2).await;
    assert!(!show(&acme, &token).await.text().contains("password"));
    submit(&acme, &[("token", &token), ("password", "short")]).await.is(200);
    person.get(&format!("/orgs/{}", acme.org)).await.is(200);
}

async fn the_page_requires_the_password_of_an_unverified_account_s182(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let person = Person::register(&acme.api()).await;
    let token = invited(&acme, &person.email).await;
    let asking = show(&acme, &token).await;
    asking.is(200);
    let field = "name=\"password\" type=\"password\" required spellcheck=\"false\" autocapitalize=\"none\" \
                 autocorrect=\"off\" autocomplete=\"current-password\"";
    let advice = "do not join, and tell the operator of this service";
    for (password, said) in [
        ("", "Type the password of your account"),
        ("short", "This is not the password of the account"),
        ("granite-orchard-58-kettle", "This is not the password of the account"),
        (&"x".repeat(5000), "This is not the password of the account"),
    ] {
        let page = submit(&acme, &[("token", &token), ("password", password)]).await;
        page.is(409);
        for part in [said, field, advice, &person.email] {
            assert!(page.text().contains(part), "{part} in {}", page.text());
        }
        assert!(!page.text().contains("granite") && page.header("set-cookie").is_none());
    }
    assert!(asking.text().contains(field) && asking.text().contains(advice), "{}", asking.text());
    acme.owner.get(&acme.members(Some(&person.id))).await.problem(404, "member_not_found");
    assert_eq!(person.get("/users/me").await.expecting(200)["email_verified"], false);
}

async fn the_page_accepts_an_unverified_account_with_its_password_s182(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let person = Person::register(&acme.api()).await;
    let token = invited(&acme, &person.email).await;
    submit(&acme, &[("token", &token), ("password", "wrong")]).await.is(409);
    let done = submit(&acme, &[("token", &token), ("password", PASSWORD), ("username", &person.email)]).await;
    done.is(200);
    assert!(done.text().contains("Welcome to") && done.header("set-cookie").is_none(), "{}", done.text());
    person.get(&format!("/orgs/{}", acme.org)).await.is(200);
    assert_eq!(person.get("/users/me").await.expecting(200)["email_verified"], true);
}

async fn get_and_head_change_nothing_s118(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let email = format!("{}@example.com", unique("guest"));
    let token = invited(&acme, &email).await;
    for _ in 0..3 {
        show(&acme, &token).await.is(200);
        acme.api().call(Method::HEAD, &format!("{PAGE}?token={token}"), None).await.is(200);
    }
    let members = acme.owner.get(&acme.members(None)).await.expecting(200);
    assert_eq!(members.as_array().map(Vec::len), Some(1));
    submit(&acme, &[("token", &token), ("password", PASSWORD)]).await.is(200);
}

async fn the_page_sends_no_referrer_and_loads_nothing_external_s114(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let token = invited(&acme, &format!("{}@example.com", unique("guest"))).await;
    let page = show(&acme, &token).await;
    is_private(&page);
    let style = acme.api().get_root("/assets/pages.css").await;
    style.is(200);
    assert_eq!(style.header("content-type"), Some("text/css; charset=utf-8"));
}

async fn a_form_of_another_site_is_rejected_s117(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let token = invited(&acme, &format!("{}@example.com", unique("guest"))).await;
    let fields = [("token", token.as_str()), ("password", PASSWORD)];
    rejects_forms_of_other_sites(&acme.api(), PAGE, &fields).await;
    send(form(&acme.api(), PAGE, &fields).header("Origin", "http://localhost:8080")).await.is(200);
}

async fn texts_from_users_are_escaped_in_the_page_s123(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let name = "<script>alert(1)</script>\"><img src=x>";
    let org = acme.owner.post("/orgs", &json!({"name": name})).await.expecting(201);
    let email = format!("{}@example.com", unique("guest"));
    let path = format!("/orgs/{}/invitations", org["id"].as_str().unwrap_or_default());
    acme.owner.post(&path, &json!({"email": email, "role": "member"})).await.is(201);
    let token = last_of(&acme.service.installation, &email, 1).await.token();
    let typed = submit(&acme, &[("token", &token), ("display_name", "\"><script>"), ("password", "short")]).await;
    typed.is(400);
    for page in [show(&acme, &token).await, typed, show(&acme, "%22%3E%3Cscript%3E").await] {
        for part in ["<script>", "<img src=x", "alert(1)<"] {
            assert!(!page.text().contains(part), "{}", page.text());
        }
    }
}

async fn invalid_input_is_reported_and_keeps_the_invitation(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let email = format!("{}@example.com", unique("guest"));
    let token = invited(&acme, &email).await;
    for (password, said) in [("short", "must have at least 8 characters"), ("password1", "Your password: ")] {
        let page = submit(&acme, &[("token", &token), ("display_name", "Grace"), ("password", password)]).await;
        page.is(400);
        assert!(page.text().contains(said), "{}", page.text());
        assert!(page.text().contains("value=\"Grace\"") && !page.text().contains(&format!("value=\"{password}")));
    }
    // Without exactly one password, no user would know how to sign in to the account.
    for passwords in [&[][..], &[("password", PASSWORD), ("password", PASSWORD)]] {
        let fields: Vec<(&str, &str)> = [("token", &*token)].iter().chain(passwords).copied().collect();
        let page = submit(&acme, &fields).await;
        page.is(400);
        assert!(page.text().contains("Your password is missing."), "{}", page.text());
    }
    submit(&acme, &[("token", &token), ("password", PASSWORD)]).await.is(200);
}

async fn an_invalid_invitation_is_reported_on_the_page(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for path in [PAGE.to_owned(), format!("{PAGE}?token=none"), format!("{PAGE}?token={}", "A".repeat(43))] {
        let page = acme.api().get_root(&path).await;
        page.is(400);
        assert!(page.text().contains("The invitation is not valid"), "{}", page.text());
    }
    submit(&acme, &[]).await.is(400);
    let json = send(acme.api().request(Method::POST, PAGE).json(&json!({"token": "none"}))).await;
    json.is(415);
    acme.api().call(Method::DELETE, PAGE, None).await.problem(405, "method_not_allowed");
}
