//! A user looks at where they are signed in.

use tessera_kernel::{Actor, Page, PageRequest, Principal, SessionId, StoreError};

use crate::{Identity, model::Session};

/// Sessions of the actor's.
#[derive(Debug)]
pub struct OwnSessions {
    /// Those that are live, in the order in which they began.
    pub page: Page<Session>,
    /// The one that the actor came with.
    pub current: SessionId,
}

/// There is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum ListSessionsError {
    /// An application has no sessions.
    #[error("only a user has sessions")]
    NotAUser,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Identity {
    /// The actor's live sessions.
    ///
    /// # Errors
    /// See [`ListSessionsError`].
    pub async fn list_sessions(&self, actor: &Actor, page: PageRequest) -> Result<OwnSessions, ListSessionsError> {
        let Principal::User { id, session, checked_at, .. } = actor.principal else {
            return Err(ListSessionsError::NotAUser);
        };
        let page = self.ports.store.list_live_sessions(id, checked_at, page).await?;
        Ok(OwnSessions { page, current: session })
    }
}
