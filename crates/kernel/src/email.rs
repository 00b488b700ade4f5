//! One mailbox, one spelling.

use std::{fmt, str::FromStr};

use crate::text::{is_deceptive, is_ignorable, nfc, nfkc};

/// An email address: as its owner writes it, and as it is compared.
///
/// Addresses are equal when their canonical forms are: NFC, the domain in its ASCII form (UTS #46), no difference of case.
#[derive(Debug, Clone)]
pub struct EmailAddress {
    address: String,
    canonical: String,
}

/// The text is not one plain email address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// More than 254 bytes, or more than 64 before the `@` (RFC 5321 section 4.5.3.1).
    #[error("must have at most 254 bytes, and at most 64 before the @")]
    TooLong,
    /// Not of the form `local@domain`, or quoted, commented, or more than one.
    #[error("must be one plain address of the form name@example.com")]
    Malformed,
    /// Holds characters that exist only for compatibility and look like others.
    #[error("must not contain compatibility characters such as full-width letters")]
    Compatibility,
}

impl EmailAddress {
    /// The longest address, in bytes.
    pub const MAX_BYTES: usize = 254;

    /// The address as its owner writes it, trimmed and in NFC.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.address
    }

    /// The form in which addresses are compared and kept unique.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The address with its domain in the ASCII form (A-labels, RFC 5890), which every mail server accepts. The part before
    /// the `@` is as its owner writes it and may still have other letters.
    #[must_use]
    pub fn with_ascii_domain(&self) -> String {
        let domain = self.canonical.rsplit_once('@').map_or("", |(_, domain)| domain);
        format!("{}@{domain}", self.local_part())
    }

    /// What stands before the `@`.
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
        // Before any work that grows with the input.
        if text.len() > Self::MAX_BYTES {
            return Err(EmailError::TooLong);
        }
        let address = nfc(text);
        // And after it: composed characters may come apart under NFC.
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

/// An atom of RFC 5322, with the letters of RFC 6531 beside ASCII.
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
    // One label alone is a host of somebody's own network, and no address that anyone else can reach.
    if !ascii.contains('.') || !ascii.split('.').all(label) || ascii.split('.').all(|l| l.parse::<u32>().is_ok()) {
        return Err(EmailError::Malformed);
    }
    Ok(ascii)
}

/// By way of upper case, which takes letters together that lower case alone leaves apart (ß and ss, both small sigmas); and
/// there from lower case, since the capital ẞ is its own upper case and has only a lower one.
fn fold_case(text: &str) -> String {
    nfc(&text.to_lowercase().to_uppercase().to_lowercase())
}
