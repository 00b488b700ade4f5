//! One repository layer over two databases: the embedded SQLite and PostgreSQL.

mod api_keys;
mod apps;
mod clearing;
mod clock;
mod connection;
mod custom_data;
mod directory;
mod events;
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
mod orgs;
mod password_resets;
mod per_runtime;
mod pool;
mod rate_limits;
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

use std::{sync::Arc, time::Duration};

use diesel::{OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use tessera_kernel::StoreError;
use tokio::time::timeout;

use connection::{Lease, on};
use pool::Pools;
use schema::secrets as secrets_table;
use transaction::Tx;

pub use open::{DatabaseSettings, OpenError};
pub use url::{DatabaseUrl, DatabaseUrlError};

/// How long a sign of life may take.
const PING: Duration = Duration::from_secs(2);

/// The storage of all domains, on either database. Clones share their connections.
#[derive(Clone)]
pub struct SqlStore(Arc<Pools>);

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

    /// How many connections are in somebody's hands. None, when nothing is under way.
    #[must_use]
    pub fn connections_in_use(&self) -> usize {
        self.0.in_use()
    }

    async fn reader(&self) -> Result<Lease, StoreError> {
        self.0.reader().await
    }

    async fn writer(&self) -> Result<Lease, StoreError> {
        self.0.writer().await
    }

    async fn transaction(&self) -> Result<Tx, StoreError> {
        let lease = self.writer().await?.begin().await?;
        Ok(Tx { lease })
    }
}

impl std::fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match *self.0 {
            Pools::Postgres(_) => "SqlStore(postgres)",
            Pools::Sqlite { .. } => "SqlStore(sqlite)",
        })
    }
}
