//! A user in an organization.

use tessera_kernel::{OrganizationId, Role, UserId};
use time::{Duration, OffsetDateTime};

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
    /// Since when other members see the email address and the name of this one. `None` from a direct addition by user id
    /// until the user makes a request inside the organization: a user id must not disclose whose it is.
    pub profile_visible_at: Option<OffsetDateTime>,
}

impl Membership {
    /// How long a user who left an organization can't be added to it directly. An invitation is possible at any time.
    pub const NO_DIRECT_ADDITION_AFTER_LEAVING: Duration = Duration::days(30);
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

impl Profile {
    /// A profile that shows nothing but the user id.
    #[must_use]
    pub const fn hidden(user_id: UserId) -> Self {
        Self { user_id, email: None, display_name: None }
    }
}

/// A membership with the face of its member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The membership.
    pub membership: Membership,
    /// Who it is.
    pub profile: Profile,
}

impl Member {
    /// The member as that user sees them: without address and name while these are hidden from others.
    #[must_use]
    pub fn seen_by(self, viewer: UserId) -> Self {
        let member = self.membership.user_id;
        if member == viewer || self.membership.profile_visible_at.is_some() {
            return self;
        }
        Self { profile: Profile::hidden(member), ..self }
    }
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

/// That a user was added to an organization directly, as the user is notified of it.
#[derive(Debug, Clone, Copy)]
pub struct DirectAddition<'a> {
    /// The organization.
    pub organization: &'a Organization,
    /// The role that the user has there.
    pub role: Role,
    /// Who added the user.
    pub by: &'a Profile,
}
