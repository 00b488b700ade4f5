//! A connection for diagnosis. It changes nothing: it only reads, migrates nothing and creates no file.

use std::{collections::BTreeSet, time::Duration};

use diesel::{
    QueryableByName, sql_query,
    sql_types::{Nullable, Text, Untyped},
};
use tessera_kernel::StoreError;
use tokio::runtime::Handle;

use crate::authorities::Authorities;

use super::{
    connection::{PooledConnection, with_connection},
    migrate,
    open_error::OpenError,
    pool::{self, PoolSettings},
    pools::Single,
    postgres::{
        pooler,
        server::{Server, Sessions},
    },
    sqlite::{
        self, ReadQueue,
        file::{self, Access},
    },
    url::DatabaseUrl,
};

/// How long a connection may take. The caller has a limit of its own.
const CONNECT: Duration = Duration::from_secs(10);

/// The schema of a database, compared with that of this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InspectedSchema {
    /// There are no tables.
    Missing,
    /// Migrations of this program are pending.
    Older {
        /// Their number.
        pending: usize,
    },
    /// All migrations are applied.
    Current,
    /// A newer version of the program has changed the schema.
    Newer {
        /// Version of the first unknown migration.
        version: String,
    },
}

/// The mode of a connection pooler, and whether the service works with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pooling {
    /// There is none, or it is in session mode.
    Sessions,
    /// It is in transaction mode, and the service can use it.
    Transactions,
    /// The service cannot use it, for this reason.
    Unusable(String),
}

/// A connection that reads facts about a database.
pub struct Inspection {
    pub(in crate::database) lease: PooledConnection,
    pool: Single,
    schema: InspectedSchema,
    is_unused_file: bool,
}

/// Up to three values of a row as text.
#[derive(QueryableByName)]
pub(in crate::database) struct Row {
    #[diesel(sql_type = Nullable<Text>)]
    pub(in crate::database) a: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(in crate::database) b: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(in crate::database) c: Option<String>,
}

impl Inspection {
    /// Connects. The connection lives on the current runtime. SQLite opens its file for reading only; `None` means that there
    /// is no file.
    ///
    /// # Errors
    /// Fails if the address is invalid, or if the database cannot be reached or read.
    pub async fn open(url: &DatabaseUrl, authorities: Option<&Authorities>) -> Result<Option<Self>, OpenError> {
        let runtime = Handle::current();
        let settings = PoolSettings { size: 1, timeout: CONNECT, runtime: runtime.clone() };
        let prepare = |fault| OpenError::Prepare(Box::new(fault));
        let (pool, is_unused_file) = match url {
            DatabaseUrl::Sqlite(file) => {
                // The log is beside the file to which a symbolic link leads.
                let file = file.clone();
                let located = tokio::task::spawn_blocking(move || {
                    let file = std::fs::canonicalize(file)?;
                    let is_unused = !file::has_log(&file);
                    Ok::<_, std::io::Error>((file, is_unused))
                });
                let Ok(Ok((file, is_unused))) = located.await else { return Ok(None) };
                let pool = pool::sqlite(&file, Access::Inspect, &settings).map_err(prepare)?;
                (Single::Sqlite { pool, read_queue: ReadQueue::new(runtime) }, is_unused)
            }
            DatabaseUrl::Postgres(address) => {
                let mut server = Server::new(address.expose(), authorities)?;
                server.config.application_name("tessera doctor");
                // A pooler may lend the connection to others, so it gets no settings.
                server.sessions = Sessions::Shared;
                let pool = pool::postgres(server, Some(runtime.clone()), &settings).map_err(prepare)?;
                (Single::Postgres { pool, runtime }, false)
            }
        };
        let unavailable = |fault| OpenError::Unavailable(Box::new(fault));
        let lease = pool.lend().await.map_err(unavailable)?;
        let mut inspection = Self { lease, pool, schema: InspectedSchema::Missing, is_unused_file };
        inspection.lease.without_total_limit();
        inspection.schema = inspection.read_schema().await?;
        Ok(Some(inspection))
    }

    /// Returns how a pooler treats connections to a PostgreSQL server. `direct_url` is the address of the server itself, if
    /// there is one. `None` for SQLite.
    ///
    /// # Errors
    /// Fails if an address is invalid, or if a server cannot be reached.
    pub async fn pooling(
        url: &DatabaseUrl,
        direct_url: Option<&DatabaseUrl>,
        authorities: Option<&Authorities>,
    ) -> Result<Option<Pooling>, OpenError> {
        let DatabaseUrl::Postgres(address) = url else { return Ok(None) };
        let found = pooler::sessions(&Server::new(address.expose(), authorities)?, direct_url.is_some()).await;
        let direct = match direct_url {
            Some(DatabaseUrl::Postgres(address)) if found.is_ok() => {
                pooler::require_own_session(&Server::new(address.expose(), authorities)?).await
            }
            _ => Ok(()),
        };
        match found.and_then(|sessions| direct.map(|()| sessions)) {
            Ok(Sessions::Own) => Ok(Some(Pooling::Sessions)),
            Ok(Sessions::Shared) => Ok(Some(Pooling::Transactions)),
            Err(fault) if pooler::is_unusable(&fault) => Ok(Some(Pooling::Unusable(fault.to_string()))),
            Err(fault) => Err(OpenError::Unavailable(fault)),
        }
    }

    async fn read_schema(&mut self) -> Result<InspectedSchema, OpenError> {
        let unavailable = |fault| OpenError::Unavailable(Box::new(fault));
        let exists = if self.is_postgres() {
            "SELECT to_regclass('__diesel_schema_migrations')::text AS a, NULL::text AS b, NULL::text AS c"
        } else {
            "SELECT name AS a, NULL AS b, NULL AS c FROM sqlite_master WHERE name = '__diesel_schema_migrations'"
        };
        if self.rows(exists).await.map_err(unavailable)?.into_iter().all(|row| row.a.is_none()) {
            return Ok(InspectedSchema::Missing);
        }
        let applied =
            "SELECT version AS a, CAST(NULL AS TEXT) AS b, CAST(NULL AS TEXT) AS c FROM __diesel_schema_migrations";
        let applied = self.rows(applied).await.map_err(unavailable)?;
        let applied: BTreeSet<String> = applied.into_iter().filter_map(|row| row.a).collect();
        if applied.is_empty() {
            return Ok(InspectedSchema::Missing);
        }
        match migrate::pending_count(self.is_postgres(), &applied) {
            Ok(0) => Ok(InspectedSchema::Current),
            Ok(pending) => Ok(InspectedSchema::Older { pending }),
            Err(OpenError::NewerSchema { version }) => Ok(InspectedSchema::Newer { version }),
            Err(other) => Err(other),
        }
    }

    /// The schema when the connection was opened.
    #[must_use]
    pub const fn schema(&self) -> &InspectedSchema {
        &self.schema
    }

    /// Whether the database is PostgreSQL.
    #[must_use]
    pub const fn is_postgres(&self) -> bool {
        matches!(self.pool, Single::Postgres { .. })
    }

    /// Whether the database is a SQLite file that no process had open.
    #[must_use]
    pub const fn is_unused_file(&self) -> bool {
        self.is_unused_file
    }

    /// Makes all following reads see the same state, without a time limit.
    ///
    /// # Errors
    /// Fails like any read.
    pub async fn begin_snapshot(&mut self) -> Result<(), StoreError> {
        self.lease.without_limits();
        if self.is_postgres() {
            self.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
            return self.execute("SET LOCAL statement_timeout = 0").await;
        }
        self.execute("BEGIN").await
    }

    async fn execute(&mut self, sql: &str) -> Result<(), StoreError> {
        let query = sql_query(sql);
        with_connection!(&mut self.lease, |c|
            postgres: diesel_async::RunQueryDsl::execute(query, c).await,
            sqlite: c.execute(sqlite::collect(&query)).await
        )
        .map(drop)
    }

    /// Runs a query whose columns are `a`, `b` and `c`, all of them text. Its prepared statement is not cached.
    pub(in crate::database) async fn rows(&mut self, sql: &str) -> Result<Vec<Row>, StoreError> {
        let query = sql_query(sql);
        with_connection!(&mut self.lease, |c|
            postgres: diesel_async::RunQueryDsl::load(query, c).await,
            sqlite: c.load::<Row, Untyped>(sqlite::collect(&query)).await
        )
    }
}
