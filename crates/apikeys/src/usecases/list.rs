//! Whoever manages an application looks at its keys.

use tessera_kernel::{Actor, ApplicationId, OrganizationId, Page, PageRequest, StoreError};

use crate::{ApiKeys, model::ApiKey, policy};

/// There is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum ListKeysError {
    /// The application does not exist, or the actor is no member of the organization that owns it.
    #[error("there is no such application")]
    NotFound,
    /// The actor's role does not reach for this.
    #[error("your role does not allow this")]
    Forbidden {
        /// Whose administrators may learn that it was tried.
        organization: OrganizationId,
    },
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ApiKeys {
    /// The keys of an application, revoked ones too, in ascending order of their id.
    ///
    /// # Errors
    /// See [`ListKeysError`].
    pub async fn list_keys(
        &self,
        actor: &Actor,
        application: ApplicationId,
        page: PageRequest,
    ) -> Result<Page<ApiKey>, ListKeysError> {
        let user = actor.user().ok_or(ListKeysError::NotFound)?;
        let standing = self.ports.memberships.standing_in(application, user).await?.ok_or(ListKeysError::NotFound)?;
        if !policy::may_manage(standing.role) {
            return Err(ListKeysError::Forbidden { organization: standing.organization });
        }
        Ok(self.ports.store.list_keys(application, page).await?)
    }
}
