//! Comparing a password, whichever operation asks for it.

use tessera_kernel::{SecretHash, StoreError, UserId};
use time::OffsetDateTime;

use crate::{
    Identity,
    model::{Client, Credentials, PasswordAttempt},
    ports::{HashError, PasswordCheckContext, Requester, Verdict},
};

/// What became of a presented password.
#[derive(Debug)]
pub(crate) struct PasswordCheck {
    pub(crate) verdict: Verdict,
    /// The time before the comparison, by the clock of the database.
    pub(crate) at: OffsetDateTime,
    /// For whom it was compared.
    pub(crate) requester: Requester,
}

/// The password could not be compared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckPasswordError {
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Identity {
    /// Compares a password with that of an account, if there is one and it has one. A mismatch does the same work for every
    /// account and for none. A device that the account knows makes its requester known.
    pub(crate) async fn check_password(
        &self,
        attempt: &PasswordAttempt,
        account: Option<&Credentials>,
        device: Option<(UserId, SecretHash)>,
        requester: Requester,
    ) -> Result<PasswordCheck, CheckPasswordError> {
        let PasswordCheckContext { costs, known_device, at } = self.ports.store.password_check_context(device).await?;
        let requester = Requester { known: requester.known || known_device, ..requester };
        let hash = account.and_then(|account| account.password_hash.as_ref());
        let verdict = self.ports.hasher.verify(attempt, hash, &costs, requester).await?;
        Ok(PasswordCheck { verdict, at, requester })
    }

    /// What a request comes with, as it is known of an account. An account that does not exist costs the same and knows
    /// no device.
    pub(crate) fn device_of(&self, user: Option<UserId>, client: Client) -> (UserId, SecretHash) {
        let user = user.unwrap_or_else(|| UserId::from_uuid(uuid::Uuid::nil()));
        (user, self.ports.digest.digest(&client.trait_of(user)))
    }

    /// Forgets the costs of password hashes that no account has any more, and says how many.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn forget_unused_hash_costs(&self) -> Result<u64, StoreError> {
        self.ports.store.forget_unused_hash_costs().await
    }
}

/// Whoever asks for it has the same errors.
macro_rules! unchecked {
    ($($error:ty)+) => {$(
        impl From<CheckPasswordError> for $error {
            fn from(error: CheckPasswordError) -> Self {
                match error {
                    CheckPasswordError::Hash(error) => Self::Hash(error),
                    CheckPasswordError::Store(error) => Self::Store(error),
                }
            }
        }
    )+};
}

unchecked! { crate::SignInError crate::ChangePasswordError crate::WelcomeError }
