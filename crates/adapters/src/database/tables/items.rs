//! Storage of inventory items.

use async_trait::async_trait;
use diesel::{OptionalExtension, dsl::exists, prelude::*};
use tessera_inventory::{
    model::{Item, ItemChange, Quantity},
    ports::ItemStore,
};
use tessera_kernel::{ApplicationId, ItemId, Page, PageRequest, StoreError, Transaction as _};

use super::apps;
use crate::database::engine::{
    SqlStore,
    connection::with_connection,
    rows::{after, corrupt, parse, parse_document, parse_optional, to_page},
    run_query::RunQueryDsl,
    schema::{applications, items},
    types::{DbDocument, DbId, DbInstant},
};

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = items)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct ItemRow {
    id: DbId,
    application_id: DbId,
    sku: String,
    name: Option<String>,
    description: Option<String>,
    quantity: i64,
    metadata: DbDocument,
    version: i64,
    created_at: DbInstant,
    updated_at: DbInstant,
}

/// Changes of an existing item. `None` keeps a column, `Some(None)` sets it to NULL.
#[expect(clippy::option_option, reason = "leaving alone and emptying are two things")]
#[derive(AsChangeset)]
#[diesel(table_name = items)]
struct ItemChangeset {
    name: Option<Option<String>>,
    description: Option<Option<String>>,
    quantity: Option<i64>,
    metadata: Option<DbDocument>,
}

/// The new item, if the change creates one.
impl From<&ItemChange> for ItemRow {
    fn from(change: &ItemChange) -> Self {
        Self {
            id: DbId(change.id.as_uuid()),
            application_id: DbId(change.application_id.as_uuid()),
            sku: change.sku.to_string(),
            name: change.name.as_ref().and_then(|name| name.as_ref().map(ToString::to_string)),
            description: change.description.as_ref().and_then(|text| text.as_ref().map(ToString::to_string)),
            quantity: change.quantity.unwrap_or_default().get(),
            metadata: DbDocument(change.metadata.clone().unwrap_or_default().as_json().to_owned()),
            version: 1,
            created_at: DbInstant(change.at),
            updated_at: DbInstant(change.at),
        }
    }
}

impl From<&ItemChange> for ItemChangeset {
    fn from(change: &ItemChange) -> Self {
        Self {
            name: change.name.as_ref().map(|name| name.as_ref().map(ToString::to_string)),
            description: change.description.as_ref().map(|text| text.as_ref().map(ToString::to_string)),
            quantity: change.quantity.map(Quantity::get),
            metadata: change.metadata.as_ref().map(|metadata| DbDocument(metadata.as_json().to_owned())),
        }
    }
}

impl TryFrom<ItemRow> for Item {
    type Error = StoreError;

    fn try_from(row: ItemRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: ItemId::from_uuid(row.id.0),
            application_id: ApplicationId::from_uuid(row.application_id.0),
            sku: parse("items.sku", &row.sku)?,
            name: parse_optional("items.name", row.name.as_deref())?,
            description: parse_optional("items.description", row.description.as_deref())?,
            quantity: row.quantity.try_into().map_err(|fault| corrupt("items.quantity", fault))?,
            metadata: parse_document("items.metadata", row.metadata)?,
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    }
}

/// Maximum number of attempts, because another request may create the same item concurrently.
const TRIES: usize = 3;

/// Result of an attempt to create an item.
enum Made {
    New(Item),
    /// Another request created the item first.
    Present,
    /// The application has reached its item limit.
    Full,
}

impl SqlStore {
    /// Updates an item in one statement, which locks only the item.
    async fn change_item(&self, change: &ItemChange) -> Result<Option<Item>, StoreError> {
        let mut tx = self.single_change().await?;
        let application = DbId(change.application_id.as_uuid());
        let item = items::table
            .filter(items::application_id.eq(application))
            .filter(items::sku.eq(change.sku.as_str()))
            .filter(exists(apps::existing(application)));
        let update = diesel::update(item).set((
            ItemChangeset::from(change),
            items::version.eq(items::version + 1),
            items::updated_at.eq(DbInstant(change.at)),
        ));
        let row: Option<ItemRow> = with_connection!(&mut tx.lease, |c| update
            .returning(ItemRow::as_returning())
            .get_result(c)
            .await
            .optional())?;
        let Some(row) = row else { return Ok(None) };
        tx.end_single_change().await?;
        row.try_into().map(Some)
    }

    /// Creates an item. The item counter of the application enforces the limit. The row of the application is locked
    /// until the commit, so that concurrent creations are counted one after the other.
    async fn make_item(&self, change: &ItemChange, maximum: Option<u64>) -> Result<Made, StoreError> {
        let mut tx = self.transaction().await?;
        let application = DbId(change.application_id.as_uuid());
        let most = maximum.map_or(i64::MAX, |maximum| i64::try_from(maximum).unwrap_or(i64::MAX));
        let counted = diesel::update(apps::existing(application).filter(applications::item_count.lt(most)))
            .set(applications::item_count.eq(applications::item_count + 1));
        if with_connection!(&mut tx.lease, |c| counted.execute(c).await)? == 0 {
            let known = diesel::select(exists(apps::existing(application)));
            let known: bool = with_connection!(&mut tx.lease, |c| known.get_result(c).await)?;
            return if known {
                Ok(Made::Full)
            } else {
                Err(StoreError::Conflict { key: StoreError::REFERENCE.to_owned() })
            };
        }
        let insert = diesel::insert_into(items::table)
            .values(ItemRow::from(change))
            .on_conflict((items::application_id, items::sku))
            .do_nothing();
        let row: Option<ItemRow> = with_connection!(&mut tx.lease, |c| insert
            .returning(ItemRow::as_returning())
            .get_result(c)
            .await
            .optional())?;
        let Some(row) = row else { return Ok(Made::Present) };
        Box::new(tx).commit().await?;
        row.try_into().map(Made::New)
    }
}

#[async_trait]
impl ItemStore for SqlStore {
    async fn upsert_item(&self, change: &ItemChange, maximum: Option<u64>) -> Result<Option<Item>, StoreError> {
        for _ in 0..TRIES {
            // The update comes first, because nearly all requests change an existing item.
            if let Some(item) = self.change_item(change).await? {
                return Ok(Some(item));
            }
            match self.make_item(change, maximum).await? {
                Made::New(item) => return Ok(Some(item)),
                Made::Present => {}
                // Another request may have created the item after the update, as the last one within the limit.
                Made::Full => return self.change_item(change).await,
            }
        }
        Err(StoreError::Busy)
    }

    async fn list_items(&self, application: ApplicationId, page: PageRequest) -> Result<Page<Item>, StoreError> {
        let mut lease = self.reader().await?;
        // The items of a deleted application are cleared later, so they are filtered out here.
        let query = items::table
            .inner_join(applications::table.on(applications::id.eq(items::application_id)))
            .filter(applications::deleted_at.is_null())
            .filter(items::application_id.eq(DbId(application.as_uuid())))
            .filter(items::id.gt(after(&page)))
            .order(items::id)
            .limit(page.rows());
        let rows: Vec<ItemRow> = with_connection!(&mut lease, |c| query.select(ItemRow::as_select()).load(c).await)?;
        to_page(rows, &page, |item: &Item| item.id.as_uuid())
    }
}
