//! Password hashing and verification.

use std::time::Duration;

use async_trait::async_trait;

use crate::{
    passwords::model::{HashCost, Password, PasswordAttempt, PasswordHash},
    requester::Requester,
};

/// Why no hash was computed.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// All slots are in use, and the queue is full, another network needs the place in the queue, or the deadline of
    /// the request has passed.
    #[error("too many passwords are being hashed")]
    Busy {
        /// At least one second.
        retry_after: Duration,
    },
    /// The stored hash is malformed, or hashing failed.
    #[error("password hashing failed: {0}")]
    Failed(String),
}

/// A password attempt, and what it is compared with.
#[derive(Debug, Clone, Copy)]
pub struct Comparison<'a> {
    /// The password as typed.
    pub attempt: &'a PasswordAttempt,
    /// The hash of the account. `None` if there is no account, or it has no password.
    pub hash: Option<&'a PasswordHash>,
    /// The costs of all stored hashes.
    pub costs: &'a [HashCost],
}

/// Result of a password comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The password is correct.
    Match,
    /// The password is correct, but its hash uses parameters below the current ones. Compute a new hash.
    MatchOutdated,
    /// The password is wrong.
    Mismatch,
}

/// Hashes passwords and compares passwords with hashes.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Hashes a password with the current parameters and a random salt.
    async fn hash(&self, password: &Password, requester: Requester) -> Result<PasswordHash, HashError>;

    /// Compares an attempt with a hash.
    ///
    /// Every mismatch does the same work: one hash at each of the costs and at the current cost, in one turn of the
    /// queue. So the time does not reveal whether there is a hash or when it was made. A match computes only its own
    /// hash.
    ///
    /// An attempt that is too long for a password is a mismatch and costs no work, whether there is a hash or not.
    async fn verify(&self, compared: Comparison<'_>, requester: Requester) -> Result<Verdict, HashError>;

    /// Hashes an attempt that was just found to match, to replace an outdated hash.
    async fn rehash(&self, attempt: &PasswordAttempt, requester: Requester) -> Result<PasswordHash, HashError>;
}
