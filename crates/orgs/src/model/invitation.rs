//! Asking somebody in by mail.

use std::str::FromStr;

use tessera_kernel::{
    EmailAddress, Entropy, InvitationClaimId, InvitationId, LinkToken, LinkTokenError, OrganizationId, Role, UserId,
};
use time::{Duration, OffsetDateTime};

use super::{Organization, Profile};

/// What became of an invitation, as far as somebody decided it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationState {
    /// Nobody has; it serves until it expires.
    Open,
    /// It was accepted.
    Accepted {
        /// When.
        at: OffsetDateTime,
    },
    /// It was taken back, or replaced by another.
    Withdrawn {
        /// When.
        at: OffsetDateTime,
    },
}

/// How an invitation stands at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationStatus {
    /// It can be accepted.
    Pending,
    /// It was accepted.
    Accepted,
    /// Its time is over.
    Expired,
    /// It was taken back, or replaced by another.
    Withdrawn,
}

/// What became of the latest mail that carries an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailDelivery {
    /// It waits for its first or next attempt.
    Queued,
    /// A mail server accepted it.
    Sent,
    /// It will not be delivered: it was refused for good, or it expired before a mail server accepted it.
    Failed,
}

/// An invitation, as those who may invite see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedInvitation {
    /// The invitation.
    pub invitation: Invitation,
    /// How it stands now.
    pub status: InvitationStatus,
    /// What became of its latest mail. `None` when the mail was taken back, or is no longer on record.
    pub delivery: Option<MailDelivery>,
}

/// That one request is about to accept an invitation, and first makes the account that it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Which request.
    pub by: InvitationClaimId,
    /// From when on others may accept, by the clock of the storage.
    pub until: OffsetDateTime,
}

impl Claim {
    /// How long others are kept out: longer than making an account takes, and short for whoever repeats a request that died.
    pub const TTL: Duration = Duration::seconds(5);
}

/// An invitation into an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The invitation's id. It opens nothing.
    pub id: InvitationId,
    /// Into which organization.
    pub organization_id: OrganizationId,
    /// Whom.
    pub email: EmailAddress,
    /// As what.
    pub role: Role,
    /// What became of it.
    pub state: InvitationState,
    /// By whom.
    pub invited_by: UserId,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// From when on it no longer serves.
    pub expires_at: OffsetDateTime,
    /// Who is about to accept it, or was.
    pub claim: Option<Claim>,
}

impl Invitation {
    /// How long an invitation serves.
    pub const TTL: Duration = Duration::days(7);

    /// How it stands at that time.
    #[must_use]
    pub fn status(&self, now: OffsetDateTime) -> InvitationStatus {
        match self.state {
            InvitationState::Open if now < self.expires_at => InvitationStatus::Pending,
            InvitationState::Open => InvitationStatus::Expired,
            InvitationState::Accepted { .. } => InvitationStatus::Accepted,
            InvitationState::Withdrawn { .. } => InvitationStatus::Withdrawn,
        }
    }

    /// Whether it can be accepted at that time.
    #[must_use]
    pub fn is_pending(&self, now: OffsetDateTime) -> bool {
        self.status(now) == InvitationStatus::Pending
    }

    /// Whether another request than that one is about to accept it, at that time of the storage's clock.
    #[must_use]
    pub fn is_claimed_by_another(&self, than: Option<InvitationClaimId>, now: OffsetDateTime) -> bool {
        self.claim.is_some_and(|claim| now < claim.until && than != Some(claim.by))
    }
}

/// What whoever holds the token may know before they accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// The invitation.
    pub invitation: Invitation,
    /// Into which organization.
    pub organization: Organization,
    /// Who invites.
    pub inviter: Profile,
    /// The account that the address has.
    pub account: Option<UserId>,
}

/// What opens an invitation. It stands in the mail and nowhere else.
#[derive(Debug, Clone)]
pub struct InvitationToken(LinkToken);

impl InvitationToken {
    /// Draws a new one.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(LinkToken::generate(entropy))
    }

    /// The token, for the mail and for its hash.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl FromStr for InvitationToken {
    type Err = LinkTokenError;

    fn from_str(text: &str) -> Result<Self, LinkTokenError> {
        text.parse().map(Self)
    }
}
