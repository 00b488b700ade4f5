//! Sends links to those who asked for a new password, beside the requests.

use std::{sync::Arc, time::Duration};

use tessera_identity::Identity;
use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

/// How often it is looked who has asked. Somebody may be waiting for their mail.
const PERIOD: Duration = Duration::from_secs(1);

/// How many are answered in one look. Whoever asks for more at once waits for the next.
const MOST: usize = 100;

/// The task. Dropped, it ends; what it was in the middle of is rolled back and done by the next who looks.
pub(crate) struct ResetWorker(JoinHandle<()>);

impl ResetWorker {
    /// Starts it on the current runtime.
    pub(crate) fn start(identity: Arc<Identity>) -> Self {
        Self(tokio::spawn(async move {
            let mut ticks = interval(PERIOD);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut well = true;
            loop {
                ticks.tick().await;
                let looked = identity.answer_reset_requests(MOST).await;
                // Once for each trouble, and not each second.
                match &looked {
                    Err(error) if well => tracing::warn!(%error, "requests for a new password wait; trying on"),
                    Ok(_) if !well => tracing::info!("requests for a new password are answered again"),
                    _ => {}
                }
                well = looked.is_ok();
            }
        }))
    }
}

impl Drop for ResetWorker {
    fn drop(&mut self) {
        self.0.abort();
    }
}
