//! Entities and value objects of all features.

pub use crate::{
    invitations::model::{
        Claim, Invitation, InvitationState, InvitationStatus, InvitationToken, Invited, ListedInvitation, MailDelivery,
    },
    members::model::{DirectAddition, Member, Membership, NewOwner, Profile},
    organizations::model::{Organization, OrganizationName, Slug, SlugError},
    settings::model::Settings,
    system_data::model::{SystemData, SystemDataEntry},
};
