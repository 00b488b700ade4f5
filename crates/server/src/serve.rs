//! Serving, from the first byte of the socket to the last answer.

use std::{
    io::{self, Write as _},
    net::{Shutdown, SocketAddr, TcpListener},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use actix_http::{HttpService, Protocol, error::DispatchError};
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::{
    Error,
    dev::{AppConfig, Server},
    rt::net::TcpStream,
};
use anyhow::Context as _;
use socket2::{Domain, SockRef, Socket, Type};
use tessera_api::{Api, Services};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::sleep,
};

use crate::{
    chores,
    config::{Config, Throttle},
    connection::Connection,
    starting,
    worker::Worker,
};

/// An idle connection is closed after this: it bounds how long a stop waits for clients that say nothing.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// How long the head of the first request may take to come.
const REQUEST_HEAD: Duration = Duration::from_secs(10);

/// How long a client may go on with a request that is answered already, before its connection is closed.
const DISCONNECT: Duration = Duration::from_secs(1);

/// How long clients are given to come for the answer that tells them to let go. A connection that is closed under a client
/// takes along the request that it has just sent.
const LETTING_GO: Duration = Duration::from_secs(1);

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
    let chores = chores::start(&services)?;
    let address = listener.local_addr()?;
    let door = listener.try_clone()?;
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
        // Nobody else comes in: paused, the server no longer asks for connections; shut, the socket refuses them, so that
        // none waits for an answer that nobody will give. Where a system can't do that, they are refused a moment later.
        handle.pause().await;
        let _shut = SockRef::from(&door).shutdown(Shutdown::Both);
        sleep(LETTING_GO).await;
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
    let builder = Server::build()
        .shutdown_timeout(config.shutdown_seconds.saturating_sub(LETTING_GO.as_secs()).max(1))
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let serving = move || {
        let stopping = stopping.clone();
        let app = api.app().into_factory().map_err(|error: Error| error.error_response());
        let http = HttpService::build()
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(REQUEST_HEAD)
            .client_disconnect_timeout(DISCONNECT)
            .local_addr(address)
            // Left out of its documentation, and how `HttpServer` has idle connections closed at a stop.
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            // The host in it is for absolute links, which are made of the public URL here.
            .finish(map_config(app, |()| AppConfig::default()));
        fn_service(accept).and_then(http)
    };
    Ok(builder.listen("http", listener, serving)?.run())
}

async fn accept(stream: TcpStream) -> Result<(Connection, Protocol, Option<SocketAddr>), DispatchError> {
    let peer = stream.peer_addr().ok();
    Ok((Connection::new(stream), Protocol::Http1, peer))
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
