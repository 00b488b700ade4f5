//! Messages by which an Ethereum account signs in (ERC-4361).

mod grammar;
mod parse;

use std::fmt;

use time::OffsetDateTime;

pub use parse::SiweError;

use super::{WalletAddress, rfc3339::rfc3339};

/// A message, field by field. Written and read by the published grammar, and by nothing more lenient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiweMessage {
    /// The scheme of the origin that asks, where it is said.
    pub scheme: Option<String>,
    /// The authority that asks (RFC 3986).
    pub domain: String,
    /// The account that is to sign.
    pub address: WalletAddress,
    /// What the holder agrees to, in one line.
    pub statement: Option<String>,
    /// What is signed in to (RFC 3986).
    pub uri: String,
    /// The chain (EIP-155).
    pub chain_id: u64,
    /// What makes the message unlike every other.
    pub nonce: String,
    /// When it was made.
    pub issued_at: OffsetDateTime,
    /// From when on it is worth nothing.
    pub expiration_time: Option<OffsetDateTime>,
    /// Until when it is worth nothing yet.
    pub not_before: Option<OffsetDateTime>,
    /// The asker's own name for the request.
    pub request_id: Option<String>,
    /// What the holder is told they give access to; empty when the field is there without any.
    pub resources: Vec<String>,
}

impl SiweMessage {
    /// The most bytes that a message may have.
    pub const MAX_BYTES: usize = 4 * 1024;

    /// Whether each of its times allows for its use at that time. Both ends are looked at by themselves.
    #[must_use]
    pub fn is_valid_at(&self, now: OffsetDateTime) -> bool {
        self.issued_at <= now
            && self.expiration_time.is_none_or(|expiry| now < expiry)
            && self.not_before.is_none_or(|begin| begin <= now)
    }
}

impl fmt::Display for SiweMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scheme) = &self.scheme {
            write!(f, "{scheme}://")?;
        }
        write!(f, "{} wants you to sign in with your Ethereum account:\n{}\n\n", self.domain, self.address)?;
        if let Some(statement) = &self.statement {
            writeln!(f, "{statement}")?;
        }
        write!(f, "\nURI: {}\nVersion: 1\nChain ID: {}\nNonce: {}", self.uri, self.chain_id, self.nonce)?;
        write!(f, "\nIssued At: {}", rfc3339(self.issued_at))?;
        for (name, time) in [("Expiration Time", self.expiration_time), ("Not Before", self.not_before)] {
            if let Some(time) = time {
                write!(f, "\n{name}: {}", rfc3339(time))?;
            }
        }
        if let Some(id) = &self.request_id {
            write!(f, "\nRequest ID: {id}")?;
        }
        if !self.resources.is_empty() {
            f.write_str("\nResources:")?;
        }
        self.resources.iter().try_for_each(|resource| write!(f, "\n- {resource}"))
    }
}
