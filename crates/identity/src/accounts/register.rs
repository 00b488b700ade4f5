//! Registration of a user with email address and password.

use tessera_kernel::{
    EmailAddress, Event, OnConflict, RateLimitError, RateLimited, RequestMetadata, StoreError, UserId, limit,
};

use crate::{
    Identity, NewPasswordError,
    accounts::events::AccountEvent,
    model::{DisplayName, Password, PasswordError, PersonName, User},
    passwords::check_new_password::words_about,
    ports::{HashError, Requester, WeakPassword},
};

/// Data of a new user.
#[derive(Debug)]
pub struct Register {
    /// The email address to sign in with.
    pub email: EmailAddress,
    /// The new password.
    pub password: Password,
    /// The name that the user is shown as.
    pub display_name: Option<DisplayName>,
    /// Given name.
    pub first_name: Option<PersonName>,
    /// Family name.
    pub last_name: Option<PersonName>,
    /// Request metadata.
    pub origin: RequestMetadata,
}

tessera_kernel::error_enum! {
    /// Why no user was registered.
    pub enum RegisterError {
        /// Another account has the address.
        #[error("this email address is already registered")]
        EmailTaken,
        /// The password is shorter than the configured minimum.
        #[error("the password is too short")]
        PasswordLength(#[source] PasswordError),
        /// The password is easy to guess.
        #[error("the password is easy to guess")]
        PasswordWeak(#[source] WeakPassword),
    }
    from RateLimited(RateLimited), Hash(HashError), Store(StoreError)
}

impl Identity {
    /// Registers a user. The email address is not verified yet.
    ///
    /// # Errors
    /// Fails when the limit of the network is reached, the email address is taken, the password is rejected, or hashing or
    /// storage fails. Nothing is stored then.
    pub async fn register(&self, command: Register) -> Result<User, RegisterError> {
        self.count_network(limit::REGISTER, &command.origin).await.map_err(RateLimitError::split::<RegisterError>)?;
        let now = self.ports.system.now();
        let user = User {
            id: UserId::generate(&self.ports.system),
            email: Some(command.email),
            email_verified: false,
            display_name: command.display_name,
            first_name: command.first_name,
            last_name: command.last_name,
            avatar_url: None,
            wallets: Vec::new(),
            created_at: now,
            updated_at: now,
        };
        let requester = Requester::unknown(&command.origin);
        self.check_new_password(&command.password, &words_about(&user), requester).await?;
        // Hash before opening a transaction, because it takes tens of milliseconds.
        let hash = self.ports.hasher.hash(&command.password, requester).await?;
        let entry = AccountEvent::Registered { user: user.id };
        let event = Event::by_anonymous(&command.origin, entry, &self.ports.system);
        let mut tx = self.ports.store.begin().await?;
        tx.users().insert(&user, Some(&hash)).await.on_conflict(RegisterError::EmailTaken)?;
        tx.events().append(&event).await?;
        tx.commit().await?;
        Ok(user)
    }
}

impl From<NewPasswordError> for RegisterError {
    fn from(error: NewPasswordError) -> Self {
        match error {
            NewPasswordError::Length(error) => Self::PasswordLength(error),
            NewPasswordError::WeakPassword(why) => Self::PasswordWeak(why),
            NewPasswordError::Hash(error) => Self::Hash(error),
        }
    }
}
