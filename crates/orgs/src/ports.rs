//! What this domain needs from the outside.

mod directory;
mod invitations;
mod store;

pub use directory::Directory;
pub use invitations::{InvitationRows, Letters, MailNote, TokenDigest};
pub use store::{MembershipRows, OrgStore, OrgTransaction, Organizations};
