//! Wrong passwords, and the notice after many of them.

use tessera_kernel::{Event, StoreError, UserId, idempotent_request};

use crate::{Identity, model::User, ports::AccountChange};

/// After so many wrong passwords without a correct one, the user gets one mail.
pub(crate) const NOTIFY_AFTER: u64 = 100;

impl Identity {
    /// Stores the audit entry of a wrong password, and counts it for the user. The same statements run if there is no user.
    /// Every use case that checks a password calls this after a mismatch.
    pub(crate) async fn record_wrong_password(&self, user: Option<&User>, event: &Event) -> Result<(), StoreError> {
        let id = user.map_or_else(|| UserId::from_uuid(uuid::Uuid::nil()), |user| user.id);
        idempotent_request::preparing(async {
            let mut tx = self.ports.store.begin().await?;
            tx.events().append(event).await?;
            // The last statement, because it locks a row that all wrong passwords of the user change.
            let number = tx.wrong_passwords().count(id).await?;
            if let Some(user) = user
                && number == Some(NOTIFY_AFTER)
            {
                self.notify(&mut *tx, user, AccountChange::ManyWrongPasswords { number: NOTIFY_AFTER }).await?;
            }
            tx.commit().await
        })
        .await
    }

    /// Starts the count of wrong passwords again after a correct one.
    pub(crate) async fn reset_wrong_passwords(&self, user: UserId) -> Result<(), StoreError> {
        idempotent_request::preparing(async {
            let mut tx = self.ports.store.begin().await?;
            tx.wrong_passwords().reset(user).await?;
            tx.commit().await
        })
        .await
    }
}
