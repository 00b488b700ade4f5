//! A user in an organization.

use tessera_kernel::{OrganizationId, Role, UserId};
use time::OffsetDateTime;

use super::Organization;

/// That a user belongs to an organization, and as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The organization.
    pub organization_id: OrganizationId,
    /// The user.
    pub user_id: UserId,
    /// What they may do there.
    pub role: Role,
    /// Since when.
    pub joined_at: OffsetDateTime,
}

/// What other members see of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The user.
    pub user_id: UserId,
    /// Their address, if they have one.
    pub email: Option<String>,
    /// The name they go by.
    pub display_name: Option<String>,
}

/// A membership with the face of its member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The membership.
    pub membership: Membership,
    /// Who it is.
    pub profile: Profile,
}

/// That an organization has one more owner, as somebody is told of it.
#[derive(Debug, Clone, Copy)]
pub struct NewOwner<'a> {
    /// The organization.
    pub organization: &'a Organization,
    /// The new owner.
    pub owner: &'a Profile,
    /// Whether it is the new owner who is told.
    pub to_themselves: bool,
    /// The owner who saw to it, if it was another.
    pub by: Option<&'a Profile>,
}
