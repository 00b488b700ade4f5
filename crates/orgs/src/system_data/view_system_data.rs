//! Reads of system data.

use tessera_kernel::{AccessError, Actor, OrganizationId, Page, PageRequest, StoreError, UserId, VersionedDocument};

use crate::{Orgs, model::SystemDataEntry, policy};

tessera_kernel::error_enum! {
    /// Why the read failed.
    pub enum ViewSystemDataError {
        /// No data were ever written for the user.
        #[error("there are no data of this user")]
        DataNotFound,
    }
    from Access(AccessError), Store(StoreError)
}

impl Orgs {
    /// Lists the users that have data, in ascending order of their user id.
    ///
    /// # Errors
    /// Fails when the actor may not read the data, or storage fails.
    pub async fn list_system_data(
        &self,
        actor: &Actor,
        id: OrganizationId,
        page: PageRequest,
    ) -> Result<Page<SystemDataEntry>, AccessError> {
        self.authorize(actor, id, &policy::READ_SYSTEM_DATA).await?;
        Ok(self.ports.store.list_system_data(id, page).await?)
    }

    /// Returns the data of one user.
    ///
    /// # Errors
    /// Fails when the actor may not read the data, there are none, or storage fails.
    pub async fn view_system_data(
        &self,
        actor: &Actor,
        id: OrganizationId,
        user: UserId,
    ) -> Result<VersionedDocument, ViewSystemDataError> {
        self.authorize(actor, id, &policy::READ_SYSTEM_DATA).await?;
        self.ports.store.find_system_data(id, user).await?.ok_or(ViewSystemDataError::DataNotFound)
    }
}
