//! The secrets of user tokens and of refresh tokens, which all nodes share, and their rotation.

mod ring;

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration as StdDuration,
};

use async_trait::async_trait;
use tessera_identity::{
    model::RefreshSecretId,
    ports::{AccessClaims, RefreshCodes, TokenError, TokenSigner},
};
use tessera_kernel::{AuditEntry, Event, Outcome, RequestMetadata, Secret, StoreError, SystemPorts, rfc3339};
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;

use crate::{
    crypto::{MasterKey, SealError},
    database::SqlStore,
};
use ring::{PUBLISHED_BEFORE_USE, Ring};
pub use ring::{SecretKind, SharedSecretsError};

/// Secrets that were read this recently are not read again for an unknown header or id, which a client can invent.
const RECENT: StdDuration = StdDuration::from_millis(100);

/// What the secrets of an installation depend on.
#[derive(Debug, Clone)]
pub struct SecretSettings {
    /// The issuer of user tokens.
    pub issuer: String,
    /// The longest lifetime of a user token. A secret with a successor verifies tokens for this time.
    pub longest_token: Duration,
}

/// The secrets of user tokens and of refresh tokens.
pub struct SharedSecrets {
    store: SqlStore,
    master: Arc<MasterKey>,
    settings: SecretSettings,
    ring: RwLock<Arc<Ring>>,
    /// Held while the secrets are read, so that many unknown tokens cause one read.
    reading: Mutex<()>,
}

/// Why no secret was added.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The previous rotation is not complete.
    #[error("a rotation is under way until {}; nothing was done", second(.0))]
    UnderWay(OffsetDateTime),
    /// There are too many secrets.
    #[error("there are too many secrets; nothing was done")]
    TooMany,
    /// The secrets cannot be used.
    #[error(transparent)]
    Secrets(#[from] SharedSecretsError),
}

/// A secret that was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddedSecret {
    /// Its number.
    pub id: u16,
    /// When it is used for the first time.
    pub used_from: OffsetDateTime,
    /// Until when the previous secret verifies user tokens. `None` for refresh tokens: as long as it has live sessions.
    pub previous_until: Option<OffsetDateTime>,
}

impl SharedSecrets {
    /// Reads the secrets. The first node creates those that do not exist yet.
    ///
    /// # Errors
    /// The master key does not open them, or storage fails.
    pub async fn open(
        store: SqlStore,
        master: Arc<MasterKey>,
        settings: SecretSettings,
        system: &SystemPorts,
    ) -> Result<Self, SharedSecretsError> {
        let rows = store.list_secrets().await?;
        for kind in SecretKind::ALL {
            if !rows.iter().any(|row| kind.id_of(&row.name).is_some()) {
                let name = kind.name(1);
                let sealed = seal_new(&master, &name, system).map_err(SharedSecretsError::Sealed)?;
                store.keep_secret(&name, &sealed).await?;
            }
        }
        let ring = RwLock::new(Arc::new(Ring::empty()));
        let secrets = Self { store, master, settings, ring, reading: Mutex::new(()) };
        secrets.read().await?;
        Ok(secrets)
    }

    /// Reads the secrets again. Every node calls it periodically.
    ///
    /// # Errors
    /// Storage fails, or a secret cannot be opened. Those that were opened before stay.
    pub async fn read(&self) -> Result<(), SharedSecretsError> {
        let _one_at_a_time = self.reading.lock().await;
        self.read_now().await
    }

    async fn read_now(&self) -> Result<(), SharedSecretsError> {
        let before = tokio::time::Instant::now();
        let rows = self.store.list_secrets().await?;
        let (ring, opened) = self.ring().updated(rows, &self.master, &self.settings.issuer, before);
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
        opened
    }

    /// Adds a secret, which is used as soon as all nodes know it. The previous one stays valid for what was issued with it.
    ///
    /// # Errors
    /// The previous rotation is not complete, or storage fails.
    pub async fn rotate(
        &self,
        kind: SecretKind,
        origin: &RequestMetadata,
        system: &SystemPorts,
    ) -> Result<AddedSecret, RotationError> {
        self.read().await?;
        let ring = self.ring();
        let now = ring.now();
        let under_way = match kind {
            SecretKind::UserTokens => ring.previous_token_until(self.settings.longest_token),
            SecretKind::RefreshTokens => ring.newest(kind).map(|newest| newest.created_at + PUBLISHED_BEFORE_USE),
        };
        if let Some(until) = under_way.filter(|until| now < *until) {
            return Err(RotationError::UnderWay(until));
        }
        let newest = ring.newest(kind).map_or(0, |newest| newest.id);
        let id = newest.checked_add(1).ok_or(RotationError::TooMany)?;
        let name = kind.name(id);
        let sealed = seal_new(&self.master, &name, system).map_err(SharedSecretsError::Sealed)?;
        let event = Event::by_anonymous(origin, kind.added(id), system);
        // A refresh token has the secret of its session. The tokens of the other secrets have expired.
        let obsolete = if kind == SecretKind::UserTokens { ring.names_before(kind, newest) } else { Vec::new() };
        let added = self.store.add_secret((&name, &sealed), &obsolete, &event).await;
        if !added.map_err(SharedSecretsError::Store)? {
            return Err(RotationError::UnderWay(now + PUBLISHED_BEFORE_USE));
        }
        self.read().await?;
        let ring = self.ring();
        let used_from = ring.newest(kind).map_or(now, |newest| newest.created_at + PUBLISHED_BEFORE_USE);
        let previous_until = match kind {
            SecretKind::UserTokens => ring.previous_token_until(self.settings.longest_token),
            SecretKind::RefreshTokens => None,
        };
        Ok(AddedSecret { id, used_from, previous_until })
    }

    fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the secrets unless they were read just now.
    async fn learn(&self) -> Result<(), StoreError> {
        if self.ring().age() < RECENT {
            return Ok(());
        }
        let _one_at_a_time = self.reading.lock().await;
        if self.ring().age() < RECENT {
            return Ok(());
        }
        match self.read_now().await {
            Err(SharedSecretsError::Store(error)) => Err(error),
            Err(error) => Err(StoreError::Other(Box::new(error))),
            Ok(()) => Ok(()),
        }
    }
}

/// Formats a time for error texts, to the second.
fn second(time: &OffsetDateTime) -> String {
    rfc3339(time.replace_nanosecond(0).unwrap_or(*time))
}

fn seal_new(master: &MasterKey, name: &str, system: &SystemPorts) -> Result<Vec<u8>, SealError> {
    let mut secret = [0; 32];
    system.entropy.fill(&mut secret);
    let sealed = master.seal(name, &secret, &*system.entropy);
    secret.fill(0);
    sealed
}

impl SecretKind {
    fn added(self, id: u16) -> AuditEntry {
        let name = match self {
            Self::UserTokens => "user_token_secret.added",
            Self::RefreshTokens => "refresh_token_secret.added",
        };
        let entry =
            AuditEntry { name, outcome: Outcome::Success, organization: None, subject: None, details: Vec::new() };
        entry.with("number", &id)
    }
}

#[async_trait]
impl TokenSigner for SharedSecrets {
    async fn learn_secrets(&self) -> Result<(), StoreError> {
        self.learn().await
    }

    fn sign(&self, claims: &AccessClaims) -> Result<Secret<String>, TokenError> {
        let ring = self.ring();
        let signer = ring.signer().ok_or_else(|| TokenError::Signing("there is no secret of user tokens".into()))?;
        signer.sign(claims)
    }

    fn verify(&self, token: &str) -> Result<AccessClaims, TokenError> {
        let ring = self.ring();
        match ring.signer_of(token, self.settings.longest_token) {
            Some(signer) => signer.verify(token),
            None if token.contains('.') => Err(TokenError::UnknownSecret),
            None => Err(TokenError::Invalid),
        }
    }
}

#[async_trait]
impl RefreshCodes for SharedSecrets {
    async fn learn_secrets(&self) -> Result<(), StoreError> {
        self.learn().await
    }

    fn newest_secret(&self) -> RefreshSecretId {
        self.ring().refresh_secret_in_use().map_or(RefreshSecretId(1), RefreshSecretId)
    }

    fn code(&self, secret: RefreshSecretId, message: &[u8]) -> Option<[u8; 32]> {
        self.ring().refresh_code(secret.0, message)
    }
}
