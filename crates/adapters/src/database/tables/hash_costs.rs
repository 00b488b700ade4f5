//! Storage of the costs of password hashes, in the table `password_hash_costs`.

use diesel::{
    dsl::{exists, not},
    prelude::*,
    sql_types::{Integer, Nullable, Text},
};
use tessera_identity::{
    model::{DeviceToken, HashCost, PasswordHash},
    ports::{KNOWN_NETWORK_DAYS, PasswordCheckContext, RequestHashes},
};
use tessera_kernel::{SecretHash, StoreError, UserId};
use time::Duration;

use crate::database::engine::{
    clock::{FromNow, Now},
    connection::{PooledConnection, with_connection},
    rows::affected,
    run_query::RunQueryDsl,
    schema::{device_tokens, known_clients, known_networks, password_hash_costs, users, wrong_passwords},
    table_locks::{LockedTable, lock_table, share_table},
    types::{DbId, DbInstant},
};

diesel::define_sql_function! {
    /// Returns `length` characters from the position `start`, which counts from one.
    fn substr(text: Nullable<Text>, start: Integer, length: Integer) -> Nullable<Text>;
}

diesel::define_sql_function! {
    /// Returns the number of characters.
    fn length(text: Text) -> Integer;
}

/// Condition for costs that no account has.
#[diesel::dsl::auto_type]
fn unused() -> _ {
    let beginning = substr(users::password_hash, 1_i32, length(password_hash_costs::cost));
    let of_that_cost = users::table.filter(beginning.eq(password_hash_costs::cost.nullable()));
    not(exists(of_that_cost))
}

/// Records the cost of a hash, in the transaction that stores the hash.
pub(super) async fn note(lease: &mut PooledConnection, hash: &PasswordHash) -> Result<(), StoreError> {
    let Some(cost) = hash.cost() else { return Ok(()) };
    share_table(lease, LockedTable::PasswordHashCosts).await?;
    let insert = diesel::insert_into(password_hash_costs::table)
        .values(password_hash_costs::cost.eq(cost.as_str()))
        .on_conflict_do_nothing();
    with_connection!(lease, |c| insert.execute(c).await).map(|_| ())
}

pub(super) async fn check_context(
    lease: &mut PooledConnection,
    user: UserId,
    request: RequestHashes,
) -> Result<PasswordCheckContext, StoreError> {
    let user = DbId(user.as_uuid());
    let bytes = |hash: Option<SecretHash>| hash.map_or([0; 32], |hash| *hash.as_bytes());
    let (device, network, token) = (bytes(request.device), bytes(request.network), bytes(request.device_token));
    let known = known_clients::table.find((user, device.as_slice()));
    let seen = known_networks::table
        .find((user, network.as_slice()))
        .filter(known_networks::last_seen_at.gt(FromNow::after(-Duration::days(KNOWN_NETWORK_DAYS))));
    let kept = device_tokens::table
        .find(token.as_slice())
        .filter(device_tokens::user_id.eq(user))
        .filter(device_tokens::last_used_at.gt(FromNow::after(-DeviceToken::TTL)));
    let attempts = wrong_passwords::table.find(user).select(wrong_passwords::attempts).single_value();
    let query = diesel::select((Now, exists(known), exists(seen), exists(kept), attempts));
    let (at, known_device, known_network, known_device_token, attempts): (DbInstant, bool, bool, bool, Option<i32>) =
        with_connection!(&mut *lease, |c| query.get_result(c).await)?;
    let wrong_passwords = attempts.and_then(|attempts| u64::try_from(attempts).ok()).unwrap_or_default();
    let query = password_hash_costs::table.select(password_hash_costs::cost).order(password_hash_costs::cost);
    let costs: Vec<String> = with_connection!(lease, |c| query.load(c).await)?;
    let costs = costs.into_iter().map(HashCost::from_phc).collect();
    Ok(PasswordCheckContext { costs, known_device, known_network, known_device_token, wrong_passwords, at: at.0 })
}

/// Returns whether an unused cost exists. This reads all users but holds no lock.
pub(super) async fn any_unused(lease: &mut PooledConnection) -> Result<bool, StoreError> {
    let query = diesel::select(exists(password_hash_costs::table.filter(unused())));
    with_connection!(lease, |c| query.get_result(c).await)
}

/// Deletes the costs that no account has. The table lock waits for transactions that have recorded a cost, so that
/// their users are counted. Later transactions wait for the lock and then record their cost again. SQLite has one
/// writer, so it needs no lock.
pub(super) async fn delete_unused(lease: &mut PooledConnection) -> Result<u64, StoreError> {
    lock_table(lease, LockedTable::PasswordHashCosts).await?;
    let delete = diesel::delete(password_hash_costs::table.filter(unused()));
    with_connection!(lease, |c| delete.execute(c).await).map(affected)
}
