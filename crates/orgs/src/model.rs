//! Entities and value objects.

mod invitation;
mod membership;
mod organization;
mod settings;
mod slug;
mod system_data;

pub use invitation::{
    Claim, Invitation, InvitationState, InvitationStatus, InvitationToken, Invited, ListedInvitation, MailDelivery,
};
pub use membership::{DirectAddition, Member, Membership, NewOwner, Profile};
pub use organization::{Organization, OrganizationName};
pub use settings::Settings;
pub use slug::{Slug, SlugError};
pub use system_data::{SystemData, SystemDataEntry};
