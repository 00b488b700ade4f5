//! What access to applications requires.

use tessera_kernel::{AccessKind, Permission, Requirement, Role};

/// Reading of applications.
pub const READ: Requirement = Requirement {
    role: Role::Member,
    permission: Some(Permission::named("apps:read")),
    application_keys: false,
    kind: AccessKind::Read,
};

/// Creation, change and deletion of applications.
pub const WRITE: Requirement = Requirement {
    role: Role::Admin,
    permission: Some(Permission::named("apps:write")),
    application_keys: false,
    kind: AccessKind::Write,
};
