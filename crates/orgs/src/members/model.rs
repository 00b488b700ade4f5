//! Memberships and the member profiles that other members see.

use tessera_kernel::{EmailAddress, OrganizationId, Role, UserId};
use time::{Duration, OffsetDateTime};

use crate::organizations::model::Organization;

/// The membership of a user in an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The organization.
    pub organization_id: OrganizationId,
    /// The user.
    pub user_id: UserId,
    /// The user's role in the organization.
    pub role: Role,
    /// Time when the user joined.
    pub joined_at: OffsetDateTime,
    /// Time from which other members see the email address and the name of this member. It is `None` from a direct
    /// addition by user id until the user makes a request inside the organization, because a user id must not disclose
    /// its user's identity.
    pub profile_visible_at: Option<OffsetDateTime>,
    /// When the user first made a request inside the organization, created it or accepted an invitation. `None` from a
    /// direct addition until then, because the user may not know the organization.
    pub opened_at: Option<OffsetDateTime>,
}

impl Membership {
    /// How long a user who left an organization can't be added directly. An invitation is possible at any time.
    pub const NO_DIRECT_ADDITION_AFTER_LEAVING: Duration = Duration::days(30);
}

/// The part of a user that other members see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The user.
    pub user_id: UserId,
    /// The user's email address, if there is one.
    pub email: Option<String>,
    /// The user's display name.
    pub display_name: Option<String>,
}

impl Profile {
    /// Returns whether a mail to the address certainly reaches the mailbox of this user.
    #[must_use]
    pub fn has_mailbox(&self, email: &EmailAddress) -> bool {
        let own = self.email.as_deref().and_then(|own| own.parse::<EmailAddress>().ok());
        own.is_some_and(|own| own.is_same_mailbox(email))
    }

    /// Returns a profile that contains only the user id.
    #[must_use]
    pub const fn hidden(user_id: UserId) -> Self {
        Self { user_id, email: None, display_name: None }
    }
}

/// A membership with the profile of its member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The membership.
    pub membership: Membership,
    /// The member's profile.
    pub profile: Profile,
    /// Whether the account of the member has a second factor. `None` if that was not read, because only administrators and
    /// owners see it.
    pub mfa_enabled: Option<bool>,
}

impl Member {
    /// Returns the member as `viewer` sees it; `None` is a service account. While the profile is hidden, other users see no address and no name.
    #[must_use]
    pub fn seen_by(self, viewer: Option<UserId>) -> Self {
        let member = self.membership.user_id;
        if Some(member) == viewer || self.membership.profile_visible_at.is_some() {
            return self;
        }
        Self { profile: Profile::hidden(member), ..self }
    }
}

/// Data of the notice about a new owner.
#[derive(Debug, Clone, Copy)]
pub struct NewOwner<'a> {
    /// The organization.
    pub organization: &'a Organization,
    /// The new owner.
    pub owner: &'a Profile,
    /// Whether the recipient is the new owner.
    pub to_themselves: bool,
    /// The user who made the change, if it was another owner.
    pub by: Option<&'a Profile>,
}

/// Data of the notice about a deleted organization.
#[derive(Debug, Clone, Copy)]
pub struct OrganizationDeletion<'a> {
    /// The organization.
    pub organization: &'a Organization,
    /// The owner who deleted it. `None` if that is the recipient.
    pub by: Option<&'a Profile>,
}

/// Data of the notice to a user who was added directly.
#[derive(Debug, Clone, Copy)]
pub struct DirectAddition<'a> {
    /// The organization.
    pub organization: &'a Organization,
    /// The role of the user in the organization.
    pub role: Role,
    /// The user who added the member. `None` if a service account did.
    pub by: Option<&'a Profile>,
}
