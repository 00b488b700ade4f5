//! Locks on names, for rules about many rows that no unique key can enforce.

use diesel::sql_types::{Integer, Text};
use tessera_kernel::StoreError;

use super::{
    connection::{PooledConnection, with_connection},
    run_query::RunQueryDsl,
};

/// Requests the lock of the migrations, without waiting for it. It belongs to the session and not to a transaction, so that a migration may run
/// statements that are not allowed in a transaction. The lock ends with the connection, which is closed afterwards. No other
/// user of the database may use the same number.
pub(super) const TRY_LOCK_MIGRATIONS: &str = "SELECT pg_try_advisory_lock(8387236824920056683) AS taken";

/// What a name stands for. A transaction locks at most one name of each kind, in the order of the variants, to avoid
/// deadlocks.
#[derive(Debug, Clone, Copy)]
pub(in crate::database) enum NameKind {
    SignInsOfNetwork,
    SignInsForApplication,
}

/// The number of rows of `lock_rows` for the names of a kind.
const ROWS: i32 = 64;

/// Locks a name until the transaction ends. Waits while another transaction holds the name. Does nothing on SQLite, which
/// has one writer.
pub(in crate::database) async fn lock_name(
    lease: &mut PooledConnection,
    kind: NameKind,
    name: &str,
) -> Result<(), StoreError> {
    let Some(features) = lease.features() else { return Ok(()) };
    // The kinds have different rows, so the order of the kinds is an order of the rows.
    let (name, first_row) = match kind {
        NameKind::SignInsOfNetwork => (format!("sign-ins of {name}"), 0),
        NameKind::SignInsForApplication => (format!("sign-ins for {name}"), ROWS),
    };
    // Two names with the same hash wait for each other without need, which is harmless.
    if features.advisory_locks {
        let lock = diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))").bind::<Text, _>(name);
        return with_connection!(lease, |c| lock.execute(c).await).map(drop);
    }
    let lock = diesel::sql_query("SELECT id FROM lock_rows WHERE id = $2 + (hashtext($1) & ($3 - 1)) FOR UPDATE")
        .bind::<Text, _>(name)
        .bind::<Integer, _>(first_row)
        .bind::<Integer, _>(ROWS);
    with_connection!(lease, |c| lock.execute(c).await).map(drop)
}
