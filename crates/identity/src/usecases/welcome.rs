//! Somebody who was invited becomes a user.

use tessera_kernel::{EmailAddress, Event, OnConflict, Origin, StoreError, UserId};

use crate::{
    Identity,
    events::IdentityEvent,
    model::{DisplayName, Password, PasswordError, User},
    ports::{Guessable, HashError},
};

/// Who comes, and what they say of themselves.
#[derive(Debug)]
pub struct Welcome {
    /// The address that was invited. A mail to it has been read, which proves that it is theirs.
    pub email: EmailAddress,
    /// The password they want, if they want one now.
    pub password: Option<Password>,
    /// The name they go by.
    pub display_name: Option<DisplayName>,
    /// Where the request came from.
    pub origin: Origin,
}

/// The account that was made.
#[derive(Debug)]
pub struct Welcomed {
    /// Whose it is.
    pub user: User,
    /// Whether it was made just now, and not by somebody who came first.
    pub new: bool,
}

/// No account was made.
#[derive(Debug, thiserror::Error)]
pub enum WelcomeError {
    /// The password is under the configured minimum.
    #[error("the password is too short")]
    PasswordLength(#[source] PasswordError),
    /// The password would soon be guessed.
    #[error("the password is easy to guess")]
    PasswordGuessable(#[source] Guessable),
    /// No hash could be made.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Another request took the address first.
enum Insertion {
    Taken,
    Store(StoreError),
}

impl From<StoreError> for Insertion {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Identity {
    /// Makes an account for an address. If it has one already, that one stays as it is.
    ///
    /// # Errors
    /// See [`WelcomeError`]; nothing was kept then.
    pub async fn welcome(&self, command: Welcome) -> Result<Welcomed, WelcomeError> {
        let email = command.email.clone();
        let hash = match &command.password {
            Some(password) => {
                self.check_welcome(password, &command).await?;
                Some(self.ports.hasher.hash(password).await?)
            }
            None => None,
        };
        let (clock, entropy) = (&*self.ports.clock, &*self.ports.entropy);
        let now = clock.now();
        let user = User {
            id: UserId::generate(clock, entropy),
            email: Some(command.email),
            email_verified: true,
            display_name: command.display_name,
            first_name: None,
            last_name: None,
            avatar_url: None,
            wallets: Vec::new(),
            created_at: now,
            updated_at: now,
        };
        let announcement = IdentityEvent::UserRegistered { user: user.id }.into();
        let event = Event::by_visitor(&command.origin, announcement, clock, entropy);
        let inserted: Result<(), Insertion> = async {
            let mut tx = self.ports.store.begin().await?;
            tx.users().insert(&user, hash.as_ref()).await.on_conflict(Insertion::Taken)?;
            tx.events().append(&event).await?;
            Ok(tx.commit().await?)
        }
        .await;
        match inserted {
            Ok(()) => Ok(Welcomed { user, new: true }),
            Err(Insertion::Store(error)) => Err(error.into()),
            Err(Insertion::Taken) => {
                let known = self.ports.store.find_credentials(&email).await?;
                let gone = || StoreError::Other("an address was taken and then free".into());
                Ok(Welcomed { user: known.ok_or_else(gone)?.user, new: false })
            }
        }
    }

    async fn check_welcome(&self, password: &Password, command: &Welcome) -> Result<(), WelcomeError> {
        let min = self.settings.min_password_length;
        if password.length() < min {
            return Err(WelcomeError::PasswordLength(PasswordError::TooShort { min }));
        }
        let mut about = vec![command.email.as_str().to_owned(), command.email.local_part().to_owned()];
        about.extend(command.display_name.as_ref().map(ToString::to_string));
        match self.ports.strength.weakness(password, &about).await? {
            Some(guessable) => Err(WelcomeError::PasswordGuessable(guessable)),
            None => Ok(()),
        }
    }
}
