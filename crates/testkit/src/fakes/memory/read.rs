//! Reads and writes outside of transactions.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use tessera_identity::{
    model::{Challenge, Credentials, HashCost, KnownSession, Nonce, PasswordHash, Session, User},
    ports::{
        Challenges, IdentityStore, IdentityTransaction, KNOWN_NETWORK_DAYS, PasswordCheckContext, RequestHashes, Taken,
    },
};
use tessera_inventory::{
    model::{Item, ItemChange},
    ports::ItemStore,
};
use tessera_kernel::{
    ApplicationId, ApplicationRole, AuditTrail, Clock as _, EmailAddress, Event, InvitationId, MemberAccess,
    Memberships, OrganizationId, Page, PageRequest, Role, SecretHash, SessionId, StoreClock, StoreError, UserId,
    VersionedDocument,
};
use tessera_orgs::{
    model::{Invitation, MailDelivery, Membership, Organization, SystemDataEntry},
    ports::{OrgStore, OrgTransaction},
};
use tessera_sso::{
    model::SigningKey,
    ports::{SigningKeyStore, SigningKeyTransaction},
};
use time::{Duration, OffsetDateTime};

use super::store::MemoryStore;

/// A page of entries in the order of their key. It is a macro because this crate can't name the type of the key.
macro_rules! page {
    ($rows:expr, $request:expr, $key:expr) => {{
        let key = $key;
        let rows = $rows.filter(|row| $request.after.is_none_or(|after| key(row) > after));
        let rows = rows.take($request.limit.get() + 1).cloned().collect();
        Page::from_rows(rows, &$request, |row| key(&row))
    }};
}
pub(super) use page;

#[async_trait]
impl IdentityStore for MemoryStore {
    async fn begin(&self) -> Result<Box<dyn IdentityTransaction>, StoreError> {
        Ok(Box::new(self.transaction().await))
    }

    async fn find_user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.state().users.get(&id).map(|known| known.user.clone()))
    }

    async fn find_credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
        Ok(self.state().user_by_email(email).cloned())
    }

    async fn find_credentials_of(&self, id: UserId) -> Result<Option<Credentials>, StoreError> {
        Ok(self.state().users.get(&id).cloned())
    }

    async fn password_check_context(
        &self,
        user: UserId,
        request: RequestHashes,
    ) -> Result<PasswordCheckContext, StoreError> {
        let (state, at) = (self.state(), self.0.clock.now());
        let known = |device| state.known_devices.get(&user).is_some_and(|known| known.contains_key(&device));
        let seen = request.network.and_then(|network| state.known_networks.get(&user)?.get(&network).copied());
        let kept = request.device_token.is_some_and(|token| state.knows_device_token(user, &token, at));
        Ok(PasswordCheckContext {
            costs: state.hash_costs.iter().cloned().collect(),
            known_device: request.device.is_some_and(known),
            known_network: seen.is_some_and(|seen| seen > at - Duration::days(KNOWN_NETWORK_DAYS)),
            known_device_token: kept,
            wrong_passwords: state.wrong_passwords.get(&user).copied().unwrap_or_default(),
            at,
        })
    }

    async fn delete_unused_hash_costs(&self) -> Result<u64, StoreError> {
        let mut tx = self.transaction().await;
        let hashes = tx.state.users.values().filter_map(|known| known.password_hash.as_ref());
        let used: BTreeSet<HashCost> = hashes.filter_map(PasswordHash::cost).collect();
        let before = tx.state.hash_costs.len();
        tx.state.hash_costs.retain(|cost| used.contains(cost));
        let forgotten = before - tx.state.hash_costs.len();
        tx.publish()?;
        Ok(u64::try_from(forgotten).unwrap_or(u64::MAX))
    }

    async fn find_session(&self, id: SessionId) -> Result<Option<KnownSession>, StoreError> {
        let session = self.state().sessions.get(&id).cloned();
        Ok(session.map(|session| KnownSession { session, at: self.0.clock.now() }))
    }

    async fn reread_session(&self, id: SessionId) -> Result<Option<KnownSession>, StoreError> {
        self.find_session(id).await
    }

    async fn find_refreshed(&self, family: SecretHash) -> Result<Option<KnownSession>, StoreError> {
        let at = self.0.clock.now();
        let state = self.state();
        let of_family = |session: &&Session| session.refresh.as_ref().is_some_and(|chain| chain.family == family);
        Ok(state.sessions.values().find(of_family).cloned().map(|session| KnownSession { session, at }))
    }

    async fn rotate_refresh(&self, refreshed: &Session, from: u32) -> Result<bool, StoreError> {
        let mut tx = self.transaction().await;
        let done = tx.state.rotate_refresh(refreshed, from);
        tx.publish()?;
        Ok(done)
    }

    async fn list_live_sessions(
        &self,
        user: UserId,
        now: OffsetDateTime,
        page: PageRequest,
    ) -> Result<Page<Session>, StoreError> {
        let state = self.state();
        let rows = state.sessions.values().filter(|session| session.user_id == user && session.is_live(now));
        Ok(page!(rows, page, |row: &Session| row.id.as_uuid()))
    }

    async fn find_custom_data(&self, user: UserId) -> Result<Option<VersionedDocument>, StoreError> {
        Ok(self.state().custom_data.get(&user).cloned())
    }
}

#[async_trait]
impl StoreClock for MemoryStore {
    async fn now(&self) -> Result<OffsetDateTime, StoreError> {
        Ok(self.0.clock.now())
    }
}

#[async_trait]
impl Challenges for MemoryStore {
    async fn keep(&self, challenge: &Challenge) -> Result<(), StoreError> {
        let mut tx = self.transaction().await;
        tx.state.keep_challenge(challenge)?;
        tx.publish_change()
    }

    async fn take(&self, nonce: &Nonce) -> Result<Option<Taken>, StoreError> {
        if !self.state().challenges.contains_key(nonce) {
            return Ok(None);
        }
        let at = self.0.clock.now();
        let mut tx = self.transaction().await;
        let taken = tx.state.challenges.remove(nonce).map(|challenge| Taken { challenge, at });
        tx.publish()?;
        Ok(taken)
    }
}

#[async_trait]
impl SigningKeyStore for MemoryStore {
    async fn begin(&self) -> Result<Box<dyn SigningKeyTransaction>, StoreError> {
        Ok(Box::new(self.transaction().await))
    }

    async fn list_signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        Ok(self.state().signing_keys())
    }
}

#[async_trait]
impl OrgStore for MemoryStore {
    async fn begin(&self) -> Result<Box<dyn OrgTransaction>, StoreError> {
        Ok(Box::new(self.transaction().await))
    }

    async fn find_organization(
        &self,
        id: OrganizationId,
        user: UserId,
    ) -> Result<Option<(Organization, Membership)>, StoreError> {
        let state = self.state();
        Ok(state.organizations.get(&id).cloned().zip(state.memberships.get(&(id, user)).cloned()))
    }

    async fn find_organization_by_id(&self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        Ok(self.state().organizations.get(&id).cloned())
    }

    async fn list_organizations(
        &self,
        user: UserId,
        page: PageRequest,
    ) -> Result<Page<(Organization, Role)>, StoreError> {
        let state = self.state();
        let rows = state.memberships.values().filter(|membership| membership.user_id == user);
        let page = page!(rows, page, |row: &Membership| row.organization_id.as_uuid());
        Ok(page.map(|membership| (state.organizations[&membership.organization_id].clone(), membership.role)))
    }

    async fn clear_deleted_organizations(&self, most: u32) -> Result<u64, StoreError> {
        let mut tx = self.transaction().await;
        let cleared = tx.state.clear_deleted_organizations(most);
        tx.publish()?;
        Ok(cleared)
    }

    async fn find_membership(&self, id: OrganizationId, user: UserId) -> Result<Option<Membership>, StoreError> {
        Ok(self.state().memberships.get(&(id, user)).cloned())
    }

    async fn list_memberships(&self, id: OrganizationId, page: PageRequest) -> Result<Page<Membership>, StoreError> {
        let state = self.state();
        let rows = state.memberships.values().filter(|membership| membership.organization_id == id);
        Ok(page!(rows, page, |row: &Membership| row.user_id.as_uuid()))
    }

    async fn find_settings(&self, of: &Organization) -> Result<Option<VersionedDocument>, StoreError> {
        Ok(self.state().settings.get(&of.id).cloned())
    }

    async fn find_system_data(
        &self,
        id: OrganizationId,
        user: UserId,
    ) -> Result<Option<VersionedDocument>, StoreError> {
        Ok(self.state().system_data.get(&(id, user)).cloned())
    }

    async fn list_system_data(
        &self,
        id: OrganizationId,
        page: PageRequest,
    ) -> Result<Page<SystemDataEntry>, StoreError> {
        let state = self.state();
        let rows = state.system_data.iter().filter(|((organization, _), _)| *organization == id);
        let rows: Vec<_> = rows
            .map(|((_, user), data)| SystemDataEntry {
                user_id: *user,
                version: data.version,
                updated_at: data.updated_at,
            })
            .collect();
        Ok(page!(rows.iter(), page, |row: &SystemDataEntry| row.user_id.as_uuid()))
    }

    async fn find_invitation(&self, token: &SecretHash) -> Result<Option<Invitation>, StoreError> {
        Ok(self.state().invitation_by_token(token))
    }

    async fn find_invitation_by_id(&self, id: InvitationId) -> Result<Option<Invitation>, StoreError> {
        Ok(self.state().invitations.get(&id).map(|(known, _)| known.clone()))
    }

    async fn list_invitations_to(
        &self,
        email: &EmailAddress,
        now: OffsetDateTime,
        page: PageRequest,
    ) -> Result<Page<(Invitation, Organization, Option<Role>)>, StoreError> {
        let state = self.state();
        let rows = state.invitations.values().map(|(known, _)| known);
        let rows = rows.filter(|known| known.email == *email && known.is_pending(now));
        let page = page!(rows, page, |row: &Invitation| row.id.as_uuid());
        Ok(page.map(|invitation| {
            let organization = state.organizations[&invitation.organization_id].clone();
            let inviter = state.memberships.get(&(organization.id, invitation.invited_by)).map(|inviter| inviter.role);
            (invitation, organization, inviter)
        }))
    }

    async fn list_invitations(
        &self,
        id: OrganizationId,
        page: PageRequest,
    ) -> Result<Page<(Invitation, Option<Role>)>, StoreError> {
        let state = self.state();
        let rows = state.invitations.values().map(|(known, _)| known).filter(|known| known.organization_id == id);
        let page = page!(rows, page, |row: &Invitation| row.id.as_uuid());
        Ok(page.map(|invitation| {
            let inviter = state.memberships.get(&(id, invitation.invited_by)).map(|inviter| inviter.role);
            (invitation, inviter)
        }))
    }

    async fn list_deliveries(
        &self,
        invitations: &[InvitationId],
    ) -> Result<BTreeMap<InvitationId, MailDelivery>, StoreError> {
        let state = self.state();
        Ok(invitations.iter().filter_map(|id| Some((*id, state.delivery(*id)?))).collect())
    }
}

#[async_trait]
impl Memberships for MemoryStore {
    async fn member_access(
        &self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<MemberAccess>, StoreError> {
        let membership = self.open_organization(organization, user).await?;
        let state = self.state();
        let mfa_required = state.organizations.get(&organization).is_some_and(|known| known.mfa_required);
        Ok(membership.map(|membership| MemberAccess { role: membership.role, mfa_required }))
    }

    async fn application_role(
        &self,
        application: ApplicationId,
        user: UserId,
    ) -> Result<Option<ApplicationRole>, StoreError> {
        let known = self.state().applications.get(&application).map(|known| known.organization_id);
        let Some(organization) = known else { return Ok(None) };
        let access = self.member_access(organization, user).await?;
        Ok(access.map(|access| ApplicationRole { organization, access }))
    }

    async fn organization_of(&self, application: ApplicationId) -> Result<Option<OrganizationId>, StoreError> {
        Ok(self.state().applications.get(&application).map(|known| known.organization_id))
    }

    async fn first_organizations_of(&self, user: UserId) -> Result<Vec<OrganizationId>, StoreError> {
        let state = self.state();
        let first = |opened: bool| -> Vec<OrganizationId> {
            let own = state.memberships.values().filter(|known| known.user_id == user);
            let same = own.filter(|known| known.opened_at.is_some() == opened);
            same.map(|known| known.organization_id).take(2).collect()
        };
        Ok(Some(first(true)).filter(|opened| !opened.is_empty()).unwrap_or_else(|| first(false)))
    }
}

#[async_trait]
impl ItemStore for MemoryStore {
    async fn upsert_item(&self, change: &ItemChange, maximum: Option<u64>) -> Result<Option<Item>, StoreError> {
        let mut tx = self.transaction().await;
        let item = tx.state.upsert_item(change, maximum)?;
        tx.publish_change()?;
        Ok(item)
    }

    async fn list_items(&self, application: ApplicationId, page: PageRequest) -> Result<Page<Item>, StoreError> {
        let state = self.state();
        let rows = state.items().filter(|item| item.application_id == application);
        Ok(page!(rows, page, |row: &Item| row.id.as_uuid()))
    }
}

#[async_trait]
impl AuditTrail for MemoryStore {
    async fn record(&self, event: &Event) -> Result<(), StoreError> {
        let mut tx = self.transaction().await;
        tx.state.append_event(event)?;
        tx.publish()
    }

    async fn list_events(
        &self,
        organization: Option<OrganizationId>,
        page: PageRequest,
    ) -> Result<Page<Event>, StoreError> {
        let state = self.state();
        let rows = state.events.values().filter(|event| event.organization == organization);
        Ok(page!(rows, page, |row: &Event| row.id.as_uuid()))
    }
}
