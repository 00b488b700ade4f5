//! API keys and their states.

use tessera_kernel::{ApiKeyId, ApplicationId, OrganizationId, PermissionSet, SecretHash, UserId, text_value};
use time::OffsetDateTime;

text_value! {
    /// The purpose of a key.
    KeyDescription, single_line, 200;
}

/// Whether a key is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// The key is not revoked.
    Active,
    /// The key is revoked. This is final.
    Revoked {
        /// When the key was revoked.
        at: OffsetDateTime,
    },
}

/// The status of a key at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStatus {
    /// The key is valid.
    Live,
    /// The key is revoked.
    Revoked,
    /// The key has expired.
    Expired,
}

/// An API key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The id.
    pub id: ApiKeyId,
    /// The application that owns the key.
    pub application_id: ApplicationId,
    /// The organization that owns the application.
    pub organization_id: OrganizationId,
    /// The user who created the key. The key belongs to the application and stays valid after the user leaves the
    /// organization.
    pub created_by: UserId,
    /// The purpose of the key.
    pub description: Option<KeyDescription>,
    /// The first characters of the key.
    pub key_prefix: String,
    /// The permissions of the key.
    pub permissions: PermissionSet,
    /// Active or revoked.
    pub state: KeyState,
    /// When the key was created.
    pub created_at: OffsetDateTime,
    /// When the key expires. `None` if it never does.
    pub expires_at: Option<OffsetDateTime>,
    /// When the key was last used, to within a minute.
    pub last_used: Option<OffsetDateTime>,
    /// The key that this key replaces.
    pub rotated_from: Option<ApiKeyId>,
}

impl ApiKey {
    /// Returns the status of the key at that time. Revocation takes precedence over expiry, because it is the decision
    /// of a user.
    #[must_use]
    pub fn status(&self, now: OffsetDateTime) -> KeyStatus {
        match (self.state, self.expires_at) {
            (KeyState::Revoked { .. }, _) => KeyStatus::Revoked,
            (KeyState::Active, Some(expiry)) if now >= expiry => KeyStatus::Expired,
            (KeyState::Active, _) => KeyStatus::Live,
        }
    }

    /// When the key was revoked. `None` if it is not.
    #[must_use]
    pub const fn revoked_at(&self) -> Option<OffsetDateTime> {
        match self.state {
            KeyState::Active => None,
            KeyState::Revoked { at } => Some(at),
        }
    }
}

/// A key as it is stored, with its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// The key without its secret.
    pub key: ApiKey,
    /// The hash of the secret.
    pub hash: SecretHash,
}
