//! Registration that creates the account only once the address is verified.

use tessera_kernel::{Event, StoreError};
use time::Duration;

use super::{
    events::AddressEvent,
    limits::MailKind,
    mails::Proving,
    model::{PendingRegistration, RegistrationSecret, VERIFICATION_TTL},
};
use crate::{
    Identity, Register, RegisterError,
    model::{PasswordHash, RegistrationMode, User},
    ports::VerificationReason,
};

/// A registration that waits for the verification of its address.
#[derive(Debug)]
pub struct RequestedRegistration {
    /// The secret of the client.
    pub secret: RegistrationSecret,
    /// How long the registration is valid.
    pub expires_in: Duration,
}

impl Identity {
    /// Stores a registration and mails a token and a code. If the address is taken, its owner gets a notice without
    /// them. The response and the work are the same for every address.
    ///
    /// # Errors
    /// Fails when the mode of registration is another one, the limit of the network is reached, the password is
    /// rejected, or hashing or storage fails. Nothing is stored then.
    pub async fn request_registration(&self, command: Register) -> Result<RequestedRegistration, RegisterError> {
        self.require_registration(RegistrationMode::Verified)?;
        let (user, hash) = self.check_registration(&command).await?;
        let secret = RegistrationSecret::generate(&*self.ports.system.entropy);
        if self.admit_mail(MailKind::Verification, &command.email).await?.is_some() {
            self.store_registration(&command, user, hash, &secret).await?;
        }
        Ok(RequestedRegistration { secret, expires_in: VERIFICATION_TTL })
    }

    async fn store_registration(
        &self,
        command: &Register,
        user: User,
        password_hash: PasswordHash,
        secret: &RegistrationSecret,
    ) -> Result<(), StoreError> {
        let (id, taken_by) = (user.id, self.taken_by(&command.email).await?);
        let (secrets, expires_at) = (self.mail_secrets(id), self.ports.addresses.now().await? + VERIFICATION_TTL);
        let registration = PendingRegistration {
            user,
            password_hash,
            secret: self.ports.digest.digest(secret.expose()),
            token: secrets.token_hash,
            code: secrets.code_hash,
            expires_at,
        };
        let entry = AddressEvent::RegistrationRequested { user: id };
        let event = Event::by_anonymous(&command.origin, entry, &self.ports.system);
        let proving = Proving { to: &command.email, reason: VerificationReason::Registration, expires_at, taken_by };
        let mut tx = self.ports.store.begin().await?;
        tx.pending_registrations().insert(&registration).await?;
        tx.events().append(&event).await?;
        self.mail(&mut *tx, &secrets, &proving).await?;
        tx.commit().await
    }
}
