//! Who may do what in an organization. Pure functions of roles read from storage just before.

use tessera_kernel::Role;

/// Whether `actor` may bring somebody in with that role: administrators and owners, up to their own role.
#[must_use]
pub fn may_add(actor: Role, role: Role) -> bool {
    actor >= Role::Admin && role <= actor
}

/// Whether `actor` may turn somebody's role into another: neither may be above their own.
#[must_use]
pub fn may_change_role(actor: Role, from: Role, to: Role) -> bool {
    actor >= Role::Admin && from <= actor && to <= actor
}

/// Whether `actor` may remove a member of that role: anybody themselves, administrators and owners up to their own role.
#[must_use]
pub fn may_remove(actor: Role, target: Role, oneself: bool) -> bool {
    oneself || (actor >= Role::Admin && target <= actor)
}

/// Whether `actor` may see and manage invitations: administrators and owners. Which roles they reach, [`may_add`] says.
#[must_use]
pub fn may_invite(actor: Role) -> bool {
    actor >= Role::Admin
}
