//! Tokens for other services, with their ports plugged in.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock},
};

use tessera_kernel::{Clock, Entropy, Memberships, StoreError};
use time::{Duration, OffsetDateTime};

use crate::{
    model::{Audience, KeyRing, STALE, SigningKey},
    ports::{IdentityStore, ServiceTokenSigner, SigningKeyStore},
};

/// Everything that service tokens need from outside.
#[derive(Clone)]
pub struct ServiceTokenPorts {
    /// Sessions.
    pub store: Arc<dyn IdentityStore>,
    /// Signing keys.
    pub keys: Arc<dyn SigningKeyStore>,
    /// Roles, as they are now.
    pub memberships: Arc<dyn Memberships>,
    /// Keys and signatures.
    pub signer: Arc<dyn ServiceTokenSigner>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

/// What an operator may choose.
#[derive(Debug, Clone)]
pub struct ServiceTokenSettings {
    /// The services that tokens are made for, beside the applications of each organization.
    pub audiences: HashSet<Audience>,
    /// How long a key signs.
    pub key_life: Duration,
}

/// Tokens for other services, and the keys that sign them.
pub struct ServiceTokens {
    pub(crate) ports: ServiceTokenPorts,
    pub(crate) settings: ServiceTokenSettings,
    known: RwLock<Option<Known>>,
}

/// The keys as storage had them at that time.
#[derive(Clone)]
struct Known {
    ring: Arc<KeyRing>,
    read_at: OffsetDateTime,
}

impl ServiceTokens {
    /// Plugs the ports in.
    #[must_use]
    pub const fn new(ports: ServiceTokenPorts, settings: ServiceTokenSettings) -> Self {
        Self { ports, settings, known: RwLock::new(None) }
    }

    /// The keys as storage has them, which are remembered.
    pub(crate) async fn read_keys(&self) -> Result<Arc<KeyRing>, StoreError> {
        // The time before the read: what is read is at least as new.
        let read_at = self.ports.clock.now();
        let ring = Arc::new(KeyRing::new(self.ports.keys.list_signing_keys().await?));
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        // Of two reads at once the later one stays, whichever came back first.
        if known.as_ref().is_none_or(|known| known.read_at <= read_at) {
            *known = Some(Known { ring: Arc::clone(&ring), read_at });
        }
        Ok(ring)
    }

    /// The keys as they were when last read; read now only if they never were.
    pub(crate) async fn remembered_keys(&self) -> Result<Arc<KeyRing>, StoreError> {
        match self.known() {
            Some(known) => Ok(known.ring),
            None => self.read_keys().await,
        }
    }

    /// The keys as they were a moment ago at most: one that has left must not go on signing because its removal went
    /// unnoticed.
    pub(crate) async fn recent_keys(&self) -> Result<Arc<KeyRing>, StoreError> {
        let now = self.ports.clock.now();
        match self.known().filter(|known| (now - known.read_at).abs() < STALE) {
            Some(known) => Ok(known.ring),
            None => self.read_keys().await,
        }
    }

    fn known(&self) -> Option<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The key that signs now.
    pub(crate) async fn signing_key(&self) -> Result<SigningKey, StoreError> {
        let ring = self.recent_keys().await?;
        let none = || StoreError::Corrupt("signing_keys: there is none".to_owned());
        ring.signing(self.ports.clock.now()).cloned().ok_or_else(none)
    }
}
