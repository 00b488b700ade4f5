//! The port for random bytes.

/// A source of unpredictable bytes. All secrets and all unique ids use it.
pub trait Entropy: Send + Sync {
    /// Fills the buffer from a cryptographically secure generator. An implementation that cannot do so must not return.
    fn fill(&self, buffer: &mut [u8]);
}
