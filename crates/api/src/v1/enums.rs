//! Enumerations for the OpenAPI document.

use serde::Serialize;
use tessera_kernel::Role;
use utoipa::ToSchema;

/// The role of a member. A role includes all permissions of the lower roles.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Role, example = "member")]
pub(super) enum RoleName {
    Owner,
    Admin,
    Member,
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Admin => Self::Admin,
            Role::Member => Self::Member,
        }
    }
}
