//! How long a sign-in proves who somebody is.

use tessera_kernel::{SessionId, StoreError, is_fresh};

use crate::{ChallengeWalletError, ChangePasswordError, Identity, LinkWalletError, UnlinkWalletError};

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
    /// Holds a session to having begun with a sign-in of a moment ago.
    pub(crate) async fn require_fresh(&self, session: SessionId) -> Result<(), NotFresh> {
        let session = self.ports.store.find_session(session).await?;
        let now = self.ports.clock.now();
        let live = session.filter(|session| session.is_live(now)).ok_or(NotFresh::Ended)?;
        if is_fresh(live.created_at, now) { Ok(()) } else { Err(NotFresh::Stale) }
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
