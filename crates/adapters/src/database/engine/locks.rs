//! Locks on names, for rules about many rows that no unique key can enforce.

use diesel::sql_types::Text;
use tessera_kernel::StoreError;

use super::{
    connection::{PooledConnection, with_connection},
    run_query::RunQueryDsl,
};

/// Locks a name until the transaction ends. Waits while another transaction holds the name. A caller that locks several
/// names must always lock them in the same order, to avoid deadlocks. Does nothing on SQLite, which has one writer.
pub(in crate::database) async fn lock_name(lease: &mut PooledConnection, name: &str) -> Result<(), StoreError> {
    // Two names with the same hash wait for each other without need, which is harmless.
    let lock = diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))").bind::<Text, _>(name);
    with_connection!(lease, |c|
    postgres: lock.execute(c).await.map(|_| ()),
    sqlite: {
        let _ = c;
        Ok(())
    })
}
