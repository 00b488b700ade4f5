//! Sign-In with Ethereum messages (ERC-4361).

mod grammar;
mod parse;

use std::fmt;

use tessera_kernel::{WalletAddress, rfc3339};
use time::OffsetDateTime;

pub use parse::SiweError;

/// The fields of a message. The writer and the parser follow the published grammar strictly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiweMessage {
    /// Scheme of the requesting origin, if present.
    pub scheme: Option<String>,
    /// Authority that requests the sign-in (RFC 3986).
    pub domain: String,
    /// Account that must sign.
    pub address: WalletAddress,
    /// Statement that the wallet owner agrees to, in one line.
    pub statement: Option<String>,
    /// Subject of the sign-in (RFC 3986 URI).
    pub uri: String,
    /// Chain id (EIP-155).
    pub chain_id: u64,
    /// Value that makes the message unique.
    pub nonce: String,
    /// When the message was created.
    pub issued_at: OffsetDateTime,
    /// When the message expires.
    pub expiration_time: Option<OffsetDateTime>,
    /// When the message becomes valid.
    pub not_before: Option<OffsetDateTime>,
    /// Request id chosen by the requester.
    pub request_id: Option<String>,
    /// Resources that the wallet owner grants access to. Empty also if the field is present without entries.
    pub resources: Vec<String>,
}

impl SiweMessage {
    /// Maximum length of a message in bytes.
    pub const MAX_BYTES: usize = 4 * 1024;

    /// Returns whether the message is valid at that time. Each time field is checked on its own.
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
