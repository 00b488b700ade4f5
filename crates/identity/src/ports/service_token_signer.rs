//! Making tokens that other services check by themselves, and the keys for them.

use async_trait::async_trait;
use tessera_kernel::{OrganizationId, Role, Secret, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use super::TokenError;
use crate::model::{Audience, NewKey, SigningKey};

/// What a service token says, beyond who made it. What is `None` or empty is left out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceClaims {
    /// `sub`
    pub user: UserId,
    /// `aud`, one text
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
    /// `nonce`, as the audience gave it when it asked for the token.
    pub nonce: Option<String>,
    /// `wallet_address` and `chain_id`
    pub wallet: Option<ProvenWallet>,
}

/// The wallet by which somebody has proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenWallet {
    /// Its address, in the spelling of its chain.
    pub address: String,
    /// The chain that the proof was made on.
    pub chain_id: u64,
}

/// Makes signing keys, and signs service tokens with them.
#[async_trait]
pub trait ServiceTokenSigner: Send + Sync {
    /// Makes a key that nobody has had before. It takes a good part of a second, off the async workers.
    async fn make_key(&self) -> Result<NewKey, TokenError>;

    /// Opens a key. Later tokens of it don't pay for that again.
    ///
    /// # Errors
    /// [`TokenError::Signing`] when it can't be opened: it was sealed under another master key.
    fn open_key(&self, key: &SigningKey) -> Result<(), TokenError>;

    /// Makes a token of these claims, with the key's id as its `kid`.
    ///
    /// # Errors
    /// [`TokenError::Signing`].
    fn sign(&self, key: &SigningKey, claims: &ServiceClaims) -> Result<Secret<String>, TokenError>;
}
