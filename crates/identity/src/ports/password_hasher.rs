//! Hashing and checking passwords.

use std::time::Duration;

use async_trait::async_trait;

use super::Requester;
use crate::model::{HashCost, Password, PasswordAttempt, PasswordHash};

/// Why no hash was computed.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// All places are taken, and the queue is full, another network needs the place in it, or its deadline passed.
    #[error("too many passwords are being hashed")]
    Busy {
        /// How long to wait before trying again.
        retry_after: Duration,
    },
    /// The stored hash is not one, or hashing itself failed.
    #[error("password hashing failed: {0}")]
    Failed(String),
}

/// What became of a presented password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the right one.
    Match,
    /// It is the right one, and its hash is below today's parameters: make a new one.
    MatchOutdated,
    /// It is not the right one.
    Mismatch,
}

/// Makes password hashes and compares with them.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Hashes a password with today's parameters and a salt of its own.
    async fn hash(&self, password: &Password, requester: Requester) -> Result<PasswordHash, HashError>;

    /// Compares. `costs` are those of all stored hashes. Every mismatch does the same work, so that time does not tell
    /// whether there is a hash or when it was made: one hash at each of these costs and at today's, in one turn of the
    /// queue. A match does no more than its own hash.
    ///
    /// An attempt that is too long for a password is a mismatch and costs nothing, whether there is a hash or not.
    async fn verify<'a>(
        &'a self,
        attempt: &'a PasswordAttempt,
        hash: Option<&'a PasswordHash>,
        costs: &'a [HashCost],
        requester: Requester,
    ) -> Result<Verdict, HashError>;

    /// Hashes an attempt that was just found to match, to replace an outdated hash.
    async fn rehash(&self, attempt: &PasswordAttempt, requester: Requester) -> Result<PasswordHash, HashError>;
}
