//! Detection of what a server and a role support.

use diesel::ConnectionResult;
use tokio_postgres::Client;

use super::{
    connect::{self, bad},
    features::Features,
    server::Server,
};

/// The codes of a function or statement that the server does not have, or that the role must not use.
const MISSING: [&str; 4] = ["42883", "42501", "0A000", "42601"];

/// The code of a lock that another transaction holds.
const LOCKED: &str = "55P03";

/// Tries what the server supports. The schema must be current. All nodes must use roles with the same privileges: a lock on
/// a row does not exclude an advisory lock of another node.
pub(in crate::database::engine) async fn detect(server: &Server) -> ConnectionResult<Features> {
    let raw = connect::open(server).await?;
    let features = Features {
        // No name has this number.
        advisory_locks: works(&raw.client, "SELECT pg_advisory_xact_lock(8387236824920056684)").await?,
        table_locks: works(&raw.client, "LOCK TABLE lock_rows IN SHARE ROW EXCLUSIVE MODE NOWAIT").await?,
        notifications: works(&raw.client, "SELECT pg_notify('tessera_features', '')").await?,
    };
    if features != Features::ALL {
        let Features { advisory_locks, table_locks, notifications } = features;
        tracing::info!(advisory_locks, table_locks, notifications, "the database server or the role lacks features");
    }
    Ok(features)
}

async fn works(client: &Client, statement: &str) -> ConnectionResult<bool> {
    let tried = client.simple_query(&format!("BEGIN; {statement}; ROLLBACK")).await;
    let Err(fault) = tried else { return Ok(true) };
    client.simple_query("ROLLBACK").await.map_err(|fault| bad(&fault))?;
    match fault.code().map(tokio_postgres::error::SqlState::code) {
        Some(LOCKED) => Ok(true),
        Some(code) if MISSING.contains(&code) => Ok(false),
        _ => Err(bad(&fault)),
    }
}
