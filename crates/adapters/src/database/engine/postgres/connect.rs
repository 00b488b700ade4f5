//! Opening of connections: the hosts of an address in their order, and the settings of a session.

use std::{io, sync::Arc, time::Duration};

use diesel::{ConnectionError, ConnectionResult};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    time::timeout,
};
use tokio_postgres::{Client, Config, Connection, NoTls, SimpleQueryMessage, config::Host, tls::TlsStream};
use tokio_util::task::AbortOnDropHandle;

use super::{
    server::{Server, Sessions},
    timeline, tls,
    wire::{Watched, Wire},
};
use crate::database::engine::error;

/// Time limit for a server to accept a connection and its settings.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(8);

/// How long a host has before the next one is tried too. A host that drops packets would otherwise use up the time that a
/// request waits for a connection.
const HEAD_START: Duration = Duration::from_millis(500);

/// Settings of a session that neither the role, the database nor the address define. `statement_timeout` also ends a
/// statement that waits for a lock. Without `jit`, because all statements are short: for a table without statistics, the
/// server overestimates the rows, and would compile each poll of the changes of rights for several milliseconds.
const SETTINGS: &str = "SELECT set_config(name, wanted, false) FROM pg_settings JOIN (VALUES
        ('statement_timeout', '5s'), ('idle_in_transaction_session_timeout', '15s'), ('jit', 'off')
    ) AS own (name, wanted) USING (name)
    WHERE source NOT IN ('global', 'database', 'user', 'database user', 'client')";

/// The last query of the settings.
const READ_ONLY: &str = "SHOW transaction_read_only";

/// A connection that only this crate drives.
pub(super) struct Raw {
    pub(super) client: Client,
    pub(super) wire: Arc<Wire>,
    /// Closes the socket when it is dropped, even during a statement.
    pub(super) driver: AbortOnDropHandle<()>,
    /// The timeline of the server. `None` if it was not read.
    pub(super) timeline: Option<u32>,
}

pub(super) fn bad(fault: &dyn std::error::Error) -> ConnectionError {
    ConnectionError::BadConnection(error::in_full(fault))
}

/// Opens a connection on which statements and idle transactions have a time limit. The hosts of the address are tried in
/// their order, and each must accept writes.
pub(super) async fn open(server: &Server) -> ConnectionResult<Raw> {
    let places = places(&server.config)?;
    let is_one_of_several = places.len() > 1;
    let (mut left, mut attempts, mut faults) = (places.iter(), FuturesUnordered::new(), Vec::new());
    loop {
        if let Some(place) = left.next() {
            attempts.push(attempt(place, server, is_one_of_several));
        }
        let done =
            if left.len() > 0 { timeout(HEAD_START, attempts.next()).await.ok() } else { Some(attempts.next().await) };
        match done {
            Some(Some(Ok(raw))) => return Ok(raw),
            Some(Some(Err(fault))) => faults.push(fault),
            Some(None) => break,
            None => {}
        }
    }
    Err(ConnectionError::BadConnection(match &*faults {
        [] => "the database address names no server".to_owned(),
        faults => faults.join("; "),
    }))
}

async fn attempt(place: &Place, server: &Server, is_one_of_several: bool) -> Result<Raw, String> {
    let connecting = async {
        let mut raw = connect_to(place, server).await?;
        if is_one_of_several {
            raw.timeline = timeline::read(&raw.client).await;
            server.newest.admit(raw.timeline)?;
        }
        Ok::<_, ConnectionError>(raw)
    };
    let connected = timeout(HANDSHAKE, connecting).await.unwrap_or_else(|late| Err(bad(&late)));
    connected.map_err(|fault| if is_one_of_several { format!("{place}: {fault}") } else { fault.to_string() })
}

/// One server of an address.
struct Place {
    host: Host,
    port: u16,
    /// The name in its certificate.
    name: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.host {
            Host::Tcp(_) => write!(f, "{}:{}", self.name, self.port),
            Host::Unix(directory) => write!(f, "{}:{}", directory.display(), self.port),
        }
    }
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

async fn connect_to(place: &Place, server: &Server) -> ConnectionResult<Raw> {
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

async fn start<S>(stream: S, name: &str, server: &Server) -> ConnectionResult<Raw>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let wire = Arc::new(Wire::new());
    if server.is_encrypted() {
        let tls = server.watched_tls(name, Arc::clone(&wire));
        let connected = server.config.connect_raw(stream, tls).await;
        let (client, connection) = connected.map_err(|fault| tls::explain(&fault))?;
        run(client, connection, wire, server).await
    } else {
        let watched = Watched::new(stream, Arc::clone(&wire));
        let (client, connection) = server.config.connect_raw(watched, NoTls).await.map_err(|fault| bad(&fault))?;
        run(client, connection, wire, server).await
    }
}

async fn run<S, T>(
    client: Client,
    connection: Connection<S, T>,
    wire: Arc<Wire>,
    server: &Server,
) -> ConnectionResult<Raw>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: TlsStream + Unpin + Send + 'static,
{
    let driver = AbortOnDropHandle::new(tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a database connection has ended");
        }
    }));
    set_up(&client, server.sessions).await?;
    Ok(Raw { client, wire, driver, timeline: None })
}

async fn set_up(client: &Client, sessions: Sessions) -> ConnectionResult<()> {
    let answers = match sessions {
        Sessions::Own => client.simple_query(&format!("{SETTINGS}; {READ_ONLY}")).await,
        // A setting would stay on a connection of the pooler, which other clients use too.
        Sessions::Shared => client.simple_query(READ_ONLY).await,
    };
    let answers = answers.map_err(|fault| bad(&fault))?;
    let last = answers.iter().rev().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    match last {
        Some("off") => Ok(()),
        _ => Err(ConnectionError::BadConnection("the database server does not accept writes".to_owned())),
    }
}
