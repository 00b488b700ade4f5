//! Proofs of control of an email address, changes of address, and registrations that wait for a proof.

use std::str::FromStr;

use tessera_kernel::{EmailAddress, Entropy, Secret, SecretHash, UserId};
use time::{Duration, OffsetDateTime};

use crate::{accounts::model::User, passwords::model::PasswordHash};

/// How long a mailed token and its code, a change of address and a registration are valid.
pub const VERIFICATION_TTL: Duration = Duration::hours(24);

/// How many wrong codes a mail survives: this one invalidates its code and its token.
pub const WRONG_CODES: i32 = 5;

tessera_kernel::link_token! {
    /// One-time token in the link of a mail. It proves that its sender has read the mail. Storage has its hash.
    VerificationToken;
    /// Secret of the client that has registered an address. It only counts together with the code from the mail. Storage
    /// has its hash.
    RegistrationSecret;
}

/// One-time code of six digits in a mail. It can be guessed, so it only counts for one account or registration, and few
/// wrong codes invalidate it. Storage has a keyed hash.
#[derive(Debug, Clone)]
pub struct VerificationCode(Secret<String>);

/// The text is not a valid code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a code: 6 digits")]
pub struct VerificationCodeError;

impl VerificationCode {
    const DIGITS: usize = 6;

    /// Creates a random code.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 8];
        entropy.fill(&mut bytes);
        Self(Secret::new(format!("{:06}", u64::from_be_bytes(bytes) % 1_000_000)))
    }

    /// Returns the digits, for the mail and for hashing.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl FromStr for VerificationCode {
    type Err = VerificationCodeError;

    /// White space around the code is ignored: users copy it out of a mail.
    fn from_str(text: &str) -> Result<Self, VerificationCodeError> {
        let text = text.trim();
        let valid = text.len() == Self::DIGITS && text.bytes().all(|digit| digit.is_ascii_digit());
        if valid { Ok(Self(Secret::new(text.to_owned()))) } else { Err(VerificationCodeError) }
    }
}

/// What a mail to an address of an account proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProofSide {
    /// Control of the present address, which is not verified.
    Current,
    /// Control of the new address of a change.
    New,
    /// Consent to a change, by the reader of the present address.
    Old,
}

/// A stored token and code of an account. A user has at most one for each side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailProof {
    /// The user.
    pub user: UserId,
    /// What it proves.
    pub side: ProofSide,
    /// The address that received the mail.
    pub email: EmailAddress,
    /// Hash of the token.
    pub token: SecretHash,
    /// Keyed hash of the code.
    pub code: SecretHash,
    /// When token and code expire.
    pub expires_at: OffsetDateTime,
}

/// A change of address that waits for its confirmations. A user has at most one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailChange {
    /// The user.
    pub user: UserId,
    /// The new address. It may be the address of another account.
    pub email: EmailAddress,
    /// Whether the reader of the new address has yet to confirm.
    pub awaits_new: bool,
    /// Whether the reader of the present address has yet to confirm.
    pub awaits_old: bool,
    /// When the change expires.
    pub expires_at: OffsetDateTime,
}

impl EmailChange {
    /// Returns whether every side has confirmed.
    #[must_use]
    pub const fn is_confirmed(&self) -> bool {
        !self.awaits_new && !self.awaits_old
    }

    /// The same change after the confirmation of a side.
    #[must_use]
    pub fn confirmed_by(self, side: ProofSide) -> Self {
        match side {
            ProofSide::Current => self,
            ProofSide::New => Self { awaits_new: false, ..self },
            ProofSide::Old => Self { awaits_old: false, ..self },
        }
    }
}

/// The address of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailStatus {
    /// The present address.
    pub email: Option<EmailAddress>,
    /// Whether it is verified.
    pub verified: bool,
    /// The change that waits for confirmations.
    pub pending: Option<EmailChange>,
}

impl EmailStatus {
    pub(crate) fn of(user: &User, pending: Option<EmailChange>) -> Self {
        Self { email: user.email.clone(), verified: user.email_verified, pending }
    }
}

/// A registration whose address is not verified yet. The account does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingRegistration {
    /// The user to be, with an address and without wallets. The id is only used once the account is created.
    pub user: User,
    /// The hash of the password.
    pub password_hash: PasswordHash,
    /// Hash of the secret of the client.
    pub secret: SecretHash,
    /// Hash of the token.
    pub token: SecretHash,
    /// Keyed hash of the code.
    pub code: SecretHash,
    /// When the registration expires.
    pub expires_at: OffsetDateTime,
}
