//! Operations on one key of any kind: reading, changes, rotation and revocation.

mod access;
pub(crate) mod edit;
mod revoke;
pub(crate) mod rotate;
mod view;
