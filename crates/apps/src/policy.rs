//! What access to applications requires.

use tessera_kernel::{Permission, Requirement, Role};

/// Reading of applications.
pub const READ: Requirement = Requirement::read(Role::Member, Permission::named("apps:read"));

/// Creation, change and deletion of applications.
pub const WRITE: Requirement = Requirement::write(Role::Admin, Permission::named("apps:write"));
