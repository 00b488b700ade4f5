//! An empty database for one test, removed after the test.

use std::hash::{BuildHasher as _, RandomState};

use tempfile::TempDir;
use tokio_postgres::NoTls;

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
                let cluster = cluster();
                let name = format!("t{:016x}", RandomState::new().hash_one(std::process::id()));
                execute(&cluster, &format!("CREATE DATABASE {name}")).await;
                let (server, _) = cluster.rsplit_once('/').unwrap_or((&cluster, ""));
                Self { url: format!("{server}/{name}"), kind: Kind::Postgres { cluster: cluster.clone(), name } }
            }
        }
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

async fn execute(url: &str, statement: &str) {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.unwrap_or_else(|e| panic!("no connection to the test cluster: {e}"));
    let connection = tokio::spawn(connection);
    client.batch_execute(statement).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
    drop(client);
    drop(connection.await);
}
