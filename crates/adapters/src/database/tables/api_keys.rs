//! Storage of API keys.

use async_trait::async_trait;
use diesel::{OptionalExtension, dsl::sum, prelude::*};
use diesel_async::RunQueryDsl;
use tessera_apikeys::{
    model::{ApiKey, KeyState, StoredKey},
    ports::{ApiKeyRows, ApiKeyStore, ApiKeyTransaction, KeyCounts},
};
use tessera_kernel::{
    ApiKeyId, ApplicationId, EmailAddress, OrganizationId, Page, PageRequest, PermissionSet, SecretHash, StoreError,
    UserId,
};
use tessera_outbox::Outbox;
use time::OffsetDateTime;

use super::{apps, organizations};
use crate::database::engine::{
    SqlStore,
    clock::Now,
    connection::with_connection,
    rows::{after, corrupt, count, parse_optional, to_page},
    schema::{api_keys, applications, users},
    transaction::Tx,
    types::{DbDocument, DbId, DbInstant},
};

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = api_keys)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct KeyRow {
    id: DbId,
    application_id: DbId,
    organization_id: DbId,
    created_by: DbId,
    description: Option<String>,
    key_prefix: String,
    key_hash: Vec<u8>,
    permissions: DbDocument,
    created_at: DbInstant,
    expires_at: Option<DbInstant>,
    revoked_at: Option<DbInstant>,
    last_used: Option<DbInstant>,
    rotated_from: Option<DbId>,
}

impl TryFrom<&StoredKey> for KeyRow {
    type Error = StoreError;

    fn try_from(StoredKey { key, hash }: &StoredKey) -> Result<Self, StoreError> {
        Ok(Self {
            id: DbId(key.id.as_uuid()),
            application_id: DbId(key.application_id.as_uuid()),
            organization_id: DbId(key.organization_id.as_uuid()),
            created_by: DbId(key.created_by.as_uuid()),
            description: key.description.as_ref().map(ToString::to_string),
            key_prefix: key.key_prefix.clone(),
            key_hash: hash.as_bytes().to_vec(),
            permissions: apps::permissions_document(key.permissions.iter())?,
            created_at: DbInstant(key.created_at),
            expires_at: key.expires_at.map(DbInstant),
            revoked_at: key.revoked_at().map(DbInstant),
            last_used: key.last_used.map(DbInstant),
            rotated_from: key.rotated_from.map(|id| DbId(id.as_uuid())),
        })
    }
}

impl TryFrom<KeyRow> for StoredKey {
    type Error = StoreError;

    fn try_from(row: KeyRow) -> Result<Self, StoreError> {
        let hash = row.key_hash.try_into().map_err(|_| corrupt("api_keys.key_hash", "must have 32 bytes"))?;
        let key = ApiKey {
            id: ApiKeyId::from_uuid(row.id.0),
            application_id: ApplicationId::from_uuid(row.application_id.0),
            organization_id: OrganizationId::from_uuid(row.organization_id.0),
            created_by: UserId::from_uuid(row.created_by.0),
            description: parse_optional("api_keys.description", row.description.as_deref())?,
            key_prefix: row.key_prefix,
            permissions: apps::permissions_of("api_keys.permissions", &row.permissions)?,
            state: row.revoked_at.map_or(KeyState::Active, |at| KeyState::Revoked { at: at.0 }),
            created_at: row.created_at.0,
            expires_at: row.expires_at.map(|at| at.0),
            last_used: row.last_used.map(|at| at.0),
            rotated_from: row.rotated_from.map(|id| ApiKeyId::from_uuid(id.0)),
        };
        Ok(Self { key, hash: SecretHash::from_bytes(hash) })
    }
}

impl TryFrom<KeyRow> for ApiKey {
    type Error = StoreError;

    fn try_from(row: KeyRow) -> Result<Self, StoreError> {
        StoredKey::try_from(row).map(|stored| stored.key)
    }
}

/// Selects the keys of applications that are not deleted.
#[diesel::dsl::auto_type]
fn existing() -> _ {
    let of = applications::id.eq(api_keys::application_id);
    api_keys::table.inner_join(applications::table.on(of)).filter(applications::deleted_at.is_null())
}

#[async_trait]
impl ApiKeyStore for SqlStore {
    async fn begin(&self) -> Result<Box<dyn ApiKeyTransaction>, StoreError> {
        Ok(Box::new(self.transaction().await?))
    }

    async fn find_key_by_hash(&self, hash: &SecretHash) -> Result<Option<(StoredKey, OffsetDateTime)>, StoreError> {
        let mut lease = self.reader().await?;
        let query = existing().filter(api_keys::key_hash.eq(hash.as_bytes().as_slice()));
        let row: Option<(KeyRow, DbInstant)> =
            with_connection!(&mut lease, |c| query.select((KeyRow::as_select(), Now)).first(c).await.optional())?;
        row.map(|(row, at)| Ok((StoredKey::try_from(row)?, at.0))).transpose()
    }

    async fn find_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        let mut lease = self.reader().await?;
        let query = existing().filter(api_keys::id.eq(DbId(id.as_uuid())));
        let row: Option<KeyRow> =
            with_connection!(&mut lease, |c| query.select(KeyRow::as_select()).first(c).await.optional())?;
        row.map(ApiKey::try_from).transpose()
    }

    async fn list_keys(&self, application: ApplicationId, page: PageRequest) -> Result<Page<ApiKey>, StoreError> {
        let mut lease = self.reader().await?;
        let query = existing()
            .filter(api_keys::application_id.eq(DbId(application.as_uuid())))
            .filter(api_keys::id.gt(after(&page)))
            .order(api_keys::id)
            .limit(page.rows());
        let rows: Vec<KeyRow> = with_connection!(&mut lease, |c| query.select(KeyRow::as_select()).load(c).await)?;
        to_page(rows, &page, |key: &ApiKey| key.id.as_uuid())
    }

    async fn record_uses(&self, uses: &[(ApiKeyId, OffsetDateTime)]) -> Result<(), StoreError> {
        if uses.is_empty() {
            return Ok(());
        }
        let mut tx = self.transaction().await?;
        tx.lease.without_total_limit();
        // One update at a time, in the given order: the order of the caller prevents a deadlock between two batches.
        for (id, at) in uses {
            let at = DbInstant(*at);
            let earlier = api_keys::table
                .find(DbId(id.as_uuid()))
                .filter(api_keys::last_used.is_null().or(api_keys::last_used.lt(at)));
            let update = diesel::update(earlier).set(api_keys::last_used.eq(at));
            with_connection!(&mut tx.lease, |c| update.execute(c).await)?;
        }
        tx.lease.commit().await
    }
}

impl ApiKeyTransaction for Tx {
    tessera_kernel::accessors!(keys: ApiKeyRows, outbox: Outbox);
}

#[async_trait]
impl ApiKeyRows for Tx {
    async fn lock_and_count(
        &mut self,
        organization: OrganizationId,
        application: ApplicationId,
        at: OffsetDateTime,
    ) -> Result<Option<KeyCounts>, StoreError> {
        let organization = DbId(organization.as_uuid());
        if !organizations::lock_organization(&mut self.lease, organization).await? {
            return Ok(None);
        }
        let active = api_keys::table
            .filter(api_keys::application_id.eq(DbId(application.as_uuid())))
            .filter(api_keys::revoked_at.is_null())
            .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.gt(DbInstant(at))))
            .count();
        let active: i64 = with_connection!(&mut self.lease, |c| active.get_result(c).await)?;
        // Each application row has a key counter, so this reads one row per application and not one row per key.
        let all = organizations::of_organization(organization).select(sum(applications::key_count));
        let all: Option<i64> = with_connection!(&mut self.lease, |c| all.get_result(c).await)?;
        let in_organization = count("applications.key_count", all.unwrap_or_default())?;
        Ok(Some(KeyCounts { active: count("api_keys", active)?, in_organization }))
    }

    async fn declared_permissions(&mut self, application: ApplicationId) -> Result<PermissionSet, StoreError> {
        let query = apps::existing(DbId(application.as_uuid())).select(applications::permissions);
        let declared: Option<DbDocument> = with_connection!(&mut self.lease, |c| query.first(c).await.optional())?;
        declared.map_or(Ok(PermissionSet::default()), |it| apps::permissions_of("applications.permissions", &it))
    }

    async fn insert(&mut self, key: &StoredKey) -> Result<(), StoreError> {
        let of = apps::existing(DbId(key.key.application_id.as_uuid()));
        let counted = diesel::update(of).set(applications::key_count.eq(applications::key_count + 1));
        if with_connection!(&mut self.lease, |c| counted.execute(c).await)? == 0 {
            return Err(StoreError::Conflict { key: StoreError::REFERENCE.to_owned() });
        }
        let insert = diesel::insert_into(api_keys::table).values(KeyRow::try_from(key)?);
        with_connection!(&mut self.lease, |c| insert.execute(c).await).map(|_| ())
    }

    async fn address_of(&mut self, user: UserId) -> Result<Option<EmailAddress>, StoreError> {
        let query = users::table.find(DbId(user.as_uuid())).select(users::email);
        let email: Option<Option<String>> = with_connection!(&mut self.lease, |c| query.first(c).await.optional())?;
        parse_optional("users.email", email.flatten().as_deref())
    }

    async fn revoke(&mut self, id: ApiKeyId, at: OffsetDateTime) -> Result<bool, StoreError> {
        let active = api_keys::table.find(DbId(id.as_uuid())).filter(api_keys::revoked_at.is_null());
        let update = diesel::update(active).set(api_keys::revoked_at.eq(DbInstant(at)));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }
}
