//! Wallet sign-in to an application with a second factor.

use std::sync::Arc;

use serde_json::json;
use tessera_tests::{
    browser::{BrowserWallet, Tab, WalletBehavior},
    database::Backend,
    on_sqlite,
    test_org::Person,
    totp_app::{TotpApp, codes_of},
};

use crate::{
    passkeys::documented_code,
    test_server::{TestServer, choose},
};

on_sqlite! {
    a_person_signs_in_with_a_code_of_the_app
    a_person_signs_in_with_a_recovery_code
    a_person_signs_in_with_a_passkey
}

/// A wallet of a user with an authenticator app, at the sign-in page.
async fn enrolled(backend: Backend) -> (TestServer, Arc<BrowserWallet>, TotpApp, Vec<String>) {
    let (server, wallet, person) = with_wallet(backend).await;
    let (app, codes) = TotpApp::enroll(&person).await;
    (server, wallet, app, codes)
}

/// A wallet of a user.
async fn with_wallet(backend: Backend) -> (TestServer, Arc<BrowserWallet>, Person) {
    let (server, wallet) = (TestServer::start(backend).await, BrowserWallet::new(WalletBehavior::Willing, 1));
    let (person, account) = (Person::register(&server.acme.api()).await, wallet.account());
    let challenge = person.post("/users/me/wallets/challenge", &account.named("ethereum")).await.expecting(200);
    person.post("/users/me/wallets", &account.proof("ethereum", &challenge)).await.is(201);
    (server, wallet, person)
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

/// Adds a passkey of the device to the user, on a page of the service. Returns the recovery codes.
async fn add_passkey(server: &TestServer, tab: &Tab, person: &Person) -> Vec<String> {
    tab.add_authenticator().await;
    tab.go_and_see(&format!("{}/docs", server.issuer), "Registration, sign-in, sign-out and service tokens").await;
    let call = format!("addPasskey('{}/api/v1', {}, 'Laptop')", server.issuer, json!(person.token));
    let code = documented_code();
    codes_of(&tab.evaluate(&format!("(async () => {{ {code}; return {call}; }})()")).await)
}

/// Changes the answers of all passkeys of this page.
const WRONG_PASSKEY: &str = "(() => {
    const get = navigator.credentials.get.bind(navigator.credentials);
    navigator.credentials.get = async (options) => {
        const answer = (await get(options)).toJSON();
        answer.response.signature = answer.response.authenticatorData;
        return { toJSON: () => answer };
    };
})()";

async fn a_person_signs_in_with_a_passkey(backend: Backend) {
    let (server, wallet, person) = with_wallet(backend).await;
    let tab = server.enter(&wallet).await;
    let codes = add_passkey(&server, &tab, &person).await;
    assert_eq!(codes.len(), 10);
    for wrong in [true, false] {
        server.come_in(&tab).await;
        tab.sees("Test Wallet").await;
        choose(&tab).await;
        tab.sees("Enter your second factor").await;
        if wrong {
            tab.evaluate(WRONG_PASSKEY).await;
            tab.click("#use-passkey").await;
            tab.sees("This passkey was not accepted. Use another factor.").await;
            let hidden = tab.evaluate("document.querySelector('#use-passkey').hidden").await;
            assert_eq!(hidden, true, "its options are used up");
            tab.submit("#recovery-code", &codes[0], "Welcome back").await;
        } else {
            tab.click("#use-passkey").await;
            tab.sees("Welcome back").await;
        }
    }
    assert_eq!(server.claims().await.len(), 2);
    let listed = person.get("/users/me/passkeys").await.expecting(200);
    assert!(listed[0]["last_used_at"].is_string(), "{listed}");
}
