//! A user looks at where they are signed in.

use tessera_kernel::{Actor, Page, PageRequest, Principal, SessionId};

use super::require_recent_authentication::SessionError;
use crate::{Identity, model::Session};

/// Sessions of the actor's.
#[derive(Debug)]
pub struct OwnSessions {
    /// Those that are live, in the order in which they began.
    pub page: Page<Session>,
    /// The one that the actor came with.
    pub current: SessionId,
}

impl Identity {
    /// The actor's live sessions.
    ///
    /// # Errors
    /// Fails when the actor is not a user, or storage fails.
    pub async fn list_sessions(&self, actor: &Actor, page: PageRequest) -> Result<OwnSessions, SessionError> {
        let Principal::User { id, session, checked_at, .. } = actor.principal else {
            return Err(SessionError::NotAUser);
        };
        let page = self.ports.store.list_live_sessions(id, checked_at, page).await?;
        Ok(OwnSessions { page, current: session })
    }
}
