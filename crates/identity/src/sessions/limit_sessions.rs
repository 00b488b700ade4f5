//! Quota of live sessions.

use tessera_kernel::{Event, RequestMetadata, StoreError};

use crate::{Identity, model::Session, ports::IdentityTransaction, sessions::events::SessionEvent};

impl Identity {
    /// Ends the least recently used sessions of a user above the quota. The caller must hold the lock on the user, so
    /// that the count is exact for concurrent sign-ins. The count is a separate statement after the insertion: on
    /// PostgreSQL, a statement does not see what was committed while it waited for the lock.
    pub(crate) async fn limit_sessions(
        &self,
        tx: &mut dyn IdentityTransaction,
        opened: &Session,
        origin: &RequestMetadata,
    ) -> Result<(), StoreError> {
        let Some(maximum) = self.quotas.sessions.maximum() else { return Ok(()) };
        // `created_at` is the database time, by which all nodes decide whether a session is live.
        let sessions_ended = tx.sessions().end_least_recently_used(opened, maximum).await?;
        if sessions_ended > 0 {
            let what = SessionEvent::SeveralEnded { user: opened.user_id, sessions_ended };
            tx.events().append(&Event::by_anonymous(origin, what, &self.ports.system)).await?;
        }
        Ok(())
    }
}
