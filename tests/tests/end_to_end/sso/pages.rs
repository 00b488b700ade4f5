//! Pages in a browser.

use serde_json::json;
use tessera_tests::{
    browser::Browser,
    database::Backend,
    on_sqlite,
    test_org::{PASSWORD, TestOrg, sign_in},
};

on_sqlite! {
    an_invitation_is_accepted_in_a_browser
}

async fn an_invitation_is_accepted_in_a_browser(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let invitation = json!({"email": "grace@example.com", "role": "admin"});
    acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &invitation).await.is(201);
    let link = acme.service.link_at_node("grace@example.com", 1).await;
    let browser = Browser::start().await;
    let page = browser.tab().await;
    page.go(&link).await;
    page.sees("as an administrator").await;
    // The text may appear before the stylesheet, but the stylesheet must load despite the content security policy.
    page.until("the stylesheet", "getComputedStyle(document.querySelector('main')).maxWidth === '448px'").await;
    page.picture("invitation").await;
    page.types("#display_name", "Grace").await;
    page.submit("#password", "password1", "Your password: ").await;
    page.submit("#password", PASSWORD, "You belong to").await;
    page.picture("invitation-accepted").await;
    let own = acme.api().bearer(&sign_in(&acme.api(), "grace@example.com").await);
    assert_eq!(own.get("/users/me").await.expecting(200)["display_name"], "Grace");
    assert_eq!(own.get(&format!("/orgs/{}", acme.org)).await.expecting(200)["role"], "admin");
}
