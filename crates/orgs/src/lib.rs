//! Organizations, memberships and roles.
//!
//! This crate owns organizations, memberships, invitations, settings and system data. It does not depend on passwords,
//! applications or keys. It reads user data through [`ports::UserProfiles`].
#![warn(missing_docs)]

mod caller;
mod invitations;
pub mod limits;
mod mail_templates;
mod members;
pub mod model;
mod organizations;
pub mod policy;
pub mod ports;
mod quotas;
mod service;
mod settings;
mod store;
mod system_data;

pub use invitations::{
    accept_invitation::{AcceptInvitation, AcceptedInvitation},
    invite::{Invite, InviteError},
    join_by_invitation::{AcceptInvitationError, InvitationKey, JoinByInvitation},
    own_invitations::OwnInvitationError,
    resend_invitation::ResendInvitationError,
    withdraw_invitation::WithdrawInvitationError,
};
pub use members::{
    add_member::{AddMember, AddMemberError, Candidate},
    change_role::{ChangeRole, ChangeRoleError},
    remove_member::RemoveMemberError,
    view_members::ViewMemberError,
};
pub use organizations::{
    create_organization::{CreateOrganization, CreateOrganizationError},
    delete_organization::{DeleteOrganization, DeleteOrganizationError},
    update_organization::{UpdateOrganization, UpdateOrganizationError},
};
pub use quotas::OrgQuotas;
pub use service::{OrgPorts, Orgs};
pub use settings::update_settings::UpdateSettingsError;
pub use system_data::{view_system_data::ViewSystemDataError, write_system_data::WriteSystemDataError};
