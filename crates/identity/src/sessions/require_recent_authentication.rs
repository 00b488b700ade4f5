//! The session of the actor, and its recent authentication.

use tessera_kernel::{Actor, Principal, SessionId, StoreError, UserId, is_recent};
use time::OffsetDateTime;

use crate::{Identity, model::KnownSession};

tessera_kernel::error_enum! {
    /// Why the session of the actor does not allow an operation.
    pub enum SessionError {
        /// The actor is an application. Applications have no sessions and no wallets.
        #[error("only a user has a session")]
        NotAUser,
        /// The session has ended.
        #[error("the session has ended")]
        SessionEnded,
        /// Changes to sign-in methods require recent authentication.
        #[error("recent authentication is required")]
        ReauthenticationRequired,
    }
    from Store(StoreError)
}

/// Returns the user and the session of the actor.
pub(crate) const fn session_of(actor: &Actor) -> Result<(UserId, SessionId), SessionError> {
    match actor.principal {
        Principal::User { id, session, .. } => Ok((id, session)),
        Principal::Application { .. } | Principal::OrganizationKey { .. } => Err(SessionError::NotAUser),
    }
}

/// Returns the time of the read if the session was authenticated recently.
fn recent(known: Option<KnownSession>) -> Result<Option<OffsetDateTime>, SessionError> {
    let KnownSession { session, at } = known.filter(KnownSession::is_live).ok_or(SessionError::SessionEnded)?;
    Ok(is_recent(session.authenticated_at, at).then_some(at))
}

impl Identity {
    /// Requires a live session that was opened or reauthenticated recently. Returns the time by the database clock.
    pub(crate) async fn require_recent_authentication(
        &self,
        session: SessionId,
    ) -> Result<OffsetDateTime, SessionError> {
        let store = &self.ports.store;
        if let Some(at) = recent(store.find_session(session).await?)? {
            return Ok(at);
        }
        // Another node may have reauthenticated the session just now.
        recent(store.reread_session(session).await?)?.ok_or(SessionError::ReauthenticationRequired)
    }
}
