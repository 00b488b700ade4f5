//! A transaction of either database. The modules of the tables implement the ports of the domains for it.

use std::sync::Arc;

use async_trait::async_trait;
use tessera_kernel::{EventLog, StoreError, Transaction};
use uuid::Uuid;

use super::{
    connection::PooledConnection,
    credentials::{self, Credentials},
};

/// An open transaction. If it is dropped without a commit, it rolls back and returns its connection.
pub(in crate::database) struct Tx {
    pub(in crate::database) lease: PooledConnection,
    /// Keys, sessions, users, organizations, applications and service accounts whose rights this transaction ends or
    /// changes.
    pub(super) changed: Vec<Uuid>,
    pub(super) credentials: Arc<Credentials>,
}

impl Tx {
    /// Notes that the transaction ends or changes rights. What the caches of all nodes have read about the subject is
    /// invalid after the commit.
    pub(in crate::database) fn changes_rights_of(&mut self, subject: Uuid) {
        if !self.changed.contains(&subject) {
            self.changed.push(subject);
        }
    }
}

#[async_trait]
impl Transaction for Tx {
    tessera_kernel::accessors!(events: EventLog);

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        if self.changed.is_empty() {
            return self.lease.commit().await;
        }
        let change = credentials::record(&mut self.lease, self.changed).await?;
        self.lease.commit().await?;
        // Before the response: this node rejects the credential from then on. Without a response, it learns of the change
        // like all others.
        self.credentials.record_own(&change);
        Ok(())
    }
}
