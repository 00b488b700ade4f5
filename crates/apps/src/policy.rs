//! Rules for the management of applications.

use tessera_kernel::Role;

/// The lowest role that may create, change and delete applications. Every member may read them.
pub const MANAGE: Role = Role::Admin;
