//! Recording of devices at sign-in.

use tessera_kernel::StoreError;

use crate::{
    Identity,
    model::{Client, User},
    ports::{AccountChange, Acquaintance, IdentityTransaction},
};

impl Identity {
    /// Records the device of a sign-in in its transaction, which must hold the lock on the user. The user gets a mail
    /// if the device is new. The first device causes no mail, because the user has signed in only with it.
    pub(crate) async fn meet_client(
        &self,
        tx: &mut dyn IdentityTransaction,
        user: &User,
        client: Client,
    ) -> Result<(), StoreError> {
        let hash = self.ports.digest.digest(&client.trait_of(user.id));
        match tx.known_clients().meet(user.id, &hash, self.ports.clock.now()).await? {
            Acquaintance::New => self.tell(tx, user, AccountChange::SignedIn(client)).await,
            Acquaintance::First | Acquaintance::Known => Ok(()),
        }
    }
}
