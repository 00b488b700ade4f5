//! Processing of password reset requests: mails reset links.

use tessera_kernel::{Event, RequestMetadata, StoreError, delete_in_steps};
use tessera_outbox::NoticeContext;
use time::OffsetDateTime;

use crate::{
    Identity,
    model::{PasswordReset, ResetToken, User},
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
            self.send_link(tx, (&known.user, request.links_left), &request.origin, now).await?;
        }
        Ok(true)
    }

    /// Mails a new link. The caller holds the lock on the user.
    pub(crate) async fn mail_reset_link(
        &self,
        tx: &mut dyn IdentityTransaction,
        user: &User,
        origin: &RequestMetadata,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.send_link(tx, (user, Some(u32::MAX)), origin, now).await
    }

    /// Mails a new link to the address as stored in the account, not as typed in the request.
    ///
    /// If the address has reached its mail limit, no link is sent while the last one is valid. Once the last link has
    /// expired or was used, a new one is sent despite the limit: a flood of requests by strangers must not lock the
    /// user out.
    async fn send_link(
        &self,
        tx: &mut dyn IdentityTransaction,
        (user, links_left): (&User, Option<u32>),
        origin: &RequestMetadata,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let Some(email) = &user.email else { return Ok(()) };
        if links_left.is_none() {
            let open = tx.password_resets().find_open_of(user.id).await?;
            if open.is_some_and(|open| open.email == *email) {
                return Ok(());
            }
        }
        let token = ResetToken::generate(&*self.ports.system.entropy);
        let hash = self.ports.digest.digest(token.expose());
        let reset = PasswordReset { user: user.id, email: email.clone(), hash, expires_at: now + PasswordReset::TTL };
        let context = NoticeContext { at: self.ports.system.now(), last: links_left.is_none_or(|left| left == 0) };
        let mail = self.ports.mail_templates.password_reset(&reset, &token, context);
        tx.password_resets().issue(&reset).await?;
        let event = Event::by_anonymous(origin, PasswordEvent::ResetMailed { user: user.id }, &self.ports.system);
        tx.events().append(&event).await?;
        self.ports.notices.deliver(PasswordReset::TTL, tx.outbox(), &mail).await
    }
}
