//! Account of an invited user: finds it or creates it.

use tessera_kernel::{EmailAddress, Event, OnConflict, RequestMetadata, Secret, StoreError, UserId};

use crate::{
    Identity, NewPasswordError,
    accounts::events::AccountEvent,
    model::{Credentials, DisplayName, Password, PasswordAttempt, PasswordError, PasswordHash, User},
    passwords::check_new_password::words_about,
    ports::{HashError, Requester, Verdict, WeakPassword},
};

/// An invited user who accepts.
#[derive(Debug)]
pub struct ProvisionAccount {
    /// The invited address. The user has read a mail to it, which verifies it.
    pub email: EmailAddress,
    /// The password as typed: the new one, or the one of the account that the address already has.
    pub password: Option<PasswordAttempt>,
    /// The name that a new user is shown as.
    pub display_name: Option<DisplayName>,
    /// Request metadata.
    pub origin: RequestMetadata,
}

/// The account of an invited address.
#[derive(Debug)]
pub struct ProvisionedAccount {
    /// The user.
    pub user: User,
    /// Whether this call created the account.
    pub created: bool,
}

/// A prepared account: all slow work, such as hashing, is done.
#[derive(Debug)]
pub struct NewAccount {
    hash: Option<PasswordHash>,
}

impl NewAccount {
    pub(crate) fn with_password_hash(phc: Option<Secret<String>>) -> Self {
        Self { hash: phc.map(|phc| PasswordHash::from_phc(phc.expose().clone())) }
    }

    pub(crate) fn into_password_hash(self) -> Option<Secret<String>> {
        self.hash.map(|hash| Secret::new(hash.expose().to_owned()))
    }
}

/// Why no account was created or found.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionAccountError {
    /// The address has an unverified account, and its password was not presented.
    #[error("the email address of the account is not verified")]
    EmailNotVerified,
    /// The password for a new account is shorter than the configured minimum, or too long.
    #[error("the password is of the wrong length")]
    PasswordLength(#[source] PasswordError),
    /// The password for a new account is easy to guess.
    #[error("the password is easy to guess")]
    PasswordWeak(#[source] WeakPassword),
    /// The password could not be hashed or verified.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NewPasswordError> for ProvisionAccountError {
    fn from(error: NewPasswordError) -> Self {
        match error {
            NewPasswordError::Length(error) => Self::PasswordLength(error),
            NewPasswordError::WeakPassword(why) => Self::PasswordWeak(why),
            NewPasswordError::Hash(error) => Self::Hash(error),
        }
    }
}

/// Why an account was not inserted. `Taken`: another request has inserted the address first.
enum Insertion {
    Taken,
    Store(StoreError),
}

impl From<StoreError> for Insertion {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Maximum number of comparisons. A comparison is repeated if the hash was replaced meanwhile.
const TRIES: usize = 3;

impl Identity {
    /// Prepares an account for an address without one. Stores nothing. Returns `None` if the address has an account.
    ///
    /// # Errors
    /// Fails when the password is rejected, or hashing or storage fails.
    pub async fn prepare_account(
        &self,
        command: &ProvisionAccount,
    ) -> Result<Option<NewAccount>, ProvisionAccountError> {
        // The meaning of the password depends on this. The later insertion still decides whether the address is free.
        if self.ports.store.find_credentials(&command.email).await?.is_some() {
            return Ok(None);
        }
        let user = self.new_user(command);
        let hash = match &command.password {
            Some(wanted) => {
                let password = Password::try_from(wanted).map_err(ProvisionAccountError::PasswordLength)?;
                let requester = Requester::unknown(&command.origin);
                self.check_new_password(&password, &words_about(&user), requester).await?;
                Some(self.ports.hasher.hash(&password, requester).await?)
            }
            None => None,
        };
        Ok(Some(NewAccount { hash }))
    }

    /// Returns the account of an address: the existing one or the prepared one.
    ///
    /// Any visitor who knows the address may have created an unverified account. A caller who presents its password
    /// proves to be its owner and verifies the address, because the caller has also read a mail to it. Nothing else
    /// about the account changes. A verified account requires no password.
    ///
    /// # Errors
    /// Fails when the account is not verified and its password is missing or wrong, or hashing or storage fails. No
    /// account is created or changed then.
    pub async fn provision_account(
        &self,
        command: ProvisionAccount,
        prepared: Option<NewAccount>,
    ) -> Result<ProvisionedAccount, ProvisionAccountError> {
        if let Some(account) = prepared
            && let Some(user) = self.insert_account(account, &command).await?
        {
            return Ok(ProvisionedAccount { user, created: true });
        }
        let known = self.ports.store.find_credentials(&command.email).await?.ok_or_else(gone)?;
        let user = self.verify_existing_account(known, &command).await?;
        Ok(ProvisionedAccount { user, created: false })
    }

    fn new_user(&self, command: &ProvisionAccount) -> User {
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

    /// Inserts a new account with a verified address. Returns `None` if another request has taken the address
    /// meanwhile.
    async fn insert_account(
        &self,
        account: NewAccount,
        command: &ProvisionAccount,
    ) -> Result<Option<User>, ProvisionAccountError> {
        let NewAccount { hash } = account;
        let (user, origin) = (self.new_user(command), &command.origin);
        let entry = AccountEvent::Registered { user: user.id }.into();
        let event = Event::by_anonymous(origin, entry, &*self.ports.clock, &*self.ports.entropy);
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

    async fn verify_existing_account(
        &self,
        mut known: Credentials,
        command: &ProvisionAccount,
    ) -> Result<User, ProvisionAccountError> {
        let id = known.user.id;
        for _ in 0..TRIES {
            if known.user.email_verified {
                return Ok(known.user);
            }
            let Some(attempt) = &command.password else {
                return Err(ProvisionAccountError::EmailNotVerified);
            };
            // The next sign-in renews an outdated hash.
            let requester = Requester::unknown(&command.origin);
            if self.check_password::<ProvisionAccountError>(attempt, Some(&known), None, requester).await?.verdict
                == Verdict::Mismatch
            {
                break;
            }
            if let Some(user) = self.mark_email_verified(&known, &command.origin).await? {
                return Ok(user);
            }
            known = self.ports.store.find_credentials_of(id).await?.ok_or_else(gone)?;
        }
        self.record_failed_verification(id, &command.origin).await
    }

    /// Marks the address as verified after a correct password. Returns `None` if the hash is no longer the one that was
    /// compared: a sign-in has renewed it, or the user has changed the password.
    async fn mark_email_verified(
        &self,
        known: &Credentials,
        origin: &RequestMetadata,
    ) -> Result<Option<User>, StoreError> {
        let entry = AccountEvent::EmailVerified { user: known.user.id }.into();
        let event = Event::by_anonymous(origin, entry, &*self.ports.clock, &*self.ports.entropy);
        let mut tx = self.ports.store.begin().await?;
        let current = tx.users().lock(known.user.id).await?;
        match current.filter(|current| current.password_hash == known.password_hash) {
            Some(current) => self.mark_verified(tx, current.user, &event).await.map(Some),
            None => Ok(None),
        }
    }

    async fn record_failed_verification(
        &self,
        user: UserId,
        origin: &RequestMetadata,
    ) -> Result<User, ProvisionAccountError> {
        let entry = AccountEvent::EmailVerificationRefused { user }.into();
        let event = Event::by_anonymous(origin, entry, &*self.ports.clock, &*self.ports.entropy);
        self.note(&event).await?;
        Err(ProvisionAccountError::EmailNotVerified)
    }
}

fn gone() -> StoreError {
    StoreError::Other("an account was there and is gone".into())
}
