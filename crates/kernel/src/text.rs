//! Text that people type: one normal form, a length, and no characters that deceive.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The text can't be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing is left after trimming.
    #[error("must not be empty")]
    Empty,
    /// It has more than so many characters.
    #[error("must have at most {max} characters")]
    TooLong {
        /// The longest allowed, in Unicode code points after NFC.
        max: usize,
    },
    /// It holds a control character, one that changes the direction of writing or, in an identifier, one that does not show.
    #[error("must not contain control, invisible or bidirectional formatting characters")]
    ForbiddenCharacter,
    /// It has characters, and none that shows.
    #[error("must have a character that shows")]
    Invisible,
}

/// Unicode normal form C: what a person sees as the same text becomes the same code points.
#[must_use]
pub fn nfc(text: &str) -> String {
    text.nfc().collect()
}

/// Unicode normal form KC, in which characters kept only for compatibility lose their distinction.
#[must_use]
pub fn nfkc(text: &str) -> String {
    text.nfkc().collect()
}

/// The letters under their accents: normal form KD without its combining marks.
#[must_use]
pub fn without_marks(text: &str) -> String {
    text.nfkd().filter(|c| !is_combining_mark(*c)).collect()
}

/// Whether the character may hide what a text says: controls, and the marks that turn the writing direction.
#[must_use]
pub fn is_deceptive(c: char) -> bool {
    let bidi = matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    c.is_control() || bidi || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}')
}

/// Whether the character shows nothing by itself (Unicode: `Default_Ignorable_Code_Point`). Emoji and some scripts need
/// such characters in a text; in what tells two things apart they make twins that look the same.
#[must_use]
pub fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether the character shows by itself: it is no space, no control or format character, none that is ignored, no mark
/// that needs a letter to stand on, and none that is drawn as nothing.
#[must_use]
pub fn is_visible(c: char) -> bool {
    let hidden = c.is_whitespace() || c.is_control() || is_ignorable(c) || is_format(c);
    !(hidden || is_combining_mark(c) || is_blank(c))
}

/// What is left of Unicode's general category `Cf` without those of [`is_ignorable`].
fn is_format(c: char) -> bool {
    matches!(c,
        '\u{0600}'..='\u{0605}' | '\u{06DD}' | '\u{070F}' | '\u{0890}'..='\u{0891}' | '\u{08E2}'
        | '\u{FFF9}'..='\u{FFFB}' | '\u{110BD}' | '\u{110CD}' | '\u{13430}'..='\u{1343F}')
}

/// Symbols and letters by every property, and yet blank: in braille, in hieroglyphs and in music.
fn is_blank(c: char) -> bool {
    matches!(c, '\u{2800}' | '\u{13441}'..='\u{13442}' | '\u{1D159}')
}

/// Trims and normalises one line of text and holds it to a length in code points.
///
/// # Errors
/// Says what is wrong with it; see [`TextError`].
pub fn single_line(text: &str, max: usize) -> Result<String, TextError> {
    bounded(text, max, is_deceptive)
}

/// The same for text that tells things apart: what does not show has no place in it.
///
/// # Errors
/// Says what is wrong with it; see [`TextError`].
pub fn identifier(text: &str, max: usize) -> Result<String, TextError> {
    bounded(text, max, |c| is_deceptive(c) || is_ignorable(c))
}

/// The same for text that may have several lines.
///
/// # Errors
/// Says what is wrong with it; see [`TextError`].
pub fn multi_line(text: &str, max: usize) -> Result<String, TextError> {
    bounded(text, max, |c| is_deceptive(c) && !matches!(c, '\n' | '\r' | '\t'))
}

fn bounded(text: &str, max: usize, forbidden: impl Fn(char) -> bool) -> Result<String, TextError> {
    let text = nfc(text.trim());
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    if text.chars().count() > max {
        return Err(TextError::TooLong { max });
    }
    if text.contains(forbidden) {
        return Err(TextError::ForbiddenCharacter);
    }
    if !text.contains(is_visible) {
        return Err(TextError::Invisible);
    }
    Ok(text)
}

/// Declares a value object for bounded text: `text_value! { /// doc  Name, single_line, 100 }`.
#[macro_export]
macro_rules! text_value {
    ($($(#[$doc:meta])* $name:ident, $kind:ident, $max:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The longest value, in Unicode code points after NFC.
            pub const MAX_LENGTH: usize = $max;

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::text::TextError;

            fn from_str(text: &str) -> Result<Self, $crate::text::TextError> {
                $crate::text::$kind(text, $max).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}
