//! A user gets a token without typing a password: for the session they are in, or for their first one.

use tessera_kernel::{Actor, Event, Principal, RequestMetadata, StoreError};

use super::sign_in::SignedIn;
use crate::{
    Identity,
    events::IdentityEvent,
    model::{Device, KnownSession, User},
    ports::{AccessClaims, TokenError},
};

/// There is no token.
#[derive(Debug, thiserror::Error)]
pub enum ContinueSessionError {
    /// The session or its user is gone.
    #[error("the session has ended")]
    Ended,
    /// The token could not be made.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Identity {
    /// Another token of the session that the actor is in. It ends when the session does.
    ///
    /// # Errors
    /// See [`ContinueSessionError`].
    pub async fn continue_session(&self, actor: &Actor) -> Result<SignedIn, ContinueSessionError> {
        let Principal::User { id, session, .. } = actor.principal else { return Err(ContinueSessionError::Ended) };
        let known = self.ports.store.find_session(session).await?;
        let live = known.filter(|known| known.session.user_id == id && known.is_live());
        let KnownSession { session, at } = live.ok_or(ContinueSessionError::Ended)?;
        let user = self.ports.store.find_user(id).await?.ok_or(ContinueSessionError::Ended)?;
        let issued_at = at.replace_nanosecond(0).unwrap_or(at);
        let token = self.ports.signer.sign(&AccessClaims { issued_at, ..self.claims(&session) })?;
        Ok(SignedIn { token, expires_at: session.expires_at, user })
    }

    /// The first session of somebody whose account this very request has made: there is nothing yet that they could be
    /// asked for.
    ///
    /// # Errors
    /// See [`ContinueSessionError`].
    pub async fn first_session(
        &self,
        user: User,
        device: Device,
        origin: &RequestMetadata,
    ) -> Result<SignedIn, ContinueSessionError> {
        let session = self.new_session(user.id, self.ports.resets.now().await?);
        let token = self.ports.signer.sign(&self.claims(&session))?;
        let what = IdentityEvent::SessionStarted { user: user.id, session: session.id }.into();
        let event = Event::by_anonymous(origin, what, &*self.ports.clock, &*self.ports.entropy);
        let mut tx = self.ports.store.begin().await?;
        tx.users().lock(user.id).await?.ok_or(ContinueSessionError::Ended)?;
        tx.sessions().insert(&session).await?;
        self.limit_sessions(&mut *tx, &session, origin).await?;
        tx.events().append(&event).await?;
        self.record_device(&mut *tx, &user, device).await?;
        tx.commit().await?;
        Ok(SignedIn { token, expires_at: session.expires_at, user })
    }
}
