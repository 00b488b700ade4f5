//! Permissions of API keys.

use std::{collections::BTreeSet, fmt, str::FromStr};

/// A permission of the catalogue. The order is that of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// `event:record`
    EventRecord,
    /// `inventory:read`
    InventoryRead,
    /// `inventory:write`
    InventoryWrite,
    /// `system_data:read`
    SystemDataRead,
    /// `system_data:write`
    SystemDataWrite,
}

/// The text is not the name of a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of event:record, inventory:read, inventory:write, system_data:read, system_data:write")]
pub struct PermissionError;

impl Permission {
    /// All permissions.
    pub const ALL: [Self; 5] =
        [Self::EventRecord, Self::InventoryRead, Self::InventoryWrite, Self::SystemDataRead, Self::SystemDataWrite];

    /// The name of the permission in the API and in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EventRecord => "event:record",
            Self::InventoryRead => "inventory:read",
            Self::InventoryWrite => "inventory:write",
            Self::SystemDataRead => "system_data:read",
            Self::SystemDataWrite => "system_data:write",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Permission {
    type Err = PermissionError;

    fn from_str(text: &str) -> Result<Self, PermissionError> {
        Self::ALL.into_iter().find(|permission| permission.as_str() == text).ok_or(PermissionError)
    }
}

/// A set of permissions. The empty set grants nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PermissionSet(BTreeSet<Permission>);

impl PermissionSet {
    /// The set of all permissions.
    #[must_use]
    pub fn all() -> Self {
        Permission::ALL.into_iter().collect()
    }

    /// Returns whether the set contains the permission.
    #[must_use]
    pub fn contains(&self, permission: Permission) -> bool {
        self.0.contains(&permission)
    }

    /// The permissions, in the order of the catalogue.
    pub fn iter(&self) -> impl Iterator<Item = Permission> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().collect())
    }
}
