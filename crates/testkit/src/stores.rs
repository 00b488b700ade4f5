//! The store ports of one storage.

use std::sync::Arc;

use tessera_apikeys::{
    model::{ServiceAccount, StoredKey},
    ports::ApiKeyStore,
};
use tessera_apps::{
    model::{Application, RedirectUri},
    ports::AppStore,
};
use tessera_identity::{
    model::{Passkey, PasswordHash, PasswordReset, Session, User, Wallet},
    ports::{Challenges, EmailVerifications, Factors, IdentityStore, PasskeyStore, PasswordResets, SessionJobs},
};
use tessera_inventory::{
    model::{Item, ItemChange},
    ports::ItemStore,
};
use tessera_kernel::{ApplicationId, AuditTrail, Event, IdempotencyKeys, Memberships, RateLimits, SecretHash, UserId};
use tessera_orgs::{
    model::{Invitation, Membership, Organization},
    ports::{OrgStore, UserProfiles},
};
use tessera_outbox::{MailQueue, SealedMail};
use tessera_sso::{
    model::{AuthorizationCode, SigningKey, SsoSession},
    ports::{RelyingParties, Sessions, SigningKeyStore, SsoStore},
};

use crate::{
    expectations::{ok, some},
    references::{Reference, References},
};

/// The ports of one storage. A write through one port is visible through the others.
#[derive(Clone)]
pub struct Stores {
    /// Users and sessions.
    pub identity: Arc<dyn IdentityStore>,
    /// Recording of uses of sessions.
    pub session_jobs: Arc<dyn SessionJobs>,
    /// Live sessions, for token exchange.
    pub live_sessions: Arc<dyn Sessions>,
    /// Sign-in sessions of applications, and authorization codes.
    pub sso: Arc<dyn SsoStore>,
    /// Applications as relying parties.
    pub relying_parties: Arc<dyn RelyingParties>,
    /// Wallet challenges.
    pub challenges: Arc<dyn Challenges>,
    /// Password reset requests and tokens.
    pub resets: Arc<dyn PasswordResets>,
    /// Proofs and changes of addresses, and pending registrations.
    pub addresses: Arc<dyn EmailVerifications>,
    /// Second factors, and operations that wait for one.
    pub factors: Arc<dyn Factors>,
    /// Signing keys.
    pub signing_keys: Arc<dyn SigningKeyStore>,
    /// Organizations and memberships.
    pub orgs: Arc<dyn OrgStore>,
    /// Users as organizations see them.
    pub user_profiles: Arc<dyn UserProfiles>,
    /// Applications.
    pub apps: Arc<dyn AppStore>,
    /// API keys.
    pub api_keys: Arc<dyn ApiKeyStore>,
    /// Inventory items.
    pub items: Arc<dyn ItemStore>,
    /// Roles.
    pub memberships: Arc<dyn Memberships>,
    /// The audit trail.
    pub audit: Arc<dyn AuditTrail>,
    /// The outbox of mails.
    pub mails: Arc<dyn MailQueue>,
    /// Rate limit counters.
    pub limits: Arc<dyn RateLimits>,
    /// Requests with an idempotency key.
    pub idempotency: Arc<dyn IdempotencyKeys>,
    /// Passkeys and their ceremonies.
    pub passkeys: Arc<dyn PasskeyStore>,
    /// A second storage, which gets a copy of each row to which rows of other ports refer. Usually there is none.
    pub copies: Option<Arc<dyn References>>,
}

impl Stores {
    /// The ports of a storage that implements all of them.
    #[must_use]
    pub fn of<S>(store: &Arc<S>) -> Self
    where
        S: IdentityStore + SessionJobs + Challenges + PasskeyStore + PasswordResets + EmailVerifications,
        S: Factors,
        S: Sessions + SsoStore + RelyingParties + SigningKeyStore,
        S: OrgStore + UserProfiles + Memberships,
        S: AppStore + ApiKeyStore + ItemStore,
        S: AuditTrail + MailQueue + RateLimits + IdempotencyKeys + 'static,
    {
        Self {
            identity: store.clone(),
            session_jobs: store.clone(),
            live_sessions: store.clone(),
            sso: store.clone(),
            relying_parties: store.clone(),
            challenges: store.clone(),
            resets: store.clone(),
            addresses: store.clone(),
            factors: store.clone(),
            signing_keys: store.clone(),
            orgs: store.clone(),
            user_profiles: store.clone(),
            apps: store.clone(),
            api_keys: store.clone(),
            items: store.clone(),
            memberships: store.clone(),
            audit: store.clone(),
            mails: store.clone(),
            limits: store.clone(),
            idempotency: store.clone(),
            passkeys: store.clone(),
            copies: None,
        }
    }

    async fn copy(&self, row: Reference<'_>) {
        if let Some(copies) = &self.copies {
            copies.copy(row).await;
        }
    }

    /// Commits users without a password.
    pub async fn add_users<'a>(&self, users: impl IntoIterator<Item = &'a User, IntoIter: Send> + Send) {
        let mut tx = ok(self.identity.begin().await);
        let users: Vec<&User> = users.into_iter().collect();
        for user in &users {
            ok(tx.users().insert(user, None).await);
        }
        ok(tx.commit().await);
        for user in users {
            self.copy(Reference::User(user)).await;
        }
    }

    /// Commits a user with a password.
    pub async fn add_user_with_password(&self, user: &User, hash: &PasswordHash) {
        let mut tx = ok(self.identity.begin().await);
        ok(tx.users().insert(user, Some(hash)).await);
        ok(tx.commit().await);
        self.copy(Reference::User(user)).await;
    }

    /// Commits passkeys.
    pub async fn add_passkeys<'a>(&self, passkeys: impl IntoIterator<Item = &'a Passkey, IntoIter: Send> + Send) {
        let mut tx = ok(self.identity.begin().await);
        for passkey in passkeys {
            ok(tx.passkeys().insert(passkey).await);
        }
        ok(tx.commit().await);
    }

    /// Commits wallets of a user.
    pub async fn add_wallets<'a>(
        &self,
        user: UserId,
        wallets: impl IntoIterator<Item = &'a Wallet, IntoIter: Send> + Send,
    ) {
        let mut tx = ok(self.identity.begin().await);
        for wallet in wallets {
            ok(tx.wallets().insert(user, wallet).await);
        }
        ok(tx.commit().await);
    }

    /// Commits a session.
    pub async fn add_session(&self, session: &Session) {
        let mut tx = ok(self.identity.begin().await);
        ok(tx.sessions().insert(session).await);
        ok(tx.commit().await);
        self.copy(Reference::Session(session)).await;
    }

    /// Commits a password reset token.
    pub async fn add_password_reset(&self, reset: &PasswordReset) {
        let mut tx = ok(self.identity.begin().await);
        ok(tx.password_resets().issue(reset).await);
        ok(tx.commit().await);
    }

    /// Commits a sign-in session of an application.
    pub async fn add_sso_session(&self, session: &SsoSession) {
        let mut tx = ok(self.sso.begin().await);
        ok(tx.sso_sessions().insert(session).await);
        ok(tx.commit().await);
    }

    /// Commits an authorization code.
    pub async fn add_sso_code(&self, code: &AuthorizationCode) {
        let mut tx = ok(self.sso.begin().await);
        ok(tx.sso_codes().insert(code).await);
        ok(tx.commit().await);
    }

    /// Commits signing keys.
    pub async fn add_signing_keys<'a>(&self, all: impl IntoIterator<Item = &'a SigningKey, IntoIter: Send> + Send) {
        let mut tx = ok(self.signing_keys.begin().await);
        for key in all {
            ok(tx.signing_keys().insert(key).await);
        }
        ok(tx.commit().await);
    }

    /// Commits organizations.
    pub async fn add_organizations<'a>(&self, all: impl IntoIterator<Item = &'a Organization, IntoIter: Send> + Send) {
        let mut tx = ok(self.orgs.begin().await);
        let all: Vec<&Organization> = all.into_iter().collect();
        for organization in &all {
            ok(tx.organizations().insert(organization).await);
        }
        ok(tx.commit().await);
        for organization in all {
            self.copy(Reference::Organization(organization)).await;
        }
    }

    /// Commits memberships.
    pub async fn add_memberships<'a>(&self, all: impl IntoIterator<Item = &'a Membership, IntoIter: Send> + Send) {
        let mut tx = ok(self.orgs.begin().await);
        let all: Vec<&Membership> = all.into_iter().collect();
        for membership in &all {
            ok(tx.memberships().insert(membership).await);
        }
        ok(tx.commit().await);
        for membership in all {
            self.copy(Reference::Membership(membership)).await;
        }
    }

    /// Commits invitations.
    pub async fn add_invitations<'a>(
        &self,
        all: impl IntoIterator<Item = &'a (Invitation, SecretHash), IntoIter: Send> + Send,
    ) {
        let mut tx = ok(self.orgs.begin().await);
        for (invitation, token) in all {
            ok(tx.invitations().insert(invitation, token).await);
        }
        ok(tx.commit().await);
    }

    /// Commits mails.
    pub async fn add_mails<'a>(&self, all: impl IntoIterator<Item = &'a SealedMail, IntoIter: Send> + Send) {
        let mut tx = ok(self.orgs.begin().await);
        for mail in all {
            ok(tx.outbox().add(mail).await);
        }
        ok(tx.commit().await);
    }

    /// Commits applications.
    pub async fn add_applications<'a>(&self, all: impl IntoIterator<Item = &'a Application, IntoIter: Send> + Send) {
        let mut tx = ok(self.apps.begin().await);
        let all: Vec<&Application> = all.into_iter().collect();
        for application in &all {
            ok(tx.applications().insert(application).await);
        }
        ok(tx.commit().await);
        for application in all {
            self.copy(Reference::Application(application)).await;
        }
    }

    /// Commits new redirect URIs of an application without validating them.
    pub async fn set_redirect_uris(&self, of: ApplicationId, uris: &[&str]) {
        let uris: Vec<RedirectUri> = uris.iter().map(|uri| ok(RedirectUri::from_storage(uri))).collect();
        let mut tx = ok(self.apps.begin().await);
        let application = some(ok(tx.applications().lock(of).await));
        let changed = Application { redirect_uris: ok(uris.try_into()), ..application };
        ok(tx.applications().update(&changed).await);
        ok(tx.commit().await);
    }

    /// Commits keys.
    pub async fn add_keys<'a>(&self, all: impl IntoIterator<Item = &'a StoredKey, IntoIter: Send> + Send) {
        let mut tx = ok(self.api_keys.begin().await);
        for key in all {
            ok(tx.keys().insert(key).await);
        }
        ok(tx.commit().await);
    }

    /// Commits service accounts.
    pub async fn add_service_accounts<'a>(
        &self,
        all: impl IntoIterator<Item = &'a ServiceAccount, IntoIter: Send> + Send,
    ) {
        let mut tx = ok(self.api_keys.begin().await);
        for account in all {
            ok(tx.service_accounts().insert(account).await);
        }
        ok(tx.commit().await);
    }

    /// Creates or changes an item.
    pub async fn put_item(&self, change: &ItemChange) -> Item {
        some(ok(self.items.upsert_item(change, None).await))
    }

    /// Commits audit entries.
    pub async fn add_events<'a>(&self, all: impl IntoIterator<Item = &'a Event, IntoIter: Send> + Send) {
        let mut tx = ok(self.identity.begin().await);
        for event in all {
            ok(tx.events().append(event).await);
        }
        ok(tx.commit().await);
    }
}
