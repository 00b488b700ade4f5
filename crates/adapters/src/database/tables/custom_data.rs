//! Storage of the custom data of users.

use async_trait::async_trait;
use diesel::{OptionalExtension, prelude::*, upsert::excluded};
use diesel_async::RunQueryDsl;
use tessera_identity::{model::CustomData, ports::CustomDataRows};
use tessera_kernel::{StoreError, UserId};

use crate::database::engine::{
    connection::{PooledConnection, with_connection},
    rows::parse_document,
    schema::custom_data,
    transaction::Tx,
    types::{DbDocument, DbId, DbInstant},
};

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = custom_data)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct CustomDataRow {
    user_id: DbId,
    data: DbDocument,
    version: i64,
    created_at: DbInstant,
    updated_at: DbInstant,
}

impl From<&CustomData> for CustomDataRow {
    fn from(data: &CustomData) -> Self {
        Self {
            user_id: DbId(data.user_id.as_uuid()),
            data: DbDocument(data.data.as_json().to_owned()),
            version: data.version,
            created_at: DbInstant(data.created_at),
            updated_at: DbInstant(data.updated_at),
        }
    }
}

impl TryFrom<CustomDataRow> for CustomData {
    type Error = StoreError;

    fn try_from(row: CustomDataRow) -> Result<Self, StoreError> {
        Ok(Self {
            user_id: UserId::from_uuid(row.user_id.0),
            data: parse_document("custom_data.data", row.data)?,
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    }
}

pub(super) async fn find(lease: &mut PooledConnection, user: UserId) -> Result<Option<CustomData>, StoreError> {
    let query = custom_data::table.find(DbId(user.as_uuid()));
    let row: Option<CustomDataRow> =
        with_connection!(lease, |c| query.select(CustomDataRow::as_select()).first(c).await.optional())?;
    row.map(CustomData::try_from).transpose()
}

#[async_trait]
impl CustomDataRows for Tx {
    async fn find(&mut self, user: UserId) -> Result<Option<CustomData>, StoreError> {
        find(&mut self.lease, user).await
    }

    async fn save(&mut self, data: &CustomData) -> Result<(), StoreError> {
        let upsert = diesel::insert_into(custom_data::table)
            .values(CustomDataRow::from(data))
            .on_conflict(custom_data::user_id)
            .do_update()
            .set((
                custom_data::data.eq(excluded(custom_data::data)),
                custom_data::version.eq(excluded(custom_data::version)),
                custom_data::updated_at.eq(excluded(custom_data::updated_at)),
            ));
        with_connection!(&mut self.lease, |c| upsert.execute(c).await).map(|_| ())
    }
}
