//! Ports of this domain.

mod departures;
mod documents;
mod store;
mod user_profiles;

pub use departures::Departures;
pub use documents::OrgDocuments;
pub use user_profiles::UserProfiles;
mod invitation_jobs;
mod invitations;

pub use invitation_jobs::InvitationJobs;
pub use invitations::{InvitationMails, InvitationRows, InvitationsOf, MailNote, MailTemplates};
pub use store::{MembershipRows, OrgStore, OrgTransaction, Organizations};
