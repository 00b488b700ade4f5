//! Recent authentication check.

use tessera_kernel::{SessionId, StoreError, is_fresh};
use time::OffsetDateTime;

use crate::{
    ChallengeWalletError, ChangePasswordError, Identity, LinkWalletError, UnlinkWalletError, model::KnownSession,
};

/// Why the session does not allow a change that requires recent authentication.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotFresh {
    /// The session has ended, so its token is no longer valid.
    #[error("the session has ended")]
    Ended,
    #[error("the session is too old for this")]
    Stale,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Identity {
    /// Requires a live session that began with a recent sign-in. Returns the time by the database clock.
    pub(crate) async fn require_fresh(&self, session: SessionId) -> Result<OffsetDateTime, NotFresh> {
        let known = self.ports.store.find_session(session).await?;
        let KnownSession { session, at } = known.filter(KnownSession::is_live).ok_or(NotFresh::Ended)?;
        if is_fresh(session.created_at, at) { Ok(at) } else { Err(NotFresh::Stale) }
    }
}

/// Converts [`NotFresh`] to the error of each use case that requires recent authentication.
macro_rules! not_fresh {
    ($($error:ty)+) => {$(
        impl From<NotFresh> for $error {
            fn from(error: NotFresh) -> Self {
                match error {
                    NotFresh::Ended => Self::SessionEnded,
                    NotFresh::Stale => Self::StaleSession,
                    NotFresh::Store(error) => Self::Store(error),
                }
            }
        }
    )+};
}

not_fresh! { ChallengeWalletError LinkWalletError UnlinkWalletError ChangePasswordError }
