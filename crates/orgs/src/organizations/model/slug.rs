//! Organization slugs, unique in the service.

use std::{fmt, str::FromStr};

use tessera_kernel::{Entropy, text::without_marks};

/// 1 to 63 lower-case ASCII letters and digits, in groups joined by single hyphens. A slug fits a DNS label.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Slug(String);

/// The text is not a valid slug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 63 lower-case letters and digits, in groups joined by single hyphens")]
pub struct SlugError;

impl Slug {
    /// The longest slug, in characters.
    pub const MAX_LENGTH: usize = 63;

    /// Leaves room for the hyphen and the six characters that [`Slug::distinguished`] adds.
    const MAX_STEM: usize = Self::MAX_LENGTH - 7;

    /// Returns the slug as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Derives a slug from a name. Returns `None` if the name contains no ASCII letter or digit.
    #[must_use]
    pub fn suggested_by(name: &str) -> Option<Self> {
        let name = without_marks(name).to_lowercase();
        let words: Vec<&str> =
            name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let mut stem = words.join("-");
        stem.truncate(Self::MAX_STEM);
        stem.trim_end_matches('-').parse().ok()
    }

    /// Appends six random characters to the stem, for use when the plain slug is taken.
    #[must_use]
    pub fn distinguished(stem: Option<&Self>, entropy: &dyn Entropy) -> Self {
        const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let mut random = [0; 6];
        entropy.fill(&mut random);
        let suffix: String = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
        let stem = stem.map_or("org", Self::as_str);
        let cut = stem.get(..Self::MAX_STEM).unwrap_or(stem).trim_end_matches('-');
        Self(format!("{cut}-{suffix}"))
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Slug {
    type Err = SlugError;

    fn from_str(text: &str) -> Result<Self, SlugError> {
        let group = |g: &str| !g.is_empty() && g.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if text.len() > Self::MAX_LENGTH || !text.split('-').all(group) {
            return Err(SlugError);
        }
        Ok(Self(text.to_owned()))
    }
}
