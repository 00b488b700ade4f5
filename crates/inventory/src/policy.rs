//! Who may do what with items.

use tessera_kernel::{ApplicationId, Permission, PermissionSet, Role};

/// What somebody wants with an inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To look.
    Read,
    /// To make and change items.
    Write,
}

/// Whether a member of that role may: all may look, administrators and owners may write.
#[must_use]
pub fn member_may(role: Role, access: Access) -> bool {
    match access {
        Access::Read => true,
        Access::Write => role >= Role::Admin,
    }
}

/// Whether a key with these permissions may.
#[must_use]
pub fn key_may(permissions: &PermissionSet, access: Access) -> bool {
    permissions.contains(match access {
        Access::Read => Permission::InventoryRead,
        Access::Write => Permission::InventoryWrite,
    })
}

/// Whether a key reaches that application at all: only its own.
#[must_use]
pub fn key_reaches(own: ApplicationId, asked: ApplicationId) -> bool {
    own == asked
}
