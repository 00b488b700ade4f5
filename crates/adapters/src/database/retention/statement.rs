//! The statement that deletes old rows of a table.

use diesel::{
    QueryResult,
    backend::Backend,
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    serialize::ToSql,
    sql_types::{BigInt, HasSqlType},
    sqlite::Sqlite,
};
use time::Duration;

use super::rules::TimeLimit;
use crate::database::engine::clock::FromNow;

/// Deletes up to `most` rows of a table that have a certain age, the oldest first.
#[derive(Debug)]
pub(super) struct DeleteOldRows {
    table: &'static str,
    key: String,
    time: String,
    until: FromNow,
    most: i64,
}

impl DeleteOldRows {
    pub(super) fn new(table: &'static str, limit: &TimeLimit, age: Duration, most: u32) -> Self {
        Self { table, key: limit.key.join(", "), time: limit.time(), until: FromNow::after(-age), most: most.into() }
    }

    /// The rows are selected first, and once: PostgreSQL may run a subquery that locks rows several times, and would then
    /// lock and delete more than the maximum.
    fn write<'b, DB>(&'b self, mut out: AstPass<'_, 'b, DB>, locks: &str) -> QueryResult<()>
    where
        DB: Backend + HasSqlType<BigInt>,
        FromNow: QueryFragment<DB>,
        i64: ToSql<BigInt, DB>,
    {
        let Self { table, key, time, .. } = self;
        out.push_sql(&format!("WITH old AS MATERIALIZED (SELECT {key} FROM {table} WHERE {time} <= "));
        self.until.walk_ast(out.reborrow())?;
        out.push_sql(&format!(" ORDER BY {time} LIMIT "));
        out.push_bind_param::<BigInt, _>(&self.most)?;
        out.push_sql(&format!("{locks}) DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM old)"));
        Ok(())
    }
}

impl QueryFragment<Pg> for DeleteOldRows {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // Rows that another node has locked are skipped, so that this node does not wait.
        self.write(out, " FOR UPDATE SKIP LOCKED")
    }
}

impl QueryFragment<Sqlite> for DeleteOldRows {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.write(out, "")
    }
}

impl QueryId for DeleteOldRows {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}
