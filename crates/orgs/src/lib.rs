//! Organizations, memberships and roles.
//!
//! This crate owns organizations, memberships, invitations, settings and system data. It does not depend on passwords,
//! applications or keys. It reads user data through [`ports::UserProfiles`].

mod events;
pub mod limits;
pub mod model;
mod notices;
pub mod policy;
pub mod ports;
mod quotas;
mod service;
mod usecases;

pub use quotas::OrgQuotas;
pub use service::{OrgPorts, Orgs};
pub use usecases::{
    accept_invitation::{AcceptInvitation, AcceptedInvitation},
    acceptance_error::AcceptInvitationError,
    add_member::{AddMember, AddMemberError, Candidate},
    change_role::{ChangeRole, ChangeRoleError},
    create_organization::{CreateOrganization, CreateOrganizationError},
    invite::{Invite, InviteError},
    join_by_invitation::JoinByInvitation,
    list_invitations::ListInvitationsError,
    remove_member::RemoveMemberError,
    resend_invitation::ResendInvitationError,
    update_settings::{UpdateSettings, UpdateSettingsError},
    view::ViewError,
    view_settings::ViewSettingsError,
    view_system_data::ViewSystemDataError,
    withdraw_invitation::WithdrawInvitationError,
    write_system_data::{WriteSystemData, WriteSystemDataError},
};
