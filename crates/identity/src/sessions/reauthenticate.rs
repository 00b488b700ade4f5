//! A user with a session proves again who they are.

use tessera_kernel::{Actor, Event, FRESH, MfaRequired, Principal, RateLimited, SessionId, StoreError, UserId};
use time::OffsetDateTime;

use super::{
    events::SessionEvent,
    model::{SignInMethod, SignInMethods},
};
use crate::{
    Identity,
    model::{Credentials, Interrupted, PasswordAttempt},
    ports::{HashError, IdentityTransaction, Requester, Verdict},
};

/// Command of [`Identity::reauthenticate`].
#[derive(Debug)]
pub struct Reauthenticate {
    /// The password as typed.
    pub password: PasswordAttempt,
}

/// A session after its reauthentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reauthenticated {
    /// When the user proved who they are.
    pub at: OffsetDateTime,
    /// Until when the authentication counts as recent.
    pub valid_until: OffsetDateTime,
}

tessera_kernel::error_enum! {
    /// Why the session was not reauthenticated.
    pub enum ReauthenticateError {
        /// The actor is not a user.
        #[error("only a user has a session")]
        NotAUser,
        /// The session has ended.
        #[error("the session has ended")]
        SessionEnded,
        /// The password is wrong, or the account has none.
        #[error("the password is wrong")]
        InvalidCredentials,
    }
    from
        RateLimited(RateLimited),
        /// The password is correct.
        MfaRequired(MfaRequired),
        Hash(HashError),
        Store(StoreError),
}

/// Maximum number of comparisons. A comparison is repeated if the hash was replaced meanwhile.
const TRIES: usize = 3;

impl Identity {
    /// Makes the authentication of the actor's session recent.
    ///
    /// # Errors
    /// Fails when the actor is not a user, the session has ended, the password is wrong, or verifying the password or
    /// storage fails.
    pub async fn reauthenticate(
        &self,
        actor: &Actor,
        command: Reauthenticate,
    ) -> Result<Reauthenticated, ReauthenticateError> {
        let Principal::User { id, .. } = actor.principal else { return Err(ReauthenticateError::NotAUser) };
        for _ in 0..TRIES {
            let known = self.ports.store.find_credentials_of(id).await?.ok_or(ReauthenticateError::SessionEnded)?;
            let requester = Requester::known(&actor.origin);
            let check =
                self.check_password::<ReauthenticateError>(&command.password, (&known).into(), requester).await?;
            if check.verdict == Verdict::Mismatch {
                self.record_wrong_password(Some(&known.user), &self.refused_reauthentication(actor, id)).await?;
                return Err(ReauthenticateError::InvalidCredentials);
            }
            let methods = SignInMethods::of(SignInMethod::Password);
            if let Some(done) = self.mark_authenticated(actor, &known, methods, check.at).await? {
                return Ok(done);
            }
        }
        self.note(&self.refused_reauthentication(actor, id)).await?;
        Err(ReauthenticateError::InvalidCredentials)
    }

    fn refused_reauthentication(&self, actor: &Actor, user: UserId) -> Event {
        Event::by(actor, SessionEvent::SignInRefused { user: Some(user) }, &self.ports.system)
    }

    /// Records the authentication of the actor's session. Returns `None` if the password hash is no longer the one that
    /// was compared. Every method of reauthentication ends here.
    pub(crate) async fn mark_authenticated(
        &self,
        actor: &Actor,
        known: &Credentials,
        methods: SignInMethods,
        at: OffsetDateTime,
    ) -> Result<Option<Reauthenticated>, ReauthenticateError> {
        let Principal::User { id, session, .. } = actor.principal else { return Err(ReauthenticateError::NotAUser) };
        let mut tx = self.ports.store.begin().await?;
        let current = tx.users().lock(id).await?.ok_or(ReauthenticateError::SessionEnded)?;
        if current.password_hash != known.password_hash {
            return Ok(None);
        }
        if !methods.is_mfa() {
            let factors = tx.factors().enrolled(id).await?;
            if factors.any() {
                let operation = Interrupted::Reauthentication { session, methods };
                return Err(self.interrupt(tx, (id, factors), operation, at, &actor.origin).await?.into());
            }
        }
        let done = self.record_reauthentication(&mut *tx, actor, (id, session), methods, at).await?;
        let done = done.ok_or(ReauthenticateError::SessionEnded)?;
        tx.commit().await?;
        Ok(Some(done))
    }

    /// Records the authentication in the transaction. Returns `None` if the session has ended.
    pub(crate) async fn record_reauthentication(
        &self,
        tx: &mut dyn IdentityTransaction,
        actor: &Actor,
        (user, session): (UserId, SessionId),
        methods: SignInMethods,
        at: OffsetDateTime,
    ) -> Result<Option<Reauthenticated>, StoreError> {
        let at = at.replace_nanosecond(0).unwrap_or(at);
        if !tx.sessions().reauthenticate(user, session, methods, at).await? {
            return Ok(None);
        }
        let what = SessionEvent::Reauthenticated { session, methods };
        tx.events().append(&Event::by(actor, what, &self.ports.system)).await?;
        Ok(Some(Reauthenticated { at, valid_until: at + FRESH }))
    }
}
