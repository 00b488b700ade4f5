//! Known devices of users.

use async_trait::async_trait;
use tessera_identity::{
    model::Device,
    ports::{DeviceStatus, KNOWN_NETWORK_DAYS, KnownDevices, MOST_KNOWN_NETWORKS},
};
use tessera_kernel::{SecretHash, StoreError, UserId};
use time::{Duration, OffsetDateTime};

use super::{state::unless, transaction::MemoryTransaction};

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
}
