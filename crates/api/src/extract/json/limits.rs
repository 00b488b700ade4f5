//! How large bodies may be, each and together.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::problem::{Code, Problem};

/// The largest body of an operation, in bytes, unless its request says otherwise.
pub(crate) const DEFAULT: usize = 64 * 1024;

/// The largest body of an operation that stores a document. A document has at most 64 KiB in compact form; clients may
/// indent it, and may escape each character outside ASCII, which triples its length at most.
pub(crate) const DOCUMENT: usize = 256 * 1024;

/// The bytes of all bodies that are being read or parsed. One address with 1,000 connections, which is the default bound,
/// cannot use all of them without a credential.
pub(crate) const IN_FLIGHT: usize = 64 * 1024 * 1024;

/// When a client should try again if there is no room.
const RETRY_SECONDS: u64 = 1;

pub(crate) fn too_large(limit: usize) -> Problem {
    Problem::new(Code::BodyTooLarge).detail(format!("the body has more than {} KiB", limit / 1024))
}

/// The room for the bodies of all requests.
#[derive(Default)]
pub(crate) struct BodyMemory(AtomicUsize);

/// What one body takes of it, until it is dropped.
pub(crate) struct Share {
    memory: Arc<BodyMemory>,
    bytes: usize,
}

impl Share {
    pub(crate) fn of(memory: Arc<BodyMemory>) -> Self {
        Self { memory, bytes: 0 }
    }

    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Problem> {
        // Added before it is compared: bodies grow at once, and one that is refused gives it back.
        self.bytes += bytes;
        if self.memory.0.fetch_add(bytes, Ordering::Relaxed) + bytes <= IN_FLIGHT {
            return Ok(());
        }
        Err(Problem::new(Code::Busy)
            .detail("the bodies of other requests take all the memory for bodies")
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
