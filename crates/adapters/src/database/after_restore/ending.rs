//! The end of everything that may have been used up since the backup.

use diesel::prelude::*;
use tessera_kernel::StoreError;

use super::tables::{TABLES, Treatment};
use crate::database::engine::{
    clock::Now,
    connection::{PooledConnection, with_connection},
    rows::affected,
    run_query::RunQueryDsl,
    schema::{credential_epoch, sessions},
};

/// The number of rows of one statement, so that none reaches the time limit of a statement.
const STEP: i64 = 10_000;

/// Larger than any number of changes since the backup, so that no epoch is used twice.
const EPOCH_STEP: i64 = 1 << 32;

diesel::alias! {
    const LIVE: Alias<Live> = sessions as live;
}

/// Ends everything that [`TABLES`] says, and returns what had rows.
pub(super) async fn end_everything(lease: &mut PooledConnection) -> Result<Vec<(&'static str, u64)>, StoreError> {
    let mut ended = Vec::new();
    for (table, treatment, _) in TABLES {
        let (called, rows) = match treatment {
            Treatment::Keep => continue,
            Treatment::EndSessions => ("sessions with their refresh tokens", end_sessions(lease).await?),
            Treatment::RaiseEpoch => {
                raise_epoch(lease).await?;
                continue;
            }
            Treatment::Delete { by, only, called } => (*called, delete(lease, table, by, only).await?),
        };
        if rows > 0 {
            ended.push((called, rows));
        }
    }
    Ok(ended)
}

async fn end_sessions(lease: &mut PooledConnection) -> Result<u64, StoreError> {
    let mut ended = 0;
    loop {
        let live = LIVE.filter(LIVE.field(sessions::ended_at).is_null()).limit(STEP).select(LIVE.field(sessions::id));
        let update = diesel::update(sessions::table).filter(sessions::id.eq_any(live));
        let update = update.set(sessions::ended_at.eq(Now.nullable()));
        let rows = with_connection!(lease, |c| update.execute(c).await).map(affected)?;
        ended += rows;
        if rows == 0 {
            return Ok(ended);
        }
    }
}

async fn raise_epoch(lease: &mut PooledConnection) -> Result<(), StoreError> {
    let update =
        diesel::update(credential_epoch::table).set(credential_epoch::epoch.eq(credential_epoch::epoch + EPOCH_STEP));
    with_connection!(lease, |c| update.execute(c).await).map(drop)
}

/// Deletes the rows that meet the condition. The names are constants of this crate.
async fn delete(lease: &mut PooledConnection, table: &str, by: &str, only: &str) -> Result<u64, StoreError> {
    let statement =
        format!("DELETE FROM {table} WHERE {by} IN (SELECT {by} FROM {table} WHERE {only} LIMIT {STEP}) AND {only}");
    let mut deleted = 0;
    loop {
        let step = diesel::sql_query(statement.clone());
        let rows = with_connection!(lease, |c| step.execute(c).await).map(affected)?;
        deleted += rows;
        if rows == 0 {
            return Ok(deleted);
        }
    }
}
