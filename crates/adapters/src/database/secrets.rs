//! Sealed secrets that all nodes share.

use diesel::{OptionalExtension, prelude::*};
use diesel_async::RunQueryDsl;
use tessera_kernel::StoreError;

use super::{
    SqlStore,
    connection::{Lease, on},
    schema::secrets,
};

impl SqlStore {
    /// Keeps a secret under a name, unless there is one already. Gives the one that is kept then: of several nodes that
    /// start at once, the first to write decides for all.
    ///
    /// # Errors
    /// As any other write.
    pub async fn keep_secret(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut lease = self.writer().await?;
        let insert = diesel::insert_into(secrets::table)
            .values((secrets::name.eq(name), secrets::sealed.eq(sealed)))
            .on_conflict_do_nothing();
        on!(&mut lease, |c| insert.execute(c).await)?;
        find(&mut lease, name).await?.ok_or_else(|| StoreError::Other("a kept secret has gone".into()))
    }

    /// The secret of that name, still sealed. `Ok(None)` when there is none.
    ///
    /// # Errors
    /// As any other read.
    pub async fn find_secret(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        find(&mut self.reader().await?, name).await
    }
}

async fn find(lease: &mut Lease, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let query = secrets::table.find(name).select(secrets::sealed);
    on!(lease, |c| query.first(c).await.optional())
}
