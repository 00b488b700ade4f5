//! Device tokens at sign-in.

use tessera_kernel::{SecretHash, StoreError, UserId};
use time::OffsetDateTime;

use crate::{Identity, model::DeviceToken, ports::IdentityTransaction};

impl Identity {
    /// Records the use of a device token in the transaction of a sign-in, which must hold the lock on the user. If the
    /// request has no token that the user knows, returns a new one. `presented` is the hash of the token. `now` is by the database clock.
    pub(crate) async fn use_device_token(
        &self,
        tx: &mut dyn IdentityTransaction,
        user: UserId,
        presented: Option<SecretHash>,
        now: OffsetDateTime,
    ) -> Result<Option<DeviceToken>, StoreError> {
        if let Some(presented) = presented
            && tx.device_tokens().record_use(user, &presented, now).await?
        {
            return Ok(None);
        }
        let token = DeviceToken::generate(&*self.ports.system.entropy);
        tx.device_tokens().insert(user, &self.ports.digest.digest(token.expose()), now).await?;
        Ok(Some(token))
    }
}
