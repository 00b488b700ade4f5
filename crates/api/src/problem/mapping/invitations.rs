//! Refusals of invitations and of their mails.

use tessera_orgs::{InviteError, ResendInvitationError};
use time::Duration;

use super::super::{Code, Problem};

/// The window of the limits on mails: whoever has waited a whole one may send again.
const DAY_SECONDS: u32 = 86_400;

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
            ResendInvitationError::Closed => Code::InvitationClosed.into(),
            ResendInvitationError::TooManyInvitations => Code::TooManyInvitations.into(),
            ResendInvitationError::TooManyMails { most, retry_after } => too_many_mails(most, retry_after),
            ResendInvitationError::Store(error) => error.into(),
        }
    }
}

fn too_many_mails(most: u32, retry_after: Duration) -> Problem {
    // Rounded up, so that whoever waits as long as they are told does not come too early.
    let seconds = retry_after.whole_seconds() + i64::from(retry_after.subsec_nanoseconds() > 0);
    let seconds = u64::try_from(seconds).unwrap_or_default().min(DAY_SECONDS.into());
    Problem::new(Code::TooManyMails).retry_after(seconds).limit("invitation-mails", most, DAY_SECONDS)
}
