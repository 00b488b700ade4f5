//! A transaction of either database. The modules of the tables implement the ports of the domains for it.

use std::sync::Arc;

use async_trait::async_trait;
use diesel::{ExpressionMethods, QueryDsl};
use tessera_kernel::{EventLog, IdempotencyClaim, StoreError, Transaction, idempotent_request::Effect};
use tracing::Span;
use uuid::Uuid;

use super::{
    connection::{PooledConnection, with_connection},
    credentials::{self, Credentials},
    run_query::RunQueryDsl,
    schema::idempotency_keys,
    types::DbId,
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
    pub(super) effect: Option<Effect>,
    /// Ends with the transaction.
    pub(super) _span: Span,
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

    /// Ends what [`SqlStore::single_change`](super::SqlStore::single_change) began. Without an idempotency key, the
    /// statement has committed by itself.
    pub(in crate::database) async fn end_single_change(self) -> Result<(), StoreError> {
        if self.effect.is_some() { Box::new(self).commit().await } else { Ok(()) }
    }

    /// Marks the claim of the request, or checks that the request still has it. The row stays locked until the commit, so
    /// that no other request can take the claim over in between.
    async fn hold_claim(&mut self) -> Result<(), StoreError> {
        let rows = match self.effect {
            None => return Ok(()),
            Some(Effect::Change(claim)) => {
                let mark = diesel::update(held(claim)).set(idempotency_keys::marked.eq(true));
                with_connection!(&mut self.lease, |c| mark.execute(c).await)?
            }
            Some(Effect::Preparation(claim)) => {
                let check =
                    diesel::update(held(claim)).set(idempotency_keys::owner.eq(DbId(Uuid::from_u128(claim.owner))));
                with_connection!(&mut self.lease, |c| check.execute(c).await)?
            }
        };
        if rows > 0 {
            return Ok(());
        }
        self.lease.count_error(&StoreError::Superseded);
        Err(StoreError::Superseded)
    }
}

/// Selects the row of a claim, if the request still has it.
#[diesel::dsl::auto_type]
pub(in crate::database) fn held(claim: IdempotencyClaim) -> _ {
    let (key, owner): (Vec<u8>, DbId) = (claim.key.as_bytes().to_vec(), DbId(Uuid::from_u128(claim.owner)));
    idempotency_keys::table.find(key).filter(idempotency_keys::owner.eq(owner))
}

#[async_trait]
impl Transaction for Tx {
    tessera_kernel::accessors!(events: EventLog);

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        self.hold_claim().await?;
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
