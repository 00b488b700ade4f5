//! Where the keys of service tokens are kept.

use async_trait::async_trait;
use tessera_kernel::{EventLog, StoreError};

use crate::model::{KeyId, Retirement, SigningKey};

/// The storage of signing keys: one read, and transactions.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait SigningKeyStore: Send + Sync {
    /// Opens a transaction that may write.
    async fn begin(&self) -> Result<Box<dyn SigningKeyTransaction>, StoreError>;

    /// Every key, in ascending order of `signs_from`, then of the id. There are a few at most.
    async fn list_signing_keys(&self) -> Result<Vec<SigningKey>, StoreError>;
}

/// A transaction. What is not committed never happened; dropping it rolls back.
#[async_trait]
pub trait SigningKeyTransaction: Send {
    /// Signing keys, in this transaction.
    fn signing_keys(&mut self) -> &mut dyn SigningKeys;

    /// The audit trail, in this transaction.
    fn events(&mut self) -> &mut dyn EventLog;

    /// Makes all of it durable and visible at once.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// Signing keys.
#[async_trait]
pub trait SigningKeys: Send {
    /// Reads every key, in the order of the list, and keeps everybody else from locking them, none or many, until the
    /// transaction ends.
    async fn lock_all(&mut self) -> Result<Vec<SigningKey>, StoreError>;

    /// Adds a key. Conflict on `signing_keys_kid` when the id is taken.
    async fn insert(&mut self, key: &SigningKey) -> Result<(), StoreError>;

    /// Sets the end of a key. `Ok(false)` when there is no such key.
    async fn retire(&mut self, id: &KeyId, retirement: &Retirement) -> Result<bool, StoreError>;

    /// Removes a key, its private part too. `Ok(false)` when there is no such key.
    async fn delete(&mut self, id: &KeyId) -> Result<bool, StoreError>;
}
