//! The topics of notices.

use std::fmt;

use tessera_kernel::EmailAddress;
use time::OffsetDateTime;

/// The topic of a notice. Each topic is counted separately: many notices of one topic do not suppress those of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeTopic {
    /// The password of an account.
    Password,
    /// The wallets of an account.
    Wallets,
    /// The API keys that a user created.
    ApiKeys,
    /// The owners, the deletion and the leaked keys of organizations that the recipient has opened.
    Owners,
    /// Direct additions to organizations, and the same as [`Self::Owners`] for organizations that the recipient has not
    /// opened: what anyone can cause who creates an organization.
    Memberships,
    /// Password reset links.
    PasswordResets,
    /// Sign-ins from new devices.
    SignIns,
    /// The second factors, passkeys and recovery codes of an account.
    Factors,
}

impl NoticeTopic {
    /// All topics.
    pub const ALL: [Self; 8] = [
        Self::Password,
        Self::Wallets,
        Self::ApiKeys,
        Self::Owners,
        Self::Memberships,
        Self::PasswordResets,
        Self::SignIns,
        Self::Factors,
    ];

    /// The name in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Wallets => "wallets",
            Self::ApiKeys => "api_keys",
            Self::Owners => "owners",
            Self::Memberships => "memberships",
            Self::PasswordResets => "password_resets",
            Self::SignIns => "sign_ins",
            Self::Factors => "factors",
        }
    }
}

impl fmt::Display for NoticeTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One notice, as it is counted.
#[derive(Debug, Clone, Copy)]
pub struct Notice<'a> {
    /// The topic.
    pub topic: NoticeTopic,
    /// The recipient.
    pub to: &'a EmailAddress,
    /// When the change was made.
    pub at: OffsetDateTime,
}
