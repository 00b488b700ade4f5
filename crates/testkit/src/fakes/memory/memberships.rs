//! Memberships and departures.

use async_trait::async_trait;
use tessera_kernel::{EmailAddress, OrganizationId, Role, StoreError, UserId};
use tessera_orgs::{
    model::{Member, Membership},
    ports::{Departures, MembershipRows},
};
use time::OffsetDateTime;

use super::{
    state::{State, profile_of, unless},
    store::MemoryStore,
    transaction::MemoryTransaction,
};

impl State {
    fn record_opening(&mut self, key: (OrganizationId, UserId), at: OffsetDateTime) -> bool {
        let unopened = self.memberships.get_mut(&key).filter(|known| known.opened_at.is_none());
        let opened = |known: &mut Membership| {
            known.opened_at = Some(at);
            known.profile_visible_at = known.profile_visible_at.or(Some(at));
        };
        unopened.map(opened).is_some()
    }
}

impl MemoryStore {
    /// Returns the caller's membership and records that the caller has opened the organization.
    pub(super) async fn open_organization(
        &self,
        id: OrganizationId,
        user: UserId,
    ) -> Result<Option<Membership>, StoreError> {
        let known = self.state().memberships.get(&(id, user)).cloned();
        let Some(membership) = known else { return Ok(None) };
        if membership.opened_at.is_none() {
            let mut tx = self.transaction().await;
            let now = tx.now();
            tx.state.record_opening((id, user), now);
            tx.publish()?;
        }
        Ok(Some(membership))
    }
}

#[async_trait]
impl MembershipRows for MemoryTransaction {
    async fn insert(&mut self, membership: &Membership) -> Result<(), StoreError> {
        self.state.insert_membership(membership)
    }

    async fn find(&mut self, id: OrganizationId, user: UserId) -> Result<Option<Membership>, StoreError> {
        Ok(self.state.memberships.get(&(id, user)).cloned())
    }

    async fn find_by_email(
        &mut self,
        id: OrganizationId,
        email: &EmailAddress,
    ) -> Result<Option<Membership>, StoreError> {
        let user = self.state.user_by_email(email).map(|known| known.user.id);
        Ok(user.and_then(|user| self.state.memberships.get(&(id, user)).cloned()))
    }

    async fn count_owners(&mut self, id: OrganizationId) -> Result<u64, StoreError> {
        Ok(self.state.count_owners(id))
    }

    async fn count(&mut self, id: OrganizationId) -> Result<u64, StoreError> {
        Ok(self.state.memberships.keys().filter(|(organization, _)| *organization == id).map(|_| 1).sum())
    }

    async fn lock_and_count_owned(&mut self, user: UserId, opened: bool) -> Result<u64, StoreError> {
        let owned =
            |one: &&Membership| one.user_id == user && one.role == Role::Owner && one.opened_at.is_some() == opened;
        Ok(self.state.memberships.values().filter(owned).map(|_| 1).sum())
    }

    async fn owners(&mut self, id: OrganizationId) -> Result<Vec<Member>, StoreError> {
        let owns = |known: &&Membership| known.organization_id == id && known.role == Role::Owner;
        let owners = self.state.memberships.values().filter(owns);
        let member = |membership: &Membership| {
            let profile = profile_of(&self.state.users.get(&membership.user_id)?.user);
            Some(Member { membership: membership.clone(), profile, mfa_enabled: None })
        };
        Ok(owners.filter_map(member).collect())
    }

    async fn set_role(&mut self, id: OrganizationId, user: UserId, role: Role) -> Result<bool, StoreError> {
        Ok(self.state.memberships.get_mut(&(id, user)).map(|membership| membership.role = role).is_some())
    }

    async fn record_opening(
        &mut self,
        id: OrganizationId,
        user: UserId,
        at: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        Ok(self.state.record_opening((id, user), at))
    }

    async fn delete(&mut self, id: OrganizationId, user: UserId) -> Result<bool, StoreError> {
        Ok(self.state.memberships.remove(&(id, user)).is_some())
    }
}

#[async_trait]
impl Departures for MemoryTransaction {
    async fn record(&mut self, id: OrganizationId, user: UserId, left_at: OffsetDateTime) -> Result<(), StoreError> {
        let known = self.state.organizations.contains_key(&id) && self.state.users.contains_key(&user);
        unless(!known, StoreError::REFERENCE)?;
        self.state.departures.insert((id, user), left_at);
        Ok(())
    }

    async fn find(&mut self, id: OrganizationId, user: UserId) -> Result<Option<OffsetDateTime>, StoreError> {
        Ok(self.state.departures.get(&(id, user)).copied())
    }

    async fn delete(&mut self, id: OrganizationId, user: UserId) -> Result<bool, StoreError> {
        Ok(self.state.departures.remove(&(id, user)).is_some())
    }
}
