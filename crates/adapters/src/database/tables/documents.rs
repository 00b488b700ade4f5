//! Storage of settings, system data and custom data.

use async_trait::async_trait;
use diesel::{OptionalExtension, prelude::*, upsert::excluded};
use tessera_identity::ports::CustomDataRows;
use tessera_kernel::{OrganizationId, Page, PageRequest, StoreError, UserId, VersionedDocument};
use tessera_orgs::{
    model::{Organization, SystemDataEntry},
    ports::OrgDocuments,
};
use time::OffsetDateTime;

use crate::database::engine::{
    connection::{PooledConnection, with_connection},
    rows::{after, parse_document},
    run_query::RunQueryDsl,
    schema::{custom_data, settings, system_data},
    transaction::Tx,
    types::{DbDocument, DbId, DbInstant},
};

/// The columns that all three tables have: data, version, time of the last write.
type DocumentRow = (DbDocument, i64, DbInstant);

fn document(column: &str, row: DocumentRow, created_at: OffsetDateTime) -> Result<VersionedDocument, StoreError> {
    let (data, version, updated_at) = row;
    Ok(VersionedDocument { data: parse_document(column, data)?, version, created_at, updated_at: updated_at.0 })
}

/// Inserts the document, or replaces the earlier one and keeps its key and creation time.
macro_rules! save {
    ($lease:expr, $table:ident, $document:expr, $($column:ident: $value:expr),+) => {{
        let upsert = diesel::insert_into($table::table)
            .values((
                $($table::$column.eq($value),)+
                $table::data.eq(DbDocument($document.data.as_json().to_owned())),
                $table::version.eq($document.version),
                $table::updated_at.eq(DbInstant($document.updated_at)),
            ))
            .on_conflict($table::table.primary_key())
            .do_update()
            .set((
                $table::data.eq(excluded($table::data)),
                $table::version.eq(excluded($table::version)),
                $table::updated_at.eq(excluded($table::updated_at)),
            ));
        with_connection!($lease, |c| upsert.execute(c).await).map(|_| ())
    }};
}

pub(super) async fn find_settings(
    lease: &mut PooledConnection,
    of: &Organization,
) -> Result<Option<VersionedDocument>, StoreError> {
    let query = settings::table.find(DbId(of.id.as_uuid()));
    let query = query.select((settings::data, settings::version, settings::updated_at));
    let row: Option<DocumentRow> = with_connection!(lease, |c| query.first(c).await.optional())?;
    row.map(|row| document("settings.data", row, of.created_at)).transpose()
}

pub(super) async fn find_system_data(
    lease: &mut PooledConnection,
    id: OrganizationId,
    user: UserId,
) -> Result<Option<VersionedDocument>, StoreError> {
    let query = system_data::table.find((DbId(id.as_uuid()), DbId(user.as_uuid())));
    let query =
        query.select(((system_data::data, system_data::version, system_data::updated_at), system_data::created_at));
    let row: Option<(DocumentRow, DbInstant)> = with_connection!(lease, |c| query.first(c).await.optional())?;
    row.map(|(row, created_at)| document("system_data.data", row, created_at.0)).transpose()
}

/// Lists entries without their data: a page with data could have several megabytes.
pub(super) async fn list_system_data(
    lease: &mut PooledConnection,
    id: OrganizationId,
    page: PageRequest,
) -> Result<Page<SystemDataEntry>, StoreError> {
    let query = system_data::table
        .filter(system_data::organization_id.eq(DbId(id.as_uuid())))
        .filter(system_data::user_id.gt(after(&page)))
        .order(system_data::user_id)
        .limit(page.rows())
        .select((system_data::user_id, system_data::version, system_data::updated_at));
    let rows: Vec<(DbId, i64, DbInstant)> = with_connection!(lease, |c| query.load(c).await)?;
    let found = rows.into_iter().map(|(user, version, updated_at)| SystemDataEntry {
        user_id: UserId::from_uuid(user.0),
        version,
        updated_at: updated_at.0,
    });
    Ok(Page::from_rows(found.collect(), &page, |entry| entry.user_id.as_uuid()))
}

pub(super) async fn find_custom_data(
    lease: &mut PooledConnection,
    user: UserId,
) -> Result<Option<VersionedDocument>, StoreError> {
    let query = custom_data::table.find(DbId(user.as_uuid()));
    let query =
        query.select(((custom_data::data, custom_data::version, custom_data::updated_at), custom_data::created_at));
    let row: Option<(DocumentRow, DbInstant)> = with_connection!(lease, |c| query.first(c).await.optional())?;
    row.map(|(row, created_at)| document("custom_data.data", row, created_at.0)).transpose()
}

#[async_trait]
impl OrgDocuments for Tx {
    async fn find_settings(&mut self, of: &Organization) -> Result<Option<VersionedDocument>, StoreError> {
        find_settings(&mut self.lease, of).await
    }

    async fn save_settings(&mut self, id: OrganizationId, settings: &VersionedDocument) -> Result<(), StoreError> {
        save!(&mut self.lease, settings, settings, organization_id: DbId(id.as_uuid()))
    }

    async fn find_system_data(
        &mut self,
        id: OrganizationId,
        user: UserId,
    ) -> Result<Option<VersionedDocument>, StoreError> {
        find_system_data(&mut self.lease, id, user).await
    }

    async fn save_system_data(
        &mut self,
        id: OrganizationId,
        user: UserId,
        data: &VersionedDocument,
    ) -> Result<(), StoreError> {
        save!(
            &mut self.lease, system_data, data,
            organization_id: DbId(id.as_uuid()), user_id: DbId(user.as_uuid()), created_at: DbInstant(data.created_at)
        )
    }
}

#[async_trait]
impl CustomDataRows for Tx {
    async fn find(&mut self, user: UserId) -> Result<Option<VersionedDocument>, StoreError> {
        find_custom_data(&mut self.lease, user).await
    }

    async fn save(&mut self, user: UserId, data: &VersionedDocument) -> Result<(), StoreError> {
        save!(
            &mut self.lease, custom_data, data,
            user_id: DbId(user.as_uuid()), created_at: DbInstant(data.created_at)
        )
    }
}
