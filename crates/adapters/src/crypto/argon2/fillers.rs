//! Additional hashes, which make every failed password check cost the same.

use argon2::{Algorithm, Argon2, Params, Version, password_hash::phc::ParamsString};
use tessera_identity::{
    model::{HashCost, PasswordHash},
    ports::HashError,
};

use super::memory::{Memory, failed};

/// The costs at which a failed attempt is hashed in addition to the comparison with the stored hash.
///
/// After a change of the settings, hashes of the old and of the new cost exist. Every mismatch therefore computes one
/// hash per cost, also for an account without a password and for an unknown account. A single hash of the cost
/// difference would be cheaper. But the time of a hash is not proportional to memory times passes, so an attacker could
/// measure the difference.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fillers(Vec<Cost>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cost {
    memory_kib: u32,
    iterations: u32,
    parallelism: u32,
}

impl From<&Params> for Cost {
    fn from(params: &Params) -> Self {
        Self { memory_kib: params.m_cost(), iterations: params.t_cost(), parallelism: params.p_cost() }
    }
}

impl Cost {
    /// Returns `None` if the text is no valid cost of argon2. A stored hash with such a cost cannot be compared either.
    fn read(cost: &HashCost) -> Option<Self> {
        // For a text without parameters, argon2 would use its own defaults.
        let parameters = cost.as_str().trim_end_matches('$').rsplit('$').next().filter(|text| !text.is_empty())?;
        let parameters = parameters.parse::<ParamsString>().ok()?;
        Params::try_from(&parameters).ok().as_ref().map(Self::from)
    }
}

impl Fillers {
    /// Returns all costs except that of the stored hash, because the comparison computes a hash of that cost.
    pub(super) fn new(today: &Params, costs: &[HashCost], stored: Option<&PasswordHash>) -> Self {
        let mut all: Vec<Cost> = costs.iter().filter_map(Cost::read).chain([Cost::from(today)]).collect();
        all.sort_unstable();
        all.dedup();
        let spent = stored.and_then(PasswordHash::cost).as_ref().and_then(Cost::read);
        all.retain(|cost| Some(*cost) != spent);
        Self(all)
    }

    /// Hashes the attempt once at each cost.
    pub(super) fn spend(&self, memory: &Memory, text: &str) -> Result<(), HashError> {
        for Cost { memory_kib, iterations, parallelism } in &self.0 {
            let params = Params::new(*memory_kib, *iterations, *parallelism, None).map_err(failed)?;
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            // The salt is irrelevant, because the output is discarded.
            memory.hash(&argon2, text, &[0; 16], Params::DEFAULT_OUTPUT_LEN)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "$argon2id$v=19$m=19456,t=2,p=1$";
    const NEW: &str = "$argon2id$v=19$m=65536,t=3,p=1$";

    fn today() -> Params {
        Params::new(65_536, 3, 1, None).unwrap_or_default()
    }

    fn stored(cost: &str) -> PasswordHash {
        PasswordHash::from_phc(format!("{cost}AAECAwQFBgcICQoLDA0ODw$0Zye3DYt1CrHPXRhkNrAGTF+3+xHcWxbUO0kdYhoR9o"))
    }

    /// Returns the sorted costs of all hashes that a mismatch computes.
    fn work(costs: &[&str], hash: Option<&PasswordHash>) -> Vec<Cost> {
        let costs: Vec<HashCost> = costs.iter().map(|cost| HashCost::from_phc((*cost).to_owned())).collect();
        let Fillers(mut all) = Fillers::new(&today(), &costs, hash);
        all.extend(hash.and_then(PasswordHash::cost).as_ref().and_then(Cost::read));
        all.sort_unstable();
        all
    }

    #[test]
    fn every_mismatch_computes_the_same_hashes_for_any_stored_cost_s17() {
        for costs in [&[][..], &[NEW], &[OLD], &[OLD, NEW], &["$argon2id$v=19$m=131072,t=2,p=1$", NEW, OLD]] {
            let unknown = work(costs, None);
            assert!(unknown.len() >= costs.len().max(1));
            for cost in costs {
                assert_eq!(work(costs, Some(&stored(cost))), unknown, "{cost} among {costs:?}");
            }
        }
    }

    #[test]
    fn an_invalid_cost_is_ignored() {
        assert_eq!(work(&["$bcrypt$", "$", "$argon2id$v=19$m=1,t=0$"], None), work(&[], None));
    }
}
