//! The encryption of the connection to the database.

use tessera_adapters::{DatabaseUrl, Inspection};
use tessera_kernel::StoreError;

use crate::doctor::{context::Context, finding::Finding};

pub(super) async fn check(context: &Context, database: &mut Inspection) -> Result<Finding, StoreError> {
    let DatabaseUrl::Postgres(_) = context.config.database_url else {
        return Ok(Finding::skip("SQLite needs no connection"));
    };
    if context.config.database_url.is_encrypted() {
        let version = database.tls_version().await?;
        return Ok(match version {
            Some(version) => Finding::ok(format!("{version}; the certificate is trusted")),
            // The pooler in between has its own connection to the server.
            None => Finding::warn(
                "the connection of this machine is encrypted, but the server sees plain text: a pooler is in between",
                "set server_tls_sslmode = verify-full in pgbouncer.ini",
            ),
        });
    }
    if context.config.database_url.is_local() {
        return Ok(Finding::ok("plain text to this machine"));
    }
    Ok(Finding::warn(
        "passwords and data cross the network in plain text",
        "remove sslmode=disable from TESSERA_DATABASE_URL, and set TESSERA_DATABASE_CA_FILE if the authority of the server is private",
    ))
}
