//! Detection of connection poolers, and of their mode.
//!
//! A pooler that lends a connection to the server for one transaction breaks what belongs to a session: settings, advisory
//! locks of the migrations, notifications and, with some versions, prepared statements.

use std::error::Error;

use diesel::ConnectionError;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::{
    connect::{self, Raw, bad},
    server::{Server, Sessions},
};

/// How often the connections are compared. A pooler that is in use may by chance lend the same connections again.
const ROUNDS: usize = 4;

/// Begins a transaction, during which a pooler lends the connection to no other client.
const BEGIN: &str = "BEGIN; SELECT pg_backend_pid()";

type Fault = Box<dyn Error + Send + Sync>;

/// Why a pooler cannot be used.
#[derive(Debug, thiserror::Error)]
enum PoolerError {
    #[error(
        "TESSERA_DATABASE_URL leads to a pooler in transaction mode: use session mode, or PgBouncer 1.21 or later with \
        max_prepared_statements > 0, and TESSERA_DATABASE_DIRECT_URL for the server itself"
    )]
    NoDirectUrl,
    #[error(
        "TESSERA_DATABASE_URL leads to a pooler in transaction mode that does not keep prepared statements: use session \
        mode, or PgBouncer 1.21 or later with max_prepared_statements > 0"
    )]
    NoPreparedStatements,
    #[error("TESSERA_DATABASE_DIRECT_URL leads to a pooler in transaction mode: it must name the server itself")]
    NotDirect,
}

/// Connects to the server that the nodes share, and returns how long a connection to it belongs to this process.
///
/// # Errors
/// Fails if the server cannot be reached, or through a pooler in transaction mode, unless it keeps prepared statements and
/// there is another address for what needs a session.
pub(in crate::database::engine) async fn sessions(server: &Server, has_direct_url: bool) -> Result<Sessions, Fault> {
    let Some((one, other)) = pooled(server).await? else { return Ok(Sessions::Own) };
    if !is_shared(&one.client, &other.client).await? {
        return Ok(Sessions::Own);
    }
    if !has_direct_url {
        return Err(PoolerError::NoDirectUrl.into());
    }
    if !keeps_statements(&one.client, &other.client).await? {
        return Err(PoolerError::NoPreparedStatements.into());
    }
    if is_unlimited(&one.client).await? {
        tracing::warn!(
            "statements have no time limit: through a pooler in transaction mode, the role needs \
            ALTER ROLE … SET statement_timeout = '5s'"
        );
    }
    Ok(Sessions::Shared)
}

/// Returns whether the error says why a pooler cannot be used.
pub(in crate::database::engine) fn is_unusable(fault: &Fault) -> bool {
    fault.is::<PoolerError>()
}

/// Checks that an address leads to the server itself, or to a pooler in session mode.
///
/// # Errors
/// Fails if it does not, or if the server cannot be reached.
pub(in crate::database) async fn require_own_session(server: &Server) -> Result<(), Fault> {
    match pooled(server).await? {
        Some((one, other)) if is_shared(&one.client, &other.client).await? => Err(PoolerError::NotDirect.into()),
        _ => Ok(()),
    }
}

/// Opens two connections if they lead to a pooler. The process id in the greeting is then one that the pooler has made up.
async fn pooled(server: &Server) -> Result<Option<(Raw, Raw)>, ConnectionError> {
    let server = Server { sessions: Sessions::Shared, ..server.clone() };
    let one = connect::open(&server).await?;
    let process = process(&one.client, "SELECT pg_backend_pid()").await?;
    if process == one.wire.process().to_string() {
        return Ok(None);
    }
    Ok(Some((one, connect::open(&server).await?)))
}

/// Returns the only value of a query.
async fn process(client: &Client, query: &str) -> Result<String, ConnectionError> {
    let answers = client.simple_query(query).await.map_err(|fault| bad(&fault))?;
    let value = answers.iter().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    value.ok_or_else(|| ConnectionError::BadConnection("the database server does not answer".to_owned()))
}

/// Returns whether the connections to the server of two clients change.
async fn is_shared(one: &Client, other: &Client) -> Result<bool, ConnectionError> {
    let mut known = None;
    for round in 0..ROUNDS {
        let held = (process(one, BEGIN).await?, process(other, BEGIN).await?);
        // A pooler lends the connection that was given back last, or the one that was given back first. In one of the two
        // orders, each client gets the connection of the other.
        for client in if round % 2 == 0 { [one, other] } else { [other, one] } {
            client.simple_query("ROLLBACK").await.map_err(|fault| bad(&fault))?;
        }
        if known.replace(held.clone()).is_some_and(|known| known != held) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns whether a statement that was prepared on one connection to the server can be executed on another one.
async fn keeps_statements(one: &Client, other: &Client) -> Result<bool, ConnectionError> {
    for round in 0..ROUNDS {
        let prepared_on = process(one, BEGIN).await?;
        let prepared = one.prepare("SELECT pg_backend_pid()::text").await;
        one.simple_query("ROLLBACK").await.map_err(|fault| bad(&fault))?;
        let Ok(statement) = prepared else { return Ok(false) };
        // A pooler that lends the connection that was given back first needs one more turn.
        if round % 2 == 1 {
            process(other, "SELECT pg_backend_pid()").await?;
        }
        // While this transaction holds the connection on which the statement was prepared, it is executed on another one.
        process(other, BEGIN).await?;
        let executed = one.query_one(&statement, &[]).await;
        other.simple_query("ROLLBACK").await.map_err(|fault| bad(&fault))?;
        match executed.and_then(|row| row.try_get::<_, String>(0)) {
            Err(_) => return Ok(false),
            Ok(executed_on) if executed_on != prepared_on => return Ok(true),
            Ok(_) => {}
        }
    }
    Ok(true)
}

async fn is_unlimited(client: &Client) -> Result<bool, ConnectionError> {
    Ok(process(client, "SHOW statement_timeout").await? == "0")
}
