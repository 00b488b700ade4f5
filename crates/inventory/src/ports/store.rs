//! The storage port of items.

use async_trait::async_trait;
use tessera_kernel::{ApplicationId, Page, PageRequest, StoreError};

use crate::model::{Item, ItemChange};

/// The storage of this domain. Each write is one complete operation, so there are no transactions.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ItemStore: Send + Sync {
    /// Creates the item that the application and the `sku` identify, or changes it and increments its version. Two SKUs
    /// that differ in case or accents identify two items. Metadata are stored byte for byte. Returns the item after the
    /// change; version 1 means that this call created it. A change ignores the id of `change`. Returns `Ok(None)`, and changes nothing,
    /// if the item does not exist and the application already has `maximum` items. This also holds for concurrent
    /// calls. Fails with a conflict on [`StoreError::REFERENCE`] if the application does not exist. A change of an item
    /// is one statement that does not count items and locks only the item.
    async fn upsert_item(&self, change: &ItemChange, maximum: Option<u64>) -> Result<Option<Item>, StoreError>;

    /// Returns the items of an application, in ascending order of their ids. Empty if the application does not exist.
    async fn list_items(&self, application: ApplicationId, page: PageRequest) -> Result<Page<Item>, StoreError>;
}
