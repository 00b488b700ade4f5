//! Finding one key, by a secret or by its id.

use diesel::{NullableExpressionMethods, OptionalExtension, prelude::*};
use tessera_apikeys::model::{ApiKey, FoundKey, KeyKind, KeyOwner, OwnerRights, StoredKey};
use tessera_kernel::{ApiKeyId, SecretHash, StoreError};
use time::OffsetDateTime;

use super::rows::{FullRow, KeyRow};
use crate::database::{
    engine::{
        clock::Now,
        connection::{PooledConnection, with_connection},
        rows::parse_optional,
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

/// A key with a present or previous secret of that hash. It is a statement with indexed reads of its own, so that an unknown
/// key costs no more than a known one.
#[expect(clippy::elidable_lifetime_names, reason = "the generated type needs the name")]
#[diesel::dsl::auto_type]
fn has_secret<'a>(hash: &'a [u8]) -> _ {
    let previous = previous_key_secrets::table
        .filter(previous_key_secrets::key_hash.eq(hash))
        .select(previous_key_secrets::api_key_id)
        .single_value();
    api_keys::key_hash.eq(hash).nullable().or(api_keys::id.nullable().eq(previous))
}

/// When the previous secret of that hash expires. NULL if there is none.
#[expect(clippy::elidable_lifetime_names, reason = "the generated type needs the name")]
#[diesel::dsl::auto_type]
fn previous_expiry<'a>(hash: &'a [u8]) -> _ {
    previous_key_secrets::table
        .filter(previous_key_secrets::key_hash.eq(hash))
        .select(previous_key_secrets::expires_at)
        .single_value()
}

async fn find_application_key(lease: &mut PooledConnection, hash: &SecretHash) -> Result<Option<FoundKey>, StoreError> {
    let bytes = hash.as_bytes().as_slice();
    let query = of_applications().filter(has_secret(bytes));
    let row: Option<(KeyRow, Option<DbInstant>, DbInstant)> = with_connection!(lease, |c| {
        query.select((KeyRow::as_select(), previous_expiry(bytes), Now)).first(c).await.optional()
    })?;
    let Some((row, expiry, at)) = row else { return Ok(None) };
    let stored = StoredKey { hash: *hash, ..row.try_into()? };
    let secret_expires_at = expiry.map(|expiry| expiry.0);
    Ok(Some(FoundKey { stored, secret_expires_at, rights: OwnerRights::OfKey, at: at.0 }))
}

type OrganizationKeyRow = (KeyRow, Option<DbInstant>, Option<String>, Option<DbDocument>, Option<DbInstant>, DbInstant);

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
    let bytes = hash.as_bytes().as_slice();
    let query = api_keys::table
        .inner_join(organization_rows::table.on(organization_rows::id.eq(api_keys::organization_id)))
        .left_join(memberships::table.on(membership))
        .left_join(service_accounts::table.on(account))
        .filter(organization_rows::deleted_at.is_null())
        .filter(api_keys::application_id.is_null())
        .filter(has_secret(bytes));
    let (role, permissions) = (memberships::role.nullable(), service_accounts::permissions.nullable());
    let disabled_at = service_accounts::disabled_at.nullable();
    let expiry = previous_expiry(bytes);
    let row: Option<OrganizationKeyRow> = with_connection!(lease, |c| {
        query.select((KeyRow::as_select(), expiry, role, permissions, disabled_at, Now)).first(c).await.optional()
    })?;
    let Some((row, expiry, role, permissions, disabled_at, at)) = row else { return Ok(None) };
    let stored = StoredKey { hash: *hash, ..row.try_into()? };
    let rights = match stored.key.owner {
        KeyOwner::Application(_) => OwnerRights::OfKey,
        KeyOwner::User(_) => OwnerRights::Role(parse_optional("memberships.role", role.as_deref())?),
        KeyOwner::ServiceAccount(_) => {
            let active = permissions.filter(|_| disabled_at.is_none());
            let permissions = active.map(|names| apps::permissions_of("service_accounts.permissions", &names));
            OwnerRights::Permissions(permissions.transpose()?)
        }
    };
    Ok(Some(FoundKey { stored, secret_expires_at: expiry.map(|expiry| expiry.0), rights, at: at.0 }))
}

/// Finds a key by a secret, the present or the previous one.
pub(super) async fn by_secret(
    lease: &mut PooledConnection,
    kind: KeyKind,
    hash: &SecretHash,
) -> Result<Option<FoundKey>, StoreError> {
    match kind {
        KeyKind::Application => find_application_key(lease, hash).await,
        KeyKind::Organization => find_organization_key(lease, hash).await,
    }
}

/// Selects the previous secret of a key.
#[diesel::dsl::auto_type]
pub(super) fn previous_secret() -> _ {
    previous_key_secrets::api_key_id.eq(api_keys::id)
}

pub(super) async fn by_id(lease: &mut PooledConnection, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
    Ok(by_id_now(lease, id).await?.map(|(key, _)| key))
}

/// Finds a key, and returns it with the time by the clock of the database.
pub(super) async fn by_id_now(
    lease: &mut PooledConnection,
    id: ApiKeyId,
) -> Result<Option<(ApiKey, OffsetDateTime)>, StoreError> {
    let query = api_keys::table
        .inner_join(organization_rows::table.on(organization_rows::id.eq(api_keys::organization_id)))
        .left_join(applications::table.on(applications::id.nullable().eq(api_keys::application_id)))
        .left_join(previous_key_secrets::table.on(previous_secret()))
        .filter(organization_rows::deleted_at.is_null())
        .filter(applications::deleted_at.is_null())
        .filter(api_keys::id.eq(DbId(id.as_uuid())));
    let row: Option<(FullRow, DbInstant)> =
        with_connection!(lease, |c| query.select((FullRow::as_select(), Now)).first(c).await.optional())?;
    row.map(|(row, at)| Ok((row.try_into()?, at.0))).transpose()
}
