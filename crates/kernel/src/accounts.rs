//! Port for the accounts of invited users. The identity domain implements it; the domain of organizations uses it.

use std::time::Duration;

use async_trait::async_trait;

use crate::{Actor, EmailAddress, RateLimited, RequestMetadata, Secret, StoreError, UserId};

/// What an invited user sends with an acceptance, and the invited address.
#[derive(Debug, Clone)]
pub struct InvitedUser {
    /// The invited address. The user has read a mail to it, which proves control of it.
    pub email: EmailAddress,
    /// The password as typed: the new one, or the one of the account that the address already has.
    pub password: Option<Secret<String>>,
    /// The display name of a new user.
    pub display_name: Option<String>,
    /// The `User-Agent` header, from which the device of the first session is derived.
    pub user_agent: Option<String>,
    /// Request metadata.
    pub origin: RequestMetadata,
}

/// The account of an invited address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvitedAccount {
    /// The user.
    pub user: UserId,
    /// Whether this request created the account.
    pub created: bool,
    /// Whether the profile has all fields that applications may ask for.
    pub profile_complete: bool,
}

/// A checked request for a new account. All slow work, such as hashing, is done.
#[derive(Debug)]
pub struct PreparedAccount {
    /// The hash of the password, if the guest sent one.
    pub password_hash: Option<Secret<String>>,
}

/// How a new password breaks the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordFault {
    /// It has fewer characters than the configured minimum.
    TooShort,
    /// It has too many characters.
    TooLong,
    /// It is easy to guess.
    Weak,
    /// It is known from a data breach.
    Breached,
}

crate::error_enum! {
    /// Why an account is not available.
    pub enum AccountError {
        /// The access token belongs to no user any more, or its session has ended.
        #[error("the session has ended")]
        SessionEnded,
        /// The account has another address or none. An address that is spelled differently by more than upper and lower case
        /// is another one, even if it counts as equal.
        #[error("the account has another address")]
        AnotherAddress,
        /// The address has an unverified account, and neither its password nor its access token was sent.
        #[error("the email address of the account is not verified")]
        EmailNotVerified,
        /// The password of a new account is not accepted.
        #[error("the password is not accepted: {detail}")]
        Password {
            /// The broken rule.
            fault: PasswordFault,
            /// What is wrong and what is accepted, for the user.
            detail: String,
        },
        /// Too many passwords are being hashed.
        #[error("too many passwords are being hashed")]
        Busy {
            /// When to try again.
            retry_after: Duration,
        },
        /// Hashing a password or signing a token failed.
        #[error("the account could not be provided")]
        Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
    }
    from RateLimited(RateLimited), Store(StoreError)
}

/// Finds, creates and verifies the accounts of invited users.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Marks the address as verified if it is the address of the actor's account, and returns the account. Fails with
    /// [`AccountError::SessionEnded`] if the actor is not a user. Nothing changes if it fails.
    async fn verify_email(&self, actor: &Actor, email: &EmailAddress) -> Result<InvitedAccount, AccountError>;

    /// Checks the password of a new account and hashes it. Stores nothing. Returns `None` if the address has an account.
    async fn prepare(&self, guest: &InvitedUser) -> Result<Option<PreparedAccount>, AccountError>;

    /// Returns the account of the address: a new one from `prepared`, or the existing one. An existing account with an
    /// unverified address requires its password, which then verifies the address. If the address gets an account after
    /// the preparation, that account is the existing one. No account is created or changed if it fails.
    async fn provision(
        &self,
        guest: &InvitedUser,
        prepared: Option<PreparedAccount>,
    ) -> Result<InvitedAccount, AccountError>;

    /// Returns another access token for the session of the actor.
    async fn continue_session(&self, actor: &Actor) -> Result<Secret<String>, AccountError>;

    /// Opens the first session of a user whose account the same request has created, and returns its access token.
    async fn first_session(&self, user: UserId, guest: &InvitedUser) -> Result<Secret<String>, AccountError>;
}
