//! What access to items requires.

use tessera_kernel::{AccessKind, Permission, Requirement, Role};

/// Reading of items.
pub const READ: Requirement = Requirement {
    role: Role::Member,
    permission: Some(Permission::named("inventory:read")),
    application_keys: true,
    kind: AccessKind::Read,
};

/// Creation and change of items.
pub const WRITE: Requirement = Requirement {
    role: Role::Admin,
    permission: Some(Permission::named("inventory:write")),
    application_keys: true,
    kind: AccessKind::Write,
};
