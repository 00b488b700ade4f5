//! Whether acknowledged changes survive a power failure.

use tessera_adapters::{Durability, Inspection};
use tessera_kernel::StoreError;

use crate::doctor::finding::Finding;

pub(super) async fn check(database: &mut Inspection) -> Result<Finding, StoreError> {
    Ok(match database.durability().await? {
        Durability::Sqlite { journal_mode: None } => {
            Finding::ok("the service waits for the disk; its journal mode cannot be read while it is stopped")
        }
        Durability::Sqlite { journal_mode: Some(mode) } if mode == "wal" => {
            Finding::ok("journal mode wal; the service waits for the disk")
        }
        Durability::Sqlite { journal_mode: Some(mode) } => Finding::warn(
            format!("the journal mode is {mode}, which another program has set"),
            "end that program and restart tessera serve, which sets the mode wal",
        ),
        Durability::Postgres { fsync, full_page_writes, synchronous_commit, synchronous_standby_names } => {
            of_postgres(fsync, full_page_writes, &synchronous_commit, &synchronous_standby_names)
        }
    })
}

fn of_postgres(fsync: bool, full_page_writes: bool, commit: &str, standbys: &str) -> Finding {
    let mut findings = Vec::new();
    if !fsync {
        findings.push(Finding::fail(
            "fsync is off: a power failure can destroy the database",
            "ALTER SYSTEM SET fsync = on; SELECT pg_reload_conf()",
        ));
    }
    if !full_page_writes {
        findings.push(Finding::fail(
            "full_page_writes is off: a power failure can damage pages",
            "ALTER SYSTEM SET full_page_writes = on; SELECT pg_reload_conf()",
        ));
    }
    if commit == "off" {
        findings.push(Finding::fail(
            "synchronous_commit is off: a crash of the server loses acknowledged changes, such as revocations",
            "ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf(); look for ALTER ROLE and ALTER DATABASE settings too",
        ));
    } else if commit == "local" && !standbys.is_empty() {
        findings.push(Finding::warn(
            "synchronous_commit is local: a failover to a standby loses acknowledged changes",
            "ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf()",
        ));
    }
    let standbys = if standbys.is_empty() { "no synchronous standby" } else { "synchronous standbys are set" };
    let good = format!("fsync and full_page_writes are on, synchronous_commit is {commit}; {standbys}");
    Finding::combined(findings, Finding::ok(good))
}

#[cfg(test)]
mod tests {
    use super::of_postgres;
    use crate::doctor::finding::Status;

    #[test]
    fn each_setting_that_loses_changes_is_found() {
        assert_eq!(of_postgres(true, true, "on", "").status, Status::Ok);
        assert_eq!(of_postgres(true, true, "local", "").status, Status::Ok);
        assert_eq!(of_postgres(true, true, "local", "s1").status, Status::Warn);
        for (fsync, pages, commit, word) in [
            (false, true, "on", "fsync"),
            (true, false, "on", "full_page_writes"),
            (true, true, "off", "synchronous_commit"),
        ] {
            let found = of_postgres(fsync, pages, commit, "");
            assert!(found.status == Status::Fail && found.detail.starts_with(word), "{found:?}");
        }
    }
}
