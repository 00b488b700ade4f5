//! Reads of an organization.

use tessera_kernel::{Actor, OrganizationId, Role, StoreError};

use crate::{Orgs, model::Organization};

/// Why the read of an organization or of its members failed.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The organization does not exist, or the actor is no member. Callers can't distinguish the two.
    #[error("there is no such organization")]
    NotFound,
    /// The organization has no such member. Only reads of one member fail with it.
    #[error("there is no such member")]
    MemberNotFound,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Orgs {
    /// Returns the organization and the actor's role in it.
    ///
    /// # Errors
    /// Fails when the actor is not a member, or storage fails.
    pub async fn view_organization(
        &self,
        actor: &Actor,
        id: OrganizationId,
    ) -> Result<(Organization, Role), ViewError> {
        let user = actor.user().ok_or(ViewError::NotFound)?;
        let (organization, own) = self.ports.store.find_organization(id, user).await?.ok_or(ViewError::NotFound)?;
        self.open_organization(&own).await?;
        Ok((organization, own.role))
    }
}
