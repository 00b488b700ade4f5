//! Start while the database is unavailable: the process runs, is not ready, and retries.

use std::{net::TcpListener, pin::pin, time::Duration};

use actix_web::dev::Server;
use anyhow::Context as _;
use tessera_adapters::OpenError;
use tessera_api::{PublicUrl, Services, Starting};
use tessera_kernel::StoreError;
use tessera_sso::KeysError;
use tessera_system::system_ports;
use tokio::time::{sleep, timeout};

use crate::{
    config::Config,
    http,
    metrics::Metrics,
    serving_lock::{ServingLock, ServingLockError},
    wiring::{self, Background},
};

/// The first and the longest pause between two attempts. The service is ready within 5 s after the database is available.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// During a start that takes no longer than this, clients wait. After that, they get an error response.
const AT_ONCE: Duration = Duration::from_millis(500);

/// The same if clients have waited for the process since before it was started, in a socket that stays open. An error
/// response would be a failed request of a restart.
const AFTER_RESTART: Duration = Duration::from_secs(10);

/// How long requests in progress may take when the service itself takes over.
const SHUTDOWN_SECONDS: u64 = 2;

/// A service on an open database.
pub(crate) struct Started {
    pub(crate) services: Services,
    pub(crate) background: Background,
    /// Held for as long as the database is in use.
    pub(crate) lock: Option<ServingLock>,
}

/// Returns how long clients wait for the start.
pub(crate) const fn patience(socket_stays_open: bool) -> Duration {
    if socket_stays_open { AFTER_RESTART } else { AT_ONCE }
}

/// Opens the database and builds the service, and retries while the database is unavailable. Returns `None` if the
/// process is stopped before that. Clients of the listener get error responses after the time beside it.
///
/// # Errors
/// A failure that a retry would not change: a newer schema, a wrong master key, another process that serves the SQLite file.
pub(crate) async fn open(
    config: &Config,
    (listener, patience): (&TcpListener, Duration),
    http: &http::Shared,
    metrics: Option<&Metrics>,
    stop_signal: impl Future<Output = ()>,
) -> anyhow::Result<Option<Started>> {
    let mut opening = pin!(keep_trying(config, metrics));
    let mut stop_signal = pin!(stop_signal);
    let soon = async {
        tokio::select! {
            opened = &mut opening => opened.map(Some),
            () = &mut stop_signal => Ok(None),
        }
    };
    if let Ok(opened) = timeout(patience, soon).await {
        return opened;
    }
    let server = server(config, listener, http)?;
    let handle = server.handle();
    let serving = tokio::spawn(server);
    let opened = tokio::select! {
        opened = &mut opening => opened.map(Some),
        () = &mut stop_signal => Ok(None),
    };
    // The listening socket stays open, so clients that connect now are served by the service itself.
    handle.stop(true).await;
    serving.await?.context("the server failed")?;
    opened
}

fn server(config: &Config, listener: &TcpListener, http: &http::Shared) -> anyhow::Result<Server> {
    let starting = Starting {
        public_url: PublicUrl::new(config.public_url.as_str()),
        branding: config.branding(),
        cors: config.cors_origins.0.clone(),
        system: system_ports(),
    };
    Ok(http.serve(listener.try_clone()?, SHUTDOWN_SECONDS, move || starting.app())?)
}

async fn keep_trying(config: &Config, metrics: Option<&Metrics>) -> anyhow::Result<Started> {
    let mut lock = None;
    let (mut pause, mut known) = (FIRST_PAUSE, String::new());
    loop {
        let error = match open_once(config, metrics, &mut lock).await {
            Err(error) if may_pass(&error) => error,
            Ok((services, background)) => return Ok(Started { services, background, lock }),
            Err(error) => return Err(error),
        };
        let cause = format!("{error:#}");
        if cause != known {
            tracing::warn!(cause, "the database is not available; not ready until it is");
            known = cause;
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn open_once(
    config: &Config,
    metrics: Option<&Metrics>,
    lock: &mut Option<ServingLock>,
) -> anyhow::Result<(Services, Background)> {
    if lock.is_none() {
        *lock = ServingLock::take_for(&config.database_url)?;
    }
    let store = wiring::open_store(config, config.migrate.into(), metrics).await?;
    wiring::services(config, store, metrics).await
}

/// Returns whether a retry may succeed without a change of the settings.
fn may_pass(error: &anyhow::Error) -> bool {
    let passing = |error: &StoreError| matches!(error, StoreError::Busy | StoreError::Unavailable(_));
    error.chain().any(|cause| {
        cause.downcast_ref::<OpenError>().is_some_and(OpenError::may_pass)
            || cause.downcast_ref::<StoreError>().is_some_and(passing)
            || cause.downcast_ref::<ServingLockError>().is_some_and(ServingLockError::may_pass)
            // The error is transparent, so the error of the store is not a separate link of the chain.
            || matches!(cause.downcast_ref::<KeysError>(), Some(KeysError::Store(error)) if passing(error))
    })
}
