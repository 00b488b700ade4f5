//! Random numbers of the operating system.

use tessera_kernel::Entropy;

/// The random number generator of the operating system. A failure aborts the process: without randomness, secrets could
/// be guessed.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        if let Err(error) = getrandom::fill(buffer) {
            use std::io::Write as _;

            // Not `panic`: a handler could catch it and continue with a buffer that is not random.
            let _ = writeln!(std::io::stderr(), "the random number generator of the operating system failed: {error}");
            std::process::abort();
        }
    }
}
