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

/// Deletes up to `$most` rows of one owner, such as an application, from one table. `$key` identifies a row of the owner.
macro_rules! delete_rows_of {
    ($store:expr, $owner:ident = $id:expr, $most:expr, $table:ident, $alias:expr, $key:ident) => {{
        let rows = $alias
            .filter($alias.field($table::$owner).eq($id))
            .order($alias.field($table::$key))
            .limit($most)
            .select($alias.field($table::$key));
        let inside = $table::table.filter($table::$owner.eq($id));
        // Each step takes a connection of its own, so that other writers can run in between.
        $crate::database::engine::clearing::delete_selected!(&mut $store.writer().await?, inside, $table::$key, rows)
    }};
}
pub(in crate::database) use delete_rows_of;
