//! Sealed secrets that all nodes share.

use diesel::{OptionalExtension, prelude::*};
use tessera_kernel::{Event, StoreError, Transaction as _};
use time::OffsetDateTime;

use crate::database::engine::{
    SqlStore,
    clock::Now,
    connection::{PooledConnection, with_connection},
    run_query::RunQueryDsl,
    schema::secrets,
    types::DbInstant,
};

/// A stored secret, still sealed.
#[derive(Debug)]
pub(crate) struct StoredSecret {
    pub(crate) name: String,
    pub(crate) sealed: Vec<u8>,
    /// When it was stored, by the clock of the database.
    pub(crate) created_at: OffsetDateTime,
    /// When it was read, by the clock of the database.
    pub(crate) read_at: OffsetDateTime,
}

impl SqlStore {
    /// Stores a secret unless the name exists already, and returns the stored secret. If several nodes start
    /// concurrently, the first write decides for all of them.
    ///
    /// # Errors
    /// Fails like any write.
    pub async fn keep_secret(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let insert = diesel::insert_into(secrets::table)
            .values((secrets::name.eq(name), secrets::sealed.eq(sealed)))
            .on_conflict_do_nothing();
        with_connection!(&mut self.writer().await?, |c| insert.execute(c).await)?;
        find(&mut self.writer().await?, name).await?.ok_or_else(|| StoreError::Other("a kept secret has gone".into()))
    }

    /// Returns the secret of that name, still sealed. Returns `None` if the name does not exist.
    ///
    /// # Errors
    /// Fails like any read.
    pub async fn find_secret(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        find(&mut self.reader().await?, name).await
    }

    /// Returns all secrets, in the order of their names.
    pub(crate) async fn list_secrets(&self) -> Result<Vec<StoredSecret>, StoreError> {
        let query =
            secrets::table.order(secrets::name).select((secrets::name, secrets::sealed, secrets::created_at, Now));
        let rows: Vec<(String, Vec<u8>, DbInstant, DbInstant)> =
            with_connection!(&mut self.reader().await?, |c| query.load(c).await)?;
        let secret = |(name, sealed, created_at, read_at): (_, _, DbInstant, DbInstant)| StoredSecret {
            name,
            sealed,
            created_at: created_at.0,
            read_at: read_at.0,
        };
        Ok(rows.into_iter().map(secret).collect())
    }

    /// Stores a secret under a new name, deletes those of the other names, and writes the audit entry. Returns `Ok(false)`
    /// and changes nothing if the name exists.
    pub(crate) async fn add_secret(
        &self,
        (name, sealed): (&str, &[u8]),
        obsolete: &[String],
        event: &Event,
    ) -> Result<bool, StoreError> {
        let mut tx = self.transaction().await?;
        let insert = diesel::insert_into(secrets::table)
            .values((secrets::name.eq(name), secrets::sealed.eq(sealed)))
            .on_conflict_do_nothing();
        if with_connection!(&mut tx.lease, |c| insert.execute(c).await)? == 0 {
            return Ok(false);
        }
        for name in obsolete {
            let delete = diesel::delete(secrets::table.find(name.as_str()));
            with_connection!(&mut tx.lease, |c| delete.execute(c).await)?;
        }
        tx.events().append(event).await?;
        Box::new(tx).commit().await?;
        Ok(true)
    }
}

async fn find(lease: &mut PooledConnection, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let query = secrets::table.find(name).select(secrets::sealed);
    with_connection!(lease, |c| query.first(c).await.optional())
}
