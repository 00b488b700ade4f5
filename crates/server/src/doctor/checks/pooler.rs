//! Whether the service can use the connection pooler, if there is one.

use std::sync::Arc;

use tessera_adapters::{Inspection, Pooling};

use crate::config::CaFile;
use crate::doctor::{context::Context, finding::Finding};

pub(super) async fn check(context: Arc<Context>) -> Finding {
    let config = &context.config;
    let authorities = config.database_ca_file.as_ref().map(CaFile::authorities);
    let found = Inspection::pooling(&config.database_url, config.database_direct_url.as_ref(), authorities).await;
    match found {
        Ok(None) => Finding::skip("SQLite has no server"),
        Ok(Some(Pooling::Sessions)) => {
            Finding::ok("each connection has its own session: a direct connection, or a pooler in session mode")
        }
        Ok(Some(Pooling::Transactions)) => Finding::ok(
            "a pooler in transaction mode keeps prepared statements, and TESSERA_DATABASE_DIRECT_URL leads to the server",
        ),
        Ok(Some(Pooling::Unusable(reason))) => Finding::fail(
            reason,
            "set pool_mode = session in pgbouncer.ini, or correct TESSERA_DATABASE_URL and TESSERA_DATABASE_DIRECT_URL",
        ),
        // The check of the database says why.
        Err(_) => Finding::skip("the database is not available"),
    }
}
