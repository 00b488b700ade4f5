//! Confirmation of a change of address by one of its sides.

use tessera_kernel::{OnConflict, StoreError};
use time::OffsetDateTime;

use super::{
    confirm_email::{ConfirmEmailError, ConfirmedEmail, Mailed},
    events::AddressEvent,
    model::{EmailChange, EmailStatus, ProofSide},
};
use crate::{
    Identity,
    model::User,
    ports::{AccountChange, IdentityTransaction},
};

impl Identity {
    /// Records the confirmation of a side. After the last one, the address changes. Commits the transaction, which holds
    /// the lock on the user.
    pub(super) async fn confirm_side(
        &self,
        mut tx: Box<dyn IdentityTransaction>,
        mut user: User,
        side: ProofSide,
        now: OffsetDateTime,
        mailed: &Mailed,
    ) -> Result<ConfirmedEmail, ConfirmEmailError> {
        let change = tx.email_proofs().find_change_of(user.id).await?.ok_or(ConfirmEmailError::Invalid)?;
        let change = change.confirmed_by(side);
        let address = if side == ProofSide::Old { "old" } else { "new" };
        let entry = AddressEvent::ChangeConfirmed { user: user.id, address };
        tx.events().append(&self.event_by(user.id, entry, mailed)).await?;
        let pending = if change.is_confirmed() {
            user = self.change_address(&mut *tx, user, change, now).await?;
            tx.events().append(&self.event_by(user.id, AddressEvent::Changed { user: user.id }, mailed)).await?;
            None
        } else {
            tx.email_proofs().save_change(&change).await?;
            Some(change)
        };
        tx.commit().await?;
        Ok(match side {
            ProofSide::Old => ConfirmedEmail::OldAddress,
            ProofSide::Current | ProofSide::New => ConfirmedEmail::Account(EmailStatus::of(&user, pending)),
        })
    }

    /// Changes the address and invalidates every mail to the old one. Both addresses get a notice.
    async fn change_address(
        &self,
        tx: &mut dyn IdentityTransaction,
        user: User,
        change: EmailChange,
        now: OffsetDateTime,
    ) -> Result<User, ConfirmEmailError> {
        let changed = User { email: Some(change.email.clone()), email_verified: true, updated_at: now, ..user.clone() };
        let updated = tx.users().change_email(user.id, &change.email, now).await;
        updated.on_conflict::<ConfirmEmailError>(ConfirmEmailError::EmailTaken)?;
        tx.email_proofs().delete_all(user.id).await?;
        tx.password_resets().withdraw(user.id).await?;
        self.notify_both(tx, &user, &changed).await?;
        Ok(changed)
    }

    async fn notify_both(&self, tx: &mut dyn IdentityTransaction, old: &User, new: &User) -> Result<(), StoreError> {
        self.notify(tx, old, AccountChange::EmailChanged { to_old: true }).await?;
        self.notify(tx, new, AccountChange::EmailChanged { to_old: false }).await
    }
}
