//! The time of a password hash, and the sign-ins per second that follow from it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tessera_adapters::{Argon2Hasher, Gate, GateSettings};
use tessera_identity::{
    model::PasswordAttempt,
    ports::{HashError, PasswordHasher as _, Requester},
};

use crate::doctor::{context::Context, finding::Finding};

/// The number of hashes of which the fastest counts: others may share the processor with another check.
const TRIES: usize = 3;

/// A sign-in should not take longer.
const SLOW: Duration = Duration::from_secs(1);

pub(super) async fn check(context: Arc<Context>) -> Finding {
    match fastest(&context).await {
        Ok(time) => of_time(time, context.config.hash_places()),
        Err(error) => {
            Finding::fail(error.to_string(), "lower TESSERA_ARGON2_MEMORY_KIB, or give the process more memory")
        }
    }
}

async fn fastest(context: &Context) -> Result<Duration, HashError> {
    let settings = GateSettings { places: 1, queue: 1, deadline: Duration::from_secs(5) };
    let gate = Gate::new(settings).map_err(|error| HashError::Failed(error.to_string()))?;
    let hasher = Argon2Hasher::new(context.config.argon2, gate, Arc::clone(&context.system.entropy))?;
    let attempt = PasswordAttempt::new("a password that nobody has");
    let mut fastest = Duration::MAX;
    for _ in 0..TRIES {
        let started = Instant::now();
        hasher.rehash(&attempt, Requester { network: None, known: true }).await?;
        fastest = fastest.min(started.elapsed());
        if fastest > SLOW {
            break;
        }
    }
    Ok(fastest)
}

fn of_time(time: Duration, places: usize) -> Finding {
    let milliseconds = time.as_millis();
    let micros = time.as_micros().max(1);
    let tenths = u128::try_from(places).unwrap_or(1) * 10_000_000 / micros;
    let detail =
        format!("{milliseconds} ms per hash, {places} at a time: {}.{} sign-ins per second", tenths / 10, tenths % 10);
    if time > SLOW {
        Finding::warn(detail, "lower TESSERA_ARGON2_ITERATIONS or TESSERA_ARGON2_MEMORY_KIB, or use a faster processor")
    } else {
        Finding::ok(detail)
    }
}
