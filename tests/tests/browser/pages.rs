//! The start page, the pages of problems, and the page for unknown addresses.

use serde_json::json;
use tessera_tests::{browser::Browser, database::Backend, test_org::Service};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn public_pages_look_right_everywhere() {
    let service = Service::start(Backend::Sqlite).await;
    let browser = Browser::start().await;
    let tab = browser.tab().await;
    tab.watch_policy().await;
    for (path, text, name) in [
        ("/", "This is a user account service", "home"),
        ("/problems", "Field errors", "problems"),
        ("/problems/precondition_failed", "What to do", "problem-table"),
        ("/problems/invalid_grant", "What to do", "problem-list"),
        ("/nothing", "Page not found", "not-found"),
    ] {
        tab.go_and_see(&format!("{}{path}", service.node.url()), text).await;
        tab.portray(name).await;
        assert_eq!(tab.evaluate("__refused").await, json!([]), "the policy stops nothing that {path} needs");
    }
    tab.click("main a").await;
    tab.sees("This is a user account service").await;
    tab.click("a[href='/problems']").await;
    tab.click("a[href='/problems/email_taken']").await;
    tab.sees("Another account has the address").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_type_of_a_problem_opens_a_page() {
    let service = Service::start(Backend::Sqlite).await;
    let problem = service.api().get("/users/me").await.problem(401, "authentication_required");
    let page = problem["type"].as_str().unwrap_or_default().replace("http://localhost:8080", service.node.url());
    let browser = Browser::start().await;
    browser.tab().await.go_and_see(&page, "The operation requires a credential").await;
}
