//! Failures between the page and the service, and recovery by the user.

use tessera_tests::{
    browser::{BrowserWallet, WalletBehavior},
    database::Backend,
    on_sqlite,
    sso::register,
};

use crate::test_server::{TestServer, choose};

on_sqlite! {
    the_user_can_continue_after_a_network_failure
    the_user_can_continue_after_a_service_failure
    an_expired_sign_in_must_be_started_again
    a_late_signature_is_rejected
}

async fn the_user_can_continue_after_a_network_failure(backend: Backend) {
    let (_server, wallet, tab) = TestServer::with_wallet(backend, WalletBehavior::Pondering("personal_sign")).await;
    tab.offline(true).await;
    choose(&tab).await;
    tab.sees("No connection").await;
    tab.portray("no-connection").await;
    tab.click("#again").await;
    tab.sees("No connection").await;
    tab.offline(false).await;
    tab.click("#again").await;
    tab.sees("Sign the message").await;
    tab.offline(true).await;
    wallet.behave(WalletBehavior::Willing);
    wallet.decide().await;
    tab.sees("No connection").await;
    tab.offline(false).await;
    tab.click("#again").await;
    tab.sees("Welcome back").await;
    // The signature was kept, so the wallet was asked only once.
    assert_eq!(wallet.asked("personal_sign"), 1);
}

async fn the_user_can_continue_after_a_service_failure(backend: Backend) {
    let (mut server, _wallet, tab) = TestServer::with_wallet(backend, WalletBehavior::Willing).await;
    server.stop().await;
    choose(&tab).await;
    tab.sees("No connection").await;
    server.start_again();
    tab.click("#again").await;
    tab.sees("Welcome back").await;
}

async fn an_expired_sign_in_must_be_started_again(backend: Backend) {
    let (server, wallet, tab) = TestServer::with_wallet(backend, WalletBehavior::Willing).await;
    let page = tab.address().await;
    server.let_time_pass(&tab).await;
    choose(&tab).await;
    tab.sees("This sign-in has expired").await;
    tab.portray("over").await;
    assert_eq!((wallet.asked("personal_sign"), server.visitors.tokens().len()), (0, 0));
    tab.go_and_see(&page, "This sign-in has expired").await;
    // The user must start again at the application.
    server.come_in(&tab).await;
    choose(&tab).await;
    tab.sees("Welcome back").await;
}

async fn a_late_signature_is_rejected(backend: Backend) {
    let (server, wallet, tab) = TestServer::with_wallet(backend, WalletBehavior::Pondering("personal_sign")).await;
    choose(&tab).await;
    tab.sees("Sign the message").await;
    server.let_time_pass(&tab).await;
    wallet.behave(WalletBehavior::Willing);
    wallet.decide().await;
    tab.sees("The signature was not accepted").await;
    tab.portray("not-accepted").await;
    tab.click("#again").await;
    tab.sees("This sign-in has expired").await;
    tab.click("[data-scene=over] a.button").await;
    tab.until("the application", "location.pathname === '/' && !!document.querySelector('#sign-in')").await;
    server.come_in(&tab).await;
    choose(&tab).await;
    tab.sees("Welcome back").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_without_a_response_times_out() {
    let (server, wallet) = (TestServer::start(Backend::Sqlite).await, BrowserWallet::new(WalletBehavior::Willing, 1));
    let tab = server.browser.tab().await;
    // The 30-second timeout of the page fires when the test triggers it.
    tab.prepare(
        "const real = setTimeout; \
         window.setTimeout = (action, after) => after === 30000 ? void (window.__late = action) : real(action, after)",
    )
    .await;
    wallet.install(&tab).await;
    tab.hold("*/challenge").await;
    server.come_in(&tab).await;
    choose(&tab).await;
    tab.until("a request", "!!window.__late").await;
    tab.evaluate("__late()").await;
    tab.sees("No connection").await;
    tab.release().await;
    tab.click("#again").await;
    tab.sees("Welcome back").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unregistered_redirect_uri_does_not_redirect_the_browser_s103() {
    let server = TestServer::start(Backend::Sqlite).await;
    register(&server.acme, "https://game.example/other").await;
    let tab = server.browser.tab().await;
    tab.go(&format!("{}/", server.party)).await;
    tab.click("#sign-in").await;
    tab.sees("This sign-in cannot start").await;
    assert!(tab.address().await.starts_with(&server.issuer));
    tab.portray("refusal").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_error_is_shown_with_its_code_and_request_id() {
    let (server, wallet) = (TestServer::start(Backend::Sqlite).await, BrowserWallet::new(WalletBehavior::Willing, 1));
    let tab = server.browser.tab().await;
    let body = r#"{"code":"internal_error","request_id":"01a20db0-bdd7"}"#;
    tab.prepare(&format!("window.fetch = async () => new Response('{body}', {{ status: 500 }})")).await;
    wallet.install(&tab).await;
    server.come_in(&tab).await;
    choose(&tab).await;
    tab.sees("tell us this: internal_error, 01a20db0-bdd7").await;
    tab.portray("failure").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storage_failure_is_shown_with_the_request_id() {
    let (server, wallet) = (TestServer::start(Backend::Postgres).await, BrowserWallet::new(WalletBehavior::Willing, 1));
    let tab = server.enter(&wallet).await;
    let page = tab.address().await;
    server.acme.service.installation.database().take_away().await;
    choose(&tab).await;
    tab.sees("This site is busy").await;
    tab.portray("busy").await;
    for address in [page, format!("{}/login", server.party)] {
        tab.go_and_see(&address, "The service is not available").await;
        let text = tab.evaluate("document.body.innerText").await;
        let id = text.as_str().and_then(|text| text.split("give the operator this request id: ").nth(1));
        let id = id.and_then(|rest| rest.split_whitespace().next()).unwrap_or_else(|| panic!("no request id: {text}"));
        assert!(server.acme.service.node.log().contains(id), "{id} is not in the log");
    }
    tab.portray("unavailable").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_that_was_used_meanwhile_leads_back_to_the_application() {
    let (server, wallet) = (TestServer::start(Backend::Sqlite).await, BrowserWallet::new(WalletBehavior::Willing, 1));
    let tab = server.browser.tab().await;
    tab.prepare("window.fetch = async () => new Response('{}', { status: 409 })").await;
    wallet.install(&tab).await;
    server.come_in(&tab).await;
    choose(&tab).await;
    tab.sees("This sign-in was already used").await;
    tab.portray("used").await;
    tab.click("[data-scene=used] a.button").await;
    tab.until("the application", "location.pathname === '/' && !!document.querySelector('#sign-in')").await;
}
