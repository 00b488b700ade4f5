//! Who may do what with keys, and what a new key may do.

use tessera_kernel::{PermissionSet, Role};

/// Whether the role lists, makes and revokes keys.
#[must_use]
pub fn may_manage(role: Role) -> bool {
    role >= Role::Admin
}

/// The permissions of a new key: an owner's holds the whole catalogue unless they restrict it, an administrator's what was
/// asked for.
#[must_use]
pub fn granted(maker: Role, requested: PermissionSet, restrict: bool) -> PermissionSet {
    if maker == Role::Owner && !restrict { PermissionSet::all() } else { requested }
}
