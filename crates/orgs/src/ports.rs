//! What this domain needs from the outside.

mod directory;
mod documents;
mod store;

pub use directory::Directory;
pub use documents::OrgDocuments;
mod invitations;

pub use invitations::{InvitationMails, InvitationRows, Letters, MailNote};
pub use store::{MembershipRows, OrgStore, OrgTransaction, Organizations};
