//! Authorization rules of organizations. Pure functions of roles that the caller has read from storage.

use tessera_kernel::{Actor, OrganizationId, Permission, Principal, Role};

/// Returns whether `actor` may add or invite a member with the role: administrators and owners may, up to their own
/// role.
#[must_use]
pub fn may_add(actor: Role, role: Role) -> bool {
    actor >= Role::Admin && role <= actor
}

/// Returns whether `actor` may see and manage invitations: administrators and owners may. [`may_add`] limits the roles.
#[must_use]
pub fn may_invite(actor: Role) -> bool {
    actor >= Role::Admin
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
    actor >= Role::Admin && from <= actor && to <= actor
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
    oneself || (actor >= Role::Admin && target <= actor)
}

/// Returns whether `actor` may read and change settings: administrators and owners may.
#[must_use]
pub fn may_manage(actor: Role) -> bool {
    actor >= Role::Admin
}

/// Kind of access to system data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read the data.
    Read,
    /// Change the data.
    Write,
}

/// Result of an access check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The principal must not learn that the organization exists.
    Unknown,
    /// The principal may know the organization but lacks the permission.
    Refused,
    /// The access is permitted.
    Granted,
}

/// Checks access to the system data of an organization. `role` is the role of the principal in it, `None` without
/// membership. Administrators, owners and keys of the organization's applications with the needed permission have
/// access.
#[must_use]
pub fn reach_of_system_data(
    principal: &Principal,
    organization: OrganizationId,
    role: Option<Role>,
    access: Access,
) -> Reach {
    let permitted = match principal {
        Principal::User { .. } => role.map(may_manage),
        Principal::Application { organization: own, permissions, .. } => {
            (*own == organization).then(|| permissions.contains(needed(access)))
        }
    };
    match permitted {
        None => Reach::Unknown,
        Some(false) => Reach::Refused,
        Some(true) => Reach::Granted,
    }
}

const fn needed(access: Access) -> Permission {
    match access {
        Access::Read => Permission::SystemDataRead,
        Access::Write => Permission::SystemDataWrite,
    }
}
