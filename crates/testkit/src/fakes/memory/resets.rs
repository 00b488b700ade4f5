//! Password reset requests and tokens.

use async_trait::async_trait;
use tessera_identity::{
    model::{PasswordReset, ResetRequest},
    ports::{PasswordResetRows, PasswordResets},
};
use tessera_kernel::{Clock as _, SecretHash, StoreError, UserId};

use super::{state::unless, store::MemoryStore, transaction::MemoryTransaction};

#[async_trait]
impl PasswordResets for MemoryStore {
    async fn ask(&self, request: &ResetRequest) -> Result<(), StoreError> {
        let mut tx = self.transaction().await;
        unless(tx.state.reset_requests.contains_key(&request.id), "password_reset_requests_id")?;
        tx.state.reset_requests.insert(request.id, request.clone());
        tx.publish()
    }

    async fn delete_requests_without_account(&self, most: u32) -> Result<u64, StoreError> {
        let mut tx = self.transaction().await;
        let strange = tx.state.reset_requests.values().filter(|known| tx.state.user_by_email(&known.email).is_none());
        let strange: Vec<_> = strange.map(|request| request.id).take(most as usize).collect();
        for id in &strange {
            tx.state.reset_requests.remove(id);
        }
        tx.publish()?;
        Ok(strange.iter().map(|_| 1).sum())
    }

    async fn find_open(&self, hash: &SecretHash) -> Result<Option<PasswordReset>, StoreError> {
        let now = self.0.clock.now();
        let state = self.state();
        let known = state.password_resets.values().find(|reset| reset.hash == *hash && now < reset.expires_at);
        Ok(known.cloned())
    }
}

#[async_trait]
impl PasswordResetRows for MemoryTransaction {
    async fn take_request(&mut self) -> Result<Option<ResetRequest>, StoreError> {
        let now = self.now();
        let waiting = self.state.reset_requests.values().filter(|request| now < request.expires_at);
        let first = waiting.min_by_key(|request| (request.expires_at, request.id)).cloned();
        if let Some(first) = &first {
            self.state.reset_requests.retain(|_, request| request.email != first.email);
        }
        Ok(first)
    }

    async fn issue(&mut self, reset: &PasswordReset) -> Result<(), StoreError> {
        unless(!self.state.users.contains_key(&reset.user), StoreError::REFERENCE)?;
        let others = self.state.password_resets.values().filter(|known| known.user != reset.user);
        unless(others.into_iter().any(|known| known.hash == reset.hash), "password_resets_token_hash")?;
        self.state.password_resets.insert(reset.user, reset.clone());
        Ok(())
    }

    async fn find_open_of(&mut self, user: UserId) -> Result<Option<PasswordReset>, StoreError> {
        let now = self.now();
        Ok(self.state.password_resets.get(&user).filter(|reset| now < reset.expires_at).cloned())
    }

    async fn take(&mut self, user: UserId, hash: &SecretHash) -> Result<Option<PasswordReset>, StoreError> {
        let now = self.now();
        let open = |reset: &&PasswordReset| reset.hash == *hash && now < reset.expires_at;
        let taken = self.state.password_resets.get(&user).filter(open).cloned();
        if taken.is_some() {
            self.state.password_resets.remove(&user);
        }
        Ok(taken)
    }

    async fn withdraw(&mut self, user: UserId) -> Result<bool, StoreError> {
        Ok(self.state.password_resets.remove(&user).is_some())
    }
}
