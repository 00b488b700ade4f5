//! Authorization rules of organizations. Pure functions of roles that the caller has read from storage.

use tessera_kernel::{ActingParty, Actor, Permission, Requirement, Role};

/// The lowest role that may manage members and invitations, and read and change settings and system data.
pub const MANAGE: Role = Role::Admin;

/// The lowest role that may change the slug of the organization.
pub const CHANGE_SLUG: Role = Role::Owner;

/// The lowest role that may require MFA of the members.
pub const REQUIRE_MFA: Role = Role::Owner;

/// The lowest role that sees which members have a second factor.
pub const SEE_MFA: Role = Role::Admin;

/// The lowest role that may delete the organization.
pub const DELETE: Role = Role::Owner;

/// Reading of the organization.
pub const READ_ORGANIZATION: Requirement = Requirement::read(Role::Member, Permission::named("org:read"));

/// Change of the name and the slug. No permission of a service account includes it.
pub const UPDATE_ORGANIZATION: Requirement = Requirement::write_by_users(MANAGE);

/// Reading of members.
pub const READ_MEMBERS: Requirement = Requirement::read(Role::Member, Permission::named("members:read"));

/// Addition and removal of members, and change of their roles.
pub const WRITE_MEMBERS: Requirement = Requirement::write(MANAGE, Permission::named("members:write"));

/// Departure of the member who calls. It is the only operation inside an organization that never requires MFA.
pub const LEAVE: Requirement = Requirement::write_by_users(Role::Member).even_without_mfa();

/// Reading of system data.
pub const READ_SYSTEM_DATA: Requirement =
    Requirement::read(MANAGE, Permission::named("system_data:read")).or_application();

/// Writing of system data.
pub const WRITE_SYSTEM_DATA: Requirement =
    Requirement::write(MANAGE, Permission::named("system_data:write")).or_application();

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

/// Returns whether a party that may manage members may change a role: neither the old nor the new role may be above the
/// highest role that the party may change.
#[must_use]
pub fn may_change_role(actor: &ActingParty, from: Role, to: Role) -> bool {
    from.max(to) <= actor.highest_role()
}

/// Returns whether `actor` must reauthenticate to grant the role. Ownership requires recent authentication, because an
/// owner can do everything and can demote the other owners.
#[must_use]
pub fn must_sign_in_again(actor: &Actor, role: Role) -> bool {
    role == Role::Owner && !actor.is_recent()
}

/// Returns whether a party that may manage members may remove a member of that role. Members may remove themselves.
#[must_use]
pub fn may_remove(actor: &ActingParty, target: Role, oneself: bool) -> bool {
    oneself || target <= actor.highest_role()
}
