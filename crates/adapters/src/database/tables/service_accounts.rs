//! Storage of service accounts.

use async_trait::async_trait;
use diesel::{OptionalExtension, prelude::*};
use tessera_apikeys::{
    model::{ServiceAccount, ServiceAccountState},
    ports::{ServiceAccounts, Slice, SliceRequest},
};
use tessera_kernel::{CreatorId, OrganizationId, ServiceAccountId, StoreError};

use super::apps;
use crate::database::engine::{
    connection::{PooledConnection, with_connection},
    rows::{count, parse, parse_optional},
    run_query::RunQueryDsl,
    schema::{organizations, service_accounts},
    transaction::Tx,
    types::{DbDocument, DbId, DbInstant},
};

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = service_accounts)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct AccountRow {
    id: DbId,
    organization_id: DbId,
    name: String,
    description: Option<String>,
    permissions: DbDocument,
    created_by: DbId,
    created_at: DbInstant,
    updated_at: DbInstant,
    disabled_at: Option<DbInstant>,
}

impl TryFrom<&ServiceAccount> for AccountRow {
    type Error = StoreError;

    fn try_from(account: &ServiceAccount) -> Result<Self, StoreError> {
        Ok(Self {
            id: DbId(account.id.as_uuid()),
            organization_id: DbId(account.organization_id.as_uuid()),
            name: account.name.to_string(),
            description: account.description.as_ref().map(ToString::to_string),
            permissions: apps::permissions_document(account.permissions.iter())?,
            created_by: DbId(account.created_by.as_uuid()),
            created_at: DbInstant(account.created_at),
            updated_at: DbInstant(account.updated_at),
            disabled_at: account.disabled_at().map(DbInstant),
        })
    }
}

impl TryFrom<AccountRow> for ServiceAccount {
    type Error = StoreError;

    fn try_from(row: AccountRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: ServiceAccountId::from_uuid(row.id.0),
            organization_id: OrganizationId::from_uuid(row.organization_id.0),
            name: parse("service_accounts.name", &row.name)?,
            description: parse_optional("service_accounts.description", row.description.as_deref())?,
            permissions: apps::permissions_of("service_accounts.permissions", &row.permissions)?,
            state: row.disabled_at.map_or(ServiceAccountState::Active, |at| ServiceAccountState::Disabled { at: at.0 }),
            created_by: CreatorId::from_uuid(row.created_by.0),
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    }
}

/// Selects the service accounts of an organization that is not deleted.
#[diesel::dsl::auto_type]
fn of_organization(organization: DbId) -> _ {
    service_accounts::table
        .inner_join(organizations::table.on(organizations::id.eq(service_accounts::organization_id)))
        .filter(organizations::deleted_at.is_null())
        .filter(service_accounts::organization_id.eq(organization))
}

pub(super) async fn find(
    lease: &mut PooledConnection,
    organization: OrganizationId,
    id: ServiceAccountId,
) -> Result<Option<ServiceAccount>, StoreError> {
    let query = of_organization(DbId(organization.as_uuid())).filter(service_accounts::id.eq(DbId(id.as_uuid())));
    let row: Option<AccountRow> =
        with_connection!(lease, |c| query.select(AccountRow::as_select()).first(c).await.optional())?;
    row.map(ServiceAccount::try_from).transpose()
}

pub(super) async fn list(
    lease: &mut PooledConnection,
    organization: OrganizationId,
    slice: SliceRequest,
) -> Result<Slice<ServiceAccount>, StoreError> {
    let query = of_organization(DbId(organization.as_uuid()))
        .order(service_accounts::id)
        .limit(slice.rows())
        .offset(i64::from(slice.offset.get()));
    let rows: Vec<AccountRow> = with_connection!(lease, |c| query.select(AccountRow::as_select()).load(c).await)?;
    let accounts = rows.into_iter().map(ServiceAccount::try_from).collect::<Result<_, _>>()?;
    Ok(Slice::from_rows(accounts, &slice))
}

#[async_trait]
impl ServiceAccounts for Tx {
    async fn count(&mut self, organization: OrganizationId) -> Result<u64, StoreError> {
        let of = service_accounts::organization_id.eq(DbId(organization.as_uuid()));
        let query = service_accounts::table.filter(of).count();
        let accounts: i64 = with_connection!(&mut self.lease, |c| query.get_result(c).await)?;
        count("service_accounts", accounts)
    }

    async fn find(
        &mut self,
        organization: OrganizationId,
        id: ServiceAccountId,
    ) -> Result<Option<ServiceAccount>, StoreError> {
        find(&mut self.lease, organization, id).await
    }

    async fn insert(&mut self, account: &ServiceAccount) -> Result<(), StoreError> {
        let insert = diesel::insert_into(service_accounts::table).values(AccountRow::try_from(account)?);
        with_connection!(&mut self.lease, |c| insert.execute(c).await).map(|_| ())
    }

    async fn update(&mut self, account: &ServiceAccount) -> Result<bool, StoreError> {
        self.invalidates(account.id.as_uuid());
        let row = AccountRow::try_from(account)?;
        let update = diesel::update(service_accounts::table.find(row.id)).set((
            service_accounts::name.eq(row.name),
            service_accounts::description.eq(row.description),
            service_accounts::permissions.eq(row.permissions),
            service_accounts::updated_at.eq(row.updated_at),
            service_accounts::disabled_at.eq(row.disabled_at),
        ));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }
}
