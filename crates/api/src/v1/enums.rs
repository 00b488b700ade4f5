//! Enumerations for the OpenAPI document.

use serde::Serialize;
use tessera_kernel::{KeyScope, Role};
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

/// The scope of a key.
#[derive(serde::Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = KeyScope, example = "read")]
pub(crate) enum ScopeName {
    /// The key only reads.
    Read,
    /// The key reads and writes.
    ReadWrite,
}

impl From<KeyScope> for ScopeName {
    fn from(scope: KeyScope) -> Self {
        match scope {
            KeyScope::Read => Self::Read,
            KeyScope::ReadWrite => Self::ReadWrite,
        }
    }
}
