//! Email addresses and their canonical form.

use std::{fmt, str::FromStr};

use crate::text::{is_deceptive, is_ignorable, nfc, nfkc};

/// An email address, in the spelling of its owner and in canonical form.
///
/// Two addresses are equal if their canonical forms are equal: NFC, the domain in its ASCII form (UTS #46),
/// case-folded.
#[derive(Debug, Clone)]
pub struct EmailAddress {
    address: String,
    canonical: String,
}

/// Why a text is not a valid email address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// The address has more than 254 bytes, or more than 64 before the `@` (RFC 5321 section 4.5.3.1).
    #[error("must have at most 254 bytes, and at most 64 before the @")]
    TooLong,
    /// The text is not of the form `local@domain`, or it has quotes or comments, or it contains more than one address.
    #[error("must be one plain address of the form name@example.com")]
    Malformed,
    /// The address contains compatibility characters, which look like other characters.
    #[error("must not contain compatibility characters such as full-width letters")]
    Compatibility,
}

impl EmailAddress {
    /// The longest address, in bytes.
    pub const MAX_BYTES: usize = 254;

    /// The address in the spelling of its owner, trimmed and in NFC.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.address
    }

    /// The form that is compared and kept unique.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// Returns whether both spellings certainly reach one mailbox: they differ at most in upper and lower case.
    ///
    /// Equal addresses can be different mailboxes, such as `straße@example.com` and `strasse@example.com`. They count as
    /// equal so that no account can pose as another. But a mail to one does not prove control of the other.
    #[must_use]
    pub fn is_same_mailbox(&self, other: &Self) -> bool {
        let lower = |address: &Self| nfc(&address.local_part().to_lowercase());
        self == other && lower(self) == lower(other)
    }

    /// The address with its domain in the ASCII form (A-labels, RFC 5890), which every mail server accepts. The part
    /// before the `@` keeps the spelling of the owner and may contain non-ASCII letters.
    #[must_use]
    pub fn with_ascii_domain(&self) -> String {
        let domain = self.canonical.rsplit_once('@').map_or("", |(_, domain)| domain);
        format!("{}@{domain}", self.local_part())
    }

    /// The part before the `@`.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.address.rsplit_once('@').map_or("", |(local, _)| local)
    }
}

impl PartialEq for EmailAddress {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for EmailAddress {}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

impl FromStr for EmailAddress {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        // Checked first, to bound all work that grows with the input.
        if text.len() > Self::MAX_BYTES {
            return Err(EmailError::TooLong);
        }
        let address = nfc(text);
        // Checked again, because NFC can decompose a composed character into several.
        if address.len() > Self::MAX_BYTES {
            return Err(EmailError::TooLong);
        }
        if nfkc(&address) != address {
            return Err(EmailError::Compatibility);
        }
        if address.contains(is_ignorable) {
            return Err(EmailError::Malformed);
        }
        let (local, domain) = address.split_once('@').ok_or(EmailError::Malformed)?;
        if local.len() > 64 {
            return Err(EmailError::TooLong);
        }
        if !local.split('.').all(is_atom) {
            return Err(EmailError::Malformed);
        }
        let canonical = format!("{}@{}", fold_case(local), canonical_domain(domain)?);
        if canonical.len() > Self::MAX_BYTES {
            return Err(EmailError::TooLong);
        }
        Ok(Self { address, canonical })
    }
}

/// Returns whether the text is an atom of RFC 5322, which may contain non-ASCII letters (RFC 6531).
fn is_atom(atom: &str) -> bool {
    let allowed = |c: char| {
        c.is_ascii_alphanumeric()
            || "!#$%&'*+/=?^_`{|}~-".contains(c)
            || (!c.is_ascii() && !c.is_whitespace() && !is_deceptive(c))
    };
    !atom.is_empty() && atom.chars().all(allowed)
}

fn canonical_domain(domain: &str) -> Result<String, EmailError> {
    let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| EmailError::Malformed)?;
    let label = |l: &str| !l.is_empty() && !l.starts_with('-') && !l.ends_with('-');
    // A single label is a host name of a local network. Mail from other networks cannot reach it.
    if !ascii.contains('.') || !ascii.split('.').all(label) || ascii.split('.').all(|l| l.parse::<u32>().is_ok()) {
        return Err(EmailError::Malformed);
    }
    Ok(ascii)
}

/// Folds the case of a text.
///
/// Upper case unifies letters that lower case keeps distinct (ß and ss, both small sigmas). The text is lowercased
/// before that, because the capital ẞ has a lower case but no other upper case.
fn fold_case(text: &str) -> String {
    nfc(&text.to_lowercase().to_uppercase().to_lowercase())
}
