//! Accounts of invited users, for the domain of organizations.

use async_trait::async_trait;
use tessera_kernel::{
    AccountError, Accounts, Actor, EmailAddress, Event, InvitedAccount, InvitedUser, PasswordFault, PreparedAccount,
    RequestMetadata, Secret, StoreError, UserId,
};

use crate::{
    ContinueSessionError, Identity, NewPasswordError,
    accounts::events::AccountEvent,
    addresses::confirm_email::verify_address,
    model::{Credentials, Device, DisplayName, Password, PasswordAttempt, PasswordError, PasswordHash, User},
    passwords::check_new_password::words_about,
    ports::{HashError, IdentityTransaction, Requester, Verdict},
};

/// Maximum number of comparisons. A comparison is repeated if the hash was replaced meanwhile.
const TRIES: usize = 3;

#[async_trait]
impl Accounts for Identity {
    async fn verify_email(&self, actor: &Actor, email: &EmailAddress) -> Result<InvitedAccount, AccountError> {
        let id = actor.user().ok_or(AccountError::SessionEnded)?;
        let event = Event::by(actor, AccountEvent::EmailVerified { user: id }, &self.ports.system);
        let mut tx = self.ports.store.begin().await?;
        let known = tx.users().lock(id).await?.ok_or(AccountError::SessionEnded)?;
        require_mailbox(&known.user, email)?;
        Ok(account(&self.mark_verified(tx, known.user, &event).await?, false))
    }

    async fn prepare(&self, guest: &InvitedUser) -> Result<Option<PreparedAccount>, AccountError> {
        // The meaning of the password depends on this. The later insertion still decides whether the address is free.
        if self.ports.store.find_credentials(&guest.email).await?.is_some() {
            return Ok(None);
        }
        let Some(typed) = attempt(guest) else { return Ok(Some(PreparedAccount { password_hash: None })) };
        let password = Password::try_from(&typed).map_err(NewPasswordError::Length)?;
        let requester = Requester::unknown(&guest.origin);
        self.check_new_password(&password, &words_about(&self.new_user(guest)?), requester).await?;
        let hash = self.ports.hasher.hash(&password, requester).await?;
        Ok(Some(PreparedAccount { password_hash: Some(Secret::new(hash.expose().to_owned())) }))
    }

    async fn provision(
        &self,
        guest: &InvitedUser,
        prepared: Option<PreparedAccount>,
    ) -> Result<InvitedAccount, AccountError> {
        if let Some(prepared) = prepared
            && let Some(user) = self.insert_account(prepared, guest).await?
        {
            return Ok(account(&user, true));
        }
        let known = self.ports.store.find_credentials(&guest.email).await?.ok_or_else(gone)?;
        require_mailbox(&known.user, &guest.email)?;
        Ok(account(&self.verify_existing_account(known, guest).await?, false))
    }

    async fn continue_session(&self, actor: &Actor) -> Result<Secret<String>, AccountError> {
        Ok(Self::continue_session(self, actor).await?.token)
    }

    async fn first_session(&self, user: UserId, guest: &InvitedUser) -> Result<Secret<String>, AccountError> {
        let device = Device::seen(guest.user_agent.as_deref(), guest.origin.address);
        Ok(Self::first_session(self, user, device, &guest.origin).await?.token)
    }
}

impl Identity {
    /// Returns whether the user has verified their address. Returns `false` if the user does not exist.
    ///
    /// # Errors
    /// Fails when storage fails.
    pub async fn is_verified(&self, user: UserId) -> Result<bool, StoreError> {
        Ok(self.ports.store.find_user(user).await?.is_some_and(|user| user.email_verified))
    }

    fn new_user(&self, guest: &InvitedUser) -> Result<User, AccountError> {
        let now = self.ports.system.now();
        let display_name = guest.display_name.as_deref().map(str::parse::<DisplayName>).transpose();
        Ok(User {
            id: UserId::generate(&self.ports.system),
            email: Some(guest.email.clone()),
            email_verified: true,
            display_name: display_name.map_err(|error| AccountError::Failed(Box::new(error)))?,
            first_name: None,
            last_name: None,
            avatar_url: None,
            wallets: Vec::new(),
            created_at: now,
            updated_at: now,
        })
    }

    /// Inserts a new account with a verified address. Returns `None` if another request has taken the address
    /// meanwhile.
    async fn insert_account(
        &self,
        account: PreparedAccount,
        guest: &InvitedUser,
    ) -> Result<Option<User>, AccountError> {
        let hash = account.password_hash.map(|phc| PasswordHash::from_phc(phc.expose().clone()));
        let user = self.new_user(guest)?;
        let event = self.event(AccountEvent::Registered { user: user.id }, &guest.origin);
        let mut tx = self.ports.store.begin().await?;
        match tx.users().insert(&user, hash.as_ref()).await {
            Err(StoreError::Conflict { .. }) => return Ok(None),
            inserted => inserted?,
        }
        tx.events().append(&event).await?;
        tx.commit().await?;
        Ok(Some(user))
    }

    /// Any visitor who knows the address may have created an unverified account. A caller who presents its password
    /// proves to be its owner and verifies the address, because the caller has also read a mail to it. Nothing else
    /// about the account changes.
    async fn verify_existing_account(&self, mut known: Credentials, guest: &InvitedUser) -> Result<User, AccountError> {
        let id = known.user.id;
        let refused = || self.event(AccountEvent::EmailVerificationRefused { user: id }, &guest.origin);
        for _ in 0..TRIES {
            if known.user.email_verified {
                return Ok(known.user);
            }
            let Some(attempt) = attempt(guest) else { return Err(AccountError::EmailNotVerified) };
            // The next sign-in renews an outdated hash.
            let requester = Requester::unknown(&guest.origin);
            let check = self.check_password::<AccountError>(&attempt, (&known).into(), requester).await?;
            if check.verdict == Verdict::Mismatch {
                self.record_wrong_password(Some(&known.user), &refused()).await?;
                return Err(AccountError::EmailNotVerified);
            }
            if let Some(user) = self.mark_email_verified(&known, &guest.origin).await? {
                return Ok(user);
            }
            known = self.ports.store.find_credentials_of(id).await?.ok_or_else(gone)?;
        }
        self.note(&refused()).await?;
        Err(AccountError::EmailNotVerified)
    }

    /// Marks the address as verified after a correct password. Returns `None` if the hash is no longer the one that was
    /// compared: a sign-in has renewed it, or the user has changed the password.
    async fn mark_email_verified(
        &self,
        known: &Credentials,
        origin: &RequestMetadata,
    ) -> Result<Option<User>, StoreError> {
        let event = self.event(AccountEvent::EmailVerified { user: known.user.id }, origin);
        let mut tx = self.ports.store.begin().await?;
        let current = tx.users().lock(known.user.id).await?;
        match current.filter(|current| current.password_hash == known.password_hash) {
            Some(current) => self.mark_verified(tx, current.user, &event).await.map(Some),
            None => Ok(None),
        }
    }

    /// Marks the address as verified and commits the transaction, which must hold the lock on the user. An address that
    /// is already verified causes no further audit entry.
    async fn mark_verified(
        &self,
        mut tx: Box<dyn IdentityTransaction>,
        mut user: User,
        event: &Event,
    ) -> Result<User, StoreError> {
        let now = self.ports.system.now();
        if verify_address(&mut *tx, user.id, now).await? {
            tx.events().append(event).await?;
            (user.email_verified, user.updated_at) = (true, now);
        }
        tx.commit().await?;
        Ok(user)
    }

    fn event(&self, action: AccountEvent, origin: &RequestMetadata) -> Event {
        Event::by_anonymous(origin, action, &self.ports.system)
    }
}

const fn account(user: &User, created: bool) -> InvitedAccount {
    InvitedAccount { user: user.id, created, profile_complete: user.profile_complete() }
}

/// The user has read a mail to the address. That proves nothing about the mailbox of an account with another spelling.
fn require_mailbox(user: &User, email: &EmailAddress) -> Result<(), AccountError> {
    let same = user.email.as_ref().is_some_and(|own| own.is_same_mailbox(email));
    if same { Ok(()) } else { Err(AccountError::AnotherAddress) }
}

fn attempt(guest: &InvitedUser) -> Option<PasswordAttempt> {
    guest.password.as_ref().map(|text| PasswordAttempt::new(text.expose()))
}

fn gone() -> StoreError {
    StoreError::Other("an account was there and is gone".into())
}

impl From<NewPasswordError> for AccountError {
    fn from(error: NewPasswordError) -> Self {
        let (fault, detail) = match error {
            NewPasswordError::Length(error @ PasswordError::TooShort { .. }) => {
                (PasswordFault::TooShort, error.to_string())
            }
            NewPasswordError::Length(error @ PasswordError::TooLong { .. }) => {
                (PasswordFault::TooLong, error.to_string())
            }
            NewPasswordError::WeakPassword(weak) if weak.breached => (PasswordFault::Breached, weak.advice()),
            NewPasswordError::WeakPassword(weak) => (PasswordFault::Weak, weak.advice()),
            NewPasswordError::Hash(error) => return error.into(),
        };
        Self::Password { fault, detail }
    }
}

impl From<HashError> for AccountError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy { retry_after } => Self::Busy { retry_after },
            HashError::Failed(_) => Self::Failed(Box::new(error)),
        }
    }
}

impl From<ContinueSessionError> for AccountError {
    fn from(error: ContinueSessionError) -> Self {
        match error {
            ContinueSessionError::Ended => Self::SessionEnded,
            ContinueSessionError::MfaRequired(error) => Self::Failed(Box::new(error)),
            ContinueSessionError::Token(error) => Self::Failed(Box::new(error)),
            ContinueSessionError::Store(error) => Self::Store(error),
        }
    }
}
