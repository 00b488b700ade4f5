//! The marks of a database that was moved from SQLite to PostgreSQL. They are tables that only such databases have.

use diesel::{
    OptionalExtension as _, QueryResult, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection as _, sql_query, sql_types::Text,
};
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use super::{
    error::MOVED,
    open_error::OpenError,
    postgres::{connect_alone, server::Server},
};

/// The table of a moved source, which stays as a file.
pub(in crate::database) const MOVED_TO: &str = "moved_to";

/// The table of a target.
pub(in crate::database) const MOVED_FROM: &str = "moved_from";

const TRIGGER: &str = "database_moved";

/// The mark of a source: where its rows are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::database) struct MovedTo {
    /// The address of the target, without a password.
    pub(in crate::database) address: String,
    /// The id of the target, which its own mark has too.
    pub(in crate::database) target: String,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    text: String,
}

/// Reads the mark of a source. `None` if it was not moved.
pub(in crate::database) fn read_moved_to(connection: &mut SqliteConnection) -> QueryResult<Option<MovedTo>> {
    let table = "SELECT name AS text FROM sqlite_schema WHERE type = 'table' AND name = ?";
    let table: Option<Line> = sql_query(table).bind::<Text, _>(MOVED_TO).get_result(connection).optional()?;
    if table.is_none() {
        return Ok(None);
    }
    let mut value = |name: &str| {
        let query = sql_query(format!("SELECT value AS text FROM {MOVED_TO} WHERE name = ?")).bind::<Text, _>(name);
        query.get_result(connection).map(|line: Line| line.text)
    };
    Ok(Some(MovedTo { address: value("address")?, target: value("target")? }))
}

/// Marks a source, and makes triggers reject all later writes. The caller commits.
pub(in crate::database) fn close_source(connection: &mut SqliteConnection, mark: &MovedTo) -> QueryResult<()> {
    let tables =
        "SELECT name AS text FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let tables: Vec<Line> = sql_query(tables).load(connection)?;
    for Line { text: table } in tables {
        for action in ["INSERT", "UPDATE", "DELETE"] {
            connection.batch_execute(&format!(
                "CREATE TRIGGER {TRIGGER}_{table}_{action} BEFORE {action} ON \"{table}\"
                BEGIN SELECT RAISE(ABORT, '{MOVED}'); END"
            ))?;
        }
    }
    connection.batch_execute(&format!(
        "CREATE TABLE {MOVED_TO} (name TEXT NOT NULL CONSTRAINT {MOVED_TO}_name PRIMARY KEY, value TEXT NOT NULL) STRICT"
    ))?;
    for (name, value) in [("address", &mark.address), ("target", &mark.target)] {
        sql_query(format!("INSERT INTO {MOVED_TO} (name, value) VALUES (?, ?)"))
            .bind::<Text, _>(name)
            .bind::<Text, _>(value)
            .execute(connection)?;
    }
    Ok(())
}

/// Removes the mark of a source and its triggers. The caller commits.
pub(in crate::database) fn reopen_source(connection: &mut SqliteConnection) -> QueryResult<()> {
    let triggers = format!(
        "SELECT name AS text FROM sqlite_schema WHERE type = 'trigger' AND name LIKE '{}\\_%' ESCAPE '\\'",
        TRIGGER.replace('_', "\\_")
    );
    let triggers: Vec<Line> = sql_query(triggers).load(connection)?;
    for Line { text: trigger } in triggers {
        connection.batch_execute(&format!("DROP TRIGGER \"{trigger}\""))?;
    }
    connection.batch_execute(&format!("DROP TABLE {MOVED_TO}"))
}

/// Fails if the rows of the database are on PostgreSQL now.
pub(super) fn require_not_moved(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    match read_moved_to(connection) {
        Ok(None) => Ok(()),
        Ok(Some(MovedTo { address, .. })) => Err(OpenError::Moved { address }),
        Err(fault) => Err(OpenError::Prepare(fault.into())),
    }
}

/// Whether a target has all rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::database) enum TargetState {
    /// No node becomes ready on it.
    Incomplete,
    Complete,
}

/// The mark of a target: where its rows come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::database) struct MovedFrom {
    /// The id of this target.
    pub(in crate::database) target: String,
    /// The id of the source.
    pub(in crate::database) source: String,
    pub(in crate::database) state: TargetState,
    /// Whether a node has opened it since it is complete.
    pub(in crate::database) is_served: bool,
}

/// Creates the table of the mark, with an incomplete target. A second process that does the same fails.
pub(in crate::database) fn mark_target(source: &str) -> String {
    format!(
        "CREATE TABLE {MOVED_FROM} (
            id integer NOT NULL CONSTRAINT {MOVED_FROM}_id PRIMARY KEY CHECK (id = 1),
            target uuid NOT NULL,
            source text NOT NULL,
            state text NOT NULL CHECK (state IN ('incomplete', 'complete')),
            served_at timestamptz
        );
        INSERT INTO {MOVED_FROM} VALUES (1, gen_random_uuid(), '{source}', 'incomplete', NULL)"
    )
}

/// Reads the mark of a target. `None` if no move has begun.
pub(in crate::database) async fn read_moved_from(client: &Client) -> Result<Option<MovedFrom>, tokio_postgres::Error> {
    let table = format!("SELECT to_regclass('{MOVED_FROM}')");
    if rows(client, &table).await?.first().is_none_or(|row| row.get(0).is_none()) {
        return Ok(None);
    }
    let mark = format!("SELECT target, source, state, served_at IS NOT NULL FROM {MOVED_FROM}");
    Ok(rows(client, &mark).await?.first().map(|row| {
        let text = |column: usize| row.get(column).unwrap_or_default().to_owned();
        let state = if row.get(2) == Some("complete") { TargetState::Complete } else { TargetState::Incomplete };
        MovedFrom { target: text(0), source: text(1), state, is_served: row.get(3) == Some("t") }
    }))
}

/// Opens a target for nodes. Returns `false` if its mark is another one.
pub(in crate::database) async fn open_target(client: &Client, target: &str) -> Result<bool, tokio_postgres::Error> {
    let update = format!(
        "UPDATE {MOVED_FROM} SET state = 'complete' WHERE target = '{target}' AND state = 'incomplete' RETURNING id"
    );
    Ok(!rows(client, &update).await?.is_empty())
}

/// Closes a target for nodes. Returns `false` if a node has opened it, or if its mark is another one.
pub(in crate::database) async fn close_target(client: &Client, target: &str) -> Result<bool, tokio_postgres::Error> {
    let update = format!(
        "UPDATE {MOVED_FROM} SET state = 'incomplete' WHERE target = '{target}' AND served_at IS NULL RETURNING id"
    );
    Ok(!rows(client, &update).await?.is_empty())
}

/// A move to this database has not ended.
#[derive(Debug, thiserror::Error)]
#[error("a move from SQLite to this database has not ended: run tessera migrate --to again")]
struct Incomplete;

/// Fails while the database is the incomplete target of a move. Records in a complete one that a node has opened it: after
/// that, its source must not accept writes again.
pub(super) async fn admit(server: &Server) -> Result<(), OpenError> {
    let unavailable = |fault: tokio_postgres::Error| OpenError::Unavailable(Box::new(fault));
    let connection = connect_alone(server).await.map_err(|fault| OpenError::Unavailable(fault.into()))?;
    let client = &connection.client;
    let admitted = match read_moved_from(client).await.map_err(unavailable)? {
        None | Some(MovedFrom { state: TargetState::Complete, is_served: true, .. }) => true,
        Some(MovedFrom { state: TargetState::Incomplete, .. }) => false,
        Some(_) => {
            let update = format!("UPDATE {MOVED_FROM} SET served_at = now() WHERE state = 'complete' RETURNING id");
            !rows(client, &update).await.map_err(unavailable)?.is_empty()
        }
    };
    if admitted { Ok(()) } else { Err(OpenError::Unavailable(Box::new(Incomplete))) }
}

async fn rows(client: &Client, query: &str) -> Result<Vec<SimpleQueryRow>, tokio_postgres::Error> {
    let messages = client.simple_query(query).await?;
    let row = |message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    };
    Ok(messages.into_iter().filter_map(row).collect())
}
