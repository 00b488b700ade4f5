//! One-time tokens in the links of mails.

use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;

use crate::{Entropy, Secret};

/// A one-time token of 256 random bits, in base64url. Each kind of link wraps it in its own type. The token itself is
/// only in the mail. The service stores its hash.
#[derive(Debug, Clone)]
pub struct LinkToken(Secret<String>);

/// The text is not a valid token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a token: 43 base64url characters")]
pub struct LinkTokenError;

impl LinkToken {
    const BYTES: usize = 32;

    /// Generates a token.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; Self::BYTES];
        entropy.fill(&mut bytes);
        Self(Secret::new(BASE64URL_NOPAD.encode(&bytes)))
    }

    /// The token as text, for the mail and for hashing.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl FromStr for LinkToken {
    type Err = LinkTokenError;

    /// White space around the token is ignored: users copy it out of a mail.
    fn from_str(text: &str) -> Result<Self, LinkTokenError> {
        let text = text.trim();
        match BASE64URL_NOPAD.decode(text.as_bytes()) {
            Ok(bytes) if bytes.len() == Self::BYTES => Ok(Self(Secret::new(text.to_owned()))),
            _ => Err(LinkTokenError),
        }
    }
}

/// Declares a type of its own for each kind of one-time token: `link_token! { /// doc  Name; }`.
#[macro_export]
macro_rules! link_token {
    ($($(#[$doc:meta])+ $name:ident;)+) => {$(
        $(#[$doc])+
        #[derive(Debug, Clone)]
        pub struct $name($crate::LinkToken);

        impl $name {
            /// Creates a random token.
            #[must_use]
            pub fn generate(entropy: &dyn $crate::Entropy) -> Self {
                Self($crate::LinkToken::generate(entropy))
            }

            /// Returns the text, for its receiver and for hashing.
            #[must_use]
            pub fn expose(&self) -> &str {
                self.0.expose()
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::LinkTokenError;

            fn from_str(text: &str) -> Result<Self, $crate::LinkTokenError> {
                text.parse().map(Self)
            }
        }
    )+};
}
