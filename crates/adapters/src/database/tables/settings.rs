//! Storage of organization settings.

use diesel::{OptionalExtension, prelude::*, upsert::excluded};
use diesel_async::RunQueryDsl;
use tessera_kernel::{OrganizationId, StoreError};
use tessera_orgs::model::Settings;

use crate::database::engine::{
    connection::{PooledConnection, with_connection},
    rows::parse_document,
    schema::settings,
    types::{DbDocument, DbId, DbInstant},
};

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = settings)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct SettingsRow {
    organization_id: DbId,
    data: DbDocument,
    version: i64,
    updated_at: DbInstant,
}

impl From<&Settings> for SettingsRow {
    fn from(settings: &Settings) -> Self {
        Self {
            organization_id: DbId(settings.organization_id.as_uuid()),
            data: DbDocument(settings.settings.as_json().to_owned()),
            version: settings.version,
            updated_at: DbInstant(settings.updated_at),
        }
    }
}

impl TryFrom<SettingsRow> for Settings {
    type Error = StoreError;

    fn try_from(row: SettingsRow) -> Result<Self, StoreError> {
        Ok(Self {
            organization_id: OrganizationId::from_uuid(row.organization_id.0),
            settings: parse_document("settings.data", row.data)?,
            version: row.version,
            updated_at: row.updated_at.0,
        })
    }
}

pub(super) async fn find(lease: &mut PooledConnection, id: OrganizationId) -> Result<Option<Settings>, StoreError> {
    let query = settings::table.find(DbId(id.as_uuid()));
    let row: Option<SettingsRow> =
        with_connection!(lease, |c| query.select(SettingsRow::as_select()).first(c).await.optional())?;
    row.map(Settings::try_from).transpose()
}

pub(super) async fn save(lease: &mut PooledConnection, kept: &Settings) -> Result<(), StoreError> {
    let upsert =
        diesel::insert_into(settings::table).values(SettingsRow::from(kept)).on_conflict(settings::organization_id);
    let upsert = upsert.do_update().set((
        settings::data.eq(excluded(settings::data)),
        settings::version.eq(excluded(settings::version)),
        settings::updated_at.eq(excluded(settings::updated_at)),
    ));
    with_connection!(lease, |c| upsert.execute(c).await).map(|_| ())
}
