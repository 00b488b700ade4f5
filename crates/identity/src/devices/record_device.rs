//! Recording of devices at sign-in.

use tessera_kernel::StoreError;

use crate::{
    Identity,
    model::{Device, User},
    ports::{AccountChange, DeviceStatus, IdentityTransaction},
};

impl Identity {
    /// Records the device of a sign-in in its transaction, which must hold the lock on the user. The user gets a mail
    /// if the device is new. The first device causes no mail, because the user has signed in only with it.
    pub(crate) async fn record_device(
        &self,
        tx: &mut dyn IdentityTransaction,
        user: &User,
        device: Device,
    ) -> Result<(), StoreError> {
        let hash = self.ports.keyed_digest.keyed_digest(&device.fingerprint(user.id));
        match tx.known_devices().record(user.id, &hash, self.ports.system.now()).await? {
            DeviceStatus::New => self.notify(tx, user, AccountChange::SignedIn(device)).await,
            DeviceStatus::First | DeviceStatus::Known => Ok(()),
        }
    }
}
