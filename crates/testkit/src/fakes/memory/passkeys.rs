//! Passkeys and their ceremonies.

use async_trait::async_trait;
use tessera_identity::{
    model::{Ceremony, CeremonyPurpose, CredentialId, Passkey},
    ports::{Assertion, PasskeyStore, Passkeys, TakenCeremony},
};
use tessera_kernel::{CeremonyId, Clock as _, PasskeyId, StoreError, UserId};
use time::OffsetDateTime;

use super::{state::unless, store::MemoryStore, transaction::MemoryTransaction};

#[async_trait]
impl Passkeys for MemoryTransaction {
    async fn insert(&mut self, passkey: &Passkey) -> Result<(), StoreError> {
        unless(self.state.passkeys.contains_key(&passkey.id), "passkeys_id")?;
        let taken = self.state.passkeys.values().any(|known| known.credential_id == passkey.credential_id);
        unless(taken, "passkeys_credential_id")?;
        unless(!self.state.users.contains_key(&passkey.user_id), StoreError::REFERENCE)?;
        self.state.passkeys.insert(passkey.id, passkey.clone());
        Ok(())
    }

    async fn count_of_rp_id(&mut self, user: UserId, rp_id: &str) -> Result<u64, StoreError> {
        let theirs = |passkey: &&Passkey| passkey.user_id == user && passkey.rp_id == rp_id;
        Ok(self.state.passkeys.values().filter(theirs).count() as u64)
    }

    async fn count(&mut self, user: UserId) -> Result<u64, StoreError> {
        let theirs = self.state.passkeys.values().filter(|passkey| passkey.user_id == user);
        Ok(theirs.map(|_| 1).sum())
    }

    async fn record_use(
        &mut self,
        passkey: &Passkey,
        assertion: &Assertion,
        at: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let known = self.state.passkeys.get_mut(&passkey.id).filter(|known| known.user_id == passkey.user_id);
        let counts_on =
            |known: &&mut Passkey| known.counter < assertion.counter || (known.counter, assertion.counter) == (0, 0);
        let Some(known) = known.filter(counts_on) else { return Ok(false) };
        let Assertion { credential, counter, synced } = assertion.clone();
        *known = Passkey { credential, counter, synced, last_used_at: Some(at), ..known.clone() };
        Ok(true)
    }

    async fn delete(&mut self, user: UserId, id: PasskeyId) -> Result<bool, StoreError> {
        let theirs = self.state.passkeys.get(&id).is_some_and(|passkey| passkey.user_id == user);
        Ok(theirs && self.state.passkeys.remove(&id).is_some())
    }

    async fn delete_all(&mut self, user: UserId) -> Result<Vec<PasskeyId>, StoreError> {
        let theirs = self.state.passkeys.values().filter(|passkey| passkey.user_id == user);
        let ids: Vec<PasskeyId> = theirs.map(|passkey| passkey.id).collect();
        self.state.passkeys.retain(|id, _| !ids.contains(id));
        Ok(ids)
    }
}

#[async_trait]
impl PasskeyStore for MemoryStore {
    async fn find_passkey(&self, credential: &CredentialId) -> Result<Option<Passkey>, StoreError> {
        Ok(self.state().passkeys.values().find(|passkey| passkey.credential_id == *credential).cloned())
    }

    async fn list_passkeys(&self, user: UserId) -> Result<Vec<Passkey>, StoreError> {
        Ok(self.state().passkeys.values().filter(|passkey| passkey.user_id == user).cloned().collect())
    }

    async fn any_of_another_rp_id(&self, rp_id: &str) -> Result<bool, StoreError> {
        Ok(self.state().passkeys.values().any(|passkey| passkey.rp_id != rp_id))
    }

    async fn keep_ceremony(&self, ceremony: &Ceremony) -> Result<(), StoreError> {
        let mut tx = self.transaction().await;
        unless(tx.state.ceremonies.contains_key(&ceremony.id), "passkey_ceremonies_id")?;
        let known = match ceremony.purpose {
            CeremonyPurpose::SignIn => true,
            CeremonyPurpose::SecondFactor { user } => tx.state.users.contains_key(&user),
            CeremonyPurpose::Add { user, session } => {
                tx.state.users.contains_key(&user) && tx.state.sessions.contains_key(&session)
            }
        };
        unless(!known, StoreError::REFERENCE)?;
        tx.state.ceremonies.insert(ceremony.id, ceremony.clone());
        tx.publish()
    }

    async fn take_ceremony(&self, id: CeremonyId) -> Result<Option<TakenCeremony>, StoreError> {
        if !self.state().ceremonies.contains_key(&id) {
            return Ok(None);
        }
        let at = self.0.clock.now();
        let mut tx = self.transaction().await;
        let taken = tx.state.ceremonies.remove(&id).map(|ceremony| TakenCeremony { ceremony, at });
        tx.publish()?;
        Ok(taken)
    }
}
