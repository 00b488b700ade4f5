//! Limits of mails that anyone can request, and of codes.

use tessera_kernel::{Counted, EmailAddress, RateLimit, RateLimitError, StoreError, limit};

use crate::Identity;

/// The kinds of mails that are counted separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MailKind {
    Verification,
    Reset,
}

impl MailKind {
    fn event(self, to: &EmailAddress) -> (RateLimit, String) {
        let kind = match self {
            Self::Verification => "verification",
            Self::Reset => "reset",
        };
        (limit::MAIL, format!("{kind} {}", to.canonical()))
    }
}

/// Events that a limit has admitted, which can be given back.
pub(crate) type Admitted = Vec<(Counted, String)>;

impl Identity {
    /// Counts a mail to each of the addresses, or to none.
    pub(crate) async fn count_mails(
        &self,
        kind: MailKind,
        to: impl IntoIterator<Item = &EmailAddress> + Send,
    ) -> Result<Admitted, RateLimitError> {
        let mut events: Vec<_> = to.into_iter().map(|to| kind.event(to)).collect();
        // One order for all callers, so that they do not wait for each other.
        events.sort_by(|(_, one), (_, other)| one.cmp(other));
        events.dedup_by(|(_, one), (_, other)| one == other);
        let counted = self.ports.limits.count_all(&events).await?;
        Ok(counted.into_iter().zip(events).map(|(counted, (_, subject))| (counted, subject)).collect())
    }

    /// Counts a mail that an anonymous caller has requested. Returns `None` if the limit is reached, which the response
    /// does not show.
    pub(crate) async fn admit_mail(&self, kind: MailKind, to: &EmailAddress) -> Result<Option<Admitted>, StoreError> {
        match self.count_mails(kind, [to]).await {
            Ok(admitted) => Ok(Some(admitted)),
            Err(RateLimitError::Limited(_)) => Ok(None),
            Err(RateLimitError::Store(error)) => Err(error),
        }
    }
}
