//! The services and ports that the binary passes in.

use std::sync::{Arc, atomic::AtomicBool};

use async_trait::async_trait;
use tessera_apikeys::ApiKeys;
use tessera_apps::Apps;
use tessera_identity::Identity;
use tessera_inventory::Inventory;
use tessera_kernel::{AuditTrail, Cidr, IdempotencyPorts, NodeLimits, RateLimits, SystemPorts};
use tessera_orgs::Orgs;
use tessera_sso::{ServiceTokens, SingleSignOn};

use crate::{branding::Branding, metrics::ApiMetrics, public_url::PublicUrl};

/// All dependencies of this crate. Clones share them.
#[derive(Clone)]
pub struct Services {
    /// Users and sessions.
    pub identity: Arc<Identity>,
    /// Single sign-on to applications.
    pub sso: Arc<SingleSignOn>,
    /// Service tokens.
    pub service_tokens: Arc<ServiceTokens>,
    /// Organizations and members.
    pub orgs: Arc<Orgs>,
    /// Applications.
    pub apps: Arc<Apps>,
    /// API keys.
    pub api_keys: Arc<ApiKeys>,
    /// Inventories.
    pub inventory: Arc<Inventory>,
    /// The audit trail for denied attempts.
    pub audit: Arc<dyn AuditTrail>,
    /// Requests with an idempotency key.
    pub idempotency: IdempotencyPorts,
    /// The counters of rate limits.
    pub limits: Arc<dyn RateLimits>,
    /// Rate limits that protect this node.
    pub node_limits: Arc<dyn NodeLimits>,
    /// The readiness checks.
    pub readiness: Arc<dyn Readiness>,
    /// The public URL, from which all links are built.
    pub public_url: PublicUrl,
    /// The choices of the operator for the pages.
    pub branding: Branding,
    /// The origins whose pages may call the API.
    pub cors: CorsOrigins,
    /// The reverse proxies whose `X-Forwarded-For` names the client.
    pub trusted_proxies: Vec<Cidr>,
    /// Set when the process starts to shut down. Connections then close after their next response, and the service is
    /// not ready.
    pub draining: Arc<AtomicBool>,
    /// The counters of this crate. `None` if nothing collects them.
    pub metrics: Option<Arc<ApiMetrics>>,
    /// The clock and the random source, for request ids and the access log.
    pub system: SystemPorts,
}

/// The origins whose pages may call the API, in addition to the origin of the service itself. Credentials mode is never
/// allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CorsOrigins {
    /// No other origin.
    #[default]
    None,
    /// These origins, in the form in which browsers send them in `Origin`.
    Listed(Vec<String>),
    /// Every origin.
    Any,
}

/// The port that checks whether the service is ready.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Checks the dependencies of the service. The checks must be cheap, because load balancers call them every few
    /// seconds.
    async fn check(&self) -> Checks;
}

/// The results of the readiness checks.
#[derive(Debug, Clone)]
pub struct Checks {
    /// The database is reachable and has its tables.
    pub database: Check,
    /// The clock of this node agrees with the database clock.
    pub clock: Check,
    /// The database has space for writes.
    pub disk: Check,
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// The check passed.
    Ok,
    /// The check failed. The reason is public.
    Failed(String),
    /// The check was not run, because another check failed first.
    Unknown,
}
