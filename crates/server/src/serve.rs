//! The HTTP server, from start to shutdown.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actix_web::{dev::ServerHandle, middleware::from_fn};
use anyhow::Context as _;
use tessera_api::Api;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::sleep,
};

use crate::{
    config::{Config, Throttle},
    dev_mail::DevMail,
    http,
    jobs::{backups, periodic, repeat::Repeated, worker::Worker},
    monitoring::MonitoringServer,
    service_manager,
    sockets::{Listeners, Passed},
    starting::{self, Started},
    wiring,
};

/// Serves until SIGTERM or SIGINT, then completes the requests in progress.
pub(crate) async fn serve(mut config: Config, passed: Passed) -> anyhow::Result<()> {
    // The address is taken first, so that a second process on it fails before it creates files.
    let Listeners { clients: listener, stays_open, metrics: monitoring } = passed.or_listen(&mut config)?;
    warn_of_what_is_off(&config);
    let mut signals = StopSignals::new()?;
    let http = http::Shared::new(&config)?;
    let metrics = wiring::metrics(&config);
    let monitoring = monitoring.zip(metrics.clone());
    let monitoring =
        monitoring.map(|(listener, metrics)| MonitoringServer::start(&config, listener, metrics)).transpose()?;
    let patience = starting::patience(stays_open);
    let started = starting::open(&config, (&listener, patience), &http, metrics.as_ref(), signals.recv()).await?;
    let Some(Started { services, background, lock }) = started else {
        tracing::info!("stopped before the database was available");
        return stop(monitoring).await;
    };
    if let Some(monitoring) = &monitoring {
        monitoring.opened(&services);
    }
    let worker =
        Worker::start(&services, background.dispatcher, metrics.as_ref().map(|metrics| Arc::clone(&metrics.mails)));
    let last_backup = metrics.as_ref().map(|metrics| Arc::clone(&metrics.last_backup));
    let mut jobs = periodic::start(&services, &background.retention);
    jobs.extend(backups::start(&config, &background.master, last_backup.unwrap_or_default()));
    if let Some(metrics) = &metrics {
        metrics.jobs.watch(worker.runs().iter().cloned().chain(jobs.iter().map(Repeated::runs)));
    }
    let (api, dev_mail) = (Api::new(services.clone()), DevMail::new(&config));
    let app = move || {
        let dev_mail = dev_mail.clone();
        api.app().wrap(from_fn(move |request, next| dev_mail.clone().intercept(request, next)))
    };
    let address = listener.local_addr()?;
    let server = http.serve(listener, config.shutdown_seconds, app)?;
    let stopping =
        Stopping { handle: server.handle(), draining: Arc::clone(&services.draining), drain: config.drain, stays_open };
    let stopping = tokio::spawn(stopping.at(signals));
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    announce(scheme, address, monitoring.as_ref().map(MonitoringServer::address))?;
    service_manager::ready();
    server.await.context("the server failed")?;
    stopping.abort();
    drop(jobs);
    stop(monitoring).await?;
    worker.finish().await;
    drop(lock);
    tracing::info!("stopped");
    Ok(())
}

/// The signals that end the process.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn recv(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        service_manager::stopping();
    }
}

/// What happens between the signal and the end of the server.
struct Stopping {
    handle: ServerHandle,
    draining: Arc<AtomicBool>,
    /// How long the node stays in service after it has become unready.
    drain: Duration,
    /// Whether the listening socket outlives the process.
    stays_open: bool,
}

impl Stopping {
    async fn at(self, mut signals: StopSignals) {
        signals.recv().await;
        // The node is not ready any more, and the next response on each connection says `connection: close`.
        self.draining.store(true, Ordering::Relaxed);
        if !self.drain.is_zero() {
            tracing::info!("not ready any more, and stopping after TESSERA_DRAIN_SECONDS: {}", self.drain.as_secs());
            sleep(self.drain).await;
        }
        tracing::info!("stopping: finishing what is in flight");
        if self.stays_open {
            http::stop_accepting(&self.handle).await;
        }
        // This closes the listening socket at once, so that new clients are rejected instead of waiting for a response
        // that never comes. If another process has the socket too, they wait for the next process. Idle connections are
        // closed after `LETTING_GO`.
        self.handle.stop(true).await;
    }
}

async fn stop(monitoring: Option<MonitoringServer>) -> anyhow::Result<()> {
    match monitoring {
        Some(monitoring) => monitoring.stop().await,
        None => Ok(()),
    }
}

/// Prints the URL for users. Scripts detect by this line that the service is ready. If there are metrics, a second line has
/// their URL.
fn announce(scheme: &str, address: SocketAddr, monitoring: Option<SocketAddr>) -> anyhow::Result<()> {
    let metrics = monitoring.map(|monitoring| format!("Metrics: http://{monitoring}/metrics\n")).unwrap_or_default();
    let mut out = io::stdout().lock();
    write!(out, "Tessera is ready: {scheme}://{address}  (docs: {scheme}://{address}/docs)\n{metrics}")
        .and_then(|()| out.flush())
        .context("can't write to standard output")
}

fn warn_of_what_is_off(config: &Config) {
    if config.public_url_is_default && config.listen.ip().is_unspecified() {
        let url = config.public_url.as_str();
        tracing::warn!("TESSERA_PUBLIC_URL is not set: links begin with {url}, which only this machine can open");
    }
    if config.throttle == Throttle::Off {
        tracing::warn!("TESSERA_THROTTLE is off: rate limits are disabled");
    }
    if config.smtp_url.is_none() {
        tracing::warn!("TESSERA_SMTP_URL is not set: mails are written to files in data/mail and are not delivered");
    }
}
