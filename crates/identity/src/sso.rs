//! Signing in to applications, with its ports plugged in.

use std::sync::Arc;

use tessera_kernel::{Clock, Entropy, SecretDigest};
use time::OffsetDateTime;

use crate::{
    Identity, ServiceTokens,
    model::{SsoSecret, SsoSession},
    ports::{RelyingParties, SsoStore},
};

/// Everything that signing in to applications needs from outside.
#[derive(Clone)]
pub struct SsoPorts {
    /// Sessions of the sign-in page, and codes.
    pub store: Arc<dyn SsoStore>,
    /// Applications.
    pub relying_parties: Arc<dyn RelyingParties>,
    /// Hashes of secrets.
    pub digest: Arc<dyn SecretDigest>,
    /// Users, and what their wallets sign.
    pub identity: Arc<Identity>,
    /// Tokens for others.
    pub tokens: Arc<ServiceTokens>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

/// Single sign-on: users sign in to applications by a wallet, on a page of this service.
pub struct SingleSignOn {
    pub(crate) ports: SsoPorts,
}

impl SingleSignOn {
    /// Plugs the ports in.
    #[must_use]
    pub const fn new(ports: SsoPorts) -> Self {
        Self { ports }
    }

    /// Whether a session is still to be had at that time, and by this browser.
    pub(crate) fn is_theirs(&self, session: &SsoSession, browser: &SsoSecret, now: OffsetDateTime) -> bool {
        let digest = &self.ports.digest;
        let bound = digest.matches(&session.browser, &digest.digest(browser.expose()));
        bound && now < session.expires_at
    }
}
