//! Discovery of wallets, and behavior of wallets and their owners.

use serde_json::json;
use tessera_tests::{
    browser::{Manners, Pocket, Presence},
    database::Backend,
    on_sqlite,
};

use crate::stage::{Stage, choose, offered};

on_sqlite! {
    who_declines_is_told_so_and_may_try_again
    a_wallet_on_another_network_is_asked_to_change
}

async fn who_declines_is_told_so_and_may_try_again(backend: Backend) {
    let (stage, pocket) = (Stage::set(backend).await, Pocket::new(Manners::Refusing, 1));
    let tab = stage.enter(&pocket).await;
    choose(&tab).await;
    tab.sees("You declined").await;
    tab.portray("declined").await;
    assert_eq!(tab.evaluate("document.activeElement.textContent").await, "You declined");
    let said = tab.evaluate("document.getElementById('status').textContent").await;
    assert!(said.as_str().is_some_and(|said| said.contains("You declined")), "{said}");
    tab.click("#others").await;
    tab.sees("Choose your wallet").await;
    choose(&tab).await;
    tab.sees("You declined").await;
    assert!(stage.visitors.tokens().is_empty());
    pocket.behave(Manners::Willing);
    tab.click("#again").await;
    tab.sees("ProvisionAccount back").await;
}

async fn a_wallet_on_another_network_is_asked_to_change(backend: Backend) {
    let (stage, pocket) = (Stage::set(backend).await, Pocket::new(Manners::Willing, 56));
    let tab = stage.enter(&pocket).await;
    choose(&tab).await;
    tab.sees("ProvisionAccount back").await;
    assert_eq!(pocket.chain(), 1);
    let staying = Pocket::new(Manners::Pondering("wallet_switchEthereumChain"), 56);
    let tab = stage.browser.private_tab().await;
    staying.install(&tab).await;
    stage.come_in(&tab).await;
    choose(&tab).await;
    tab.sees("Switch the network").await;
    tab.portray("switch-network").await;
    staying.behave(Manners::Staying);
    staying.decide().await;
    tab.sees("Another network is needed").await;
    tab.portray("network").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_wallet_is_told_what_to_do() {
    let stage = Stage::set(Backend::Sqlite).await;
    let tab = stage.browser.tab().await;
    stage.come_in(&tab).await;
    tab.sees("No wallet was found in this browser.").await;
    tab.portray("no-wallet").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_that_does_not_announce_itself_is_found() {
    let (stage, pocket) = (Stage::set(Backend::Sqlite).await, Pocket::new(Manners::Willing, 1));
    let tab = stage.browser.tab().await;
    pocket.install_as(&tab, Presence::Older).await;
    stage.come_in(&tab).await;
    tab.sees("Browser wallet").await;
    tab.portray("older-wallet").await;
    choose(&tab).await;
    tab.sees("ProvisionAccount back").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_that_can_be_found_twice_is_listed_once() {
    let stage = Stage::set(Backend::Sqlite).await;
    for (presence, before) in [(Presence::Both, "Test Wallet"), (Presence::Late, "Browser wallet")] {
        let (pocket, tab) = (Pocket::new(Manners::Willing, 1), stage.browser.private_tab().await);
        pocket.install_as(&tab, presence).await;
        stage.come_in(&tab).await;
        assert_eq!(offered(&tab).await, json!([before]), "{presence:?}");
        pocket.announce(&tab).await;
        assert_eq!(offered(&tab).await, json!(["Test Wallet"]), "{presence:?}, once it has announced itself");
        choose(&tab).await;
        tab.sees("ProvisionAccount back").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_wallet_that_announces_itself_is_offered() {
    let stage = Stage::set(Backend::Sqlite).await;
    let tab = stage.browser.tab().await;
    for name in ["Test Wallet", "The Wallet of an Uncommonly Long-Winded Company of Old", "محفظة"] {
        Pocket::named(name, Manners::Willing, 1).install(&tab).await;
    }
    stage.come_in(&tab).await;
    assert_eq!(offered(&tab).await.as_array().map(Vec::len), Some(3));
    tab.portray("wallets").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_that_has_a_request_open_already_is_to_be_looked_at() {
    let (stage, pocket) = (Stage::set(Backend::Sqlite).await, Pocket::new(Manners::Occupied, 1));
    let tab = stage.enter(&pocket).await;
    choose(&tab).await;
    tab.sees("Look at your wallet").await;
    tab.sees("A request is open there already").await;
    tab.portray("occupied").await;
    pocket.behave(Manners::Willing);
    tab.click("#again").await;
    tab.sees("ProvisionAccount back").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_that_never_answers_is_asked_once_and_may_be_left() {
    let stage = Stage::set(Backend::Sqlite).await;
    let (silent, other) = (
        Pocket::named("Silent Wallet", Manners::Pondering("eth_requestAccounts"), 1),
        Pocket::named("Other Wallet", Manners::Willing, 10),
    );
    let tab = stage.browser.tab().await;
    silent.install(&tab).await;
    other.install(&tab).await;
    stage.come_in(&tab).await;
    tab.sees("Other Wallet").await;
    tab.double_click("#wallets li:first-child button").await;
    tab.sees("Connect Silent Wallet").await;
    tab.sees("Look at your wallet").await;
    tab.portray("connecting").await;
    assert_eq!(silent.asked("eth_requestAccounts"), 1);
    tab.click("#cancel").await;
    tab.sees("Choose your wallet").await;
    // The response now belongs to a cancelled sign-in.
    silent.behave(Manners::Willing);
    silent.decide().await;
    tab.click("#wallets li:last-child button").await;
    tab.sees("ProvisionAccount back").await;
    assert_eq!((silent.asked("eth_chainId"), silent.asked("personal_sign")), (0, 0));
    assert_eq!(stage.claims().await[0]["chain_id"], 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_try_that_is_double_clicked_is_one_try() {
    let (stage, pocket) = (Stage::set(Backend::Sqlite).await, Pocket::new(Manners::Refusing, 1));
    let tab = stage.enter(&pocket).await;
    choose(&tab).await;
    tab.sees("You declined").await;
    pocket.behave(Manners::Pondering("eth_requestAccounts"));
    tab.double_click("#again").await;
    tab.sees("Connect Test Wallet").await;
    assert_eq!(pocket.asked("eth_requestAccounts"), 2);
    pocket.behave(Manners::Willing);
    pocket.decide().await;
    tab.sees("ProvisionAccount back").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_that_turns_to_another_account_signs_in_with_that_one_or_not_at_all() {
    let (stage, pocket) = (Stage::set(Backend::Sqlite).await, Pocket::new(Manners::Pondering("personal_sign"), 1));
    let tab = stage.enter(&pocket).await;
    choose(&tab).await;
    tab.sees("Sign the message").await;
    let before = pocket.address();
    pocket.change_account(&tab).await;
    tab.sees("Your wallet changed its account").await;
    tab.portray("changed").await;
    // The owner signs the earlier request, and the page ignores the signature.
    pocket.behave(Manners::Willing);
    pocket.decide().await;
    assert!(stage.visitors.tokens().is_empty());
    tab.click("#again").await;
    tab.sees("ProvisionAccount back").await;
    let claims = stage.claims().await;
    assert_eq!(claims.len(), 1);
    let address = claims[0]["wallet_address"].as_str().unwrap_or_default();
    assert!(before != pocket.address() && address.eq_ignore_ascii_case(&pocket.address()), "{claims:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_that_turns_to_another_network_names_that_one() {
    let (stage, pocket) = (Stage::set(Backend::Sqlite).await, Pocket::new(Manners::Pondering("personal_sign"), 1));
    let tab = stage.enter(&pocket).await;
    choose(&tab).await;
    tab.sees("Sign the message").await;
    pocket.change_chain(&tab, 8453).await;
    tab.sees("Your wallet changed its network").await;
    tab.click("#again").await;
    tab.sees("Sign the message").await;
    tab.sees("Base").await;
    // Events without a change have no effect.
    pocket.change_chain(&tab, 8453).await;
    pocket.emit(&tab, "accountsChanged", &json!([pocket.address().to_uppercase().replace("0X", "0x")])).await;
    pocket.behave(Manners::Willing);
    pocket.decide().await;
    tab.sees("ProvisionAccount back").await;
    assert_eq!(stage.claims().await[0]["chain_id"], 8453);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_that_loses_its_connection_may_be_tried_again() {
    let (stage, pocket) = (Stage::set(Backend::Sqlite).await, Pocket::new(Manners::Pondering("personal_sign"), 1));
    let tab = stage.enter(&pocket).await;
    choose(&tab).await;
    for (event, value) in [("disconnect", json!({ "code": 4900 })), ("accountsChanged", json!([]))] {
        tab.sees("Sign the message").await;
        pocket.emit(&tab, event, &value).await;
        tab.sees("Your wallet lost its connection").await;
        tab.portray("disconnected").await;
        tab.click("#again").await;
    }
    tab.sees("Sign the message").await;
    pocket.behave(Manners::Willing);
    pocket.decide().await;
    tab.sees("ProvisionAccount back").await;
    assert_eq!(stage.visitors.tokens().len(), 1);
}
