//! Replacement of recovery codes.

use tessera_kernel::{Actor, Event, StoreError};

use super::{events::FactorEvent, model::RecoveryCode};
use crate::{
    Identity,
    ports::AccountChange,
    sessions::require_recent_authentication::{SessionError, session_of},
};

tessera_kernel::error_enum! {
    /// Why no recovery codes were issued.
    pub enum ReplaceRecoveryCodesError {
        /// The user has no factor that the codes could stand for.
        #[error("the user has no second factor")]
        NoFactor,
    }
    from Session(SessionError), Store(StoreError)
}

impl Identity {
    /// Replaces the recovery codes of the actor. The earlier ones are no longer valid. The user gets a mail.
    ///
    /// # Errors
    /// Fails when the actor is not a user, the session has ended or is too old, the user has no second factor, or storage
    /// fails.
    pub async fn replace_recovery_codes(&self, actor: &Actor) -> Result<Vec<RecoveryCode>, ReplaceRecoveryCodesError> {
        let (user, session) = session_of(actor)?;
        let now = self.require_recent_authentication(session).await?;
        let mut tx = self.ports.store.begin().await?;
        let account = self.lock_own_account(&mut *tx, (user, session), now).await?;
        if !tx.factors().enrolled(user).await?.any() {
            return Err(ReplaceRecoveryCodesError::NoFactor);
        }
        let codes = self.issue_recovery_codes(&mut *tx, user).await?;
        tx.events().append(&Event::by(actor, FactorEvent::CodesReplaced { user }, &self.ports.system)).await?;
        self.notify(&mut *tx, &account.user, AccountChange::RecoveryCodesReplaced).await?;
        tx.commit().await?;
        Ok(codes)
    }
}
