//! Rules for access to items: the lowest role of a user, or the permission of an API key of the application.

use tessera_kernel::{Permission, Role};

/// Access that reads items.
pub const READ: (Role, Permission) = (Role::Member, Permission::named("inventory:read"));

/// Access that creates and changes items.
pub const WRITE: (Role, Permission) = (Role::Admin, Permission::named("inventory:write"));
