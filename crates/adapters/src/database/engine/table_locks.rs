//! Locks on whole tables, for rules about rows that do not exist yet.

use diesel::sql_types::Integer;
use tessera_kernel::StoreError;

use super::{
    connection::{PooledConnection, with_connection},
    run_query::RunQueryDsl,
};

/// A table that is locked as a whole.
#[derive(Debug, Clone, Copy)]
pub(in crate::database) enum LockedTable {
    SigningKeys,
    PasswordHashCosts,
}

impl LockedTable {
    /// The row of `lock_rows` that stands for the table. The rows before it are for names.
    const fn row(self) -> i32 {
        match self {
            Self::SigningKeys => 128,
            Self::PasswordHashCosts => 129,
        }
    }
}

/// Locks a table against writes until the transaction ends, but not against reads. Waits for transactions that have written
/// to it. Does nothing on SQLite, which has one writer.
pub(in crate::database) async fn lock_table(
    lease: &mut PooledConnection,
    table: LockedTable,
) -> Result<(), StoreError> {
    let Some(features) = lease.features() else { return Ok(()) };
    if !features.table_locks {
        let lock = diesel::sql_query("SELECT id FROM lock_rows WHERE id = $1 FOR UPDATE");
        let lock = lock.bind::<Integer, _>(table.row());
        return with_connection!(lease, |c| lock.execute(c).await).map(drop);
    }
    let lock = diesel::sql_query(match table {
        LockedTable::SigningKeys => "LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE",
        LockedTable::PasswordHashCosts => "LOCK TABLE password_hash_costs IN SHARE ROW EXCLUSIVE MODE",
    });
    with_connection!(lease, |c| lock.execute(c).await).map(drop)
}

/// Waits while another transaction has locked a table, and makes one that locks it later wait for this transaction. A write
/// does so by itself, unless a row stands for the table.
pub(in crate::database) async fn share_table(
    lease: &mut PooledConnection,
    table: LockedTable,
) -> Result<(), StoreError> {
    if lease.features().is_none_or(|features| features.table_locks) {
        return Ok(());
    }
    let lock = diesel::sql_query("SELECT id FROM lock_rows WHERE id = $1 FOR SHARE").bind::<Integer, _>(table.row());
    with_connection!(lease, |c| lock.execute(c).await).map(drop)
}
