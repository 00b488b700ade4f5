//! Migrations that create indexes while other nodes write.

use diesel::{
    connection::BoxableConnection,
    migration::{Migration, MigrationMetadata, MigrationName, Result},
    pg::Pg,
};

/// The migrations with `CREATE INDEX CONCURRENTLY`, by version. PostgreSQL rejects it in a transaction, and treats a script
/// of several statements as one.
const CONCURRENT: [(&str, &str); 1] =
    [("0045", include_str!("../../../../../../migrations/postgres/0045_retention_indexes/up.sql"))];

/// Waits for a lock that does not delay others, so it may take longer than that of other migrations: an index that is
/// created concurrently waits for the transactions that have begun before.
const PATIENT: &str = "SET lock_timeout = '60s'";
const IMPATIENT: &str = "SET lock_timeout = '1s'";

/// A migration whose statements run one by one, outside of a transaction. After a failure, it runs again from the start.
struct OneByOne {
    script: &'static str,
    embedded: Box<dyn Migration<Pg>>,
}

/// Returns the migration in the form in which it must run.
pub(super) fn prepared(embedded: Box<dyn Migration<Pg>>) -> Box<dyn Migration<Pg>> {
    let version = embedded.name().version().to_string();
    match CONCURRENT.iter().find(|(concurrent, _)| *concurrent == version) {
        Some((_, script)) => Box::new(OneByOne { script, embedded }),
        None => embedded,
    }
}

impl Migration<Pg> for OneByOne {
    fn run(&self, connection: &mut dyn BoxableConnection<Pg>) -> Result<()> {
        connection.batch_execute(PATIENT)?;
        for statement in self.script.split_terminator(";\n") {
            connection.batch_execute(statement)?;
        }
        Ok(connection.batch_execute(IMPATIENT)?)
    }

    fn revert(&self, connection: &mut dyn BoxableConnection<Pg>) -> Result<()> {
        self.embedded.revert(connection)
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        &NoTransaction
    }

    fn name(&self) -> &dyn MigrationName {
        self.embedded.name()
    }
}

struct NoTransaction;

impl MigrationMetadata for NoTransaction {
    fn run_in_transaction(&self) -> bool {
        false
    }
}
