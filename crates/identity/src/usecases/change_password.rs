//! A user changes their password, or sets their first one.

use tessera_kernel::{Actor, Event, Principal, SessionId, StoreError, UserId};
use time::OffsetDateTime;

use crate::{
    Identity, NewPasswordError,
    events::IdentityEvent,
    model::{Credentials, Password, PasswordAttempt, PasswordHash},
    new_password::words_about,
    ports::{AccountChange, HashError, Requester, Verdict},
};

/// What somebody presents, and what they want.
#[derive(Debug)]
pub struct ChangePassword {
    /// The password they have, as typed; absent where the account has none.
    pub current: Option<PasswordAttempt>,
    /// The password they want.
    pub new: Password,
}

/// The password stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum ChangePasswordError {
    /// The actor is an application, or the account is gone.
    #[error("there is no such user")]
    NotFound,
    /// The session has ended meanwhile.
    #[error("the session has ended")]
    SessionEnded,
    /// The account has a password, and none was presented.
    #[error("the current password is missing")]
    CurrentMissing,
    /// What was presented is not the account's password, or no longer.
    #[error("the current password is wrong")]
    CurrentWrong,
    /// The account has no password, and the session is too old to give it one.
    #[error("the session is too old for this")]
    StaleSession,
    /// The new one is not taken.
    #[error(transparent)]
    NewPassword(#[from] NewPasswordError),
    /// The current one could not be checked, or the new one not hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How often a password is compared anew because its hash was replaced meanwhile.
const TRIES: usize = 3;

impl Identity {
    /// Changes the actor's password and ends all their other sessions. They are told by mail.
    ///
    /// # Errors
    /// See [`ChangePasswordError`].
    pub async fn change_password(&self, actor: &Actor, command: ChangePassword) -> Result<(), ChangePasswordError> {
        let Principal::User { id, session, checked_at, .. } = actor.principal else {
            return Err(ChangePasswordError::NotFound);
        };
        for _ in 0..TRIES {
            let known = self.ports.store.find_credentials_of(id).await?.ok_or(ChangePasswordError::NotFound)?;
            self.prove(actor, session, &known, command.current.as_ref()).await?;
            let requester = Requester::known(&actor.origin);
            self.check_new_password(&command.new, &words_about(&known.user), requester).await?;
            // Hash before opening a transaction: it takes tens of milliseconds.
            let hash = self.ports.hasher.hash(&command.new, requester).await?;
            if self.replace_hash(actor, (session, checked_at), &known, &hash).await? {
                return Ok(());
            }
        }
        self.refuse_change(actor, id).await
    }

    /// Somebody with a password proves themselves by it, somebody without by having signed in just now.
    async fn prove(
        &self,
        actor: &Actor,
        session: SessionId,
        known: &Credentials,
        current: Option<&PasswordAttempt>,
    ) -> Result<(), ChangePasswordError> {
        let Some(attempt) = current else {
            return match known.password_hash {
                Some(_) => Err(ChangePasswordError::CurrentMissing),
                None => Ok(self.require_fresh(session).await.map(|_| ())?),
            };
        };
        let requester = Requester::known(&actor.origin);
        match self.check_password(attempt, Some(known), None, requester).await?.verdict {
            Verdict::Match | Verdict::MatchOutdated => Ok(()),
            Verdict::Mismatch => self.refuse_change(actor, known.user.id).await,
        }
    }

    /// Replaces the hash that was compared with. `false` when it is no longer there: another change came first, or a
    /// sign-in has renewed it.
    async fn replace_hash(
        &self,
        actor: &Actor,
        (session, checked_at): (SessionId, OffsetDateTime),
        known: &Credentials,
        hash: &PasswordHash,
    ) -> Result<bool, ChangePasswordError> {
        let (clock, entropy) = (&*self.ports.clock, &*self.ports.entropy);
        let id = known.user.id;
        let mut tx = self.ports.store.begin().await?;
        let current = tx.users().lock(id).await?.ok_or(ChangePasswordError::NotFound)?;
        if current.password_hash != known.password_hash {
            return Ok(false);
        }
        // Hashing took its time: a session that was ended meanwhile changes nothing any more.
        if !tx.sessions().is_live(id, session, checked_at).await? {
            return Err(ChangePasswordError::SessionEnded);
        }
        tx.users().set_password_hash(id, hash).await?;
        tx.password_resets().withdraw(id).await?;
        // Whoever signed in with the old password is out with it; this session has just proved itself.
        let ended = tx.sessions().end_all(id, Some(session), checked_at).await?;
        let announcement = IdentityEvent::PasswordChanged { user: id, sessions_ended: ended }.into();
        tx.events().append(&Event::by(actor, announcement, clock, entropy)).await?;
        let first = known.password_hash.is_none();
        let change = if first { AccountChange::PasswordSet } else { AccountChange::PasswordChanged };
        self.tell(&mut *tx, &current.user, change).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn refuse_change(&self, actor: &Actor, user: UserId) -> Result<(), ChangePasswordError> {
        let (clock, entropy) = (&*self.ports.clock, &*self.ports.entropy);
        let announcement = IdentityEvent::PasswordChangeRefused { user }.into();
        self.note(&Event::by(actor, announcement, clock, entropy)).await?;
        Err(ChangePasswordError::CurrentWrong)
    }
}
