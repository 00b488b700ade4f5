//! The check of poolers.

use tessera_tests::{database::Backend, pooler::Pooler, process::Installation};

use crate::examine;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn poolers_that_share_sessions_are_a_failure() {
    let installation = Installation::new(Backend::Postgres).await;
    let direct = installation.database().url().to_owned();
    examine(&installation, &[]).has("pooler", "ok", "each connection has its own session");
    let pooler = Pooler::start(&direct, "transaction").await;
    let installation = installation.set("TESSERA_DATABASE_URL", &pooler.url(&direct));
    let report = examine(&installation, &[]);
    report.has("pooler", "fail", "pool_mode = session");
    report.has("pooler", "fail", "TESSERA_DATABASE_DIRECT_URL for the server itself");
    // This version of PgBouncer loses prepared statements.
    let installation = installation.set("TESSERA_DATABASE_DIRECT_URL", &direct);
    examine(&installation, &[]).has("pooler", "fail", "does not keep prepared statements");
    let installation = installation.set("TESSERA_DATABASE_URL", &direct);
    let installation = installation.set("TESSERA_DATABASE_DIRECT_URL", &pooler.url(&direct));
    examine(&installation, &[]).has("pooler", "fail", "it must name the server itself");
    let sessions = Pooler::start(&direct, "session").await;
    let installation = installation.set("TESSERA_DATABASE_URL", &sessions.url(&direct));
    examine(&installation.unset("TESSERA_DATABASE_DIRECT_URL"), &[]).has("pooler", "ok", "a pooler in session mode");
}
