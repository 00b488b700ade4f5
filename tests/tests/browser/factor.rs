//! Wallet sign-in to an application with a second factor.

use std::sync::Arc;

use serde_json::json;
use tessera_tests::{
    browser::{BrowserWallet, WalletBehavior},
    database::Backend,
    on_sqlite,
    test_org::Person,
    totp_app::TotpApp,
};

use crate::test_server::{TestServer, choose};

on_sqlite! {
    a_person_signs_in_with_a_code_of_the_app
    a_person_signs_in_with_a_recovery_code
}

/// A wallet of a user with an authenticator app, at the sign-in page.
async fn enrolled(backend: Backend) -> (TestServer, Arc<BrowserWallet>, TotpApp, Vec<String>) {
    let (server, wallet) = (TestServer::start(backend).await, BrowserWallet::new(WalletBehavior::Willing, 1));
    let (person, account) = (Person::register(&server.acme.api()).await, wallet.account());
    let challenge = person.post("/users/me/wallets/challenge", &account.named("ethereum")).await.expecting(200);
    person.post("/users/me/wallets", &account.proof("ethereum", &challenge)).await.is(201);
    let (app, codes) = TotpApp::enroll(&person).await;
    (server, wallet, app, codes)
}

async fn a_person_signs_in_with_a_code_of_the_app(backend: Backend) {
    let (server, wallet, app, _) = enrolled(backend).await;
    let tab = server.enter(&wallet).await;
    choose(&tab).await;
    tab.sees("Enter your second factor").await;
    assert_eq!(server.visitors.tokens().len(), 0);
    tab.portray("factor").await;
    assert_eq!(tab.evaluate("__refused").await, json!([]), "the policy stops nothing that the page needs");
    tab.submit("#totp", "000000", "This code is wrong").await;
    tab.portray("factor-wrong").await;
    tab.submit("#totp", &app.code(), "Welcome back").await;
    assert_eq!(server.claims().await.len(), 1);
    assert_eq!(wallet.asked("personal_sign"), 1);
}

async fn a_person_signs_in_with_a_recovery_code(backend: Backend) {
    let (server, wallet, _, codes) = enrolled(backend).await;
    let tab = server.enter(&wallet).await;
    choose(&tab).await;
    tab.sees("Enter your second factor").await;
    tab.click("#use-code").await;
    tab.portray("factor-recovery").await;
    tab.submit("#recovery-code", &codes[0], "Welcome back").await;
    assert_eq!(server.claims().await.len(), 1);
}
