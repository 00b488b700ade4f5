//! Storage of the organizations themselves.

mod clearing;

use async_trait::async_trait;
use diesel::{OptionalExtension, prelude::*};
use tessera_kernel::{OrganizationId, StoreError};
use tessera_orgs::{model::Organization, ports::Organizations};

use crate::database::engine::{
    clock::Now,
    connection::{PooledConnection, with_connection},
    rows::parse,
    run_query::RunQueryDsl,
    schema::{applications, organizations},
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
    mfa_required: bool,
}

impl From<&Organization> for OrganizationRow {
    fn from(organization: &Organization) -> Self {
        Self {
            id: DbId(organization.id.as_uuid()),
            name: organization.name.to_string(),
            slug: organization.slug.to_string(),
            created_at: DbInstant(organization.created_at),
            updated_at: DbInstant(organization.updated_at),
            mfa_required: organization.mfa_required,
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
            mfa_required: row.mfa_required,
        })
    }
}

/// Selects an organization unless it is deleted. The row of a deleted organization remains until it is cleared.
#[diesel::dsl::auto_type]
pub(super) fn existing(id: DbId) -> _ {
    organizations::table.filter(organizations::id.eq(id)).filter(organizations::deleted_at.is_null())
}

/// Selects the applications of an organization that are not deleted.
#[diesel::dsl::auto_type]
pub(super) fn of_organization(id: DbId) -> _ {
    applications::table.filter(applications::organization_id.eq(id)).filter(applications::deleted_at.is_null())
}

pub(super) use clearing::clear_deleted;

#[async_trait]
impl Organizations for Tx {
    async fn insert(&mut self, organization: &Organization) -> Result<(), StoreError> {
        let insert = diesel::insert_into(organizations::table).values(OrganizationRow::from(organization));
        with_connection!(&mut self.lease, |c| insert.execute(c).await).map(|_| ())
    }

    async fn update(&mut self, organization: &Organization) -> Result<bool, StoreError> {
        // The cached access of each member contains whether MFA is required.
        self.invalidates(organization.id.as_uuid());
        let update = diesel::update(existing(DbId(organization.id.as_uuid()))).set((
            organizations::name.eq(organization.name.as_str()),
            organizations::slug.eq(organization.slug.as_str()),
            organizations::updated_at.eq(DbInstant(organization.updated_at)),
            organizations::mfa_required.eq(organization.mfa_required),
        ));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }

    async fn delete(&mut self, id: OrganizationId) -> Result<bool, StoreError> {
        self.invalidates(id.as_uuid());
        let id = DbId(id.as_uuid());
        // This only marks the rows of the organization and of its applications. A deletion of all rows here would block
        // all other writers. No slug has this character, so the new text is free, and the slug becomes free.
        let slug = format!("~{}", id.0);
        let mark = diesel::update(existing(id))
            .set((organizations::deleted_at.eq(Now.nullable()), organizations::slug.eq(slug)));
        if with_connection!(&mut self.lease, |c| mark.execute(c).await)? == 0 {
            return Ok(false);
        }
        let mark = diesel::update(of_organization(id)).set(applications::deleted_at.eq(Now.nullable()));
        with_connection!(&mut self.lease, |c| mark.execute(c).await)?;
        Ok(true)
    }

    async fn lock(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        let query = existing(DbId(id.as_uuid()));
        let row: Option<OrganizationRow> = with_connection!(&mut self.lease, |c|
            postgres: query.select(OrganizationRow::as_select()).for_update().first(c).await.optional(),
            sqlite: query.select(OrganizationRow::as_select()).first(c).await.optional())?;
        row.map(Organization::try_from).transpose()
    }
}

/// Locks an organization for transactions that add to it, and returns whether it exists. Its members can still be read
/// and added.
pub(super) async fn lock_organization(lease: &mut PooledConnection, id: DbId) -> Result<bool, StoreError> {
    let query = existing(id).select(organizations::id);
    let found: Option<DbId> = with_connection!(lease, |c|
        postgres: query.for_no_key_update().first(c).await.optional(),
        // SQLite has one writer, so it needs no row lock.
        sqlite: query.first(c).await.optional())?;
    Ok(found.is_some())
}
