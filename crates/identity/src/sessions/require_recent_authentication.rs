//! Recent authentication check.

use tessera_kernel::{SessionId, StoreError, is_recent};
use time::OffsetDateTime;

use crate::{
    ChallengeWalletError, ChangePasswordError, Identity, LinkWalletError, UnlinkWalletError, model::KnownSession,
};

/// Why the session does not allow a change that requires recent authentication.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotRecent {
    /// The session has ended, so its token is no longer valid.
    #[error("the session has ended")]
    Ended,
    #[error("the session is too old for this")]
    TooOld,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Identity {
    /// Requires a live session that began with a recent sign-in. Returns the time by the database clock.
    pub(crate) async fn require_recent_authentication(&self, session: SessionId) -> Result<OffsetDateTime, NotRecent> {
        let known = self.ports.store.find_session(session).await?;
        let KnownSession { session, at } = known.filter(KnownSession::is_live).ok_or(NotRecent::Ended)?;
        if is_recent(session.created_at, at) { Ok(at) } else { Err(NotRecent::TooOld) }
    }
}

/// Converts [`NotRecent`] to the error of each use case that requires recent authentication.
macro_rules! not_recent {
    ($($error:ty)+) => {$(
        impl From<NotRecent> for $error {
            fn from(error: NotRecent) -> Self {
                match error {
                    NotRecent::Ended => Self::SessionEnded,
                    NotRecent::TooOld => Self::ReauthenticationRequired,
                    NotRecent::Store(error) => Self::Store(error),
                }
            }
        }
    )+};
}

not_recent! { ChallengeWalletError LinkWalletError UnlinkWalletError ChangePasswordError }
