//! PostgreSQL connections.

mod connect;
pub(super) mod detection;
pub(super) mod features;
pub(super) mod notifications;
pub(in crate::database) mod pooler;
pub(in crate::database) mod server;
mod timeline;
mod tls;
mod wire;

use std::sync::Arc;

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::{AsyncPgConnection, pooled_connection::PoolableConnection};
use tokio::runtime::Handle;
use tokio_postgres::Client;
use tokio_util::task::AbortOnDropHandle;

use super::error::SqlState;
use connect::{Raw, bad};
use features::Features;
use server::Server;
use wire::Wire;

/// A connection with the server messages that the driver does not return.
pub(in crate::database) struct PgConnection {
    pub(super) connection: AsyncPgConnection,
    wire: Arc<Wire>,
    /// Closes the socket when the connection is dropped, even during a statement.
    driver: AbortOnDropHandle<()>,
    /// The timeline of the server. `None` if it was not read.
    timeline: Option<u32>,
    /// What the server supports.
    pub(super) features: Features,
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
        // A server that another connection has found to be replaced may still respond.
        self.server.newest.admit(connection.timeline).map_err(RecycleError::Backend)?;
        Ok(())
    }
}

/// A connection that its owner drives with the driver itself, without a pool.
pub(in crate::database) struct LoneConnection {
    pub(in crate::database) client: Client,
    /// Closes the socket when the connection is dropped.
    _driver: AbortOnDropHandle<()>,
}

/// Opens a connection for one purpose. The hosts of the address are tried in their order, and each must accept writes.
pub(in crate::database) async fn connect_alone(server: &Server) -> ConnectionResult<LoneConnection> {
    let Raw { client, driver, .. } = connect::open(server).await?;
    Ok(LoneConnection { client, _driver: driver })
}

/// Opens a connection on which statements and idle transactions have a time limit. The hosts of the address are tried
/// in their order, and each must accept writes.
pub(super) async fn connect(server: &Server) -> ConnectionResult<PgConnection> {
    let Raw { client, wire, driver, timeline } = connect::open(server).await?;
    let connection = AsyncPgConnection::try_from(client).await?;
    Ok(PgConnection { connection, wire, driver, timeline, features: server.features })
}
