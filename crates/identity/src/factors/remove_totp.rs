//! Removal of an authenticator app.

use tessera_kernel::{Actor, Event, StoreError};

use super::{events::FactorEvent, model::FactorKind};
use crate::{
    Identity,
    ports::AccountChange,
    sessions::require_recent_authentication::{SessionError, session_of},
};

tessera_kernel::error_enum! {
    /// Why no authenticator app was removed.
    pub enum RemoveTotpError {
        /// The user has no authenticator app.
        #[error("the user has no authenticator app")]
        NotFound,
    }
    from Session(SessionError), Store(StoreError)
}

impl Identity {
    /// Removes the authenticator app of the actor, and with the last factor the recovery codes. The user gets a mail.
    ///
    /// # Errors
    /// Fails when the actor is not a user, the session has ended or is too old, the user has no authenticator app, or
    /// storage fails.
    pub async fn remove_totp(&self, actor: &Actor) -> Result<(), RemoveTotpError> {
        let (user, session) = session_of(actor)?;
        let now = self.require_recent_authentication(session).await?;
        let mut tx = self.ports.store.begin().await?;
        let account = self.lock_own_account(&mut *tx, (user, session), now).await?;
        if !tx.factors().delete_totp(user).await? {
            return Err(RemoveTotpError::NotFound);
        }
        self.remove_unusable_codes(&mut *tx, user).await?;
        let what = FactorEvent::Removed { user, factor: FactorKind::Totp };
        tx.events().append(&Event::by(actor, what, &self.ports.system)).await?;
        self.notify(&mut *tx, &account.user, AccountChange::FactorRemoved(FactorKind::Totp)).await?;
        tx.commit().await?;
        Ok(())
    }
}
