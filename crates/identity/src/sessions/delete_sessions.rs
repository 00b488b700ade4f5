//! Retention of sessions.

use tessera_kernel::{StoreError, delete_in_steps};

use crate::{Identity, model::Session};

impl Identity {
    /// Deletes the sessions that ended or expired [`Session::RETENTION`] ago, and returns the number.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn delete_old_sessions(&self) -> Result<u64, StoreError> {
        // The ends of sessions are times of the database clock, which all nodes share. This port reads it.
        let until = self.ports.resets.now().await? - Session::RETENTION;
        delete_in_steps(|most| self.ports.session_jobs.delete_ended(until, most)).await
    }
}
