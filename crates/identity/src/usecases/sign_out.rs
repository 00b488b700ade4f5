//! A user ends sessions: the one they came with, another of theirs, or all of them.

use tessera_kernel::{Actor, Event, Principal, SessionId, StoreError};

use crate::{Identity, events::IdentityEvent};

/// No session was ended.
#[derive(Debug, thiserror::Error)]
pub enum SignOutError {
    /// An application has no session to end.
    #[error("only a user can sign out")]
    NotAUser,
    /// The actor has no such session, or has it no more.
    #[error("the user has no such session")]
    NotFound,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Identity {
    /// Ends the actor's session; its tokens are refused from then on, on every node.
    ///
    /// # Errors
    /// See [`SignOutError`]; it is no error when the session had ended already.
    pub async fn sign_out(&self, actor: &Actor) -> Result<(), SignOutError> {
        let Principal::User { session, .. } = actor.principal else { return Err(SignOutError::NotAUser) };
        match self.end_session(actor, session).await {
            // Two at once: one ends it, the other finds it ended, and there is one event.
            Err(SignOutError::NotFound) => Ok(()),
            ended => ended,
        }
    }

    /// Ends a session of the actor's; its tokens are refused from then on, on every node.
    ///
    /// # Errors
    /// See [`SignOutError`].
    pub async fn end_session(&self, actor: &Actor, session: SessionId) -> Result<(), SignOutError> {
        let Principal::User { id: user, checked_at, .. } = actor.principal else { return Err(SignOutError::NotAUser) };
        let (clock, entropy) = (&*self.ports.clock, &*self.ports.entropy);
        let event = Event::by(actor, IdentityEvent::SessionEnded { session }.into(), clock, entropy);
        let mut tx = self.ports.store.begin().await?;
        if !tx.sessions().end(user, session, checked_at).await? {
            return Err(SignOutError::NotFound);
        }
        tx.events().append(&event).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends all sessions of the actor's, the one they came with among them.
    ///
    /// # Errors
    /// See [`SignOutError`].
    pub async fn sign_out_everywhere(&self, actor: &Actor) -> Result<(), SignOutError> {
        let Principal::User { id: user, checked_at, .. } = actor.principal else { return Err(SignOutError::NotAUser) };
        let (clock, entropy) = (&*self.ports.clock, &*self.ports.entropy);
        let mut tx = self.ports.store.begin().await?;
        // Whoever signs in meanwhile comes before this, and is out with the others, or after it.
        tx.users().lock(user).await?.ok_or(SignOutError::NotFound)?;
        let ended = tx.sessions().end_all(user, None, checked_at).await?;
        let what = IdentityEvent::SessionsEnded { user, sessions_ended: ended }.into();
        tx.events().append(&Event::by(actor, what, clock, entropy)).await?;
        tx.commit().await?;
        Ok(())
    }
}
