//! Chance that repeats itself from one run to the next.

use std::sync::atomic::{AtomicU64, Ordering};

use tessera_kernel::Entropy;

/// Fills each buffer with the next number, so that no two are alike and every run draws the same.
#[derive(Debug, Default)]
pub struct SequentialEntropy(AtomicU64);

impl SequentialEntropy {
    /// One whose first number is this.
    #[must_use]
    pub const fn starting_at(number: u64) -> Self {
        Self(AtomicU64::new(number))
    }
}

impl Entropy for SequentialEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        // The lowest byte first and over again: a short buffer differs as well, and so do the bits that a UUID keeps.
        let number = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        for (byte, value) in buffer.iter_mut().zip(number.into_iter().cycle()) {
            *byte = value;
        }
    }
}
