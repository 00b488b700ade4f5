//! Discovery of wallets, and behavior of wallets and their owners.

use serde_json::json;
use tessera_tests::{
    browser::{BrowserWallet, Presence, WalletBehavior},
    database::Backend,
    on_sqlite,
};

use crate::test_server::{TestServer, choose, offered};

on_sqlite! {
    who_declines_is_told_so_and_may_try_again
    a_wallet_on_another_network_is_asked_to_change
}

async fn who_declines_is_told_so_and_may_try_again(backend: Backend) {
    let (server, wallet, tab) = TestServer::with_wallet(backend, WalletBehavior::Refusing).await;
    choose(&tab).await;
    tab.sees("You declined").await;
    tab.portray("declined").await;
    tab.until("the focus", "document.activeElement.textContent === 'You declined'").await;
    let said = tab.evaluate("document.getElementById('status').textContent").await;
    assert!(said.as_str().is_some_and(|said| said.contains("You declined")), "{said}");
    tab.click("#others").await;
    tab.sees("Choose your wallet").await;
    choose(&tab).await;
    tab.sees("You declined").await;
    assert!(server.visitors.tokens().is_empty());
    wallet.behave(WalletBehavior::Willing);
    tab.click("#again").await;
    tab.sees("Welcome back").await;
}

async fn a_wallet_on_another_network_is_asked_to_change(backend: Backend) {
    let (server, wallet) = (TestServer::start(backend).await, BrowserWallet::new(WalletBehavior::Willing, 56));
    let tab = server.enter(&wallet).await;
    choose(&tab).await;
    tab.sees("Welcome back").await;
    assert_eq!(wallet.chain(), 1);
    let staying = BrowserWallet::new(WalletBehavior::Pondering("wallet_switchEthereumChain"), 56);
    let tab = server.browser.private_tab().await;
    staying.install(&tab).await;
    server.come_in(&tab).await;
    choose(&tab).await;
    tab.sees("Switch the network").await;
    tab.portray("switch-network").await;
    staying.behave(WalletBehavior::Staying);
    staying.decide().await;
    tab.sees("Another network is needed").await;
    tab.portray("network").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_on_a_listed_chain_signs_there() {
    let server = TestServer::start(Backend::Sqlite).await;
    let wallet = BrowserWallet::new(WalletBehavior::Willing, 100);
    let tab = server.enter(&wallet).await;
    choose(&tab).await;
    tab.sees("Welcome back").await;
    assert_eq!((wallet.chain(), &server.claims().await[0]["chain_id"]), (100, &serde_json::json!(100)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_wallet_is_told_what_to_do() {
    let server = TestServer::start(Backend::Sqlite).await;
    let tab = server.browser.tab().await;
    server.come_in(&tab).await;
    tab.sees("No wallet was found in this browser.").await;
    tab.portray("no-wallet").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_that_does_not_announce_itself_is_found() {
    let (server, wallet) = (TestServer::start(Backend::Sqlite).await, BrowserWallet::new(WalletBehavior::Willing, 1));
    let tab = server.browser.tab().await;
    wallet.install_as(&tab, Presence::Older).await;
    server.come_in(&tab).await;
    tab.sees("Browser wallet").await;
    tab.portray("older-wallet").await;
    choose(&tab).await;
    tab.sees("Welcome back").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_that_can_be_found_twice_is_listed_once() {
    let server = TestServer::start(Backend::Sqlite).await;
    for (presence, before) in [(Presence::Both, "Test Wallet"), (Presence::Late, "Browser wallet")] {
        let (wallet, tab) = (BrowserWallet::new(WalletBehavior::Willing, 1), server.browser.private_tab().await);
        wallet.install_as(&tab, presence).await;
        server.come_in(&tab).await;
        // The page looks for wallets that do not announce themselves a moment later.
        tab.sees(before).await;
        assert_eq!(offered(&tab).await, json!([before]), "{presence:?}");
        wallet.announce(&tab).await;
        tab.sees("Test Wallet").await;
        assert_eq!(offered(&tab).await, json!(["Test Wallet"]), "{presence:?}, once it has announced itself");
        choose(&tab).await;
        tab.sees("Welcome back").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_wallet_that_announces_itself_is_offered() {
    let server = TestServer::start(Backend::Sqlite).await;
    let tab = server.browser.tab().await;
    for name in ["Test Wallet", "The Wallet of an Uncommonly Long-Winded Company of Old", "محفظة"] {
        BrowserWallet::named(name, WalletBehavior::Willing, 1).install(&tab).await;
    }
    server.come_in(&tab).await;
    assert_eq!(offered(&tab).await.as_array().map(Vec::len), Some(3));
    tab.portray("wallets").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_that_has_a_request_open_already_is_to_be_looked_at() {
    let (_server, wallet, tab) = TestServer::with_wallet(Backend::Sqlite, WalletBehavior::Occupied).await;
    choose(&tab).await;
    tab.sees("Look at your wallet").await;
    tab.sees("A request is open there already").await;
    tab.portray("occupied").await;
    wallet.behave(WalletBehavior::Willing);
    tab.click("#again").await;
    tab.sees("Welcome back").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_that_never_answers_is_asked_once_and_may_be_left() {
    let server = TestServer::start(Backend::Sqlite).await;
    let (silent, other) = (
        BrowserWallet::named("Silent Wallet", WalletBehavior::Pondering("eth_requestAccounts"), 1),
        BrowserWallet::named("Other Wallet", WalletBehavior::Willing, 10),
    );
    let tab = server.browser.tab().await;
    silent.install(&tab).await;
    other.install(&tab).await;
    server.come_in(&tab).await;
    tab.sees("Other Wallet").await;
    tab.double_click("#wallets li:first-child button").await;
    tab.sees("Connect Silent Wallet").await;
    tab.sees("Look at your wallet").await;
    tab.portray("connecting").await;
    assert_eq!(silent.asked("eth_requestAccounts"), 1);
    tab.click("#cancel").await;
    tab.sees("Choose your wallet").await;
    // The response now belongs to a cancelled sign-in.
    silent.behave(WalletBehavior::Willing);
    silent.decide().await;
    tab.click("#wallets li:last-child button").await;
    tab.sees("Welcome back").await;
    assert_eq!((silent.asked("eth_chainId"), silent.asked("personal_sign")), (0, 0));
    assert_eq!(server.claims().await[0]["chain_id"], 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_try_that_is_double_clicked_is_one_try() {
    let (_server, wallet, tab) = TestServer::with_wallet(Backend::Sqlite, WalletBehavior::Refusing).await;
    choose(&tab).await;
    tab.sees("You declined").await;
    wallet.behave(WalletBehavior::Pondering("eth_requestAccounts"));
    tab.double_click("#again").await;
    tab.sees("Connect Test Wallet").await;
    assert_eq!(wallet.asked("eth_requestAccounts"), 2);
    wallet.behave(WalletBehavior::Willing);
    wallet.decide().await;
    tab.sees("Welcome back").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_that_turns_to_another_account_signs_in_with_that_one_or_not_at_all() {
    let (server, wallet, tab) =
        TestServer::with_wallet(Backend::Sqlite, WalletBehavior::Pondering("personal_sign")).await;
    choose(&tab).await;
    tab.sees("Sign the message").await;
    let before = wallet.address();
    wallet.change_account(&tab).await;
    tab.sees("Your wallet changed its account").await;
    tab.portray("changed").await;
    // The owner signs the earlier request, and the page ignores the signature.
    wallet.behave(WalletBehavior::Willing);
    wallet.decide().await;
    assert!(server.visitors.tokens().is_empty());
    tab.click("#again").await;
    tab.sees("Welcome back").await;
    let claims = server.claims().await;
    assert_eq!(claims.len(), 1);
    let address = claims[0]["wallet_address"].as_str().unwrap_or_default();
    assert!(before != wallet.address() && address.eq_ignore_ascii_case(&wallet.address()), "{claims:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_that_turns_to_another_network_names_that_one() {
    let (server, wallet, tab) =
        TestServer::with_wallet(Backend::Sqlite, WalletBehavior::Pondering("personal_sign")).await;
    choose(&tab).await;
    tab.sees("Sign the message").await;
    wallet.change_chain(&tab, 8453).await;
    tab.sees("Your wallet changed its network").await;
    tab.click("#again").await;
    tab.sees("Sign the message").await;
    tab.sees("Base").await;
    // Events without a change have no effect.
    wallet.change_chain(&tab, 8453).await;
    wallet.emit(&tab, "accountsChanged", &json!([wallet.address().to_uppercase().replace("0X", "0x")])).await;
    wallet.behave(WalletBehavior::Willing);
    wallet.decide().await;
    tab.sees("Welcome back").await;
    assert_eq!(server.claims().await[0]["chain_id"], 8453);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_that_loses_its_connection_may_be_tried_again() {
    let (server, wallet, tab) =
        TestServer::with_wallet(Backend::Sqlite, WalletBehavior::Pondering("personal_sign")).await;
    choose(&tab).await;
    for (event, value) in [("disconnect", json!({ "code": 4900 })), ("accountsChanged", json!([]))] {
        tab.sees("Sign the message").await;
        wallet.emit(&tab, event, &value).await;
        tab.sees("Your wallet lost its connection").await;
        tab.portray("disconnected").await;
        tab.click("#again").await;
    }
    tab.sees("Sign the message").await;
    wallet.behave(WalletBehavior::Willing);
    wallet.decide().await;
    tab.sees("Welcome back").await;
    assert_eq!(server.visitors.tokens().len(), 1);
}
