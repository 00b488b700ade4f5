//! Password change, and the first password of an account.

use tessera_kernel::{Actor, Event, Principal, RateLimited, SessionId, StoreError, UserId};
use time::OffsetDateTime;

use crate::{
    Identity, NewPasswordError,
    model::{Credentials, Password, PasswordAttempt, PasswordHash},
    passwords::check_new_password::words_about,
    passwords::events::PasswordEvent,
    ports::{AccountChange, HashError, Requester, Verdict},
    sessions::require_recent_authentication::SessionError,
};

/// The current and the new password.
#[derive(Debug)]
pub struct ChangePassword {
    /// The current password as typed. `None` if the account has none.
    pub current: Option<PasswordAttempt>,
    /// The new password.
    pub new: Password,
}

tessera_kernel::error_enum! {
    /// Why the password was not changed.
    pub enum ChangePasswordError {
        /// The actor is an application, or the account does not exist any more.
        #[error("there is no such user")]
        NotFound,
        /// The account has a password, but the current password is missing.
        #[error("the current password is missing")]
        CurrentMissing,
        /// The presented password is not, or no longer, the password of the account.
        #[error("the current password is wrong")]
        CurrentWrong,
    }
    from
        /// The session has ended, or it is too old to set the first password of the account.
        Session(SessionError),
        NewPassword(NewPasswordError),
        RateLimited(RateLimited),
        /// The current password could not be verified, or the new one could not be hashed.
        Hash(HashError),
        Store(StoreError),
}

/// Maximum number of comparisons. A comparison is repeated if the hash was replaced meanwhile.
const TRIES: usize = 3;

impl Identity {
    /// Changes the actor's password and ends all their other sessions. The user gets a mail.
    ///
    /// # Errors
    /// Fails when the current password is missing or wrong, the new one is rejected, the session has ended or is too
    /// old, the account does not exist, or hashing or storage fails.
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

    /// Verifies the actor. An account with a password requires the password. An account without one requires recent
    /// authentication.
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
                None => Ok(self.require_recent_authentication(session).await.map(|_| ())?),
            };
        };
        let requester = Requester::known(&actor.origin);
        match self.check_password::<ChangePasswordError>(attempt, known.into(), requester).await?.verdict {
            Verdict::Match | Verdict::MatchOutdated => Ok(()),
            Verdict::Mismatch => {
                let event = Event::by(actor, PasswordEvent::ChangeRefused { user: known.user.id }, &self.ports.system);
                self.record_wrong_password(Some(&known.user), &event).await?;
                Err(ChangePasswordError::CurrentWrong)
            }
        }
    }

    /// Replaces the hash that the current password was compared with. Returns `false` if the hash was replaced
    /// meanwhile, by another password change or by the rehash of a sign-in.
    async fn replace_hash(
        &self,
        actor: &Actor,
        (session, checked_at): (SessionId, OffsetDateTime),
        known: &Credentials,
        hash: &PasswordHash,
    ) -> Result<bool, ChangePasswordError> {
        let id = known.user.id;
        let mut tx = self.ports.store.begin().await?;
        let current = tx.users().lock(id).await?.ok_or(ChangePasswordError::NotFound)?;
        if current.password_hash != known.password_hash {
            return Ok(false);
        }
        // Hashing takes time. Check again that the session was not ended meanwhile.
        if !tx.sessions().is_live(id, session, checked_at).await? {
            return Err(SessionError::SessionEnded.into());
        }
        tx.users().set_password_hash(id, hash).await?;
        tx.password_resets().withdraw(id).await?;
        tx.interrupted_operations().withdraw_all(id).await?;
        // End all sessions that were opened with the old password. Keep this session, because it has just been
        // verified.
        let ended = tx.sessions().end_all(id, Some(session), checked_at).await?;
        let entry = PasswordEvent::Changed { user: id, sessions_ended: ended };
        tx.events().append(&Event::by(actor, entry, &self.ports.system)).await?;
        let first = known.password_hash.is_none();
        let change = if first { AccountChange::PasswordSet } else { AccountChange::PasswordChanged };
        self.notify(&mut *tx, &current.user, change).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn refuse_change(&self, actor: &Actor, user: UserId) -> Result<(), ChangePasswordError> {
        self.note(&Event::by(actor, PasswordEvent::ChangeRefused { user }, &self.ports.system)).await?;
        Err(ChangePasswordError::CurrentWrong)
    }
}
