//! Somebody who was invited becomes a user, or is one already.

use tessera_kernel::{EmailAddress, Event, OnConflict, Origin, StoreError, UserId};

use crate::{
    Identity, NewPasswordError,
    events::IdentityEvent,
    model::{Credentials, DisplayName, Password, PasswordAttempt, PasswordError, PasswordHash, User},
    new_password::words_about,
    ports::{Guessable, HashError, Requester, Verdict},
};

/// Who comes, and what they say of themselves.
#[derive(Debug)]
pub struct Welcome {
    /// The address that was invited. A mail to it has been read, which proves that it is theirs.
    pub email: EmailAddress,
    /// What they typed as their password: the one they want, or the one of an account that the address has.
    pub password: Option<PasswordAttempt>,
    /// The name they go by, if they are new.
    pub display_name: Option<DisplayName>,
    /// Where the request came from.
    pub origin: Origin,
}

/// The account of the address.
#[derive(Debug)]
pub struct Welcomed {
    /// Whose it is.
    pub user: User,
    /// Whether it was made just now, and not by somebody who came first.
    pub new: bool,
}

/// An account that is ready to be made: all that takes time is done.
#[derive(Debug)]
pub struct NewAccount {
    user: User,
    hash: Option<PasswordHash>,
}

/// No account was made, and none was taken.
#[derive(Debug, thiserror::Error)]
pub enum WelcomeError {
    /// The address has an account that nobody has proved, and its password was not presented.
    #[error("the account is not proved to be theirs")]
    NotProved,
    /// The password for a new account is shorter than the configured minimum, or longer than any may be.
    #[error("the password is of the wrong length")]
    PasswordLength(#[source] PasswordError),
    /// The password for a new account would soon be guessed.
    #[error("the password is easy to guess")]
    PasswordGuessable(#[source] Guessable),
    /// No hash could be made, or none compared with.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NewPasswordError> for WelcomeError {
    fn from(error: NewPasswordError) -> Self {
        match error {
            NewPasswordError::Length(error) => Self::PasswordLength(error),
            NewPasswordError::Guessable(why) => Self::PasswordGuessable(why),
            NewPasswordError::Hash(error) => Self::Hash(error),
        }
    }
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

/// How often a password is compared anew because its hash was replaced meanwhile.
const TRIES: usize = 3;

impl Identity {
    /// Prepares the account of an address that has none, and keeps nothing of it. `None` when the address has one.
    ///
    /// # Errors
    /// See [`WelcomeError`].
    pub async fn prepare_account(&self, command: &Welcome) -> Result<Option<NewAccount>, WelcomeError> {
        // What the password is for depends on it. Whether the address is free is settled by the insertion all the same.
        if self.ports.store.find_credentials(&command.email).await?.is_some() {
            return Ok(None);
        }
        let user = self.new_user(command);
        let hash = match &command.password {
            Some(wanted) => {
                let password = Password::try_from(wanted).map_err(WelcomeError::PasswordLength)?;
                let requester = Requester::unknown(&command.origin);
                self.check_new_password(&password, &words_about(&user), requester).await?;
                Some(self.ports.hasher.hash(&password, requester).await?)
            }
            None => None,
        };
        Ok(Some(NewAccount { user, hash }))
    }

    /// The account of an address: the one that it has, or the prepared one.
    ///
    /// One that was never proved may have been made by anybody who knows the address. Whoever presents its password proves
    /// it, since they have read a mail to that address as well. Nothing else about it changes. Of an account that is proved
    /// nothing is asked.
    ///
    /// # Errors
    /// See [`WelcomeError`]; nothing was kept then.
    pub async fn welcome(&self, command: Welcome, prepared: Option<NewAccount>) -> Result<Welcomed, WelcomeError> {
        if let Some(account) = prepared
            && let Some(user) = self.make_account(account, &command.origin).await?
        {
            return Ok(Welcomed { user, new: true });
        }
        let known = self.ports.store.find_credentials(&command.email).await?.ok_or_else(gone)?;
        let user = self.recognise(known, &command).await?;
        Ok(Welcomed { user, new: false })
    }

    fn new_user(&self, command: &Welcome) -> User {
        let now = self.ports.clock.now();
        User {
            id: UserId::generate(&*self.ports.clock, &*self.ports.entropy),
            email: Some(command.email.clone()),
            email_verified: true,
            display_name: command.display_name.clone(),
            first_name: None,
            last_name: None,
            avatar_url: None,
            wallets: Vec::new(),
            created_at: now,
            updated_at: now,
        }
    }

    /// A new account with a proved address. `None` when another request has taken the address meanwhile.
    async fn make_account(&self, account: NewAccount, origin: &Origin) -> Result<Option<User>, WelcomeError> {
        let NewAccount { user, hash } = account;
        let announcement = IdentityEvent::UserRegistered { user: user.id }.into();
        let event = Event::by_visitor(origin, announcement, &*self.ports.clock, &*self.ports.entropy);
        let inserted: Result<(), Insertion> = async {
            let mut tx = self.ports.store.begin().await?;
            tx.users().insert(&user, hash.as_ref()).await.on_conflict(Insertion::Taken)?;
            tx.events().append(&event).await?;
            Ok(tx.commit().await?)
        }
        .await;
        match inserted {
            Ok(()) => Ok(Some(user)),
            Err(Insertion::Taken) => Ok(None),
            Err(Insertion::Store(error)) => Err(error.into()),
        }
    }

    async fn recognise(&self, mut known: Credentials, command: &Welcome) -> Result<User, WelcomeError> {
        let id = known.user.id;
        for _ in 0..TRIES {
            if known.user.email_verified {
                return Ok(known.user);
            }
            let Some(attempt) = &command.password else {
                return Err(WelcomeError::NotProved);
            };
            // A hash below today's parameters is left to the next sign-in to renew.
            let requester = Requester::unknown(&command.origin);
            if self.check_password(attempt, Some(&known), None, requester).await?.verdict == Verdict::Mismatch {
                break;
            }
            if let Some(user) = self.take_proof(&known, &command.origin).await? {
                return Ok(user);
            }
            known = self.ports.store.find_credentials_of(id).await?.ok_or_else(gone)?;
        }
        self.refuse_proof(id, &command.origin).await
    }

    /// Notes that the address of somebody whose password was found right is proved. `None` when it is no longer the
    /// password that was compared with: a sign-in has renewed the hash, or they have changed it.
    async fn take_proof(&self, known: &Credentials, origin: &Origin) -> Result<Option<User>, StoreError> {
        let announcement = IdentityEvent::EmailVerified { user: known.user.id }.into();
        let event = Event::by_visitor(origin, announcement, &*self.ports.clock, &*self.ports.entropy);
        let mut tx = self.ports.store.begin().await?;
        let current = tx.users().lock(known.user.id).await?;
        match current.filter(|current| current.password_hash == known.password_hash) {
            Some(current) => self.mark_verified(tx, current.user, &event).await.map(Some),
            None => Ok(None),
        }
    }

    async fn refuse_proof(&self, user: UserId, origin: &Origin) -> Result<User, WelcomeError> {
        let announcement = IdentityEvent::EmailVerificationRefused { user }.into();
        let event = Event::by_visitor(origin, announcement, &*self.ports.clock, &*self.ports.entropy);
        self.note(&event).await?;
        Err(WelcomeError::NotProved)
    }
}

fn gone() -> StoreError {
    StoreError::Other("an account was there and is gone".into())
}
