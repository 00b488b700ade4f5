//! Rules for access to items.

use tessera_kernel::{ApplicationId, Permission, PermissionSet, Role};

/// An access to an inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reads items.
    Read,
    /// Creates and changes items.
    Write,
}

/// Returns whether a member with that role may perform the access. All members may read. Administrators and owners may
/// write.
#[must_use]
pub fn member_may(role: Role, access: Access) -> bool {
    match access {
        Access::Read => true,
        Access::Write => role >= Role::Admin,
    }
}

/// Returns whether a key with these permissions may perform the access.
#[must_use]
pub fn key_may(permissions: &PermissionSet, access: Access) -> bool {
    permissions.contains(match access {
        Access::Read => Permission::InventoryRead,
        Access::Write => Permission::InventoryWrite,
    })
}

/// Returns whether a key of the application `own` can access the application `asked`. A key can access only its own
/// application.
#[must_use]
pub fn key_reaches(own: ApplicationId, asked: ApplicationId) -> bool {
    own == asked
}
