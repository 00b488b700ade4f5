//! Request to change the address of an account.

use tessera_kernel::{Actor, EmailAddress, Event, RateLimitError, RateLimited, StoreError, limit};
use time::Duration;

use super::{
    events::AddressEvent,
    limits::MailKind,
    model::{EmailChange, VERIFICATION_TTL},
};
use crate::{
    Identity,
    sessions::require_recent_authentication::{SessionError, session_of},
};

tessera_kernel::error_enum! {
    /// Why no change was requested.
    pub enum ChangeEmailError {
        /// The account has this address already.
        #[error("this is the address of the account")]
        Unchanged,
    }
    from Session(SessionError), RateLimited(RateLimited), Store(StoreError)
}

impl Identity {
    /// Requests a change of the actor's address, which replaces an earlier request. The new address gets a mail, and a
    /// verified present one, too. Both must confirm. If the new address is taken, its owner gets a notice instead; the
    /// response, the work and the status are the same.
    ///
    /// Returns how long the request is valid.
    ///
    /// # Errors
    /// Fails when the actor is not a user, the session has ended or is too old, the address is the present one, a limit
    /// is reached, or storage fails. Nothing changes then.
    pub async fn change_email(&self, actor: &Actor, email: EmailAddress) -> Result<Duration, ChangeEmailError> {
        let (id, session) = session_of(actor)?;
        let now = self.require_recent_authentication(session).await?;
        let user = self.ports.store.find_user(id).await?.ok_or(SessionError::SessionEnded)?;
        if user.email.as_ref() == Some(&email) {
            return Err(ChangeEmailError::Unchanged);
        }
        let limited = RateLimitError::split::<ChangeEmailError>;
        self.count_network(limit::MAIL_NETWORK, &actor.origin).await.map_err(limited)?;
        let old = user.email.iter().filter(|_| user.email_verified);
        self.count_mails(MailKind::Verification, old.chain([&email])).await.map_err(limited)?;
        let taken_by = self.taken_by(&email).await?;
        let event = Event::by(actor, AddressEvent::ChangeRequested { user: id }, &self.ports.system);
        let mut tx = self.ports.store.begin().await?;
        let current = tx.users().lock(id).await?.ok_or(SessionError::SessionEnded)?.user;
        // If the owner has recovered the account meanwhile, this session was ended. It must not leave a change behind.
        if !tx.sessions().is_live(id, session, now).await? {
            return Err(SessionError::SessionEnded.into());
        }
        // The mails that were counted are for this state of the account.
        if (&current.email, current.email_verified) != (&user.email, user.email_verified) {
            return Err(StoreError::Busy.into());
        }
        let awaits_old = current.email_verified && current.email.is_some();
        let expires_at = now + VERIFICATION_TTL;
        let change = EmailChange { user: id, email, awaits_new: true, awaits_old, expires_at };
        tx.email_proofs().delete_change(id).await?;
        tx.email_proofs().save_change(&change).await?;
        tx.events().append(&event).await?;
        self.mail_change(&mut *tx, &current, &change, taken_by).await?;
        tx.commit().await?;
        Ok(VERIFICATION_TTL)
    }
}
