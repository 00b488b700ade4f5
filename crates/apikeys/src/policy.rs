//! Rules for the management of keys and for the permissions of new keys.

use tessera_kernel::{PermissionSet, Role};

/// The lowest role that may list, create and revoke keys.
pub const MANAGE: Role = Role::Admin;

/// Returns the permissions of a new key. A key of an owner gets the whole catalogue unless `restrict` is set. A key of
/// an administrator gets the requested ones.
#[must_use]
pub fn granted(maker: Role, catalogue: PermissionSet, requested: PermissionSet, restrict: bool) -> PermissionSet {
    if maker == Role::Owner && !restrict { catalogue } else { requested }
}
