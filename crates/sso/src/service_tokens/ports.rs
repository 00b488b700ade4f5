//! Signing of service tokens, and creation of signing keys.

use async_trait::async_trait;
use tessera_kernel::{OrganizationId, Role, Secret, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use super::TokenError;
use crate::model::{Audience, NewKey, SigningKey};

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

/// Creates signing keys and signs service tokens.
#[async_trait]
pub trait ServiceTokenSigner: Send + Sync {
    /// Creates a key that is unique. It takes a large part of a second and does not block the async workers.
    async fn make_key(&self) -> Result<NewKey, TokenError>;

    /// Decrypts a key and caches it for later tokens.
    ///
    /// # Errors
    /// Fails with [`TokenError::Signing`] when the key cannot be decrypted because it was encrypted with another master
    /// key.
    fn open_key(&self, key: &SigningKey) -> Result<(), TokenError>;

    /// Signs a token with these claims. Its `kid` is the id of the key.
    ///
    /// # Errors
    /// Fails with [`TokenError::Signing`] when the key cannot be decrypted or signing fails.
    fn sign(&self, key: &SigningKey, claims: &ServiceClaims) -> Result<Secret<String>, TokenError>;
}
