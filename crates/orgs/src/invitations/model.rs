//! Invitations and their one-time tokens.

use tessera_kernel::{EmailAddress, InvitationClaimId, InvitationId, OrganizationId, Role, UserId};
use time::{Duration, OffsetDateTime};

use crate::{members::model::Profile, organizations::model::Organization};

/// The recorded state of an invitation. Expiry is not part of it; see [`InvitationStatus`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationState {
    /// Not accepted and not withdrawn. It is valid until it expires.
    Open,
    /// It was accepted.
    Accepted {
        /// Time of acceptance.
        at: OffsetDateTime,
    },
    /// It was withdrawn, or replaced by another invitation.
    Withdrawn {
        /// Time of withdrawal.
        at: OffsetDateTime,
    },
}

/// The status of an invitation at a given time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationStatus {
    /// It can be accepted.
    Pending,
    /// It was accepted.
    Accepted,
    /// It has expired.
    Expired,
    /// It was withdrawn, or replaced by another invitation.
    Withdrawn,
}

/// Delivery state of the latest mail of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailDelivery {
    /// It waits for its first or next delivery attempt.
    Queued,
    /// A mail server accepted it.
    Sent,
    /// It will not be delivered: it was permanently rejected, or it expired before a mail server accepted it.
    Failed,
}

/// An invitation as shown to members who may invite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedInvitation {
    /// The invitation.
    pub invitation: Invitation,
    /// Status at the time of the request.
    pub status: InvitationStatus,
    /// Delivery state of the latest mail. `None` if the mail was cancelled or its record was deleted.
    pub delivery: Option<MailDelivery>,
}

/// Reservation of an invitation for one request that first creates the invited account and then accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The request that holds the claim.
    pub by: InvitationClaimId,
    /// Time from which other requests may accept, by the clock of the database.
    pub until: OffsetDateTime,
}

impl Claim {
    /// Lifetime of a claim. It is longer than the creation of an account takes. It is short, so that a request can be
    /// repeated soon after its node has failed.
    pub const TTL: Duration = Duration::seconds(5);
}

/// An invitation to join an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The invitation's id. It is not a secret and does not authorize acceptance.
    pub id: InvitationId,
    /// The organization to join.
    pub organization_id: OrganizationId,
    /// The invited address.
    pub email: EmailAddress,
    /// The role that the new member gets.
    pub role: Role,
    /// The recorded state.
    pub state: InvitationState,
    /// The user who sent or last resent the invitation.
    pub invited_by: UserId,
    /// Creation time.
    pub created_at: OffsetDateTime,
    /// Time from which the invitation is no longer valid.
    pub expires_at: OffsetDateTime,
    /// The latest claim, which may have expired.
    pub claim: Option<Claim>,
}

impl Invitation {
    /// Lifetime of an invitation.
    pub const TTL: Duration = Duration::days(7);

    /// How long an invitation is stored after it was accepted, was withdrawn or expired.
    pub const RETENTION: Duration = Duration::days(90);

    /// Returns the status at the given time.
    #[must_use]
    pub fn status(&self, now: OffsetDateTime) -> InvitationStatus {
        match self.state {
            InvitationState::Open if now < self.expires_at => InvitationStatus::Pending,
            InvitationState::Open => InvitationStatus::Expired,
            InvitationState::Accepted { .. } => InvitationStatus::Accepted,
            InvitationState::Withdrawn { .. } => InvitationStatus::Withdrawn,
        }
    }

    /// Returns whether it can be accepted at the given time.
    #[must_use]
    pub fn is_pending(&self, now: OffsetDateTime) -> bool {
        self.status(now) == InvitationStatus::Pending
    }

    /// Returns whether a request other than `than` holds a valid claim at the given time of the database clock.
    #[must_use]
    pub fn is_claimed_by_another(&self, than: Option<InvitationClaimId>, now: OffsetDateTime) -> bool {
        self.claim.is_some_and(|claim| now < claim.until && than != Some(claim.by))
    }
}

/// The details of an invitation that the holder of its token may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// The invitation.
    pub invitation: Invitation,
    /// The organization to join.
    pub organization: Organization,
    /// The user who invites.
    pub inviter: Profile,
    /// The account of the invited address, if there is one.
    pub account: Option<UserId>,
}

tessera_kernel::link_token! {
    /// The one-time token of an invitation. It is only in the mail; the database stores its hash.
    InvitationToken;
}
