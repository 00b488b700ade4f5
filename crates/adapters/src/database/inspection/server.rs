//! Facts about a database server.

use tessera_kernel::StoreError;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::Inspection;

/// How a database makes commits durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Durability {
    /// SQLite. The mode is unknown for a file that no process has open.
    Sqlite {
        /// `wal` if the service has used the file.
        journal_mode: Option<String>,
    },
    /// The settings of PostgreSQL for a session of the role.
    Postgres {
        /// Whether it waits for the disk at all.
        fsync: bool,
        /// Whether a page that was written partly can be restored.
        full_page_writes: bool,
        /// What a commit waits for.
        synchronous_commit: String,
        /// The standbys that a commit waits for.
        synchronous_standby_names: String,
    },
}

/// The connections of a PostgreSQL server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionUse {
    /// Those that the role can use: without the reserved ones.
    pub maximum: u64,
    /// Those that are open, of all clients.
    pub open: u64,
    /// Those of nodes of this service on this database.
    pub of_nodes: u64,
    /// Those that follow the revocations: two of each node.
    pub of_feeds: u64,
}

impl Inspection {
    /// Returns the product and its version.
    ///
    /// # Errors
    /// Fails like any read.
    pub async fn product(&mut self) -> Result<String, StoreError> {
        let (name, query) = if self.is_postgres() {
            ("PostgreSQL", "SELECT current_setting('server_version') AS a")
        } else {
            ("SQLite", "SELECT sqlite_version() AS a")
        };
        Ok(format!("{name} {}", self.values(query).await?.join("")))
    }

    /// Returns the time of the server. `None` for SQLite, whose clock is that of this machine.
    ///
    /// # Errors
    /// Fails like any read.
    pub async fn server_time(&mut self) -> Result<Option<OffsetDateTime>, StoreError> {
        if !self.is_postgres() {
            return Ok(None);
        }
        let now = "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS a";
        let text = self.values(now).await?.join("");
        OffsetDateTime::parse(&text, &Rfc3339)
            .map(Some)
            .map_err(|error| StoreError::Corrupt(format!("{error}: {text}")))
    }

    /// Returns how commits become durable.
    ///
    /// # Errors
    /// Fails like any read.
    pub async fn durability(&mut self) -> Result<Durability, StoreError> {
        if self.is_postgres() {
            return Ok(Durability::Postgres {
                fsync: self.setting("fsync").await? == "on",
                full_page_writes: self.setting("full_page_writes").await? == "on",
                synchronous_commit: self.setting("synchronous_commit").await?,
                synchronous_standby_names: self.setting("synchronous_standby_names").await?,
            });
        }
        if self.is_unused_file() {
            return Ok(Durability::Sqlite { journal_mode: None });
        }
        let mode = self.values("SELECT journal_mode AS a FROM pragma_journal_mode").await?.into_iter().next();
        Ok(Durability::Sqlite { journal_mode: mode })
    }

    async fn setting(&mut self, name: &str) -> Result<String, StoreError> {
        Ok(self.values(&format!("SELECT current_setting('{name}') AS a")).await?.join(""))
    }

    /// Returns the version of TLS of this connection, or `None` if it is plain text.
    ///
    /// # Errors
    /// Fails like any read.
    pub async fn tls_version(&mut self) -> Result<Option<String>, StoreError> {
        if !self.is_postgres() {
            return Ok(None);
        }
        let query = "SELECT version AS a FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl";
        Ok(self.values(query).await?.into_iter().next())
    }

    /// Counts the connections of the server. `None` for SQLite.
    ///
    /// # Errors
    /// Fails like any read.
    pub async fn connections(&mut self) -> Result<Option<ConnectionUse>, StoreError> {
        if !self.is_postgres() {
            return Ok(None);
        }
        let maximum = "SELECT (current_setting('max_connections')::int
            - current_setting('superuser_reserved_connections')::int)::text AS a";
        // A role without pg_monitor does not see the kind of the sessions of others, but their database.
        let clients = "FROM pg_stat_activity WHERE datname IS NOT NULL";
        let here = format!("{clients} AND datname = current_database() AND application_name");
        Ok(Some(ConnectionUse {
            maximum: self.number(maximum).await?,
            open: self.number(&format!("SELECT count(*)::text AS a {clients}")).await?,
            of_nodes: self
                .number(&format!("SELECT count(*)::text AS a {here} IN ('tessera', 'tessera credentials')"))
                .await?,
            of_feeds: self.number(&format!("SELECT count(*)::text AS a {here} = 'tessera credentials'")).await?,
        }))
    }
}
