//! The organizations of the caller.

use tessera_kernel::{Actor, Page, PageRequest, Role, StoreError};

use crate::{Orgs, model::Organization};

impl Orgs {
    /// Lists the organizations of the caller with the caller's role in each, in ascending order of their ids. Empty if
    /// the caller is not a user. This does not count as opening an organization.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn list_organizations(
        &self,
        actor: &Actor,
        page: PageRequest,
    ) -> Result<Page<(Organization, Role)>, StoreError> {
        match actor.user() {
            Some(user) => self.ports.store.list_organizations(user, page).await,
            None => Ok(Page::default()),
        }
    }
}
