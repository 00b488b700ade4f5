//! The API reference at `/docs`.

use serde_json::json;
use tessera_tests::{
    browser::{Browser, Tab},
    database::Backend,
    on_sqlite,
    process::Installation,
    test_org::{Service, TestOrg},
};

/// The text of the page after the document has been loaded.
const ABOUT: &str = "Registration, sign-in, sign-out and service tokens";

on_sqlite! {
    operations_can_be_tried_with_their_examples
    the_reference_looks_right_everywhere
    without_scripts_the_page_names_the_document
}

/// Opens an operation, and makes its inputs editable.
async fn open(tab: &Tab, operation: &str) {
    tab.click(&format!("#operations-{operation} .opblock-summary-control")).await;
    tab.click(&format!("#operations-{operation} .try-out__btn")).await;
}

/// Executes an operation with its example, and waits for the status.
async fn execute(tab: &Tab, operation: &str, status: u16) {
    tab.click(&format!("#operations-{operation} .execute")).await;
    let shown =
        format!("document.querySelector('#operations-{operation} .live-responses-table tbody .response-col_status')");
    tab.until("a response", &format!("!!{shown}")).await;
    let shown = tab.evaluate(&format!("{shown}.innerText")).await;
    assert!(shown.as_str().is_some_and(|shown| shown.starts_with(&status.to_string())), "{operation}: {shown}");
}

/// Opens the dialog for credentials, and enters the token of the user.
async fn authorize(tab: &Tab, token: &str) {
    tab.click(".auth-wrapper .authorize").await;
    tab.types("#auth-bearer-value", token).await;
}

async fn operations_can_be_tried_with_their_examples(backend: Backend) {
    // Below a path, as behind a proxy that shares its host with other services.
    let path = "/accounts";
    let url = format!("http://localhost:8080{path}");
    let acme = TestOrg::open_on(Installation::new(backend).await.set("TESSERA_PUBLIC_URL", &url)).await;
    let (browser, node) = (Browser::start().await, acme.service.node.url());
    let tab = browser.tab().await;
    tab.watch_policy().await;
    tab.go_and_see(&format!("{node}{path}/docs"), ABOUT).await;
    assert_eq!(tab.evaluate("document.title").await, "API reference – Tessera");
    assert_eq!(tab.evaluate("document.querySelector('.top img').naturalWidth > 0").await, true);
    // A public operation.
    open(&tab, "auth-forgot_password").await;
    execute(&tab, "auth-forgot_password", 202).await;
    // One with a credential.
    open(&tab, "invitations-send_invitation").await;
    tab.types("#operations-invitations-send_invitation [placeholder=orgId]", &acme.org).await;
    // The page takes a value after a pause, or when the focus leaves the field.
    tab.press("Tab", 9).await;
    execute(&tab, "invitations-send_invitation", 401).await;
    authorize(&tab, &acme.owner.token).await;
    tab.evaluate("document.querySelector('#auth-bearer-value').closest('form').requestSubmit()").await;
    tab.sees("Logout").await;
    tab.click(".close-modal").await;
    tab.click("#operations-invitations-send_invitation .btn-clear").await;
    execute(&tab, "invitations-send_invitation", 201).await;
    let invitations = acme.owner.get(&format!("/orgs/{}/invitations", acme.org)).await.expecting(200);
    assert_eq!(invitations.as_array().map(Vec::len), Some(1), "{invitations}");
    assert_eq!(tab.evaluate("__refused").await, json!([]), "the policy stops nothing that the page needs");
}

async fn the_reference_looks_right_everywhere(backend: Backend) {
    let service = Service::start(backend).await;
    let browser = Browser::start().await;
    let tab = browser.tab().await;
    tab.go_and_see(&format!("{}/docs", service.node.url()), ABOUT).await;
    tab.portray_long("docs").await;
    // Everything else has been checked.
    tab.evaluate(
        "document.querySelectorAll('.opblock-tag:not(#operations-tag-auth), .models-control').forEach((part) => part.click())",
    )
    .await;
    tab.until("one tag is open", "document.querySelectorAll('.opblock-tag-section.is-open').length === 1").await;
    open(&tab, "auth-forgot_password").await;
    execute(&tab, "auth-forgot_password", 202).await;
    tab.portray("docs-response").await;
    authorize(&tab, "token").await;
    tab.portray("docs-authorize").await;
}

async fn without_scripts_the_page_names_the_document(backend: Backend) {
    let service = Service::start(backend).await;
    let browser = Browser::start().await;
    let tab = browser.tab().await;
    tab.without_scripts().await;
    tab.go_and_see(&format!("{}/docs", service.node.url()), "This page needs JavaScript").await;
}
