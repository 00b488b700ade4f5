//! Ports of all features.

pub use crate::{
    documents::OrgDocuments,
    invitations::ports::{InvitationJobs, InvitationMails, InvitationRows, InvitationsOf, MailNote, MailTemplates},
    members::ports::{Departures, UserProfiles},
    store::{MembershipRows, OrgStore, OrgTransaction, Organizations},
};
