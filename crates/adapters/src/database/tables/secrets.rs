//! Sealed secrets that all nodes share.

use diesel::{OptionalExtension, prelude::*};
use tessera_kernel::StoreError;

use crate::database::engine::{
    SqlStore,
    connection::{PooledConnection, with_connection},
    run_query::RunQueryDsl,
    schema::secrets,
};

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
}

pub(in crate::database) async fn find(lease: &mut PooledConnection, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let query = secrets::table.find(name).select(secrets::sealed);
    with_connection!(lease, |c| query.first(c).await.optional())
}
