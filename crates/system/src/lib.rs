//! The system clock, the random number generator of the operating system, and SHA-256.
#![warn(missing_docs)]

mod clock;
mod digest;
mod entropy;

use tessera_kernel::SystemPorts;

pub use clock::SystemClock;
pub use digest::Sha256Digest;
pub use entropy::SystemEntropy;

/// Returns the clock and the random number generator of the system.
#[must_use]
pub fn system_ports() -> SystemPorts {
    SystemPorts::new(SystemClock, SystemEntropy)
}
