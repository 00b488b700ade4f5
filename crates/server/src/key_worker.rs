//! Looks after the signing keys, beside the requests.

use std::{sync::Arc, time::Duration};

use tessera_identity::ServiceTokens;
use tessera_kernel::{Origin, RequestIdError};
use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

/// How often the keys are read: what another node, or an operator, has done to them counts here within a second.
const PERIOD: Duration = Duration::from_millis(500);

/// The task. Dropped, it ends; what it was in the middle of is rolled back and done by the next who looks.
pub(crate) struct KeyWorker(JoinHandle<()>);

/// Who changed keys, in the audit trail, where no request did.
pub(crate) fn origin(name: &str) -> Result<Origin, RequestIdError> {
    Ok(Origin { request_id: name.parse()?, address: None })
}

impl KeyWorker {
    /// Starts it on the current runtime.
    pub(crate) fn start(tokens: Arc<ServiceTokens>, origin: Origin) -> Self {
        Self(tokio::spawn(async move {
            let mut ticks = interval(PERIOD);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut well = true;
            loop {
                ticks.tick().await;
                let looked = tokens.look_after_keys(&origin).await;
                // Once for each trouble, and not twice a second.
                match &looked {
                    Err(error) if well => tracing::warn!(%error, "the signing keys can't be looked after; trying on"),
                    Ok(()) if !well => tracing::info!("the signing keys are looked after again"),
                    _ => {}
                }
                well = looked.is_ok();
            }
        }))
    }
}

impl Drop for KeyWorker {
    fn drop(&mut self) {
        self.0.abort();
    }
}
