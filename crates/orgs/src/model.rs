//! Entities and value objects of all features.

pub use crate::{
    invitations::model::{
        Claim, Invitation, InvitationState, InvitationStatus, InvitationToken, Invited, ListedInvitation, MailDelivery,
    },
    members::model::{DirectAddition, Member, Membership, NewOwner, OrganizationDeletion, Profile},
    organizations::model::{Organization, OrganizationName, Slug, SlugError},
    system_data::model::SystemDataEntry,
};
