//! Opening of a store: connection, migrations and pools.

use std::{error::Error, fs, path::Path, sync::Arc, thread, time::Duration};

use tokio::runtime::Handle;
use tokio_postgres::config::TargetSessionAttrs;

use crate::authorities::Authorities;

use super::{
    SqlStore,
    credentials::{Credentials, Feed},
    metrics::DatabaseMetrics,
    migrate, move_marks,
    open_error::OpenError,
    per_runtime::PostgresPools,
    pool::{self, PoolSettings},
    pools::{Pools, Single},
    postgres::{
        detection, pooler,
        server::{self, Server},
    },
    schema_change::SchemaChange,
    sqlite::{
        ReadQueue, WalSync,
        file::{self, Access},
    },
    url::DatabaseUrl,
};

/// Database settings.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// Address of the database.
    pub url: DatabaseUrl,
    /// What happens if the schema is not the one of this version.
    pub schema: SchemaChange,
    /// Maximum number of connections. For SQLite, the maximum number of read connections in addition to the one write
    /// connection.
    pub pool_size: usize,
    /// How long a request waits for a connection before it fails with `StoreError::Busy`.
    pub acquire_timeout: Duration,
    /// Maximum size of the credential cache in bytes. 0 switches it off.
    pub credential_cache: u64,
    /// The authorities of the certificate of a PostgreSQL server. `None` means those of the system.
    pub authorities: Option<Authorities>,
    /// The counters. `None` if nothing collects them.
    pub metrics: Option<Arc<DatabaseMetrics>>,
    /// Another address of the same PostgreSQL database, as the owner of the schema and without a pooler. `None` means that
    /// `url` is one. It is used for migrations and for the revocation of credentials.
    pub direct_url: Option<DatabaseUrl>,
}

impl DatabaseSettings {
    /// Settings for a program that opens the database for one purpose: few connections, long waits, and no cache.
    #[must_use]
    pub const fn new(url: DatabaseUrl) -> Self {
        Self {
            url,
            schema: SchemaChange::Migrate,
            pool_size: 2,
            acquire_timeout: Duration::from_secs(20),
            credential_cache: 0,
            authorities: None,
            metrics: None,
            direct_url: None,
        }
    }
}

impl SqlStore {
    /// Connects and, with [`SchemaChange::Migrate`], applies pending migrations. Any number of processes may do so concurrently. The connections live on
    /// the current runtime, which must outlive them.
    ///
    /// # Errors
    /// Fails if the database cannot be reached, opened or migrated. See [`OpenError`].
    pub async fn open(settings: &DatabaseSettings) -> Result<Self, OpenError> {
        let metrics = settings.metrics.clone();
        let counters = metrics.as_ref().map(|metrics| &metrics.credentials);
        let credentials = Arc::new(Credentials::new(settings.credential_cache, counters));
        let (pools, feed) = match &settings.url {
            DatabaseUrl::Sqlite(file) => open_sqlite(file, settings, &credentials).await?,
            DatabaseUrl::Postgres(address) => open_postgres(address.expose(), settings, &credentials).await?,
        };
        let pools = Arc::new(pools);
        if let Some(metrics) = &metrics {
            metrics.watch(Arc::downgrade(&pools) as _);
        }
        Ok(Self { pools, disk_full: Arc::default(), credentials, metrics, _feed: feed.map(Arc::new) })
    }
}

fn prepare(fault: impl Into<Box<dyn Error + Send + Sync>>) -> OpenError {
    OpenError::Prepare(fault.into())
}

async fn open_sqlite(
    file: &Path,
    settings: &DatabaseSettings,
    credentials: &Credentials,
) -> Result<(Pools, Option<Feed>), OpenError> {
    // An absolute path, so that no driver mistakes it for an address, and a later change of the working directory does
    // not affect it.
    let file = std::path::absolute(file)
        .map_err(|source| OpenError::File { file: file.to_owned(), source: Box::new(source) })?;
    let (new, schema) = (file.clone(), settings.schema);
    let migration = tokio::task::spawn_blocking(move || {
        let failed = |source| OpenError::File { file: new.clone(), source };
        match schema {
            SchemaChange::Migrate => make_file(&new).map_err(failed)?,
            SchemaChange::Require if new.exists() => {}
            SchemaChange::Require => return Err(migrate::pending()),
        }
        // SQLite puts the write-ahead log beside the file to which a symbolic link leads.
        let file = fs::canonicalize(&new).map_err(|source| failed(Box::new(source)))?;
        migrate::sqlite(&file, schema)?;
        Ok::<_, OpenError>(file)
    });
    let file = migration.await.map_err(prepare)??;
    let readers = pool_settings(settings);
    let single = PoolSettings { size: 1, ..pool_settings(settings) };
    let read_queue = ReadQueue::new(Handle::current());
    let pool = pool::sqlite(&file, Access::Read, &single).map_err(prepare)?;
    let single_reader = Single::Sqlite { pool, read_queue: Arc::clone(&read_queue) };
    let feed = credentials.is_on().then(|| Feed::start(credentials, single_reader, None));
    let pools = Pools::Sqlite {
        readers: pool::sqlite(&file, Access::Read, &readers).map_err(prepare)?,
        writer: pool::sqlite(&file, Access::Write, &single).map_err(prepare)?,
        read_queue,
        wal: WalSync::new(&file),
    };
    Ok((pools, feed))
}

impl DatabaseUrl {
    /// Checks the address as [`SqlStore::open`] does before it connects.
    ///
    /// # Errors
    /// [`OpenError::Address`] or [`OpenError::SslMode`].
    pub fn check(&self) -> Result<(), OpenError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(address) => server::parse(address.expose()).map(drop),
        }
    }

    /// Makes the SQLite file complete without its write-ahead log, so that it can be copied alone. SQLite does so when the last
    /// connection closes, but not if the last two close at the same time. For a process that ends: a thread may still be closing
    /// its connection, so this tries for one second. Blocks the thread.
    pub fn fold_log_in(&self) {
        const TRIES: u32 = 50;
        // The log is beside the file to which a symbolic link leads.
        let Self::Sqlite(path) = self else { return };
        let Ok(path) = fs::canonicalize(path) else { return };
        for _ in 0..TRIES {
            if !file::has_log(&path) {
                return;
            }
            if let Err(error) = file::open(&path, Access::Write) {
                tracing::warn!(%error, "the write-ahead log of the database stays");
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns whether no connection to the database leaves the machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Sqlite(_) => true,
            Self::Postgres(address) => server::parse(address.expose()).is_ok_and(|config| server::is_local(&config)),
        }
    }

    /// Returns whether connections to the database are encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(address) => {
                server::parse(address.expose()).is_ok_and(|config| server::is_encrypted(&config))
            }
        }
    }
}

async fn open_postgres(
    address: &str,
    settings: &DatabaseSettings,
    credentials: &Credentials,
) -> Result<(Pools, Option<Feed>), OpenError> {
    let mut server = server_at(address, settings)?;
    let direct = match &settings.direct_url {
        Some(DatabaseUrl::Postgres(address)) => Some(server_at(address.expose(), settings)?),
        _ => None,
    };
    server.sessions = pooler::sessions(&server, direct.is_some()).await.map_err(OpenError::Unavailable)?;
    if let Some(direct) = &direct {
        pooler::require_own_session(direct).await.map_err(OpenError::Unavailable)?;
    }
    let mut direct = direct.unwrap_or_else(|| server.clone());
    move_marks::admit(&direct).await?;
    migrate::postgres(&direct, settings.schema).await?;
    let features = detection::detect(&server).await.map_err(|fault| OpenError::Unavailable(fault.into()))?;
    (server.features, direct.features) = (features, features);
    let feed = credentials.is_on().then(|| start_feed(direct, settings, credentials)).transpose()?;
    let pools = PostgresPools::new(server, &pool_settings(settings)).map_err(prepare)?;
    Ok((Pools::Postgres(Box::new(pools)), feed))
}

/// A server, with the time limits of connections to it.
pub(in crate::database) fn server_at(address: &str, settings: &DatabaseSettings) -> Result<Server, OpenError> {
    /// When a server that is not reachable any more is detected by the connection itself.
    const SILENCE: Duration = Duration::from_secs(8);
    let mut server = Server::new(address, settings.authorities.as_ref())?;
    let config = &mut server.config;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(settings.acquire_timeout);
    }
    // While data that was sent is not acknowledged. Otherwise this takes a quarter of an hour.
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE);
    }
    // On connections that send nothing.
    config.keepalives_idle(SILENCE / 4).keepalives_interval(SILENCE / 4).keepalives_retries(3);
    if config.get_application_name().is_none() {
        config.application_name("tessera");
    }
    Ok(server)
}

/// Starts the feed of changed rights, with a connection of its own for its polls.
fn start_feed(mut server: Server, settings: &DatabaseSettings, credentials: &Credentials) -> Result<Feed, OpenError> {
    let single = PoolSettings { size: 1, ..pool_settings(settings) };
    let runtime = single.runtime.clone();
    server.config.application_name("tessera credentials");
    // The listener uses the connections of the driver. It must be the server that accepts writes.
    server.config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    let pool = pool::postgres(server.clone(), Some(runtime.clone()), &single).map_err(prepare)?;
    let listener = server.features.notifications.then_some(server);
    Ok(Feed::start(credentials, Single::Postgres { pool, runtime }, listener))
}

fn pool_settings(settings: &DatabaseSettings) -> PoolSettings {
    PoolSettings { size: settings.pool_size, timeout: settings.acquire_timeout, runtime: Handle::current() }
}

/// Creates the directory and the file with access for their owner only, because the file will contain password hashes.
fn make_file(path: &Path) -> Result<(), Box<dyn Error + Send + Sync>> {
    if let Some(directory) = path.parent() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory)?;
    }
    if !path.try_exists()? {
        // The driver creates the file. On POSIX, other code of this process that opens and closes the file releases the
        // locks that the process holds on it.
        let connection = file::create(path)?;
        #[cfg(unix)]
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        drop(connection);
    }
    Ok(())
}
