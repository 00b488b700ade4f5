//! Password verification, shared by all use cases that need it.

use tessera_kernel::{SecretHash, StoreError, UserId};
use time::OffsetDateTime;

use crate::{
    Identity,
    model::{Credentials, Device, PasswordAttempt},
    ports::{Comparison, HashError, PasswordCheckContext, Requester, Verdict},
};

/// Result of a password verification.
#[derive(Debug)]
pub(crate) struct PasswordCheck {
    pub(crate) verdict: Verdict,
    /// Time before the comparison, by the database clock.
    pub(crate) at: OffsetDateTime,
    /// Requester of the comparison, marked as known if the device is known.
    pub(crate) requester: Requester,
}

impl Identity {
    /// Compares a password with the password of an account. The account may be absent or have no password. A mismatch
    /// costs the same work in all these cases. If the device is known to the account, the requester counts as known.
    pub(crate) async fn check_password<E: From<HashError> + From<StoreError>>(
        &self,
        attempt: &PasswordAttempt,
        account: Option<&Credentials>,
        device: Option<(UserId, SecretHash)>,
        requester: Requester,
    ) -> Result<PasswordCheck, E> {
        let PasswordCheckContext { costs, known_device, at } = self.ports.store.password_check_context(device).await?;
        let requester = Requester { known: requester.known || known_device, ..requester };
        let hash = account.and_then(|account| account.password_hash.as_ref());
        let verdict = self.ports.hasher.verify(Comparison { attempt, hash, costs: &costs }, requester).await?;
        Ok(PasswordCheck { verdict, at, requester })
    }

    /// Returns the device fingerprint of a request for a user. A missing user gets the nil id: the lookup costs the
    /// same and finds no device.
    pub(crate) fn device_of(&self, user: Option<UserId>, device: Device) -> (UserId, SecretHash) {
        let user = user.unwrap_or_else(|| UserId::from_uuid(uuid::Uuid::nil()));
        (user, self.ports.digest.digest(&device.fingerprint(user)))
    }

    /// Deletes the costs of password hashes that no account has any more. Returns their number.
    ///
    /// # Errors
    /// Fails when storage fails.
    pub async fn delete_unused_hash_costs(&self) -> Result<u64, StoreError> {
        self.ports.store.delete_unused_hash_costs().await
    }
}
