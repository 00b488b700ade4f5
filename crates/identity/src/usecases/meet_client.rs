//! Somebody signs in with what they have not signed in with before.

use tessera_kernel::StoreError;

use crate::{
    Identity,
    model::{Client, User},
    ports::{AccountChange, Acquaintance, IdentityTransaction},
};

impl Identity {
    /// Notes with what a user signs in, in the transaction of that, and tells them when it is something new. Of the first one
    /// nobody is told: it is the one with which they came. The transaction holds the lock on the user.
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
