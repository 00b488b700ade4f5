//! Reads of an organization and of its members.

use tessera_kernel::{Actor, OrganizationId, Page, PageRequest, Role, StoreError, UserId};

use crate::{
    Orgs,
    model::{Member, Membership, Organization, Profile},
};

/// Why the read failed.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The organization does not exist, or the actor is no member. Callers can't distinguish the two.
    #[error("there is no such organization")]
    NotFound,
    /// The organization has no such member.
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
    /// See [`ViewError`].
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

    /// Lists the members in ascending order of their user id, with the profiles that the actor may see.
    ///
    /// # Errors
    /// See [`ViewError`].
    pub async fn list_members(
        &self,
        actor: &Actor,
        id: OrganizationId,
        page: PageRequest,
    ) -> Result<Page<Member>, ViewError> {
        let viewer = self.require_member(actor, id).await?;
        let page = self.ports.store.list_memberships(id, page).await?;
        let users: Vec<UserId> = page.items.iter().map(|membership| membership.user_id).collect();
        let profiles = self.ports.user_profiles.profiles(&users).await?;
        Ok(page.map(|membership| with_profile(membership, &profiles).seen_by(viewer)))
    }

    /// Returns one member, with the profile that the actor may see.
    ///
    /// # Errors
    /// See [`ViewError`].
    pub async fn view_member(&self, actor: &Actor, id: OrganizationId, user: UserId) -> Result<Member, ViewError> {
        let viewer = self.require_member(actor, id).await?;
        let membership = self.ports.store.find_membership(id, user).await?.ok_or(ViewError::MemberNotFound)?;
        Ok(self.present(membership, viewer).await?)
    }

    /// Adds to a membership the part of its profile that `viewer` may see.
    pub(crate) async fn present(&self, membership: Membership, viewer: UserId) -> Result<Member, StoreError> {
        let profiles = self.ports.user_profiles.profiles(&[membership.user_id]).await?;
        Ok(with_profile(membership, &profiles).seen_by(viewer))
    }

    async fn require_member(&self, actor: &Actor, id: OrganizationId) -> Result<UserId, ViewError> {
        let user = actor.user().ok_or(ViewError::NotFound)?;
        self.caller_membership(id, user).await?.map(|own| own.user_id).ok_or(ViewError::NotFound)
    }
}

fn with_profile(membership: Membership, profiles: &[Profile]) -> Member {
    let known = profiles.iter().find(|profile| profile.user_id == membership.user_id).cloned();
    let profile = known.unwrap_or(Profile::hidden(membership.user_id));
    Member { membership, profile }
}
