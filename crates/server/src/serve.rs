//! Serving, from the first byte of the socket to the last answer.

use std::{
    future::ready,
    io::{self, Write as _},
    net::{SocketAddr, TcpListener},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use actix_http::{HttpService, Protocol, error::DispatchError};
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, apply_fn_factory, fn_service, map_config};
use actix_web::{
    dev::{AppConfig, Server},
    rt::net::TcpStream,
};
use anyhow::Context as _;
use socket2::{Domain, Socket, Type};
use tessera_api::{Api, Services};
use tessera_http_guard::{Connection, Connections, exchange};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::sleep,
};

use crate::{
    chores,
    config::{Config, Throttle},
    descriptors, starting,
    worker::Worker,
};

/// An idle connection is closed after this: it bounds how long a stop waits for clients that say nothing.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// How long a client may go on with a request that is answered already, before its connection is closed.
const DISCONNECT: Duration = Duration::from_secs(1);

/// How long an idle connection stays open at a stop, so that its client can send the request whose response says close. A
/// connection that is closed under a client takes along the request that it has just sent.
const LETTING_GO: Duration = Duration::from_secs(1);

/// How many connections a worker may hold beyond the bound: those that are about to be closed.
const BEYOND_BOUND: usize = 128;

/// Serves until SIGTERM or SIGINT, then finishes what is in flight.
pub(crate) async fn serve(config: Config) -> anyhow::Result<()> {
    warn_of_what_is_off(&config);
    let listener = listen(config.listen).with_context(|| format!("can't listen on {}", config.listen))?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let told_to_stop = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let Some((services, postman)) = starting::open(&config, &listener, told_to_stop).await? else {
        tracing::info!("stopped before the database was available");
        return Ok(());
    };
    let worker = Worker::start(&services, postman);
    let chores = chores::start(&services);
    let address = listener.local_addr()?;
    let server = server(&config, &services, listener)?;
    let handle = server.handle();
    let draining = Arc::clone(&services.draining);
    let stopping = tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: finishing what is in flight");
        // Clients that keep their connection are told with their next answer to let it go.
        draining.store(true, Ordering::Relaxed);
        // It closes the listening socket at once, so that further clients are refused and none waits for a response that
        // never comes. Idle connections are closed after `LETTING_GO`.
        handle.stop(true).await;
    });
    announce(address)?;
    server.await.context("the server failed")?;
    stopping.abort();
    drop(chores);
    worker.finish().await;
    tracing::info!("stopped");
    Ok(())
}

/// How many connections may wait to be let in.
const BACKLOG: i32 = 1024;

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // A restart need not wait until the connections of the last run are forgotten.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// What `HttpServer` would be, which serves connections of its own kind only.
fn server(config: &Config, services: &Services, listener: TcpListener) -> anyhow::Result<Server> {
    let api = Api::new(services.clone());
    let address = listener.local_addr()?;
    let connection_bound = descriptors::connection_bound(config.max_connections);
    let builder = Server::build()
        // Workers look every second whether their connections are closed, and idle ones are open for the first.
        .shutdown_timeout(config.shutdown_seconds.max(2))
        // At this number a worker accepts nothing more. It must accept a connection beyond the bound to close an idle one for it.
        .max_concurrent_connections(connection_bound.saturating_add(BEYOND_BOUND))
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let connections = Connections::new(connection_bound, config.max_connections_per_address);
    let serving = move || {
        let stopping = stopping.clone();
        let app = map_config(api.app().into_factory(), |()| AppConfig::default());
        let http = HttpService::build()
            .keep_alive(KEEP_ALIVE)
            // It would cover the first head of a connection only. The guard covers all of them.
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(DISCONNECT)
            .local_addr(address)
            // Left out of its documentation, and how `HttpServer` has idle connections closed at a stop.
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move {
                    stopping.notified().await;
                    sleep(LETTING_GO).await;
                }
            })
            .on_connect_ext(Connection::share)
            .finish(apply_fn_factory(app, exchange));
        let connections = connections.clone();
        fn_service(move |stream| ready(accept(stream, &connections))).and_then(http)
    };
    Ok(builder.listen("http", listener, serving)?.run())
}

/// Passes a connection on if the bounds on connections admit it.
fn accept(
    stream: TcpStream,
    connections: &Connections,
) -> Result<(Connection<TcpStream>, Protocol, Option<SocketAddr>), DispatchError> {
    let peer = stream.peer_addr().map_err(DispatchError::Io)?;
    let Some(slot) = connections.admit(peer.ip()) else {
        tracing::debug!(%peer, "connection closed: TESSERA_MAX_CONNECTIONS or …_PER_ADDRESS is reached");
        return Err(DispatchError::Io(io::ErrorKind::ConnectionRefused.into()));
    };
    let reset = |stream: &TcpStream| {
        if let Err(error) = stream.set_zero_linger() {
            tracing::debug!(%error, "a connection that is cut off can't be reset");
        }
    };
    Ok((Connection::new(stream, slot).reset_by(reset), Protocol::Http1, Some(peer)))
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
    if config.smtp_url.is_none() {
        tracing::warn!("TESSERA_SMTP_URL is not set: mails become files in data/mail and reach nobody");
    }
}
