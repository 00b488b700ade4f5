//! The composition root: connects ports with adapters.

mod commands;
mod database;
mod secrets;

use std::sync::{Arc, atomic::AtomicBool};

use anyhow::Context as _;
use tessera_adapters::{
    Argon2Hasher, AskamaMails, ContractSignatures, FileMailer, Gate, GateSettings, JsonRpcReader, KeySignatures,
    MasterKey, MemoryLimits, Retention, RetentionSettings, Rs256Signer, SealedOutbox, SealedResponses, SealedTotp,
    SharedSecrets, SmtpMailer, SqlStore, WebAuthnVerifier, ZxcvbnStrength,
};
use tessera_api::{PublicUrl, Services};
use tessera_apikeys::{ApiKeyPorts, ApiKeys, KeyNotices};
use tessera_apps::{AppPorts, Apps};
use tessera_identity::{
    Identity, IdentityPorts, IdentitySettings,
    model::{ChallengeLimits, Site},
    ports::{WalletVerifier, WebAuthn},
};
use tessera_inventory::{Inventory, InventoryPorts};
use tessera_kernel::{
    IdempotencyPorts, NodeLimits, Permission, PermissionSet, RateLimits, RequestMetadata, SystemPorts, Unlimited, limit,
};
use tessera_orgs::{OrgPorts, Orgs};
use tessera_outbox::{Dispatcher, Mailer, Notices};
use tessera_sso::{ServiceTokenPorts, ServiceTokenSettings, ServiceTokens, SingleSignOn, SsoPorts, ports::SsoBounds};
use tessera_system::{Sha256Digest, system_ports};

use crate::{
    config::{Config, Throttle},
    dev_mail,
    limits::{ConfiguredNodeLimits, LimitTable, stored_limits},
    metrics::Metrics,
    plugs::identity_wallets::IdentityWallets,
    readiness::StoreReadiness,
    telemetry,
};
pub(crate) use commands::{OpenSecrets, open_secrets, service_tokens_alone, shared_secrets_alone};
pub(crate) use database::{open_alone, open_store};
use secrets::{master_key, shared_secrets};

/// The rate limits of this node, unless they are turned off.
fn node_limits(config: &Config, table: LimitTable, system: &SystemPorts) -> Arc<dyn NodeLimits> {
    match config.throttle {
        Throttle::On => Arc::new(ConfiguredNodeLimits {
            table,
            requests: MemoryLimits::new(Arc::clone(&system.clock)),
            others: MemoryLimits::new(Arc::clone(&system.clock)),
        }),
        Throttle::Off => Arc::new(Unlimited),
    }
}

/// The metrics, if an address for them is configured. Otherwise nothing is counted.
pub(crate) fn metrics(config: &Config) -> Option<Metrics> {
    config.metrics_listen.map(|_| Metrics::new(&config.database_url))
}

/// The work that no request starts.
pub(crate) struct Background {
    pub(crate) dispatcher: Dispatcher,
    pub(crate) retention: Arc<Retention>,
    /// For backups.
    pub(crate) master: Arc<MasterKey>,
}

/// Builds the service and its work in the background over an open store.
#[expect(clippy::too_many_lines, reason = "each part of the service is connected here")]
pub(crate) async fn services(
    config: &Config,
    store: SqlStore,
    metrics: Option<&Metrics>,
) -> anyhow::Result<(Services, Background)> {
    let system = system_ports();
    let master = Arc::new(master_key(config, &store, &*system.entropy).await?);
    store.key_plain_hashes(&master).await.context("the hashes of known devices can't be replaced")?;
    let seal = Arc::new(SealedOutbox::new(Arc::clone(&master), Arc::clone(&system.entropy)));
    let table = LimitTable::new(&config.limits).counted_by(metrics.map(|metrics| Arc::clone(&metrics.limits)));
    let totp = Arc::new(SealedTotp::new(Arc::clone(&master), Arc::clone(&system.entropy), config.product.clone()));
    let mails = MailPorts {
        templates: Arc::new(AskamaMails::new(config.public_url.as_str(), config.product.clone())),
        notices: notices(config, &table, &seal, &system),
        seal: Arc::clone(&seal),
    };
    let dispatcher = Dispatcher {
        queue: Arc::new(store.clone()),
        seal: Arc::clone(&seal) as _,
        mailer: mailer(config, &system)?,
        clock: Arc::clone(&system.clock),
    };
    let retention = retention(config, &store, metrics);
    let shared_secrets = Arc::new(shared_secrets(config, &store, &master, &system).await?);
    let readiness = Arc::new(StoreReadiness::new(store.clone(), Arc::clone(&system.clock)));
    let store = Arc::new(store);
    let node_limits = node_limits(config, table.clone(), &system);
    let limits = stored_limits(config.throttle, table, Arc::clone(&store) as _, Arc::clone(&master));
    let idempotency = IdempotencyPorts {
        keys: Arc::clone(&store) as _,
        seal: Arc::new(SealedResponses::new(Arc::clone(&master), Arc::clone(&system.entropy))),
    };
    let service_tokens = service_tokens(config, &store, Arc::clone(&master), &system);
    service_tokens
        .maintain_signing_keys(&RequestMetadata::internal("start"))
        .await
        .context("the signing keys are not usable")?;
    let (identity, service_tokens) = (
        Arc::new(identity(
            config,
            &store,
            (shared_secrets, Arc::clone(&master)),
            &mails,
            (&limits, &node_limits),
            (totp, &system),
            metrics,
        )?),
        Arc::new(service_tokens),
    );
    if identity.any_invalidated_passkey().await? {
        tracing::warn!("passkeys of another TESSERA_PASSKEY_RP_ID are stored, and cannot sign in with the present one");
    }
    if let Some(metrics) = metrics {
        metrics.service_tokens.get_or_init(|| Arc::clone(&service_tokens));
    }
    let orgs = orgs(config, &store, &identity, &mails, &limits, &system);
    let services = Services {
        sso: Arc::new(single_sign_on(config, &store, &identity, &service_tokens, &system)),
        service_tokens,
        identity,
        orgs: Arc::new(orgs),
        apps: Arc::new(apps(config, &store, &system)),
        api_keys: Arc::new(api_keys(config, &store, &mails, &system)),
        inventory: Arc::new(inventory(config, &store, &system)),
        idempotency,
        limits,
        audit: store,
        node_limits,
        readiness,
        public_url: PublicUrl::new(config.public_url.as_str()),
        branding: config.branding(),
        cors: config.cors_origins.0.clone(),
        trusted_proxies: config.trusted_proxies.0.clone(),
        draining: Arc::new(AtomicBool::new(false)),
        metrics: metrics.map(|metrics| Arc::clone(&metrics.api)),
        system,
    };
    Ok((services, Background { dispatcher, retention: Arc::new(retention), master }))
}

/// The settings on which the rules of retention depend.
pub(crate) fn retention_settings(config: &Config) -> RetentionSettings {
    let notice_window = LimitTable::new(&config.limits).configured(limit::NOTICE).window;
    RetentionSettings { audit_entries: config.audit_retention, notice_window }
}

fn retention(config: &Config, store: &SqlStore, metrics: Option<&Metrics>) -> Retention {
    let settings = retention_settings(config);
    let deleted = metrics.map(|metrics| Arc::clone(&metrics.deleted_rows)).unwrap_or_default();
    Retention::new(store.clone(), settings, deleted)
}

/// The ports for mail.
struct MailPorts {
    templates: Arc<AskamaMails>,
    seal: Arc<SealedOutbox>,
    notices: Notices,
}

fn notices(config: &Config, table: &LimitTable, seal: &Arc<SealedOutbox>, system: &SystemPorts) -> Notices {
    let limit = table.configured(limit::NOTICE);
    let most = match config.throttle {
        Throttle::On => Some(limit.quota),
        Throttle::Off => None,
    };
    Notices { seal: Arc::clone(seal) as _, system: system.clone(), most, window: limit.window }
}

fn apps(config: &Config, store: &Arc<SqlStore>, system: &SystemPorts) -> Apps {
    let ports = AppPorts { store: Arc::clone(store) as _, memberships: Arc::clone(store) as _, system: system.clone() };
    Apps::new(ports).with_quota(config.quotas.applications)
}

fn api_keys(config: &Config, store: &Arc<SqlStore>, mails: &MailPorts, system: &SystemPorts) -> ApiKeys {
    let ports = ApiKeyPorts {
        store: Arc::clone(store) as _,
        digest: Arc::new(Sha256Digest),
        memberships: Arc::clone(store) as _,
        notices: Some(KeyNotices { templates: Arc::clone(&mails.templates) as _, notices: mails.notices.clone() }),
        system: system.clone(),
    };
    ApiKeys::new(ports, permission_catalogue()).with_quotas(config.quotas.keys)
}

/// The permissions that keys of every application can get: those that this service checks, and `event:record`, which
/// only the services of applications check.
fn permission_catalogue() -> PermissionSet {
    let checked = [
        tessera_inventory::policy::READ,
        tessera_inventory::policy::WRITE,
        tessera_orgs::policy::READ_SYSTEM_DATA,
        tessera_orgs::policy::WRITE_SYSTEM_DATA,
    ];
    let checked = checked.into_iter().filter_map(|requirement| requirement.permission);
    checked.chain([Permission::named("event:record")]).collect()
}

fn inventory(config: &Config, store: &Arc<SqlStore>, system: &SystemPorts) -> Inventory {
    let ports =
        InventoryPorts { store: Arc::clone(store) as _, memberships: Arc::clone(store) as _, system: system.clone() };
    Inventory::new(ports).with_quota(config.quotas.items)
}

fn orgs(
    config: &Config,
    store: &Arc<SqlStore>,
    identity: &Arc<Identity>,
    mails: &MailPorts,
    limits: &Arc<dyn RateLimits>,
    system: &SystemPorts,
) -> Orgs {
    let ports = OrgPorts {
        store: Arc::clone(store) as _,
        user_profiles: Arc::clone(store) as _,
        accounts: Arc::clone(identity) as _,
        digest: Arc::new(Sha256Digest),
        mail_templates: Arc::clone(&mails.templates) as _,
        seal: Arc::clone(&mails.seal) as _,
        notices: mails.notices.clone(),
        limits: Arc::clone(limits),
        system: system.clone(),
    };
    Orgs::new(ports).with_quotas(config.quotas.orgs)
}

/// Returns the transport to the configured mail server, or one that writes files.
fn mailer(config: &Config, system: &SystemPorts) -> anyhow::Result<Arc<dyn Mailer>> {
    let (sender, clock) = (config.sender()?, Arc::clone(&system.clock));
    if let Some(server) = config.smtp_server()? {
        return Ok(Arc::new(SmtpMailer::new(server, sender, clock)));
    }
    let mailer = FileMailer::new(dev_mail::DIRECTORY.into(), sender, clock);
    Ok(Arc::new(mailer.with_links_in_log(shows_links(config))))
}

/// Collected logs never contain a one-time token. A log as text, of a service for this machine, is for its developer.
fn shows_links(config: &Config) -> bool {
    !telemetry::is_json(config.log_format) && dev_mail::is_loopback(config.public_url.as_str())
}

fn identity(
    config: &Config,
    store: &Arc<SqlStore>,
    (shared_secrets, master): (Arc<SharedSecrets>, Arc<MasterKey>),
    mails: &MailPorts,
    (limits, node_limits): (&Arc<dyn RateLimits>, &Arc<dyn NodeLimits>),
    (totp, system): (Arc<SealedTotp>, &SystemPorts),
    metrics: Option<&Metrics>,
) -> anyhow::Result<Identity> {
    let counters = metrics.map(|metrics| Arc::clone(&metrics.hashes));
    let gate = gate(config, config.hash_places())?.counted_by(counters);
    let hasher = Argon2Hasher::new(config.argon2, gate.clone(), Arc::clone(&system.entropy))?;
    let ports = IdentityPorts {
        store: Arc::clone(store) as _,
        session_jobs: Arc::clone(store) as _,
        challenges: Arc::clone(store) as _,
        resets: Arc::clone(store) as _,
        addresses: Arc::clone(store) as _,
        digest: Arc::new(Sha256Digest),
        wallets: wallets(config, node_limits)?,
        hasher: Arc::new(hasher),
        strength: Arc::new(ZxcvbnStrength::new(gate, &config.product).with_breached(config.breached_passwords.clone())),
        signer: Arc::clone(&shared_secrets) as _,
        mail_templates: Arc::clone(&mails.templates) as _,
        notices: mails.notices.clone(),
        limits: Arc::clone(limits),
        factors: Arc::clone(store) as _,
        totp,
        system: system.clone(),
        refresh_codes: shared_secrets,
        keyed_digest: master,
        passkeys: Arc::clone(store) as _,
        webauthn: webauthn(config)?,
    };
    let settings = IdentitySettings {
        min_password_length: config.password_min_length,
        session_ttl: config.session_ttl,
        site: Site::of(config.public_url.as_str()),
        chains: config.evm_chains.supported(),
        refresh: config.refresh,
        registration: config.registration,
    };
    let challenges = ChallengeLimits {
        per_network: config.bounds.maximum(limit::OPEN_CHALLENGES),
        per_node: config.bounds.maximum(limit::OPEN_CHALLENGES_NODE),
    };
    Ok(Identity::new(ports, settings).with_quotas(config.quotas.identity).with_challenge_limits(challenges))
}

/// Returns `None` if there are no passkeys, because the public URL has an IP address.
fn webauthn(config: &Config) -> anyhow::Result<Option<Arc<dyn WebAuthn>>> {
    let Some(relying_party) = config.relying_party() else { return Ok(None) };
    let verifier = WebAuthnVerifier::new(&relying_party, &config.product)?;
    Ok(Some(Arc::new(verifier)))
}

fn single_sign_on(
    config: &Config,
    store: &Arc<SqlStore>,
    identity: &Arc<Identity>,
    tokens: &Arc<ServiceTokens>,
    system: &SystemPorts,
) -> SingleSignOn {
    let bounds = SsoBounds {
        per_application: config.bounds.maximum(limit::OPEN_SIGN_INS_APPLICATION),
        per_network: config.bounds.maximum(limit::OPEN_SIGN_INS),
    };
    let service = SingleSignOn::new(SsoPorts {
        store: Arc::clone(store) as _,
        relying_parties: Arc::clone(store) as _,
        digest: Arc::new(Sha256Digest),
        wallets: Arc::new(IdentityWallets(Arc::clone(identity))),
        tokens: Arc::clone(tokens),
        system: system.clone(),
    });
    service.with_bounds(bounds)
}

/// Returns the verifier of wallet signatures. It supports contract accounts only if an RPC endpoint is configured.
fn wallets(config: &Config, limits: &Arc<dyn NodeLimits>) -> anyhow::Result<Arc<dyn WalletVerifier>> {
    let keys = KeySignatures::new(signature_gate(config)?);
    if config.rpc.is_empty() {
        return Ok(Arc::new(keys));
    }
    let chains = JsonRpcReader::new(config.rpc.iter().cloned())?;
    Ok(Arc::new(ContractSignatures::new(keys, Arc::new(chains), Arc::clone(limits))))
}

/// Returns a separate gate for signatures. They are a hundred times cheaper than hashes and must not wait in the same
/// queue.
fn signature_gate(config: &Config) -> std::io::Result<Gate> {
    let places = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    gate(config, places)
}

fn gate(config: &Config, places: usize) -> std::io::Result<Gate> {
    let queue = places.saturating_mul(config.bounds.maximum(limit::HASH_QUEUE));
    Gate::new(GateSettings { places, queue, deadline: config.hash_queue })
}

fn service_tokens(
    config: &Config,
    store: &Arc<SqlStore>,
    master: Arc<MasterKey>,
    system: &SystemPorts,
) -> ServiceTokens {
    let issuer = config.public_url.as_str().to_owned();
    let entropy = Arc::clone(&system.entropy);
    let ports = ServiceTokenPorts {
        sessions: Arc::clone(store) as _,
        keys: Arc::clone(store) as _,
        memberships: Arc::clone(store) as _,
        signer: Arc::new(Rs256Signer::new(issuer, config.signing_key_bits, master, entropy)),
        system: system.clone(),
    };
    let audiences = config.audiences.iter().cloned().collect();
    ServiceTokens::new(ports, ServiceTokenSettings { audiences, key_life: config.signing_key_life })
}
