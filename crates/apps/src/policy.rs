//! Rules for the management of applications.

use tessera_kernel::Role;

/// Returns whether the role may create, change and delete applications. Every member may read them.
#[must_use]
pub fn may_manage(role: Role) -> bool {
    role >= Role::Admin
}
