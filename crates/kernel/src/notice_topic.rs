//! The topics of notices.

use std::fmt;

/// What a notice is about. Each is counted by itself: many of one keep none of the others from being told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeTopic {
    /// The password of an account.
    Password,
    /// The wallets of an account.
    Wallets,
    /// The keys that an account made.
    ApiKeys,
    /// The owners of organizations.
    Owners,
    /// Direct additions to organizations.
    Memberships,
    /// Links to a new password.
    PasswordResets,
    /// With what somebody signs in.
    SignIns,
}

impl NoticeTopic {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Password,
        Self::Wallets,
        Self::ApiKeys,
        Self::Owners,
        Self::Memberships,
        Self::PasswordResets,
        Self::SignIns,
    ];

    /// Its name in storage.
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
        }
    }
}

impl fmt::Display for NoticeTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
