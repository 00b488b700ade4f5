//! Enumerations of roles and permissions for the OpenAPI document.

use serde::Serialize;
use tessera_kernel::{Permission, Role};
use utoipa::ToSchema;

/// The role of a member. A role includes all permissions of the lower roles.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Role)]
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

/// A permission of an API key.
#[derive(Serialize, ToSchema)]
#[schema(as = Permission)]
pub(super) enum PermissionName {
    #[serde(rename = "event:record")]
    EventRecord,
    #[serde(rename = "inventory:read")]
    InventoryRead,
    #[serde(rename = "inventory:write")]
    InventoryWrite,
    #[serde(rename = "system_data:read")]
    SystemDataRead,
    #[serde(rename = "system_data:write")]
    SystemDataWrite,
}

impl From<Permission> for PermissionName {
    fn from(permission: Permission) -> Self {
        match permission {
            Permission::EventRecord => Self::EventRecord,
            Permission::InventoryRead => Self::InventoryRead,
            Permission::InventoryWrite => Self::InventoryWrite,
            Permission::SystemDataRead => Self::SystemDataRead,
            Permission::SystemDataWrite => Self::SystemDataWrite,
        }
    }
}
