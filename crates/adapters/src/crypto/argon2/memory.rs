//! Reusable memory for argon2.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::{Argon2, Block, password_hash::phc::Output};
use tessera_identity::ports::HashError;

/// Keeps the memory of finished hashes for later hashes. With the allocator alone, each thread that ever hashed would
/// retain its own memory. The total would be many times the limit of the gate.
#[derive(Clone)]
pub(super) struct Memory {
    blocks: usize,
    idle: Arc<Mutex<Vec<Vec<Block>>>>,
}

impl Memory {
    /// Creates a store of memory for hashes of `blocks` blocks. It allocates nothing before the first hash.
    pub(super) fn for_blocks(blocks: usize) -> Self {
        Self { blocks, idle: Arc::default() }
    }

    /// Computes one hash of `length` bytes.
    pub(super) fn hash(
        &self,
        argon2: &Argon2<'_>,
        text: &str,
        salt: &[u8],
        length: usize,
    ) -> Result<Output, HashError> {
        let needed = argon2.params().block_count();
        let mut memory = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        memory.resize(needed.max(self.blocks), Block::new());
        let mut buffer = [0; Output::MAX_LENGTH];
        let output = buffer.get_mut(..length).ok_or_else(|| failed("the stored output is too long"))?;
        let hashed = argon2.hash_password_into_with_memory(text.as_bytes(), salt, output, &mut memory[..needed]);
        // A stored hash may have a higher cost than the current settings. Its larger memory is not kept.
        if memory.len() == self.blocks {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
        }
        hashed.map_err(failed)?;
        Output::new(output).map_err(failed)
    }
}

pub(super) fn failed(error: impl std::fmt::Display) -> HashError {
    HashError::Failed(error.to_string())
}
