//! Deletion of deleted applications and of their rows, in bounded steps.

use diesel::{OptionalExtension, prelude::*};
use tessera_kernel::StoreError;

use crate::database::engine::{
    SqlStore,
    clearing::delete_rows_of,
    connection::with_connection,
    rows::affected,
    run_query::RunQueryDsl,
    schema::{api_keys, applications, items, sso_codes, sso_sessions},
    types::DbId,
};

diesel::alias! {
    const KEYS: Alias<Keys> = api_keys as cleared;
    const ITEMS: Alias<Items> = items as cleared;
    const SESSIONS: Alias<SsoSessions> = sso_sessions as cleared;
    const CODES: Alias<SsoCodes> = sso_codes as cleared;
}

/// Removes up to `most` rows of deleted applications. Each statement commits separately: a crash in between loses
/// nothing, and the next call continues.
pub(super) async fn clear_deleted(store: &SqlStore, most: u32) -> Result<u64, StoreError> {
    let most = u64::from(most);
    let mut cleared = 0;
    while cleared < most {
        let Some(id) = first_deleted(store).await? else { break };
        cleared += clear_contents(store, id, most - cleared).await?;
        if cleared < most {
            // No rows were added since: a transaction that adds rows locks the application, and only while it is not
            // deleted.
            let delete = applications::table.find(id).filter(applications::deleted_at.is_not_null());
            let mut lease = store.writer().await?;
            cleared += with_connection!(&mut lease, |c| diesel::delete(delete).execute(c).await).map(affected)?;
        }
    }
    Ok(cleared)
}

async fn first_deleted(store: &SqlStore) -> Result<Option<DbId>, StoreError> {
    let mut lease = store.reader().await?;
    let query = applications::table
        .filter(applications::deleted_at.is_not_null())
        .order((applications::deleted_at, applications::id))
        .select(applications::id);
    with_connection!(&mut lease, |c| query.first(c).await.optional())
}

/// Removes up to `most` rows that belong to an application. Removes fewer only if none are left.
async fn clear_contents(store: &SqlStore, id: DbId, most: u64) -> Result<u64, StoreError> {
    let mut cleared = 0;
    let left = |cleared: u64| i64::try_from(most.saturating_sub(cleared)).unwrap_or(i64::MAX);
    cleared += delete_rows_of!(store, application_id = id, left(cleared), api_keys, KEYS, id)?;
    cleared += delete_rows_of!(store, application_id = id, left(cleared), items, ITEMS, id)?;
    cleared += delete_rows_of!(store, application_id = id, left(cleared), sso_sessions, SESSIONS, id)?;
    cleared += delete_rows_of!(store, application_id = id, left(cleared), sso_codes, CODES, code_hash)?;
    Ok(cleared)
}
