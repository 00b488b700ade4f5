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
    /// changes, and users whose profile it changes.
    pub(super) changed: Vec<Uuid>,
    /// The user that this transaction has added. No node has cached anything about them.
    pub(in crate::database) added: Option<Uuid>,
    pub(super) credentials: Arc<Credentials>,
}

impl Tx {
    /// Notes that the transaction changes something that nodes cache. What they have read about the subject is invalid
    /// after the commit.
    pub(in crate::database) fn invalidates(&mut self, subject: Uuid) {
        if self.added != Some(subject) && !self.changed.contains(&subject) {
            self.credentials.distrust(subject);
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
        self.credentials.expect_own(&change);
        self.lease.commit().await?;
        // Before the response: this node rejects the credential from then on. Without a response, it learns of the change
        // like all others.
        self.credentials.record_own(&change);
        Ok(())
    }
}
