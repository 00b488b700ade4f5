//! Ports of service tokens.

use async_trait::async_trait;
use tessera_kernel::{OrganizationId, Role, Secret, SessionId, StoreError, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use super::model::Audience;
use crate::signing_keys::model::{NewKey, SigningKey};

/// A session of a user that was live when it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveSession {
    /// When the session expires, by the database clock.
    pub expires_at: OffsetDateTime,
    /// When the session was read, by the database clock.
    pub at: OffsetDateTime,
}

/// Sessions of users.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Finds a live session of that user. Returns `Ok(None)` if the session has ended or expired, belongs to another
    /// user, or does not exist. One read, because every token exchange runs it.
    async fn find_live_session(&self, user: UserId, id: SessionId) -> Result<Option<LiveSession>, StoreError>;
}

/// Claims of a service token, except the issuer. `None` and empty values are omitted from the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceClaims {
    /// `sub`
    pub user: UserId,
    /// `aud`, a single string
    pub audience: Audience,
    /// `jti`
    pub token_id: Uuid,
    /// `iat`, in whole seconds.
    pub issued_at: OffsetDateTime,
    /// `exp`, in whole seconds.
    pub expires_at: OffsetDateTime,
    /// `organization_id`
    pub organization: Option<OrganizationId>,
    /// `roles`
    pub roles: Vec<Role>,
    /// `nonce`, as the audience sent it when it requested the token.
    pub nonce: Option<String>,
    /// `wallet_address` and `chain_id`
    pub wallet: Option<ProvenWallet>,
}

/// The wallet with which a user has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenWallet {
    /// The address, in the format of its chain.
    pub address: String,
    /// The chain on which the wallet signed.
    pub chain_id: u64,
}

/// A key could not be created or decrypted, or a token could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("the token could not be signed")]
pub struct SigningError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Creates signing keys and signs service tokens.
#[async_trait]
pub trait ServiceTokenSigner: Send + Sync {
    /// Creates a key that is unique. It takes a large part of a second and does not block the async workers.
    async fn make_key(&self) -> Result<NewKey, SigningError>;

    /// Decrypts a key and caches it for later tokens.
    ///
    /// # Errors
    /// Fails when the key cannot be decrypted because it was encrypted with another master key.
    fn open_key(&self, key: &SigningKey) -> Result<(), SigningError>;

    /// Signs a token with these claims. Its `kid` is the id of the key.
    ///
    /// # Errors
    /// Fails when the key cannot be decrypted or signing fails.
    fn sign(&self, key: &SigningKey, claims: &ServiceClaims) -> Result<Secret<String>, SigningError>;
}
