//! Rate limits of invitations.
//!
//! An invitation sends a mail with the inviter's text to an address that the inviter chooses. The limits of the inviter
//! are counted first. The mails to one address are limited too, but unrelated senders must not use up the limit of a
//! real organization. So each kind of inviter has its own pool. The kinds differ in what it costs to become an inviter
//! of that kind.

use tessera_kernel::{EmailAddress, OrganizationId, RateLimit, RateLimitError, RateLimited, UserId, limit};

use crate::Orgs;

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
            Self::Unverified | Self::New => limit::INVITE_RECIPIENT_NEW,
            Self::Established => limit::INVITE_RECIPIENT,
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
        let most = if verified { limit::INVITE } else { limit::INVITE_UNVERIFIED };
        self.ports.limits.count(most, &user.to_string()).await?;
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
            self.ports.limits.count(limit::INVITE_ADDRESS, &format!("{sender} {address}")).await?;
        }
        let kind = match (inviter.verified, accepted) {
            (false, _) => SenderKind::Unverified,
            (true, false) => SenderKind::New,
            (true, true) => SenderKind::Established,
        };
        let counted = self.ports.limits.count(kind.pool(), &format!("{} {address}", kind.as_str())).await;
        counted.map(drop).map_err(|error| match error {
            // The exact time would reveal when other senders sent their mails.
            RateLimitError::Limited(limited) => RateLimited { retry_after: limited.limit.window, ..limited }.into(),
            failed @ RateLimitError::Store(_) => failed,
        })
    }
}
