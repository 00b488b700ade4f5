//! Sign-out: ends the current session, another session, or all sessions of a user.

use tessera_kernel::{Actor, Event, Principal, SessionId, StoreError};

use crate::{Identity, sessions::events::SessionEvent};

tessera_kernel::error_enum! {
    /// Why no session was ended.
    pub enum SignOutError {
        /// The actor is an application. Applications have no sessions.
        #[error("only a user can sign out")]
        NotAUser,
        /// The actor has no such session, or it has already ended.
        #[error("the user has no such session")]
        NotFound,
    }
    from Store(StoreError)
}

impl Identity {
    /// Ends the actor's current session. This node then rejects its tokens, and all others do so within a second. Succeeds if the session has already ended.
    ///
    /// # Errors
    /// Fails when the actor is not a user, or storage fails.
    pub async fn sign_out(&self, actor: &Actor) -> Result<(), SignOutError> {
        let Principal::User { session, .. } = actor.principal else { return Err(SignOutError::NotAUser) };
        match self.end_session(actor, session).await {
            // Of two concurrent requests, one ends the session and the other finds it ended. There is only one audit
            // entry.
            Err(SignOutError::NotFound) => Ok(()),
            ended => ended,
        }
    }

    /// Ends a session of the actor. This node then rejects its tokens, and all others do so within a second.
    ///
    /// # Errors
    /// Fails when the actor is not a user, has no such session, or storage fails.
    pub async fn end_session(&self, actor: &Actor, session: SessionId) -> Result<(), SignOutError> {
        let Principal::User { id: user, checked_at, .. } = actor.principal else { return Err(SignOutError::NotAUser) };
        let event = Event::by(actor, SessionEvent::Ended { session }, &self.ports.system);
        let mut tx = self.ports.store.begin().await?;
        if !tx.sessions().end(user, session, checked_at).await? {
            return Err(SignOutError::NotFound);
        }
        tx.events().append(&event).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends all sessions of the actor, including the current one.
    ///
    /// # Errors
    /// Fails when the actor is not a user, the account does not exist any more, or storage fails.
    pub async fn sign_out_everywhere(&self, actor: &Actor) -> Result<(), SignOutError> {
        self.end_sessions_but(actor, None).await
    }

    /// Ends all sessions of the actor except the current one.
    ///
    /// # Errors
    /// Fails when the actor is not a user, the account does not exist any more, or storage fails.
    pub async fn end_other_sessions(&self, actor: &Actor) -> Result<(), SignOutError> {
        let Principal::User { session, .. } = actor.principal else { return Err(SignOutError::NotAUser) };
        self.end_sessions_but(actor, Some(session)).await
    }

    async fn end_sessions_but(&self, actor: &Actor, but: Option<SessionId>) -> Result<(), SignOutError> {
        let Principal::User { id: user, checked_at, .. } = actor.principal else { return Err(SignOutError::NotAUser) };
        let mut tx = self.ports.store.begin().await?;
        // Lock the user. A concurrent sign-in commits either before this, so its session is ended too, or after it.
        tx.users().lock(user).await?.ok_or(SignOutError::NotFound)?;
        let ended = tx.sessions().end_all(user, but, checked_at).await?;
        tx.interrupted_operations().withdraw_all(user).await?;
        let what = SessionEvent::SeveralEnded { user, sessions_ended: ended };
        tx.events().append(&Event::by(actor, what, &self.ports.system)).await?;
        tx.commit().await?;
        Ok(())
    }
}
