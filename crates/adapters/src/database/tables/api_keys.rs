//! Storage of API keys.

mod changes;
mod counters;
mod find;
mod restrictions;
mod rows;

use async_trait::async_trait;
use diesel::{NullableExpressionMethods, OptionalExtension, dsl::sum, prelude::*};
use tessera_apikeys::{
    leaks::OrganizationOwner,
    model::{ApiKey, FoundKey, KeyKind, KeyOwner, KeySecret, SecretUse, ServiceAccount, StoredKey},
    ports::{ApiKeyRows, ApiKeyStore, ApiKeyTransaction, KeyCounters, KeyCounts, ServiceAccounts, Slice, SliceRequest},
};
use tessera_kernel::{
    ApiKeyId, ApplicationId, EmailAddress, OrganizationId, Page, PageRequest, PermissionSet, Role, SecretHash,
    ServiceAccountId, StoreError, UserId,
};
use tessera_outbox::Outbox;
use time::OffsetDateTime;

use self::rows::{FullRow, KeyRow};
use super::{apps, organizations, service_accounts as accounts};
use crate::database::engine::{
    SqlStore,
    connection::{PooledConnection, with_connection},
    rows::{after, count, parse, parse_optional, to_page},
    run_query::RunQueryDsl,
    schema::{api_keys, applications, memberships, organizations as organization_rows, previous_key_secrets, users},
    transaction::Tx,
    types::{DbDocument, DbId, DbInstant},
};

#[async_trait]
impl ApiKeyStore for SqlStore {
    async fn begin(&self) -> Result<Box<dyn ApiKeyTransaction>, StoreError> {
        Ok(Box::new(self.transaction().await?))
    }

    async fn find_key_by_hash(&self, kind: KeyKind, hash: &SecretHash) -> Result<Option<FoundKey>, StoreError> {
        let read = async { find::by_secret(&mut self.reader().await?, kind, hash).await };
        self.credentials.keys.find((kind, *hash), read).await
    }

    async fn find_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        find::by_id(&mut self.reader().await?, id).await
    }

    async fn list_keys(&self, application: ApplicationId, page: PageRequest) -> Result<Page<ApiKey>, StoreError> {
        let mut lease = self.reader().await?;
        let query = find::of_applications()
            .left_join(previous_key_secrets::table.on(find::previous_secret()))
            .filter(api_keys::application_id.eq(DbId(application.as_uuid())))
            .filter(api_keys::id.gt(after(&page)))
            .order(api_keys::id)
            .limit(page.rows());
        let rows: Vec<FullRow> = with_connection!(&mut lease, |c| query.select(FullRow::as_select()).load(c).await)?;
        to_page(rows, &page, |key: &ApiKey| key.id.as_uuid())
    }

    async fn list_organization_keys(
        &self,
        organization: OrganizationId,
        of: Option<UserId>,
        slice: SliceRequest,
    ) -> Result<Slice<ApiKey>, StoreError> {
        let mut lease = self.reader().await?;
        let all = find::of_organizations()
            .left_join(previous_key_secrets::table.on(find::previous_secret()))
            .filter(api_keys::organization_id.eq(DbId(organization.as_uuid())));
        let window = (slice.rows(), i64::from(slice.offset.get()));
        let rows: Vec<FullRow> = match of {
            None => {
                let query = all.order(api_keys::id).limit(window.0).offset(window.1);
                with_connection!(&mut lease, |c| query.select(FullRow::as_select()).load(c).await)?
            }
            Some(user) => {
                let own = all.filter(api_keys::user_id.eq(DbId(user.as_uuid())));
                let query = own.order(api_keys::id).limit(window.0).offset(window.1);
                with_connection!(&mut lease, |c| query.select(FullRow::as_select()).load(c).await)?
            }
        };
        let keys = rows.into_iter().map(ApiKey::try_from).collect::<Result<_, _>>()?;
        Ok(Slice::from_rows(keys, &slice))
    }

    async fn find_service_account(
        &self,
        organization: OrganizationId,
        id: ServiceAccountId,
    ) -> Result<Option<ServiceAccount>, StoreError> {
        accounts::find(&mut self.reader().await?, organization, id).await
    }

    async fn list_service_accounts(
        &self,
        organization: OrganizationId,
        slice: SliceRequest,
    ) -> Result<Slice<ServiceAccount>, StoreError> {
        accounts::list(&mut self.reader().await?, organization, slice).await
    }

    async fn record_uses(&self, uses: &[SecretUse]) -> Result<(), StoreError> {
        if uses.is_empty() {
            return Ok(());
        }
        let mut tx = self.transaction().await?;
        tx.lease.without_total_limit();
        // In the given order: the order of the caller prevents a deadlock between two batches.
        let previous = changes::record_present_uses(&mut tx.lease, uses).await?;
        tx.lease.commit().await?;
        if previous.is_empty() {
            return Ok(());
        }
        // In a transaction of its own, because the keys of both together would not be locked in the order.
        let mut tx = self.transaction().await?;
        tx.lease.without_total_limit();
        for used in previous {
            changes::record_previous_use(&mut tx.lease, used).await?;
        }
        tx.lease.commit().await
    }
}

impl ApiKeyTransaction for Tx {
    tessera_kernel::accessors!(keys: ApiKeyRows, counters: KeyCounters, service_accounts: ServiceAccounts, outbox: Outbox);
}

/// The active keys of one owner in an organization, the keys of its applications, and its other keys.
async fn count_keys(
    lease: &mut PooledConnection,
    organization: OrganizationId,
    owner: KeyOwner,
    at: OffsetDateTime,
) -> Result<(Option<i64>, Option<i64>, Option<i32>), StoreError> {
    // The organization and each application have a key counter, so this reads one row for each and not one row per key.
    let of_applications = organizations::of_organization(DbId(organization.as_uuid()))
        .select(sum(applications::key_count))
        .single_value();
    let organization = DbId(organization.as_uuid());
    let own = organizations::existing(organization).select(organization_rows::key_count).single_value();
    let active = api_keys::table
        .filter(api_keys::organization_id.eq(organization))
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.gt(DbInstant(at))));
    match owner {
        KeyOwner::Application(id) => {
            let active = active.filter(api_keys::application_id.eq(DbId(id.as_uuid()))).count().single_value();
            let query = diesel::select((active, of_applications, own));
            with_connection!(lease, |c| query.get_result(c).await)
        }
        KeyOwner::User(id) => {
            let user = DbId(id.as_uuid());
            // Keys of an ended membership are not valid.
            let membership = memberships::table.find((organization, user)).select(memberships::joined_at.nullable());
            let of_user = active.filter(api_keys::user_id.eq(user));
            let active = of_user.filter(api_keys::member_since.eq_any(membership)).count().single_value();
            let query = diesel::select((active, of_applications, own));
            with_connection!(lease, |c| query.get_result(c).await)
        }
        KeyOwner::ServiceAccount(id) => {
            let active = active.filter(api_keys::service_account_id.eq(DbId(id.as_uuid()))).count().single_value();
            let query = diesel::select((active, of_applications, own));
            with_connection!(lease, |c| query.get_result(c).await)
        }
    }
}

fn missing() -> StoreError {
    StoreError::Conflict { key: StoreError::REFERENCE.to_owned() }
}

#[async_trait]
impl ApiKeyRows for Tx {
    async fn lock(&mut self, organization: OrganizationId) -> Result<bool, StoreError> {
        organizations::lock_organization(&mut self.lease, DbId(organization.as_uuid())).await
    }

    async fn count(
        &mut self,
        organization: OrganizationId,
        owner: KeyOwner,
        at: OffsetDateTime,
    ) -> Result<KeyCounts, StoreError> {
        let (active, of_applications, own) = count_keys(&mut self.lease, organization, owner, at).await?;
        let all = of_applications.unwrap_or_default() + i64::from(own.unwrap_or_default());
        Ok(KeyCounts {
            active: count("api_keys", active.unwrap_or_default())?,
            in_organization: count("key_count", all)?,
        })
    }

    async fn role_of(&mut self, organization: OrganizationId, user: UserId) -> Result<Option<Role>, StoreError> {
        let membership = super::memberships::find(&mut self.lease, organization, user).await?;
        Ok(membership.map(|membership| membership.role))
    }

    async fn declared_permissions(&mut self, application: ApplicationId) -> Result<PermissionSet, StoreError> {
        let query = apps::existing(DbId(application.as_uuid())).select(applications::permissions);
        let declared: Option<DbDocument> = with_connection!(&mut self.lease, |c| query.first(c).await.optional())?;
        declared.map_or(Ok(PermissionSet::default()), |it| apps::permissions_of("applications.permissions", &it))
    }

    async fn insert(&mut self, key: &StoredKey) -> Result<(), StoreError> {
        let organization = DbId(key.key.organization_id.as_uuid());
        let mut row = KeyRow::try_from(key)?;
        if let Some(user) = key.key.user() {
            let membership =
                memberships::table.find((organization, DbId(user.as_uuid()))).select(memberships::joined_at);
            let joined_at = with_connection!(&mut self.lease, |c| membership.first(c).await.optional())?;
            row.member_since = Some(joined_at.ok_or_else(missing)?);
        }
        self.lease.defer(diesel::insert_into(api_keys::table).values(row)).await?;
        let counted = if let Some(application) = key.key.application() {
            let of = apps::existing(DbId(application.as_uuid()));
            let counted = diesel::update(of).set(applications::key_count.eq(applications::key_count + 1));
            with_connection!(&mut self.lease, |c| counted.execute(c).await)?
        } else {
            let more = i32::from(key.key.service_account().is_some());
            let of = organizations::existing(organization);
            let counted = diesel::update(of).set(organization_rows::key_count.eq(organization_rows::key_count + more));
            with_connection!(&mut self.lease, |c| counted.execute(c).await)?
        };
        if counted == 0 {
            return Err(missing());
        }
        changes::add_windows(&mut self.lease, DbId(key.key.id.as_uuid()), &key.key.restrictions.limits).await
    }

    async fn lock_key(&mut self, id: ApiKeyId) -> Result<Option<(ApiKey, OffsetDateTime)>, StoreError> {
        changes::lock(&mut self.lease, id).await
    }

    async fn update(&mut self, key: &ApiKey) -> Result<bool, StoreError> {
        self.invalidates(key.id.as_uuid());
        changes::update(&mut self.lease, key).await
    }

    async fn rotate(
        &mut self,
        id: ApiKeyId,
        secret: &KeySecret,
        previous_expires_at: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        self.invalidates(id.as_uuid());
        changes::rotate(&mut self.lease, DbId(id.as_uuid()), secret, previous_expires_at).await
    }

    async fn end_previous_secret(&mut self, id: ApiKeyId, at: OffsetDateTime) -> Result<bool, StoreError> {
        self.invalidates(id.as_uuid());
        changes::end_previous(&mut self.lease, DbId(id.as_uuid()), at).await
    }

    async fn address_of(&mut self, user: UserId) -> Result<Option<EmailAddress>, StoreError> {
        let query = users::table.find(DbId(user.as_uuid())).select(users::email);
        let email: Option<Option<String>> = with_connection!(&mut self.lease, |c| query.first(c).await.optional())?;
        parse_optional("users.email", email.flatten().as_deref())
    }

    async fn owners(&mut self, organization: OrganizationId) -> Result<Vec<OrganizationOwner>, StoreError> {
        let query = memberships::table
            .inner_join(users::table.on(users::id.eq(memberships::user_id)))
            .inner_join(organization_rows::table.on(organization_rows::id.eq(memberships::organization_id)))
            .filter(memberships::organization_id.eq(DbId(organization.as_uuid())))
            .filter(organization_rows::deleted_at.is_null())
            .filter(memberships::role.eq(Role::Owner.as_str()))
            .filter(users::email.is_not_null())
            .order(memberships::user_id)
            .select((users::email.assume_not_null(), memberships::opened_at));
        let rows: Vec<(String, Option<DbInstant>)> = with_connection!(&mut self.lease, |c| query.load(c).await)?;
        let owner = |(email, opened_at): (String, Option<DbInstant>)| {
            Ok(OrganizationOwner { email: parse("users.email", &email)?, opened: opened_at.is_some() })
        };
        rows.into_iter().map(owner).collect()
    }

    async fn revoke(&mut self, id: ApiKeyId, at: OffsetDateTime) -> Result<bool, StoreError> {
        self.invalidates(id.as_uuid());
        let active = api_keys::table.find(DbId(id.as_uuid())).filter(api_keys::revoked_at.is_null());
        let update = diesel::update(active).set(api_keys::revoked_at.eq(DbInstant(at)));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }
}
