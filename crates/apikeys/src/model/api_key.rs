//! What is known of a key.

use tessera_kernel::{ApiKeyId, ApplicationId, OrganizationId, PermissionSet, SecretHash, UserId, text_value};
use time::OffsetDateTime;

text_value! {
    /// What a key is for.
    KeyDescription, single_line, 200;
}

/// Whether somebody has taken the key back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Nobody has.
    Active,
    /// It was revoked and never comes back.
    Revoked {
        /// When.
        at: OffsetDateTime,
    },
}

/// What a key is worth at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It serves.
    Live,
    /// It was revoked.
    Revoked,
    /// Its time is over.
    Expired,
}

/// An API key, without the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The key's id.
    pub id: ApiKeyId,
    /// The application it belongs to.
    pub application_id: ApplicationId,
    /// The organization that owns the application.
    pub organization_id: OrganizationId,
    /// Who made it. It belongs to the application and outlives their membership.
    pub created_by: UserId,
    /// What it is for.
    pub description: Option<KeyDescription>,
    /// Its first characters.
    pub key_prefix: String,
    /// What it permits.
    pub permissions: PermissionSet,
    /// Active or revoked.
    pub state: KeyState,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it expires by itself.
    pub expires_at: Option<OffsetDateTime>,
    /// When it last served, give or take a minute.
    pub last_used: Option<OffsetDateTime>,
    /// The key that it replaces.
    pub rotated_from: Option<ApiKeyId>,
}

impl ApiKey {
    /// What the key is worth at that time. Revocation outweighs expiry: it is what somebody decided.
    #[must_use]
    pub fn standing(&self, now: OffsetDateTime) -> Standing {
        match (self.state, self.expires_at) {
            (KeyState::Revoked { .. }, _) => Standing::Revoked,
            (KeyState::Active, Some(expiry)) if now >= expiry => Standing::Expired,
            (KeyState::Active, _) => Standing::Live,
        }
    }

    /// When it was revoked.
    #[must_use]
    pub const fn revoked_at(&self) -> Option<OffsetDateTime> {
        match self.state {
            KeyState::Active => None,
            KeyState::Revoked { at } => Some(at),
        }
    }
}

/// A key as storage has it: with the hash it was found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// What is known of it.
    pub key: ApiKey,
    /// The hash of the key itself.
    pub hash: SecretHash,
}
