//! Registration of a user with email address and password.

use tessera_kernel::{
    EmailAddress, Event, OnConflict, RateLimitError, RateLimited, RequestMetadata, StoreError, UserId, limit,
};

use crate::{
    Identity, NewPasswordError,
    accounts::events::AccountEvent,
    addresses::limits::MailKind,
    model::{
        DisplayName, Password, PasswordError, PasswordHash, PersonName, RegistrationClosed, RegistrationMode, User,
    },
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
    from Closed(RegistrationClosed), RateLimited(RateLimited), Hash(HashError), Store(StoreError)
}

impl Identity {
    /// Registers a user, whose address gets a verification mail. The account can be used at once.
    ///
    /// # Errors
    /// Fails when the mode of registration is another one, the limit of the network is reached, the email address is taken,
    /// the password is rejected, or hashing or storage fails. Nothing is stored then.
    pub async fn register(&self, command: Register) -> Result<User, RegisterError> {
        self.require_registration(RegistrationMode::Open)?;
        let (user, hash) = self.check_registration(&command).await?;
        let admitted = self.admit_mail(MailKind::Verification, &command.email).await?;
        let stored = self.store_account(&command, &user, &hash, admitted.is_some()).await;
        if let (Err(RegisterError::EmailTaken), Some(admitted)) = (&stored, admitted) {
            // No mail was sent. The owner of the address can still request theirs.
            self.ports.limits.give_back_all(&admitted).await?;
        }
        stored.map(|()| user)
    }

    pub(crate) fn require_registration(&self, mode: RegistrationMode) -> Result<(), RegistrationClosed> {
        if self.settings.registration == mode { Ok(()) } else { Err(RegistrationClosed) }
    }

    /// Counts a registration, checks its password and hashes it.
    pub(crate) async fn check_registration(&self, command: &Register) -> Result<(User, PasswordHash), RegisterError> {
        self.count_network(limit::REGISTER, &command.origin).await.map_err(RateLimitError::split::<RegisterError>)?;
        let now = self.ports.system.now();
        let user = User {
            id: UserId::generate(&self.ports.system),
            email: Some(command.email.clone()),
            email_verified: false,
            display_name: command.display_name.clone(),
            first_name: command.first_name.clone(),
            last_name: command.last_name.clone(),
            avatar_url: None,
            wallets: Vec::new(),
            created_at: now,
            updated_at: now,
        };
        let requester = Requester::unknown(&command.origin);
        self.check_new_password(&command.password, &words_about(&user), requester).await?;
        // Hash before opening a transaction, because it takes tens of milliseconds.
        let hash = self.ports.hasher.hash(&command.password, requester).await?;
        Ok((user, hash))
    }

    async fn store_account(
        &self,
        command: &Register,
        user: &User,
        hash: &PasswordHash,
        mails: bool,
    ) -> Result<(), RegisterError> {
        let entry = AccountEvent::Registered { user: user.id };
        let event = Event::by_anonymous(&command.origin, entry, &self.ports.system);
        let now = self.ports.addresses.now().await?;
        let mut tx = self.ports.store.begin().await?;
        tx.users().insert(user, Some(hash)).await.on_conflict(RegisterError::EmailTaken)?;
        tx.events().append(&event).await?;
        if mails {
            self.mail_verification(&mut *tx, user, now).await?;
        }
        Ok(tx.commit().await?)
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
