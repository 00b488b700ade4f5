//! Serving, from the first byte of the socket to the last answer.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use actix_web::{HttpServer, dev::Server};
use anyhow::Context as _;
use tessera_api::{Api, Services};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::sleep,
};

use crate::{
    config::{Config, Throttle},
    wiring,
    worker::Worker,
};

/// An idle connection is closed after this: it bounds how long a stop waits for clients that say nothing.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// How long clients are given to come for the answer that tells them to let go. A connection that is closed under a client
/// takes along the request that it has just sent.
const LETTING_GO: Duration = Duration::from_millis(1000);

/// How long those that were let in last are given to say what they want.
const LAST_ONES: Duration = Duration::from_millis(500);

/// Serves until SIGTERM or SIGINT, then finishes what is in flight.
pub(crate) async fn serve(config: Config) -> anyhow::Result<()> {
    warn_of_what_is_off(&config);
    let store = wiring::open_store(&config).await?;
    let services = wiring::services(&config, store).await?;
    let worker = Worker::start(Arc::clone(&services.api_keys));
    let (server, address) = bind(&config, &services)?;
    let handle = server.handle();
    let draining = Arc::clone(&services.draining);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stopping = tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: finishing what is in flight");
        // Clients that keep their connection are told with their next answer to let it go.
        draining.store(true, Ordering::Relaxed);
        sleep(LETTING_GO).await;
        // Whoever is connected by now is still served; nobody else comes in.
        handle.pause().await;
        sleep(LAST_ONES).await;
        handle.stop(true).await;
    });
    announce(address)?;
    server.await.context("the server failed")?;
    stopping.abort();
    worker.finish().await;
    tracing::info!("stopped");
    Ok(())
}

fn bind(config: &Config, services: &Services) -> anyhow::Result<(Server, SocketAddr)> {
    let api = Api::new(services.clone());
    let server = HttpServer::new(move || api.app())
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(Duration::from_secs(10))
        .shutdown_timeout(config.shutdown_seconds.saturating_sub(LETTING_GO.as_secs() + 1).max(1))
        .disable_signals()
        .bind(config.listen)
        .with_context(|| format!("can't listen on {}", config.listen))?;
    let address = server.addrs().first().copied().context("no address was bound")?;
    Ok((server.run(), address))
}

/// Tells a person where to look, and a program that the service is up.
fn announce(address: SocketAddr) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "Tessera is ready: http://{address}  (docs: http://{address}/docs)")
        .and_then(|()| out.flush())
        .context("can't write to standard output")
}

fn warn_of_what_is_off(config: &Config) {
    if config.throttle == Throttle::Off {
        tracing::warn!("TESSERA_THROTTLE is off: nothing limits how often anybody may ask");
    }
    if config.smtp_url.is_some() {
        tracing::warn!("TESSERA_SMTP_URL is set, but this version sends no mail yet");
    }
}
