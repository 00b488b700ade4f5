//! A user ends the session they came with.

use tessera_kernel::{Actor, Event, Principal, StoreError};

use crate::{Identity, events::IdentityEvent};

/// The session was not ended.
#[derive(Debug, thiserror::Error)]
pub enum SignOutError {
    /// An application has no session to end.
    #[error("only a user can sign out")]
    NotAUser,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Identity {
    /// Ends the actor's session; its tokens are refused from then on, on every node.
    ///
    /// # Errors
    /// See [`SignOutError`].
    pub async fn sign_out(&self, actor: &Actor) -> Result<(), SignOutError> {
        let Principal::User { session, .. } = actor.principal else { return Err(SignOutError::NotAUser) };
        let (clock, entropy) = (&*self.ports.clock, &*self.ports.entropy);
        let event = Event::by(actor, IdentityEvent::SessionEnded { session }.into(), clock, entropy);
        let mut tx = self.ports.store.begin().await?;
        // Two at once: one ends it, the other finds it ended, and there is one event.
        if tx.sessions().end(session, clock.now()).await? {
            tx.events().append(&event).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
