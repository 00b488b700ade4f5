//! Execution of queries, written once for the connections of both databases.

use diesel::{
    QueryResult,
    backend::Backend,
    deserialize::FromSqlRow,
    dsl::Limit,
    expression::QueryMetadata,
    pg::Pg,
    query_builder::{AsQuery, AstPass, Query, QueryFragment, QueryId},
    query_dsl::{CompatibleType, methods::LimitDsl},
    sqlite::Sqlite,
};
use diesel_async::AsyncPgConnection;

use super::sqlite::{self, LiteConnection, LiteQuery};

/// A query whose prepared statement is always cached. By default, diesel caches no update, no upsert and no `sql_query`, on
/// SQLite no list of values, and on PostgreSQL no insertion with optional columns. The queries of this crate have few forms
/// each.
struct Cached<Q>(Q);

impl<Q: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for Cached<Q> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q: QueryId> QueryId for Cached<Q> {
    type QueryId = Q::QueryId;

    // If the type identifies the query, no SQL is built for a cached statement. Only an insertion of an array of rows would
    // be a type whose SQL varies; insert a `Vec` instead.
    const HAS_STATIC_QUERY_ID: bool = Q::HAS_STATIC_QUERY_ID;
}

impl<Q: Query> Query for Cached<Q> {
    type SqlType = Q::SqlType;
}

/// Copies a query, so that another thread can run it.
pub(super) fn sqlite_query(query: impl QueryFragment<Sqlite>) -> QueryResult<LiteQuery> {
    sqlite::collect(&Cached(query))
}

/// A query whose rows the connection `C` returns as values of `U`.
pub(in crate::database) trait LoadQuery<C, U>: Sized {
    fn load_all(self, connection: &mut C) -> impl Future<Output = QueryResult<Vec<U>>> + Send;

    fn load_one(self, connection: &mut C) -> impl Future<Output = QueryResult<U>> + Send;
}

impl<'c, Q, U, S> LoadQuery<&'c AsyncPgConnection, U> for Q
where
    Q: AsQuery + Send,
    Q::Query: QueryFragment<Pg> + QueryId + Send,
    Q::SqlType: CompatibleType<U, Pg, SqlType = S>,
    Pg: QueryMetadata<Q::SqlType>,
    U: FromSqlRow<S, Pg> + Send + 'static,
    S: 'static,
{
    fn load_all(self, connection: &mut &'c AsyncPgConnection) -> impl Future<Output = QueryResult<Vec<U>>> + Send {
        diesel_async::RunQueryDsl::load(Cached(self.as_query()), connection)
    }

    fn load_one(self, connection: &mut &'c AsyncPgConnection) -> impl Future<Output = QueryResult<U>> + Send {
        diesel_async::RunQueryDsl::get_result(Cached(self.as_query()), connection)
    }
}

impl<Q, U, S> LoadQuery<LiteConnection, U> for Q
where
    Q: AsQuery + Send,
    Q::Query: QueryFragment<Sqlite> + QueryId + Send,
    Q::SqlType: CompatibleType<U, Sqlite, SqlType = S>,
    Sqlite: QueryMetadata<Q::SqlType>,
    U: FromSqlRow<S, Sqlite> + Send + 'static,
    S: 'static,
{
    fn load_all(self, connection: &mut LiteConnection) -> impl Future<Output = QueryResult<Vec<U>>> + Send {
        connection.load(sqlite_query(self.as_query()))
    }

    async fn load_one(self, connection: &mut LiteConnection) -> QueryResult<U> {
        // All rows are read: SQLite commits a statement that writes when it has returned its last row.
        let rows = connection.load(sqlite_query(self.as_query())).await?;
        rows.into_iter().next().ok_or(diesel::result::Error::NotFound)
    }
}

/// A statement that the connection `C` executes.
pub(in crate::database) trait ExecuteQuery<C>: Sized {
    fn execute_on(self, connection: &mut C) -> impl Future<Output = QueryResult<usize>> + Send;
}

impl<'c, Q: QueryFragment<Pg> + QueryId + Send> ExecuteQuery<&'c AsyncPgConnection> for Q {
    fn execute_on(self, connection: &mut &'c AsyncPgConnection) -> impl Future<Output = QueryResult<usize>> + Send {
        diesel_async::RunQueryDsl::execute(Cached(self), connection)
    }
}

impl<Q: QueryFragment<Sqlite> + QueryId + Send> ExecuteQuery<LiteConnection> for Q {
    fn execute_on(self, connection: &mut LiteConnection) -> impl Future<Output = QueryResult<usize>> + Send {
        connection.execute(sqlite_query(self))
    }
}

/// Methods of queries, for the body of `with_connection!`. The traits of the same name in diesel and diesel-async
/// support one kind of connection each.
pub(in crate::database) trait RunQueryDsl: Sized {
    /// Returns the number of affected rows.
    fn execute<C>(self, connection: &mut C) -> impl Future<Output = QueryResult<usize>> + Send
    where
        Self: ExecuteQuery<C>,
    {
        self.execute_on(connection)
    }

    /// Returns all rows.
    fn load<U, C>(self, connection: &mut C) -> impl Future<Output = QueryResult<Vec<U>>> + Send
    where
        Self: LoadQuery<C, U>,
    {
        self.load_all(connection)
    }

    /// Returns the first row. Fails with `NotFound` if there is none.
    fn get_result<U, C>(self, connection: &mut C) -> impl Future<Output = QueryResult<U>> + Send
    where
        Self: LoadQuery<C, U>,
    {
        self.load_one(connection)
    }

    /// Requests one row and returns it. Fails with `NotFound` if there is none.
    fn first<U, C>(self, connection: &mut C) -> impl Future<Output = QueryResult<U>> + Send
    where
        Self: LimitDsl,
        Limit<Self>: LoadQuery<C, U>,
    {
        self.limit(1).load_one(connection)
    }
}

impl<Q> RunQueryDsl for Q {}
