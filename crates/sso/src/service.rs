//! Single sign-on service and its ports.

use std::sync::Arc;

use tessera_kernel::{SecretDigest, SystemPorts};
use time::OffsetDateTime;

use crate::{
    codes::model::OneTimeSecret,
    relying_parties::ports::RelyingParties,
    service_tokens::service::ServiceTokens,
    sign_in::{
        model::SsoSession,
        ports::{SsoBounds, SsoStore, WalletAuthenticator},
    },
};

/// Ports of single sign-on.
#[derive(Clone)]
pub struct SsoPorts {
    /// Sign-in page sessions and authorization codes.
    pub store: Arc<dyn SsoStore>,
    /// Registered applications.
    pub relying_parties: Arc<dyn RelyingParties>,
    /// Hashes secrets.
    pub digest: Arc<dyn SecretDigest>,
    /// Formats the messages of challenges, and authenticates users by their wallets.
    pub wallets: Arc<dyn WalletAuthenticator>,
    /// Signs service tokens.
    pub tokens: Arc<ServiceTokens>,
    /// The clock of the node, and the source of random bytes.
    pub system: SystemPorts,
}

/// Single sign-on: users sign in to applications with a wallet on a page of this service.
pub struct SingleSignOn {
    pub(crate) ports: SsoPorts,
    pub(crate) bounds: SsoBounds,
}

impl SingleSignOn {
    /// Creates the service with its ports and the default bounds.
    #[must_use]
    pub fn new(ports: SsoPorts) -> Self {
        Self { ports, bounds: SsoBounds::default() }
    }

    /// Replaces the default bounds on unfinished sign-ins.
    #[must_use]
    pub fn with_bounds(self, bounds: SsoBounds) -> Self {
        Self { bounds, ..self }
    }

    /// Returns whether the session has not expired and belongs to this browser.
    pub(crate) fn is_theirs(&self, session: &SsoSession, browser: &OneTimeSecret, now: OffsetDateTime) -> bool {
        self.is_bound_to(session, browser) && now < session.expires_at
    }

    /// Returns whether the session belongs to this browser.
    pub(crate) fn is_bound_to(&self, session: &SsoSession, browser: &OneTimeSecret) -> bool {
        let digest = &self.ports.digest;
        digest.matches(&session.browser, &digest.digest(browser.expose()))
    }
}
