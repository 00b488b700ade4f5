//! The mails that wait for their delivery.

use tessera_adapters::{Inspection, Outbox};
use tessera_kernel::StoreError;

use crate::doctor::finding::Finding;

/// A node takes a mail within seconds after it is due.
const LATE: u64 = 600;

pub(super) async fn check(database: &mut Inspection) -> Result<Finding, StoreError> {
    Ok(of_outbox(database.outbox().await?))
}

fn of_outbox(outbox: Outbox) -> Finding {
    let Outbox { waiting, failing, overdue_seconds, rejected } = outbox;
    let mut findings = Vec::new();
    if overdue_seconds > LATE {
        findings.push(Finding::fail(
            format!("no node delivers mails: one is due since {} minutes", overdue_seconds / 60),
            "start tessera serve; if it runs, search its log for \"delivery of mails\"",
        ));
    }
    if failing > 0 {
        findings.push(Finding::warn(
            format!("{failing} waiting mails have failed three times or more"),
            "run tessera doctor --mail-to ADDRESS, and search the log for \"mail not delivered\"",
        ));
    }
    if rejected > 0 {
        findings.push(Finding::warn(
            format!("the mail server has rejected {rejected} mails in the last 24 hours"),
            "search the log for \"mail refused for good\"; the column refusal of the table mails has the reply code",
        ));
    }
    Finding::combined(findings, Finding::ok(format!("{waiting} mails are waiting, none is late")))
}
