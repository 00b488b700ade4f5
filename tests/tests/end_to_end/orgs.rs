//! Organizations: members, invitations and quotas.

mod invitation_page;
mod invitation_proof;
mod invitations;
mod mail_recall;
mod members;
mod objects;
mod own_organizations;
mod quotas;
