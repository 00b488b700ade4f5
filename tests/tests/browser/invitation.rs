//! Invitation page.

use serde_json::json;
use tessera_tests::{
    browser::Browser,
    database::Backend,
    test_org::{PASSWORD, TestOrg},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_looks_right_everywhere() {
    let acme = TestOrg::open(Backend::Sqlite).await;
    let invitation = json!({ "email": "grace@example.com", "role": "admin" });
    acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &invitation).await.is(201);
    let link = acme.service.link_at_node("grace@example.com", 1).await;
    let browser = Browser::start().await;
    let tab = browser.tab().await;
    tab.watch_policy().await;
    tab.go_and_see(&link, "as an administrator").await;
    tab.portray("invitation").await;
    assert_eq!(tab.evaluate("__refused").await, json!([]), "the policy stops nothing that the page needs");
    tab.submit("#password", "password1", "Your password: ").await;
    tab.portray("invitation-faults").await;
    tab.submit("#password", PASSWORD, "You belong to").await;
    tab.portray("invitation-accepted").await;
    tab.go_and_see(&link, "The invitation is ").await;
    tab.portray("invitation-over").await;
}
