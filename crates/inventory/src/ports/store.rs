//! Where items are kept.

use async_trait::async_trait;
use tessera_kernel::{ApplicationId, Page, PageRequest, StoreError};

use crate::model::{Item, ItemChange};

/// The storage of this domain. Every write is one statement, so there is no transaction to hand out.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ItemStore: Send + Sync {
    /// Makes the item that application and `sku` name, or changes it: in one statement, with the version counted up. Gives
    /// the item as it is then; version 1 means that this call made it. Conflict on [`StoreError::REFERENCE`] when there is
    /// no such application.
    async fn upsert_item(&self, change: &ItemChange) -> Result<Item, StoreError>;

    /// The items of an application, in ascending order of their id. Empty when it does not exist.
    async fn list_items(&self, application: ApplicationId, page: PageRequest) -> Result<Page<Item>, StoreError>;
}
