//! API keys and their states.

use std::net::IpAddr;

use tessera_kernel::{
    ApiKeyId, ApplicationId, CreatorId, CredentialStatus, KeyScope, OrganizationId, PermissionSet, Role, SecretHash,
    ServiceAccountId, UserId, Validity, text_value,
};
use time::OffsetDateTime;

use super::{raw_key::KeyKind, restrictions::KeyRestrictions};

text_value! {
    /// The purpose of a key or of a service account.
    KeyDescription, single_line, 200;
    /// The name of an organization key or of a service account.
    KeyName, single_line, 100;
}

/// Whether a key is disabled or revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// The key is neither disabled nor revoked.
    Active,
    /// The key is disabled. It can be enabled again.
    Disabled {
        /// When the key was disabled.
        at: OffsetDateTime,
    },
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

/// A use of one of the secrets of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretUse {
    /// The key.
    pub key: ApiKeyId,
    /// The hash of the secret.
    pub secret: SecretHash,
    /// The use.
    pub used: KeyUse,
}

/// The secret of a key before its latest rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousSecret {
    /// The first characters of the secret.
    pub key_prefix: String,
    /// When the secret was generated.
    pub created_at: OffsetDateTime,
    /// When the secret stops being valid, or did.
    pub expires_at: OffsetDateTime,
    /// The last use of the secret, to within a minute.
    pub last_use: Option<KeyUse>,
}

/// A new secret of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySecret {
    /// The hash.
    pub hash: SecretHash,
    /// The first characters.
    pub key_prefix: String,
    /// When it was generated.
    pub created_at: OffsetDateTime,
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
    /// The first characters of the present secret.
    pub key_prefix: String,
    /// The permissions of an application key. Empty for an organization key, whose rights are those of its owner.
    pub permissions: PermissionSet,
    /// Active, disabled or revoked.
    pub state: KeyState,
    /// The addresses, windows and number of uses to which each request and each verification is held.
    pub restrictions: KeyRestrictions,
    /// When the key was created.
    pub created_at: OffsetDateTime,
    /// When the key expires. `None` if it never does.
    pub expires_at: Option<OffsetDateTime>,
    /// The last use of the present secret, to within a minute.
    pub last_use: Option<KeyUse>,
    /// When the present secret was generated, if that was later than the key.
    pub rotated_at: Option<OffsetDateTime>,
    /// The secret before the latest rotation. It can be expired.
    pub previous: Option<PreviousSecret>,
    /// The key that this key replaces. Rotations keep the key, so this is set only for keys from an import.
    pub rotated_from: Option<ApiKeyId>,
}

impl ApiKey {
    /// What decides whether the key is valid, apart from its owner and from the expiry of a previous secret.
    pub(crate) const fn validity(&self) -> Validity {
        Validity {
            has_ended: matches!(self.state, KeyState::Revoked { .. }),
            expires_at: self.expires_at,
            is_enabled: !matches!(self.state, KeyState::Disabled { .. }),
        }
    }

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

    /// The kind of the key.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        match self.owner {
            KeyOwner::Application(_) => KeyKind::Application,
            KeyOwner::User(_) | KeyOwner::ServiceAccount(_) => KeyKind::Organization,
        }
    }

    /// Takes what an edit can change from another state of the key.
    pub fn edit(&mut self, to: &Self) {
        self.description.clone_from(&to.description);
        self.permissions.clone_from(&to.permissions);
        self.restrictions.clone_from(&to.restrictions);
        self.state = to.state;
    }

    /// Replaces the secret. The present one becomes the previous one, which is valid until `previous_expires_at`.
    pub fn rotate(&mut self, secret: &KeySecret, previous_expires_at: OffsetDateTime) {
        self.previous = Some(PreviousSecret {
            key_prefix: std::mem::replace(&mut self.key_prefix, secret.key_prefix.clone()),
            created_at: self.rotated_at.replace(secret.created_at).unwrap_or(self.created_at),
            expires_at: previous_expires_at,
            last_use: self.last_use.take(),
        });
    }

    /// The last use of the key by any of its secrets, to within a minute.
    #[must_use]
    pub fn latest_use(&self) -> Option<&KeyUse> {
        let of_previous = self.previous.as_ref().and_then(|previous| previous.last_use.as_ref());
        self.last_use.iter().chain(of_previous).max_by_key(|used| used.at)
    }

    /// When the key was last used, to within a minute. `None` if it never was.
    #[must_use]
    pub fn last_used(&self) -> Option<OffsetDateTime> {
        self.latest_use().map(|last| last.at)
    }

    /// When the key was revoked. `None` if it is not.
    #[must_use]
    pub const fn revoked_at(&self) -> Option<OffsetDateTime> {
        match self.state {
            KeyState::Active | KeyState::Disabled { .. } => None,
            KeyState::Revoked { at } => Some(at),
        }
    }
}

/// A key as it is stored, with its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// The key without its secret.
    pub key: ApiKey,
    /// The hash of its present secret. For a key that was found by a secret: the hash of that one.
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
    /// The key with its hash. Its previous secret is not read.
    pub stored: StoredKey,
    /// When the presented secret stops being valid, if it is the previous one. `None` for the present one.
    pub secret_expires_at: Option<OffsetDateTime>,
    /// The rights of its owner.
    pub rights: OwnerRights,
    /// When the key was read, by the clock of the storage.
    pub at: OffsetDateTime,
}

impl FoundKey {
    /// Returns the status of the key when it was read.
    #[must_use]
    pub fn status(&self) -> CredentialStatus {
        let own = self.stored.key.validity();
        let is_enabled = own.is_enabled && self.owner_has_rights();
        Validity { expires_at: self.expires_at(), is_enabled, ..own }.at(self.at)
    }

    /// Returns when the presented secret expires. `None` if it never does.
    #[must_use]
    pub fn expires_at(&self) -> Option<OffsetDateTime> {
        match (self.stored.key.expires_at, self.secret_expires_at) {
            (Some(of_key), Some(of_secret)) => Some(of_key.min(of_secret)),
            (one, other) => one.or(other),
        }
    }

    /// Returns whether the owner of the key has any rights: the user is a member, the service account is active.
    #[must_use]
    pub const fn owner_has_rights(&self) -> bool {
        match self.rights {
            OwnerRights::Role(None) | OwnerRights::Permissions(None) => false,
            OwnerRights::OfKey | OwnerRights::Role(_) | OwnerRights::Permissions(_) => true,
        }
    }
}
