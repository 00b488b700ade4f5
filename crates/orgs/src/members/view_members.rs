//! Reads of the members of an organization.

use tessera_kernel::{AccessError, ActingParty, Actor, OrganizationId, Page, PageRequest, StoreError, UserId};

use crate::{
    Orgs,
    model::{Member, Membership, Profile},
    policy,
};

tessera_kernel::error_enum! {
    /// Why a member is not returned.
    pub enum ViewMemberError {
        /// The organization has no such member.
        #[error("there is no such member")]
        MemberNotFound,
    }
    from Access(AccessError), Store(StoreError)
}

impl Orgs {
    /// Lists the members in ascending order of their user id, with the profiles that the actor may see.
    ///
    /// # Errors
    /// Fails when the actor is not a member, or storage fails.
    pub async fn list_members(
        &self,
        actor: &Actor,
        id: OrganizationId,
        page: PageRequest,
    ) -> Result<Page<Member>, AccessError> {
        let viewer = self.authorize(actor, id, &policy::READ_MEMBERS).await?;
        let page = self.ports.store.list_memberships(id, page).await?;
        let users: Vec<UserId> = page.items.iter().map(|membership| membership.user_id).collect();
        let profiles = self.ports.user_profiles.profiles(&users).await?;
        let with_mfa = self.users_with_mfa(&users, &viewer).await?;
        Ok(page.map(|membership| with_profile(membership, &profiles, with_mfa.as_deref()).seen_by(viewer.user())))
    }

    /// Returns one member, with the profile that the actor may see.
    ///
    /// # Errors
    /// Fails when the actor or the user is not a member, or storage fails.
    pub async fn view_member(
        &self,
        actor: &Actor,
        id: OrganizationId,
        user: UserId,
    ) -> Result<Member, ViewMemberError> {
        let viewer = self.authorize(actor, id, &policy::READ_MEMBERS).await?;
        let membership = self.ports.store.find_membership(id, user).await?.ok_or(ViewMemberError::MemberNotFound)?;
        Ok(self.present(membership, &viewer).await?)
    }

    /// Adds to a membership the part of its profile that `viewer` may see.
    pub(crate) async fn present(&self, membership: Membership, viewer: &ActingParty) -> Result<Member, StoreError> {
        let profiles = self.ports.user_profiles.profiles(&[membership.user_id]).await?;
        let with_mfa = self.users_with_mfa(&[membership.user_id], viewer).await?;
        Ok(with_profile(membership, &profiles, with_mfa.as_deref()).seen_by(viewer.user()))
    }

    /// Returns which of the users have a second factor, if the viewer may see it.
    pub(crate) async fn users_with_mfa(
        &self,
        users: &[UserId],
        viewer: &ActingParty,
    ) -> Result<Option<Vec<UserId>>, StoreError> {
        if viewer.role() < Some(policy::SEE_MFA) {
            return Ok(None);
        }
        self.ports.user_profiles.users_with_mfa(users).await.map(Some)
    }

    /// Returns the profile of a user, without address and name if the user does not exist.
    pub(crate) async fn profile(&self, user: UserId) -> Result<Profile, StoreError> {
        let known = self.ports.user_profiles.profiles(&[user]).await?.into_iter().next();
        Ok(known.unwrap_or(Profile::hidden(user)))
    }
}

fn with_profile(membership: Membership, profiles: &[Profile], with_mfa: Option<&[UserId]>) -> Member {
    let known = profiles.iter().find(|profile| profile.user_id == membership.user_id).cloned();
    let profile = known.unwrap_or(Profile::hidden(membership.user_id));
    let mfa_enabled = with_mfa.map(|users| users.contains(&membership.user_id));
    Member { membership, profile, mfa_enabled }
}
