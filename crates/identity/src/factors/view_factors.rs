//! The factors of the actor.

use tessera_kernel::Actor;

use super::model::FactorStatus;
use crate::{
    Identity,
    sessions::require_recent_authentication::{SessionError, session_of},
};

impl Identity {
    /// Returns the factors of the actor, and the organizations that require one.
    ///
    /// # Errors
    /// Fails when the actor is not a user, or storage fails.
    pub async fn view_factors(&self, actor: &Actor) -> Result<FactorStatus, SessionError> {
        let (user, _) = session_of(actor)?;
        Ok(self.ports.factors.factor_status(user).await?)
    }
}
