//! Rules for text that users enter: normal form, length, and no deceptive characters.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Why a text is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// The text is empty after trimming.
    #[error("must not be empty")]
    Empty,
    /// The text is too long.
    #[error("must have at most {max} characters")]
    TooLong {
        /// The maximum length in Unicode code points after NFC.
        max: usize,
    },
    /// The text contains a control character, a character that changes the writing direction or, in an identifier, an
    /// invisible character.
    #[error("must not contain control, invisible or bidirectional formatting characters")]
    ForbiddenCharacter,
    /// The text is not empty but has no visible character.
    #[error("must have at least one visible character")]
    Invisible,
}

/// Converts to Unicode normal form C. Canonically equivalent texts get the same code points.
#[must_use]
pub fn nfc(text: &str) -> String {
    text.nfc().collect()
}

/// Converts to Unicode normal form KC, which also replaces compatibility characters.
#[must_use]
pub fn nfkc(text: &str) -> String {
    text.nfkc().collect()
}

/// Removes accents: converts to normal form KD and drops the combining marks.
#[must_use]
pub fn without_marks(text: &str) -> String {
    text.nfkd().filter(|c| !is_combining_mark(*c)).collect()
}

/// Returns whether the character can disguise a text: control characters, and marks that change the writing direction.
#[must_use]
pub fn is_deceptive(c: char) -> bool {
    let bidi = matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    c.is_control() || bidi || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}')
}

/// Returns whether the character is invisible by itself (Unicode: `Default_Ignorable_Code_Point`). Emoji and some
/// scripts need such characters in text. In identifiers, they would allow distinct values that look the same.
#[must_use]
pub fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Returns whether the character is visible by itself. Spaces, control and format characters, ignorable characters,
/// combining marks and blank symbols are not.
#[must_use]
pub fn is_visible(c: char) -> bool {
    let hidden = c.is_whitespace() || c.is_control() || is_ignorable(c) || is_format(c);
    !(hidden || is_combining_mark(c) || is_blank(c))
}

/// The characters of the Unicode general category `Cf` that [`is_ignorable`] does not include.
fn is_format(c: char) -> bool {
    matches!(c,
        '\u{0600}'..='\u{0605}' | '\u{06DD}' | '\u{070F}' | '\u{0890}'..='\u{0891}' | '\u{08E2}'
        | '\u{FFF9}'..='\u{FFFB}' | '\u{110BD}' | '\u{110CD}' | '\u{13430}'..='\u{1343F}')
}

/// Characters of braille, hieroglyphs and musical notation that have the properties of symbols or letters but are
/// blank.
fn is_blank(c: char) -> bool {
    matches!(c, '\u{2800}' | '\u{13441}'..='\u{13442}' | '\u{1D159}')
}

/// Trims and normalizes one line of text, and checks its length in code points.
///
/// # Errors
/// [`TextError`] if the text is empty, too long, invisible, or contains a forbidden character.
pub fn single_line(text: &str, max: usize) -> Result<String, TextError> {
    bounded(text, max, is_deceptive)
}

/// Like [`single_line`], for text that identifies an object. Invisible characters are forbidden.
///
/// # Errors
/// [`TextError`] if the text is empty, too long, invisible, or contains a forbidden character.
pub fn identifier(text: &str, max: usize) -> Result<String, TextError> {
    bounded(text, max, |c| is_deceptive(c) || is_ignorable(c))
}

/// Like [`single_line`], for text that may have several lines.
///
/// # Errors
/// [`TextError`] if the text is empty, too long, invisible, or contains a forbidden character.
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
            /// The maximum length in Unicode code points after NFC.
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
