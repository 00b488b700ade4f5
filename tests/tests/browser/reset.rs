//! Password reset page.

use serde_json::json;
use tessera_tests::{browser::Browser, database::Backend, test_org::Service};

const NEW: &str = "granite-orchard-58-kettle";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_password_is_set_in_a_browser_and_looks_right_everywhere() {
    let (service, person) = Service::with_person(Backend::Sqlite).await;
    let browser = Browser::start().await;
    let tab = browser.tab().await;
    tab.watch_policy().await;
    tab.go_and_see(&format!("{}/password/forgot", service.node.url()), "Forgot your password?").await;
    tab.portray("forgot").await;
    assert_eq!(tab.evaluate("__refused").await, json!([]), "the policy stops nothing that the page needs");
    tab.submit("#email", "nobody", "Your email address must be").await;
    tab.portray("forgot-faults").await;
    tab.evaluate("document.querySelector('#email').value = ''").await;
    tab.submit("#email", &person.email, "Check your email").await;
    tab.portray("forgot-done").await;
    let link = service.link_at_node(&person.email, 1).await;
    tab.go_and_see(&link, &person.email).await;
    tab.portray("reset").await;
    assert_eq!(tab.evaluate("__refused").await, json!([]), "the policy stops nothing that the page needs");
    tab.submit("#password", "password1", "Your password: ").await;
    tab.portray("reset-faults").await;
    tab.submit("#password", NEW, "Your password is set").await;
    tab.portray("reset-done").await;
    tab.go_and_see(&link, "The link is ").await;
    tab.portray("reset-over").await;
    tab.click("main a").await;
    tab.sees("Forgot your password?").await;
    let login = json!({ "email": person.email, "password": NEW });
    service.api().post("/auth/login", &login).await.is(200);
}
