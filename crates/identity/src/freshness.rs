//! How long a sign-in proves who somebody is.

use tessera_kernel::{SessionId, StoreError, is_fresh};
use time::OffsetDateTime;

use crate::{
    ChallengeWalletError, ChangePasswordError, Identity, LinkWalletError, UnlinkWalletError, model::KnownSession,
};

/// The session is not good for such a change.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotFresh {
    /// It has ended meanwhile, and its token is worth nothing any more.
    #[error("the session has ended")]
    Ended,
    #[error("the session is too old for this")]
    Stale,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Identity {
    /// Holds a session to having begun with a sign-in of a moment ago, and returns the time by the clock of the database.
    pub(crate) async fn require_fresh(&self, session: SessionId) -> Result<OffsetDateTime, NotFresh> {
        let known = self.ports.store.find_session(session).await?;
        let KnownSession { session, at } = known.filter(KnownSession::is_live).ok_or(NotFresh::Ended)?;
        if is_fresh(session.created_at, at) { Ok(at) } else { Err(NotFresh::Stale) }
    }
}

/// Whoever asks for it has the same answers.
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
