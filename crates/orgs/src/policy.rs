//! Authorization rules of organizations. Pure functions of roles that the caller has read from storage.

use tessera_kernel::{Actor, Permission, Role};

/// The lowest role that may manage members and invitations, and read and change settings and system data.
pub const MANAGE: Role = Role::Admin;

/// The lowest role that may change the slug of the organization.
pub const CHANGE_SLUG: Role = Role::Owner;

/// The lowest role that may delete the organization.
pub const DELETE: Role = Role::Owner;

/// Access that reads system data: the lowest role of a user, or the permission of a key of an application.
pub const READ_SYSTEM_DATA: (Role, Permission) = (MANAGE, Permission::named("system_data:read"));

/// Access that writes system data, like [`READ_SYSTEM_DATA`].
pub const WRITE_SYSTEM_DATA: (Role, Permission) = (MANAGE, Permission::named("system_data:write"));

/// Returns whether `actor` may add or invite a member with the role: administrators and owners may, up to their own
/// role.
#[must_use]
pub fn may_add(actor: Role, role: Role) -> bool {
    actor >= MANAGE && role <= actor
}

/// Returns whether an inviter who now has this role could still send the invitation. `None`: the inviter is not a
/// member.
#[must_use]
pub fn may_still_invite(inviter: Option<Role>, role: Role) -> bool {
    inviter.is_some_and(|inviter| may_add(inviter, role))
}

/// Returns whether `actor` may change a member's role: neither the old nor the new role may be above `actor`.
#[must_use]
pub fn may_change_role(actor: Role, from: Role, to: Role) -> bool {
    actor >= MANAGE && from <= actor && to <= actor
}

/// Returns whether `actor` must reauthenticate to grant the role. Ownership requires recent authentication, because an
/// owner can do everything and can demote the other owners.
#[must_use]
pub fn must_sign_in_again(actor: &Actor, role: Role) -> bool {
    role == Role::Owner && !actor.is_recent()
}

/// Returns whether `actor` may remove a member of that role. Members may remove themselves; administrators and owners
/// may remove members up to their own role.
#[must_use]
pub fn may_remove(actor: Role, target: Role, oneself: bool) -> bool {
    oneself || (actor >= MANAGE && target <= actor)
}
