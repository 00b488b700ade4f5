//! Refusals of invitations and of their mails.

use tessera_kernel::{RateLimit, RateLimited};
use tessera_orgs::{InviteError, ResendInvitationError};
use time::Duration;

use super::super::{Code, Problem};

impl From<InviteError> for Problem {
    fn from(error: InviteError) -> Self {
        match error {
            InviteError::NotFound => Code::OrganizationNotFound.into(),
            InviteError::Forbidden { organization } => Self::new(Code::Forbidden).denied_in(organization),
            InviteError::StaleSession => Code::FreshSessionRequired.into(),
            InviteError::AlreadyMember => Code::AlreadyMember.into(),
            InviteError::TooManyInvitations => Code::TooManyInvitations.into(),
            InviteError::TooManyMails { most, retry_after } => too_many_mails(most, retry_after),
            InviteError::Store(error) => error.into(),
        }
    }
}

impl From<ResendInvitationError> for Problem {
    fn from(error: ResendInvitationError) -> Self {
        match error {
            ResendInvitationError::NotFound => Code::OrganizationNotFound.into(),
            ResendInvitationError::InvitationNotFound => Code::InvitationNotFound.into(),
            ResendInvitationError::Forbidden { organization } => Self::new(Code::Forbidden).denied_in(organization),
            ResendInvitationError::AlreadyMember => Code::AlreadyMember.into(),
            ResendInvitationError::Closed => Code::InvitationClosed.into(),
            ResendInvitationError::TooManyInvitations => Code::TooManyInvitations.into(),
            ResendInvitationError::TooManyMails { most, retry_after } => too_many_mails(most, retry_after),
            ResendInvitationError::Store(error) => error.into(),
        }
    }
}

fn too_many_mails(most: u32, retry_after: Duration) -> Problem {
    let limit = RateLimit { name: "invitation-mails", quota: most, window: Duration::DAY };
    Problem::limited(Code::TooManyMails, RateLimited { limit, retry_after })
}
