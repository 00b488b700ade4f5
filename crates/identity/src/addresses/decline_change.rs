//! A change of address is declined by the reader of the present address.

use super::{
    confirm_email::{ConfirmEmailError, ConfirmedEmail, Mailed},
    events::AddressEvent,
    model::{ProofSide, VerificationToken},
};
use crate::Identity;

impl Identity {
    /// Cancels the change, ends all sessions, and mails a reset link: the present session or password of the account may
    /// be another person's.
    pub(super) async fn decline_change(
        &self,
        token: &VerificationToken,
        mailed: &Mailed,
    ) -> Result<ConfirmedEmail, ConfirmEmailError> {
        let hash = self.ports.digest.digest(token.expose());
        let proof = self.ports.addresses.find_proof(&hash).await?;
        let proof = proof.filter(|proof| proof.side == ProofSide::Old).ok_or(ConfirmEmailError::Invalid)?;
        let now = self.ports.addresses.now().await?;
        let mut tx = self.ports.store.begin().await?;
        let known = tx.users().lock(proof.user).await?.ok_or(ConfirmEmailError::Invalid)?;
        tx.email_proofs().take(proof.user, &hash).await?.ok_or(ConfirmEmailError::Invalid)?;
        tx.email_proofs().delete_change(proof.user).await?;
        // An operation that the other person has begun must not open a session.
        tx.interrupted_operations().withdraw_all(proof.user).await?;
        let sessions_ended = tx.sessions().end_all(proof.user, None, now).await?;
        let entry = AddressEvent::ChangeDeclined { user: proof.user, sessions_ended };
        tx.events().append(&self.event_by(proof.user, entry, mailed)).await?;
        self.mail_reset_link(&mut *tx, &known.user, &mailed.origin, now).await?;
        tx.commit().await?;
        Ok(ConfirmedEmail::OldAddress)
    }
}
