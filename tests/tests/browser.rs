//! The sign-in page in a real browser: what a person with a wallet sees and does.

use std::{net::TcpListener, sync::Arc};

use serde_json::{Value, json};
use tessera_tests::{
    browser::{Browser, Manners, Pocket, Tab},
    database::Backend,
    jose, on_both,
    process::Installation,
    relying_party::{RelyingParty, Visitors},
    sso::register,
    studio::Studio,
};

/// A service at an address that a browser can go to, and an application that people sign in to by it.
struct Stage {
    studio: Studio,
    issuer: String,
    party: String,
    visitors: Visitors,
    browser: Browser,
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("no port: {error}"));
    let address = listener.local_addr().unwrap_or_else(|error| panic!("no address: {error}"));
    address.port()
}

impl Stage {
    async fn set(backend: Backend) -> Self {
        let port = free_port();
        let issuer = format!("http://localhost:{port}");
        let installation = Installation::new(backend).await.set("TESSERA_LISTEN", &format!("127.0.0.1:{port}"));
        let studio = Studio::open_on(installation.set("TESSERA_PUBLIC_URL", &issuer)).await;
        studio.owner.put(&format!("/apps/{}", studio.app), &json!({ "name": "Dungeon & Söhne" })).await.is(200);
        let party = RelyingParty::open().await;
        register(&studio, &party.callback()).await;
        let url = party.url.clone();
        let visitors = party.serve(studio.api(), &issuer, &studio.app);
        Self { studio, issuer, party: url, visitors, browser: Browser::start().await }
    }

    /// A tab with this wallet in it, on the sign-in page.
    async fn enter(&self, pocket: &Arc<Pocket>) -> Tab {
        let tab = self.browser.tab().await;
        tab.watch_policy().await;
        pocket.install(&tab).await;
        self.come_in(&tab).await;
        tab.sees("Test Wallet").await;
        tab
    }

    /// From the application to the sign-in page, as a person goes.
    async fn come_in(&self, tab: &Tab) {
        tab.go(&format!("{}/", self.party)).await;
        tab.click("#sign-in").await;
        tab.until("the sign-in page", "!!document.querySelector('main')").await;
    }

    async fn claims(&self, token: &str) -> Value {
        let keys = self.studio.api().get_root("/.well-known/jwks.json").await.expecting(200);
        jose::verify(&keys, token).unwrap_or_else(|error| panic!("{error}")).1
    }

    /// Makes the session of a page end as time does, as far as the page can tell: nobody knows its cookie any more.
    async fn let_time_pass(&self, tab: &Tab) {
        tab.clear_cookies().await;
    }
}

/// Chooses the wallet that the page offers.
async fn choose(tab: &Tab) {
    tab.click("#wallets button").await;
}

on_both! {
    a_person_signs_in_to_an_application
}

async fn a_person_signs_in_to_an_application(backend: Backend) {
    let (stage, pocket) = (Stage::set(backend).await, Pocket::new(Manners::Willing, 137));
    let tab = stage.enter(&pocket).await;
    tab.sees("Sign in to Dungeon & Söhne").await;
    tab.sees(stage.party.strip_prefix("http://").unwrap_or_default()).await;
    assert_eq!(tab.evaluate("__refused").await, json!([]), "the policy stops nothing that the page needs");
    choose(&tab).await;
    tab.sees("Welcome back").await;
    assert!(tab.address().await.starts_with(&format!("{}/callback?from=tessera&code=", stage.party)));
    let tokens = stage.visitors.tokens();
    assert_eq!(tokens.len(), 1);
    let claims = stage.claims(&tokens[0]).await;
    assert_eq!((&claims["aud"], &claims["iss"]), (&json!(stage.studio.app), &json!(stage.issuer)));
    assert_eq!((&claims["nonce"], &claims["chain_id"]), (&json!("n-1"), &json!(137)));
    let address = claims["wallet_address"].as_str().unwrap_or_default();
    assert!(address.eq_ignore_ascii_case(&pocket.wallet.address()), "{claims}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_way_back_does_not_lead_to_a_broken_page() {
    let (stage, pocket) = (Stage::set(Backend::Sqlite).await, Pocket::new(Manners::Willing, 1));
    let tab = stage.enter(&pocket).await;
    let page = tab.address().await;
    choose(&tab).await;
    tab.sees("Welcome back").await;
    tab.back().await;
    tab.until("the application", "location.pathname === '/'").await;
    tab.go(&page).await;
    tab.sees("This sign-in is used up").await;
    tab.look(1000, 760, "light").await;
    tab.picture("used-up").await;
    stage.browser.private_tab().await.go_and_see(&page, "This sign-in is over").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_declines_is_told_so_and_may_try_again() {
    let (stage, pocket) = (Stage::set(Backend::Sqlite).await, Pocket::new(Manners::Refusing, 1));
    let tab = stage.enter(&pocket).await;
    choose(&tab).await;
    tab.sees("You declined").await;
    tab.look(390, 844, "light").await;
    tab.picture("declined-phone").await;
    assert_eq!(tab.evaluate("document.activeElement.textContent").await, "You declined");
    assert!(
        tab.evaluate("document.getElementById('status').textContent")
            .await
            .as_str()
            .is_some_and(|text| text.contains("You declined"))
    );
    tab.click("#again").await;
    tab.sees("Choose your wallet").await;
    assert!(stage.visitors.tokens().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_to_be_signed_is_shown_word_for_word() {
    let (stage, pocket) = (Stage::set(Backend::Sqlite).await, Pocket::new(Manners::Pondering, 1));
    let tab = stage.enter(&pocket).await;
    choose(&tab).await;
    tab.sees("Sign the message").await;
    tab.click("#message summary").await;
    tab.sees("Sign in to Dungeon & S?hne at 127.0.0.1:").await;
    tab.sees("wants you to sign in with your Ethereum account").await;
    for (name, width, scheme) in [("signing", 1000, "light"), ("signing-phone-dark", 390, "dark")] {
        tab.look(width, 844, scheme).await;
        tab.picture(name).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_on_another_network_is_asked_to_change() {
    let (stage, pocket) = (Stage::set(Backend::Sqlite).await, Pocket::new(Manners::Willing, 56));
    let tab = stage.enter(&pocket).await;
    choose(&tab).await;
    tab.sees("Welcome back").await;
    assert_eq!(pocket.chain(), 1);
    let staying = Pocket::new(Manners::Staying, 56);
    let tab = stage.browser.private_tab().await;
    staying.install(&tab).await;
    stage.come_in(&tab).await;
    choose(&tab).await;
    tab.sees("Another network is needed").await;
    tab.look(1000, 760, "dark").await;
    tab.picture("network-dark").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_that_took_too_long_is_over() {
    let (stage, pocket) = (Stage::set(Backend::Sqlite).await, Pocket::new(Manners::Willing, 1));
    let tab = stage.enter(&pocket).await;
    stage.let_time_pass(&tab).await;
    choose(&tab).await;
    tab.sees("This sign-in is over").await;
    tab.look(1000, 760, "light").await;
    tab.picture("over").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tabs_do_not_disturb_each_other() {
    let (stage, pocket) = (Stage::set(Backend::Sqlite).await, Pocket::new(Manners::Willing, 1));
    let (one, other) = (stage.enter(&pocket).await, stage.enter(&pocket).await);
    for tab in [&one, &other] {
        choose(tab).await;
        tab.sees("Welcome back").await;
    }
    assert_eq!(stage.visitors.tokens().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_wallet_is_told_what_to_do() {
    let stage = Stage::set(Backend::Sqlite).await;
    let tab = stage.browser.tab().await;
    stage.come_in(&tab).await;
    tab.sees("No wallet was found in this browser.").await;
    tab.look(390, 844, "dark").await;
    tab.picture("no-wallet-phone-dark").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keyboard_is_enough_and_the_page_looks_right_everywhere() {
    let (stage, pocket) = (Stage::set(Backend::Sqlite).await, Pocket::new(Manners::Willing, 1));
    let tab = stage.enter(&pocket).await;
    for (name, width, height, scheme) in
        [("choose-light", 1000, 760, "light"), ("choose-dark", 1000, 760, "dark"), ("choose-phone", 390, 844, "light")]
    {
        tab.look(width, height, scheme).await;
        tab.picture(name).await;
        let overflow = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
        assert_eq!(tab.evaluate(overflow).await, false, "{name} is wider than its window");
    }
    tab.press("Tab", 9).await;
    assert_eq!(tab.evaluate("document.activeElement.textContent").await, "Test Wallet");
    tab.press("Enter", 13).await;
    tab.sees("Welcome back").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s103_redirect_err_a_person_sent_with_a_wrong_address_stays_here() {
    let stage = Stage::set(Backend::Sqlite).await;
    register(&stage.studio, "https://game.example/other").await;
    let tab = stage.browser.tab().await;
    tab.go(&format!("{}/", stage.party)).await;
    tab.click("#sign-in").await;
    tab.sees("This sign-in can’t begin").await;
    assert!(tab.address().await.starts_with(&stage.issuer));
    tab.look(1000, 760, "light").await;
    tab.picture("refusal").await;
}
