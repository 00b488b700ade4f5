//! What access to items requires.

use tessera_kernel::{Permission, Requirement, Role};

/// Reading of items.
pub const READ: Requirement = Requirement::read(Role::Member, Permission::named("inventory:read")).or_application();

/// Creation and change of items.
pub const WRITE: Requirement = Requirement::write(Role::Admin, Permission::named("inventory:write")).or_application();
