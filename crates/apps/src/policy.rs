//! Who may do what with applications.

use tessera_kernel::Role;

/// Whether the role makes, changes and deletes applications. Every member may look at them.
#[must_use]
pub fn may_manage(role: Role) -> bool {
    role >= Role::Admin
}
