//! The readiness of this node, for `/health/ready`.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tessera_adapters::SqlStore;
use tessera_api::{Check, Checks, Readiness};
use tessera_kernel::{Clock, StoreClock as _, StoreError};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

/// How long a result is reused, so that frequent health checks put no load on the database.
const KEPT: Duration = Duration::from_secs(1);

/// The timeout of one check.
const PATIENCE: Duration = Duration::from_secs(2);

/// The maximum difference between the clock of this node and that of the database.
const MAX_SKEW: time::Duration = time::Duration::seconds(10);

/// Checks the database.
pub(crate) struct StoreReadiness {
    store: SqlStore,
    clock: Arc<dyn Clock>,
    last: Mutex<Option<(Instant, Checks)>>,
}

impl StoreReadiness {
    pub(crate) fn new(store: SqlStore, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, last: Mutex::new(None) }
    }

    async fn look(&self) -> Checks {
        let database = outcome(self.store.ping().await, "the database does not answer");
        if database != Check::Ok {
            return Checks { database, clock: Check::Unknown, disk: Check::Unknown };
        }
        let disk = timeout(PATIENCE, self.store.check_room()).await.unwrap_or(Err(StoreError::Busy));
        Checks { database, clock: self.look_at_clock().await, disk: outcome(disk, "the database takes no writes") }
    }

    async fn look_at_clock(&self) -> Check {
        // SQLite has no clock of its own.
        if !self.store.is_remote() {
            return Check::Ok;
        }
        let before = self.clock.now();
        let theirs = timeout(PATIENCE, self.store.now()).await.unwrap_or(Err(StoreError::Busy));
        let after = self.clock.now();
        match theirs {
            Ok(theirs) => {
                let skew = (before - theirs).max(theirs - after);
                if skew > MAX_SKEW {
                    let seconds = skew.whole_seconds();
                    Check::Failed(format!("the clocks of this node and of the database differ by {seconds} s"))
                } else {
                    Check::Ok
                }
            }
            Err(error) => outcome(Err(error), "the database does not tell the time"),
        }
    }
}

#[async_trait]
impl Readiness for StoreReadiness {
    async fn check(&self) -> Checks {
        // The lock is held during the check, so that concurrent callers share its result.
        let mut last = self.last.lock().await;
        if let Some((at, checks)) = &*last
            && at.elapsed() < KEPT
        {
            return checks.clone();
        }
        let checks = self.look().await;
        *last = Some((Instant::now(), checks.clone()));
        checks
    }
}

/// Logs the cause, and returns the reason for all clients.
fn outcome(done: Result<(), StoreError>, reason: &str) -> Check {
    match done {
        Ok(()) => Check::Ok,
        Err(error) => {
            tracing::warn!(error = format!("{:#}", anyhow::Error::new(error)), reason, "not ready");
            Check::Failed(reason.to_owned())
        }
    }
}
