//! The server of the address for monitoring. It runs from before the database is opened until the service has stopped.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, OnceLock},
    time::Duration,
};

use actix_web::dev::ServerHandle;
use anyhow::Context as _;
use async_trait::async_trait;
use tessera_api::{Check, Checks, Monitored, Monitoring, PublicUrl, Readiness, Services};
use tessera_system::system_ports;
use tokio::{runtime::Handle, task::JoinHandle, time::timeout};

use crate::{config::Config, http, metrics::Metrics};

/// How long the server may take to end.
const PATIENCE: Duration = Duration::from_secs(2);

/// The running server.
pub(crate) struct MonitoringServer {
    address: SocketAddr,
    service: Arc<OnceLock<Monitored>>,
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
}

impl MonitoringServer {
    /// Starts to serve metrics and health checks. Until [`Self::opened`], the node is live and not ready.
    pub(crate) fn start(config: &Config, listener: TcpListener, metrics: Metrics) -> anyhow::Result<Self> {
        let (address, service) = (listener.local_addr()?, Arc::<OnceLock<Monitored>>::default());
        let monitoring = Monitoring {
            public_url: PublicUrl::new(config.public_url.as_str()),
            exposition: Arc::new(metrics),
            service: Arc::clone(&service),
            system: system_ports(),
        };
        let server =
            http::Shared::for_monitoring().serve(listener, config.shutdown_seconds, move || monitoring.app())?;
        let (handle, task) = (server.handle(), tokio::spawn(server));
        tracing::info!("metrics and health checks are at http://{address}");
        Ok(Self { address, service, handle, task })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets health checks report the state of the service. Must be called on the runtime of the service.
    pub(crate) fn opened(&self, services: &Services) {
        let readiness = ReadinessOnRuntime { readiness: Arc::clone(&services.readiness), runtime: Handle::current() };
        let draining = Arc::clone(&services.draining);
        self.service.get_or_init(|| Monitored { readiness: Arc::new(readiness), draining });
    }

    /// Closes all connections and ends the server.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.handle.stop(false).await;
        if let Ok(ended) = timeout(PATIENCE, self.task).await {
            ended?.context("the server for monitoring failed")?;
        } else {
            tracing::warn!("the server for monitoring did not end in time");
        }
        Ok(())
    }
}

/// Checks the readiness on the runtime of the service. On the thread of the server for monitoring, the check would open a
/// connection to PostgreSQL that nothing else uses.
struct ReadinessOnRuntime {
    readiness: Arc<dyn Readiness>,
    runtime: Handle,
}

#[async_trait]
impl Readiness for ReadinessOnRuntime {
    async fn check(&self) -> Checks {
        let readiness = Arc::clone(&self.readiness);
        let checked = self.runtime.spawn(async move { readiness.check().await }).await;
        checked.unwrap_or_else(|_| Checks {
            database: Check::Failed("the check did not end".to_owned()),
            clock: Check::Unknown,
            disk: Check::Unknown,
        })
    }
}
