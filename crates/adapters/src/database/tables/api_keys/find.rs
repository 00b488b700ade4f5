//! Finding one key, by a secret or by its id.

use diesel::{NullableExpressionMethods, OptionalExtension, prelude::*};
use tessera_apikeys::model::{ApiKey, FoundKey, KeyKind, KeyOwner, OwnerRights, StoredKey};
use tessera_kernel::{ApiKeyId, SecretHash, StoreError};

use super::rows::{FullRow, KeyRow};
use crate::database::{
    engine::{
        clock::Now,
        connection::{PooledConnection, with_connection},
        rows::{parse_optional, sha256},
        run_query::RunQueryDsl,
        schema::{
            api_keys, applications, memberships, organizations as organization_rows, previous_key_secrets,
            service_accounts,
        },
        types::{DbDocument, DbId, DbInstant},
    },
    tables::apps,
};

/// Selects the keys of applications that are not deleted.
#[diesel::dsl::auto_type]
pub(super) fn of_applications() -> _ {
    let of = applications::id.nullable().eq(api_keys::application_id);
    api_keys::table.inner_join(applications::table.on(of)).filter(applications::deleted_at.is_null())
}

/// Selects the keys of organizations that are not deleted. Keys of applications are not included.
#[diesel::dsl::auto_type]
pub(super) fn of_organizations() -> _ {
    let of = organization_rows::id.eq(api_keys::organization_id);
    api_keys::table
        .inner_join(organization_rows::table.on(of))
        .filter(organization_rows::deleted_at.is_null())
        .filter(api_keys::application_id.is_null())
}

async fn find_application_key(lease: &mut PooledConnection, hash: &SecretHash) -> Result<Option<FoundKey>, StoreError> {
    let query = of_applications().filter(api_keys::key_hash.eq(hash.as_bytes().as_slice()));
    let row: Option<(KeyRow, DbInstant)> =
        with_connection!(lease, |c| query.select((KeyRow::as_select(), Now)).first(c).await.optional())?;
    let found = |(row, at): (KeyRow, DbInstant)| {
        Ok(FoundKey { stored: row.try_into()?, secret_expires_at: None, rights: OwnerRights::OfKey, at: at.0 })
    };
    row.map(found).transpose()
}

type OrganizationKeyRow = (KeyRow, Option<String>, Option<DbDocument>, Option<DbInstant>, DbInstant);

async fn find_organization_key(
    lease: &mut PooledConnection,
    hash: &SecretHash,
) -> Result<Option<FoundKey>, StoreError> {
    // The key belongs to one membership: a later membership of the same user began at another time.
    let membership = memberships::organization_id
        .eq(api_keys::organization_id)
        .and(memberships::user_id.nullable().eq(api_keys::user_id))
        .and(memberships::joined_at.nullable().eq(api_keys::member_since));
    let account = service_accounts::id.nullable().eq(api_keys::service_account_id);
    let query = api_keys::table
        .inner_join(organization_rows::table.on(organization_rows::id.eq(api_keys::organization_id)))
        .left_join(memberships::table.on(membership))
        .left_join(service_accounts::table.on(account))
        .filter(organization_rows::deleted_at.is_null())
        .filter(api_keys::application_id.is_null())
        .filter(api_keys::key_hash.eq(hash.as_bytes().as_slice()));
    let (role, permissions) = (memberships::role.nullable(), service_accounts::permissions.nullable());
    let disabled_at = service_accounts::disabled_at.nullable();
    let row: Option<OrganizationKeyRow> = with_connection!(lease, |c| {
        query.select((KeyRow::as_select(), role, permissions, disabled_at, Now)).first(c).await.optional()
    })?;
    let Some((row, role, permissions, disabled_at, at)) = row else { return Ok(None) };
    let stored: StoredKey = row.try_into()?;
    let rights = match stored.key.owner {
        KeyOwner::Application(_) => OwnerRights::OfKey,
        KeyOwner::User(_) => OwnerRights::Role(parse_optional("memberships.role", role.as_deref())?),
        KeyOwner::ServiceAccount(_) => {
            let active = permissions.filter(|_| disabled_at.is_none());
            let permissions = active.map(|names| apps::permissions_of("service_accounts.permissions", &names));
            OwnerRights::Permissions(permissions.transpose()?)
        }
    };
    Ok(Some(FoundKey { stored, secret_expires_at: None, rights, at: at.0 }))
}

async fn find_by_present_secret(
    lease: &mut PooledConnection,
    kind: KeyKind,
    hash: &SecretHash,
) -> Result<Option<FoundKey>, StoreError> {
    match kind {
        KeyKind::Application => find_application_key(lease, hash).await,
        KeyKind::Organization => find_organization_key(lease, hash).await,
    }
}

/// Finds a key by a secret of any age.
pub(super) async fn by_secret(
    lease: &mut PooledConnection,
    kind: KeyKind,
    hash: &SecretHash,
) -> Result<Option<FoundKey>, StoreError> {
    if let Some(found) = find_by_present_secret(lease, kind, hash).await? {
        return Ok(Some(found));
    }
    let query = previous_key_secrets::table
        .inner_join(api_keys::table.on(api_keys::id.eq(previous_key_secrets::api_key_id)))
        .filter(previous_key_secrets::key_hash.eq(hash.as_bytes().as_slice()))
        .select((api_keys::key_hash, previous_key_secrets::expires_at));
    let row: Option<(Vec<u8>, DbInstant)> = with_connection!(lease, |c| query.first(c).await.optional())?;
    let Some((present, expires_at)) = row else { return Ok(None) };
    let found = find_by_present_secret(lease, kind, &sha256("api_keys.key_hash", present)?).await?;
    Ok(found.map(|found| FoundKey {
        stored: StoredKey { hash: *hash, ..found.stored },
        secret_expires_at: Some(expires_at.0),
        ..found
    }))
}

/// Selects the previous secret of a key.
#[diesel::dsl::auto_type]
pub(super) fn previous_secret() -> _ {
    previous_key_secrets::api_key_id.eq(api_keys::id)
}

pub(super) async fn by_id(lease: &mut PooledConnection, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
    let query = api_keys::table
        .inner_join(organization_rows::table.on(organization_rows::id.eq(api_keys::organization_id)))
        .left_join(applications::table.on(applications::id.nullable().eq(api_keys::application_id)))
        .left_join(previous_key_secrets::table.on(previous_secret()))
        .filter(organization_rows::deleted_at.is_null())
        .filter(applications::deleted_at.is_null())
        .filter(api_keys::id.eq(DbId(id.as_uuid())));
    let row: Option<FullRow> =
        with_connection!(lease, |c| query.select(FullRow::as_select()).first(c).await.optional())?;
    row.map(ApiKey::try_from).transpose()
}
