//! The HTTP server, from start to shutdown.

use std::{
    io::{self, Write as _},
    net::{SocketAddr, TcpListener},
    sync::{Arc, atomic::Ordering},
};

use actix_web::middleware::from_fn;
use anyhow::Context as _;
use socket2::{Domain, Socket, Type};
use tessera_api::Api;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    config::{Config, Throttle},
    dev_mail::DevMail,
    http,
    jobs::{backups, periodic, repeat::Repeated, worker::Worker},
    monitoring::MonitoringServer,
    starting::{self, Started},
    wiring,
};

/// Serves until SIGTERM or SIGINT, then completes the requests in progress.
pub(crate) async fn serve(mut config: Config) -> anyhow::Result<()> {
    // The address is taken first, so that a second process on it fails before it creates files.
    let listener = listen(config.listen).with_context(|| format!("can't listen on {}", config.listen))?;
    config.bound_to(listener.local_addr()?);
    let monitoring_listener = config.metrics_listen.map(listen_for_monitoring).transpose()?;
    warn_of_what_is_off(&config);
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop_signal = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let http = http::Shared::new(&config);
    let metrics = wiring::metrics(&config);
    let monitoring = monitoring_listener.zip(metrics.clone());
    let monitoring =
        monitoring.map(|(listener, metrics)| MonitoringServer::start(&config, listener, metrics)).transpose()?;
    let started = starting::open(&config, &listener, &http, metrics.as_ref(), stop_signal).await?;
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
    let (address, draining) = (listener.local_addr()?, Arc::clone(&services.draining));
    let server = http.serve(listener, config.shutdown_seconds, app)?;
    let handle = server.handle();
    let stopping = tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: finishing what is in flight");
        // The next response on each connection says `connection: close`.
        draining.store(true, Ordering::Relaxed);
        // This closes the listening socket at once, so that new clients are rejected instead of waiting for a response
        // that never comes. Idle connections are closed after `LETTING_GO`.
        handle.stop(true).await;
    });
    announce(address, monitoring.as_ref().map(MonitoringServer::address))?;
    server.await.context("the server failed")?;
    stopping.abort();
    drop(jobs);
    stop(monitoring).await?;
    worker.finish().await;
    drop(lock);
    tracing::info!("stopped");
    Ok(())
}

/// The maximum number of connections that wait to be accepted.
const BACKLOG: i32 = 1024;

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // A restart need not wait until the kernel forgets the connections of the last run.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

async fn stop(monitoring: Option<MonitoringServer>) -> anyhow::Result<()> {
    match monitoring {
        Some(monitoring) => monitoring.stop().await,
        None => Ok(()),
    }
}

/// The listener of `TESSERA_METRICS_LISTEN`.
fn listen_for_monitoring(address: SocketAddr) -> anyhow::Result<TcpListener> {
    listen(address).with_context(|| format!("can't listen on {address} (TESSERA_METRICS_LISTEN)"))
}

/// Prints the URL for users. Scripts detect by this line that the service is ready. If there are metrics, a second line has
/// their URL.
fn announce(address: SocketAddr, monitoring: Option<SocketAddr>) -> anyhow::Result<()> {
    let metrics = monitoring.map(|monitoring| format!("Metrics: http://{monitoring}/metrics\n")).unwrap_or_default();
    let mut out = io::stdout().lock();
    write!(out, "Tessera is ready: http://{address}  (docs: http://{address}/docs)\n{metrics}")
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
