//! The list of the API keys of an application.

use tessera_kernel::{AccessError, Actor, ApplicationId, Page, PageRequest};

use crate::{ApiKeys, model::ApiKey, policy};

impl ApiKeys {
    /// Returns the keys of an application, including revoked ones, in ascending order of their ids.
    ///
    /// # Errors
    /// The application is not visible to the actor, the rights of the actor are too low, or storage failed.
    pub async fn list_keys(
        &self,
        actor: &Actor,
        application: ApplicationId,
        page: PageRequest,
    ) -> Result<Page<ApiKey>, AccessError> {
        self.ports.memberships.authorize(actor, application, &policy::READ_KEYS).await?;
        Ok(self.ports.store.list_keys(application, page).await?)
    }
}
