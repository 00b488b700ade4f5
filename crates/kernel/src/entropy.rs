//! The one way to chance.

/// A source of unpredictable bytes. Everything secret or unique is drawn from it.
pub trait Entropy: Send + Sync {
    /// Fills the buffer from a cryptographically secure generator. An implementation that can't must not return.
    fn fill(&self, buffer: &mut [u8]);
}
