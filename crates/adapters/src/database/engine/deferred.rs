//! Statements whose results no caller needs. They run together with the next statement of the connection, without a round
//! trip or a change of threads of their own.

use std::mem;

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{QueryFragment, QueryId},
};
use diesel_async::AsyncPgConnection;
use futures_util::future::{BoxFuture, FutureExt as _, join, join_all};

use super::run_query::ExecuteQuery;

/// Maximum number of statements that wait. It bounds their memory; up to 30, [`join_all`] polls its futures in their order.
pub(super) const MOST: usize = 16;

/// Sends a statement, and waits for its response.
type Execute = Box<dyn for<'c> FnOnce(&'c AsyncPgConnection) -> BoxFuture<'c, QueryResult<usize>> + Send>;

/// The statements that a PostgreSQL connection sends before its next one, without waiting for the responses in between.
#[derive(Default)]
pub(in crate::database) struct PgDeferred(Vec<Execute>);

impl PgDeferred {
    pub(super) fn push<Q>(&mut self, query: Q)
    where
        Q: QueryFragment<Pg> + QueryId + Send + 'static,
    {
        self.0.push(Box::new(|connection| async move { query.execute_on(&mut &*connection).await }.boxed()));
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Sends the statements, and then the next one, and waits for all. The first error counts: after it, the server rejects
    /// the statements that follow in the same transaction, and ends it without its changes if one of them is COMMIT.
    ///
    /// The order is that of the vector. Each future takes the statement cache of the connection before it sends, and all
    /// are polled in their order, so a statement that the server must prepare holds up those after it.
    pub(in crate::database) async fn before<T>(
        &mut self,
        connection: &AsyncPgConnection,
        next: impl Future<Output = QueryResult<T>>,
    ) -> QueryResult<T> {
        if self.0.is_empty() {
            return next.await;
        }
        let earlier = join_all(mem::take(&mut self.0).into_iter().map(|execute| execute(connection)));
        let (earlier, next) = join(earlier, next).await;
        earlier.into_iter().collect::<QueryResult<Vec<_>>>()?;
        next
    }
}
