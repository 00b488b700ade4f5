//! Storage of system data, which organizations keep about their users.

use diesel::{OptionalExtension, prelude::*, upsert::excluded};
use diesel_async::RunQueryDsl;
use tessera_kernel::{OrganizationId, Page, PageRequest, StoreError, UserId};
use tessera_orgs::model::{SystemData, SystemDataEntry};

use crate::database::engine::{
    connection::{PooledConnection, with_connection},
    rows::{after, parse_document},
    schema::system_data,
    types::{DbDocument, DbId, DbInstant},
};

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = system_data)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct SystemDataRow {
    organization_id: DbId,
    user_id: DbId,
    data: DbDocument,
    version: i64,
    created_at: DbInstant,
    updated_at: DbInstant,
}

impl From<&SystemData> for SystemDataRow {
    fn from(data: &SystemData) -> Self {
        Self {
            organization_id: DbId(data.organization_id.as_uuid()),
            user_id: DbId(data.user_id.as_uuid()),
            data: DbDocument(data.data.as_json().to_owned()),
            version: data.version,
            created_at: DbInstant(data.created_at),
            updated_at: DbInstant(data.updated_at),
        }
    }
}

impl TryFrom<SystemDataRow> for SystemData {
    type Error = StoreError;

    fn try_from(row: SystemDataRow) -> Result<Self, StoreError> {
        Ok(Self {
            organization_id: OrganizationId::from_uuid(row.organization_id.0),
            user_id: UserId::from_uuid(row.user_id.0),
            data: parse_document("system_data.data", row.data)?,
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    }
}

pub(super) async fn find(
    lease: &mut PooledConnection,
    id: OrganizationId,
    user: UserId,
) -> Result<Option<SystemData>, StoreError> {
    let query = system_data::table.find((DbId(id.as_uuid()), DbId(user.as_uuid())));
    let row: Option<SystemDataRow> =
        with_connection!(lease, |c| query.select(SystemDataRow::as_select()).first(c).await.optional())?;
    row.map(SystemData::try_from).transpose()
}

/// Lists entries without their data: a page with data could have several megabytes.
pub(super) async fn list(
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

pub(super) async fn save(lease: &mut PooledConnection, data: &SystemData) -> Result<(), StoreError> {
    let upsert = diesel::insert_into(system_data::table)
        .values(SystemDataRow::from(data))
        .on_conflict((system_data::organization_id, system_data::user_id))
        .do_update()
        .set((
            system_data::data.eq(excluded(system_data::data)),
            system_data::version.eq(excluded(system_data::version)),
            system_data::updated_at.eq(excluded(system_data::updated_at)),
        ));
    with_connection!(lease, |c| upsert.execute(c).await).map(|_| ())
}
