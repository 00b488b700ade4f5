//! Proofs and changes of addresses, and pending registrations.

use async_trait::async_trait;
use tessera_identity::{
    model::{EmailChange, EmailProof, PendingRegistration, ProofSide, WRONG_CODES},
    ports::{EmailProofs, EmailVerifications, PendingRegistrations},
};
use tessera_kernel::{Clock as _, EmailAddress, SecretHash, StoreError, UserId};

use super::{
    state::{State, unless},
    store::MemoryStore,
    transaction::MemoryTransaction,
};

#[async_trait]
impl EmailVerifications for MemoryStore {
    async fn find_proof(&self, token: &SecretHash) -> Result<Option<EmailProof>, StoreError> {
        let (now, state) = (self.0.clock.now(), self.state());
        let open = |proof: &&EmailProof| proof.token == *token && now < proof.expires_at;
        Ok(state.email_proofs.values().map(|(proof, _)| proof).find(open).cloned())
    }

    async fn find_change(&self, user: UserId) -> Result<Option<EmailChange>, StoreError> {
        let now = self.0.clock.now();
        Ok(self.state().email_changes.get(&user).filter(|change| now < change.expires_at).cloned())
    }

    async fn find_registration(&self, token: &SecretHash) -> Result<Option<PendingRegistration>, StoreError> {
        let (now, state) = (self.0.clock.now(), self.state());
        let open = |known: &&PendingRegistration| known.token == *token && now < known.expires_at;
        Ok(state.registrations.values().map(|(known, _)| known).find(open).cloned())
    }

    async fn find_own_registration(&self, secret: &SecretHash) -> Result<Option<PendingRegistration>, StoreError> {
        let (now, state) = (self.0.clock.now(), self.state());
        let open = |known: &&PendingRegistration| known.secret == *secret && now < known.expires_at;
        Ok(state.registrations.values().map(|(known, _)| known).find(open).cloned())
    }
}

impl MemoryTransaction {
    fn take_proof(&mut self, user: UserId, meant: impl Fn(&EmailProof) -> bool) -> Option<EmailProof> {
        let now = self.now();
        let mut of_user = self.state.email_proofs.values().map(|(proof, _)| proof).filter(|proof| proof.user == user);
        let taken = of_user.find(|proof| now < proof.expires_at && meant(proof)).cloned()?;
        self.state.email_proofs.remove(&(user, taken.side));
        Some(taken)
    }

    fn take_registration(&mut self, meant: impl Fn(&PendingRegistration) -> bool) -> Option<PendingRegistration> {
        let now = self.now();
        let mut all = self.state.registrations.values().map(|(known, _)| known);
        let taken = all.find(|known| now < known.expires_at && meant(known)).cloned()?;
        self.state.registrations.remove(&taken.user.id);
        Some(taken)
    }
}

fn delete_change(state: &mut State, user: UserId) -> bool {
    state.email_proofs.retain(|(of, side), _| *of != user || *side == ProofSide::Current);
    state.email_changes.remove(&user).is_some()
}

#[async_trait]
impl EmailProofs for MemoryTransaction {
    async fn issue(&mut self, proof: &EmailProof) -> Result<(), StoreError> {
        unless(!self.state.users.contains_key(&proof.user), StoreError::REFERENCE)?;
        let key = (proof.user, proof.side);
        let taken = self.state.email_proofs.iter().any(|(of, (known, _))| *of != key && known.token == proof.token);
        unless(taken, "email_proofs_token_hash")?;
        self.state.email_proofs.insert(key, (proof.clone(), 0));
        Ok(())
    }

    async fn take(&mut self, user: UserId, token: &SecretHash) -> Result<Option<EmailProof>, StoreError> {
        Ok(self.take_proof(user, |proof| proof.token == *token))
    }

    async fn take_by_code(&mut self, user: UserId, code: &SecretHash) -> Result<Option<EmailProof>, StoreError> {
        Ok(self.take_proof(user, |proof| proof.code == *code))
    }

    async fn count_wrong_code(&mut self, user: UserId) -> Result<bool, StoreError> {
        let now = self.now();
        let mut counted = false;
        for (proof, wrong) in self.state.email_proofs.values_mut() {
            if proof.user == user && now < proof.expires_at {
                *wrong += 1;
                counted = true;
            }
        }
        self.state.email_proofs.retain(|_, (_, wrong)| *wrong < WRONG_CODES);
        Ok(counted)
    }

    async fn find_change_of(&mut self, user: UserId) -> Result<Option<EmailChange>, StoreError> {
        let now = self.now();
        Ok(self.state.email_changes.get(&user).filter(|change| now < change.expires_at).cloned())
    }

    async fn save_change(&mut self, change: &EmailChange) -> Result<(), StoreError> {
        unless(!self.state.users.contains_key(&change.user), StoreError::REFERENCE)?;
        self.state.email_changes.insert(change.user, change.clone());
        Ok(())
    }

    async fn delete_change(&mut self, user: UserId) -> Result<bool, StoreError> {
        Ok(delete_change(&mut self.state, user))
    }

    async fn delete_all(&mut self, user: UserId) -> Result<(), StoreError> {
        delete_change(&mut self.state, user);
        self.state.email_proofs.remove(&(user, ProofSide::Current));
        Ok(())
    }
}

#[async_trait]
impl PendingRegistrations for MemoryTransaction {
    async fn insert(&mut self, registration: &PendingRegistration) -> Result<(), StoreError> {
        let all = || self.state.registrations.values().map(|(known, _)| known);
        unless(self.state.registrations.contains_key(&registration.user.id), "pending_registrations_id")?;
        unless(all().any(|known| known.secret == registration.secret), "pending_registrations_secret_hash")?;
        unless(all().any(|known| known.token == registration.token), "pending_registrations_token_hash")?;
        self.state.registrations.insert(registration.user.id, (registration.clone(), 0));
        Ok(())
    }

    async fn take_by_token(&mut self, token: &SecretHash) -> Result<Option<PendingRegistration>, StoreError> {
        Ok(self.take_registration(|known| known.token == *token))
    }

    async fn take_by_code(
        &mut self,
        secret: &SecretHash,
        code: &SecretHash,
    ) -> Result<Option<PendingRegistration>, StoreError> {
        Ok(self.take_registration(|known| known.secret == *secret && known.code == *code))
    }

    async fn count_wrong_code(&mut self, secret: &SecretHash) -> Result<bool, StoreError> {
        let Some((_, wrong)) = self.state.registrations.values_mut().find(|(known, _)| known.secret == *secret) else {
            return Ok(false);
        };
        *wrong += 1;
        self.state.registrations.retain(|_, (_, wrong)| *wrong < WRONG_CODES);
        Ok(true)
    }

    async fn renew(&mut self, renewed: &PendingRegistration) -> Result<bool, StoreError> {
        let now = self.now();
        let mut all = self.state.registrations.values_mut().map(|(known, _)| known);
        let open = all.find(|known| known.secret == renewed.secret && now < known.expires_at);
        Ok(open.map(|known| (known.token, known.code) = (renewed.token, renewed.code)).is_some())
    }

    async fn delete_of(&mut self, email: &EmailAddress) -> Result<u64, StoreError> {
        let before = self.state.registrations.len();
        self.state.registrations.retain(|_, (known, _)| known.user.email.as_ref() != Some(email));
        Ok((before - self.state.registrations.len()) as u64)
    }
}
