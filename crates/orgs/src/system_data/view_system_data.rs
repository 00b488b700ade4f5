//! Reads of system data.

use tessera_kernel::{Actor, OrganizationId, Page, PageRequest, StoreError, UserId};

use crate::{
    Orgs,
    model::{SystemData, SystemDataEntry},
    policy::{self, Access, Reach},
};

/// Why the read failed.
#[derive(Debug, thiserror::Error)]
pub enum ViewSystemDataError {
    /// The organization does not exist, or the actor must not learn that it exists.
    #[error("there is no such organization")]
    NotFound,
    /// The role or the key does not permit this action.
    #[error("your role or key does not allow this")]
    Forbidden {
        /// The organization whose audit trail records the denied attempt.
        organization: OrganizationId,
    },
    /// No data were ever written for the user.
    #[error("there are no data of this user")]
    DataNotFound,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
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
    ) -> Result<Page<SystemDataEntry>, ViewSystemDataError> {
        self.require_system_data(actor, id).await?;
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
    ) -> Result<SystemData, ViewSystemDataError> {
        self.require_system_data(actor, id).await?;
        self.ports.store.find_system_data(id, user).await?.ok_or(ViewSystemDataError::DataNotFound)
    }

    async fn require_system_data(&self, actor: &Actor, id: OrganizationId) -> Result<(), ViewSystemDataError> {
        let membership = match actor.user() {
            Some(user) => self.caller_membership(id, user).await?,
            None => None,
        };
        let role = membership.map(|membership| membership.role);
        match policy::reach_of_system_data(&actor.principal, id, role, Access::Read) {
            Reach::Unknown => Err(ViewSystemDataError::NotFound),
            Reach::Refused => Err(ViewSystemDataError::Forbidden { organization: id }),
            Reach::Granted => Ok(()),
        }
    }
}
