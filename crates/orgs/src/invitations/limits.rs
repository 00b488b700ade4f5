//! Rate limits of invitations.
//!
//! An invitation sends a mail with the inviter's text to an address that the inviter chooses. The limits of the inviter
//! are counted first. The mails to one address are limited too, but unrelated senders must not use up the limit of a
//! real organization. So each kind of inviter has its own pool. The kinds differ in what it costs to become an inviter
//! of that kind.

use tessera_kernel::{EmailAddress, OrganizationId, RateLimit, RateLimitError, RateLimited, UserId};
use time::Duration;

use crate::Orgs;

/// Invitations sent and resent per inviter, in all organizations together.
pub const INVITE: RateLimit = RateLimit { name: "invite", quota: 60, window: Duration::HOUR };

/// [`INVITE`] for an inviter without a verified address.
pub const INVITE_UNVERIFIED: RateLimit = RateLimit { quota: 5, ..INVITE };

/// Invitations to one address, per inviter (in all organizations together) and per organization.
pub const INVITE_ADDRESS: RateLimit = RateLimit { name: "invite-address", quota: 5, window: Duration::DAY };

/// Invitations to one address from all inviters of one kind together.
const fn invite_recipient(quota: u32) -> RateLimit {
    RateLimit { name: "invite-recipient", quota, window: Duration::DAY }
}

/// What is known about the sender of an invitation. Each kind costs an attacker more than the previous one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SenderKind {
    /// The inviter has no verified address.
    Unverified,
    /// The address of the inviter is verified, but no invitation of the organization was ever accepted.
    New,
    /// The address of the inviter is verified, and an invitation of the organization was accepted.
    Established,
}

impl SenderKind {
    /// The pool of all senders of this kind, per recipient. The pools together limit the mails that one address gets.
    #[must_use]
    pub const fn pool(self) -> RateLimit {
        match self {
            Self::Unverified | Self::New => invite_recipient(10),
            Self::Established => invite_recipient(20),
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Unverified => "unverified",
            Self::New => "new",
            Self::Established => "established",
        }
    }
}

/// A user whose invitation attempt was counted.
pub(super) struct Inviter {
    user: UserId,
    verified: bool,
}

impl Orgs {
    /// Counts an invitation from the user to the address. It runs outside of the transaction that sends the invitation,
    /// because a rollback must not undo the count.
    pub(super) async fn limit_invitation(
        &self,
        user: UserId,
        organization: OrganizationId,
        email: &EmailAddress,
    ) -> Result<(), RateLimitError> {
        let inviter = self.limit_inviter(user).await?;
        let accepted = self.ports.store.begin().await?.invitations().any_accepted(organization).await?;
        self.limit_recipient(&inviter, organization, accepted, email).await
    }

    /// Counts an invitation attempt of the user, successful or not.
    pub(super) async fn limit_inviter(&self, user: UserId) -> Result<Inviter, RateLimitError> {
        let verified = self.ports.user_profiles.find_verified_email(user).await?.is_some();
        let limit = if verified { INVITE } else { INVITE_UNVERIFIED };
        self.ports.limits.count(limit, &user.to_string()).await?;
        Ok(Inviter { user, verified })
    }

    /// Counts an invitation to the address: first against the sender, then against all senders of the same kind.
    /// `accepted` is true if an invitation of the organization was ever accepted.
    pub(super) async fn limit_recipient(
        &self,
        inviter: &Inviter,
        organization: OrganizationId,
        accepted: bool,
        email: &EmailAddress,
    ) -> Result<(), RateLimitError> {
        let address = email.canonical();
        for sender in [format!("user {}", inviter.user), format!("organization {organization}")] {
            self.ports.limits.count(INVITE_ADDRESS, &format!("{sender} {address}")).await?;
        }
        let kind = match (inviter.verified, accepted) {
            (false, _) => SenderKind::Unverified,
            (true, false) => SenderKind::New,
            (true, true) => SenderKind::Established,
        };
        let counted = self.ports.limits.count(kind.pool(), &format!("{} {address}", kind.as_str())).await;
        counted.map_err(|error| match error {
            // The exact time would reveal when other senders sent their mails.
            RateLimitError::Limited(RateLimited { limit, .. }) => {
                RateLimited { limit, retry_after: limit.window }.into()
            }
            failed @ RateLimitError::Store(_) => failed,
        })
    }
}
