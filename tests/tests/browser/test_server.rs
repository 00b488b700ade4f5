//! Shared setup of the tests of the sign-in page.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tessera_adapters::{DatabaseSettings, SqlStore};
use tessera_kernel::Clock as _;
use tessera_sso::{
    model::{SsoSession, SsoSessionId},
    ports::{SsoBounds, SsoStore},
};
use tessera_system::{SystemClock, SystemEntropy};
use tessera_tests::{
    browser::{Browser, BrowserWallet, Tab, WalletBehavior},
    database::Backend,
    jose,
    process::{Installation, free_port},
    relying_party::{RelyingParty, Visitors},
    sso::register,
    test_org::TestOrg,
};

/// Timeout for the end of the service.
const END: Duration = Duration::from_secs(30);

/// A service at an address that a browser can reach, and a relying party that signs users in through it.
pub(crate) struct TestServer {
    pub(crate) acme: TestOrg,
    pub(crate) issuer: String,
    pub(crate) party: String,
    pub(crate) visitors: Visitors,
    pub(crate) browser: Browser,
}

impl TestServer {
    pub(crate) async fn start(backend: Backend) -> Self {
        let port = free_port();
        // One backend runs below a path, as behind a proxy that shares its host with other services.
        let path = if matches!(backend, Backend::Postgres) { "/accounts" } else { "" };
        let issuer = format!("http://localhost:{port}{path}");
        let installation = Installation::new(backend).await.set("TESSERA_LISTEN", &format!("127.0.0.1:{port}"));
        let installation = installation.set("TESSERA_PUBLIC_URL", &issuer).set("TESSERA_EVM_CHAINS", "100");
        let acme = TestOrg::open_on(installation).await;
        acme.owner.put(&format!("/apps/{}", acme.app), &json!({ "name": "Dungeon & Söhne" })).await.is(200);
        let party = RelyingParty::open().await;
        register(&acme, &party.callback()).await;
        let url = party.url.clone();
        let visitors = party.serve(acme.api(), &issuer, &acme.app);
        Self { acme, issuer, party: url, visitors, browser: Browser::start().await }
    }

    /// Starts the service, and opens a tab on the sign-in page with a wallet that is on Ethereum.
    pub(crate) async fn with_wallet(backend: Backend, behavior: WalletBehavior) -> (Self, Arc<BrowserWallet>, Tab) {
        let (server, wallet) = (Self::start(backend).await, BrowserWallet::new(behavior, 1));
        let tab = server.enter(&wallet).await;
        (server, wallet, tab)
    }

    /// Opens a tab with the wallet on the sign-in page.
    pub(crate) async fn enter(&self, wallet: &Arc<BrowserWallet>) -> Tab {
        let tab = self.browser.tab().await;
        tab.watch_policy().await;
        wallet.install(&tab).await;
        self.come_in(&tab).await;
        tab.sees("Test Wallet").await;
        tab
    }

    /// Goes from the application to the sign-in page, as a user does.
    pub(crate) async fn come_in(&self, tab: &Tab) {
        tab.go(&format!("{}/", self.party)).await;
        tab.click("#sign-in").await;
        tab.until("the sign-in page", "!!document.querySelector('main')").await;
    }

    /// The claims of the tokens that the application received, in order.
    pub(crate) async fn claims(&self) -> Vec<Value> {
        let keys = self.acme.api().get_root("/.well-known/jwks.json").await.expecting(200);
        let tokens = self.visitors.tokens();
        tokens.iter().map(|token| jose::verify(&keys, token).unwrap_or_else(|error| panic!("{error}")).1).collect()
    }

    /// Stops the service.
    pub(crate) async fn stop(&mut self) {
        self.acme.service.node.terminate();
        self.acme.service.node.wait(END).await;
    }

    /// Starts the service again at the same address.
    pub(crate) fn start_again(&mut self) {
        self.acme.service.node = self.acme.service.installation.start();
    }

    /// Sets the stored expiry of the tab's sign-in to the current time.
    pub(crate) async fn let_time_pass(&self, tab: &Tab) {
        let address = tab.address().await;
        let (_, id) = address.split_once("session_id=").unwrap_or_else(|| panic!("no sign-in: {address}"));
        let id: SsoSessionId = id.parse().unwrap_or_else(|error| panic!("{id}: {error}"));
        end(&self.acme.service.installation, id).await.unwrap_or_else(|error| panic!("{id}: {error}"));
    }
}

/// The expiry of a session is never updated, so the session is removed and stored again with another expiry.
async fn end(installation: &Installation, id: SsoSessionId) -> Result<(), Box<dyn std::error::Error>> {
    let url = installation.database().url().parse()?;
    let store = SqlStore::open(&DatabaseSettings::new(url)).await?;
    let session = store.find_sso_session(id).await?.ok_or("it is not there")?;
    let mut tx = SsoStore::begin(&store).await?;
    let other = SsoSession { id: SsoSessionId::generate(&SystemEntropy), ..session.clone() };
    tx.sso_sessions().insert(&other).await?;
    let only_the_other = SsoBounds { per_application: 1, ..SsoBounds::default() };
    tx.sso_sessions().make_room(&other, only_the_other).await?;
    tx.sso_sessions().insert(&SsoSession { expires_at: SystemClock.now(), ..session }).await?;
    Ok(tx.commit().await?)
}

/// Chooses the first wallet on the page.
pub(crate) async fn choose(tab: &Tab) {
    tab.click("#wallets button").await;
}

/// The wallets on the page.
pub(crate) async fn offered(tab: &Tab) -> Value {
    // Then the page looks for wallets that have not announced themselves.
    tab.outlive_timers(400).await;
    tab.evaluate("[...document.querySelectorAll('#wallets button')].map((button) => button.textContent)").await
}
