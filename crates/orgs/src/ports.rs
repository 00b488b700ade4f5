//! What this domain needs from the outside.

mod directory;
mod store;

pub use directory::Directory;
pub use store::{MembershipRows, OrgStore, OrgTransaction, Organizations};
