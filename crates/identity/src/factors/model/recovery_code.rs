//! Recovery codes, for users who have lost their other factors.

use std::str::FromStr;

use tessera_kernel::{Entropy, Secret};

/// The digits of base32 by Crockford, without letters that look like digits.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A one-time code of 80 random bits. Storage has only its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryCode(Secret<String>);

/// The text is not a recovery code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a recovery code of 16 letters and digits")]
pub struct RecoveryCodeError;

impl RecoveryCode {
    /// Number of codes of a user.
    pub const COUNT: usize = 10;

    /// Number of digits.
    pub const LENGTH: usize = 16;

    /// Number of digits in a group.
    const GROUP: usize = 4;

    /// Creates a random code.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut random = [0; Self::LENGTH];
        entropy.fill(&mut random);
        // 32 divides 256, so each digit is equally likely.
        Self(Secret::new(random.iter().map(|byte| char::from(DIGITS[usize::from(byte % 32)])).collect()))
    }

    /// Returns the 16 digits without hyphens, for hashing.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Returns the code as the user gets it, in groups of four.
    #[must_use]
    pub fn grouped(&self) -> String {
        let digits: Vec<char> = self.expose().chars().collect();
        let groups: Vec<String> = digits.chunks(Self::GROUP).map(|group| group.iter().collect()).collect();
        groups.join("-")
    }
}

impl FromStr for RecoveryCode {
    type Err = RecoveryCodeError;

    /// Accepts lower case, hyphens and white space anywhere, and the letters that Crockford reads as digits.
    fn from_str(text: &str) -> Result<Self, RecoveryCodeError> {
        let mut code = String::with_capacity(Self::LENGTH);
        for typed in text.chars().filter(|c| *c != '-' && !c.is_whitespace()) {
            let digit = match typed.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let known = u8::try_from(digit).is_ok_and(|digit| DIGITS.contains(&digit));
            if !known || code.len() == Self::LENGTH {
                return Err(RecoveryCodeError);
            }
            code.push(digit);
        }
        if code.len() == Self::LENGTH { Ok(Self(Secret::new(code))) } else { Err(RecoveryCodeError) }
    }
}
