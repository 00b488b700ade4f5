//! An empty database for one test, removed after the test.

use std::{
    fs::File,
    hash::{BuildHasher as _, RandomState},
    path::Path,
};

use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::{cluster::Cluster, read_workspace_file};

/// The two database backends of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// An empty database for one test.
pub struct TestDatabase {
    url: String,
    kind: Kind,
}

enum Kind {
    /// The directory is removed when the value is dropped.
    Sqlite(TempDir),
    Postgres {
        cluster: String,
        name: String,
    },
}

/// The address of the throwaway cluster that the test script starts. Without a cluster the test must fail; it must not
/// pass without running.
#[expect(clippy::disallowed_methods, reason = "the test script starts the cluster")]
fn cluster() -> String {
    std::env::var("TEST_DATABASE_URL").unwrap_or_else(|_| {
        panic!("TEST_DATABASE_URL is not set: run scripts/test, which starts a throwaway PostgreSQL")
    })
}

impl TestDatabase {
    /// Creates an empty database.
    ///
    /// # Panics
    /// Panics if the creation fails.
    pub async fn create(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => {
                let directory = TempDir::new().unwrap_or_else(|e| panic!("no temporary directory: {e}"));
                let url = format!("sqlite://{}", directory.path().join("tessera.db").display());
                Self { url, kind: Kind::Sqlite(directory) }
            }
            Backend::Postgres => {
                let database = Self::named(random_name());
                database.create_from("template1").await;
                database
            }
        }
    }

    /// Creates an empty database on a server of its own.
    ///
    /// # Panics
    /// Panics if the creation fails.
    pub async fn create_on(server: &Cluster) -> Self {
        let database = Self::named_on(server.url(), random_name());
        database.create_from("template1").await;
        database
    }

    /// Creates a database that may already contain the schema. On PostgreSQL it is a copy of a template: the first caller
    /// of a cluster creates the template with `migrate`, which gets the URL. Migrating each database takes much longer.
    ///
    /// # Panics
    /// Panics if the creation fails.
    pub async fn create_migrated(backend: Backend, migrate: impl AsyncFnOnce(&Self)) -> Self {
        match backend {
            Backend::Sqlite => Self::create(backend).await,
            Backend::Postgres => {
                let fill = async |database: Self| {
                    migrate(&database).await;
                    database
                };
                Self::copy_of_postgres("migrated", fill).await
            }
        }
    }

    /// Creates a database on PostgreSQL for the role of [`Self::as_limited_role`], and returns its URL with this role. It is a
    /// copy of a template, which the first caller of a cluster creates with `migrate`.
    ///
    /// # Panics
    /// Panics if the creation fails.
    pub async fn create_limited(migrate: impl AsyncFnOnce(&Self)) -> (Self, String) {
        const ROLE: &str = "limited";
        let fill = async |database: Self| {
            migrate(&database).await;
            database.grant_limited(ROLE).await;
            database
        };
        let database = Self::copy_of_postgres("limited", fill).await;
        let url = database.as_role(ROLE);
        (database, url)
    }

    /// Creates a database in which the service has been started once, so that it contains a signing key. It is a copy of a
    /// template: the first caller of a test run creates the template with `start`. The generation of an RSA key takes most
    /// of the processor time of a first start.
    ///
    /// # Panics
    /// Panics if the creation fails.
    pub async fn create_started(backend: Backend, start: impl AsyncFnOnce(Self) -> Self) -> Self {
        match backend {
            Backend::Sqlite => Self::copy_of_sqlite(start).await,
            Backend::Postgres => Self::copy_of_postgres("started", start).await,
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the test script removes the directory")]
    async fn copy_of_sqlite(start: impl AsyncFnOnce(Self) -> Self) -> Self {
        let database = Self::create(Backend::Sqlite).await;
        // Without the script there is no template, and the service creates the database.
        let (Some(templates), Some(directory)) = (std::env::var_os("TEST_TEMPLATES"), database.directory()) else {
            return database;
        };
        let template = Path::new(&templates).join("sqlite");
        // Each test is a process. The lock is held until the file is closed.
        let lock = File::create(template.with_extension("lock")).and_then(|file| file.lock().map(|()| file));
        let lock = lock.unwrap_or_else(|error| panic!("no lock beside {}: {error}", template.display()));
        if !template.exists() {
            let building = start(Self::create(Backend::Sqlite).await).await;
            let partial = template.with_extension("partial");
            let copied = std::fs::create_dir(&partial).and_then(|()| match building.directory() {
                Some(directory) => copy_files(directory, &partial),
                None => Ok(()),
            });
            let renamed = copied.and_then(|()| std::fs::rename(&partial, &template));
            renamed.unwrap_or_else(|error| panic!("no template {}: {error}", template.display()));
        }
        drop(lock);
        let copied = copy_files(&template, directory);
        copied.unwrap_or_else(|error| panic!("no copy of {}: {error}", template.display()));
        database
    }

    async fn copy_of_postgres(template: &str, fill: impl AsyncFnOnce(Self) -> Self) -> Self {
        let cluster = cluster();
        let (client, connection) = connect(&cluster).await;
        // Each test is a process. This lock is held until the connection closes.
        let exists = format!("SELECT pg_advisory_lock(1); SELECT FROM pg_database WHERE datname = '{template}'");
        let messages = client.simple_query(&exists).await.unwrap_or_else(|e| panic!("{exists}: {e}"));
        let rows = messages.iter().filter(|message| matches!(message, SimpleQueryMessage::Row(_))).count();
        // The first row is the result of the lock.
        if rows < 2 {
            let name = random_name();
            let building = Self::named(name.clone());
            building.create_from("template1").await;
            let _dropped_under_its_old_name = fill(building).await;
            for statement in [
                // A connection that is being closed would make the next statement fail.
                format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"),
                format!("ALTER DATABASE {name} RENAME TO {template}"),
                format!("ALTER DATABASE {template} ALLOW_CONNECTIONS false"),
            ] {
                client.batch_execute(&statement).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
            }
        }
        drop(client);
        drop(connection.await);
        let database = Self::named(random_name());
        database.create_from(template).await;
        database
    }

    fn named(name: String) -> Self {
        Self::named_on(cluster(), name)
    }

    fn named_on(cluster: String, name: String) -> Self {
        let (server, _) = cluster.rsplit_once('/').unwrap_or((&cluster, ""));
        Self { url: format!("{server}/{name}"), kind: Kind::Postgres { cluster, name } }
    }

    async fn create_from(&self, template: &str) {
        if let Kind::Postgres { cluster, name } = &self.kind {
            // The default strategy writes each block to the log, which takes more than twice as long.
            execute(cluster, &format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")).await;
        }
    }

    /// Creates a copy of a database that no process uses, as a backup and its restore would.
    ///
    /// # Panics
    /// Panics for the embedded database, which has commands for it.
    pub async fn copy(&self) -> Self {
        let Kind::Postgres { cluster, name } = &self.kind else { panic!("use tessera backup") };
        let copy = Self::named_on(cluster.clone(), random_name());
        let end = format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'");
        execute(cluster, &end).await;
        copy.create_from(name).await;
        copy
    }

    /// The database URL, in the format of the service's setting.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes the database unavailable while it is in use.
    ///
    /// # Panics
    /// Panics for the embedded database, because an open file can't be removed.
    pub async fn take_away(&self) {
        match &self.kind {
            Kind::Sqlite(_) => panic!("a file that is open can't be taken away"),
            Kind::Postgres { cluster, name } => {
                execute(cluster, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
            }
        }
    }

    /// Runs statements directly on the database, without the service.
    ///
    /// # Panics
    /// Panics if a statement fails or if the database is embedded.
    pub async fn execute(&self, statements: &str) {
        match &self.kind {
            Kind::Sqlite(_) => panic!("the embedded database belongs to its process"),
            Kind::Postgres { .. } => execute(&self.url, statements).await,
        }
    }

    /// Runs statements that may fail, besides the service.
    ///
    /// # Errors
    /// Fails if one of them does.
    ///
    /// # Panics
    /// Panics if the database is embedded, or cannot be reached.
    pub async fn try_execute(&self, statements: &str) -> Result<(), tokio_postgres::Error> {
        assert!(matches!(self.kind, Kind::Postgres { .. }), "the embedded database belongs to its process");
        let (client, connection) = connect(&self.url).await;
        let done = client.batch_execute(statements).await;
        drop(client);
        drop(connection.await);
        done
    }

    /// Creates the role of `migrations/grants.sql`, and returns the URL of the database with this role.
    ///
    /// # Panics
    /// Panics if the database is embedded, or has no schema.
    pub async fn as_serving_role(&self) -> String {
        let role = self.own_role();
        self.grant(&role).await;
        self.as_role(&role)
    }

    /// Like [`Self::as_serving_role`], with a role that can use neither advisory locks nor `pg_notify` nor `LOCK TABLE`.
    ///
    /// # Panics
    /// Panics if the database is embedded, or has no schema.
    pub async fn as_limited_role(&self) -> String {
        let role = self.own_role();
        self.grant_limited(&role).await;
        self.as_role(&role)
    }

    fn own_role(&self) -> String {
        let Kind::Postgres { name, .. } = &self.kind else { panic!("the embedded database has no roles") };
        format!("{name}_serve")
    }

    fn as_role(&self, role: &str) -> String {
        self.url.replace("postgres@", &format!("{role}@"))
    }

    async fn grant(&self, role: &str) {
        let grants = read_workspace_file("migrations/grants.sql").replace("tessera_serve", role);
        self.execute(&format!("CREATE ROLE {role} LOGIN; {grants}")).await;
    }

    async fn grant_limited(&self, role: &str) {
        self.grant(role).await;
        let functions = "DO $$ DECLARE f regprocedure; BEGIN
            FOR f IN SELECT oid FROM pg_proc WHERE proname ~ '^pg_(try_)?advisory' OR proname = 'pg_notify' LOOP
                EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
            END LOOP; END $$";
        // A lock on a row needs a privilege on a column, and LOCK TABLE one on the table.
        let table = format!("REVOKE UPDATE, DELETE ON lock_rows FROM {role}; GRANT UPDATE (id) ON lock_rows TO {role}");
        self.execute(&format!("{functions}; {table}")).await;
    }

    /// Returns the first column of the rows of a query, without the service.
    ///
    /// # Panics
    /// Panics if the query fails or if the database is embedded.
    pub async fn texts(&self, query: &str) -> Vec<String> {
        assert!(matches!(self.kind, Kind::Postgres { .. }), "the embedded database belongs to its process");
        let (client, connection) = connect(&self.url).await;
        let messages = client.simple_query(query).await.unwrap_or_else(|e| panic!("{query}: {e}"));
        drop(client);
        drop(connection.await);
        let text = |message: &SimpleQueryMessage| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        };
        messages.iter().filter_map(text).collect()
    }

    /// The directory of the embedded database.
    #[must_use]
    pub fn directory(&self) -> Option<&std::path::Path> {
        match &self.kind {
            Kind::Sqlite(directory) => Some(directory.path()),
            Kind::Postgres { .. } => None,
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Kind::Postgres { cluster, name } = &self.kind else { return };
        let (cluster, statement) = (cluster.clone(), format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        // A separate runtime, because the runtime of the test may be the one that drops this value.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map(|runtime| runtime.block_on(execute(&cluster, &statement)))
        });
        drop(dropping.join());
    }
}

fn copy_files(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

fn random_name() -> String {
    format!("t{:016x}", RandomState::new().hash_one(std::process::id()))
}

async fn connect(url: &str) -> (Client, JoinHandle<Result<(), tokio_postgres::Error>>) {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.unwrap_or_else(|e| panic!("no connection to the test cluster: {e}"));
    (client, tokio::spawn(connection))
}

async fn execute(url: &str, statement: &str) {
    let (client, connection) = connect(url).await;
    client.batch_execute(statement).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
    drop(client);
    drop(connection.await);
}
