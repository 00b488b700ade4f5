//! Whether this node can do its work, for `/health/ready`.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tessera_adapters::SqlStore;
use tessera_api::{Check, Checks, Readiness};
use tessera_kernel::{Clock, StoreClock as _, StoreError};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

/// How long an answer is repeated, so that frequent health checks cost the database nothing.
const KEPT: Duration = Duration::from_secs(1);

/// How long one check may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// How far the clock of this node may be from that of the database.
const MAX_SKEW: time::Duration = time::Duration::seconds(10);

/// Asks the database.
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
        // A file has no clock of its own.
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
        // Held while the database is asked: those who come meanwhile get the same answer.
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

/// The cause is for the log, the reason for every client.
fn outcome(done: Result<(), StoreError>, reason: &str) -> Check {
    match done {
        Ok(()) => Check::Ok,
        Err(error) => {
            tracing::warn!(error = format!("{:#}", anyhow::Error::new(error)), reason, "not ready");
            Check::Failed(reason.to_owned())
        }
    }
}
