//! Transactions. Each works on its own copy of the state until it is published.

use std::sync::{Arc, atomic::Ordering};

use async_trait::async_trait;
use tessera_identity::{
    model::{Credentials, PasswordHash, Session, SignInMethods, User, Wallet},
    ports::{
        CustomDataRows, DeviceTokens, EmailProofs, FactorRows, IdentityTransaction, InterruptedOperations,
        KnownDevices, Passkeys, PasswordResetRows, PendingRegistrations, Sessions, Users, Wallets, WrongPasswords,
    },
};
use tessera_kernel::{
    Clock as _, EmailAddress, Event, EventLog, OrganizationId, SessionId, StoreError, Transaction, UserId,
    VersionedDocument, WalletAddress,
    idempotent_request::{self, Effect},
};
use tessera_orgs::{
    model::Organization,
    ports::{Departures, InvitationMails, InvitationRows, MembershipRows, OrgDocuments, OrgTransaction, Organizations},
};
use tessera_outbox::Outbox;
use tessera_sso::{
    model::{KeyId, Retirement, SigningKey},
    ports::{SigningKeyTransaction, SigningKeys},
};
use time::OffsetDateTime;
use tokio::sync::OwnedMutexGuard;

use super::{shared::Shared, state::State};

pub(super) struct MemoryTransaction {
    pub(super) state: State,
    /// The committed state at the beginning.
    base: Arc<State>,
    shared: Arc<Shared>,
    effect: Option<Effect>,
    /// The lock of the writer, if there is one at a time. Dropping it admits the next writer.
    _turn: Option<OwnedMutexGuard<()>>,
}

impl MemoryTransaction {
    pub(super) fn open(shared: Arc<Shared>, turn: Option<OwnedMutexGuard<()>>) -> Self {
        shared.open.fetch_add(1, Ordering::SeqCst);
        let base = shared.published();
        Self { state: State::clone(&base), base, shared, effect: idempotent_request::effect(), _turn: turn }
    }

    /// Returns the time by the storage clock.
    pub(super) fn now(&self) -> OffsetDateTime {
        self.shared.clock.now()
    }

    /// Publishes a change of a request, together with the mark on its claim.
    pub(super) fn publish_change(mut self) -> Result<(), StoreError> {
        self.state.hold_claim(self.effect)?;
        self.publish()
    }

    /// Publishes the new state and then releases the lock, so that the next writer reads the new state.
    pub(super) fn publish(mut self) -> Result<(), StoreError> {
        self.shared.publish(&self.base, std::mem::take(&mut self.state))
    }
}

impl Drop for MemoryTransaction {
    fn drop(&mut self) {
        self.shared.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl IdentityTransaction for MemoryTransaction {
    tessera_kernel::accessors!(
        users: Users, wallets: Wallets, sessions: Sessions, known_devices: KnownDevices,
        custom_data: CustomDataRows, password_resets: PasswordResetRows, device_tokens: DeviceTokens, wrong_passwords: WrongPasswords, outbox: Outbox, email_proofs: EmailProofs, pending_registrations: PendingRegistrations, passkeys: Passkeys, factors: FactorRows, interrupted_operations: InterruptedOperations,
    );
}

#[async_trait]
impl Users for MemoryTransaction {
    async fn insert(&mut self, user: &User, password_hash: Option<&PasswordHash>) -> Result<(), StoreError> {
        let user = User { wallets: Vec::new(), ..user.clone() };
        self.state.insert_user(Credentials { user, password_hash: password_hash.cloned() })?;
        self.state.hash_costs.extend(password_hash.and_then(PasswordHash::cost));
        Ok(())
    }

    async fn lock(&mut self, id: UserId) -> Result<Option<Credentials>, StoreError> {
        Ok(self.state.users.get(&id).cloned())
    }

    async fn lock_by_wallet(&mut self, address: &WalletAddress) -> Result<Option<Credentials>, StoreError> {
        Ok(self.state.holder_of(address).and_then(|id| self.state.users.get(&id).cloned()))
    }

    async fn lock_by_email(&mut self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
        Ok(self.state.user_by_email(email).cloned())
    }

    async fn update_profile(&mut self, user: &User) -> Result<bool, StoreError> {
        Ok(self.state.update_profile(user))
    }

    async fn verify_email(&mut self, id: UserId, at: OffsetDateTime) -> Result<bool, StoreError> {
        Ok(self.state.verify_email(id, at))
    }

    async fn change_email(&mut self, id: UserId, email: &EmailAddress, at: OffsetDateTime) -> Result<bool, StoreError> {
        self.state.change_email(id, email, at)
    }

    async fn set_password_hash(&mut self, id: UserId, hash: &PasswordHash) -> Result<bool, StoreError> {
        let Some(known) = self.state.users.get_mut(&id) else { return Ok(false) };
        known.password_hash = Some(hash.clone());
        self.state.hash_costs.extend(hash.cost());
        Ok(true)
    }
}

#[async_trait]
impl Wallets for MemoryTransaction {
    async fn insert(&mut self, user: UserId, wallet: &Wallet) -> Result<(), StoreError> {
        self.state.insert_wallet(user, wallet)
    }

    async fn find_holder(&mut self, address: &WalletAddress) -> Result<Option<UserId>, StoreError> {
        Ok(self.state.holder_of(address))
    }

    async fn delete(&mut self, user: UserId, address: &WalletAddress) -> Result<bool, StoreError> {
        Ok(self.state.delete_wallet(user, address))
    }
}

#[async_trait]
impl Sessions for MemoryTransaction {
    async fn insert(&mut self, session: &Session) -> Result<(), StoreError> {
        self.state.insert_session(session)
    }

    async fn insert_for(&mut self, session: &Session, hash: &PasswordHash) -> Result<bool, StoreError> {
        let known = self.state.users.get(&session.user_id);
        if known.is_none_or(|known| known.password_hash.as_ref() != Some(hash)) {
            return Ok(false);
        }
        self.state.insert_session(session).map(|()| true)
    }

    async fn is_live(&mut self, user: UserId, id: SessionId, at: OffsetDateTime) -> Result<bool, StoreError> {
        let known = self.state.sessions.get(&id);
        Ok(known.is_some_and(|session| session.user_id == user && session.is_live(at)))
    }

    async fn end(&mut self, user: UserId, id: SessionId, at: OffsetDateTime) -> Result<bool, StoreError> {
        Ok(self.state.end_sessions(user, at, |session| session == id) == 1)
    }

    async fn end_least_recently_used(&mut self, opened: &Session, most: u64) -> Result<u64, StoreError> {
        Ok(self.state.end_least_recently_used_sessions(opened, most))
    }

    async fn end_all(&mut self, user: UserId, but: Option<SessionId>, at: OffsetDateTime) -> Result<u64, StoreError> {
        Ok(self.state.end_sessions(user, at, |session| Some(session) != but))
    }

    async fn reauthenticate(
        &mut self,
        user: UserId,
        id: SessionId,
        methods: SignInMethods,
        at: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        Ok(self.state.reauthenticate(user, id, methods, at))
    }

    async fn remove_methods(&mut self, user: UserId, methods: SignInMethods) -> Result<(), StoreError> {
        let of_user = self.state.sessions.values_mut().filter(|session| session.user_id == user);
        of_user.for_each(|session| session.methods = session.methods.without(methods));
        Ok(())
    }
}

#[async_trait]
impl CustomDataRows for MemoryTransaction {
    async fn find(&mut self, user: UserId) -> Result<Option<VersionedDocument>, StoreError> {
        Ok(self.state.custom_data.get(&user).cloned())
    }

    async fn save(&mut self, user: UserId, data: &VersionedDocument) -> Result<(), StoreError> {
        self.state.save_custom_data(user, data)
    }
}

impl SigningKeyTransaction for MemoryTransaction {
    tessera_kernel::accessors!(signing_keys: SigningKeys);
}

#[async_trait]
impl SigningKeys for MemoryTransaction {
    async fn lock_all(&mut self) -> Result<Vec<SigningKey>, StoreError> {
        Ok(self.state.signing_keys())
    }

    async fn insert(&mut self, key: &SigningKey) -> Result<(), StoreError> {
        self.state.insert_signing_key(key)
    }

    async fn retire(&mut self, id: &KeyId, retirement: &Retirement) -> Result<bool, StoreError> {
        Ok(self.state.retire_signing_key(id, *retirement))
    }

    async fn delete(&mut self, id: &KeyId) -> Result<bool, StoreError> {
        Ok(self.state.signing_keys.remove(id).is_some())
    }
}

impl OrgTransaction for MemoryTransaction {
    tessera_kernel::accessors!(
        organizations: Organizations, memberships: MembershipRows, departures: Departures, documents: OrgDocuments,
        invitations: InvitationRows, invitation_mails: InvitationMails, outbox: Outbox,
    );
}

#[async_trait]
impl Organizations for MemoryTransaction {
    async fn insert(&mut self, organization: &Organization) -> Result<(), StoreError> {
        self.state.insert_organization(organization)
    }

    async fn update(&mut self, organization: &Organization) -> Result<bool, StoreError> {
        self.state.update_organization(organization)
    }

    async fn delete(&mut self, id: OrganizationId) -> Result<bool, StoreError> {
        Ok(self.state.delete_organization(id))
    }

    async fn lock(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        Ok(self.state.organizations.get(&id).cloned())
    }
}

#[async_trait]
impl OrgDocuments for MemoryTransaction {
    async fn find_settings(&mut self, of: &Organization) -> Result<Option<VersionedDocument>, StoreError> {
        Ok(self.state.settings.get(&of.id).cloned())
    }

    async fn save_settings(&mut self, id: OrganizationId, settings: &VersionedDocument) -> Result<(), StoreError> {
        self.state.save_settings(id, settings)
    }

    async fn find_system_data(
        &mut self,
        id: OrganizationId,
        user: UserId,
    ) -> Result<Option<VersionedDocument>, StoreError> {
        Ok(self.state.system_data.get(&(id, user)).cloned())
    }

    async fn save_system_data(
        &mut self,
        id: OrganizationId,
        user: UserId,
        data: &VersionedDocument,
    ) -> Result<(), StoreError> {
        self.state.save_system_data(id, user, data)
    }
}

#[async_trait]
impl Transaction for MemoryTransaction {
    tessera_kernel::accessors!(events: EventLog);

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.publish_change()
    }
}

#[async_trait]
impl EventLog for MemoryTransaction {
    async fn append(&mut self, event: &Event) -> Result<(), StoreError> {
        self.state.append_event(event)
    }
}
