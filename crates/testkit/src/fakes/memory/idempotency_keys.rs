//! Requests with an idempotency key.

use async_trait::async_trait;
use tessera_kernel::{
    ClaimStatus, Clock as _, IdempotencyClaim, IdempotencyKeys, SecretHash, StoreError, idempotent_request::Effect,
};

use super::{rows::ClaimedKey, state::State, store::MemoryStore};

impl State {
    /// Marks the claim of a request, or checks that the request still has it.
    pub(super) fn hold_claim(&mut self, effect: Option<Effect>) -> Result<(), StoreError> {
        let (claim, marks) = match effect {
            None => return Ok(()),
            Some(Effect::Change(claim)) => (claim, true),
            Some(Effect::Preparation(claim)) => (claim, false),
        };
        let held = self.held(&claim).ok_or(StoreError::Superseded)?;
        held.marked |= marks;
        Ok(())
    }

    fn held(&mut self, claim: &IdempotencyClaim) -> Option<&mut ClaimedKey> {
        self.idempotency_keys.get_mut(&claim.key).filter(|known| known.owner == claim.owner)
    }
}

#[async_trait]
impl IdempotencyKeys for MemoryStore {
    async fn claim(&self, claim: &IdempotencyClaim, fingerprint: &SecretHash) -> Result<ClaimStatus, StoreError> {
        let now = self.0.clock.now();
        let mut tx = self.transaction().await;
        if let Some(known) = tx.state.idempotency_keys.get(&claim.key) {
            let free =
                known.expires_at <= now || (!known.marked && known.response.is_none() && known.leased_until <= now);
            match &known.response {
                _ if free => {}
                _ if known.fingerprint != *fingerprint => return Ok(ClaimStatus::OtherRequest),
                Some(response) => return Ok(ClaimStatus::Answered(response.clone())),
                None if known.leased_until <= now => return Ok(ClaimStatus::Lost),
                None => return Ok(ClaimStatus::Running),
            }
        }
        let row = ClaimedKey {
            owner: claim.owner,
            fingerprint: *fingerprint,
            marked: false,
            response: None,
            leased_until: now + IdempotencyClaim::LEASE,
            expires_at: now + IdempotencyClaim::RETENTION,
        };
        tx.state.idempotency_keys.insert(claim.key, row);
        tx.publish()?;
        Ok(ClaimStatus::Claimed)
    }

    async fn keep_response(&self, claim: &IdempotencyClaim, sealed: &[u8]) -> Result<bool, StoreError> {
        let mut tx = self.transaction().await;
        let Some(held) = tx.state.held(claim) else { return Ok(false) };
        held.response = Some(sealed.to_vec());
        tx.publish()?;
        Ok(true)
    }

    async fn release(&self, claim: &IdempotencyClaim) -> Result<(), StoreError> {
        let now = self.0.clock.now();
        let mut tx = self.transaction().await;
        match tx.state.held(claim) {
            Some(held) if held.marked => held.leased_until = now,
            Some(_) => drop(tx.state.idempotency_keys.remove(&claim.key)),
            None => return Ok(()),
        }
        tx.publish()
    }
}
