//! The age of the last scheduled backup.

use tessera_adapters::DatabaseUrl;

use super::{Context, Finding};

pub(super) fn check(context: &Context) -> Finding {
    match context.config.database_url {
        DatabaseUrl::Postgres(_) => Finding::skip("backups of PostgreSQL are made with its own tools, such as pg_dump"),
        DatabaseUrl::Sqlite(_) => Finding::skip("this version schedules no backups"),
    }
}
