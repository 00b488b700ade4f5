//! All pending mails are sent again.

use tessera_kernel::{
    Actor, EmailAddress, Event, Principal, RateLimitError, RateLimited, RequestMetadata, StoreError, UserId, limit,
};

use super::{
    events::AddressEvent,
    limits::MailKind,
    mails::Proving,
    model::{EmailChange, PendingRegistration, RegistrationSecret},
};
use crate::{
    Identity,
    model::User,
    ports::{IdentityTransaction, VerificationReason},
};

/// Whose mails are sent again.
#[derive(Debug)]
pub enum ResendVerification {
    /// Those of a user.
    User(Actor),
    /// That of a registration.
    Registration {
        /// The secret of the client that has registered.
        secret: RegistrationSecret,
        /// Request metadata.
        origin: RequestMetadata,
    },
}

tessera_kernel::error_enum! {
    /// Why no mail was sent again.
    pub enum ResendError {
        /// The actor is not a user.
        #[error("a user is required")]
        UserRequired,
    }
    from RateLimited(RateLimited), Store(StoreError)
}

/// What a user has pending.
struct Pending {
    user: User,
    change: Option<EmailChange>,
}

impl Pending {
    fn verifies(&self) -> bool {
        self.user.email.is_some() && !self.user.email_verified
    }

    /// The addresses that get a mail.
    fn recipients(&self) -> Vec<&EmailAddress> {
        let current = self.user.email.iter().filter(|_| self.verifies());
        let new = self.change.iter().filter(|change| change.awaits_new).map(|change| &change.email);
        let old = self.change.iter().filter(|change| change.awaits_old).filter_map(|_| self.user.email.as_ref());
        current.chain(new).chain(old).collect()
    }
}

impl Identity {
    /// Sends all pending mails again, with new tokens and codes: the old ones are invalid then. Sends nothing if nothing
    /// is pending, which the response does not show.
    ///
    /// # Errors
    /// Fails when the actor is not a user, a limit is reached, or storage fails. A registration over the limit of its
    /// address gets no error and no mail.
    pub async fn resend_verification(&self, command: ResendVerification) -> Result<(), ResendError> {
        match command {
            ResendVerification::User(actor) => self.resend_to_user(&actor).await,
            ResendVerification::Registration { secret, origin } => {
                self.count_network(limit::MAIL_NETWORK, &origin).await.map_err(RateLimitError::split::<ResendError>)?;
                Ok(self.resend_registration(&secret, &origin).await?)
            }
        }
    }

    async fn resend_to_user(&self, actor: &Actor) -> Result<(), ResendError> {
        let Principal::User { id, .. } = actor.principal else { return Err(ResendError::UserRequired) };
        let limited = RateLimitError::split::<ResendError>;
        self.count_network(limit::MAIL_NETWORK, &actor.origin).await.map_err(limited)?;
        let user = self.ports.store.find_user(id).await?.ok_or(ResendError::UserRequired)?;
        let change = self.ports.addresses.find_change(id).await?;
        let seen = Pending { user, change };
        if seen.recipients().is_empty() {
            return Ok(());
        }
        self.count_mails(MailKind::Verification, seen.recipients()).await.map_err(limited)?;
        let taken_by = match &seen.change {
            Some(change) => self.taken_by(&change.email).await?,
            None => None,
        };
        let now = self.ports.addresses.now().await?;
        let mut tx = self.ports.store.begin().await?;
        let Some(pending) = pending_of(&mut *tx, id).await? else { return Err(ResendError::UserRequired) };
        // The mails that were counted are for this state of the account.
        if pending.recipients() != seen.recipients() {
            return Err(StoreError::Busy.into());
        }
        if pending.verifies() {
            self.mail_verification(&mut *tx, &pending.user, now).await?;
        }
        if let Some(change) = &pending.change {
            self.mail_change(&mut *tx, &pending.user, change, taken_by).await?;
        }
        let entry = AddressEvent::VerificationMailed { user: id };
        tx.events().append(&Event::by(actor, entry, &self.ports.system)).await?;
        Ok(tx.commit().await?)
    }

    async fn resend_registration(
        &self,
        secret: &RegistrationSecret,
        origin: &RequestMetadata,
    ) -> Result<(), StoreError> {
        let secret = self.ports.digest.digest(secret.expose());
        let Some(known) = self.ports.addresses.find_own_registration(&secret).await? else { return Ok(()) };
        let Some(email) = known.user.email.clone() else { return Ok(()) };
        if self.admit_mail(MailKind::Verification, &email).await?.is_none() {
            return Ok(());
        }
        let (taken_by, secrets) = (self.taken_by(&email).await?, self.mail_secrets(known.user.id));
        let event = self.event_of(AddressEvent::VerificationMailed { user: known.user.id }, origin);
        let expires_at = known.expires_at;
        let proving = Proving { to: &email, reason: VerificationReason::Registration, expires_at, taken_by };
        let renewed = PendingRegistration { token: secrets.token_hash, code: secrets.code_hash, ..known };
        let mut tx = self.ports.store.begin().await?;
        if tx.pending_registrations().renew(&renewed).await? {
            tx.events().append(&event).await?;
            self.mail(&mut *tx, &secrets, &proving).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

/// Locks a user and reads what is pending.
async fn pending_of(tx: &mut dyn IdentityTransaction, id: UserId) -> Result<Option<Pending>, StoreError> {
    let Some(known) = tx.users().lock(id).await? else { return Ok(None) };
    let change = tx.email_proofs().find_change_of(id).await?;
    Ok(Some(Pending { user: known.user, change }))
}
