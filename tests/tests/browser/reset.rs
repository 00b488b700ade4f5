//! Password reset page.

use serde_json::json;
use tessera_tests::{
    browser::Browser,
    database::Backend,
    mail::last_of,
    test_org::{Person, Service},
};

const NEW: &str = "granite-orchard-58-kettle";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_password_is_set_in_a_browser_and_looks_right_everywhere() {
    let service = Service::start(Backend::Sqlite).await;
    let person = Person::register(&service.api()).await;
    let browser = Browser::start().await;
    let tab = browser.tab().await;
    tab.watch_policy().await;
    tab.go_and_see(&format!("{}/password/forgot", service.node.url()), "Forgot your password?").await;
    tab.portray("forgot").await;
    assert_eq!(tab.evaluate("__refused").await, json!([]), "the policy stops nothing that the page needs");
    tab.types("#email", "nobody").await;
    tab.press("Enter", 13).await;
    tab.sees("Your email address must be").await;
    tab.portray("forgot-faults").await;
    tab.evaluate("document.querySelector('#email').value = ''").await;
    tab.types("#email", &person.email).await;
    tab.press("Enter", 13).await;
    tab.sees("Look into your mails").await;
    tab.portray("forgot-done").await;
    let link = last_of(&service.installation, &person.email, 1).await.link();
    // The service under test does not run at the host of its links.
    let link = link.replace("http://localhost:8080", service.node.url());
    tab.go_and_see(&link, &person.email).await;
    tab.portray("reset").await;
    assert_eq!(tab.evaluate("__refused").await, json!([]), "the policy stops nothing that the page needs");
    tab.types("#password", "password1").await;
    tab.press("Enter", 13).await;
    tab.sees("Your password: ").await;
    tab.portray("reset-faults").await;
    tab.types("#password", NEW).await;
    tab.press("Enter", 13).await;
    tab.sees("Your password is set").await;
    tab.portray("reset-done").await;
    tab.go_and_see(&link, "The link is ").await;
    tab.portray("reset-over").await;
    tab.click("main a").await;
    tab.sees("Forgot your password?").await;
    let login = json!({ "email": person.email, "password": NEW });
    service.api().post("/auth/login", &login).await.is(200);
}
