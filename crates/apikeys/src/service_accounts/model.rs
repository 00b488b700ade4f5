//! Service accounts.

use std::str::FromStr;

use tessera_kernel::{CreatorId, OrganizationId, Permission, PermissionSet, ServiceAccountId};
use time::OffsetDateTime;

use crate::{
    model::{KeyDescription, KeyName},
    policy::SERVICE_ACCOUNT_PERMISSIONS,
};

/// Whether a service account is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceAccountState {
    /// The keys of the account are valid.
    Active,
    /// The keys of the account are invalid. This is final.
    Disabled {
        /// When the account was disabled.
        at: OffsetDateTime,
    },
}

/// A service account of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAccount {
    /// The id.
    pub id: ServiceAccountId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// The name.
    pub name: KeyName,
    /// The purpose.
    pub description: Option<KeyDescription>,
    /// The permissions of all its keys. A change holds within a second on every node.
    pub permissions: PermissionSet,
    /// Active or disabled.
    pub state: ServiceAccountState,
    /// The user or service account that created it.
    pub created_by: CreatorId,
    /// When it was created.
    pub created_at: OffsetDateTime,
    /// When it was last changed.
    pub updated_at: OffsetDateTime,
}

impl ServiceAccount {
    /// When the account was disabled. `None` if it is active.
    #[must_use]
    pub const fn disabled_at(&self) -> Option<OffsetDateTime> {
        match self.state {
            ServiceAccountState::Active => None,
            ServiceAccountState::Disabled { at } => Some(at),
        }
    }
}

/// A permission that a service account can have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceAccountPermission(Permission);

/// The text is not a permission of service accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be one of api_keys:read, api_keys:write, apps:read, apps:write, event:record, inventory:read, \
    inventory:write, members:read, members:write, org:read, system_data:read, system_data:write"
)]
pub struct ServiceAccountPermissionError;

impl FromStr for ServiceAccountPermission {
    type Err = ServiceAccountPermissionError;

    fn from_str(text: &str) -> Result<Self, ServiceAccountPermissionError> {
        let known = SERVICE_ACCOUNT_PERMISSIONS.into_iter().find(|permission| permission.as_str() == text);
        known.map(Self).ok_or(ServiceAccountPermissionError)
    }
}

impl From<ServiceAccountPermission> for Permission {
    fn from(ServiceAccountPermission(permission): ServiceAccountPermission) -> Self {
        permission
    }
}
