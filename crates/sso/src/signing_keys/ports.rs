//! Storage of the signing keys of service tokens.

use async_trait::async_trait;
use tessera_kernel::{StoreError, Transaction};

use super::model::{KeyId, Retirement, SigningKey};

/// Reads signing keys and opens transactions.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait SigningKeyStore: Send + Sync {
    /// Begins a transaction that may write. It locks no key until [`SigningKeys::lock_all`] is called, so transactions that
    /// only append to the audit trail do not wait for each other.
    async fn begin(&self) -> Result<Box<dyn SigningKeyTransaction>, StoreError>;

    /// Returns all keys, ordered by `signs_from`, then by id. There are only a few.
    async fn list_signing_keys(&self) -> Result<Vec<SigningKey>, StoreError>;
}

/// A transaction. Dropping it without a commit rolls it back.
pub trait SigningKeyTransaction: Transaction {
    /// Returns the signing keys in this transaction.
    fn signing_keys(&mut self) -> &mut dyn SigningKeys;
}

/// Signing keys in a transaction.
#[async_trait]
pub trait SigningKeys: Send {
    /// Reads all keys in the order of the list, and locks the set until the transaction ends. The lock works even if
    /// there are no keys.
    async fn lock_all(&mut self) -> Result<Vec<SigningKey>, StoreError>;

    /// Inserts a key. Fails with a conflict on `signing_keys_kid` if the id exists.
    async fn insert(&mut self, key: &SigningKey) -> Result<(), StoreError>;

    /// Sets the retirement times of a key. Returns `Ok(false)` if the key does not exist.
    async fn retire(&mut self, id: &KeyId, retirement: &Retirement) -> Result<bool, StoreError>;

    /// Deletes a key and its private part. Returns `Ok(false)` if the key does not exist.
    async fn delete(&mut self, id: &KeyId) -> Result<bool, StoreError>;
}
