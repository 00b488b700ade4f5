//! Who belongs together: organizations, their members and the members' roles.
//!
//! Owns organizations and memberships. Knows nothing of passwords, applications or keys; what it must know of a user
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
    view::ViewError,
};
