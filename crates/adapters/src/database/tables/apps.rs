//! Storage of applications.

mod clearing;

use async_trait::async_trait;
use diesel::{OptionalExtension, prelude::*};
use tessera_apps::{
    model::{Application, ApplicationDescription, DeclaredPermissions, RedirectUri, RedirectUris},
    ports::{AppStore, AppTransaction, Applications},
};
use tessera_kernel::{ApplicationId, OrganizationId, Page, PageRequest, Permission, PermissionSet, StoreError};

use super::organizations::{lock_organization, of_organization};
use crate::database::engine::{
    SqlStore,
    clock::Now,
    connection::{PooledConnection, with_connection},
    rows::{after, corrupt, count, from_document, parse, parse_optional, to_document, to_page},
    run_query::RunQueryDsl,
    schema::applications,
    transaction::Tx,
    types::{DbDocument, DbId, DbInstant},
};

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = applications)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct ApplicationRow {
    id: DbId,
    organization_id: DbId,
    name: String,
    description: Option<String>,
    redirect_uris: DbDocument,
    permissions: DbDocument,
    created_at: DbInstant,
    updated_at: DbInstant,
}

fn uris_document(uris: &RedirectUris) -> Result<DbDocument, StoreError> {
    to_document(&uris.iter().map(RedirectUri::as_str).collect::<Vec<_>>())
}

/// The column that stores a set of permissions.
pub(super) fn permissions_document<'a>(
    permissions: impl Iterator<Item = &'a Permission>,
) -> Result<DbDocument, StoreError> {
    to_document(&permissions.map(Permission::as_str).collect::<Vec<_>>())
}

/// The permissions that a column stores.
pub(super) fn permissions_of(column: &'static str, document: &DbDocument) -> Result<PermissionSet, StoreError> {
    let names: Vec<&str> = from_document(column, document)?;
    names.into_iter().map(|name| parse(column, name)).collect()
}

impl TryFrom<&Application> for ApplicationRow {
    type Error = StoreError;

    fn try_from(application: &Application) -> Result<Self, StoreError> {
        Ok(Self {
            id: DbId(application.id.as_uuid()),
            organization_id: DbId(application.organization_id.as_uuid()),
            name: application.name.to_string(),
            description: application.description.as_ref().map(ToString::to_string),
            redirect_uris: uris_document(&application.redirect_uris)?,
            permissions: permissions_document(application.permissions.iter())?,
            created_at: DbInstant(application.created_at),
            updated_at: DbInstant(application.updated_at),
        })
    }
}

impl TryFrom<ApplicationRow> for Application {
    type Error = StoreError;

    fn try_from(row: ApplicationRow) -> Result<Self, StoreError> {
        const URIS: &str = "applications.redirect_uris";
        const PERMISSIONS: &str = "applications.permissions";
        let uris: Vec<String> = from_document(URIS, &row.redirect_uris)?;
        let uris = uris.iter().map(|uri| RedirectUri::from_storage(uri).map_err(|fault| corrupt(URIS, fault)));
        let uris = uris.collect::<Result<Vec<_>, _>>()?;
        let permissions = permissions_of(PERMISSIONS, &row.permissions)?;
        Ok(Self {
            id: ApplicationId::from_uuid(row.id.0),
            organization_id: OrganizationId::from_uuid(row.organization_id.0),
            name: parse("applications.name", &row.name)?,
            description: parse_optional("applications.description", row.description.as_deref())?,
            redirect_uris: RedirectUris::try_from(uris).map_err(|fault| corrupt(URIS, fault))?,
            permissions: DeclaredPermissions::try_from(permissions).map_err(|fault| corrupt(PERMISSIONS, fault))?,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    }
}

/// Selects an application unless it is deleted. The row of a deleted application remains until it is cleared.
#[diesel::dsl::auto_type]
pub(super) fn existing(id: DbId) -> _ {
    applications::table.filter(applications::id.eq(id)).filter(applications::deleted_at.is_null())
}

/// Reads an application with a shared lock. Other transactions cannot change or delete it until this transaction ends.
/// Several transactions may hold the lock concurrently.
pub(super) async fn hold(lease: &mut PooledConnection, id: DbId) -> Result<Option<Application>, StoreError> {
    let query = existing(id);
    let row: Option<ApplicationRow> = with_connection!(lease, |c|
        postgres: query.select(ApplicationRow::as_select()).for_share().first(c).await.optional(),
        // SQLite has one writer, so it needs no row lock.
        sqlite: query.select(ApplicationRow::as_select()).first(c).await.optional())?;
    row.map(Application::try_from).transpose()
}

#[async_trait]
impl AppStore for SqlStore {
    async fn begin(&self) -> Result<Box<dyn AppTransaction>, StoreError> {
        Ok(Box::new(self.transaction().await?))
    }

    async fn find_application(&self, id: ApplicationId) -> Result<Option<Application>, StoreError> {
        let mut lease = self.reader().await?;
        let query = existing(DbId(id.as_uuid()));
        let row: Option<ApplicationRow> =
            with_connection!(&mut lease, |c| query.select(ApplicationRow::as_select()).first(c).await.optional())?;
        row.map(Application::try_from).transpose()
    }

    async fn list_applications(
        &self,
        organization: OrganizationId,
        page: PageRequest,
    ) -> Result<Page<Application>, StoreError> {
        let mut lease = self.reader().await?;
        let query = of_organization(DbId(organization.as_uuid()))
            .filter(applications::id.gt(after(&page)))
            .order(applications::id)
            .limit(page.rows());
        let rows: Vec<ApplicationRow> =
            with_connection!(&mut lease, |c| query.select(ApplicationRow::as_select()).load(c).await)?;
        to_page(rows, &page, |application: &Application| application.id.as_uuid())
    }

    async fn clear_deleted(&self, most: u32) -> Result<u64, StoreError> {
        clearing::clear_deleted(self, most).await
    }
}

impl AppTransaction for Tx {
    tessera_kernel::accessors!(applications: Applications);
}

#[async_trait]
impl Applications for Tx {
    async fn insert(&mut self, application: &Application) -> Result<(), StoreError> {
        let insert = diesel::insert_into(applications::table).values(ApplicationRow::try_from(application)?);
        with_connection!(&mut self.lease, |c| insert.execute(c).await).map(|_| ())
    }

    async fn lock_and_count(&mut self, of: OrganizationId) -> Result<Option<u64>, StoreError> {
        let of = DbId(of.as_uuid());
        if !lock_organization(&mut self.lease, of).await? {
            return Ok(None);
        }
        let query = of_organization(of).count();
        let applications: i64 = with_connection!(&mut self.lease, |c| query.get_result(c).await)?;
        count("applications", applications).map(Some)
    }

    async fn lock(&mut self, id: ApplicationId) -> Result<Option<Application>, StoreError> {
        let query = existing(DbId(id.as_uuid()));
        let row: Option<ApplicationRow> = with_connection!(&mut self.lease, |c|
            postgres: query.select(ApplicationRow::as_select()).for_update().first(c).await.optional(),
            sqlite: query.select(ApplicationRow::as_select()).first(c).await.optional())?;
        row.map(Application::try_from).transpose()
    }

    async fn update(&mut self, application: &Application) -> Result<bool, StoreError> {
        let update = diesel::update(existing(DbId(application.id.as_uuid()))).set((
            applications::name.eq(application.name.as_str()),
            applications::description.eq(application.description.as_ref().map(ApplicationDescription::as_str)),
            applications::redirect_uris.eq(uris_document(&application.redirect_uris)?),
            applications::permissions.eq(permissions_document(application.permissions.iter())?),
            applications::updated_at.eq(DbInstant(application.updated_at)),
        ));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }

    async fn delete(&mut self, id: ApplicationId) -> Result<bool, StoreError> {
        self.invalidates(id.as_uuid());
        // This only marks the row. A deletion of all keys and items here would block all other writers.
        let mark = diesel::update(existing(DbId(id.as_uuid()))).set(applications::deleted_at.eq(Now.nullable()));
        with_connection!(&mut self.lease, |c| mark.execute(c).await).map(|rows| rows > 0)
    }
}
