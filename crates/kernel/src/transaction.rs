//! What the transactions of all domains have in common.

use async_trait::async_trait;

use crate::{EventLog, StoreError};

/// A transaction of a store. Dropping it without a commit rolls it back. [`StoreError`] has the rules of all transactions.
///
/// A store may send statements later, to save round trips: the beginning, and what returns nothing. Their errors then come
/// from the next statement or from the commit. In any case the statements take effect in their order, and later ones see
/// the earlier ones.
///
/// The transaction of a domain extends this trait with the ports of the domain.
#[async_trait]
pub trait Transaction: Send {
    /// The audit trail in this transaction.
    fn events(&mut self) -> &mut dyn EventLog;

    /// Commits all changes atomically.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}
