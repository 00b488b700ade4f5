//! The mapping of invitation errors.

use tessera_orgs::{InviteError, ResendInvitationError};

use crate::problem::{Problem, code::Code};

impl From<InviteError> for Problem {
    fn from(error: InviteError) -> Self {
        match error {
            InviteError::NotFound => Code::OrganizationNotFound.into(),
            InviteError::Forbidden { organization } => Self::new(Code::Forbidden).denied_in(organization),
            InviteError::ReauthenticationRequired => Code::ReauthenticationRequired.into(),
            InviteError::AlreadyMember => Code::AlreadyMember.into(),
            InviteError::Quota(exceeded) => exceeded.into(),
            InviteError::RateLimited(limited) => limited.into(),
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
            ResendInvitationError::ReauthenticationRequired => Code::ReauthenticationRequired.into(),
            ResendInvitationError::Closed => Code::InvitationClosed.into(),
            ResendInvitationError::Quota(exceeded) => exceeded.into(),
            ResendInvitationError::RateLimited(limited) => limited.into(),
            ResendInvitationError::Store(error) => error.into(),
        }
    }
}
