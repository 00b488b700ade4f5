//! Size limits of bodies, for one body and for all bodies together.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::problem::{Code, Problem};

/// The default maximum size of a body, in bytes.
pub(crate) const DEFAULT: usize = 64 * 1024;

/// The maximum size of a body that stores a document, in bytes. A document has at most 64 KiB in compact form. Clients
/// may indent it, and may escape each character outside ASCII, which at most triples the length.
pub(crate) const DOCUMENT: usize = 256 * 1024;

/// The maximum size of all bodies that are being read or parsed, in bytes. A single client address with 1,000
/// connections, which is the default limit, cannot use all of it without a credential.
pub(crate) const IN_FLIGHT: usize = 64 * 1024 * 1024;

/// `Retry-After` in seconds if the limit is reached.
const RETRY_SECONDS: u64 = 1;

pub(crate) fn too_large(limit: usize) -> Problem {
    Problem::new(Code::BodyTooLarge).detail(format!("the body has more than {} KiB", limit / 1024))
}

/// Counts the bytes of the bodies of all requests.
#[derive(Default)]
pub(crate) struct BodyMemory(AtomicUsize);

/// The bytes that one body has reserved. Dropping it releases them.
pub(crate) struct Share {
    memory: Arc<BodyMemory>,
    bytes: usize,
}

impl Share {
    pub(crate) fn of(memory: Arc<BodyMemory>) -> Self {
        Self { memory, bytes: 0 }
    }

    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Problem> {
        // Add before the comparison, because bodies grow concurrently. A rejected body releases its bytes when it is
        // dropped.
        self.bytes += bytes;
        if self.memory.0.fetch_add(bytes, Ordering::Relaxed) + bytes <= IN_FLIGHT {
            return Ok(());
        }
        Err(Problem::new(Code::Busy)
            .detail("the bodies of other requests occupy the memory for bodies; try again later")
            .retry_after(RETRY_SECONDS))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.memory.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_share_the_memory_and_give_it_back() {
        let memory = Arc::new(BodyMemory::default());
        let mut one = Share::of(Arc::clone(&memory));
        let mut other = Share::of(Arc::clone(&memory));
        assert!(one.grow(IN_FLIGHT - 1).is_ok());
        assert!(other.grow(1).is_ok());
        assert!(other.grow(1).is_err());
        drop(other);
        assert!(one.grow(1).is_ok());
        drop(one);
        assert!(Share::of(memory).grow(IN_FLIGHT).is_ok());
    }
}
