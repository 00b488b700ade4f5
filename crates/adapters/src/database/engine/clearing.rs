//! Deletion of large row sets in bounded steps.

/// Deletes the rows whose keys a query selects, and returns their number. The query must use an alias of the table, a
/// limit and an order.
macro_rules! delete_selected {
    ($lease:expr, $table:expr, $key:expr, $selected:expr) => {{
        let selected = $selected;
        $crate::database::engine::connection::with_connection!($lease, |c|
            // Rows that another node has locked are skipped, so that this node does not wait.
            postgres: diesel::delete($table).filter($key.eq_any(selected.for_update().skip_locked())).execute(c).await,
            sqlite: diesel::delete($table).filter($key.eq_any(selected)).execute(c).await)
        .map($crate::database::engine::rows::affected)
    }};
}
pub(in crate::database) use delete_selected;
