//! The domains of a test server, on fakes.

use std::sync::Arc;

use tessera_identity::{
    Identity, IdentityPorts, IdentitySettings,
    model::{RefreshSettings, RegistrationMode, Site},
};
use tessera_kernel::{SupportedChains, SystemPorts};
use tessera_orgs::{OrgPorts, Orgs};
use tessera_outbox::Notices;
use tessera_sso::{ServiceTokenPorts, ServiceTokenSettings, ServiceTokens};
use tessera_testkit::{
    Stores,
    expectations::parsed,
    fakes::{
        FakeDigest, FakeHasher, FakeMails, FakeRefreshCodes, FakeSeal, FakeServiceSigner, FakeSigner, FakeStrength,
        FakeTotp, FakeWallets, FakeWebAuthn,
    },
};
use time::Duration;

use crate::support::AUDIENCE;

pub(crate) fn notices(system: &SystemPorts) -> Notices {
    Notices { seal: Arc::new(FakeSeal), system: system.clone(), most: Some(Notices::MOST), window: Notices::WINDOW }
}

pub(crate) fn orgs(stores: &Stores, identity: &Arc<Identity>, system: &SystemPorts) -> Orgs {
    let ports = OrgPorts {
        store: stores.orgs.clone(),
        user_profiles: stores.user_profiles.clone(),
        accounts: identity.clone(),
        digest: Arc::new(FakeDigest),
        mail_templates: Arc::new(FakeMails),
        seal: Arc::new(FakeSeal),
        notices: notices(system),
        limits: stores.limits.clone(),
        system: system.clone(),
    };
    Orgs::new(ports)
}

pub(crate) fn identity(
    stores: &Stores,
    hasher: &Arc<FakeHasher>,
    signer: &Arc<FakeSigner>,
    system: &SystemPorts,
) -> Identity {
    let ports = IdentityPorts {
        store: stores.identity.clone(),
        session_jobs: stores.session_jobs.clone(),
        challenges: stores.challenges.clone(),
        resets: stores.resets.clone(),
        addresses: stores.addresses.clone(),
        digest: Arc::new(FakeDigest),
        wallets: Arc::new(FakeWallets::default()),
        hasher: hasher.clone(),
        strength: Arc::new(FakeStrength::refusing(&["password123"])),
        signer: signer.clone(),
        mail_templates: Arc::new(FakeMails),
        notices: notices(system),
        limits: stores.limits.clone(),
        factors: stores.factors.clone(),
        totp: Arc::new(FakeTotp::default()),
        system: system.clone(),
        refresh_codes: Arc::new(FakeRefreshCodes::default()),
        keyed_digest: Arc::new(FakeDigest),
        passkeys: stores.passkeys.clone(),
        webauthn: Some(Arc::new(FakeWebAuthn::default())),
    };
    let site = Site::of("http://localhost:8080");
    Identity::new(
        ports,
        IdentitySettings {
            min_password_length: 10,
            session_ttl: Duration::hours(12),
            site,
            chains: SupportedChains::default(),
            refresh: RefreshSettings::default(),
            registration: RegistrationMode::Open,
        },
    )
}

pub(crate) fn service_tokens(stores: &Stores, system: &SystemPorts) -> ServiceTokens {
    let ports = ServiceTokenPorts {
        sessions: stores.live_sessions.clone(),
        keys: stores.signing_keys.clone(),
        memberships: stores.memberships.clone(),
        signer: Arc::new(FakeServiceSigner::default()),
        system: system.clone(),
    };
    let audiences = [parsed(AUDIENCE)].into();
    ServiceTokens::new(ports, ServiceTokenSettings { audiences, key_life: Duration::days(90) })
}
