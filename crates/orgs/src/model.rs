//! Entities and value objects.

mod invitation;
mod membership;
mod organization;
mod slug;

pub use invitation::{
    Invitation, InvitationState, InvitationStatus, InvitationToken, InvitationTokenError, Invited, TokenHash,
};
pub use membership::{Member, Membership, Profile};
pub use organization::{Organization, OrganizationName};
pub use slug::{Slug, SlugError};
