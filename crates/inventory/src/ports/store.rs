//! Where items are kept.

use async_trait::async_trait;
use tessera_kernel::{ApplicationId, Page, PageRequest, StoreError};

use crate::model::{Item, ItemChange};

/// The storage of this domain. Every write is complete in itself, so there is no transaction to hand out.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ItemStore: Send + Sync {
    /// Makes the item that application and `sku` name, or changes it, with the version counted up. Gives the item as it is
    /// then; version 1 means that this call made it. `Ok(None)`, and nothing changes, when there is no such item and the
    /// application has `maximum` items already, however many are made at once. Conflict on [`StoreError::REFERENCE`] when
    /// there is no such application. A change of an item is one statement, and neither counts items nor locks more than
    /// the item.
    async fn upsert_item(&self, change: &ItemChange, maximum: Option<u64>) -> Result<Option<Item>, StoreError>;

    /// The items of an application, in ascending order of their id. Empty when it does not exist.
    async fn list_items(&self, application: ApplicationId, page: PageRequest) -> Result<Page<Item>, StoreError>;
}
