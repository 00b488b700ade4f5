//! Who may do what in an organization. Pure functions of roles read from storage just before.

use tessera_kernel::{Actor, OrganizationId, Permission, Principal, Role};

/// Whether `actor` may bring somebody in with that role: administrators and owners, up to their own role.
#[must_use]
pub fn may_add(actor: Role, role: Role) -> bool {
    actor >= Role::Admin && role <= actor
}

/// Whether an inviter who has that role now still answers for an invitation. `None`: the inviter is no member.
#[must_use]
pub fn may_answer_for(inviter: Option<Role>, invited_as: Role) -> bool {
    inviter.is_some_and(|inviter| may_add(inviter, invited_as))
}

/// Whether `actor` may turn somebody's role into another: neither may be above their own.
#[must_use]
pub fn may_change_role(actor: Role, from: Role, to: Role) -> bool {
    actor >= Role::Admin && from <= actor && to <= actor
}

/// Whether `actor` has to sign in again before they give that role: an owner can do everything, and take it from the others.
#[must_use]
pub fn must_sign_in_again(actor: &Actor, role: Role) -> bool {
    role == Role::Owner && !actor.is_fresh()
}

/// Whether `actor` may remove a member of that role: anybody themselves, administrators and owners up to their own role.
#[must_use]
pub fn may_remove(actor: Role, target: Role, oneself: bool) -> bool {
    oneself || (actor >= Role::Admin && target <= actor)
}

/// Whether `actor` may look at settings and change them: administrators and owners.
#[must_use]
pub fn may_manage(actor: Role) -> bool {
    actor >= Role::Admin
}

/// What somebody wants with system data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To look.
    Read,
    /// To change them.
    Write,
}

/// How far somebody reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It is not theirs to know of.
    Unknown,
    /// They may know of it but not do this.
    Refused,
    /// They may do this.
    Granted,
}

/// How far somebody reaches in the system data of an organization, given their role there if they are a member:
/// administrators and owners, and keys of its applications that permit it.
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
/// Whether `actor` may see and manage invitations: administrators and owners. Which roles they reach, [`may_add`] says.
#[must_use]
pub fn may_invite(actor: Role) -> bool {
    actor >= Role::Admin
}
