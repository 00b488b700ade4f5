//! The domains with fakes for every port.

use std::sync::Arc;

use tessera_apikeys::{ApiKeyPorts, ApiKeys, KeyNotices, ports::ApiKeyStore};
use tessera_apps::{AppPorts, Apps};
use tessera_identity::{
    Identity, IdentityPorts, IdentitySettings,
    model::{RefreshSettings, RegistrationMode, User},
};
use tessera_inventory::{Inventory, InventoryPorts};
use tessera_kernel::{
    AccountError, Accounts, Clock as _, Event, InvitedAccount, InvitedUser, Limit, OrganizationId, PageRequest, Role,
    SupportedChains, SystemPorts,
};
use tessera_orgs::{OrgPorts, Orgs};
use tessera_outbox::{Mail, MailSeal as _, Notices};
use tessera_sso::{ServiceTokenPorts, ServiceTokenSettings, ServiceTokens, SingleSignOn, SsoPorts};
use time::Duration;

use crate::{
    Stores,
    builders::{application, catalogue, membership, organization, organization_id, site, user, user_id},
    expectations::{ok, parsed},
    fakes::{
        FakeDigest, FakeHasher, FakeMails, FakeRefreshCodes, FakeSeal, FakeServiceSigner, FakeSigner, FakeStrength,
        FakeTotp, FakeWallets, FakeWebAuthn, FixedClock, IdentityWallets, MemoryStore, SequentialEntropy,
    },
};

/// A store, a clock and the other fakes, shared by all domains that a bench creates.
pub struct Workbench {
    /// The store.
    pub store: MemoryStore,
    /// The ports of the store.
    pub stores: Stores,
    /// The clock of the domains and of the store. Its time is fixed until a test changes it.
    pub clock: Arc<FixedClock>,
    /// Reproducible entropy.
    pub entropy: Arc<SequentialEntropy>,
    /// The password hasher.
    pub hasher: Arc<FakeHasher>,
    /// The password strength check. It rejects `password` and `12345678`.
    pub strength: Arc<FakeStrength>,
    /// The wallet verifier.
    pub wallets: Arc<FakeWallets>,
    /// The WebAuthn protocol.
    pub webauthn: Arc<FakeWebAuthn>,
    /// The verifier of TOTP codes.
    pub totp: Arc<FakeTotp>,
    /// The signer of access tokens.
    pub signer: Arc<FakeSigner>,
    /// The signer of service tokens.
    pub service_signer: Arc<FakeServiceSigner>,
}

impl Default for Workbench {
    fn default() -> Self {
        let clock = Arc::new(FixedClock::default());
        let store = MemoryStore::with_clock(clock.clone());
        let stores = store.stores();
        let strength = Arc::new(FakeStrength::refusing(&["password", "12345678"]));
        Self {
            store,
            stores,
            clock,
            entropy: Arc::default(),
            hasher: Arc::default(),
            strength,
            wallets: Arc::default(),
            webauthn: Arc::default(),
            totp: Arc::default(),
            signer: Arc::default(),
            service_signer: Arc::default(),
        }
    }
}

impl Workbench {
    /// Prepares and provisions the account of an invited address.
    ///
    /// # Errors
    /// Fails like [`Accounts::prepare`] and [`Accounts::provision`].
    pub async fn provision_account(identity: &Identity, guest: &InvitedUser) -> Result<InvitedAccount, AccountError> {
        let prepared = identity.prepare(guest).await?;
        identity.provision(guest, prepared).await
    }

    /// Creates an empty bench.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a bench with organization 1 and application 1. Users 1, 2 and 3 are owner, administrator and member. User
    /// 9 is not a member.
    pub async fn with_organization() -> Self {
        Self::with_members(&[Role::Owner, Role::Admin, Role::Member]).await
    }

    /// Creates a bench with organization 1 and application 1. Users 1, 2 and so on are members in the given roles. User 9
    /// is not a member.
    pub async fn with_members(roles: &[Role]) -> Self {
        let bench = Self::new();
        bench.members(roles).await;
        bench.stores.add_users([&user(9)]).await;
        bench
    }

    /// The clock and the entropy of the bench.
    #[must_use]
    pub fn system(&self) -> SystemPorts {
        SystemPorts { clock: self.clock.clone(), entropy: self.entropy.clone() }
    }

    /// The ports of [`Self::identity`], for tests that replace one of them.
    #[must_use]
    pub fn identity_ports(&self) -> IdentityPorts {
        IdentityPorts {
            store: self.stores.identity.clone(),
            session_jobs: self.stores.session_jobs.clone(),
            challenges: self.stores.challenges.clone(),
            resets: self.stores.resets.clone(),
            addresses: self.stores.addresses.clone(),
            digest: Arc::new(FakeDigest),
            wallets: self.wallets.clone(),
            hasher: self.hasher.clone(),
            strength: self.strength.clone(),
            signer: self.signer.clone(),
            mail_templates: Arc::new(FakeMails),
            notices: self.notices(),
            limits: self.stores.limits.clone(),
            factors: self.stores.factors.clone(),
            totp: self.totp.clone(),
            system: self.system(),
            refresh_codes: Arc::new(FakeRefreshCodes::default()),
            keyed_digest: Arc::new(FakeDigest),
            passkeys: self.stores.passkeys.clone(),
            webauthn: Some(self.webauthn.clone()),
        }
    }

    /// Notices with the default limits.
    #[must_use]
    pub fn notices(&self) -> Notices {
        Notices { seal: Arc::new(FakeSeal), system: self.system(), most: Some(Notices::MOST), window: Notices::WINDOW }
    }

    /// The settings of [`Self::identity`]: sessions of twelve hours, and the minimum password length.
    #[must_use]
    pub fn identity_settings() -> IdentitySettings {
        IdentitySettings {
            min_password_length: 8,
            session_ttl: Duration::hours(12),
            site: site(),
            chains: SupportedChains::default(),
            refresh: RefreshSettings::default(),
            registration: RegistrationMode::Open,
        }
    }

    /// The identity service.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity::new(self.identity_ports(), Self::identity_settings())
    }

    /// The identity service on a node whose clock is wrong by that much, over the same storage.
    #[must_use]
    pub fn identity_with_clock(&self, wrong_by: Duration) -> Identity {
        let system = SystemPorts { clock: Arc::new(FixedClock::new(self.clock.now() + wrong_by)), ..self.system() };
        Identity::new(IdentityPorts { system, ..self.identity_ports() }, Self::identity_settings())
    }

    /// The ports of [`Self::sso`].
    #[must_use]
    pub fn sso_ports(&self) -> SsoPorts {
        SsoPorts {
            store: self.stores.sso.clone(),
            relying_parties: self.stores.relying_parties.clone(),
            digest: Arc::new(FakeDigest),
            wallets: Arc::new(IdentityWallets(Arc::new(self.identity()))),
            tokens: Arc::new(self.service_tokens()),
            system: self.system(),
        }
    }

    /// The ports of [`Self::service_tokens`].
    #[must_use]
    pub fn service_token_ports(&self) -> ServiceTokenPorts {
        ServiceTokenPorts {
            sessions: self.stores.live_sessions.clone(),
            keys: self.stores.signing_keys.clone(),
            memberships: self.stores.memberships.clone(),
            signer: self.service_signer.clone(),
            system: self.system(),
        }
    }

    /// The service for sign-ins to applications.
    #[must_use]
    pub fn sso(&self) -> SingleSignOn {
        SingleSignOn::new(self.sso_ports())
    }

    /// The settings of [`Self::service_tokens`]: one audience, and keys that sign for ninety days.
    #[must_use]
    pub fn service_token_settings() -> ServiceTokenSettings {
        ServiceTokenSettings { audiences: [parsed("https://games.example.com")].into(), key_life: Duration::days(90) }
    }

    /// The service for service tokens. The test must maintain the signing keys itself.
    #[must_use]
    pub fn service_tokens(&self) -> ServiceTokens {
        ServiceTokens::new(self.service_token_ports(), Self::service_token_settings())
    }

    /// The ports of [`Self::orgs`].
    #[must_use]
    pub fn org_ports(&self) -> OrgPorts {
        OrgPorts {
            store: self.stores.orgs.clone(),
            user_profiles: self.stores.user_profiles.clone(),
            accounts: Arc::new(self.identity()),
            digest: Arc::new(FakeDigest),
            mail_templates: Arc::new(FakeMails),
            seal: Arc::new(FakeSeal),
            notices: self.notices(),
            limits: self.stores.limits.clone(),
            system: self.system(),
        }
    }

    /// The organization service.
    #[must_use]
    pub fn orgs(&self) -> Orgs {
        Orgs::new(self.org_ports())
    }

    /// The application service.
    #[must_use]
    pub fn apps(&self) -> Apps {
        Apps::new(AppPorts {
            store: self.stores.apps.clone(),
            memberships: self.stores.memberships.clone(),
            system: self.system(),
        })
    }

    /// The ports of [`Self::api_keys`].
    #[must_use]
    pub fn api_key_ports(&self) -> ApiKeyPorts {
        ApiKeyPorts {
            store: self.stores.api_keys.clone(),
            digest: Arc::new(FakeDigest),
            memberships: self.stores.memberships.clone(),
            notices: Some(KeyNotices { templates: Arc::new(FakeMails), notices: self.notices() }),
            system: self.system(),
        }
    }

    /// The API key service.
    #[must_use]
    pub fn api_keys(&self) -> ApiKeys {
        ApiKeys::new(self.api_key_ports(), catalogue())
    }

    /// The API key service over another storage.
    #[must_use]
    pub fn api_keys_over(&self, store: impl ApiKeyStore + 'static) -> ApiKeys {
        ApiKeys::new(ApiKeyPorts { store: Arc::new(store), ..self.api_key_ports() }, catalogue())
    }

    /// The ports of [`Self::inventory`].
    #[must_use]
    pub fn inventory_ports(&self) -> InventoryPorts {
        InventoryPorts {
            store: self.stores.items.clone(),
            memberships: self.stores.memberships.clone(),
            system: self.system(),
        }
    }

    /// The inventory service.
    #[must_use]
    pub fn inventory(&self) -> Inventory {
        Inventory::new(self.inventory_ports())
    }

    /// Adds the user with the number and the password.
    pub async fn user_with_password(&self, number: u32, password: &str) -> User {
        let user = user(number);
        self.stores.add_user_with_password(&user, &self.hasher.hash_of(password)).await;
        user
    }

    /// Adds organization 1 with application 1, and users 1, 2 and so on as members in the given roles.
    pub async fn members(&self, roles: &[Role]) {
        let numbered = || (1..).zip(roles);
        self.stores.add_users(&numbered().map(|(number, _)| user(number)).collect::<Vec<_>>()).await;
        self.stores.add_organizations([&organization(1)]).await;
        let members = numbered().map(|(number, role)| membership(organization_id(1), user_id(number), *role));
        self.stores.add_memberships(&members.collect::<Vec<_>>()).await;
        self.stores.add_applications([&application(1, organization_id(1))]).await;
    }

    /// Takes all due mails in order.
    pub async fn mails(&self) -> Vec<Mail> {
        let now = self.clock.now();
        let taken = ok(self.stores.mails.take(now, now + Duration::minutes(2), u16::MAX).await);
        taken.iter().map(|taken| ok(FakeSeal.open(&taken.mail))).collect()
    }

    /// The audit entries of an organization, or those outside of organizations.
    pub async fn events(&self, of: Option<OrganizationId>) -> Vec<Event> {
        let limit = ok(Limit::try_from(Limit::MAX));
        ok(self.stores.audit.list_events(of, PageRequest { limit, after: None }).await).items
    }

    /// The names of the audited actions in an organization, or outside of organizations, in order.
    pub async fn actions(&self, of: Option<OrganizationId>) -> Vec<String> {
        self.events(of).await.into_iter().map(|event| event.name).collect()
    }
}
