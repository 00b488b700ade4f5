//! The system clock, the random number generator of the operating system, and SHA-256.

mod clock;
mod digest;
mod entropy;

pub use clock::SystemClock;
pub use digest::Sha256Digest;
pub use entropy::SystemEntropy;
