//! A transaction of either database. The modules of the tables implement the ports of the domains for it.

use async_trait::async_trait;
use tessera_kernel::{EventLog, StoreError, Transaction};

use super::connection::PooledConnection;

/// An open transaction. If it is dropped without a commit, it rolls back and returns its connection.
pub(in crate::database) struct Tx {
    pub(in crate::database) lease: PooledConnection,
}

#[async_trait]
impl Transaction for Tx {
    tessera_kernel::accessors!(events: EventLog);

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.lease.commit().await
    }
}
