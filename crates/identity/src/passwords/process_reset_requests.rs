//! Processing of password reset requests: mails reset links.

use tessera_kernel::{Event, StoreError, delete_in_steps};
use tessera_outbox::NoticeTopic;
use time::OffsetDateTime;

use crate::{
    Identity,
    model::{PasswordReset, ResetRequest, ResetToken, User},
    passwords::events::PasswordEvent,
    ports::IdentityTransaction,
};

impl Identity {
    /// Processes up to `most` requests, oldest first. Returns their number. Any node may call it at any time. Requests
    /// for addresses without an account are deleted without a mail.
    ///
    /// # Errors
    /// Fails when storage fails. Unprocessed requests stay queued.
    pub async fn process_reset_requests(&self, most: usize) -> Result<usize, StoreError> {
        // Delete them in bulk first, so that a flood of requests for unknown addresses does not delay other users.
        delete_in_steps(|most| self.ports.resets.delete_requests_without_account(most)).await?;
        for answered in 0..most {
            if !self.answer_one().await? {
                return Ok(answered);
            }
        }
        Ok(most)
    }

    /// Deletes expired requests and tokens. Returns their number.
    ///
    /// # Errors
    /// Fails when storage fails.
    pub async fn delete_expired_resets(&self) -> Result<u64, StoreError> {
        delete_in_steps(|most| self.ports.resets.delete_expired(most)).await
    }

    /// Processes the oldest request. Returns `false` if there is none.
    async fn answer_one(&self) -> Result<bool, StoreError> {
        let now = self.ports.resets.now().await?;
        let mut tx = self.ports.store.begin().await?;
        match self.answer_first(&mut *tx, now).await {
            // Commit the removal of an unreadable request. Otherwise it is read again each time and blocks all others.
            Err(error @ StoreError::Corrupt(_)) => {
                tx.commit().await?;
                Err(error)
            }
            Ok(true) => {
                tx.commit().await?;
                Ok(true)
            }
            nothing => nothing,
        }
    }

    async fn answer_first(&self, tx: &mut dyn IdentityTransaction, now: OffsetDateTime) -> Result<bool, StoreError> {
        let Some(request) = tx.password_resets().take_request().await? else { return Ok(false) };
        if let Some(known) = tx.users().lock_by_email(&request.email).await? {
            self.send_link(tx, &known.user, &request, now).await?;
        }
        Ok(true)
    }

    /// Mails a new link to the address as stored in the account, not as typed in the request.
    ///
    /// If the address has reached its mail limit, no link is sent while the last one is valid. Once the last link has
    /// expired or was used, a new one is sent despite the limit: a flood of requests by strangers must not lock the
    /// user out.
    async fn send_link(
        &self,
        tx: &mut dyn IdentityTransaction,
        user: &User,
        request: &ResetRequest,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let Some(email) = &user.email else { return Ok(()) };
        let token = ResetToken::generate(&*self.ports.system.entropy);
        let hash = self.ports.digest.digest(token.expose());
        let reset = PasswordReset { user: user.id, email: email.clone(), hash, expires_at: now + PasswordReset::TTL };
        let open = tx.password_resets().find_open_of(user.id).await?;
        let required = !open.is_some_and(|open| open.email == *email);
        let templates = &*self.ports.mail_templates;
        let write = |context| templates.password_reset(&reset, &token, context);
        let (notices, topic) = (&self.ports.notices, NoticeTopic::PasswordResets);
        if notices.notify_within(PasswordReset::TTL, required, tx.outbox(), topic, email, write).await? {
            tx.password_resets().issue(&reset).await?;
            let what = PasswordEvent::ResetMailed { user: user.id };
            let event = Event::by_anonymous(&request.origin, what, &self.ports.system);
            tx.events().append(&event).await?;
        }
        Ok(())
    }
}
