//! Storage of the organizations themselves.

use async_trait::async_trait;
use diesel::{OptionalExtension, prelude::*};
use diesel_async::RunQueryDsl;
use tessera_kernel::{OrganizationId, StoreError};
use tessera_orgs::{model::Organization, ports::Organizations};

use crate::database::engine::{
    connection::with_connection,
    rows::parse,
    schema::organizations,
    transaction::Tx,
    types::{DbId, DbInstant},
};

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = organizations)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(super) struct OrganizationRow {
    id: DbId,
    name: String,
    slug: String,
    created_at: DbInstant,
    updated_at: DbInstant,
}

impl From<&Organization> for OrganizationRow {
    fn from(organization: &Organization) -> Self {
        Self {
            id: DbId(organization.id.as_uuid()),
            name: organization.name.to_string(),
            slug: organization.slug.to_string(),
            created_at: DbInstant(organization.created_at),
            updated_at: DbInstant(organization.updated_at),
        }
    }
}

impl TryFrom<OrganizationRow> for Organization {
    type Error = StoreError;

    fn try_from(row: OrganizationRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: OrganizationId::from_uuid(row.id.0),
            name: parse("organizations.name", &row.name)?,
            slug: parse("organizations.slug", &row.slug)?,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    }
}

#[async_trait]
impl Organizations for Tx {
    async fn insert(&mut self, organization: &Organization) -> Result<(), StoreError> {
        let insert = diesel::insert_into(organizations::table).values(OrganizationRow::from(organization));
        with_connection!(&mut self.lease, |c| insert.execute(c).await).map(|_| ())
    }

    async fn update(&mut self, organization: &Organization) -> Result<bool, StoreError> {
        let update = diesel::update(organizations::table.find(DbId(organization.id.as_uuid()))).set((
            organizations::name.eq(organization.name.as_str()),
            organizations::slug.eq(organization.slug.as_str()),
            organizations::updated_at.eq(DbInstant(organization.updated_at)),
        ));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }

    async fn lock(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        let query = organizations::table.find(DbId(id.as_uuid()));
        let row: Option<OrganizationRow> = with_connection!(&mut self.lease, |c|
            postgres: query.select(OrganizationRow::as_select()).for_update().first(c).await.optional(),
            sqlite: query.select(OrganizationRow::as_select()).first(c).await.optional())?;
        row.map(Organization::try_from).transpose()
    }
}
