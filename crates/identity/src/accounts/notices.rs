//! Account notification mails.

use tessera_kernel::StoreError;

use crate::{
    Identity,
    model::User,
    ports::{AccountChange, IdentityTransaction},
};

impl Identity {
    /// Writes a mail about an account change to the outbox, in the transaction of the change. Users without an email
    /// address get no mail. An unverified address is sufficient: the user signs in with it, and the mail only describes
    /// the change.
    pub(crate) async fn notify(
        &self,
        tx: &mut dyn IdentityTransaction,
        user: &User,
        change: AccountChange,
    ) -> Result<(), StoreError> {
        let Some(email) = &user.email else { return Ok(()) };
        let templates = &*self.ports.mail_templates;
        let write = |context| templates.account_changed(email, change, context);
        self.ports.notices.notify(tx.outbox(), change.topic(), email, write).await
    }
}
