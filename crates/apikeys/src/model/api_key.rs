//! API keys and their states.

use std::net::IpAddr;

use tessera_kernel::{
    ApiKeyId, ApplicationId, CreatorId, CredentialStatus, KeyScope, OrganizationId, PermissionSet, Role, SecretHash,
    ServiceAccountId, UserId, Validity, text_value,
};
use time::OffsetDateTime;

text_value! {
    /// The purpose of a key or of a service account.
    KeyDescription, single_line, 200;
    /// The name of an organization key or of a service account.
    KeyName, single_line, 100;
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

/// The party that a key belongs to and acts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOwner {
    /// An application, by an application key (`ask_…`).
    Application(ApplicationId),
    /// A user, by a personal organization key (`osk_…`).
    User(UserId),
    /// A service account, by an organization key (`osk_…`).
    ServiceAccount(ServiceAccountId),
}

/// A use of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// When the key was used.
    pub at: OffsetDateTime,
    /// The address of the client. `None` if another service verified the key.
    pub address: Option<IpAddr>,
    /// The `User-Agent` of the client, at most [`Self::MAX_USER_AGENT`] bytes of it.
    pub user_agent: Option<String>,
}

impl KeyUse {
    /// The longest stored `User-Agent`, in bytes. The rest is cut off.
    pub const MAX_USER_AGENT: usize = 512;
}

/// An API key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The id.
    pub id: ApiKeyId,
    /// The party that the key belongs to.
    pub owner: KeyOwner,
    /// The organization of the owner. An organization key has access to it.
    pub organization_id: OrganizationId,
    /// The user or service account that created the key. An application key, and the key of a service account, stay
    /// valid after the user leaves the organization.
    pub created_by: CreatorId,
    /// The name. Only organization keys have one.
    pub name: Option<KeyName>,
    /// The purpose of the key.
    pub description: Option<KeyDescription>,
    /// Whether the key may change anything. Application keys may, as far as their permissions allow it.
    pub scope: KeyScope,
    /// The first characters of the key.
    pub key_prefix: String,
    /// The permissions of an application key. Empty for an organization key, whose rights are those of its owner.
    pub permissions: PermissionSet,
    /// Active or revoked.
    pub state: KeyState,
    /// When the key was created.
    pub created_at: OffsetDateTime,
    /// When the key expires. `None` if it never does.
    pub expires_at: Option<OffsetDateTime>,
    /// The last use of the key, to within a minute.
    pub last_use: Option<KeyUse>,
    /// The key that this key replaces.
    pub rotated_from: Option<ApiKeyId>,
}

impl ApiKey {
    /// The application of an application key.
    #[must_use]
    pub const fn application(&self) -> Option<ApplicationId> {
        match self.owner {
            KeyOwner::Application(application) => Some(application),
            KeyOwner::User(_) | KeyOwner::ServiceAccount(_) => None,
        }
    }

    /// The user of a personal organization key.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        match self.owner {
            KeyOwner::User(user) => Some(user),
            KeyOwner::Application(_) | KeyOwner::ServiceAccount(_) => None,
        }
    }

    /// The service account of an organization key.
    #[must_use]
    pub const fn service_account(&self) -> Option<ServiceAccountId> {
        match self.owner {
            KeyOwner::ServiceAccount(account) => Some(account),
            KeyOwner::Application(_) | KeyOwner::User(_) => None,
        }
    }

    /// When the key was last used, to within a minute. `None` if it never was.
    #[must_use]
    pub fn last_used(&self) -> Option<OffsetDateTime> {
        self.last_use.as_ref().map(|last| last.at)
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

/// The present rights of the owner of a key. They are read together with the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnerRights {
    /// The rights of an application key are its own permissions.
    OfKey,
    /// The role of the user in the organization. `None` if the user is not a member.
    Role(Option<Role>),
    /// The permissions of the service account. `None` if it is disabled.
    Permissions(Option<PermissionSet>),
}

/// A key that was found by its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundKey {
    /// The key with its hash.
    pub stored: StoredKey,
    /// The rights of its owner.
    pub rights: OwnerRights,
    /// When the key was read, by the clock of the storage.
    pub at: OffsetDateTime,
}

impl FoundKey {
    /// Returns the status of the key when it was read.
    #[must_use]
    pub fn status(&self) -> CredentialStatus {
        let key = &self.stored.key;
        let owner_has_rights = match self.rights {
            OwnerRights::Role(None) | OwnerRights::Permissions(None) => false,
            OwnerRights::OfKey | OwnerRights::Role(_) | OwnerRights::Permissions(_) => true,
        };
        let has_ended = matches!(key.state, KeyState::Revoked { .. });
        Validity { has_ended, expires_at: key.expires_at, owner_has_rights }.at(self.at)
    }
}
