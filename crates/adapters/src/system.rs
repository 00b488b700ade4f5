//! The system clock and the system's random number generator. No other module of this crate accesses them directly.

use tessera_kernel::{Clock, Entropy, truncate_to_micros};
use time::OffsetDateTime;

/// The system clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one way to the time that everything else goes through")]
    fn now(&self) -> OffsetDateTime {
        truncate_to_micros(OffsetDateTime::now_utc())
    }
}

/// The random number generator of AWS-LC, seeded by the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        if aws_lc_rs::rand::fill(buffer).is_err() {
            // Continuing would create secrets that can be guessed.
            tracing::error!("the random generator failed");
            std::process::abort();
        }
    }
}
