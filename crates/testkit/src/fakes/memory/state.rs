//! State of the storage in memory, and its constraints.

use std::collections::{BTreeMap, BTreeSet};

use tessera_apikeys::{
    model::{LimitName, ServiceAccount, StoredKey},
    ports::WindowCounter,
};
use tessera_apps::model::Application;
use tessera_identity::model::{
    Ceremony, Challenge, Credentials, EmailChange, EmailProof, HashCost, Nonce, Passkey, PasswordReset,
    PendingRegistration, ProofSide, Purpose, ResetRequest, Session, TotpEnrollment, TotpFactor, User, Wallet,
};
use tessera_inventory::model::Item;
use tessera_kernel::{
    ApiKeyId, ApplicationId, CeremonyId, EmailAddress, Event, EventId, InvitationId, ItemId, MailId, OrganizationId,
    PasskeyId, ResetRequestId, Role, SecretHash, ServiceAccountId, SessionId, StoreError, UserId, VersionedDocument,
    WalletAddress,
};
use tessera_orgs::model::{Invitation, Membership, Organization, Profile};
use tessera_outbox::NoticeTopic;
use tessera_sso::model::{AuthorizationCode, KeyId, KeyRing, Retirement, SigningKey, SsoSession, SsoSessionId};
use time::OffsetDateTime;

use super::rows::{ClaimedKey, LimitCounter, NotedMail, StoredMail, WaitingOperation};

#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) users: BTreeMap<UserId, Credentials>,
    /// The costs of all password hashes. Costs that no user has any more may be included.
    pub(super) hash_costs: BTreeSet<HashCost>,
    pub(super) sessions: BTreeMap<SessionId, Session>,
    pub(super) known_devices: BTreeMap<UserId, BTreeMap<SecretHash, OffsetDateTime>>,
    pub(super) known_networks: BTreeMap<UserId, BTreeMap<SecretHash, OffsetDateTime>>,
    /// By hash: the user, and when the token was last used.
    pub(super) device_tokens: BTreeMap<SecretHash, (UserId, OffsetDateTime)>,
    pub(super) wrong_passwords: BTreeMap<UserId, u64>,
    pub(super) custom_data: BTreeMap<UserId, VersionedDocument>,
    pub(super) sso_sessions: BTreeMap<SsoSessionId, SsoSession>,
    pub(super) sso_codes: BTreeMap<SecretHash, AuthorizationCode>,
    pub(super) challenges: BTreeMap<Nonce, Challenge>,
    pub(super) passkeys: BTreeMap<PasskeyId, Passkey>,
    pub(super) ceremonies: BTreeMap<CeremonyId, Ceremony>,
    pub(super) reset_requests: BTreeMap<ResetRequestId, ResetRequest>,
    pub(super) password_resets: BTreeMap<UserId, PasswordReset>,
    /// Each with the number of wrong codes.
    pub(super) email_proofs: BTreeMap<(UserId, ProofSide), (EmailProof, i32)>,
    pub(super) email_changes: BTreeMap<UserId, EmailChange>,
    /// Each with the number of wrong codes.
    pub(super) registrations: BTreeMap<UserId, (PendingRegistration, i32)>,
    pub(super) totp_factors: BTreeMap<UserId, TotpFactor>,
    pub(super) totp_enrollments: BTreeMap<UserId, TotpEnrollment>,
    pub(super) recovery_codes: BTreeMap<UserId, BTreeSet<SecretHash>>,
    /// By hash of the token.
    pub(super) interrupted_operations: BTreeMap<SecretHash, WaitingOperation>,
    pub(super) signing_keys: BTreeMap<KeyId, SigningKey>,
    pub(super) organizations: BTreeMap<OrganizationId, Organization>,
    /// Number of rows of deleted organizations that are not cleared yet. The rows themselves are removed at once.
    pub(super) uncleared: u64,
    pub(super) memberships: BTreeMap<(OrganizationId, UserId), Membership>,
    pub(super) departures: BTreeMap<(OrganizationId, UserId), OffsetDateTime>,
    pub(super) settings: BTreeMap<OrganizationId, VersionedDocument>,
    pub(super) system_data: BTreeMap<(OrganizationId, UserId), VersionedDocument>,
    pub(super) applications: BTreeMap<ApplicationId, Application>,
    /// Deleted applications whose contents are not deleted yet, in the order of their deletion.
    pub(super) deleted: Vec<ApplicationId>,
    pub(super) keys: BTreeMap<ApiKeyId, StoredKey>,
    /// The hashes of the previous secrets of keys.
    pub(super) previous_hashes: BTreeMap<ApiKeyId, SecretHash>,
    /// By key and name of the limit.
    pub(super) windows: BTreeMap<ApiKeyId, BTreeMap<LimitName, WindowCounter>>,
    /// By personal key: when the membership began in which it was created.
    pub(super) member_since: BTreeMap<ApiKeyId, OffsetDateTime>,
    pub(super) service_accounts: BTreeMap<ServiceAccountId, ServiceAccount>,
    pub(super) items: BTreeMap<ItemId, Item>,
    pub(super) events: BTreeMap<EventId, Event>,
    pub(super) invitations: BTreeMap<InvitationId, (Invitation, SecretHash)>,
    pub(super) invitation_mails: Vec<NotedMail>,
    /// Organizations in which an invitation was ever accepted.
    pub(super) joined_by_invitation: BTreeSet<OrganizationId>,
    pub(super) mails: BTreeMap<MailId, StoredMail>,
    /// By topic and address: since when notices are counted, and their number.
    pub(super) notices: BTreeMap<(NoticeTopic, String), (OffsetDateTime, u32)>,
    /// By name of the limit and subject: when the window ends, and the number of events in it.
    pub(super) rate_limits: BTreeMap<(&'static str, String), LimitCounter>,
    /// By hash of the key.
    pub(super) idempotency_keys: BTreeMap<SecretHash, ClaimedKey>,
}

/// Number of rows that a step may still delete.
pub(super) struct Room(pub(super) u32);

impl Room {
    /// Returns whether this step deletes the row, and counts it.
    pub(super) fn takes(&mut self, doomed: bool) -> bool {
        let takes = doomed && self.0 > 0;
        self.0 -= u32::from(takes);
        takes
    }
}

/// Fails with a conflict on `key` if the constraint is broken.
pub(super) fn unless(broken: bool, key: &str) -> Result<(), StoreError> {
    if broken { Err(StoreError::Conflict { key: key.to_owned() }) } else { Ok(()) }
}

impl State {
    pub(super) fn insert_user(&mut self, credentials: Credentials) -> Result<(), StoreError> {
        let user = &credentials.user;
        unless(self.users.contains_key(&user.id), "users_id")?;
        let taken = user.email.as_ref().is_some_and(|email| self.user_by_email(email).is_some());
        unless(taken, "users_email_canonical")?;
        self.users.insert(user.id, credentials);
        Ok(())
    }

    pub(super) fn user_by_email(&self, email: &EmailAddress) -> Option<&Credentials> {
        self.users.values().find(|known| known.user.email.as_ref() == Some(email))
    }

    pub(super) fn insert_wallet(&mut self, user: UserId, wallet: &Wallet) -> Result<(), StoreError> {
        unless(self.holder_of(&wallet.account.address()).is_some(), "wallets_namespace_address")?;
        unless(!self.users.contains_key(&user), StoreError::REFERENCE)?;
        if let Some(known) = self.users.get_mut(&user) {
            known.user.wallets.push(wallet.clone());
            known.user.wallets.sort_by_key(|wallet| (wallet.linked_at, wallet.account.address().to_string()));
        }
        Ok(())
    }

    pub(super) fn holder_of(&self, address: &WalletAddress) -> Option<UserId> {
        self.users.values().map(|known| &known.user).find(|user| user.holds(address)).map(|user| user.id)
    }

    pub(super) fn delete_wallet(&mut self, user: UserId, address: &WalletAddress) -> bool {
        let Some(known) = self.users.get_mut(&user).filter(|known| known.user.holds(address)) else { return false };
        known.user.wallets.retain(|wallet| wallet.account.address() != *address);
        true
    }

    pub(super) fn keep_challenge(&mut self, challenge: &Challenge) -> Result<(), StoreError> {
        unless(self.challenges.contains_key(&challenge.nonce), "wallet_challenges_nonce")?;
        if let Purpose::Link { user, session } = challenge.purpose {
            let known = self.users.contains_key(&user) && self.sessions.contains_key(&session);
            unless(!known, StoreError::REFERENCE)?;
        }
        self.challenges.insert(challenge.nonce.clone(), challenge.clone());
        Ok(())
    }

    pub(super) fn update_profile(&mut self, change: &User) -> bool {
        let known = self.users.get_mut(&change.id).map(|known| &mut known.user);
        known
            .map(|known| {
                let (email, email_verified, created_at) = (known.email.clone(), known.email_verified, known.created_at);
                *known = User { email, email_verified, created_at, ..change.clone() };
            })
            .is_some()
    }

    pub(super) fn verify_email(&mut self, id: UserId, at: OffsetDateTime) -> bool {
        let unproved = |user: &&mut User| user.email.is_some() && !user.email_verified;
        let known = self.users.get_mut(&id).map(|known| &mut known.user).filter(unproved);
        known.map(|user| (user.email_verified, user.updated_at) = (true, at)).is_some()
    }

    pub(super) fn change_email(
        &mut self,
        id: UserId,
        email: &EmailAddress,
        at: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let taken = self.user_by_email(email).is_some_and(|known| known.user.id != id);
        let Some(known) = self.users.get_mut(&id).map(|known| &mut known.user) else { return Ok(false) };
        unless(taken, "users_email_canonical")?;
        *known = User { email: Some(email.clone()), email_verified: true, updated_at: at, ..known.clone() };
        Ok(true)
    }

    pub(super) fn signing_keys(&self) -> Vec<SigningKey> {
        KeyRing::new(self.signing_keys.values().cloned().collect()).keys().to_vec()
    }

    pub(super) fn insert_signing_key(&mut self, key: &SigningKey) -> Result<(), StoreError> {
        unless(self.signing_keys.contains_key(&key.id), "signing_keys_kid")?;
        self.signing_keys.insert(key.id.clone(), key.clone());
        Ok(())
    }

    pub(super) fn retire_signing_key(&mut self, id: &KeyId, retirement: Retirement) -> bool {
        self.signing_keys.get_mut(id).map(|key| key.retirement = Some(retirement)).is_some()
    }

    pub(super) fn insert_organization(&mut self, organization: &Organization) -> Result<(), StoreError> {
        unless(self.organizations.contains_key(&organization.id), "organizations_id")?;
        let taken = self.organizations.values().any(|other| other.slug == organization.slug);
        unless(taken, "organizations_slug")?;
        self.organizations.insert(organization.id, organization.clone());
        Ok(())
    }

    pub(super) fn update_organization(&mut self, change: &Organization) -> Result<bool, StoreError> {
        let other = |known: &Organization| known.id != change.id && known.slug == change.slug;
        unless(self.organizations.values().any(other), "organizations_slug")?;
        let Some(known) = self.organizations.get_mut(&change.id) else { return Ok(false) };
        *known = Organization { created_at: known.created_at, ..change.clone() };
        Ok(true)
    }

    pub(super) fn insert_membership(&mut self, membership: &Membership) -> Result<(), StoreError> {
        let key = (membership.organization_id, membership.user_id);
        unless(self.memberships.contains_key(&key), "memberships_organization_id_user_id")?;
        let known = self.organizations.contains_key(&key.0) && self.users.contains_key(&key.1);
        unless(!known, StoreError::REFERENCE)?;
        self.memberships.insert(key, membership.clone());
        Ok(())
    }

    pub(super) fn count_owners(&self, id: OrganizationId) -> u64 {
        let owns = |membership: &&Membership| membership.organization_id == id && membership.role == Role::Owner;
        self.memberships.values().filter(owns).map(|_| 1).sum()
    }

    pub(super) fn save_custom_data(&mut self, user: UserId, data: &VersionedDocument) -> Result<(), StoreError> {
        unless(!self.users.contains_key(&user), StoreError::REFERENCE)?;
        save_document(&mut self.custom_data, user, data);
        Ok(())
    }

    pub(super) fn save_settings(&mut self, id: OrganizationId, settings: &VersionedDocument) -> Result<(), StoreError> {
        let organization = self.organizations.get(&id);
        let created_at = organization.ok_or(StoreError::Conflict { key: StoreError::REFERENCE.to_owned() })?.created_at;
        self.settings.insert(id, VersionedDocument { created_at, ..settings.clone() });
        Ok(())
    }

    pub(super) fn save_system_data(
        &mut self,
        id: OrganizationId,
        user: UserId,
        data: &VersionedDocument,
    ) -> Result<(), StoreError> {
        let known = self.organizations.contains_key(&id) && self.users.contains_key(&user);
        unless(!known, StoreError::REFERENCE)?;
        save_document(&mut self.system_data, (id, user), data);
        Ok(())
    }

    pub(super) fn append_event(&mut self, event: &Event) -> Result<(), StoreError> {
        unless(self.events.contains_key(&event.id), "events_id")?;
        let same = |known: &&mut Event| event.attempts_key().is_some() && known.attempts_key() == event.attempts_key();
        if let Some(known) = self.events.values_mut().find(same) {
            known.attempts += 1;
            return Ok(());
        }
        self.events.insert(event.id, event.clone());
        Ok(())
    }
}

/// Inserts the document, or replaces the earlier one and keeps its creation time.
fn save_document<K: Ord>(documents: &mut BTreeMap<K, VersionedDocument>, key: K, document: &VersionedDocument) {
    let created_at = documents.get(&key).map_or(document.created_at, |known| known.created_at);
    documents.insert(key, VersionedDocument { created_at, ..document.clone() });
}

/// Returns the profile of a user as other users see it.
pub(super) fn profile_of(user: &User) -> Profile {
    Profile {
        user_id: user.id,
        email: user.email.as_ref().map(ToString::to_string),
        display_name: user.display_name.as_ref().map(ToString::to_string),
    }
}
