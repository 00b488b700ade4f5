//! Who belongs together: organizations, their members and the members' roles.
//!
//! Owns organizations, memberships, settings and system data. Knows nothing of passwords, applications or keys; what it must know of a user
//! it asks through [`ports::Directory`].

mod events;
pub mod model;
pub mod policy;
pub mod ports;
mod service;
mod usecases;

pub use service::{OrgPorts, Orgs};
pub use usecases::{
    add_member::{AddMember, AddMemberError, Candidate},
    change_role::{ChangeRole, ChangeRoleError},
    create_organization::{CreateOrganization, CreateOrganizationError},
    remove_member::RemoveMemberError,
    update_settings::{UpdateSettings, UpdateSettingsError},
    view::ViewError,
    view_settings::ViewSettingsError,
    view_system_data::ViewSystemDataError,
    write_system_data::{WriteSystemData, WriteSystemDataError},
};
