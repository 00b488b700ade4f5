//! The HTTP server, from start to shutdown.

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
    config::{Config, Throttle},
    descriptors,
    jobs::{periodic, worker::Worker},
    starting,
};

/// How long an idle connection stays open. It bounds how long a shutdown waits for silent clients.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// How long a client may continue to send a request after its response, before the connection is closed.
const DISCONNECT: Duration = Duration::from_secs(1);

/// How long an idle connection stays open at shutdown, so that its client can send a request and get the response with
/// `connection: close`. If the server closed the connection at once, a request that was just sent would be lost.
const LETTING_GO: Duration = Duration::from_secs(1);

/// How many connections a worker may hold beyond the bound, because they are about to be closed.
const BEYOND_BOUND: usize = 128;

/// Serves until SIGTERM or SIGINT, then completes the requests in progress.
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
    let Some((services, mail_dispatcher)) = starting::open(&config, &listener, told_to_stop).await? else {
        tracing::info!("stopped before the database was available");
        return Ok(());
    };
    let worker = Worker::start(&services, mail_dispatcher);
    let jobs = periodic::start(&services);
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
        // The next response on each connection says `connection: close`.
        draining.store(true, Ordering::Relaxed);
        // This closes the listening socket at once, so that new clients are rejected instead of waiting for a response
        // that never comes. Idle connections are closed after `LETTING_GO`.
        handle.stop(true).await;
    });
    announce(address)?;
    server.await.context("the server failed")?;
    stopping.abort();
    drop(jobs);
    worker.finish().await;
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

/// Builds what `HttpServer` would build. `HttpServer` itself does not accept another type of connection.
fn server(config: &Config, services: &Services, listener: TcpListener) -> anyhow::Result<Server> {
    let api = Api::new(services.clone());
    let address = listener.local_addr()?;
    let connection_bound = descriptors::connection_bound(config.max_connections);
    let builder = Server::build()
        // Workers check once per second whether their connections are closed, and idle connections stay open for the
        // first second.
        .shutdown_timeout(config.shutdown_seconds.max(2))
        // At this number a worker accepts no more connections. It must accept one beyond the bound to close an idle one
        // for it.
        .max_concurrent_connections(connection_bound.saturating_add(BEYOND_BOUND))
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let connections = Connections::new(connection_bound, config.max_connections_per_address);
    let serving = move || {
        let stopping = stopping.clone();
        let app = map_config(api.app().into_factory(), |()| AppConfig::default());
        let http = HttpService::build()
            .keep_alive(KEEP_ALIVE)
            // This timeout would cover only the first head of a connection. The guard covers all heads.
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(DISCONNECT)
            .local_addr(address)
            // This method is not in the documentation of actix-http. `HttpServer` uses it to close idle connections at
            // shutdown.
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

/// Passes a connection on if the bounds admit it.
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

/// Prints the URL for users. Scripts detect by this line that the service is ready.
fn announce(address: SocketAddr) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "Tessera is ready: http://{address}  (docs: http://{address}/docs)")
        .and_then(|()| out.flush())
        .context("can't write to standard output")
}

fn warn_of_what_is_off(config: &Config) {
    if config.throttle == Throttle::Off {
        tracing::warn!("TESSERA_THROTTLE is off: rate limits are disabled");
    }
    if config.smtp_url.is_none() {
        tracing::warn!("TESSERA_SMTP_URL is not set: mails are written to files in data/mail and are not delivered");
    }
}
