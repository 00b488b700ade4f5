//! Runs the checks, each with a time limit.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tessera_adapters::{InspectedSchema, Inspection};
use tessera_kernel::StoreError;
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};

use super::{
    checks::{CHECKS, Check, DEEP, Run, database},
    context::Context,
    finding::{Finding, cause_of},
};

/// Time limit of one check.
const LIMIT: Duration = Duration::from_secs(5);

/// Time limit of all checks together, except those that read every row.
const TOTAL: Duration = Duration::from_secs(20);

/// A check and its finding.
#[derive(Debug)]
pub(crate) struct Examined {
    pub(crate) check: &'static str,
    pub(crate) finding: Finding,
}

/// Runs all checks of [`CHECKS`], and returns their findings in that order. Those that need no database run at the same time.
pub(super) async fn examine(context: &Arc<Context>, done: &AtomicU64) -> Vec<Examined> {
    let mut alone = JoinSet::new();
    for (place, check) in CHECKS.iter().enumerate() {
        if let Run::Alone(run) = check.run {
            let context = Arc::clone(context);
            alone.spawn(async move { (place, timeout(LIMIT, run(context)).await.unwrap_or_else(|_| late(LIMIT))) });
        }
    }
    let mut findings: Vec<Option<Finding>> = vec![None; CHECKS.len()];
    let mut connection = Connection::new(context, Instant::now() + TOTAL);
    for (place, check) in CHECKS.iter().enumerate() {
        if !matches!(check.run, Run::Alone(_)) {
            findings[place] = Some(connection.run(check).await);
            done.fetch_add(1, Relaxed);
        }
    }
    while let Some(ended) = alone.join_next().await {
        if let Ok((place, finding)) = ended {
            findings[place] = Some(finding);
        }
        done.fetch_add(1, Relaxed);
    }
    let found = |(check, finding): (&Check, Option<Finding>)| Examined {
        check: check.name,
        finding: finding.unwrap_or_else(|| Finding::fail("the check has crashed", "report this as a bug of tessera")),
    };
    CHECKS.iter().zip(findings).map(found).collect()
}

/// Runs all checks of [`DEEP`] in one snapshot of the database, without a time limit.
pub(super) async fn examine_deeply(context: &Context, done: &AtomicU64) -> Vec<Examined> {
    let mut snapshot = None;
    let mut findings = Vec::new();
    for check in &DEEP {
        let finding = in_snapshot(context, check, &mut snapshot).await;
        findings.push(Examined { check: check.name, finding });
        done.fetch_add(1, Relaxed);
    }
    findings
}

async fn in_snapshot(context: &Context, check: &Check, snapshot: &mut Option<Inspection>) -> Finding {
    // After an error, the transaction is of no use, and the next check gets another one.
    let mut inspection = match snapshot.take() {
        Some(inspection) => inspection,
        None => match open_snapshot(context).await {
            Ok(inspection) => inspection,
            Err(reason) => return Finding::skip(reason),
        },
    };
    let (Run::Tables(run) | Run::Database(run)) = check.run else { return Finding::skip("it reads no rows") };
    match run(context, &mut inspection).await {
        Ok(finding) => {
            *snapshot = Some(inspection);
            finding
        }
        Err(error) => query_failed(error),
    }
}

async fn open_snapshot(context: &Context) -> Result<Inspection, &'static str> {
    let opened = timeout(LIMIT, database::open(context)).await.ok().and_then(|(_, opened)| opened);
    let mut inspection = opened.ok_or(UNAVAILABLE)?;
    if *inspection.schema() != InspectedSchema::Current {
        return Err(OTHER_SCHEMA);
    }
    inspection.begin_snapshot().await.map_err(|_| UNAVAILABLE)?;
    Ok(inspection)
}

const UNAVAILABLE: &str = "the database is not available";
const OTHER_SCHEMA: &str = "the schema is not that of this version";

/// The connection that the checks use one after the other.
struct Connection<'a> {
    context: &'a Context,
    deadline: Instant,
    inspection: Option<Inspection>,
    /// Why the remaining checks are skipped.
    skip: Option<&'static str>,
}

impl<'a> Connection<'a> {
    fn new(context: &'a Context, deadline: Instant) -> Self {
        Self { context, deadline, inspection: None, skip: None }
    }

    async fn run(&mut self, check: &Check) -> Finding {
        let limit = LIMIT.min(self.deadline.saturating_duration_since(Instant::now()));
        if limit.is_zero() {
            return Finding::skip(format!("the other checks took {} s", TOTAL.as_secs()));
        }
        match check.run {
            Run::Alone(_) => Finding::skip("it needs no database"),
            Run::Opening => {
                let (finding, opened) =
                    timeout(limit, database::open(self.context)).await.unwrap_or_else(|_| (late(limit), None));
                self.skip = opened.is_none().then_some(UNAVAILABLE);
                self.inspection = opened;
                finding
            }
            Run::Database(run) => self.with_database(limit, false, run).await,
            Run::Tables(run) => self.with_database(limit, true, run).await,
            Run::Either(run) => {
                let mut usable = self.inspection.take();
                let current = usable.as_mut().filter(|inspection| *inspection.schema() == InspectedSchema::Current);
                let ran = timeout(limit, run(self.context, current)).await;
                // After a limit, a statement may still run on the connection.
                self.inspection = usable.filter(|_| ran.is_ok());
                ran.unwrap_or_else(|_| late(limit))
            }
        }
    }

    async fn with_database(&mut self, limit: Duration, tables: bool, run: super::checks::OnDatabase) -> Finding {
        if let Some(reason) = self.skip {
            return Finding::skip(reason);
        }
        let ran = timeout(limit, async {
            if self.inspection.is_none() {
                self.inspection = database::open(self.context).await.1;
            }
            match &mut self.inspection {
                None => Ok(Finding::skip(UNAVAILABLE)),
                Some(inspection) if tables && *inspection.schema() != InspectedSchema::Current => {
                    Ok(Finding::skip(OTHER_SCHEMA))
                }
                Some(inspection) => run(self.context, inspection).await,
            }
        });
        match ran.await {
            Ok(Ok(finding)) => finding,
            // A connection is not used after an error.
            Ok(Err(error)) => {
                self.inspection = None;
                query_failed(error)
            }
            Err(_) => {
                self.inspection = None;
                self.skip = Some("the database did not answer an earlier check in time");
                late(limit)
            }
        }
    }
}

fn query_failed(error: StoreError) -> Finding {
    let cause = cause_of(error);
    // SQLite says so when it cannot read a page.
    let advice = if cause.contains("malformed") {
        "the file is damaged: stop the service, keep a copy of the file, and restore the last backup"
    } else {
        "grant the role SELECT on all tables of the schema; otherwise see the log of the database"
    };
    Finding::fail(format!("a query failed: {cause}"), advice)
}

fn late(limit: Duration) -> Finding {
    Finding::fail(
        format!("no result within {} s", limit.as_secs_f32().round()),
        "see that the server of this check responds, and that the network between it and this machine drops nothing",
    )
}
