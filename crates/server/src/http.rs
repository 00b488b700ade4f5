//! The HTTP server of actix with the guard of each connection below it.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use actix_http::{HttpService, Protocol, error::DispatchError};
use actix_service::{
    IntoServiceFactory as _, ServiceFactory, ServiceFactoryExt as _, apply_fn_factory, fn_service, map_config,
};
use actix_web::{
    App, Error,
    dev::{self, AppConfig, ServerHandle, ServiceRequest, ServiceResponse},
    rt::net::TcpStream,
};
use tessera_http_guard::{Connection, Connections, exchange, handshake};
use tessera_system::system_ports;
use tokio::time::sleep;
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::either::Either;

use crate::{config::Config, descriptors, tls::Tls};

/// How long an idle connection stays open. It bounds how long a shutdown waits for silent clients.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// How long a client may continue to send a request after its response, before the connection is closed.
const DISCONNECT: Duration = Duration::from_secs(1);

/// How long an idle connection stays open at shutdown, so that its client can send a request and get the response with
/// `connection: close`. If the server closed the connection at once, a request that was just sent would be lost.
const LETTING_GO: Duration = Duration::from_secs(1);

/// How long a server that has stopped to accept connections stays, so that the workers take those that it has accepted. At a
/// stop, actix-server drops the connections that wait for a worker.
const HANDING_OVER: Duration = Duration::from_millis(500);

/// How many connections a worker may hold beyond the bound, because they are about to be closed.
const BEYOND_BOUND: usize = 128;

/// The maximum number of connections for monitoring. A collector needs one, a health check another one.
const MONITORING_CONNECTIONS: usize = 32;

/// The connections of all servers on one address. They share the bounds, so a server that takes over counts the
/// connections of the one before it.
pub(crate) struct Shared {
    connections: Connections,
    connection_bound: usize,
    /// The number of threads, if it is not the number of processors.
    workers: Option<usize>,
    tls: Option<Tls>,
}

/// A connection of a client. The state of TLS is on the heap, so that connections without it do not take its space.
type ClientStream = Either<TcpStream, Box<TlsStream<TcpStream>>>;

impl Shared {
    /// Must be called on a runtime.
    ///
    /// # Errors
    /// The certificate cannot be used.
    pub(crate) fn new(config: &Config) -> anyhow::Result<Self> {
        let connection_bound = descriptors::connection_bound(config.max_connections);
        let connections = Connections::new(connection_bound, config.max_connections_per_address);
        let tls = config.tls.as_ref().map(|files| Tls::start(files, system_ports().clock)).transpose()?;
        Ok(Self { connections, connection_bound, workers: None, tls })
    }

    /// The connections of the server for monitoring. Clients of the service take none of them.
    pub(crate) fn for_monitoring() -> Self {
        let connections = Connections::new(MONITORING_CONNECTIONS, MONITORING_CONNECTIONS);
        Self { connections, connection_bound: MONITORING_CONNECTIONS, workers: Some(1), tls: None }
    }

    /// Serves an application. At shutdown, requests in progress have `shutdown_seconds`, at least 2. Builds what
    /// `HttpServer` would build, because `HttpServer` does not accept another type of connection.
    pub(crate) fn serve<A>(
        &self,
        listener: TcpListener,
        shutdown_seconds: u64,
        app: impl Fn() -> App<A> + Send + Clone + 'static,
    ) -> io::Result<dev::Server>
    where
        A: ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = Error, InitError = ()>
            + 'static,
    {
        let address = listener.local_addr()?;
        let mut builder = dev::Server::build();
        if let Some(workers) = self.workers {
            builder = builder.workers(workers);
        }
        let builder = builder
            // Workers check once per second whether their connections are closed, and idle connections stay open for the
            // first second.
            .shutdown_timeout(shutdown_seconds.max(2))
            // At this number a worker accepts no more connections. It must accept one beyond the bound to close another
            // one for it.
            .max_concurrent_connections(self.connection_bound.saturating_add(BEYOND_BOUND))
            .disable_signals();
        let stopping = builder.graceful_shutdown_signal();
        let (connections, tls) = (self.connections.clone(), self.tls.as_ref().map(Tls::acceptor));
        let serving = move || {
            // Idle connections and handshakes end at this signal.
            let stopping = stopping.clone();
            let let_go = move || {
                let stopping = stopping.clone();
                async move {
                    stopping.notified().await;
                    sleep(LETTING_GO).await;
                }
            };
            let app = map_config(app().into_factory(), |()| AppConfig::default());
            let http = HttpService::build()
                .keep_alive(KEEP_ALIVE)
                // This timeout would cover only the first head of a connection. The guard covers all heads.
                .client_request_timeout(Duration::ZERO)
                .client_disconnect_timeout(DISCONNECT)
                .local_addr(address)
                // This method is not in the documentation of actix-http. `HttpServer` uses it to close idle connections
                // at shutdown.
                .graceful_shutdown_signal(let_go.clone())
                .on_connect_ext(Connection::share)
                .finish(apply_fn_factory(app, exchange));
            let (connections, tls) = (connections.clone(), tls.clone());
            fn_service(move |stream| accept(stream, connections.clone(), tls.clone(), let_go())).and_then(http)
        };
        Ok(builder.listen("http", listener, serving)?.run())
    }
}

/// Makes a server leave new connections in its listening socket, which another process takes over.
pub(crate) async fn stop_accepting(handle: &ServerHandle) {
    handle.pause().await;
    sleep(HANDING_OVER).await;
}

/// Passes a connection on if the bounds admit it, after the handshake of TLS.
async fn accept(
    stream: TcpStream,
    connections: Connections,
    tls: Option<TlsAcceptor>,
    let_go: impl Future<Output = ()>,
) -> Result<(Connection<ClientStream>, Protocol, Option<SocketAddr>), DispatchError> {
    let peer = stream.peer_addr().map_err(DispatchError::Io)?;
    let Some(mut slot) = connections.admit(peer.ip()) else {
        tracing::debug!(%peer, "connection closed: TESSERA_MAX_CONNECTIONS or …_PER_ADDRESS is reached");
        return Err(DispatchError::Io(io::ErrorKind::ConnectionRefused.into()));
    };
    let stream = match tls {
        None => Either::Left(stream),
        Some(tls) => {
            let encrypted = tokio::select! {
                encrypted = handshake(&mut slot, tls.accept(stream)) => encrypted,
                () = let_go => Err(io::ErrorKind::ConnectionAborted.into()),
            };
            let encrypted = encrypted.map_err(|error| {
                tracing::debug!(%peer, %error, "connection closed: no TLS handshake");
                DispatchError::Io(error)
            })?;
            Either::Right(Box::new(encrypted))
        }
    };
    Ok((Connection::new(stream, slot).reset_by(reset), Protocol::Http1, Some(peer)))
}

fn reset(stream: &ClientStream) {
    let stream = match stream {
        Either::Left(stream) => stream,
        Either::Right(encrypted) => encrypted.get_ref().0,
    };
    if let Err(error) = stream.set_zero_linger() {
        tracing::debug!(%error, "a connection that is cut off can't be reset");
    }
}
