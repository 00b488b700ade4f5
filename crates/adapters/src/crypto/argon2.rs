//! Password hashing with argon2id, limited by a [`Gate`].

mod fillers;
mod memory;

use std::{sync::Arc, time::Instant};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::phc::{ParamsString, PasswordHash as Phc, Salt},
};
use async_trait::async_trait;
use tessera_identity::{
    model::{Password, PasswordAttempt, PasswordHash},
    ports::{Comparison, HashError, PasswordHasher, Requester, Verdict},
};
use tessera_kernel::{Entropy, Secret, TRACE_TARGET};

use super::Gate;
use fillers::Fillers;
use memory::{Memory, failed};

/// Cost parameters of argon2id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Settings {
    memory_kib: u32,
    iterations: u32,
    parallelism: u32,
}

/// The cost parameters are below the minimum, or invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Argon2SettingsError {
    /// Below the minimum that OWASP recommends.
    #[error("argon2id needs at least 19456 KiB of memory, 2 iterations and 1 lane")]
    BelowFloor,
    /// argon2 does not support these parameters.
    #[error("argon2id can't work with these parameters: {0}")]
    Impossible(String),
}

impl Argon2Settings {
    /// Minimum memory in KiB: 19 MiB (OWASP Password Storage Cheat Sheet).
    pub const MIN_MEMORY_KIB: u32 = 19 * 1024;
    /// Minimum number of passes.
    pub const MIN_ITERATIONS: u32 = 2;

    /// Creates settings.
    ///
    /// # Errors
    /// Fails if a parameter is below its minimum, or if argon2 does not support the parameters.
    pub fn new(memory_kib: u32, iterations: u32, parallelism: u32) -> Result<Self, Argon2SettingsError> {
        if memory_kib < Self::MIN_MEMORY_KIB || iterations < Self::MIN_ITERATIONS || parallelism < 1 {
            return Err(Argon2SettingsError::BelowFloor);
        }
        let settings = Self { memory_kib, iterations, parallelism };
        settings.params().map_err(|error| Argon2SettingsError::Impossible(error.to_string()))?;
        Ok(settings)
    }

    /// Memory of one hash in KiB.
    #[must_use]
    pub const fn memory_kib(&self) -> u32 {
        self.memory_kib
    }

    fn params(&self) -> Result<Params, argon2::Error> {
        Params::new(self.memory_kib, self.iterations, self.parallelism, None)
    }

    /// Returns whether a stored hash is weaker than these settings in any parameter.
    fn outdates(&self, phc: &Phc) -> bool {
        let argon2id = phc.algorithm.as_str() == Algorithm::Argon2id.as_str();
        let params = Params::try_from(phc).ok();
        let strong = params.is_some_and(|params| {
            params.m_cost() >= self.memory_kib
                && params.t_cost() >= self.iterations
                && params.p_cost() >= self.parallelism
        });
        !(argon2id && strong)
    }
}

impl Default for Argon2Settings {
    fn default() -> Self {
        Self { memory_kib: Self::MIN_MEMORY_KIB, iterations: Self::MIN_ITERATIONS, parallelism: 1 }
    }
}

/// Hashes passwords with argon2id. A gate limits the number of concurrent hashes.
pub struct Argon2Hasher {
    settings: Argon2Settings,
    params: Params,
    memory: Memory,
    gate: Gate,
    entropy: Arc<dyn Entropy>,
}

impl Argon2Hasher {
    /// Creates a hasher.
    ///
    /// # Errors
    /// [`HashError::Failed`] if argon2 rejects the settings.
    pub fn new(settings: Argon2Settings, gate: Gate, entropy: Arc<dyn Entropy>) -> Result<Self, HashError> {
        let params = settings.params().map_err(failed)?;
        let memory = Memory::for_blocks(params.block_count());
        Ok(Self { settings, params, memory, gate, entropy })
    }

    async fn hash_text(&self, text: &str, requester: Requester) -> Result<PasswordHash, HashError> {
        let text = Secret::new(text.to_owned());
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt);
        let (memory, params) = (self.memory.clone(), self.params.clone());
        self.run(requester, move || make(&memory, params, text.expose(), &salt)).await
    }

    /// Waits for a place, hashes, and records the time without the wait.
    #[tracing::instrument(name = "password hash", target = TRACE_TARGET, skip_all)]
    async fn run<T: Send + 'static>(
        &self,
        requester: Requester,
        hash: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let metrics = self.gate.metrics();
        let measured = move || {
            let begun = Instant::now();
            let done = hash();
            if let Some(metrics) = metrics {
                metrics.durations.observe(begun.elapsed());
            }
            done
        };
        self.gate.run(requester, measured).await?
    }
}

#[async_trait]
impl PasswordHasher for Argon2Hasher {
    async fn hash(&self, password: &Password, requester: Requester) -> Result<PasswordHash, HashError> {
        self.hash_text(password.expose(), requester).await
    }

    async fn verify(&self, compared: Comparison<'_>, requester: Requester) -> Result<Verdict, HashError> {
        let Comparison { attempt, hash, costs } = compared;
        let Some(text) = attempt.expose() else { return Ok(Verdict::Mismatch) };
        let (text, hash) = (Secret::new(text.to_owned()), hash.cloned());
        let fillers = Fillers::new(&self.params, costs, hash.as_ref());
        let (memory, settings) = (self.memory.clone(), self.settings);
        let compare = move || {
            let verdict = match &hash {
                Some(hash) => compare(&memory, settings, text.expose(), hash)?,
                None => Verdict::Mismatch,
            };
            if verdict == Verdict::Mismatch {
                fillers.spend(&memory, text.expose())?;
            }
            Ok(verdict)
        };
        self.run(requester, compare).await
    }

    async fn rehash(&self, attempt: &PasswordAttempt, requester: Requester) -> Result<PasswordHash, HashError> {
        let text = attempt.expose().ok_or_else(|| HashError::Failed("the attempt is too long".to_owned()))?;
        self.hash_text(text, requester).await
    }
}

fn make(memory: &Memory, params: Params, text: &str, salt: &[u8]) -> Result<PasswordHash, HashError> {
    let shown = ParamsString::try_from(&params).map_err(failed)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let phc = Phc {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: shown,
        salt: Some(Salt::new(salt).map_err(failed)?),
        hash: Some(memory.hash(&argon2, text, salt, Params::DEFAULT_OUTPUT_LEN)?),
    };
    Ok(PasswordHash::from_phc(phc.to_string()))
}

/// Hashes the attempt with the parameters and the salt of the stored hash. Compares the outputs in constant time.
fn compare(memory: &Memory, settings: Argon2Settings, text: &str, hash: &PasswordHash) -> Result<Verdict, HashError> {
    let phc = Phc::new(hash.expose()).map_err(failed)?;
    let (Some(salt), Some(expected)) = (&phc.salt, &phc.hash) else {
        return Err(HashError::Failed("the stored hash has no salt or no output".to_owned()));
    };
    let algorithm = Algorithm::try_from(phc.algorithm.as_str()).map_err(failed)?;
    let version = phc.version.map_or(Ok(Version::default()), Version::try_from).map_err(failed)?;
    let argon2 = Argon2::new(algorithm, version, Params::try_from(&phc).map_err(failed)?);
    let found = memory.hash(&argon2, text, salt, expected.len())?;
    Ok(match (found == *expected, settings.outdates(&phc)) {
        (true, false) => Verdict::Match,
        (true, true) => Verdict::MatchOutdated,
        (false, _) => Verdict::Mismatch,
    })
}
