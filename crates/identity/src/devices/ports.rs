//! Known devices of users.

use async_trait::async_trait;
use tessera_kernel::{SecretHash, StoreError, UserId};
use time::OffsetDateTime;

/// Whether a user has signed in from a device before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceStatus {
    /// The user has no known devices yet.
    First,
    /// The user has signed in from this device.
    Known,
    /// The user has signed in only from other devices.
    New,
}

/// Known devices of users. The caller must hold the lock on the user, so that of two concurrent sign-ins from one
/// device only one sees it as new.
#[async_trait]
pub trait KnownDevices: Send {
    /// Records a sign-in of a user from a device, and returns whether the device was known. Keeps the
    /// [`Device::MOST_KNOWN`](crate::model::Device::MOST_KNOWN) most recently seen devices of the user. Fails with a
    /// conflict on [`StoreError::REFERENCE`] if the user does not exist.
    async fn record(
        &mut self,
        user: UserId,
        device: &SecretHash,
        at: OffsetDateTime,
    ) -> Result<DeviceStatus, StoreError>;

    /// Records a sign-in of a user from a network. Keeps the [`MOST_KNOWN_NETWORKS`] most recently seen networks of the
    /// user. It, or a later call of the transaction, fails with a conflict on [`StoreError::REFERENCE`] if the user does not
    /// exist.
    async fn record_network(
        &mut self,
        user: UserId,
        network: &SecretHash,
        at: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Forgets all devices and networks of a user.
    async fn delete_all(&mut self, user: UserId) -> Result<(), StoreError>;
}

/// With a sign-in from one network more, the one of the user that was seen least recently is forgotten.
pub const MOST_KNOWN_NETWORKS: u8 = 50;

/// How long a network is known after the last sign-in from it.
pub const KNOWN_NETWORK_DAYS: i64 = 30;

/// Device tokens of users, in a transaction. Only hashes are stored. The caller must hold the lock on the user.
#[async_trait]
pub trait DeviceTokens: Send {
    /// Records the use of a token at `at`. Returns `Ok(false)` and changes nothing if the token is unknown, belongs to
    /// another user, or was last used [`DeviceToken::TTL`](crate::model::DeviceToken::TTL) or longer before `at`.
    async fn record_use(&mut self, user: UserId, token: &SecretHash, at: OffsetDateTime) -> Result<bool, StoreError>;

    /// Inserts a token that is used for the first time at `at`. Keeps the
    /// [`DeviceToken::MOST`](crate::model::DeviceToken::MOST) most recently used tokens of the user. It, or a later call
    /// of the transaction, fails with a conflict on [`StoreError::REFERENCE`] if the user does not exist, and on
    /// `device_tokens_token_hash` if the hash exists.
    async fn insert(&mut self, user: UserId, token: &SecretHash, at: OffsetDateTime) -> Result<(), StoreError>;

    /// Deletes all tokens of a user. Returns their number.
    async fn delete_all(&mut self, user: UserId) -> Result<u64, StoreError>;
}
