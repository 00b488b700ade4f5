//! Fake entropy with a reproducible sequence.

use std::sync::atomic::{AtomicU64, Ordering};

use tessera_kernel::Entropy;

/// Fills each buffer with the next number, so that all draws differ and every run gets the same values.
#[derive(Debug, Default)]
pub struct SequentialEntropy(AtomicU64);

impl SequentialEntropy {
    /// Creates a source with the given first number.
    #[must_use]
    pub const fn starting_at(number: u64) -> Self {
        Self(AtomicU64::new(number))
    }
}

impl Entropy for SequentialEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        // The bytes repeat with the lowest byte first, so that short buffers and the bits that a UUID keeps differ as
        // well.
        let number = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        for (byte, value) in buffer.iter_mut().zip(number.into_iter().cycle()) {
            *byte = value;
        }
    }
}
