//! Locks on names, for rules about many rows that no unique key can hold.

use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use tessera_kernel::StoreError;

use super::connection::{Lease, on};

/// Waits until no other transaction holds the name, and holds it until this transaction ends. Whoever locks several names
/// does so in one order. SQLite has one writer, so there it does nothing.
pub(super) async fn lock_name(lease: &mut Lease, name: &str) -> Result<(), StoreError> {
    // Two names with the same hash only wait for each other without need.
    let lock = diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))").bind::<Text, _>(name);
    on!(lease, |c|
    postgres: lock.execute(c).await.map(|_| ()),
    sqlite: {
        let _ = c;
        Ok(())
    })
}
