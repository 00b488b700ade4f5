//! How a session was authenticated.

use std::fmt;

/// A way to authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignInMethod {
    /// The password of the account.
    Password,
    /// A signature of a linked wallet.
    Wallet,
    /// A passkey, which has verified its user.
    Passkey,
    /// A time-based one-time password.
    Totp,
    /// A recovery code.
    RecoveryCode,
    /// A mail to the address of the account.
    Email,
}

impl SignInMethod {
    /// All methods, in the order in which they are listed.
    pub const ALL: [Self; 6] =
        [Self::Password, Self::Wallet, Self::Passkey, Self::Totp, Self::RecoveryCode, Self::Email];

    /// The name of the method in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Wallet => "wallet",
            Self::Passkey => "passkey",
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery_code",
            Self::Email => "email",
        }
    }

    /// The bit of the method in storage.
    const fn bit(self) -> u8 {
        match self {
            Self::Password => 1,
            Self::Wallet => 1 << 1,
            Self::Passkey => 1 << 2,
            Self::Totp => 1 << 3,
            Self::RecoveryCode => 1 << 4,
            Self::Email => 1 << 5,
        }
    }
}

/// The methods that have authenticated a session. Empty for a session of a version that did not record them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SignInMethods(u8);

impl SignInMethods {
    /// One method.
    #[must_use]
    pub const fn of(method: SignInMethod) -> Self {
        Self(method.bit())
    }

    /// The methods that are second factors, or contain one.
    #[must_use]
    pub const fn factors() -> Self {
        Self::of(SignInMethod::Passkey).with(SignInMethod::Totp).with(SignInMethod::RecoveryCode)
    }

    /// These methods without the others.
    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// These methods and one more.
    #[must_use]
    pub const fn with(self, method: SignInMethod) -> Self {
        Self(self.0 | method.bit())
    }

    /// The methods of both.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Returns whether the method is one of them.
    #[must_use]
    pub const fn contains(self, method: SignInMethod) -> bool {
        self.0 & method.bit() != 0
    }

    /// The methods in the order of [`SignInMethod::ALL`].
    pub fn iter(self) -> impl Iterator<Item = SignInMethod> {
        SignInMethod::ALL.into_iter().filter(move |method| self.contains(*method))
    }

    /// Returns whether two factors have authenticated the session: a passkey, which is both, or two other methods. A mail and a
    /// password are not two: who reads the mailbox can also set the password.
    #[must_use]
    pub const fn is_mfa(self) -> bool {
        let email = SignInMethod::Email.bit();
        let counted = if self.0 & email == 0 { self.0 } else { self.0 & !email | SignInMethod::Password.bit() };
        self.contains(SignInMethod::Passkey) || counted.count_ones() >= 2
    }

    /// The set as it is stored.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Reads a stored set. Returns `None` if it has a method that this version does not know.
    #[must_use]
    pub fn from_bits(bits: u8) -> Option<Self> {
        let known = SignInMethod::ALL.into_iter().fold(0, |known, method| known | method.bit());
        (bits & !known == 0).then_some(Self(bits))
    }
}

/// The names, separated by spaces.
impl fmt::Display for SignInMethods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(SignInMethod::name).collect();
        f.write_str(&names.join(" "))
    }
}
