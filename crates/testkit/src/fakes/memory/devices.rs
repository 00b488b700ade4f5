//! Known devices of users, their device tokens, and the numbers of wrong passwords.

use async_trait::async_trait;
use tessera_identity::{
    model::{Device, DeviceToken},
    ports::{DeviceStatus, DeviceTokens, KNOWN_NETWORK_DAYS, KnownDevices, MOST_KNOWN_NETWORKS, WrongPasswords},
};
use tessera_kernel::{SecretHash, StoreError, UserId};
use time::{Duration, OffsetDateTime};

use super::{
    state::{State, unless},
    transaction::MemoryTransaction,
};

#[async_trait]
impl KnownDevices for MemoryTransaction {
    async fn record(
        &mut self,
        user: UserId,
        device: &SecretHash,
        at: OffsetDateTime,
    ) -> Result<DeviceStatus, StoreError> {
        unless(!self.state.users.contains_key(&user), StoreError::REFERENCE)?;
        let known = self.state.known_devices.entry(user).or_default();
        let first = known.is_empty();
        if known.insert(*device, at).is_some() {
            return Ok(DeviceStatus::Known);
        }
        if known.len() > usize::from(Device::MOST_KNOWN) {
            let oldest = known.iter().min_by_key(|(_, seen)| **seen).map(|(device, _)| *device);
            oldest.map(|oldest| known.remove(&oldest));
        }
        Ok(if first { DeviceStatus::First } else { DeviceStatus::New })
    }

    async fn record_network(
        &mut self,
        user: UserId,
        network: &SecretHash,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        unless(!self.state.users.contains_key(&user), StoreError::REFERENCE)?;
        let known = self.state.known_networks.entry(user).or_default();
        known.insert(*network, at);
        known.retain(|_, seen| *seen > at - Duration::days(KNOWN_NETWORK_DAYS));
        if known.len() > usize::from(MOST_KNOWN_NETWORKS) {
            let oldest = known.iter().min_by_key(|(_, seen)| **seen).map(|(network, _)| *network);
            oldest.map(|oldest| known.remove(&oldest));
        }
        Ok(())
    }

    async fn delete_all(&mut self, user: UserId) -> Result<(), StoreError> {
        self.state.known_devices.remove(&user);
        self.state.known_networks.remove(&user);
        Ok(())
    }
}

impl State {
    pub(super) fn knows_device_token(&self, user: UserId, token: &SecretHash, at: OffsetDateTime) -> bool {
        self.device_tokens.get(token).is_some_and(|(owner, used)| *owner == user && *used > at - DeviceToken::TTL)
    }
}

#[async_trait]
impl DeviceTokens for MemoryTransaction {
    async fn record_use(&mut self, user: UserId, token: &SecretHash, at: OffsetDateTime) -> Result<bool, StoreError> {
        let known = self.state.knows_device_token(user, token, at);
        if known {
            self.state.device_tokens.insert(*token, (user, at));
        }
        Ok(known)
    }

    async fn insert(&mut self, user: UserId, token: &SecretHash, at: OffsetDateTime) -> Result<(), StoreError> {
        unless(!self.state.users.contains_key(&user), StoreError::REFERENCE)?;
        unless(self.state.device_tokens.contains_key(token), "device_tokens_token_hash")?;
        let others = self.state.device_tokens.iter().filter(|(_, (owner, _))| *owner == user);
        let mut others: Vec<_> = others.map(|(hash, (_, used))| (*used, *hash)).collect();
        others.sort_unstable_by_key(|(used, _)| std::cmp::Reverse(*used));
        for (_, displaced) in others.iter().skip(usize::from(DeviceToken::MOST) - 1) {
            self.state.device_tokens.remove(displaced);
        }
        self.state.device_tokens.insert(*token, (user, at));
        Ok(())
    }

    async fn delete_all(&mut self, user: UserId) -> Result<u64, StoreError> {
        let before = self.state.device_tokens.len();
        self.state.device_tokens.retain(|_, (owner, _)| *owner != user);
        Ok(u64::try_from(before - self.state.device_tokens.len()).unwrap_or(u64::MAX))
    }
}

#[async_trait]
impl WrongPasswords for MemoryTransaction {
    async fn count(&mut self, user: UserId) -> Result<Option<u64>, StoreError> {
        if !self.state.users.contains_key(&user) {
            return Ok(None);
        }
        let number = self.state.wrong_passwords.entry(user).or_default();
        *number += 1;
        Ok(Some(*number))
    }

    async fn reset(&mut self, user: UserId) -> Result<(), StoreError> {
        self.state.wrong_passwords.remove(&user);
        Ok(())
    }
}
