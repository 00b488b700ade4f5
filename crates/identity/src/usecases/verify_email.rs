//! A user proves that the address of their account is theirs.

use tessera_kernel::{Actor, EmailAddress, Event, StoreError, UserId};

use crate::{Identity, events::IdentityEvent, model::User, ports::IdentityTransaction};

/// Nothing was proved.
#[derive(Debug, thiserror::Error)]
pub enum VerifyEmailError {
    /// The actor is an application, or the account is gone.
    #[error("there is no such user")]
    NotFound,
    /// The account has another address, or none.
    #[error("the account has another address")]
    AnotherAddress,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Identity {
    /// Takes it that the actor has read a mail to this address: it is proved from now on, if it is the one of their account.
    ///
    /// # Errors
    /// See [`VerifyEmailError`]; nothing has changed then.
    pub async fn verify_email(&self, actor: &Actor, email: &EmailAddress) -> Result<User, VerifyEmailError> {
        let id = actor.user().ok_or(VerifyEmailError::NotFound)?;
        let announcement = IdentityEvent::EmailVerified { user: id }.into();
        let event = Event::by(actor, announcement, &*self.ports.clock, &*self.ports.entropy);
        let mut tx = self.ports.store.begin().await?;
        let known = tx.users().lock(id).await?.ok_or(VerifyEmailError::NotFound)?;
        if known.user.email.as_ref() != Some(email) {
            return Err(VerifyEmailError::AnotherAddress);
        }
        Ok(self.mark_verified(tx, known.user, &event).await?)
    }

    /// Whether the user has proved that their address is theirs. Who is gone has not.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn is_verified(&self, user: UserId) -> Result<bool, StoreError> {
        Ok(self.ports.store.find_user(user).await?.is_some_and(|user| user.email_verified))
    }

    /// Ends a transaction that holds the lock on the user by noting that their address is proved. What was noted before is
    /// not announced again.
    pub(crate) async fn mark_verified(
        &self,
        mut tx: Box<dyn IdentityTransaction>,
        mut user: User,
        event: &Event,
    ) -> Result<User, StoreError> {
        let now = self.ports.clock.now();
        if tx.users().verify_email(user.id, now).await? {
            tx.events().append(event).await?;
            (user.email_verified, user.updated_at) = (true, now);
        }
        tx.commit().await?;
        Ok(user)
    }
}
