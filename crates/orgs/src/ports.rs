//! Ports of all features.

pub use crate::{
    invitations::ports::{InvitationMails, InvitationRows, InvitationsOf, MailNote},
    mail_templates::MailTemplates,
    members::ports::{Departures, MembershipRows, UserProfiles},
    organizations::ports::Organizations,
    store::{OrgDocuments, OrgStore, OrgTransaction},
};
