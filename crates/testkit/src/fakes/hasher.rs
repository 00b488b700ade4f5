//! Fake password hasher with readable hashes.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use tessera_identity::{
    model::{HashCost, Password, PasswordAttempt, PasswordHash},
    ports::{Comparison, HashError, PasswordHasher, Requester, Verdict},
};

/// Hashes to `$fake$g=<generation>$<password>` and records its calls. Each generation has its own cost.
#[derive(Debug, Default)]
pub struct FakeHasher {
    generation: AtomicUsize,
    hashed: AtomicUsize,
    verified: AtomicUsize,
    verified_without_hash: AtomicUsize,
    busy: std::sync::atomic::AtomicBool,
    last: Mutex<Option<(Vec<HashCost>, Requester)>>,
}

impl FakeHasher {
    /// The hash of the password.
    #[must_use]
    pub fn hash_of(&self, password: &str) -> PasswordHash {
        PasswordHash::from_phc(format!("$fake$g={}${password}", self.generation.load(Ordering::SeqCst)))
    }

    /// Makes all earlier hashes outdated.
    pub fn outdate(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// Rejects all later work, as the real hasher does when too many passwords are being hashed.
    pub fn become_busy(&self) {
        self.busy.store(true, Ordering::SeqCst);
    }

    /// The number of hashes that were computed.
    #[must_use]
    pub fn hashed(&self) -> usize {
        self.hashed.load(Ordering::SeqCst)
    }

    /// The number of verifications, with or without a hash.
    #[must_use]
    pub fn verified(&self) -> usize {
        self.verified.load(Ordering::SeqCst)
    }

    /// The number of verifications without a hash.
    #[must_use]
    pub fn verified_without_hash(&self) -> usize {
        self.verified_without_hash.load(Ordering::SeqCst)
    }

    /// The costs and the requester of the last verification.
    #[must_use]
    pub fn last(&self) -> Option<(Vec<HashCost>, Requester)> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn admit(&self) -> Result<(), HashError> {
        let busy = self.busy.load(Ordering::SeqCst);
        if busy { Err(HashError::Busy { retry_after: Duration::from_secs(1) }) } else { Ok(()) }
    }
}

#[async_trait]
impl PasswordHasher for FakeHasher {
    async fn hash(&self, password: &Password, _: Requester) -> Result<PasswordHash, HashError> {
        self.admit()?;
        self.hashed.fetch_add(1, Ordering::SeqCst);
        Ok(self.hash_of(password.expose()))
    }

    async fn verify(&self, compared: Comparison<'_>, requester: Requester) -> Result<Verdict, HashError> {
        let Comparison { attempt, hash, costs } = compared;
        let Some(attempt) = attempt.expose() else { return Ok(Verdict::Mismatch) };
        self.admit()?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((costs.to_vec(), requester));
        self.verified.fetch_add(1, Ordering::SeqCst);
        let Some(hash) = hash else {
            self.verified_without_hash.fetch_add(1, Ordering::SeqCst);
            return Ok(Verdict::Mismatch);
        };
        let parts = hash.expose().strip_prefix("$fake$g=").and_then(|rest| rest.split_once('$'));
        let (generation, password) = parts.ok_or_else(|| HashError::Failed("not a hash of this hasher".to_owned()))?;
        Ok(match generation.parse::<usize>() {
            _ if password != attempt => Verdict::Mismatch,
            Ok(made) if made == self.generation.load(Ordering::SeqCst) => Verdict::Match,
            _ => Verdict::MatchOutdated,
        })
    }

    async fn rehash(&self, attempt: &PasswordAttempt, _: Requester) -> Result<PasswordHash, HashError> {
        self.admit()?;
        let attempt = attempt.expose().ok_or_else(|| HashError::Failed("too long to have matched".to_owned()))?;
        self.hashed.fetch_add(1, Ordering::SeqCst);
        Ok(self.hash_of(attempt))
    }
}
