//! Access tokens without a password check: for the current session of a user, or for the first session.

use tessera_kernel::{Actor, MfaRequired, Principal, RequestMetadata, StoreError, UserId};

use super::{
    model::{SessionRequest, SignInMethod, SignInMethods},
    open_session::{Authentication, NewSession, SignedIn},
};
use crate::{
    Identity,
    model::{Device, KnownSession},
    ports::TokenError,
};

tessera_kernel::error_enum! {
    /// Why no token was issued.
    pub enum ContinueSessionError {
        /// The session has ended or expired, or its user does not exist any more.
        #[error("the session has ended")]
        Ended,
    }
    from
        /// Not for a new account.
        MfaRequired(MfaRequired),
        Token(TokenError),
        Store(StoreError),
}

impl Identity {
    /// Issues another token for the session of the actor. The token expires together with the session, or earlier if the session has a refresh token.
    ///
    /// # Errors
    /// Fails when the session has ended or expired, or signing the token or storage fails.
    pub async fn continue_session(&self, actor: &Actor) -> Result<SignedIn, ContinueSessionError> {
        let Principal::User { id, session, .. } = actor.principal else { return Err(ContinueSessionError::Ended) };
        let known = self.ports.store.find_session(session).await?;
        let live = known.filter(|known| known.session.user_id == id && known.is_live());
        let KnownSession { session, at } = live.ok_or(ContinueSessionError::Ended)?;
        let user = self.ports.store.find_user(id).await?.ok_or(ContinueSessionError::Ended)?;
        let issued_at = at.replace_nanosecond(0).unwrap_or(at);
        let claims = self.claims(&session, issued_at);
        let token = self.ports.signer.sign(&claims)?;
        Ok(SignedIn {
            token,
            expires_at: claims.expires_at,
            user,
            session: session.id,
            refresh: None,
            device_token: None,
        })
    }

    /// Opens the first session of a user whose account the same request has created. The user has no credential to
    /// present yet.
    ///
    /// # Errors
    /// Fails when the user does not exist any more, or signing the token or storage fails.
    pub async fn first_session(
        &self,
        user: UserId,
        device: Device,
        origin: &RequestMetadata,
    ) -> Result<SignedIn, ContinueSessionError> {
        let now = self.ports.resets.now().await?;
        let mut tx = self.ports.store.begin().await?;
        let user = tx.users().lock(user).await?.ok_or(ContinueSessionError::Ended)?.user;
        let opening = NewSession {
            user,
            authentication: Authentication::Invitation,
            methods: SignInMethods::of(SignInMethod::Email),
            request: SessionRequest::default(),
            now,
            device,
            origin,
        };
        self.open_session::<ContinueSessionError>(tx, opening).await?.ok_or(ContinueSessionError::Ended)
    }
}
