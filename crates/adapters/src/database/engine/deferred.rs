//! Statements whose results no caller needs. They run together with the next statement of the connection, without a round
//! trip or a change of threads of their own.

use std::{
    mem,
    sync::atomic::{AtomicBool, Ordering},
};

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{QueryFragment, QueryId},
    result::Error,
};
use diesel_async::AsyncPgConnection;
use futures_util::future::{BoxFuture, Either, FutureExt as _, Ready, join, join_all, ready};

use super::{error::closed, run_query::ExecuteQuery};

/// Maximum number of statements that wait. It bounds their memory; up to 30, [`join_all`] polls its futures in their order.
pub(super) const MAX_DEFERRED: usize = 16;

/// Begins a transaction on PostgreSQL.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// Sends a statement, and waits for its response.
type Execute = Box<dyn for<'c> FnOnce(&'c AsyncPgConnection) -> BoxFuture<'c, QueryResult<usize>> + Send>;

/// The statements that a PostgreSQL connection sends before its next one, without waiting for the responses in between.
#[derive(Default)]
pub(in crate::database) struct PgDeferred {
    /// Whether the first one begins a transaction.
    begins: bool,
    statements: Vec<Execute>,
}

impl PgDeferred {
    pub(super) fn begin(&mut self) {
        self.begins = true;
        self.push(diesel::sql_query(BEGIN));
    }

    pub(super) fn push<Q>(&mut self, query: Q)
    where
        Q: QueryFragment<Pg> + QueryId + Send + 'static,
    {
        self.statements.push(Box::new(|connection| async move { query.execute_on(&mut &*connection).await }.boxed()));
    }

    pub(super) fn len(&self) -> usize {
        self.statements.len()
    }

    /// Sends the statements, and then the next one, and waits for all. The first error counts. After an error of the server,
    /// it rejects the statements that follow in the same transaction, and ends it without its changes if one of them is
    /// COMMIT. After an error of the driver, which sends nothing, the next statement is not sent.
    ///
    /// The order is that of the vector. Each future takes the statement cache of the connection before it sends, and all
    /// are polled in their order, so a statement that the server must prepare holds up those after it.
    pub(in crate::database) async fn before<T>(
        &mut self,
        connection: &AsyncPgConnection,
        next: impl Future<Output = QueryResult<T>>,
    ) -> QueryResult<T> {
        let failed = &AtomicBool::new(false);
        let earlier = mem::take(self).run(connection, failed);
        let next = async { if failed.load(Ordering::Relaxed) { Err(Error::RollbackTransaction) } else { next.await } };
        let (earlier, next) = join(earlier, next).await;
        earlier.and(next)
    }

    /// Apart from [`Self::before`], which the compiler translates for each statement.
    fn run<'a>(
        self,
        connection: &'a AsyncPgConnection,
        failed: &'a AtomicBool,
    ) -> Either<Ready<QueryResult<()>>, BoxFuture<'a, QueryResult<()>>> {
        let Self { begins, statements } = self;
        if statements.is_empty() {
            return Either::Left(ready(Ok(())));
        }
        let executed = statements.into_iter().map(move |execute| {
            let executed = execute(connection);
            async move { executed.await.inspect_err(|_| failed.store(true, Ordering::Relaxed)) }
        });
        let all = join_all(executed).map(move |results| {
            if begins && matches!(results.first(), Some(Err(_))) {
                // The statements after it were not in a transaction, so some of them may have taken effect.
                return Err(closed("the transaction could not begin"));
            }
            results.into_iter().try_for_each(|result| result.map(drop))
        });
        Either::Right(all.boxed())
    }
}
