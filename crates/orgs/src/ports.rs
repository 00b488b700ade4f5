//! What this domain needs from the outside.

mod directory;
mod documents;
mod store;

pub use directory::Directory;
pub use documents::OrgDocuments;
pub use store::{MembershipRows, OrgStore, OrgTransaction, Organizations};
