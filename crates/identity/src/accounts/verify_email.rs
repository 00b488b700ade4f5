//! Verification of email addresses.

use tessera_kernel::{Actor, EmailAddress, Event, StoreError, UserId};

use crate::{Identity, accounts::events::AccountEvent, model::User, ports::IdentityTransaction};

/// Why the address was not verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyEmailError {
    /// The actor is an application, or the account does not exist any more.
    #[error("there is no such user")]
    NotFound,
    /// The account has another address or none.
    #[error("the account has another address")]
    AnotherAddress,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Identity {
    /// Marks the address as verified if it is the address of the actor's account. The caller has checked that the actor
    /// has read a mail to it.
    ///
    /// # Errors
    /// Fails when the actor is not a user, the account has another address or does not exist, or storage fails. Nothing
    /// changes then.
    pub async fn verify_email(&self, actor: &Actor, email: &EmailAddress) -> Result<User, VerifyEmailError> {
        let id = actor.user().ok_or(VerifyEmailError::NotFound)?;
        let entry = AccountEvent::EmailVerified { user: id }.into();
        let event = Event::by(actor, entry, &*self.ports.clock, &*self.ports.entropy);
        let mut tx = self.ports.store.begin().await?;
        let known = tx.users().lock(id).await?.ok_or(VerifyEmailError::NotFound)?;
        if known.user.email.as_ref() != Some(email) {
            return Err(VerifyEmailError::AnotherAddress);
        }
        Ok(self.mark_verified(tx, known.user, &event).await?)
    }

    /// Returns whether the user has verified their address. Returns `false` if the user does not exist.
    ///
    /// # Errors
    /// Fails when storage fails.
    pub async fn is_verified(&self, user: UserId) -> Result<bool, StoreError> {
        Ok(self.ports.store.find_user(user).await?.is_some_and(|user| user.email_verified))
    }

    /// Marks the address as verified and commits the transaction, which must hold the lock on the user. An address that
    /// is already verified causes no further audit entry.
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
