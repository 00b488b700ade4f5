//! The connection to the database.

use std::time::Instant;

use tessera_adapters::{DatabaseUrl, Inspection};

use crate::{
    config::CaFile,
    doctor::{
        context::Context,
        finding::{Finding, cause_of},
    },
};

/// Opens the database. The connection is for the checks that follow.
pub(in crate::doctor) async fn open(context: &Context) -> (Finding, Option<Inspection>) {
    let config = &context.config;
    let authorities = config.database_ca_file.as_ref().map(CaFile::authorities);
    let started = Instant::now();
    let opened = Inspection::open(&config.database_url, authorities).await;
    let mut inspection = match opened {
        Ok(Some(inspection)) => inspection,
        Ok(None) => return (no_file(context), None),
        Err(error) => return (unavailable(context, cause_of(error)), None),
    };
    match inspection.product().await {
        Ok(product) => {
            let milliseconds = started.elapsed().as_millis();
            let unused = if inspection.is_unused_file() { "; no process has it open" } else { "" };
            (Finding::ok(format!("{product} responds in {milliseconds} ms{unused}")), Some(inspection))
        }
        Err(error) => (unavailable(context, cause_of(error)), None),
    }
}

fn no_file(context: &Context) -> Finding {
    let DatabaseUrl::Sqlite(file) = &context.config.database_url else {
        return Finding::fail("there is no database", "set TESSERA_DATABASE_URL");
    };
    Finding::fail(
        format!("there is no database file {}", file.display()),
        "run this command in the working directory of the service, or set TESSERA_DATABASE_URL to the file; tessera serve creates a new one",
    )
}

fn unavailable(context: &Context, cause: String) -> Finding {
    let advice = match context.config.database_url {
        DatabaseUrl::Sqlite(_) => {
            "run this command as the user of the service; if the file is damaged, stop the service and restore a backup"
        }
        DatabaseUrl::Postgres(_) => {
            "start PostgreSQL, or correct host, port, user, password, database or sslmode in TESSERA_DATABASE_URL; psql with that URL shows the same error"
        }
    };
    Finding::fail(cause, advice)
}
