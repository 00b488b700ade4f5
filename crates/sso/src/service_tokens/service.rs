//! Service tokens and their signing keys.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock},
};

use tessera_kernel::{Memberships, StoreError, SystemPorts};
use time::{Duration, OffsetDateTime};

use super::{
    model::Audience,
    ports::{ServiceTokenSigner, Sessions},
};
use crate::signing_keys::{
    model::{KeyRing, MAX_SNAPSHOT_AGE, SigningKey},
    ports::SigningKeyStore,
};

/// Ports of the service tokens.
#[derive(Clone)]
pub struct ServiceTokenPorts {
    /// Sessions of users.
    pub sessions: Arc<dyn Sessions>,
    /// Signing keys, and the audit trail of tokens.
    pub keys: Arc<dyn SigningKeyStore>,
    /// Current roles of users.
    pub memberships: Arc<dyn Memberships>,
    /// Creates signing keys and signs tokens.
    pub signer: Arc<dyn ServiceTokenSigner>,
    /// The clock of the node, and the source of random bytes.
    pub system: SystemPorts,
}

/// Settings that the operator chooses.
#[derive(Debug, Clone)]
pub struct ServiceTokenSettings {
    /// Configured audiences. The applications of each organization are audiences too.
    pub audiences: HashSet<Audience>,
    /// The time from the activation of a signing key to that of its successor.
    pub key_life: Duration,
}

/// Issues service tokens and manages the keys that sign them.
pub struct ServiceTokens {
    pub(crate) ports: ServiceTokenPorts,
    pub(crate) settings: ServiceTokenSettings,
    known: RwLock<Option<Known>>,
}

/// Signing keys as read from storage at `read_at`.
#[derive(Clone)]
struct Known {
    ring: Arc<KeyRing>,
    read_at: OffsetDateTime,
}

impl ServiceTokens {
    /// Creates the service with its ports. No keys are read yet.
    #[must_use]
    pub const fn new(ports: ServiceTokenPorts, settings: ServiceTokenSettings) -> Self {
        Self { ports, settings, known: RwLock::new(None) }
    }

    /// Reads the keys from storage and caches them.
    pub(crate) async fn read_keys(&self) -> Result<Arc<KeyRing>, StoreError> {
        // Take the time before the read: the result is at least as new as `read_at`.
        let read_at = self.ports.system.now();
        let ring = Arc::new(KeyRing::new(self.ports.keys.list_signing_keys().await?));
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        // Of two concurrent reads, keep the one that started later, whichever finished first.
        if known.as_ref().is_none_or(|known| known.read_at <= read_at) {
            *known = Some(Known { ring: Arc::clone(&ring), read_at });
        }
        Ok(ring)
    }

    /// Returns the cached keys. Reads them from storage only if they were never read.
    pub(crate) async fn remembered_keys(&self) -> Result<Arc<KeyRing>, StoreError> {
        match self.known() {
            Some(known) => Ok(known.ring),
            None => self.read_keys().await,
        }
    }

    /// Returns keys that are at most [`MAX_SNAPSHOT_AGE`] old. A node must not continue to sign with a removed key because it did
    /// not notice the removal.
    pub(crate) async fn recent_keys(&self) -> Result<Arc<KeyRing>, StoreError> {
        let now = self.ports.system.now();
        match self.known().filter(|known| (now - known.read_at).abs() < MAX_SNAPSHOT_AGE) {
            Some(known) => Ok(known.ring),
            None => self.read_keys().await,
        }
    }

    /// Returns the cached keys, however old they are.
    pub(crate) fn known_keys(&self) -> Option<Arc<KeyRing>> {
        self.known().map(|known| known.ring)
    }

    fn known(&self) -> Option<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the key that signs now.
    pub(crate) async fn signing_key(&self) -> Result<SigningKey, StoreError> {
        let ring = self.recent_keys().await?;
        let none = || StoreError::Corrupt("signing_keys: there is none".to_owned());
        ring.signing(self.ports.system.now()).cloned().ok_or_else(none)
    }
}
