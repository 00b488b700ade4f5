//! What the binary hands in.

use std::sync::{Arc, atomic::AtomicBool};

use async_trait::async_trait;
use tessera_apikeys::ApiKeys;
use tessera_apps::Apps;
use tessera_identity::{Identity, ServiceTokens, SingleSignOn};
use tessera_inventory::Inventory;
use tessera_kernel::{AuditTrail, Clock, Entropy, NodeLimits, RateLimits};
use tessera_orgs::Orgs;

use crate::public_url::PublicUrl;

/// Everything this crate needs from outside. Cloning shares it.
#[derive(Clone)]
pub struct Services {
    /// Users and sessions.
    pub identity: Arc<Identity>,
    /// Signing in to applications.
    pub sso: Arc<SingleSignOn>,
    /// Tokens for other services.
    pub service_tokens: Arc<ServiceTokens>,
    /// Organizations and members.
    pub orgs: Arc<Orgs>,
    /// Applications.
    pub apps: Arc<Apps>,
    /// API keys.
    pub api_keys: Arc<ApiKeys>,
    /// Inventories.
    pub inventory: Arc<Inventory>,
    /// Where refusals are written down.
    pub audit: Arc<dyn AuditTrail>,
    /// The counters of rate limits.
    pub limits: Arc<dyn RateLimits>,
    /// Rate limits that protect this node.
    pub node_limits: Arc<dyn NodeLimits>,
    /// Whether the service can do its work now.
    pub readiness: Arc<dyn Readiness>,
    /// The one source of links.
    pub public_url: PublicUrl,
    /// Set once the process is to end: connections close after their next answer, and readiness is gone.
    pub draining: Arc<AtomicBool>,
    /// The time, for request ids and the access line.
    pub clock: Arc<dyn Clock>,
    /// Chance, for request ids.
    pub entropy: Arc<dyn Entropy>,
}

/// Tells whether the service can do its work.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Checks what the service depends on; cheap, since load balancers ask every few seconds.
    async fn check(&self) -> Checks;
}

/// What readiness consists of.
#[derive(Debug, Clone)]
pub struct Checks {
    /// The database answers and has its tables.
    pub database: Check,
    /// The clock of this node agrees with that of the database.
    pub clock: Check,
    /// The database has room for writes.
    pub disk: Check,
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// It passed.
    Ok,
    /// It failed, for a reason that every client may read.
    Failed(String),
    /// Another check failed first, so it was not tried.
    Unknown,
}
