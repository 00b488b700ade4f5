//! PostgreSQL connections.

pub(super) mod notifications;
pub(super) mod server;
mod tls;
mod wire;

use std::{io, sync::Arc, time::Duration};

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::{AsyncPgConnection, pooled_connection::PoolableConnection};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    runtime::Handle,
    time::timeout,
};
use tokio_postgres::{Client, Config, Connection, NoTls, SimpleQueryMessage, config::Host, tls::TlsStream};
use tokio_util::task::AbortOnDropHandle;

use super::error::{self, SqlState};
use server::Server;
use wire::{Watched, Wire};

/// Time limit for a server to accept a connection and its settings.
const HANDSHAKE: Duration = Duration::from_secs(8);

/// Settings of a session. `statement_timeout` also ends a statement that waits for a lock. Without `jit`, because all
/// statements are short: for a table without statistics, the server overestimates the rows, and would compile each poll of
/// the changes of rights for several milliseconds.
const SETTINGS: &str = "SET statement_timeout = '5s'; SET idle_in_transaction_session_timeout = '15s'; SET jit = off;
    SHOW transaction_read_only";

/// A connection with the server messages that the driver does not return.
pub(in crate::database) struct PgConnection {
    pub(super) connection: AsyncPgConnection,
    wire: Arc<Wire>,
    /// Closes the socket when the connection is dropped, even during a statement.
    driver: AbortOnDropHandle<()>,
}

impl PgConnection {
    /// Borrows the connection and its server messages together.
    pub(in crate::database) fn parts(&mut self) -> (&AsyncPgConnection, Heard<'_>) {
        (&self.connection, Heard(&self.wire))
    }

    pub(super) fn heard(&self) -> Heard<'_> {
        Heard(&self.wire)
    }

    /// Splits the connection for the migrations, which need it by value. The [`Listener`] must live as long as the
    /// connection.
    pub(super) fn into_parts(self) -> (AsyncPgConnection, Listener) {
        (self.connection, Listener { wire: self.wire, _driver: self.driver })
    }
}

/// Server messages since the start of the statement.
#[derive(Clone, Copy)]
pub(in crate::database) struct Heard<'a>(&'a Wire);

impl Heard<'_> {
    /// Discards the messages of earlier statements.
    pub(super) fn forget(self) {
        self.0.forget();
    }

    /// Waits until the server has finished the statement, including its implicit commit.
    pub(super) async fn settled(self) {
        self.0.settled().await;
    }

    pub(super) fn error(self) -> Option<SqlState> {
        self.0.error()
    }

    pub(super) fn warned(self) -> bool {
        self.0.warned()
    }
}

/// Keeps a connection alive after [`PgConnection::into_parts`].
pub(super) struct Listener {
    wire: Arc<Wire>,
    _driver: AbortOnDropHandle<()>,
}

impl Listener {
    /// Discards the messages of earlier statements.
    pub(super) fn forget(&self) {
        self.wire.forget();
    }

    pub(super) fn error(&self) -> Option<SqlState> {
        self.wire.error()
    }
}

/// Opens the connections of a pool.
pub(in crate::database) struct PgManager {
    pub(super) server: Arc<Server>,
    /// Runtime of the connections. `None` means the runtime that first requests one.
    pub(super) runtime: Option<Handle>,
}

impl Manager for PgManager {
    type Type = PgConnection;
    type Error = ConnectionError;

    async fn create(&self) -> Result<PgConnection, ConnectionError> {
        let (server, runtime) = (Arc::clone(&self.server), self.runtime.clone().unwrap_or_else(Handle::current));
        let connecting = AbortOnDropHandle::new(runtime.spawn(async move { connect(&server).await }));
        connecting.await.unwrap_or_else(|ended| Err(bad(&ended)))
    }

    async fn recycle(&self, connection: &mut PgConnection, _: &Metrics) -> RecycleResult<ConnectionError> {
        // The socket shows whether an idle connection is broken. A query before each use would double the round trips.
        if std::thread::panicking() || connection.connection.is_broken() {
            return Err(RecycleError::Message("the connection is broken".into()));
        }
        Ok(())
    }
}

fn bad(fault: &dyn std::error::Error) -> ConnectionError {
    ConnectionError::BadConnection(error::in_full(fault))
}

/// Opens a connection on which statements and idle transactions have a time limit. The hosts of the address are tried
/// in their order, and each must accept writes.
pub(super) async fn connect(server: &Server) -> ConnectionResult<PgConnection> {
    let mut last = ConnectionError::BadConnection("the database address names no server".to_owned());
    for place in places(&server.config)? {
        let connecting = timeout(HANDSHAKE, connect_to(&place, server));
        match connecting.await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => last = error,
            Err(elapsed) => last = bad(&elapsed),
        }
    }
    Err(last)
}

/// One server of an address.
struct Place {
    host: Host,
    port: u16,
    /// The name in its certificate.
    name: String,
}

/// Returns the servers of an address. A numeric address takes precedence over the host name, which stays the name in the
/// certificate.
fn places(config: &Config) -> ConnectionResult<Vec<Place>> {
    let (hosts, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    let count = hosts.len().max(addresses.len());
    let fits = |length: usize| length <= 1 || length == count;
    if !(fits(ports.len()) && (hosts.is_empty() || addresses.is_empty() || hosts.len() == addresses.len())) {
        return Err(ConnectionError::BadConnection(
            "the database address names as many ports as servers, or one".into(),
        ));
    }
    let default = ports.first().copied().unwrap_or(5432);
    let place = |at: usize| {
        let address = addresses.get(at).map(|address| Host::Tcp(address.to_string()));
        let named = hosts.get(at).cloned();
        let name = match named.as_ref().or(address.as_ref()) {
            Some(Host::Tcp(name)) => name.clone(),
            _ => String::new(),
        };
        Some(Place { host: address.or(named)?, port: ports.get(at).copied().unwrap_or(default), name })
    };
    Ok((0..count).filter_map(place).collect())
}

async fn connect_to(place: &Place, server: &Server) -> ConnectionResult<PgConnection> {
    let limit = server.config.get_connect_timeout().copied().unwrap_or(HANDSHAKE);
    match &place.host {
        Host::Tcp(name) => {
            let opened = timeout(limit, TcpStream::connect((name.as_str(), place.port)));
            let stream = opened.await.map_err(|late| bad(&late))?.map_err(|fault| bad(&fault))?;
            set_options(&stream, &server.config).map_err(|fault| bad(&fault))?;
            start(stream, &place.name, server).await
        }
        Host::Unix(directory) => {
            let opened = timeout(limit, UnixStream::connect(directory.join(format!(".s.PGSQL.{}", place.port))));
            start(opened.await.map_err(|late| bad(&late))?.map_err(|fault| bad(&fault))?, &place.name, server).await
        }
    }
}

/// Sets the options that the driver sets when it opens the socket itself.
fn set_options(stream: &TcpStream, config: &Config) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(config.get_tcp_user_timeout().copied())?;
    if config.get_keepalives() {
        let mut keepalive = TcpKeepalive::new().with_time(config.get_keepalives_idle());
        if let Some(interval) = config.get_keepalives_interval() {
            keepalive = keepalive.with_interval(interval);
        }
        if let Some(retries) = config.get_keepalives_retries() {
            keepalive = keepalive.with_retries(retries);
        }
        socket.set_tcp_keepalive(&keepalive)?;
    }
    Ok(())
}

async fn start<S>(stream: S, name: &str, server: &Server) -> ConnectionResult<PgConnection>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let wire = Arc::new(Wire::new());
    if server.is_encrypted() {
        let tls = server.watched_tls(name, Arc::clone(&wire));
        let connected = server.config.connect_raw(stream, tls).await;
        let (client, connection) = connected.map_err(|fault| tls::explain(&fault))?;
        run(client, connection, wire).await
    } else {
        let watched = Watched::new(stream, Arc::clone(&wire));
        let (client, connection) = server.config.connect_raw(watched, NoTls).await.map_err(|fault| bad(&fault))?;
        run(client, connection, wire).await
    }
}

async fn run<S, T>(client: Client, connection: Connection<S, T>, wire: Arc<Wire>) -> ConnectionResult<PgConnection>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: TlsStream + Unpin + Send + 'static,
{
    let driver = AbortOnDropHandle::new(tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a database connection has ended");
        }
    }));
    set_up(&client).await?;
    Ok(PgConnection { connection: AsyncPgConnection::try_from(client).await?, wire, driver })
}

async fn set_up(client: &Client) -> ConnectionResult<()> {
    let answers = client.simple_query(SETTINGS).await.map_err(|fault| bad(&fault))?;
    let read_only = |answer: &SimpleQueryMessage| match answer {
        SimpleQueryMessage::Row(row) => row.get(0) == Some("on"),
        _ => false,
    };
    if answers.iter().any(read_only) {
        return Err(ConnectionError::BadConnection("the database server does not accept writes".to_owned()));
    }
    Ok(())
}
