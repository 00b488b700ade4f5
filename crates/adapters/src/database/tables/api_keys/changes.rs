//! Changes of one key, and its secrets.

use std::collections::HashMap;

use diesel::{OptionalExtension, prelude::*};
use tessera_apikeys::{
    model::{ApiKey, KeyLimits, KeySecret, KeyUse, SecretUse},
    ports::WindowCounter,
};
use tessera_kernel::{ApiKeyId, StoreError};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{find, restrictions, rows::disabled_at};
use crate::database::{
    engine::{
        connection::{PooledConnection, with_connection},
        rows::padded,
        run_query::RunQueryDsl,
        schema::{api_keys, key_limit_windows, previous_key_secrets},
        types::{DbId, DbInstant},
    },
    tables::apps,
};

/// Selects a key unless it is revoked.
#[diesel::dsl::auto_type]
fn unrevoked(id: DbId) -> _ {
    api_keys::table.find(id).filter(api_keys::revoked_at.is_null())
}

/// Locks the row of a key until the transaction ends. Returns whether there is one.
async fn lock_row(lease: &mut PooledConnection, id: ApiKeyId) -> Result<bool, StoreError> {
    let row = api_keys::table.find(DbId(id.as_uuid())).select(api_keys::id);
    let locked: Option<DbId> = with_connection!(lease, |c|
        postgres: row.for_no_key_update().first(c).await.optional(),
        // SQLite has one writer, so it needs no row lock.
        sqlite: row.first(c).await.optional())?;
    Ok(locked.is_some())
}

pub(super) async fn lock(
    lease: &mut PooledConnection,
    id: ApiKeyId,
) -> Result<Option<(ApiKey, OffsetDateTime)>, StoreError> {
    if !lock_row(lease, id).await? {
        return Ok(None);
    }
    // A second statement, so that it sees what was committed while the first one waited.
    find::by_id_now(lease, id).await
}

pub(super) async fn update(lease: &mut PooledConnection, key: &ApiKey) -> Result<bool, StoreError> {
    let id = DbId(key.id.as_uuid());
    let update = diesel::update(unrevoked(id)).set((
        api_keys::description.eq(key.description.as_ref().map(ToString::to_string)),
        api_keys::permissions.eq(apps::permissions_document(key.permissions.iter())?),
        api_keys::disabled_at.eq(disabled_at(key).map(DbInstant)),
        api_keys::restrictions.eq(restrictions::to_column(&key.restrictions)?),
        api_keys::remaining_uses.eq(key.restrictions.uses.map(|uses| i64::from(uses.remaining.get()))),
        api_keys::uses_since.eq(key.restrictions.uses.map(|uses| DbInstant(uses.since))),
    ));
    if with_connection!(lease, |c| update.execute(c).await)? == 0 {
        return Ok(false);
    }
    let names: Vec<&str> = key.restrictions.limits.iter().map(|limit| limit.name.as_str()).collect();
    let ended = key_limit_windows::table
        .filter(key_limit_windows::api_key_id.eq(id))
        .filter(key_limit_windows::name.ne_all(names));
    with_connection!(lease, |c| diesel::delete(ended).execute(c).await)?;
    add_windows(lease, id, &key.restrictions.limits).await?;
    Ok(true)
}

/// Adds the counters that the limits of a key do not have yet.
pub(super) async fn add_windows(lease: &mut PooledConnection, key: DbId, limits: &KeyLimits) -> Result<(), StoreError> {
    for limit in limits.iter() {
        let insert = diesel::insert_into(key_limit_windows::table)
            .values((
                key_limit_windows::api_key_id.eq(key),
                key_limit_windows::name.eq(limit.name.as_str()),
                key_limit_windows::taken.eq(i64::from(WindowCounter::UNUSED.taken)),
                key_limit_windows::since.eq(DbInstant(WindowCounter::UNUSED.since)),
            ))
            .on_conflict_do_nothing();
        with_connection!(lease, |c| insert.execute(c).await)?;
    }
    Ok(())
}

pub(super) async fn rotate(
    lease: &mut PooledConnection,
    id: DbId,
    secret: &KeySecret,
    previous_expires_at: OffsetDateTime,
) -> Result<bool, StoreError> {
    type Replaced = (Vec<u8>, String, DbInstant, Option<DbInstant>, Uses);
    type Uses = (Option<DbInstant>, Option<String>, Option<String>);
    let used = (api_keys::last_used, api_keys::last_used_ip, api_keys::last_used_user_agent);
    let columns = (api_keys::key_hash, api_keys::key_prefix, api_keys::created_at, api_keys::rotated_at, used);
    let query = unrevoked(id).select(columns);
    let replaced: Option<Replaced> = with_connection!(lease, |c| query.first(c).await.optional())?;
    let Some((key_hash, key_prefix, created_at, rotated_at, (last_used, ip, user_agent))) = replaced else {
        return Ok(false);
    };
    let before = previous_key_secrets::table.find(id);
    with_connection!(lease, |c| diesel::delete(before).execute(c).await)?;
    let insert = diesel::insert_into(previous_key_secrets::table).values((
        previous_key_secrets::api_key_id.eq(id),
        previous_key_secrets::key_hash.eq(key_hash),
        previous_key_secrets::key_prefix.eq(key_prefix),
        previous_key_secrets::created_at.eq(rotated_at.unwrap_or(created_at)),
        previous_key_secrets::expires_at.eq(DbInstant(previous_expires_at)),
        previous_key_secrets::last_used.eq(last_used),
        previous_key_secrets::last_used_ip.eq(ip),
        previous_key_secrets::last_used_user_agent.eq(user_agent),
    ));
    with_connection!(lease, |c| insert.execute(c).await)?;
    let update = diesel::update(api_keys::table.find(id)).set((
        api_keys::key_hash.eq(secret.hash.as_bytes().as_slice()),
        api_keys::key_prefix.eq(secret.key_prefix.as_str()),
        api_keys::rotated_at.eq(Some(DbInstant(secret.created_at))),
        api_keys::last_used.eq(None::<DbInstant>),
        api_keys::last_used_ip.eq(None::<String>),
        api_keys::last_used_user_agent.eq(None::<String>),
    ));
    with_connection!(lease, |c| update.execute(c).await).map(|rows| rows > 0)
}

pub(super) async fn end_previous(
    lease: &mut PooledConnection,
    id: DbId,
    at: OffsetDateTime,
) -> Result<bool, StoreError> {
    let valid = previous_key_secrets::table.find(id).filter(previous_key_secrets::expires_at.gt(DbInstant(at)));
    let update = diesel::update(valid).set(previous_key_secrets::expires_at.eq(DbInstant(at)));
    with_connection!(lease, |c| update.execute(c).await).map(|rows| rows > 0)
}

/// The statement that records the last use of a secret in that table, unless a later one is recorded.
macro_rules! record_use {
    ($table:ident, $of:expr) => {{
        let SecretUse { key, secret, used: KeyUse { at, address, user_agent } } = $of;
        let at = DbInstant(*at);
        let earlier = $table::table
            .find(DbId(key.as_uuid()))
            .filter($table::key_hash.eq(secret.as_bytes().to_vec()))
            .filter($table::last_used.is_null().or($table::last_used.lt(at)));
        diesel::update(earlier).set((
            $table::last_used.eq(at),
            $table::last_used_ip.eq(address.map(|address| address.to_string())),
            $table::last_used_user_agent.eq(user_agent.clone()),
        ))
    }};
}

/// Records the last uses of secrets. Returns those that are not the present secret of their key.
pub(super) async fn record_present_uses<'a>(
    lease: &mut PooledConnection,
    uses: &'a [SecretUse],
) -> Result<Vec<&'a SecretUse>, StoreError> {
    for used in uses {
        lease.defer(record_use!(api_keys, used)).await?;
    }
    let keys = padded(uses.iter().map(|used| DbId(used.key.as_uuid())).collect());
    let query = api_keys::table.filter(api_keys::id.eq_any(keys)).select((api_keys::id, api_keys::key_hash));
    let present: Vec<(DbId, Vec<u8>)> = with_connection!(lease, |c| query.load(c).await)?;
    let present: HashMap<Uuid, Vec<u8>> = present.into_iter().map(|(id, hash)| (id.0, hash)).collect();
    let is_present =
        |used: &SecretUse| present.get(&used.key.as_uuid()).is_some_and(|hash| hash == used.secret.as_bytes());
    Ok(uses.iter().filter(|used| !is_present(used)).collect())
}

/// Records the last use of a previous secret of a key.
pub(super) async fn record_previous_use(lease: &mut PooledConnection, used: &SecretUse) -> Result<(), StoreError> {
    // The key first, as a rotation does, so that both cannot wait for each other.
    if lock_row(lease, used.key).await? {
        lease.defer(record_use!(previous_key_secrets, used)).await?;
    }
    Ok(())
}
