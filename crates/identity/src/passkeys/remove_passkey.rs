//! Removal of a passkey from an account.

use tessera_kernel::{Actor, Event, PasskeyId, StoreError};

use super::events::PasskeyEvent;
use crate::{
    Identity,
    ports::AccountChange,
    sessions::require_recent_authentication::{SessionError, session_of},
};

tessera_kernel::error_enum! {
    /// Why no passkey was removed.
    pub enum RemovePasskeyError {
        /// The user has no such passkey.
        #[error("the user has no such passkey")]
        NotFound,
        /// It is the last sign-in method of the account.
        #[error("this is the last way to sign in")]
        LastSignInMethod,
    }
    from Session(SessionError), Store(StoreError)
}

impl Identity {
    /// Removes a passkey of the actor. Sessions that it opened continue. The user gets a mail.
    ///
    /// # Errors
    /// Fails when the actor is not a user, the session has ended or is too old, the user has no such passkey, it is the
    /// last sign-in method, or storage fails. Nothing changes then.
    pub async fn remove_passkey(&self, actor: &Actor, id: PasskeyId) -> Result<(), RemovePasskeyError> {
        let (user, session) = session_of(actor)?;
        let now = self.require_recent_authentication(session).await?;
        let mut tx = self.ports.store.begin().await?;
        // Lock the user, so that concurrent requests do not remove the last two sign-in methods.
        let known = self.lock_own_account(&mut *tx, (user, session), now).await?;
        if !tx.passkeys().delete(user, id).await? {
            return Err(RemovePasskeyError::NotFound);
        }
        let left = self.usable_passkeys(&mut *tx, user).await?;
        if known.sign_in_methods(left) == 0 {
            return Err(RemovePasskeyError::LastSignInMethod);
        }
        self.remove_unusable_codes(&mut *tx, user).await?;
        let event = Event::by(actor, PasskeyEvent::Removed { user, passkey: id }, &self.ports.system);
        tx.events().append(&event).await?;
        self.notify(&mut *tx, &known.user, AccountChange::PasskeyRemoved).await?;
        tx.commit().await?;
        Ok(())
    }
}
