//! The organizations of the caller.

use tessera_kernel::{AccessError, Actor, Page, PageRequest, Principal, Role};

use crate::{Orgs, model::Organization, policy};

impl Orgs {
    /// Lists the organizations of the caller with the caller's role in each, in ascending order of their ids. For an
    /// organization key, this is its organization, with the role of the user of a personal key. Empty for an application. This does not count as opening an organization.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn list_organizations(
        &self,
        actor: &Actor,
        page: PageRequest,
    ) -> Result<Page<(Organization, Option<Role>)>, AccessError> {
        match &actor.principal {
            Principal::User { id, .. } => {
                let page = self.ports.store.list_organizations(*id, page).await?;
                Ok(page.map(|(organization, role)| (organization, Some(role))))
            }
            Principal::OrganizationKey { organization: id, .. } => {
                let own = self.find_by_key(actor, *id, &policy::READ_ORGANIZATION).await?;
                let rest = page.after.is_none_or(|after| id.as_uuid() > after);
                Ok(Page { items: rest.then_some(own).into_iter().collect(), next: None })
            }
            Principal::Application { .. } => Ok(Page::default()),
        }
    }
}
