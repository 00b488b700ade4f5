//! Whether a connection pooler shares the sessions of the server between connections.

use tessera_adapters::{DatabaseUrl, Inspection};
use tessera_kernel::StoreError;

use super::{Context, Finding, database};

/// How often two connections are compared. A pooler may give them different sessions by chance.
const TRIES: usize = 3;

pub(super) async fn check(context: &Context, database: &mut Inspection) -> Result<Finding, StoreError> {
    let DatabaseUrl::Postgres(_) = context.config.database_url else {
        return Ok(Finding::skip("SQLite has no server"));
    };
    let (other, second) = database::open(context).await;
    let Some(mut second) = second else {
        return Ok(if is_of_pooler(&other.detail) { shared() } else { other });
    };
    for _ in 0..TRIES {
        let (one, two) = (database.session().await, second.session().await);
        match (one, two) {
            (Ok(one), Ok(two)) if one == two => return Ok(shared()),
            (Ok(_), Ok(_)) => {}
            (Err(error), _) | (_, Err(error)) => {
                let text = crate::doctor::finding::cause_of(error);
                return Ok(if is_of_pooler(&text) {
                    shared()
                } else {
                    Finding::fail(text, "see the log of the database and of the pooler")
                });
            }
        }
    }
    Ok(Finding::ok("each connection has its own session: a direct connection, or a pooler in session mode"))
}

/// A prepared statement of another connection, or one that was prepared in another session.
fn is_of_pooler(text: &str) -> bool {
    text.contains("prepared statement")
}

fn shared() -> Finding {
    Finding::fail(
        "a pooler in transaction mode shares sessions: settings and prepared statements of one connection reach another",
        "set pool_mode = session in pgbouncer.ini, or let TESSERA_DATABASE_URL name the server itself",
    )
}
