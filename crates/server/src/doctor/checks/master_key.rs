//! Whether the master key opens every sealed value.

use std::time::Duration;

use tessera_adapters::{Inspection, SealedReport};
use tessera_kernel::StoreError;

use crate::master_key;

use crate::doctor::{context::Context, finding::Finding};

/// After this time, the remaining values are left to the check `sealed`.
const LIMIT: Duration = Duration::from_secs(3);

pub(super) async fn check(context: &Context, database: &mut Inspection) -> Result<Finding, StoreError> {
    examine(context, database, Some(LIMIT)).await
}

/// Opens the sealed values within the limit.
pub(super) async fn examine(
    context: &Context,
    database: &mut Inspection,
    limit: Option<Duration>,
) -> Result<Finding, StoreError> {
    let secrets = database.sealed_secrets().await?;
    let key = match master_key::find(&context.config, &secrets) {
        Ok(key) => key,
        Err(error) => {
            return Ok(Finding::fail(format!("{error:#}"), "correct TESSERA_MASTER_KEY, or the file master.key"));
        }
    };
    let report = database.open_sealed(key.as_ref(), limit).await?;
    let unopened: u64 = report.unopened.iter().map(|(_, number)| number).sum();
    Ok(match (key.is_some(), unopened) {
        (false, 0) => Finding::ok("there is no key yet, and nothing is sealed; tessera serve makes a key"),
        (false, _) => Finding::fail(
            format!("there is no master key, and {unopened} values are sealed"),
            "set TESSERA_MASTER_KEY, or restore the file master.key beside the database from its backup",
        ),
        (true, 0) => of_opened(&report),
        (true, _) => not_opened(&report, unopened),
    })
}

/// During a rotation, values of the previous key are still there.
fn of_opened(report: &SealedReport) -> Finding {
    match report.of_other_keys {
        0 => Finding::ok(opened(report)),
        number => Finding::warn(
            format!("{}; {number} of them are sealed with another key", opened(report)),
            "continue the rotation: tessera master-key status shows the keys, and reseal or rotate replaces the previous one",
        ),
    }
}

fn opened(report: &SealedReport) -> String {
    if report.is_partial {
        format!("it opens the first {} sealed values; tessera doctor --deep opens all", report.opened)
    } else {
        format!("it opens all {} sealed values", report.opened)
    }
}

fn not_opened(report: &SealedReport, unopened: u64) -> Finding {
    let tables: Vec<String> = report.unopened.iter().map(|(table, number)| format!("{number} in {table}")).collect();
    let detail =
        format!("it does not open {unopened} of {} sealed values: {}", unopened + report.opened, tables.join(", "));
    let advice = if report.opened == 0 {
        "set TESSERA_MASTER_KEY to the key of this database, or restore its file master.key"
    } else {
        "the values are damaged or of another key: restore a backup of the database, or delete these rows"
    };
    Finding::fail(detail, advice)
}
