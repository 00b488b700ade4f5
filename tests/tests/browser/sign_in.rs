//! Wallet sign-in to an application.

use serde_json::json;
use tessera_tests::{
    browser::{BrowserWallet, WalletBehavior},
    database::Backend,
    on_sqlite,
};

use crate::test_server::{TestServer, choose};

on_sqlite! {
    a_person_signs_in_to_an_application
    the_way_back_does_not_lead_to_a_broken_page
    two_tabs_do_not_disturb_each_other
    the_keyboard_is_enough
}

async fn a_person_signs_in_to_an_application(backend: Backend) {
    let (server, wallet) = (TestServer::start(backend).await, BrowserWallet::new(WalletBehavior::Willing, 137));
    let tab = server.enter(&wallet).await;
    tab.sees("Sign in to Dungeon & Söhne").await;
    tab.sees(server.party.strip_prefix("http://").unwrap_or_default()).await;
    tab.portray("choose").await;
    assert_eq!(tab.evaluate("__refused").await, json!([]), "the policy stops nothing that the page needs");
    choose(&tab).await;
    tab.sees("Welcome back").await;
    assert!(tab.address().await.starts_with(&format!("{}/callback?from=tessera&code=", server.party)));
    let claims = server.claims().await;
    assert_eq!(claims.len(), 1);
    assert_eq!((&claims[0]["aud"], &claims[0]["iss"]), (&json!(server.acme.app), &json!(server.issuer)));
    assert_eq!((&claims[0]["nonce"], &claims[0]["chain_id"]), (&json!("n-1"), &json!(137)));
    let address = claims[0]["wallet_address"].as_str().unwrap_or_default();
    assert!(address.eq_ignore_ascii_case(&wallet.address()), "{claims:?}");
}

async fn the_way_back_does_not_lead_to_a_broken_page(backend: Backend) {
    let (server, _wallet, tab) = TestServer::with_wallet(backend, WalletBehavior::Willing).await;
    let page = tab.address().await;
    choose(&tab).await;
    tab.sees("Welcome back").await;
    tab.back().await;
    tab.until("the application", "location.pathname === '/'").await;
    // The end of the sign-in has deleted its cookie.
    tab.go(&page).await;
    tab.sees("This sign-in has expired").await;
    let stranger = server.browser.private_tab().await;
    stranger.go_and_see(&page, "This sign-in has expired").await;
    stranger.portray("not-yours").await;
}

async fn two_tabs_do_not_disturb_each_other(backend: Backend) {
    let (server, wallet) = (TestServer::start(backend).await, BrowserWallet::new(WalletBehavior::Willing, 1));
    let (one, other) = (server.enter(&wallet).await, server.enter(&wallet).await);
    for tab in [&one, &other] {
        choose(tab).await;
        tab.sees("Welcome back").await;
    }
    assert_eq!(server.visitors.tokens().len(), 2);
}

async fn the_keyboard_is_enough(backend: Backend) {
    let (server, wallet) =
        (TestServer::start(backend).await, BrowserWallet::new(WalletBehavior::Pondering("eth_requestAccounts"), 1));
    let tab = server.browser.tab().await;
    wallet.install(&tab).await;
    tab.go_and_see(&format!("{}/", server.party), "Sign in").await;
    tab.press("Tab", 9).await;
    tab.press("Enter", 13).await;
    tab.sees("Test Wallet").await;
    tab.press("Tab", 9).await;
    assert_eq!(tab.focus().await, "Test Wallet");
    tab.portray("keyboard").await;
    tab.press("Enter", 13).await;
    tab.sees("Look at your wallet").await;
    tab.press("Tab", 9).await;
    assert_eq!(tab.focus().await, "Use another wallet");
    tab.press("Enter", 13).await;
    tab.sees("Choose your wallet").await;
    assert_eq!(tab.focus().await, "Test Wallet");
    wallet.behave(WalletBehavior::Refusing);
    tab.press("Enter", 13).await;
    tab.sees("You declined").await;
    tab.press("Tab", 9).await;
    assert_eq!(tab.focus().await, "Try again");
    wallet.behave(WalletBehavior::Willing);
    tab.press("Enter", 13).await;
    tab.sees("Welcome back").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_to_be_signed_is_shown_word_for_word() {
    let (_server, wallet, tab) =
        TestServer::with_wallet(Backend::Sqlite, WalletBehavior::Pondering("personal_sign")).await;
    choose(&tab).await;
    tab.sees("Sign the message").await;
    let address = wallet.address();
    tab.sees(&format!("{}…{}", &address[..6], &address[38..])).await;
    tab.sees("Ethereum").await;
    tab.portray("signing").await;
    tab.click("#message summary").await;
    tab.sees("to the application [Dungeon & S?hne].").await;
    tab.sees("wants you to sign in with your Ethereum account").await;
    tab.portray("signing-message").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_sees_how_far_it_has_come() {
    let (server, wallet) = (TestServer::start(Backend::Sqlite).await, BrowserWallet::new(WalletBehavior::Willing, 1));
    let tab = server.browser.tab().await;
    // The signed message is sent when the test allows it, and the response does not navigate away from the page.
    tab.prepare(
        "const real = window.fetch; \
         const told = new Promise((go) => { window.__go = go; }); \
         window.fetch = async (to, what) => { \
             if (!to.endsWith('/verify')) return real(to, what); \
             await told; \
             const { redirect_uri } = await (await real(to, what)).json(); \
             return Response.json({ redirect_uri: '#' + redirect_uri }); \
         }",
    )
    .await;
    wallet.install(&tab).await;
    server.come_in(&tab).await;
    choose(&tab).await;
    tab.sees("Checking").await;
    assert_eq!(tab.evaluate("document.getElementById('cancel').checkVisibility()").await, false, "it is too late");
    tab.portray("checking").await;
    tab.evaluate("__go()").await;
    tab.sees("You are signed in").await;
    let onward = format!("#{}/callback?", server.party);
    for address in ["document.getElementById('onward').getAttribute('href')", "location.hash"] {
        let address = tab.evaluate(address).await;
        assert!(address.as_str().is_some_and(|address| address.starts_with(&onward)), "{address}");
    }
    tab.portray("done").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_scripts_is_told_so() {
    let server = TestServer::start(Backend::Sqlite).await;
    let tab = server.browser.tab().await;
    tab.without_scripts().await;
    server.come_in(&tab).await;
    tab.sees("This page needs JavaScript to reach your wallet.").await;
    tab.portray("no-script").await;
}
