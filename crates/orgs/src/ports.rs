//! Ports of this domain.

mod departures;
mod directory;
mod documents;
mod store;

pub use departures::Departures;
pub use directory::Directory;
pub use documents::OrgDocuments;
mod invitation_jobs;
mod invitations;

pub use invitation_jobs::InvitationJobs;
pub use invitations::{InvitationMails, InvitationRows, InvitationsOf, MailNote, MailTemplates};
pub use store::{MembershipRows, OrgStore, OrgTransaction, Organizations};
