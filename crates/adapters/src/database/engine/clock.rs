//! The clock of the database in SQL, which all nodes share.

use diesel::{
    QueryResult,
    expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping},
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::BigInt,
    sqlite::Sqlite,
};
use time::Duration;

use super::types::Instant;

/// SQL expression for the time when the database received the statement. It has the same value everywhere in the
/// statement, even if the statement waits.
#[derive(Debug, Clone, Copy, QueryId, ValidGrouping)]
pub(in crate::database) struct Now;

impl Expression for Now {
    type SqlType = Instant;
}

impl<Source> AppearsOnTable<Source> for Now {}

impl<Source> SelectableExpression<Source> for Now {}

impl QueryFragment<Pg> for Now {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("statement_timestamp()");
        Ok(())
    }
}

impl QueryFragment<Sqlite> for Now {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        // SQLite returns seconds with a fraction of milliseconds.
        out.push_sql("(CAST(round(unixepoch('now', 'subsec') * 1000) AS INTEGER) * 1000)");
        Ok(())
    }
}

/// SQL expression for [`Now`] plus an offset in microseconds.
#[derive(Debug, Clone, Copy, QueryId, ValidGrouping)]
pub(in crate::database) struct FromNow(i64);

impl FromNow {
    /// Returns the time after [`Now`], or before it if the duration is negative. Durations beyond 292,000 years are
    /// clamped.
    pub(in crate::database) fn after(duration: Duration) -> Self {
        let micros = duration.whole_microseconds();
        Self(i64::try_from(micros).unwrap_or(if micros < 0 { i64::MIN } else { i64::MAX }))
    }
}

impl Expression for FromNow {
    type SqlType = Instant;
}

impl<Source> AppearsOnTable<Source> for FromNow {}

impl<Source> SelectableExpression<Source> for FromNow {}

impl QueryFragment<Pg> for FromNow {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("(");
        Now.walk_ast(out.reborrow())?;
        out.push_sql(" + ");
        out.push_bind_param::<BigInt, _>(&self.0)?;
        out.push_sql(" * interval '1 microsecond')");
        Ok(())
    }
}

impl QueryFragment<Sqlite> for FromNow {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("(");
        Now.walk_ast(out.reborrow())?;
        out.push_sql(" + ");
        out.push_bind_param::<BigInt, _>(&self.0)?;
        out.push_sql(")");
        Ok(())
    }
}
