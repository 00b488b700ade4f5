//! Telling people what was done to their accounts.

use tessera_kernel::StoreError;

use crate::{
    Identity,
    model::User,
    ports::{AccountChange, IdentityTransaction},
};

impl Identity {
    /// Tells the person behind an account, in the transaction of the change. Nobody can be told who has no address. One that
    /// they have not proved to be theirs serves: it is what they sign in with, and the mail says nothing but what they did.
    pub(crate) async fn tell(
        &self,
        tx: &mut dyn IdentityTransaction,
        user: &User,
        change: AccountChange,
    ) -> Result<(), StoreError> {
        let Some(email) = &user.email else { return Ok(()) };
        let letters = &*self.ports.letters;
        let write = |context| letters.account_changed(email, change, context);
        self.ports.notices.tell(tx.outbox(), change.topic(), email, write).await
    }
}
