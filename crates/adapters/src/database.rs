//! One repository layer over two databases: the embedded SQLite and PostgreSQL.

mod api_keys;
mod apps;
mod clearing;
mod clock;
mod connection;
mod custom_data;
mod departures;
mod directory;
mod events;
mod hash_costs;
mod identity;
mod invitation_mails;
mod invitations;
mod items;
mod known_clients;
mod locks;
mod mails;
mod memberships;
mod migrate;
mod open;
mod open_error;
mod orgs;
mod password_resets;
mod per_runtime;
mod pool;
mod pools;
mod postgres;
mod rate_limits;
mod relying_parties;
mod rows;
mod schema;
mod secrets;
mod sessions;
mod settings;
mod signing_keys;
mod sso;
mod sso_codes;
mod sso_sessions;
mod system_data;
mod transaction;
mod types;
mod url;
mod users;
mod wallets;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use tessera_kernel::StoreError;
use tokio::time::{Instant, timeout};

use connection::{Lease, on};
use pools::Pools;
use schema::secrets as secrets_table;
use transaction::Tx;

pub use open::DatabaseSettings;
pub use open_error::OpenError;
pub use url::{DatabaseUrl, DatabaseUrlError};

/// How long a sign of life may take.
const PING: Duration = Duration::from_secs(2);

/// The storage of all domains, on either database. Clones share their connections.
#[derive(Clone)]
pub struct SqlStore {
    pools: Arc<Pools>,
    /// Whether the last write that failed as such found the disk full, and none has been tried since.
    disk_full: Arc<AtomicBool>,
}

impl SqlStore {
    /// Asks the database something, as a sign that it can serve.
    ///
    /// # Errors
    /// As any other read, and [`StoreError::Unavailable`] when there is no answer within two seconds: whoever asks has to
    /// decide something.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let late = |_| StoreError::Unavailable("the database did not answer in time".into());
        timeout(PING, self.ask()).await.map_err(late)?
    }

    async fn ask(&self) -> Result<(), StoreError> {
        let mut lease = self.reader().await?;
        // A table of ours: a database without a schema is not ready either.
        let query = secrets_table::table.select(secrets_table::name).limit(1);
        on!(&mut lease, |c| query.first::<String>(c).await.optional()).map(|_| ())
    }

    /// Whether there is room for writes: after one has failed for want of it, another is tried. It changes nothing.
    ///
    /// # Errors
    /// As any other write.
    pub async fn check_room(&self) -> Result<(), StoreError> {
        if !AtomicBool::load(&self.disk_full, Ordering::Relaxed) {
            return Ok(());
        }
        let mut lease = self.writer().await?;
        let update = diesel::update(secrets_table::table).set(secrets_table::name.eq(secrets_table::name));
        on!(&mut lease, |c| update.execute(c).await)?;
        self.disk_full.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Whether the database has a clock of its own: it may be another machine.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        matches!(*self.pools, Pools::Postgres(_))
    }

    /// How many connections are in somebody's hands. None, when nothing is under way.
    #[must_use]
    pub fn connections_in_use(&self) -> usize {
        self.pools.in_use()
    }

    async fn reader(&self) -> Result<Lease, StoreError> {
        let asked = Instant::now();
        Ok(self.pools.reader().await?.lent(asked, false, &self.disk_full))
    }

    async fn writer(&self) -> Result<Lease, StoreError> {
        let asked = Instant::now();
        Ok(self.pools.writer().await?.lent(asked, true, &self.disk_full))
    }

    async fn transaction(&self) -> Result<Tx, StoreError> {
        let lease = self.writer().await?.begin().await?;
        Ok(Tx { lease })
    }
}

impl std::fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match *self.pools {
            Pools::Postgres(_) => "SqlStore(postgres)",
            Pools::Sqlite { .. } => "SqlStore(sqlite)",
        })
    }
}
