//! Damage of the files of the database.

use tessera_adapters::Inspection;
use tessera_kernel::StoreError;

use crate::doctor::finding::Finding;

pub(super) async fn check(database: &mut Inspection) -> Result<Finding, StoreError> {
    let damage = database.check_integrity().await?;
    let mut findings = Vec::new();
    if database.is_postgres() {
        if !damage.is_empty() {
            findings.push(Finding::fail(
                format!("invalid indexes: {}", damage.join(", ")),
                format!("REINDEX INDEX CONCURRENTLY {}", damage.join("; REINDEX INDEX CONCURRENTLY ")),
            ));
        }
        let collations = database.changed_collations().await?;
        if !collations.is_empty() {
            findings.push(Finding::warn(
                format!("the operating system has another version of {}", collations.join(", ")),
                "REINDEX DATABASE, then ALTER DATABASE … REFRESH COLLATION VERSION",
            ));
        }
        return Ok(Finding::combined(findings, Finding::ok("all indexes are valid, and the collations are unchanged")));
    }
    if !damage.is_empty() {
        findings.push(Finding::fail(
            format!("the file is damaged: {}", damage.join("; ")),
            "stop the service, keep a copy of the file, and restore the last backup",
        ));
    }
    Ok(Finding::combined(findings, Finding::ok("integrity_check finds no damage")))
}
